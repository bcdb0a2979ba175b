"""Features of training cases: from the store, just as the service will read them, or straight from the book."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.book import Book
from features import case
from features.build import CASE_COLUMNS, build
from features.items import items

Facts = Callable[[pa.Table, Sequence[str]], pa.Table]
"""From cases (as `training.cases.cohort` makes them) and feature names to ``case_id`` and those features."""

CASE_NAMES: Final = frozenset(feature.name for feature in case.FEATURES)


class History(Protocol):
    """What training needs of `features.store.store.Store`."""

    @property
    def names(self) -> Sequence[str]:
        """Names of the customer features it keeps."""

    def write_history(self, rows: pa.Table, *, computed_at: datetime) -> object:
        """Adds rows to its history; rows it has already are no news."""

    def training_set(self, entities: pa.Table, names: Sequence[str]) -> pa.Table:
        """Facts as they were known at each entity's instant."""


class OtherDayError(LookupError):
    """The store answered with the facts of another day than the case's, or with none.

    Attributes:
        case_ids: The cases concerned.
    """

    def __init__(self, case_ids: Sequence[str]) -> None:
        self.case_ids = tuple(case_ids)
        super().__init__(
            f"The store holds no facts of the day before {len(self.case_ids)} cases, for instance {self.case_ids[0]}. "
            "Write the history of the cohort's days first."
        )


def folded(book: Book) -> ir.Table:
    """The fold of the book's invoices, computed once: every later question reads the result."""
    return book.memtable(items(book).to_pyarrow())


def facts_of(book: Book, store: History | None, computed_at: datetime | None) -> Facts:
    """Features through the store if there is one, else from the book.

    Raises:
        ValueError: A store without the instant of computation.
    """
    if store is None:
        return from_book(book)
    if computed_at is None:
        raise ValueError("With a store, computed_at is needed: the instant of this computation, with a zone.")
    return from_store(book, store, computed_at=computed_at)


def from_book(book: Book) -> Facts:
    """Features built from the book, without a store.

    Args:
        book: The book.
    """

    def facts(cases: pa.Table, names: Sequence[str]) -> pa.Table:
        spine = book.memtable(_spine(cases))
        return build(book, spine, features=names).to_pyarrow().select(["case_id", *names])

    return facts


def from_store(book: Book, store: History, *, computed_at: datetime) -> Facts:
    """Features by the store's point-in-time join; the facts of the cases' days are put into its history first.

    Args:
        book: The book.
        store: The feature store.
        computed_at: The instant of this computation, with a zone.
    """

    def facts(cases: pa.Table, names: Sequence[str]) -> pa.Table:
        spine = _spine(cases).select(["case_id", "customer_id", "as_of"])
        rows = build(book, book.memtable(spine), features=list(store.names)).to_pyarrow()
        store.write_history(rows, computed_at=computed_at)
        return _joined(store, cases, names)

    return facts


def _spine(cases: pa.Table) -> pa.Table:
    kept = [name for name in ("case_id", "customer_id", "as_of", *CASE_COLUMNS) if name in cases.column_names]
    return cases.select(kept)


def _joined(store: History, cases: pa.Table, names: Sequence[str]) -> pa.Table:
    """The store's facts of each case, with the invoice's features beside them."""
    asks_for_case = not CASE_NAMES.isdisjoint(names)
    wanted = [name for name in names if name not in CASE_NAMES]
    inputs = case.CUSTOMER_INPUTS if asks_for_case else ()
    found = store.training_set(cases.select(["case_id", "customer_id", "at"]), list(dict.fromkeys([*wanted, *inputs])))
    _check_days(cases, found)
    columns = {name: found[name].to_numpy() for name in found.column_names if name in {*wanted, *inputs}}
    if asks_for_case:
        columns |= case.invoice_case(columns | _invoice_inputs(cases))
    return pa.table({"case_id": cases["case_id"], **{name: pa.array(columns[name]) for name in names}})


def _check_days(cases: pa.Table, found: pa.Table) -> None:
    same = pc.fill_null(pc.equal(cases["as_of"], found["as_of"]), False)
    if not pc.all(same).as_py():
        raise OtherDayError(cases.filter(pc.invert(same))["case_id"].to_pylist())


def _invoice_inputs(cases: pa.Table) -> dict[str, "np.ndarray[tuple[int], np.dtype[np.float64]]"]:
    amounts, issued, due, rate, as_of = (
        cases[name].to_pylist() for name in ("amount", "issued_on", "due_on", "interest_rate", "as_of")
    )
    return case.case_columns(amounts, issued, due, rate, as_of=as_of)
