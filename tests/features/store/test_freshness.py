"""Freshness: the day before the threshold, the threshold, the day after."""

from datetime import date, timedelta

import pytest

from features.store.freshness import Freshness, freshness

AS_OF = date(2024, 2, 26)


@pytest.mark.parametrize(
    ("as_of", "age", "expected"),
    [
        pytest.param(AS_OF, 0, Freshness.FRESH, id="facts of the day itself"),
        pytest.param(AS_OF, 6, Freshness.FRESH, id="threshold - 1, across 29 February"),
        pytest.param(AS_OF, 7, Freshness.STALE, id="threshold"),
        pytest.param(AS_OF, 8, Freshness.STALE, id="threshold + 1"),
        pytest.param(AS_OF, -1, Freshness.FRESH, id="facts of a later day are not old"),
        pytest.param(None, 0, Freshness.MISSING, id="no facts"),
    ],
)
def test_freshness_at_seven_days(as_of, age, expected):
    assert freshness(as_of, business_date=AS_OF + timedelta(days=age), stale_after_days=7) is expected


def test_with_a_threshold_of_one_only_the_day_itself_is_fresh():
    assert freshness(AS_OF, business_date=AS_OF, stale_after_days=1) is Freshness.FRESH
    assert freshness(AS_OF, business_date=AS_OF + timedelta(days=1), stale_after_days=1) is Freshness.STALE


def test_rejects_a_threshold_below_one():
    with pytest.raises(ValueError, match="stale_after_days must be at least 1, got 0"):
        freshness(AS_OF, business_date=AS_OF, stale_after_days=0)
