"""Two models on the same months: means and differences by hand, and intervals that follow customers."""

import numpy as np
import pytest

from benchmarks.models.paired import Pair, by_month, compared, mean_of_months

JULY, AUGUST = np.array(["2019-07", "2019-08"], dtype="datetime64[M]")


@pytest.fixture
def pair():
    """July: 1 bad of 2; August: 1 bad of 3. Theirs ranks July wrongly and August half right."""
    return Pair(
        bad=np.array([True, False, True, False, False]),
        ours=np.array([0.9, 0.1, 0.8, 0.2, 0.1]),
        theirs=np.array([0.1, 0.9, 0.5, 0.6, 0.1]),
        customers=np.array(["A", "B", "A", "B", "C"]),
        months=np.array([JULY, JULY, AUGUST, AUGUST, AUGUST]),
    )


def test_mean_of_months_by_hand(pair):
    found = mean_of_months(pair, resamples=50)
    assert found["ours"]["auc"]["value"] == 1.0
    assert found["theirs"]["auc"]["value"] == pytest.approx((0 + 1 / 2) / 2)
    assert found["difference"]["auc"]["value"] == pytest.approx(0.75)
    # Ours: (0.01 + 0.01) / 2 in July, (0.04 + 0.04 + 0.01) / 3 in August.
    assert found["ours"]["brier"]["value"] == pytest.approx((0.01 + 0.03) / 2)


def test_months_by_themselves(pair):
    july, august = by_month(pair)
    assert (july["month"], july["cases"], july["bad"], july["came"]) == ("2019-07", 2, 1, 0.5)
    assert august["ours"]["mean_probability"] == pytest.approx(1.1 / 3)
    assert august["theirs"]["auc"] == pytest.approx(0.5)


def test_a_month_of_one_outcome_has_no_ranking_and_leaves_the_mean_alone(pair):
    quiet = Pair(
        bad=np.append(pair.bad, False),
        ours=np.append(pair.ours, 0.3),
        theirs=np.append(pair.theirs, 0.3),
        customers=np.append(pair.customers, "C"),
        months=np.append(pair.months, np.datetime64("2019-09", "M")),
    )
    assert mean_of_months(quiet, resamples=20)["theirs"]["auc"]["value"] == pytest.approx(0.25)
    assert "auc" not in by_month(quiet)[-1]["ours"]


def test_the_same_model_twice_differs_by_nothing(pair):
    found = compared(Pair(pair.bad, pair.ours, pair.ours, pair.customers, pair.months), resamples=20)
    for kind in ("pooled", "mean_of_months"):
        for interval in found[kind]["difference"].values():
            assert interval == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_intervals_draw_customers_and_not_cases():
    """One customer's hundred cases are one draw: the rate is its own or the other's, hardly anything between."""
    rng = np.random.default_rng(1)
    bad = np.repeat([True, False], 100)
    stated = rng.random(200)
    months = np.full(200, JULY)
    two = compared(Pair(bad, stated, stated, np.repeat(["A", "B"], 100), months), resamples=200)
    many = compared(Pair(bad, stated, stated, np.arange(200).astype(str), months), resamples=200)
    assert two["pooled"]["ours"]["rate"]["high"] == 1.0
    assert many["pooled"]["ours"]["rate"]["high"] < 0.6
