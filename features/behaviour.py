"""How the customer paid: days late of the items settled in a lookback window.

An item belongs to the window in which it was settled. Days late are the settlement date less the due date, negative
when early. Spread and trend come from integer moments, so that the order of the rows cannot change a bit of them.
"""

from typing import Any, Final

import ibis

from features.as_of import within
from features.catalogue import INF, Feature, counted
from features.windows import EVER, LOOKBACKS, at_least, number, ratio

SPREADS: Final = ("90d", "365d")
GRACES: Final = (1, 5)
_NONE: Final = "no item was settled in the window"
# The latest settlement day and the days late of an item in one integer, so that "the worst of the latest day" is a
# maximum. 2**20 leaves room for 1,400 years either way.
_SHIFT: Final = 1 << 20
_MIDDLE: Final = 1 << 19


def _group(window: str) -> str:
    return "recent_lateness" if window in ("30d", "90d") else "payment_behaviour"


def _window_features(window: str) -> list[Feature]:
    words = "ever" if window == "ever" else f"in the last {window[:-1]} days"
    group = _group(window)
    found = [
        counted(f"settled_count_{window}", f"Invoices settled {words}.", "invoices", 0, group),
        Feature(
            f"days_late_mean_{window}",
            f"Mean days late of invoices settled {words}.",
            "days",
            -INF,
            INF,
            _NONE,
            1,
            group,
        ),
        Feature(
            f"days_late_worst_{window}",
            f"Most days late of an invoice settled {words}.",
            "days",
            -INF,
            INF,
            _NONE,
            1,
            group,
        ),
        _share(5, window, words),
    ]
    return found if window == "ever" else [*found, _share(1, window, words)]


def _share(grace: int, window: str, words: str) -> Feature:
    return Feature(
        f"late{grace}_share_{window}",
        f"Share of the invoices settled {words} that were paid {grace} or more days late.",
        "share",
        0,
        1,
        _NONE,
        1,
        _group(window),
    )


FEATURES: Final[tuple[Feature, ...]] = (
    *(feature for window in EVER for feature in _window_features(window)),
    _share(30, "365d", "in the last 365 days"),
    *(
        Feature(
            f"days_late_std_{window}",
            f"Standard deviation (n - 1) of days late of invoices settled in the last {window[:-1]} days.",
            "days",
            0,
            INF,
            "fewer than two items were settled in the window",
            0,
            _group(window),
        )
        for window in SPREADS
    ),
    Feature(
        "days_late_weighted_365d",
        "Mean days late of invoices settled in the last 365 days, weighted by amount.",
        "days",
        -INF,
        INF,
        "no item with a known amount was settled in the window",
        1,
        "payment_behaviour",
    ),
    Feature(
        "days_late_trend_365d",
        "Change of days late per 30 days among invoices settled in the last 365 days, by least squares.",
        "days per 30 days",
        -INF,
        INF,
        "fewer than three items, or all on one day",
        0,
        "recent_lateness",
    ),
    Feature(
        "last_days_late",
        "Days late of the worst invoice settled on the latest settlement day.",
        "days",
        -INF,
        INF,
        "nothing was ever settled",
        1,
        "recent_lateness",
    ),
    Feature(
        "on_due_day_share_365d",
        "Share of the invoices settled in the last 365 days that were paid on the very due date.",
        "share",
        0,
        1,
        _NONE,
        0,
        "payment_behaviour",
    ),
    Feature(
        "days_since_late5_payment",
        "Days since the latest payment that came 5 or more days late.",
        "days",
        0,
        INF,
        "no payment was ever that late",
        0,
        "recent_lateness",
    ),
    counted(
        "late5_count_365d",
        "Invoices settled in the last 365 days, 5 or more days late.",
        "invoices",
        1,
        "payment_behaviour",
    ),
)


