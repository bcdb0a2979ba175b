"""A few wild weeks are found as such, and do not move what is learnt from all weeks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.calibration import sigmoid
from training.fitting.calibrate import Trial, calibrator, platt
from training.fitting.shocks import Shocks, shocks, weeks_of

WEEKS, PER_WEEK = 40, 500


def drawn(shifts, seed=0, shift=0.0):
    """Cases of weeks whose log-odds are shifted: outcomes, stated probabilities, customers and weeks."""
    random = np.random.default_rng(seed)
    weeks = np.repeat(np.arange(len(shifts)), PER_WEEK)
    log_odds = random.normal(-3, 1.5, len(weeks))
    bad = random.random(len(weeks)) < sigmoid(log_odds + shift + np.asarray(shifts)[weeks])
    return bad, sigmoid(log_odds), np.arange(len(weeks)), weeks


def wild(weeks=3, by=2.0):
    """Ordinary weeks, and at their end a few wild ones."""
    return np.where(np.arange(WEEKS) < WEEKS - weeks, 0.0, by)


def test_a_bad_case_of_a_bad_week_counts_less_and_a_good_one_more():
    found = Shocks(ordinary=np.array([0.1, 0.1]), shifted=np.array([0.2, 0.2]), shifts=np.array([0.81]))
    # bad: 0.1 / 0.2 = 0.5; good: 0.9 / 0.8 = 1.125; so that 0.2 x 0.5 + 0.8 x 1.125 = 1.0 case is left of one
    assert found.weights(np.array([True, False])).tolist() == pytest.approx([0.5, 1.125])


def test_three_wild_weeks_are_found_and_leave_the_calibrator_as_it_was():
    bad, stated, customers, weeks = drawn(wild())
    found = shocks(bad, stated, customers, weeks)
    assert found.shifts[-3:] == pytest.approx(2.0, abs=0.35)
    assert np.abs(found.shifts[:-3]).max() < 0.5
    taken_in = platt(bad, stated, customers).apply(stated).mean()
    kept_out = platt(bad, stated, customers, found.weights(bad)).apply(stated).mean()
    ordinary = bad[weeks < WEEKS - 3].mean()
    assert taken_in > 1.1 * ordinary
    assert kept_out == pytest.approx(ordinary, rel=0.04)


def test_a_shift_of_all_weeks_is_learnt():
    bad, stated, customers, weeks = drawn(np.zeros(WEEKS), shift=0.7)
    found = shocks(bad, stated, customers, weeks)
    assert found.weights(bad) == pytest.approx(1.0, abs=0.35)
    assert platt(bad, stated, customers, found.weights(bad)).apply(stated).mean() == pytest.approx(bad.mean(), rel=0.03)


def test_the_calibrator_takes_weeks_and_without_them_takes_the_shock_for_the_new_normal():
    bad, stated, customers, weeks = drawn(wild(), shift=0.5)
    trials = [Trial(fit_on=weeks < first, judge_by=(weeks >= first) & (weeks < first + 9)) for first in (9, 18, 27)]
    steady = calibrator(bad, stated, customers, trials, weeks)
    alike = calibrator(bad, stated, customers, trials)
    assert steady.method == alike.method == "platt"
    came = bad[weeks < WEEKS - 3].mean()
    assert abs(steady.apply(stated).mean() - came) < abs(alike.apply(stated).mean() - came) / 3


def test_bad_cases_of_a_customer_in_a_week_say_one_thing():
    bad, stated, customers, weeks = drawn(wild())
    one = np.zeros_like(customers)
    assert np.abs(shocks(bad, stated, one, weeks).shifts[-3:]).max() < 1.0


@pytest.mark.parametrize("outcome", [True, False])
def test_one_outcome_alone_tells_of_no_shock(outcome):
    bad, stated = np.full(4, outcome), np.array([0.1, 0.2, 0.3, 0.4])
    found = shocks(bad, stated, np.arange(4), np.array([0, 0, 2, 2]))
    assert found.shifts.tolist() == [0, 0, 0]
    assert found.weights(bad).tolist() == [1, 1, 1, 1]


def test_no_cases_have_no_weeks():
    empty = np.zeros(0)
    assert len(weeks_of(empty.astype("datetime64[D]"))) == 0
    assert len(shocks(empty.astype(bool), empty, empty, empty.astype(np.intp)).shifts) == 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_cases_is_irrelevant(seed):
    bad, stated, customers, weeks = drawn(wild()[-12:], seed=1)
    order = np.random.default_rng(seed).permutation(len(bad))
    found = shocks(bad, stated, customers, weeks)
    again = shocks(bad[order], stated[order], customers[order], weeks[order])
    assert again.shifts == pytest.approx(found.shifts, abs=1e-6)
    assert again.weights(bad[order]) == pytest.approx(found.weights(bad)[order], abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 4000), min_size=1, max_size=30))
def test_days_of_one_week_share_it_and_weeks_follow_each_other(days):
    dates = np.datetime64("2015-01-05") + np.array(days)  # a Monday
    weeks = weeks_of(dates)
    assert weeks.min() == 0
    assert (weeks == (np.array(days) // 7 - min(days) // 7)).all()


@pytest.mark.parametrize("spread", [0.3, 0.6])
def test_what_weeks_have_in_common_is_the_share_of_their_variance(spread):
    shifts = spread * np.random.default_rng(3).standard_t(3.0, WEEKS)
    bad, stated, customers, weeks = drawn(shifts)
    # 3 x 0.3^2 = 0.27 of 0.27 + 3.29: 7.6 %; 3 x 0.6^2 = 1.08 of 4.37: 24.7 %
    wanted = 3 * spread**2 / (3 * spread**2 + np.pi**2 / 3)
    assert shocks(bad, stated, customers, weeks).common == pytest.approx(wanted, rel=0.5)


def test_weeks_that_are_alike_have_next_to_nothing_in_common():
    assert shocks(*drawn(np.zeros(WEEKS))).common < 0.01
