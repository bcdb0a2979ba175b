"""Invoices that wait to be paid: at their issue, and again on later days on which they are still open."""

import zlib
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from training.arrays import Floats
from training.cases.cohort import invoice_cases
from training.cases.dataset import Texts, at_rows
from training.cases.label import known

Days = NDArray[np.datetime64]

AFTER_DUE: Final = (1, 5, 15, 30, 60)
"""Days past due on which every invoice that is still open is asked for again."""
ONE_IN: Final = 3
"""Of so many invoices, one is asked for again on a day between its issue and its due date, its own by its name."""
FIRST_DAY: Final = date(1900, 1, 1)


@dataclass(frozen=True)
class Waiting:
    """Cases: an invoice and a day at whose start it was unpaid, in order of day and case.

    Attributes:
        case_ids: Shape (n,), the invoice at its issue, or ``invoice@day``.
        invoice_ids: Shape (n,).
        customer_ids: Shape (n,).
        at: Shape (n,), datetime64[D], the day.
        due_on: Shape (n,), datetime64[D].
        delay: Shape (n,), days from the due date to the settlement, NaN where it was not settled as known.
        censored_after: Shape (n,), the last delay on which it was known whether the invoice was paid, days.
        amount: Shape (n,), NaN where not known.
        matrix: Shape (n, k), facts, NaN where not known.
        names: The k facts.
    """

    case_ids: Texts
    invoice_ids: Texts
    customer_ids: Texts
    at: Days
    due_on: Days
    delay: Floats
    censored_after: Floats
    amount: Floats
    matrix: Floats
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.case_ids)

    @property
    def to_due(self) -> Floats:
        """Days from the day of scoring to the due date, shape (n,), negative when past due."""
        return _days(self.due_on - self.at)

    @property
    def at_issue(self) -> NDArray[np.bool_]:
        """Whether a case is an invoice at its issue, shape (n,)."""
        return np.asarray(self.case_ids == self.invoice_ids, dtype=np.bool_)

    def take(self, chosen: NDArray[Any]) -> "Waiting":
        """The chosen cases, by flags of shape (n,) or places of shape (m,)."""
        arrays = {name: getattr(self, name)[chosen] for name in self.__dataclass_fields__ if name != "names"}
        return Waiting(**arrays, names=self.names)


def waiting_cases(rows: ir.Table, *, issued_from: date, known_on: date, later: bool = True) -> pa.Table:
    """The cases of invoices issued from a day on, for which features are to be built.

    Args:
        rows: Invoice states as `features.items.items` folds them.
        issued_from: First day of issue.
        known_on: No case lies after this day, and what was learnt after it plays no part.
        later: Whether open invoices are asked for again on later days.

    Returns:
        A spine as `training.cases.cohort.invoice_cases` makes it, with ``invoice_id`` and ``settled_on`` as known.
    """
    issued = invoice_cases(rows, issued_from=issued_from, issued_to=known_on)
    ends = known(rows, known_on).select("invoice_id", "settled_on")
    at_issue = issued.inner_join(ends, issued.case_id == ends.invoice_id).to_pyarrow()
    table = at_issue.append_column("day", at_issue["issued_on"])
    if later:
        table = pa.concat_tables([table, *_asked_again(table, known_on)])
    return _unpaid(table)


def _asked_again(table: pa.Table, known_on: date) -> list[pa.Table]:
    """The same invoices on later days, past due and before."""
    due, issued = (table[name].to_numpy().astype("datetime64[D]") for name in ("due_on", "issued_on"))
    names = table["invoice_id"].to_pylist()
    drawn = np.array([zlib.crc32(name.encode()) for name in names], dtype=np.int64)
    span = np.maximum((due - issued).astype(np.int64) - 1, 0)
    between = issued + 1 + np.where(span > 0, (drawn // ONE_IN) % np.maximum(span, 1), 0)
    before = _on(table, between, (drawn % ONE_IN == 0) & (span > 0), issued, known_on)
    every = np.ones(len(due), dtype=np.bool_)
    return [before, *(_on(table, due + past, every, issued, known_on) for past in AFTER_DUE)]


def _on(table: pa.Table, day: Days, wanted: NDArray[np.bool_], issued: Days, known_on: date) -> pa.Table:
    """The wanted invoices on another day each, where that day lies after the issue and is past."""
    chosen = wanted & (day > issued) & (day <= np.datetime64(known_on, "D"))
    part, days = table.filter(pa.array(chosen)), day[chosen]
    ids = [f"{name}@{when}" for name, when in zip(part["invoice_id"].to_pylist(), days.astype(str), strict=True)]
    at = pa.array(days.astype("datetime64[us]"), pa.timestamp("us")).cast(table.schema.field("at").type)
    changed = {
        "case_id": pa.array(ids, table.schema.field("case_id").type),
        "as_of": pa.array(days - np.timedelta64(1, "D"), pa.date32()),
        "at": at,
        "day": pa.array(days, pa.date32()),
    }
    return pa.table({name: changed.get(name, part[name]) for name in table.column_names}, schema=table.schema)


def _unpaid(table: pa.Table) -> pa.Table:
    """Cases that were unpaid at the start of their day; what was paid before has no time to wait for."""
    settled = table["settled_on"].to_numpy(zero_copy_only=False).astype("datetime64[D]")
    day = table["day"].to_numpy().astype("datetime64[D]")
    return table.filter(pa.array(np.isnat(settled) | (settled >= day)))


def waiting(cases: pa.Table, features: pa.Table, names: tuple[str, ...], known_on: date) -> Waiting:
    """Bring cases and their features together.

    Args:
        cases: As `waiting_cases` makes them.
        features: ``case_id`` and the features, one row per case, in any order.
        names: The features wanted.
        known_on: The date whose knowledge the settlements are of.
    """
    facts = features.take(at_rows(cases["case_id"], features))
    dates = {name: _dates(cases[name]) for name in ("day", "due_on", "settled_on")}
    found = Waiting(
        case_ids=_texts(cases["case_id"]),
        invoice_ids=_texts(cases["invoice_id"]),
        customer_ids=_texts(cases["customer_id"]),
        at=dates["day"],
        due_on=dates["due_on"],
        delay=_days(dates["settled_on"] - dates["due_on"]),
        censored_after=_days(np.datetime64(known_on, "D") - dates["due_on"]),
        amount=np.array([np.nan if value is None else float(value) for value in cases["amount"].to_pylist()]),
        matrix=np.column_stack([facts[name].cast(pa.float64()).to_numpy() for name in names]),
        names=names,
    )
    return found.take(np.lexsort((found.case_ids.astype(str), found.at)))


def _dates(column: pa.ChunkedArray) -> Days:
    return np.asarray(column.to_numpy(zero_copy_only=False).astype("datetime64[D]"))


def _texts(column: pa.ChunkedArray) -> Texts:
    return np.array(column.to_pylist(), dtype=np.object_)


def _days(span: NDArray[Any]) -> Floats:
    """Days as floats, NaN where there is no date."""
    return np.where(np.isnat(span), np.nan, span.astype("timedelta64[D]").astype(np.float64))
