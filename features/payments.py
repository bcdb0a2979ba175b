"""When the customer last paid anything, applied to an invoice or not."""

from typing import TYPE_CHECKING, Final

import ibis

from features.as_of import seen_rows
from features.catalogue import INF, Feature
from features.windows import number

if TYPE_CHECKING:  # the list of families imports this file
    from features.families import Sight

FEATURES: Final = (
    Feature(
        "days_since_last_payment", "Days since the latest payment.", "days", 0, INF, "no payment yet", 0, "activity"
    ),
)


def facts(sight: "Sight") -> ibis.Table:
    """One row per case with a payment: ``case_no`` and the feature."""
    seen = seen_rows(sight, "payments", "paid_on")
    return seen.group_by("case_no").agg(days_since_last_payment=number(seen.age.min()))
