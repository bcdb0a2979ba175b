"""The prior shift, with its sums written out."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.calibration import Calibrator
from training.distress.base_rate import BaseRate, BaseRateError, corrected, shift


def test_worked_example():
    # Learnt at 7 % (odds 7 : 93), used at 1.4 % (odds 14 : 986): odds times (14/986) / (7/93) = 186/986.
    # A company of 30 % (odds 3 : 7) comes to 3/7 * 186/986 = 558/6902, that is 558 / 7460.
    found = corrected(Calibrator("identity"), 0.07, 0.014).apply(np.array([0.3]))
    assert found[0] == pytest.approx(558 / 7460)


def test_the_sample_rate_itself_becomes_the_base_rate():
    found = corrected(Calibrator("platt", {"a": 1.0, "b": 0.0}), 0.07, 0.014).apply(np.array([0.07]))
    assert found[0] == pytest.approx(0.014)


@pytest.mark.parametrize(
    "calibrator",
    [
        Calibrator("identity"),
        Calibrator("platt", {"a": 0.8, "b": -0.3}),
        Calibrator("beta", {"a": 0.9, "b": 1.1, "c": 0.2}),
    ],
    ids=lambda c: c.method,
)
@given(rates=st.tuples(st.floats(0.01, 0.5), st.floats(0.001, 0.5)), p=st.floats(0.01, 0.99))
def test_odds_are_multiplied_by_the_ratio_of_odds(calibrator, rates, p):
    before = calibrator.apply(np.array([p]))[0]
    after = corrected(calibrator, *rates).apply(np.array([p]))[0]
    by = (rates[1] / (1 - rates[1])) / (rates[0] / (1 - rates[0]))
    assert after / (1 - after) == pytest.approx(before / (1 - before) * by, rel=1e-6)


def test_equal_rates_change_nothing():
    assert shift(0.07, 0.07) == 0.0


def test_two_populations_of_the_same_companies():
    """Drawn truth: bad and good companies score alike everywhere, only their numbers differ."""
    rng = np.random.default_rng(1)
    log_ratio = 2.0  # bad ~ N(1, 1), good ~ N(-1, 1): the log-likelihood ratio of x is 2x
    bad = rng.random(200_000) < 0.02
    x = rng.normal(np.where(bad, 1.0, -1.0))
    at_half = Calibrator("identity")  # right where half of the companies are bad
    stated = corrected(at_half, 0.5, 0.02).apply(1 / (1 + np.exp(-log_ratio * x)))
    assert stated.mean() == pytest.approx(bad.mean(), abs=0.001)
    high = stated > 0.1
    assert stated[high].mean() == pytest.approx(bad[high].mean(), abs=0.01)


@pytest.mark.parametrize(("rate", "source", "says"), [(0.0, "x", r"between 0 and 1"), (1.5, "x", r"0\.015 for 1\.5 %")])
def test_a_rate_that_is_none(rate, source, says):
    with pytest.raises(BaseRateError, match=says):
        BaseRate(rate, source)


def test_a_base_rate_needs_its_source():
    with pytest.raises(BaseRateError, match="needs its source"):
        BaseRate(0.01, "  ")


def test_a_shift_between_rates_that_are_none():
    with pytest.raises(BaseRateError, match=r"got 1\.0"):
        shift(0.1, 1.0)
    assert math.isfinite(shift(0.1, 0.9))
