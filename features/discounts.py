"""Cash discounts: whether the customer takes what it is offered for paying early, and whether it has stopped to.

A discount is offered where the invoice states the last day on which it is allowed, and not that it is 0; taken where
the invoice was settled by that day, whatever was deducted. One that used to take them and no longer does may have run
short of cash.
"""

from collections.abc import Mapping
from typing import Any, Final

import ibis

from features.as_of import within
from features.catalogue import Feature, counted
from features.versions import day_number
from features.windows import number, ratio

WINDOWS: Final = {"90d": 90, "365d": 365}

_GROUP: Final = "payment_behaviour"


def _share(window: str) -> Feature:
    return Feature(
        f"discount_taken_share_{window}",
        f"Of the invoices settled in the last {window[:-1]} days that offered a cash discount: the share settled in "
        "time for it.",
        "share",
        0,
        1,
        "no invoice that offered a discount was settled in the window",
        -1,
        _GROUP,
    )


FEATURES: Final[tuple[Feature, ...]] = (
    counted(
        "discount_offered_count_365d",
        "Invoices issued in the last 365 days that offer a cash discount.",
        "invoices",
        0,
        _GROUP,
    ),
    _share("365d"),
    _share("90d"),
)

LAPSE_FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        "discount_lapse",
        "Share of offered cash discounts taken in the last 365 days less that of the last 90; above 0 takes fewer.",
        "share",
        -1,
        1,
        "no invoice that offered a discount was settled in the last 90 days",
        0,
        "recent_lateness",
    ),
)

LAPSE_INPUTS: Final = ("discount_taken_share_365d", "discount_taken_share_90d")


def sums(seen: ibis.Table) -> dict[str, Any]:
    """Aggregates over the rows of one case."""
    # An offer of unknown amount is one, an offer of nothing is none.
    offered = seen.discount_until_on.notnull() & (seen.discount_amount.isnull() | (seen.discount_amount > 0))
    in_time = (seen.settled_day <= day_number(seen.discount_until_on)).fill_null(False)
    found: dict[str, Any] = {"offered_365d": seen.count(where=offered & within(seen.age, 365))}
    for window, days in WINDOWS.items():
        here = offered & seen.is_settled & within(seen.settled_age, days)
        found |= {
            f"offered_settled_{window}": seen.count(where=here),
            f"offered_taken_{window}": seen.count(where=here & in_time),
        }
    return found


def facts(sums: ibis.Table) -> dict[str, Any]:
    """The features from the aggregates."""
    shares = {
        f"discount_taken_share_{window}": ratio(sums[f"offered_taken_{window}"], sums[f"offered_settled_{window}"])
        for window in WINDOWS
    }
    return shares | {"discount_offered_count_365d": number(sums.offered_365d)}


def lapse_facts(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The usual share less the recent one; null where either is."""
    usual, recent = (columns[name] for name in LAPSE_INPUTS)
    return {"discount_lapse": usual - recent}
