"""Whether the customer pays later than it used to: the last 90 days against the last 365."""

from collections.abc import Mapping
from typing import Any, Final

import ibis

from features.as_of import within
from features.catalogue import INF, Feature
from features.payment_index import PARTS
from features.windows import at_least, number, ratio

_FEWER_THAN_THREE: Final = "fewer than three items with a known amount were settled in the last 90 days"
_NONE: Final = "no item was settled in the last 90 days"

FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        "payment_index_90d",
        "Internal payment index of the last 90 days, weighted by amount: 80 pays on the due date, 50 a month late.",
        "points",
        0,
        100,
        _FEWER_THAN_THREE,
        -1,
        "recent_lateness",
    ),
    Feature(
        "days_beyond_terms_365d",
        "Mean days beyond terms of invoices settled in the last 365 days, weighted by amount; early ones count as 0.",
        "days",
        0,
        INF,
        "no item with a known amount was settled in the window",
        1,
        "payment_behaviour",
    ),
)

CHANGE_FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        "payment_index_change",
        "Internal payment index of the last 90 days less that of the last 365; below 0 pays later than usual.",
        "points",
        -100,
        100,
        _FEWER_THAN_THREE,
        0,
        "recent_lateness",
    ),
    Feature(
        "late5_share_change",
        "Share of invoices paid 5 or more days late, of those settled in the last 90 days less of the last 365.",
        "share",
        -1,
        1,
        _NONE,
        0,
        "recent_lateness",
    ),
    Feature(
        "days_late_mean_change",
        "Mean days late of invoices settled in the last 90 days less that of the last 365.",
        "days",
        -INF,
        INF,
        _NONE,
        0,
        "recent_lateness",
    ),
)

_CHANGES: Final = {
    "payment_index_change": ("payment_index_90d", "payment_index_365d"),
    "late5_share_change": ("late5_share_90d", "late5_share_365d"),
    "days_late_mean_change": ("days_late_mean_90d", "days_late_mean_365d"),
}

INPUTS: Final = tuple(name for pair in _CHANGES.values() for name in pair)


def sums(seen: ibis.Table) -> dict[str, Any]:
    """Aggregates over the rows of one case."""
    priced = seen.is_settled & seen.amount.notnull()
    quarter, year = priced & within(seen.settled_age, 90), priced & within(seen.settled_age, 365)
    return {
        "index_items_90d": seen.count(where=quarter),
        "index_weight_90d": seen.amount.sum(where=quarter),
        "index_points_90d": seen.amount_points.sum(where=quarter),
        "beyond_weight_365d": seen.amount.sum(where=year),
        "beyond_days_365d": seen.amount_days.sum(where=year & (seen.days_late > 0)),
    }


def facts(sums: ibis.Table) -> dict[str, Any]:
    """The features from the aggregates."""
    index = ratio(sums.index_points_90d, sums.index_weight_90d) / float(PARTS)
    beyond = number(sums.beyond_days_365d).fill_null(0.0)
    return {
        "payment_index_90d": at_least(3, sums.index_items_90d, index),
        "days_beyond_terms_365d": ratio(beyond, sums.beyond_weight_365d),
    }


def change_facts(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The recent figure less the usual one; null where either is."""
    return {name: columns[recent] - columns[usual] for name, (recent, usual) in _CHANGES.items()}
