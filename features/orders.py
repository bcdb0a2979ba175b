"""How often and how much the customer orders."""

from typing import TYPE_CHECKING, Final

import ibis

from features.as_of import seen_rows, within
from features.catalogue import INF, Feature, counted
from features.windows import number, ratio

if TYPE_CHECKING:  # the list of families imports this file
    from features.families import Sight

_NONE: Final = "no order of the last 365 days has a known amount"

FEATURES: Final[tuple[Feature, ...]] = (
    counted("order_count_90d", "Orders of the last 90 days.", "orders", 0, "activity"),
    Feature(
        "order_amount_mean_365d",
        "Mean value of the orders of the last 365 days.",
        "money",
        0,
        INF,
        _NONE,
        0,
        "order_size",
    ),
    Feature("order_amount_max_365d", "Largest order of the last 365 days.", "money", 0, INF, _NONE, 0, "order_size"),
)


def facts(sight: "Sight") -> ibis.Table:
    """One row per case with an order: ``case_no`` and the features."""
    rows = seen_rows(sight, "orders", "ordered_on", money=("amount",))
    priced = within(rows.age, 365) & rows.amount.notnull()
    sums = rows.group_by("case_no").agg(
        recent=rows.count(where=within(rows.age, 90)),
        total=rows.amount.sum(where=priced),
        priced=rows.count(where=priced),
        largest=rows.amount.max(where=priced),
    )
    return sums.select(
        "case_no",
        order_count_90d=number(sums.recent),
        order_amount_mean_365d=ratio(sums.total, sums.priced),
        order_amount_max_365d=number(sums.largest),
    )
