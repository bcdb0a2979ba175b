"""CRPS, PIT and coverage: sums written out, and what a right statement shows."""

import numpy as np

from scoring.pay_time import PayTimes
from training.judging.delays import covered, crps, pit_distance, randomised_pit
from training.judging.own_delays import own_delays

DAYS = np.arange(-3, 70)


def _times(shares, n):
    mass = np.zeros((n, len(DAYS)))
    for day, share in shares.items():
        mass[:, day + 3] = share
    return PayTimes(DAYS, mass)


def test_crps_worked_by_hand():
    times = _times({0: 0.5, 2: 0.5}, 3)
    # Stated "paid by": 0.5 on days 0 and 1, then 1. Paid on 1: (0.5)^2 on day 0, (0.5)^2 on day 1. Paid on 0: twice
    # (0.5)^2. Not paid: 0.5^2 twice and 1 for each of days 2 to 60, 59 of them.
    assert crps(times, np.array([1.0, 0.0, np.inf])).tolist() == [0.5, 0.5, 59.5]


def test_a_right_statement_has_an_even_pit_and_a_wrong_one_has_not():
    rng = np.random.default_rng(1)
    shares = {0: 0.78, 1: 0.05, 5: 0.1, 30: 0.05}
    right = rng.choice([0.0, 1.0, 5.0, 30.0, np.inf], p=[0.78, 0.05, 0.1, 0.05, 0.02], size=20_000)
    late = rng.choice([0.0, 1.0, 5.0, 30.0, np.inf], p=[0.5, 0.05, 0.3, 0.13, 0.02], size=20_000)
    times = _times(shares, 20_000)
    assert pit_distance(randomised_pit(times, right)) < 0.05
    assert pit_distance(randomised_pit(times, late)) > 0.2


def test_a_right_statement_scores_best():
    rng = np.random.default_rng(2)
    was = rng.choice([0.0, 5.0], p=[0.7, 0.3], size=20_000)
    scores = {share: crps(_times({0: 1 - share, 5: share}, len(was)), was).mean() for share in (0.1, 0.3, 0.5)}
    assert min(scores, key=scores.get) == 0.3


def test_coverage_counts_both_ends():
    times = _times({-1: 0.1, 1: 0.5, 3: 0.3, 9: 0.1}, 4)
    assert covered(times, np.array([1.0, 3.0, -1.0, 9.0])).tolist() == [True, True, False, False]


def test_own_delays_see_only_what_was_settled_before():
    days = np.array(["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"], "M8[D]")
    past = own_delays(np.arange(0, 10), np.array(["A"] * 4), days, np.array([0.0, 0.0, 4.0, 9.0]))
    known = past.stated(np.array(["A", "B"]), np.array(["2024-03-02", "2024-04-02"], "M8[D]")).mass
    np.testing.assert_allclose(known[0, [0, 4, 9]], [2 / 3, 1 / 3, 0])
    np.testing.assert_allclose(known[1, [0, 4, 9]], [0.5, 0.25, 0.25], err_msg="no past of its own: the portfolio's")
