"""What a perfect model would show: deviations by hand, and the two faults that it has to tell apart."""

import numpy as np
import pytest

from benchmarks.models.perfect import calibration, clustered_ece, deviations


def test_deviations_by_hand():
    """Four cases, a bin each: with one case to a bin nothing is left once the bin's mean is taken off."""
    bad, stated = np.array([True, False, False, False]), np.array([0.9, 0.5, 0.3, 0.1])
    np.testing.assert_allclose(deviations(bad, stated, np.array(["A", "B", "A", "B"])), 0.0)


def test_deviations_of_one_customer_are_summed_in_their_bin():
    """All alike: one bin. Outcomes less 0.5 are +, +, -, -; customer A has both +."""
    bad, stated = np.array([True, True, False, False]), np.full(4, 0.5)
    np.testing.assert_allclose(deviations(bad, stated, np.array(["A", "A", "B", "B"])), [[1.0], [-1.0]])


def world(seed, *, customers=200, cases=25, hang_together=False):
    """Stated rightly; outcomes of one customer independent, or all decided by one draw."""
    rng = np.random.default_rng(seed)
    stated = np.repeat(rng.beta(1, 9, customers), cases)
    luck = np.repeat(rng.random(customers), cases) if hang_together else rng.random(customers * cases)
    return luck < stated, stated, np.repeat(np.arange(customers), cases)


def test_a_right_model_is_within_and_a_wrong_one_is_not():
    worlds = [world(seed) for seed in range(40)]
    outside = [not calibration(*right)["within"] for right in worlds]
    assert sum(outside) <= 6  # one in 20 is what the null allows
    assert not any(calibration(bad, stated * 1.3, customers)["within"] for bad, stated, customers in worlds)


def test_customers_that_hang_together_may_be_further_off():
    alone, together = (world(2, hang_together=flag) for flag in (False, True))
    assert clustered_ece(*together) > 3 * clustered_ece(*alone)
    # Rightly stated, but 200 lucks look like 5,000: the independent null would call nearly all of them wrong.
    found = [calibration(*world(seed, hang_together=True)) for seed in range(10, 30)]
    assert sum(one["ece"] > one["perfect_independent"] for one in found) >= 15
    assert sum(not one["within"] for one in found) <= 3


def test_where_cases_are_independent_both_answers_agree():
    found = calibration(*world(3))
    assert found["perfect_by_customer"] == pytest.approx(found["perfect_independent"], rel=0.15)
