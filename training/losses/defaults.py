"""Who defaulted when: the days from which losses are counted."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import ibis
import ibis.expr.types as ir

from data.book import Book
from data.contracts import CONTRACTS
from data.materiality import Materiality
from features.versions import known_then, versions
from training.cases.label import crossings

DPD: Final = 90
"""Days past due that make a default, unless something else is asked for."""
EVENTS: Final = ("INSOLVENCY", "WRITE_OFF")
"""Credit events that are a default by themselves; a dunning letter is none."""


@dataclass(frozen=True, order=True)
class DefaultDay:
    """The day on which a customer fell into default.

    Attributes:
        customer_id: Who.
        on: When: an item crossed the days past due, or a credit event happened.
    """

    customer_id: str
    on: date


def default_days(
    book: Book,
    items: ir.Table,
    *,
    dpd: int,
    known_on: date,
    apart_days: int,
    materiality: Materiality | None = None,
    events: Collection[str] = EVENTS,
) -> list[DefaultDay]:
    """Every default up to a date, as known on it.

    Args:
        book: The book.
        items: Invoice states as `features.items.items` folds them.
        dpd: Days past due that must be exceeded.
        known_on: The date whose knowledge counts.
        apart_days: What follows within this many days of a default belongs to it.
        materiality: What makes an amount material; None lets every amount count.
        events: Kinds of credit event that are a default by themselves.

    Returns:
        In order of customer and day.
    """
    crossed = crossings(items, dpd=dpd, known_on=known_on, materiality=materiality)
    rows = versions(book["credit_events"], CONTRACTS["credit_events"].key)
    struck = rows.filter(known_then(rows, ibis.date(known_on)), rows.kind.isin(list(events)))
    both = ibis.union(crossed, struck.select("customer_id", "happened_on")).distinct()
    found = both.filter(both.happened_on <= ibis.date(known_on)).to_pyarrow().to_pylist()
    return apart((DefaultDay(row["customer_id"], row["happened_on"]) for row in found), apart_days)


def apart(days: Iterable[DefaultDay], apart_days: int) -> list[DefaultDay]:
    """The first day of each default: what follows within so many days belongs to it.

    Example:
        >>> days = [DefaultDay("A", date(2024, 1, 1)), DefaultDay("A", date(2024, 3, 1)),
        ...         DefaultDay("A", date(2025, 2, 1))]
        >>> [day.on.isoformat() for day in apart(days, 365)]
        ['2024-01-01', '2025-02-01']
    """
    kept: list[DefaultDay] = []
    for day in sorted(set(days)):
        last = kept[-1] if kept and kept[-1].customer_id == day.customer_id else None
        if last is None or day.on > last.on + timedelta(days=apart_days):
            kept.append(day)
    return kept
