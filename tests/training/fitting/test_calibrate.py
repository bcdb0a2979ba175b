"""Calibrators find a known bend again, and hold still where bad cases are few."""

import numpy as np
import pytest

from scoring.calibration import sigmoid
from training.fitting.calibrate import Trial, beta, calibrator, isotonic, platt


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
    assert platt(empty.astype(bool), empty, empty).params == pytest.approx({"a": 1.0, "b": 0.0})


def test_bad_cases_of_one_customer_count_as_one():
    bad, stated, _ = drawn(400, slope=1.0, shift=1.5)
    apart, together = platt(bad, stated, np.arange(400)), platt(bad, stated, np.zeros(400))
    assert abs(together.params["b"]) < abs(apart.params["b"]) / 3


def test_beta_rises_and_finds_the_identity():
    found = beta(*drawn(200_000, slope=1.0, shift=0.0))
    assert found.params["a"] == pytest.approx(1, abs=0.06)
    assert found.params["b"] == pytest.approx(1, abs=0.3)
    assert found.params["c"] == pytest.approx(0, abs=0.15)


def in_fours(n):
    """Four trials, each on a quarter of the cases."""
    quarter = np.arange(n) % 4
    return [Trial(fit_on=quarter != out, judge_by=quarter == out) for out in range(4)]


def test_no_bend_is_made_where_none_is_needed():
    bad, stated, customers = drawn(20_000, slope=1.0, shift=0.0)
    assert calibrator(bad, stated, customers, in_fours(20_000)).method == "identity"


def test_platt_is_taken_where_it_pays_and_beta_has_nothing_to_add():
    bad, stated, customers = drawn(20_000, slope=1.2, shift=0.3)
    assert calibrator(bad, stated, customers, in_fours(20_000)).method == "platt"


def test_beta_is_taken_where_it_states_left_out_cases_better():
    random = np.random.default_rng(0)
    stated = sigmoid(random.normal(0, 2.5, 60_000))
    truth = sigmoid(2.2 * np.log(stated) - 0.4 * np.log1p(-stated) + 0.8)
    bad = random.random(60_000) < truth
    assert calibrator(bad, stated, np.arange(60_000), in_fours(60_000)).method == "beta"


def test_a_shift_that_comes_and_goes_is_not_followed():
    # Quarters of the past whose log-odds lie 1 above and 1 below in turn: what one teaches is wrong in the next.
    random = np.random.default_rng(0)
    quarter = np.repeat(np.arange(6), 5_000)
    log_odds = random.normal(-2.5, 1.5, 30_000)
    bad = random.random(30_000) < sigmoid(log_odds + np.where(quarter % 2 == 0, 1.0, -1.0))
    forward = [Trial(fit_on=quarter < now, judge_by=quarter == now) for now in range(6)]
    assert calibrator(bad, sigmoid(log_odds), np.arange(30_000), forward).method == "identity"


def test_a_slope_alone_moves_few_of_the_many_good_cases():
    # Bad cases are 2 %; a slope of 0.8 is true. The mean must stay at the rate, not drift towards even odds.
    random = np.random.default_rng(1)
    log_odds = random.normal(-5, 1.5, 3_000)
    bad = random.random(3_000) < sigmoid(0.8 * (log_odds + 3.5) - 3.5)
    found = platt(bad, sigmoid(log_odds), np.arange(3_000))
    assert found.apply(sigmoid(log_odds)).mean() == pytest.approx(bad.mean(), rel=0.1)


def test_too_few_trials_leave_the_prior_to_hold_platt():
    bad, stated, customers = drawn(300, slope=1.0, shift=0.0)
    assert calibrator(bad, stated, customers, []).method == "platt"


def test_no_cases_leave_probabilities_as_they_are():
    empty = np.zeros(0)
    assert calibrator(empty.astype(bool), empty, empty, []).method == "identity"


def test_isotonic_worked_by_hand():
    # 0.1 and 0.2: one bad of four each; 0.6: two of four. 0.1 and 0.2 do not rise and are pooled: two of eight.
    stated = np.repeat([0.1, 0.2, 0.6], 4)
    bad = np.array([1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0], dtype=bool)
    found = isotonic(bad, stated, np.arange(12).astype(str))
    rate = 4 / 12  # each block is drawn to it by one case
    assert found.points[0] == pytest.approx((0.15, (2 + rate) / 9))
    assert found.points[1] == pytest.approx((0.6, (2 + rate) / 5))
    assert found.apply(np.array([0.0, 0.15, 0.375, 0.9])).tolist() == pytest.approx(
        [(2 + rate) / 9, (2 + rate) / 9, ((2 + rate) / 9 + (2 + rate) / 5) / 2, (2 + rate) / 5]
    )


def test_isotonic_mends_what_no_slope_can():
    rng = np.random.default_rng(3)
    stated = rng.uniform(0.01, 0.9, 20_000)
    truth = np.where(stated < 0.3, 0.05, np.where(stated < 0.6, 0.1, 0.8))
    bad = rng.random(20_000) < truth
    customers = np.arange(20_000).astype(str)
    trials = [Trial(fit_on=np.arange(20_000) % 4 != k, judge_by=np.arange(20_000) % 4 == k) for k in range(4)]
    found = calibrator(bad, stated, customers, trials)
    assert found.method == "isotonic"
    assert np.abs(found.apply(stated) - truth).mean() < 0.04
    assert np.abs(platt(bad, stated, customers).apply(stated) - truth).mean() > 0.08, "a slope alone is far off"


def test_few_bad_customers_ask_for_no_map_of_any_shape():
    rng = np.random.default_rng(3)
    stated = rng.uniform(0.01, 0.9, 20_000)
    bad = rng.random(20_000) < np.where(stated < 0.3, 0.05, np.where(stated < 0.6, 0.1, 0.8))
    customers = (np.arange(20_000) % 150).astype(str)
    trials = [Trial(fit_on=np.arange(20_000) % 4 != k, judge_by=np.arange(20_000) % 4 == k) for k in range(4)]
    assert calibrator(bad, stated, customers, trials).method != "isotonic"
