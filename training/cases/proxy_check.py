"""Whether a feature reads a column of the master record: found by taking the column away, not by its name."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from data.book import Book, book_of
from data.contracts import CONTRACTS
from training.cases.about import PROXIES
from training.cases.facts import from_book


def features_reading(
    book: Book, cases: pa.Table, names: Sequence[str], columns: Sequence[str] = PROXIES
) -> tuple[str, ...]:
    """The features that change when columns of the customers' table are not known.

    Args:
        book: The book.
        cases: Cases as `training.cases.cohort` makes them; some hundred are enough.
        names: The features asked about.
        columns: Columns of the table ``customers`` that may be null.

    Returns:
        Names of the features with another value for at least one case, in the order of ``names``.
    """
    tables = {name: book[name].to_pyarrow() for name in CONTRACTS}
    blind = book_of(
        {**tables, "customers": _without(tables["customers"], columns)},
        currency=book.currency,
        materiality=book.materiality,
    )
    try:
        seen, unseen = from_book(book)(cases, names), from_book(blind)(cases, names)
    finally:
        blind.close()
    before, after = (rows.sort_by("case_id") for rows in (seen, unseen))
    return tuple(name for name in names if not _equal(before[name], after[name]))


def _without(customers: pa.Table, columns: Sequence[str]) -> pa.Table:
    for name in columns:
        place = customers.schema.get_field_index(name)
        customers = customers.set_column(place, name, pa.nulls(customers.num_rows, customers.schema.field(name).type))
    return customers


def _equal(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    first, second = (np.asarray(column.cast(pa.float64()).to_numpy(), np.float64) for column in (one, other))
    return np.array_equal(first, second, equal_nan=True)
