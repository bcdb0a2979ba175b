"""The versions of a row by day, and which of them was the newest one known on a day.

Days are numbered since 1970-01-01 so that windows are integer comparisons, the same on every backend.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import ibis

EPOCH: Final = date(1970, 1, 1)


def day_number(day: Any) -> Any:
    """Days from 1970-01-01 to the date column ``day``, as a 32-bit integer column.

    Example:
        >>> import ibis
        >>> ibis.duckdb.connect().execute(day_number(ibis.date(1970, 1, 31)))
        30
    """
    return day.delta(ibis.date(EPOCH.isoformat()), unit="day").cast("int32")


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
    dated = rows.mutate(known_on=rows.known_at.date())
    # Nearly everything has one version, and counting is far cheaper than sorting.
    counts = rows.group_by(list(key)).agg(versions=rows.count())
    several = counts.filter(counts.versions > 1).select(*key)
    alone = dated.anti_join(several, list(key))
    alone = alone.drop("known_at", "source").mutate(superseded_on=ibis.null("date"))
    versions_of_day = _last_of_each_day(dated.semi_join(several, list(key)), key)
    history = ibis.window(group_by=list(key), order_by="known_on")
    followed = versions_of_day.mutate(superseded_on=versions_of_day.known_on.lead().over(history))
    both = ibis.union(alone, followed.select(alone.columns))
    return both.filter(~both.is_deleted).drop("is_deleted")


def _last_of_each_day(dated: ibis.Table, key: Sequence[str]) -> ibis.Table:
    content = [name for name in dated.columns if name not in {*key, "known_at", "known_on", "source"}]
    # The content columns only settle two versions of the same instant, so that the answer has one value.
    of_the_day = ibis.window(
        group_by=[*key, "known_on"], order_by=[ibis.desc("known_at"), *(ibis.desc(name) for name in content)]
    )
    ranked = dated.mutate(place_of_day=ibis.row_number().over(of_the_day))
    return ranked.filter(ranked.place_of_day == 0).drop("known_at", "source", "place_of_day")


def of_customers(rows: ibis.Table, key: Sequence[str], customers: ibis.Table) -> ibis.Table:
    """All versions of the things that any version gives to one of the customers (a correction may move a row)."""
    theirs = rows.semi_join(customers, "customer_id")
    return theirs if "customer_id" in key else rows.semi_join(theirs.select(*key), list(key))


def known_then(version: ibis.Table, day: Any) -> Any:
    """Whether a version is the newest one known at the end of ``day``."""
    return (version.known_on <= day) & (version.superseded_on.isnull() | (version.superseded_on > day))