def sums(seen: ibis.Table) -> dict[str, Any]:
    """Aggregates over the rows of one case; names without a leading letter of a feature, for ``facts``."""
    found: dict[str, Any] = {}
    for window, days in EVER.items():
        here = seen.is_settled & within(seen.settled_age, days)
        found |= {
            f"paid_{window}": seen.count(where=here),
            f"late_sum_{window}": seen.days_late.sum(where=here),
            f"late_max_{window}": seen.days_late.max(where=here),
            f"late1_{window}": seen.count(where=here & (seen.days_late >= 1)),
            f"late5_{window}": seen.count(where=here & (seen.days_late >= 5)),
        }
    for window in SPREADS:
        here = seen.is_settled & within(seen.settled_age, LOOKBACKS[window])
        late = seen.days_late.cast("int64")
        found[f"late_squares_{window}"] = (late * late).sum(where=here)
    return found | _year_sums(seen) | _latest(seen)


def _year_sums(seen: ibis.Table) -> dict[str, Any]:
    here = seen.is_settled & within(seen.settled_age, 365)
    late, age = seen.days_late.cast("int64"), seen.settled_age.cast("int64")
    return {
        "late30_365d": seen.count(where=here & (late >= 30)),
        "late0_365d": seen.count(where=here & (late == 0)),
        "weight_365d": seen.amount.sum(where=here),
        "weighted_late_365d": seen.amount_days.sum(where=here),
        "age_sum_365d": age.sum(where=here),
        "age_squares_365d": (age * age).sum(where=here),
        "age_late_365d": (age * late).sum(where=here),
    }


def _latest(seen: ibis.Table) -> dict[str, Any]:
    key = seen.settled_day.cast("int64") * _SHIFT + (seen.days_late.cast("int64") + _MIDDLE)
    return {
        "latest_key": key.max(where=seen.is_settled),
        "late5_age": seen.settled_age.min(where=seen.is_settled & (seen.days_late >= 5)),
    }


def facts(sums: ibis.Table) -> dict[str, Any]:
    """The features from the aggregates, one column each, float64."""
    found: dict[str, Any] = {}
    for window in EVER:
        paid = sums[f"paid_{window}"]
        found |= {
            f"settled_count_{window}": number(paid),
            f"days_late_mean_{window}": ratio(sums[f"late_sum_{window}"], paid),
            f"days_late_worst_{window}": number(sums[f"late_max_{window}"]),
            f"late1_share_{window}": ratio(sums[f"late1_{window}"], paid),
            f"late5_share_{window}": ratio(sums[f"late5_{window}"], paid),
        }
    found |= {f"days_late_std_{window}": _spread(sums, window) for window in SPREADS}
    return found | {
        "late30_share_365d": ratio(sums.late30_365d, sums.paid_365d),
        "late5_count_365d": number(sums.late5_365d),
        "on_due_day_share_365d": ratio(sums.late0_365d, sums.paid_365d),
        "days_late_weighted_365d": ratio(sums.weighted_late_365d, sums.weight_365d),
        "days_late_trend_365d": _trend(sums),
        "last_days_late": number(sums.latest_key % _SHIFT - _MIDDLE),
        "days_since_late5_payment": number(sums.late5_age),
    }


def _spread(sums: ibis.Table, window: str) -> Any:
    """Sample standard deviation from n, the sum and the sum of squares, all integers."""
    n, total, squares = (sums[f"{name}_{window}"].cast("int64") for name in ("paid", "late_sum", "late_squares"))
    return ratio(n * squares - total * total, n * (n - 1)).sqrt()


def _trend(sums: ibis.Table) -> Any:
    """Least-squares slope over the settlement date; the age runs backwards, hence the sign."""
    n, x, y = (sums[name].cast("int64") for name in ("paid_365d", "age_sum_365d", "late_sum_365d"))
    xx, xy = sums.age_squares_365d.cast("int64"), sums.age_late_365d.cast("int64")
    return at_least(3, n, ratio((x * y - n * xy) * 30, n * xx - x * x))
