"""How the agreed terms are used: instalments, prepayment, orders behind the invoices, and terms that grow longer."""

from typing import Any, Final

import ibis

from features.as_of import within
from features.catalogue import INF, Feature
from features.windows import number, ratio

YEAR: Final = 365

_NONE: Final = "no invoice was issued in the window"


def _feature(name: str, meaning: str, unit: str, high: float, null_means: str = _NONE) -> Feature:
    return Feature(name, meaning, unit, 0, high, null_means, 0, "terms")


FEATURES: Final[tuple[Feature, ...]] = (
    _feature(
        "instalment_share_365d",
        "Share of the invoices issued in the last 365 days that are instalments of a larger document.",
        "share",
        1,
    ),
    _feature(
        "prepayment_share_365d",
        "Share of the invoices issued in the last 365 days that were settled on the day of issue or before.",
        "share",
        1,
        "no invoice of known outcome was issued in the window",
    ),
    _feature(
        "terms_max_365d", "Longest payment terms of the invoices issued in the last 365 days.", "days", 400, _NONE
    ),
    _feature(
        "order_id_share_365d",
        "Share of the invoices issued in the last 365 days that name the order they bill.",
        "share",
        1,
    ),
)

LENGTHENING_FEATURES: Final[tuple[Feature, ...]] = (
    _feature(
        "terms_lengthening_count_365d",
        "Invoices issued in the last 365 days on longer terms than the mean of the 365 days before.",
        "invoices",
        INF,
        "no invoice was issued in the 365 days before the last 365, so there is nothing to compare with",
    ),
)


def sums(seen: ibis.Table) -> dict[str, Any]:
    """Aggregates over the rows of one case."""
    year = within(seen.age, YEAR)
    prepaid = seen.is_settled & (seen.settled_age >= seen.age).fill_null(False)
    return {
        "agreed_items": seen.count(where=year),
        "agreed_instalments": seen.count(where=year & seen.document_id.notnull()),
        "agreed_orders": seen.count(where=year & seen.order_id.notnull()),
        "agreed_known": seen.count(where=year & (seen.is_settled | seen.is_open)),
        "agreed_prepaid": seen.count(where=year & prepaid),
        "agreed_longest": seen.terms_days.max(where=year),
    }


def facts(sums: ibis.Table) -> dict[str, Any]:
    """The features from the aggregates."""
    return {
        "instalment_share_365d": ratio(sums.agreed_instalments, sums.agreed_items),
        "prepayment_share_365d": ratio(sums.agreed_prepaid, sums.agreed_known),
        "terms_max_365d": number(sums.agreed_longest),
        "order_id_share_365d": ratio(sums.agreed_orders, sums.agreed_items),
    }


def lengthening_facts(seen: ibis.Table) -> ibis.Table:
    """One row per case with an invoice in the last two years: ``case_no`` and the feature."""
    rows = seen.filter(within(seen.age, 2 * YEAR)).select("case_no", "age", terms=seen.terms_days.cast("int64"))
    before, of_case = rows.age >= YEAR, ibis.window(group_by="case_no")
    rows = rows.mutate(
        is_before=before,
        usual_items=before.cast("int64").sum().over(of_case),
        usual_sum=ibis.ifelse(before, rows.terms, 0).sum().over(of_case),
    )
    # Longer than the mean, without dividing: n x terms > the sum of n.
    longer = ~rows.is_before & (rows.terms * rows.usual_items > rows.usual_sum)
    counts = rows.group_by("case_no").agg(usual_items=rows.usual_items.max(), longer=rows.count(where=longer))
    value = ibis.ifelse(counts.usual_items == 0, ibis.null("float64"), number(counts.longer))
    return counts.select("case_no", terms_lengthening_count_365d=value)
