"""The two clocks: what was known, and had happened, at the end of a business day.

A row of the book counts at ``as_of`` when it happened on or before that day, was known by its end, and had not
been corrected by then.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ibis

from features.currency import in_book_currency
from features.versions import day_number, known_then

if TYPE_CHECKING:  # the list of families imports what imports this file
    from features.families import Sight


def within(age: Any, lookback: int | None) -> Any:
    """Whether something ``age`` days old lies in the lookback ``(as_of - n, as_of]``; None stands for ever.

    Example:
        >>> within(29, 30), within(30, 30), within(-1, 30)
        (True, False, False)
    """
    past = age >= 0
    return past if lookback is None else past & (age < lookback)


def seen_rows(sight: "Sight", name: str, happened_on: str, *, money: Sequence[str] = ()) -> ibis.Table:
    """``seen`` for a table of the book by its name.

    Args:
        sight: What a family may look at.
        name: Name of the table.
        happened_on: Its column with the day on which a row happened.
        money: Its amounts that are wanted in the book's currency, at the rate of that day; null without a rate.
    """
    rows = sight.versions(name)
    if money:
        rows = in_book_currency(sight.book, rows, on=happened_on, money=money)
    return seen(sight.cases, rows, happened_on)


def cases_of(spine: ibis.Table) -> ibis.Table:
    """The distinct (customer, date) pairs of a spine, numbered.

    Returns:
        Columns ``customer_id``, ``as_of`` (date), ``as_of_day`` (int32) and ``case_no`` (int64, unique). The number
        follows from the pair, so that it is the same wherever the expression is evaluated again.
    """
    pairs = spine.select("customer_id", "as_of").distinct()
    by_pair = ibis.window(order_by=["customer_id", "as_of"])
    return pairs.mutate(as_of_day=day_number(pairs.as_of), case_no=ibis.dense_rank().over(by_pair))


def seen(cases: ibis.Table, version: ibis.Table, happened_on: str) -> ibis.Table:
    """Every row that each case could see: known and happened by the end of its ``as_of``.

    Args:
        cases: Output of ``cases_of``, shape (n_cases, 4).
        version: Output of ``versions`` with ``customer_id``, shape (n_rows, k).
        happened_on: Column of ``version`` with the day on which the row happened.

    Returns:
        One row per case and visible row: the columns of ``version``, ``case_no``, ``as_of_day``, and ``age``
        (int32, 0 or more): days from ``happened_on`` to ``as_of``.
    """
    dated = version.mutate(happened_day=day_number(version[happened_on]))
    pairs = cases.select("case_no", "as_of", "as_of_day", case_customer_id="customer_id").join(
        dated,
        [
            ibis._.case_customer_id == dated.customer_id,
            dated[happened_on] <= ibis._.as_of,
            known_then(dated, ibis._.as_of),
        ],
    )
    return pairs.mutate(age=pairs.as_of_day - pairs.happened_day)
