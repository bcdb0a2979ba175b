"""Errors against known truths by hand, and the bound: what the features tell and no more."""

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.models.best import best
from benchmarks.models.simulator import judged
from benchmarks.models.truth import differences, errors

CUSTOMERS = np.array(["A", "B"])


def test_errors_by_hand():
    stated, true = np.array([0.3, 0.1]), np.array([0.1, 0.2])
    found = errors(stated, true, CUSTOMERS)
    assert found["mean_absolute"]["value"] == pytest.approx(0.15)
    assert found["brier_excess"]["value"] == pytest.approx((0.04 + 0.01) / 2)
    assert found["rank"] == pytest.approx(-1)
    off = [np.log(0.3 / 0.7) - np.log(0.1 / 0.9), np.log(0.1 / 0.9) - np.log(0.2 / 0.8)]
    assert found["rmse_log_odds"] == pytest.approx(np.sqrt((off[0] ** 2 + off[1] ** 2) / 2))


def test_the_excess_of_the_brier_score_is_what_outcomes_say_on_average():
    stated, true = np.array([0.3, 0.1, 0.9]), np.array([0.1, 0.2, 0.6])

    def expected_brier(probability):
        """Bad with the true probability: its square off from 1, else from 0."""
        return np.mean(true * (1 - probability) ** 2 + (1 - true) * probability**2)

    excess = errors(stated, true, np.array(["A", "B", "C"]))["brier_excess"]["value"]
    assert expected_brier(stated) - expected_brier(true) == pytest.approx(excess)


def test_a_difference_is_ours_less_the_other():
    true = np.array([0.1, 0.2])
    found = differences(np.array([0.2, 0.2]), np.array([0.1, 0.4]), true, CUSTOMERS)
    assert found["mean_absolute"]["value"] == pytest.approx((0.1 + 0 - 0 - 0.2) / 2)


@pytest.fixture(scope="module")
def book():
    """The truth follows one feature, and a luck of the customer that no feature shows."""
    rng = np.random.default_rng(11)

    def table(customers, first):
        told = np.repeat(rng.random(customers), 20)
        hidden = np.repeat(rng.uniform(-0.05, 0.05, customers), 20)
        names = [f"{first}{place}" for place in np.repeat(np.arange(customers), 20)]
        return pa.table(
            {"customer_id": names, "true": 0.1 + 0.3 * told + hidden, "told": told, "noise": rng.random(20 * customers)}
        )

    return table(900, "L"), table(60, "J")


def test_the_bound_finds_what_the_features_tell_and_leaves_what_they_hide(book):
    learnt, cases = book
    found = best(learnt, cases, ["told", "noise"], threads=1)
    told = 0.1 + 0.3 * cases["told"].to_numpy()
    assert np.abs(found - told).mean() < 0.02
    # What stays is the hidden part, uniform over 0.1: 0.025 in the mean.
    left = np.abs(found - cases["true"].to_numpy()).mean()
    assert 0.02 < left < 0.04


def test_the_share_told_is_one_for_the_best_and_nothing_for_the_rate(book):
    _, cases = book
    true = cases["true"].to_numpy()
    told, rate = 0.1 + 0.3 * cases["told"].to_numpy(), np.full(len(true), true.mean())
    customers = np.array(cases["customer_id"].to_pylist())
    shared = {"true": true, "best": told, "best_of_half": told, "portfolio": rate}
    assert judged(shared | {"ours": told}, customers)["explained"] == pytest.approx(1)
    assert judged(shared | {"ours": rate}, customers)["explained"] == pytest.approx(0)
    half = judged(shared | {"ours": told}, customers)["ours_less_best"]
    assert half["brier_excess"]["value"] == 0
