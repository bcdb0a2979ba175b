"""Credit events by their kind: insolvency, write-off, legal action, dunning."""

from typing import TYPE_CHECKING, Any, Final

import ibis

from features.as_of import seen_rows, within
from features.catalogue import Feature, counted, summed
from features.windows import number, sum_of_known

if TYPE_CHECKING:  # the list of families imports this file
    from features.families import Sight

FEATURES: Final[tuple[Feature, ...]] = (
    counted("insolvency_count_ever", "Insolvencies so far.", "events", 1, "credit_events"),
    summed("write_off_amount_ever", "Amount written off so far.", 1, "credit_events"),
    counted("legal_count_365d", "Legal actions of the last 365 days.", "events", 1, "credit_events"),
    counted(
        "dunning_count_90d", "Days on which a dunning letter went out, last 90 days.", "events", 1, "credit_events"
    ),
    counted(
        "dunning_count_365d", "Days on which a dunning letter went out, last 365 days.", "events", 1, "credit_events"
    ),
)


def facts(sight: "Sight") -> ibis.Table:
    """One row per case with a credit event: ``case_no`` and the features."""
    rows = seen_rows(sight, "credit_events", "happened_on", money=("amount",))

    def count(kind: str, lookback: int | None) -> Any:
        return rows.count(where=(rows.kind == kind) & within(rows.age, lookback))

    sums = rows.group_by("case_no").agg(
        insolvencies=count("INSOLVENCY", None),
        write_offs=count("WRITE_OFF", None),
        written_off=rows.amount.sum(where=rows.kind == "WRITE_OFF"),
        legal=count("LEGAL", 365),
        dunning_90d=count("DUNNING", 90),
        dunning_365d=count("DUNNING", 365),
    )
    return sums.select(
        "case_no",
        insolvency_count_ever=number(sums.insolvencies),
        write_off_amount_ever=sum_of_known(sums.written_off, sums.write_offs),
        legal_count_365d=number(sums.legal),
        dunning_count_90d=number(sums.dunning_90d),
        dunning_count_365d=number(sums.dunning_365d),
    )
