"""How much business there is, how large the invoices are, and since when."""

from typing import Any, Final

import ibis

from features.as_of import within
from features.catalogue import INF, Feature, counted, summed
from features.windows import LOOKBACKS, number, ratio, sum_of_known

_NO_AMOUNT: Final = "no invoice of the window has a known amount"


def _features(window: str) -> tuple[Feature, Feature]:
    words = f"issued in the last {window[:-1]} days"
    return (
        counted(f"invoice_count_{window}", f"Invoices {words}.", "invoices", 0, "activity"),
        summed(f"invoiced_amount_{window}", f"Amount of the invoices {words}.", 0, "activity"),
    )


FEATURES: Final[tuple[Feature, ...]] = (
    *(feature for window in LOOKBACKS for feature in _features(window)),
    counted("invoice_count_ever", "Invoices issued so far.", "invoices", 0, "activity"),
    Feature(
        "invoice_amount_mean_365d",
        "Mean amount of the invoices issued in the last 365 days.",
        "money",
        0,
        INF,
        _NO_AMOUNT,
        0,
        "order_size",
    ),
    Feature(
        "invoice_amount_max_365d",
        "Largest invoice issued in the last 365 days.",
        "money",
        0,
        INF,
        _NO_AMOUNT,
        0,
        "order_size",
    ),
    counted(
        "amount_missing_count_365d",
        "Invoices issued in the last 365 days without a known amount.",
        "invoices",
        0,
        "activity",
    ),
    Feature(
        "invoiced_trend_90d",
        "Amount invoiced in the last 90 days over a quarter of the year's, less 1.",
        "ratio",
        -1,
        4,
        "nothing with a known amount was invoiced in the last 365 days",
        0,
        "activity",
    ),
    Feature(
        "days_since_last_invoice", "Days since the latest invoice.", "days", 0, INF, "no invoice yet", 0, "activity"
    ),
    Feature("tenure_days", "Days since the first invoice.", "days", 0, INF, "no invoice yet", -1, "tenure"),
)


def sums(seen: ibis.Table) -> dict[str, Any]:
    """Aggregates over the rows of one case."""
    found: dict[str, Any] = {
        "invoices_ever": seen.count(),
        "age_min": seen.age.min(),
        "age_max": seen.age.max(),
    }
    for window, days in LOOKBACKS.items():
        here = within(seen.age, days)
        found |= {f"invoices_{window}": seen.count(where=here), f"invoiced_{window}": seen.amount.sum(where=here)}
    year = within(seen.age, 365)
    return found | {
        "priced_365d": seen.count(where=year & seen.amount.notnull()),
        "amount_max_365d": seen.amount.max(where=year),
    }


def facts(sums: ibis.Table) -> dict[str, Any]:
    """The features from the aggregates."""
    found: dict[str, Any] = {}
    for window in LOOKBACKS:
        count = sums[f"invoices_{window}"]
        found |= {
            f"invoice_count_{window}": number(count),
            f"invoiced_amount_{window}": sum_of_known(sums[f"invoiced_{window}"], count),
        }
    quarter = ratio(sum_of_known(sums.invoiced_90d, sums.invoices_90d), sums.invoiced_365d)
    return found | {
        "invoice_count_ever": number(sums.invoices_ever),
        "invoice_amount_mean_365d": ratio(sums.invoiced_365d, sums.priced_365d),
        "invoice_amount_max_365d": number(sums.amount_max_365d),
        "amount_missing_count_365d": number(sums.invoices_365d - sums.priced_365d),
        "invoiced_trend_90d": quarter * (365 / 90) - 1.0,
        "days_since_last_invoice": number(sums.age_min),
        "tenure_days": number(sums.age_max),
    }
