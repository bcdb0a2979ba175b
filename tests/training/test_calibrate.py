"""Calibrators find a known bend again, and hold still where bad cases are few."""

import numpy as np
import pytest

from scoring.calibration import sigmoid
from training.calibrate import beta, calibrator, platt


def drawn(n, slope, shift, seed=0):
    """Stated probabilities, and outcomes whose log-odds are slope x stated + shift."""
    random = np.random.default_rng(seed)
    log_odds = random.normal(-2.5, 1.5, n)
    return random.random(n) < sigmoid(slope * log_odds + shift), sigmoid(log_odds), np.arange(n)


def test_platt_finds_slope_and_shift_again():
    found = platt(*drawn(200_000, slope=1.3, shift=-0.4))
    assert found.method == "platt"
    assert found.params["a"] == pytest.approx(1.3, abs=0.03)
    assert found.params["b"] == pytest.approx(-0.4, abs=0.06)


def test_few_bad_cases_move_little_and_none_lowers_only_by_the_prior():
    bad, stated, customers = drawn(60, slope=3.0, shift=0.0)
    assert abs(platt(bad, stated, customers).params["a"] - 1) < 0.35
    empty = np.zeros(0)
    assert platt(empty.astype(bool), empty, empty).params == {"a": 1.0, "b": 0.0}


def test_bad_cases_of_one_customer_count_as_one():
    bad, stated, _ = drawn(400, slope=1.0, shift=1.5)
    apart, together = platt(bad, stated, np.arange(400)), platt(bad, stated, np.zeros(400))
    assert abs(together.params["b"]) < abs(apart.params["b"]) / 3


def test_beta_rises_and_finds_the_identity():
    found = beta(*drawn(200_000, slope=1.0, shift=0.0))
    assert found.params["a"] == pytest.approx(1, abs=0.06)
    assert found.params["b"] == pytest.approx(1, abs=0.3)
    assert found.params["c"] == pytest.approx(0, abs=0.15)


def test_platt_stays_where_beta_has_nothing_to_add():
    bad, stated, customers = drawn(20_000, slope=1.2, shift=0.3)
    assert calibrator(bad, stated, customers, blocks=np.arange(20_000) % 4).method == "platt"


def test_beta_is_taken_where_it_states_left_out_blocks_better():
    random = np.random.default_rng(0)
    stated = sigmoid(random.normal(0, 2.5, 60_000))
    truth = sigmoid(2.2 * np.log(stated) - 0.4 * np.log1p(-stated) + 0.8)
    bad = random.random(60_000) < truth
    assert calibrator(bad, stated, np.arange(60_000), blocks=np.arange(60_000) % 4).method == "beta"


def test_no_cases_leave_probabilities_as_they_are():
    empty = np.zeros(0)
    assert calibrator(empty.astype(bool), empty, empty, empty).method == "identity"
