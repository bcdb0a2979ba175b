"""What was agreed: payment terms and interest of the invoices issued in the last year."""

from typing import Any, Final

import ibis

from features.as_of import within
from features.catalogue import INF, Feature, counted
from features.windows import number, ratio

_NONE: Final = "no invoice was issued in the window"

FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        "terms_mean_365d",
        "Mean payment terms of the invoices issued in the last 365 days.",
        "days",
        0,
        400,
        _NONE,
        0,
        "terms",
    ),
    counted(
        "terms_distinct_365d",
        "Different payment terms among the invoices issued in the last 365 days.",
        "terms",
        0,
        "terms",
    ),
    Feature(
        "terms_change_90d",
        "Mean payment terms of the last 90 days less those of the last 365.",
        "days",
        -400,
        400,
        "no invoice was issued in the last 90 days",
        0,
        "terms",
    ),
    Feature(
        "interest_rate_mean_365d",
        "Mean interest rate of the invoices issued in the last 365 days.",
        "percent",
        -INF,
        INF,
        "no invoice of the window states a rate",
        0,
        "terms",
    ),
)


def sums(seen: ibis.Table) -> dict[str, Any]:
    """Aggregates over the rows of one case."""
    year, quarter = within(seen.age, 365), within(seen.age, 90)
    return {
        "terms_sum_365d": seen.terms_days.sum(where=year),
        "terms_items_365d": seen.count(where=year),
        "terms_kinds_365d": seen.terms_days.nunique(where=year),
        "terms_sum_90d": seen.terms_days.sum(where=quarter),
        "terms_items_90d": seen.count(where=quarter),
        "rate_sum_365d": seen.interest_rate.sum(where=year),
        "rate_items_365d": seen.count(where=year & seen.interest_rate.notnull()),
    }


def facts(sums: ibis.Table) -> dict[str, Any]:
    """The features from the aggregates."""
    mean = ratio(sums.terms_sum_365d, sums.terms_items_365d)
    return {
        "terms_mean_365d": mean,
        "terms_distinct_365d": number(sums.terms_kinds_365d),
        "terms_change_90d": ratio(sums.terms_sum_90d, sums.terms_items_90d) - mean,
        "interest_rate_mean_365d": ratio(sums.rate_sum_365d, sums.rate_items_365d),
    }
