"""The credit limit in force, its age and end, and how it came about.

Of the limits that are valid on a day the one that began last is in force: a limit for a season stands in front of the
standing one, which comes back when the season is over.
"""

from typing import TYPE_CHECKING, Any, Final

import ibis

from features.as_of import seen, within
from features.catalogue import INF, Feature, counted
from features.currency import in_book_currency
from features.versions import day_number
from features.windows import number, ratio

if TYPE_CHECKING:  # the list of families imports this file
    from features.families import Sight

_NONE: Final = "no limit is in force"

FEATURES: Final[tuple[Feature, ...]] = (
    Feature(
        "limit_amount",
        "Credit limit in force: of the valid ones the one that began last.",
        "money",
        0,
        INF,
        f"{_NONE}, or no rate turns it into the book's currency",
        0,
        "exposure",
    ),
    Feature("limit_age_days", "Days since the limit in force began.", "days", 0, INF, _NONE, 0, "exposure"),
    Feature(
        "limit_days_to_expiry",
        "Days until the last day of the limit in force; 0 on that day.",
        "days",
        0,
        INF,
        f"{_NONE}, or it stands until further notice",
        0,
        "exposure",
    ),
    Feature(
        "limit_change",
        "Limit in force over the limit that began before it, less 1.",
        "ratio",
        -1,
        INF,
        f"{_NONE}, it is the first, the one before was 0, or the two cannot be compared",
        0,
        "exposure",
    ),
    counted(
        "limit_change_count_365d",
        "Limits that began in the last 365 days with another amount or currency than the limit before them.",
        "limits",
        0,
        "exposure",
    ),
)


def facts(sight: "Sight") -> ibis.Table:
    """One row per case with a limit that has begun: ``case_no`` and the features."""
    rows = _in_order(sight)
    # A null stands for a limit that is over; the last one that is not has the latest day.
    valid_day = ibis.ifelse(rows.is_valid, rows.happened_day, ibis.null("int32"))
    rows = rows.mutate(newest_day=valid_day.max().over(ibis.window(group_by="case_no")))
    in_force = rows.is_valid & (rows.happened_day == rows.newest_day)
    sums = rows.group_by("case_no").agg(
        amount=rows.amount.max(where=in_force),
        age=rows.age.max(where=in_force),
        days_left=rows.days_left.max(where=in_force),
        change=rows.change.max(where=in_force),
        changes=rows.count(where=rows.is_change & within(rows.age, 365)),
    )
    return sums.select(
        "case_no",
        limit_amount=number(sums.amount),
        limit_age_days=number(sums.age),
        limit_days_to_expiry=number(sums.days_left),
        limit_change=sums.change,
        limit_change_count_365d=number(sums.changes),
    )


def _in_order(sight: "Sight") -> ibis.Table:
    """Every limit that has begun beside the one before it: ``is_valid``, ``days_left``, ``change``, ``is_change``."""
    stated = sight.versions("limits")
    stated = stated.mutate(stated=stated.amount)
    stated = in_book_currency(sight.book, stated, on="valid_from_on", money=("amount",))
    rows = seen(sight.cases, stated, "valid_from_on")
    history = ibis.window(group_by="case_no", order_by="valid_from_on")
    before = {f"{name}_before": rows[name].lag().over(history) for name in ("amount", "stated", "currency")}
    rows = rows.mutate(**before)
    days_left = day_number(rows.valid_to_on) - rows.as_of_day
    is_same_money = rows.currency == rows.currency_before
    return rows.mutate(
        days_left=days_left,
        is_valid=(days_left >= 0).fill_null(True),
        change=_change(rows, is_same_money),
        is_change=(~is_same_money | (rows.stated != rows.stated_before)).fill_null(False),
    )


def _change(rows: ibis.Table, is_same_money: Any) -> Any:
    """The limit over the one before it, less 1; in their own currency where they share one."""
    as_stated, turned = ratio(rows.stated, rows.stated_before), ratio(rows.amount, rows.amount_before)
    return ibis.ifelse(is_same_money, as_stated, turned) - 1.0
