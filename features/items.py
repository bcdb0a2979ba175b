"""The fold of invoices, allocations, credit notes and disputes into one row per state of an invoice.

What a clerk sees of an invoice at the end of a day changes only on certain days: when a version of the invoice, of
a payment's allocation, of a credit note or of a dispute becomes known, or takes effect. Between two such days the
view is constant, so one row per stretch says everything, and nothing that became known later can reach into an
earlier stretch. A stretch in which the invoice is open and the one after it, in which the same invoice is settled,
are kept in one row: it reads as open before ``settled_known_on`` and as settled from then on.

Most invoices are stated once and settled by one payment, or open; `features.plain_items` says those in one pass. The
others, whose story has more turns, go through `features.item_stretches`.
"""

from datetime import date

import ibis

from data.book import Book
from features.item_stretches import stretches
from features.plain_items import plain_items
from features.versions import known_then, of_customers

COLUMNS = (
    "customer_id",
    "invoice_id",
    "document_id",
    "order_id",
    "issued_on",
    "due_on",
    "interest_rate",
    "discount_until_on",
    "outcome_unknown",
    "known_on",
    "superseded_on",
    "settled_on",
    "settled_known_on",
    "terms_days",
    "amount",
    "remaining",
    "disputed_amount",
    "overpaid",
    "discount_amount",
    "discounted",
    "contested",
    "paused_days",
    "settled_paused_days",
)


def items(book: Book, customers: ibis.Table | None = None) -> ibis.Table:
    """One row per invoice and stretch of days in which the view of it does not change.

    Args:
        book: The book; other tables than the five that are folded, and the exchange rates, are not read.
        customers: Table on the book's backend with ``customer_id``: fold only invoices that ever belonged to one
            of them. None folds all.

    Returns:
        Shape (n_stretches, 23), amounts in the book's currency at the rate of the issue date:

        - ``customer_id``, ``invoice_id``, ``document_id``, ``order_id``, ``issued_on``, ``due_on``, ``interest_rate``,
          ``discount_until_on``, ``discount_amount``, ``outcome_unknown``: as the invoice version in force states
          them; ``terms_days`` = due - issue.
        - ``amount``: gross, null when missing or when no rate turns it into the book's currency.
        - ``known_on``, ``superseded_on`` (null while newest): the row is the view of every day ``d`` with
          ``known_on <= d < superseded_on``.
        - ``settled_on``: first date on which a clearing allocation counts, or on which allocations, the discounts
          granted with them, and assigned credit notes together reach the amount. ``settled_known_on``: first day at
          whose end that is seen, never before ``settled_on``. At a day before it the row is open: use ``as_known`` to
          read it so.
        - ``remaining``: amount less what was allocated and credited while open. ``disputed_amount``: part of it in
          open disputes (0 for none). ``contested``: an open dispute covers all of it.
        - ``overpaid``: what was paid beyond the amount, and ``discounted``: whether a cash discount was granted; both
          of the settled view.
        - ``paused_days``: days after the due date, before ``known_on``, on which the invoice was seen open and
          contested; ``settled_paused_days``: such days up to ``settled_on``. Neither counts as past due.
    """
    rows = book["invoices"]
    mine = rows if customers is None else of_customers(rows, ["invoice_id"], customers)
    plain, turning = plain_items(book, mine, every=customers is None)
    told = stretches(book, book.held(mine.semi_join(turning, "invoice_id")))
    return ibis.union(plain.select(*COLUMNS), told.select(*COLUMNS))


def as_known(rows: ibis.Table, on: date) -> ibis.Table:
    """The items as known at the end of the day ``on``: one row per invoice, settlements seen later put back to open.

    Returns:
        The columns of ``rows`` without ``known_on`` and ``superseded_on``; shape (n_invoices, 21).
    """
    day = ibis.literal(on)
    view = rows.filter(known_then(rows, day))
    is_settled = (view.settled_known_on <= day).fill_null(False)
    unknown = ibis.null("date")
    return view.mutate(
        settled_on=ibis.ifelse(is_settled, view.settled_on, unknown),
        settled_known_on=ibis.ifelse(is_settled, view.settled_known_on, unknown),
    ).drop("known_on", "superseded_on")
