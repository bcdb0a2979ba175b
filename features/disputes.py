"""Disputes raised and credit notes given: how often the goods or the invoice were wrong."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import ibis

from features.as_of import seen_rows, within
from features.catalogue import INF, Feature, counted, summed
from features.windows import number, ratio, sum_of_known

if TYPE_CHECKING:  # the list of families imports this file
    from features.families import Sight

DISPUTE_FEATURES: Final[tuple[Feature, ...]] = (
    counted("dispute_count_365d", "Disputes opened in the last 365 days.", "disputes", 0, "disputes"),
)
CREDIT_NOTE_FEATURES: Final[tuple[Feature, ...]] = (
    summed("credited_amount_365d", "Amount of the credit notes issued in the last 365 days.", 0, "disputes"),
)
SHARE_FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        "credit_note_share_365d",
        "Amount credited over amount invoiced in the last 365 days.",
        "share",
        0,
        INF,
        "nothing with a known amount was invoiced in the window",
        0,
        "disputes",
    ),
)


def dispute_facts(sight: "Sight") -> ibis.Table:
    """One row per case with a dispute: ``case_no`` and the feature."""
    rows = seen_rows(sight, "disputes", "opened_on")
    return rows.group_by("case_no").agg(dispute_count_365d=number(rows.count(where=within(rows.age, 365))))


def credit_note_facts(sight: "Sight") -> ibis.Table:
    """One row per case with a credit note: ``case_no`` and the feature."""
    rows = seen_rows(sight, "credit_notes", "issued_on", money=("amount",))
    year = within(rows.age, 365)
    sums = rows.group_by("case_no").agg(count=rows.count(where=year), money=rows.amount.sum(where=year))
    return sums.select("case_no", credited_amount_365d=sum_of_known(sums.money, sums["count"]))


def share_facts(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Credited over invoiced money of the last 365 days."""
    return {"credit_note_share_365d": ratio(columns["credited_amount_365d"], columns["invoiced_amount_365d"])}
