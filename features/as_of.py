"""The two clocks: what was known, and had happened, at the end of a business day.

A row of the book counts at ``as_of`` when it happened on or before that day, was known by its end, and had not
been corrected by then. Days are numbered since 1970-01-01 so that windows are integer comparisons, the same on
every backend.
"""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import ibis

from data.contracts import CONTRACTS

if TYPE_CHECKING:  # the book brings the lake with it, which a service that reads the catalogue does not need
    from data.book import Book

EPOCH: Final = date(1970, 1, 1)


def day_number(day: Any) -> Any:
    """Days from 1970-01-01 to the date column ``day``, as a 32-bit integer column.

    Example:
        >>> import ibis
        >>> ibis.duckdb.connect().execute(day_number(ibis.date(1970, 1, 31)))
        30
    """
    return day.delta(ibis.date(EPOCH.isoformat()), unit="day").cast("int32")


def within(age: Any, lookback: int | None) -> Any:
    """Whether something ``age`` days old lies in the lookback ``(as_of - n, as_of]``; None stands for ever.

    Example:
        >>> within(29, 30), within(30, 30), within(-1, 30)
        (True, False, False)
    """
    past = age >= 0
    return past if lookback is None else past & (age < lookback)


def versions(rows: ibis.Table, key: Sequence[str]) -> ibis.Table:
    """The versions of each key by day, with the days between which each was the newest one known.

    Args:
        rows: A table of the book, shape (n_rows, k), with ``known_at``.
        key: Columns that name one thing; versions share them.

    Returns:
        Columns of ``rows`` without ``known_at``, ``source`` and ``is_deleted``, and ``known_on`` (date),
        ``superseded_on`` (date, null for the newest): the version counts from ``known_on`` until the day before
        ``superseded_on``. Of several versions of one day the last is kept; one that withdraws the row ends the
        version before it and is no version itself.
    """
    content = [name for name in rows.columns if name not in {*key, "known_at", "source"}]
    dated = rows.mutate(known_on=rows.known_at.date())
    # The content columns only settle two versions of the same instant, so that the answer has one value.
    of_the_day = ibis.window(
        group_by=[*key, "known_on"], order_by=[ibis.desc("known_at"), *(ibis.desc(name) for name in content)]
    )
    last = dated.mutate(rank=ibis.row_number().over(of_the_day)).filter(lambda t: t["rank"] == 0)
    history = ibis.window(group_by=list(key), order_by="known_on")
    dated = last.drop("known_at", "source", "rank").mutate(superseded_on=last.known_on.lead().over(history))
    return dated.filter(~dated.is_deleted).drop("is_deleted")


def of_customers(rows: ibis.Table, key: Sequence[str], customers: ibis.Table) -> ibis.Table:
    """All versions of the things that any version gives to one of the customers (a correction may move a row)."""
    theirs = rows.semi_join(customers, "customer_id")
    return theirs if "customer_id" in key else rows.semi_join(theirs.select(*key).distinct(), list(key))


def known_then(version: ibis.Table, day: Any) -> Any:
    """Whether a version is the newest one known at the end of ``day``."""
    return (version.known_on <= day) & (version.superseded_on.isnull() | (version.superseded_on > day))


def seen_rows(book: "Book", name: str, cases: ibis.Table, happened_on: str) -> ibis.Table:
    """``seen`` for a table of the book by its name, read for the customers of the cases only."""
    key = CONTRACTS[name].key
    return seen(cases, versions(of_customers(book[name], key, cases), key), happened_on)


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
            dated.known_on <= ibis._.as_of,
            dated[happened_on] <= ibis._.as_of,
            dated.superseded_on.isnull() | (dated.superseded_on > ibis._.as_of),
        ],
    )
    return pairs.mutate(age=pairs.as_of_day - pairs.happened_day)
