"""Days sales outstanding in its variants, and how much of what could be collected was.

The formulas are pure functions of floats, of Decimals, or of Ibis columns (all arguments of one kind). What has no
value, because nothing was sold, is None, as a column NULL; never 0 and never infinite.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Final

import ibis

from features.catalogue import INF, Feature
from features.windows import number, ratio

PERIODS: Final = 12
PERIOD_DAYS: Final = 30
COLLECTION_DAYS: Final = 90

_NOTHING_SOLD: Final = "nothing with a known amount was invoiced in the window, or no open amount is known"


def _days(name: str, meaning: str, high: float, null_means: str, risk: int) -> Feature:
    return Feature(name, meaning, "days", 0, high, null_means, risk, "payment_behaviour")


FEATURES: Final[tuple[Feature, ...]] = (
    _days("dso_90d", "Open amount over the amount invoiced in the last 90 days, x 90.", INF, _NOTHING_SOLD, 0),
    _days("dso_365d", "Open amount over the amount invoiced in the last 365 days, x 365.", INF, _NOTHING_SOLD, 0),
    _days(
        "best_possible_dso_90d",
        "Open amount that is not past due over the amount invoiced in the last 90 days, x 90; disputed parts are not "
        "past due.",
        INF,
        _NOTHING_SOLD,
        0,
    ),
    _days(
        "average_days_delinquent_90d",
        "Days sales outstanding of the last 90 days less the best possible ones: what is past due, in days of sales.",
        INF,
        _NOTHING_SOLD,
        1,
    ),
)

COLLECTION_FEATURES: Final[tuple[Feature, ...]] = (
    _days(
        "dso_countback",
        "Days of the latest sales that the open amount is worth, counted back over twelve periods of 30 days, the "
        "last one pro rata; 360 when it is worth more.",
        PERIODS * PERIOD_DAYS,
        "nothing with a known amount was invoiced in the last 360 days, or no open amount is known",
        0,
    ),
    Feature(
        "collection_effectiveness_90d",
        "Of the invoices open 90 days ago or issued since and not open before their due date now: the part settled, "
        "by full amounts.",
        "percent",
        0,
        100,
        "no such invoice has a known amount and a known outcome",
        -1,
        "payment_behaviour",
    ),
)


def days_sales_outstanding(receivables: Any, sales: Any, days: int) -> Any:
    """Receivables over sales, in days of the period of the sales.

    Args:
        receivables: What is open at the end of the period, money.
        sales: What was sold on credit in the period, money, 0 or more.
        days: Length of the period, 1 or more.

    Returns:
        Days, 0 or more; None (NULL) without sales.

    Source:
        creditguru.com, Average Days Delinquent (regular DSO).

    Example:
        >>> days_sales_outstanding(15_000.0, 10_000.0, 30)
        45.0
        >>> days_sales_outstanding(15_000.0, 0.0, 30) is None
        True
    """
    return _times(_over(receivables, sales), days)


def best_possible_dso(current: Any, sales: Any, days: int) -> Any:
    """What DSO would be if nothing were past due.

    Args:
        current: What is open and not past due, money.
        sales: What was sold on credit in the period, money, 0 or more.
        days: Length of the period, 1 or more.

    Returns:
        Days, 0 or more; None (NULL) without sales.

    Source:
        creditguru.com, Average Days Delinquent (best possible DSO).

    Example:
        >>> best_possible_dso(4_000.0, 10_000.0, 30)
        12.0
    """
    return days_sales_outstanding(current, sales, days)


def average_days_delinquent(dso: Any, best_possible: Any) -> Any:
    """DSO less the best possible one: 0 or more, since what is not past due is a part of what is open.

    Source:
        creditguru.com, Average Days Delinquent.

    Example:
        >>> average_days_delinquent(45.0, 12.0)
        33.0
    """
    if not _is_column(dso) and (dso is None or best_possible is None):
        return None
    return dso - best_possible


def countback_dso(receivables: Any, sales_by_period: Sequence[Any], days_per_period: int) -> Any:
    """Days of the latest sales that the receivables are worth, so that a season does not change it.

    Args:
        receivables: What is open at the end of the latest period, money.
        sales_by_period: Sales of each period, the latest first, money, 0 or more; a missing one adds nothing.
        days_per_period: Length of each period, 1 or more.

    Returns:
        Days, from 0 to all the periods together, which is also what receivables beyond all the sales give; None
        (NULL) when there were no sales at all. A period without sales counts in full while anything is left.

    Source:
        academy.highako.com, Why You Should Switch to the Countback Method; the example is that of
        support.benjipays.com, Mastering DSO Calculation.

    Example:
        >>> round(countback_dso(212_000.0, [100_000.0, 80_000.0, 70_000.0], 30), 1)  # 30 + 30 + 30 x 32 / 70
        73.7
    """
    if _is_column(receivables):
        return _countback_column(receivables, sales_by_period, days_per_period)
    if receivables is None or not any(sales_by_period):
        return None
    days, left = receivables * 0, receivables
    for sales in sales_by_period:
        if left <= 0:
            return days
        if left < (sales or 0):
            return days + left / sales * days_per_period
        days, left = days + days_per_period, left - (sales or 0)
    return days


def collection_effectiveness(begin: Any, sales: Any, end_total: Any, end_current: Any) -> Any:
    """Of what was there to collect in a period, the part that was: 100 when nothing past due is left.

    Args:
        begin: Receivables at the begin of the period, money.
        sales: Sales on credit in the period, money. Sources that state it with ``sales / N`` put in one average
            month of N; we take the sales of the whole period, against the receivables at both ends of it.
        end_total: Receivables at the end of the period, money.
        end_current: The part of them that is not past due, money.

    Returns:
        Percent, from 0 to 100 when all four are of the same invoices; None (NULL) when there was nothing to collect.

    Source:
        Credit Research Foundation; creditmanagementassociation.org and creditguru.com, Collection Effectiveness Index.

    Example:
        >>> round(collection_effectiveness(6_200.0, 10_890.0 / 3, 6_340.0, 3_590.0), 1)
        55.9
    """
    if not _is_column(begin) and None in (begin, sales, end_total, end_current):
        return None
    available = begin + sales
    return _times(_over(available - end_total, available - end_current), 100)


def sums(seen: ibis.Table) -> dict[str, Any]:
    """Aggregates over the rows of one case."""
    known, is_new = seen.is_open | seen.is_settled, seen.age < COLLECTION_DAYS
    was_open = ~is_new & (seen.is_open | (seen.settled_age < COLLECTION_DAYS).fill_null(False))
    return {
        "dso_open_items": seen.count(where=seen.is_open),
        "dso_open_money": seen.remaining.sum(where=seen.is_open),
        "cei_begin": seen.amount.sum(where=known & was_open),
        "cei_sales": seen.amount.sum(where=known & is_new),
        "cei_end": seen.amount.sum(where=seen.is_open),
        "cei_current": seen.amount.sum(where=seen.is_open & ~seen.is_overdue),
        **{
            f"sales_of_period_{period}": seen.amount.sum(
                where=(seen.age >= period * PERIOD_DAYS) & (seen.age < (period + 1) * PERIOD_DAYS)
            )
            for period in range(PERIODS)
        },
    }


def facts(sums: ibis.Table) -> dict[str, Any]:
    """The features from the aggregates."""
    # Nothing open is an open amount of 0; something open of unknown amount is none that is known.
    nothing = ibis.literal(0).cast(sums.dso_open_money.type())
    receivables = ibis.ifelse(sums.dso_open_items == 0, nothing, sums.dso_open_money)
    periods = [sums[f"sales_of_period_{period}"] for period in range(PERIODS)]
    collection = [sums[name].fill_null(0) for name in ("cei_begin", "cei_sales", "cei_end", "cei_current")]
    return {
        "dso_countback": countback_dso(receivables, periods, PERIOD_DAYS),
        "collection_effectiveness_90d": collection_effectiveness(*collection),
    }


INPUTS: Final = ("open_amount", "overdue_amount", "invoiced_amount_90d", "invoiced_amount_365d")


def derived_facts(columns: Mapping[str, Any]) -> dict[str, Any]:
    """DSO, the best possible one and their difference from open, overdue and invoiced amounts."""
    receivables = columns["open_amount"]
    # Where no overdue amount is known but an open one is, that one is not overdue.
    current = receivables - columns["overdue_amount"].fill_null(0.0)
    dso = days_sales_outstanding(receivables, columns["invoiced_amount_90d"], 90)
    best_possible = best_possible_dso(current, columns["invoiced_amount_90d"], 90)
    return {
        "dso_90d": dso,
        "dso_365d": days_sales_outstanding(receivables, columns["invoiced_amount_365d"], 365),
        "best_possible_dso_90d": best_possible,
        "average_days_delinquent_90d": average_days_delinquent(dso, best_possible),
    }


def _countback_column(receivables: Any, sales_by_period: Sequence[Any], days_per_period: int) -> Any:
    """One CASE over the cumulative sales: the first sum that covers the receivables says the period."""
    reached = list(itertools.accumulate(sales.fill_null(0) for sales in sales_by_period))
    branches = [
        (receivables.isnull() | (reached[-1] == 0), ibis.null("float64")),
        (receivables <= 0, ibis.literal(0.0, "float64")),
        (receivables <= reached[0], ratio(receivables, reached[0]) * days_per_period),
    ]
    for place, (before, here) in enumerate(itertools.pairwise(reached), start=1):
        part = ratio(receivables - before, here - before)
        branches.append((receivables <= here, (part + place) * days_per_period))
    return ibis.cases(*branches, else_=number(ibis.literal(len(reached) * days_per_period)))


def _is_column(value: Any) -> bool:
    return isinstance(value, ibis.Value)


def _over(numerator: Any, denominator: Any) -> Any:
    if _is_column(numerator):
        return ratio(numerator, denominator)
    return None if numerator is None or not denominator else numerator / denominator


def _times(value: Any, factor: int) -> Any:
    return None if value is None else value * factor
