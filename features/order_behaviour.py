"""How the customer orders, beside its own year: rhythm, size, terms asked for, cancellations."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import ibis

from features.as_of import seen_rows, within
from features.catalogue import INF, Feature, counted
from features.windows import number, ratio, sum_of_known

if TYPE_CHECKING:  # the list of families imports this file
    from features.families import Sight

_NO_AMOUNT: Final = "no order of the last 365 days has a known amount"

FEATURES: Final[tuple[Feature, ...]] = (
    counted("order_count_365d", "Orders of the last 365 days, cancelled ones included.", "orders", 0, "activity"),
    Feature("days_since_last_order", "Days since the latest order.", "days", 0, INF, "no order yet", 0, "activity"),
    Feature(
        "order_interval_mean_365d",
        "Mean days from one order to the next among the orders of the last 365 days.",
        "days",
        0,
        364,
        "fewer than two orders in the last 365 days",
        0,
        "activity",
    ),
    Feature(
        "last_order_to_mean_365d",
        "Largest order of the latest order day over the mean order of the last 365 days, which includes it.",
        "ratio",
        0,
        INF,
        f"{_NO_AMOUNT}, or the latest order has none",
        0,
        "order_size",
    ),
    Feature(
        "order_terms_mean_365d",
        "Mean payment terms asked for in the orders of the last 365 days.",
        "days",
        0,
        INF,
        "no order of the last 365 days states terms",
        0,
        "terms",
    ),
    Feature(
        "cancelled_order_share_365d",
        "Share of the orders of the last 365 days that were cancelled since.",
        "share",
        0,
        1,
        "no order in the last 365 days",
        0,
        "activity",
    ),
    Feature(
        "order_amount_trend_90d",
        "Amount ordered in the last 90 days over a quarter of the year's, less 1.",
        "ratio",
        -1,
        4,
        f"{_NO_AMOUNT}, or none of those of the last 90 days has one",
        0,
        "activity",
    ),
)
TERMS_FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        "order_terms_to_usual",
        "Mean payment terms asked for in the orders of the last 365 days less the mean terms of its invoices.",
        "days",
        -400,
        INF,
        "no order of the last 365 days states terms, or there was no invoice",
        0,
        "terms",
    ),
)
TERMS_INPUTS: Final = ("order_terms_mean_365d", "terms_mean_365d")


def facts(sight: "Sight") -> ibis.Table:
    """One row per case with an order: ``case_no`` and the features."""
    rows = seen_rows(sight, "orders", "ordered_on", money=("amount",))
    rows = rows.mutate(latest_age=rows.age.min().over(ibis.window(group_by="case_no")))
    year, quarter = within(rows.age, 365), within(rows.age, 90)
    sums = rows.group_by("case_no").agg(
        latest_age=rows.age.min(),
        latest=rows.amount.max(where=rows.age == rows.latest_age),
        orders=rows.count(where=year),
        first_age=rows.age.max(where=year),
        money=rows.amount.sum(where=year),
        priced=rows.count(where=year & rows.amount.notnull()),
        quarter_orders=rows.count(where=quarter),
        quarter_money=rows.amount.sum(where=quarter),
        terms=rows.terms_days.sum(where=year),
        with_terms=rows.count(where=year & rows.terms_days.notnull()),
        cancelled=rows.count(where=year & (rows.cancelled_on <= rows.as_of).fill_null(False)),
    )
    quarter_share = ratio(sum_of_known(sums.quarter_money, sums.quarter_orders), sums.money)
    return sums.select(
        "case_no",
        order_count_365d=number(sums.orders),
        days_since_last_order=number(sums.latest_age),
        order_interval_mean_365d=ratio(sums.first_age - sums.latest_age, sums.orders - 1),
        last_order_to_mean_365d=ratio(sums.latest, ratio(sums.money, sums.priced)),
        order_terms_mean_365d=ratio(sums.terms, sums.with_terms),
        cancelled_order_share_365d=ratio(sums.cancelled, sums.orders),
        order_amount_trend_90d=quarter_share * (365 / 90) - 1.0,
    )


def terms_facts(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Terms asked for less terms given."""
    return {"order_terms_to_usual": columns["order_terms_mean_365d"] - columns["terms_mean_365d"]}
