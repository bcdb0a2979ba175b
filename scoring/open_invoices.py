"""The open invoices of a day with their stated delays, as a forecast of cash needs them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from data.book import Book
from features.build import build
from features.items import as_known
from scoring.cash import Floats, OpenItems, by_week, due_week, joined
from scoring.pay_time import PayTimes

Delays = Callable[[Mapping[str, Floats], Floats], PayTimes]
"""From facts by name and days to the due date, shape (n,) each, to stated delays."""

# The distribution of 2,000 invoices over 426 days takes 7 MB.
AT_ONCE: Final = 2_000


def open_invoices(seen: ir.Table, day: date) -> pa.Table:
    """The invoices that were open at the end of a day, in order of their ids.

    Args:
        seen: Invoice states as `features.items.items` folds them.
        day: The day.

    Returns:
        ``case_id`` (the invoice), ``as_of`` (the day), ``customer_id``, ``issued_on``, ``due_on``, ``amount``,
        ``interest_rate``, and ``remaining``: what is still owed, null where no amount is known.
    """
    rows = as_known(seen, day)
    here = rows.filter(rows.issued_on <= ibis.date(day), rows.settled_on.isnull(), ~rows.outcome_unknown)
    chosen = here.select(
        "customer_id", "issued_on", "due_on", "amount", "interest_rate", "remaining", case_id=here.invoice_id
    )
    return chosen.mutate(as_of=ibis.date(day)).order_by("case_id").to_pyarrow()


def with_delays(book: Book, rows: pa.Table, names: Sequence[str], delays: Delays, weeks: int) -> OpenItems:
    """Open invoices with the probability of payment within each of the weeks that follow their day.

    Args:
        book: The book.
        rows: One row or more, as `open_invoices` gives them, each with a ``remaining`` that is known.
        names: Facts that the delays are stated from.
        delays: States them.
        weeks: How many; the first begins on the day after ``as_of``.

    Returns:
        The items in the order of the rows.
    """
    facts = build(book, book.memtable(rows.drop_columns(["remaining"])), features=list(names)).to_pyarrow()
    ordered = facts.take(pa.array(_places(facts, rows), pa.int64()))
    return joined(_parts(rows, ordered, names, delays, weeks))


def _places(facts: pa.Table, wanted: pa.Table) -> list[int]:
    place = {case: row for row, case in enumerate(facts["case_id"].to_pylist())}
    return [place[case] for case in wanted["case_id"].to_pylist()]


def _parts(rows: pa.Table, facts: pa.Table, names: Sequence[str], delays: Delays, weeks: int) -> Iterator[OpenItems]:
    for start in range(0, rows.num_rows, AT_ONCE):
        part, known = rows.slice(start, AT_ONCE), facts.slice(start, AT_ONCE)
        columns = {name: known[name].cast(pa.float64()).to_numpy() for name in names}
        due, day = (part[name].to_numpy().astype("datetime64[D]") for name in ("due_on", "as_of"))
        to_due = (due - day).astype(np.float64) - 1  # the first week begins on the day after
        owed = zip(part["customer_id"].to_pylist(), due.tolist(), strict=True)
        yield OpenItems(
            amounts=np.array([float(value) for value in part["remaining"].to_pylist()]),
            clusters=np.array([f"{customer}@{when}" for customer, when in owed]),
            due_week=due_week(to_due),
            by_week=by_week(delays(columns, to_due), to_due, weeks),
        )
