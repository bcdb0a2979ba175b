"""Which cases are scored: every invoice at its issue, and customers on the first of each month."""

from collections.abc import Iterable
from datetime import date
from typing import Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from data.book import Book
from training.cases.label import days, over_from

ACTIVE_DAYS: Final = 365
CURED_DAYS: Final = 90
INSTANT: Final = "timestamp('UTC', 6)"


def invoice_cases(items: ir.Table, *, issued_from: date, issued_to: date) -> ir.Table:
    """Every invoice issued in a period, as it was first known, to be scored before its day of issue.

    Args:
        items: Invoice states as `features.items.items` folds them.
        issued_from: First day of issue.
        issued_to: Last day of issue.

    Returns:
        A spine, one row per invoice: ``case_id`` (its ``invoice_id``), ``customer_id``, ``as_of`` (the day before the
        issue, at whose end the features are taken), ``at`` (the start of the day of issue, UTC), ``issued_on``,
        ``due_on``, ``amount`` and ``interest_rate``.
    """
    place = ibis.row_number().over(group_by=items.invoice_id, order_by=items.known_on)
    first = items.mutate(place=place).filter(ibis._.place == 0)
    issued = first.filter(first.issued_on.between(ibis.date(issued_from), ibis.date(issued_to)))
    return issued.select(
        "customer_id",
        "issued_on",
        "due_on",
        "amount",
        "interest_rate",
        case_id=issued.invoice_id,
        as_of=(issued.issued_on - days(1)).cast("date"),
        at=issued.issued_on.cast(INSTANT),
    )


def customer_cohort(
    book: Book, items: ir.Table, as_ofs: Iterable[date], *, dpd: int, cured_days: int = CURED_DAYS
) -> ir.Table:
    """Customers that do business and are not in default, at each of some dates, as was known then.

    Args:
        book: The book; the dates are put beside its tables.
        items: Invoice states as `features.items.items` folds them.
        as_ofs: Dates, each meaning the end of that day.
        dpd: Customers with an open item more than this many days past due are left out.
        cured_days: Nor do customers enter that were so on one of the last this many days. 0 looks at the date alone.

    Returns:
        A spine, one row per customer and date: ``case_id``, ``customer_id``, ``as_of`` and ``at`` (the last
        microsecond of that day, UTC). A customer has an invoice issued in the last 365 days, ``(as_of - 365, as_of]``.
    """
    dates = book.memtable(pa.table({"as_of": pa.array(sorted(set(as_ofs)), pa.date32())}))
    seen = _seen(over_from(items, dpd), dates)
    active = seen.filter(seen.issued_on > seen.as_of - days(ACTIVE_DAYS)).select("customer_id", "as_of").distinct()
    over = _last_day_over(seen.filter(~seen.outcome_unknown))
    bad = over.filter(over.last_over_on > over.as_of - days(max(cured_days, 1)))
    good = active.anti_join(bad, ["customer_id", "as_of"])
    end = (good.as_of + days(1)).cast(INSTANT) - ibis.interval(microseconds=1)
    return good.mutate(case_id=good.customer_id + "@" + good.as_of.cast("string"), at=end)


def _seen(items: ir.Table, dates: ir.Table) -> ir.Table:
    """The newest version of every invoice issued by each date, as known on it."""
    there = [
        items.issued_on <= dates.as_of,
        items.known_on <= dates.as_of,
        items.superseded_on.isnull() | (items.superseded_on > dates.as_of),
    ]
    return items.inner_join(dates, there)


def _last_day_over(seen: ir.Table) -> ir.Table:
    """Of items that have been past due for too long: ``last_over_on``, the last such day up to the date."""
    settled = (seen.settled_on <= seen.as_of) & (seen.settled_known_on <= seen.as_of)
    last_open = ibis.ifelse(settled, (seen.settled_on - days(1)).cast("date"), seen.as_of)
    dated = seen.mutate(last_over_on=last_open)
    return dated.filter(dated.last_over_on >= dated.over_from)


def month_firsts(first: date, last: date) -> tuple[date, ...]:
    """The first of every month from ``first`` to ``last``, both included.

    Example:
        >>> [day.isoformat() for day in month_firsts(date(2020, 11, 2), date(2021, 1, 1))]
        ['2020-12-01', '2021-01-01']
    """
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    starts = (date(month // 12, month % 12 + 1, 1) for month in months)
    return tuple(day for day in starts if first <= day <= last)
