"""Facts of customers on days of the past, as known then."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from data.book import Book
from features.build import build


def facts_then(book: Book, asked: Sequence[tuple[str, date]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Facts of each customer at the end of each day, in the order asked for.

    Args:
        book: The book.
        asked: Customer and day, n of them; the same pair may be asked for again.
        names: The features wanted.

    Returns:
        n rows, feature by name, None where it is not known.
    """
    if not asked:
        return []
    spine = pa.table(
        {
            "case_id": pa.array([str(place) for place in range(len(asked))], pa.string()),
            "customer_id": pa.array([customer for customer, _ in asked], pa.string()),
            "as_of": pa.array([day for _, day in asked], pa.date32()),
        }
    )
    rows = build(book, book.memtable(spine), features=names).to_pyarrow().to_pylist()
    by_case = {row["case_id"]: row for row in rows}
    return [by_case[str(place)] for place in range(len(asked))]
