"""Facts of some customers only: what a push computes after a payment or an invoice came in."""

from collections.abc import Sequence
from datetime import date

import ibis
import pyarrow as pa

from data.book import Book
from features.build import build


def facts_of_customers(book: Book, customer_ids: Sequence[str], as_of: date, names: Sequence[str]) -> pa.Table:
    """Features of some customers at the end of a day: the very rows that `features.build.as_of_now` has of them.

    Args:
        book: The book.
        customer_ids: Whom; those who are not known by then have no row, as there.
        as_of: The business day.
        names: Customer features.

    Returns:
        Shape (n, 3 + len(names)), n up to the number of customers, sorted by ``customer_id``.
    """
    asked = book.memtable(pa.table({"customer_id": pa.array(sorted(set(customer_ids)), pa.string())}))
    known = [
        rows.filter(rows.known_at.date() <= ibis.literal(as_of)).semi_join(asked, "customer_id").select("customer_id")
        for rows in (book["customers"], book["invoices"])
    ]
    customers = ibis.union(*known, distinct=True)
    spine = customers.mutate(case_id=customers.customer_id, as_of=ibis.literal(as_of))
    return build(book, spine, features=list(names)).order_by("customer_id").to_pyarrow()
