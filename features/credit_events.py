"""Insolvency, write-off, legal action and dunning: what the ledger's own dates do not say."""

from typing import TYPE_CHECKING, Final

import ibis

from features.as_of import seen_rows, within
from features.catalogue import INF, Feature, counted
from features.windows import number

if TYPE_CHECKING:  # the list of families imports this file
    from features.families import Sight

FEATURES: Final[tuple[Feature, ...]] = (
    counted(
        "credit_event_count_365d", "Credit events of the last 365 days, of any kind.", "events", 1, "credit_events"
    ),
    Feature(
        "days_since_credit_event",
        "Days since the latest credit event.",
        "days",
        0,
        INF,
        "there was none",
        0,
        "credit_events",
    ),
)


def facts(sight: "Sight") -> ibis.Table:
    """One row per case with a credit event: ``case_no`` and the features."""
    rows = seen_rows(sight, "credit_events", "happened_on")
    return rows.group_by("case_no").agg(
        credit_event_count_365d=number(rows.count(where=within(rows.age, 365))),
        days_since_credit_event=number(rows.age.min()),
    )
