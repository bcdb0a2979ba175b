"""The fold of invoices, allocations, credit notes and disputes into one row per state of an invoice.

What a clerk sees of an invoice at the end of a day changes only on certain days: when a version of the invoice, of
a payment's allocation, of a credit note or of a dispute becomes known, or takes effect. Between two such days the
view is constant, so one row per stretch says everything, and nothing that became known later can reach into an
earlier stretch. A stretch in which the invoice is open and the one after it, in which the same invoice is settled,
are kept in one row: it reads as open before ``settled_known_on`` and as settled from then on.
"""

from datetime import date
from typing import Any

import ibis

from data.book import Book
from features.as_of import known_then, of_customers, versions


def items(book: Book, customers: ibis.Table | None = None) -> ibis.Table:
    """One row per invoice and stretch of days in which the view of it does not change.

    Args:
        book: The book; other tables than the five that are folded are not read.
        customers: Table on the book's backend with ``customer_id``: fold only invoices that ever belonged to one
            of them. None folds all.

    Returns:
        Shape (n_stretches, 16), amounts in the book's currency:

        - ``customer_id``, ``invoice_id``, ``issued_on``, ``due_on``, ``interest_rate``, ``outcome_unknown``: as the
          invoice version in force states them; ``terms_days`` = due - issue.
        - ``amount``: gross, null when missing or in another currency.
        - ``known_on``, ``superseded_on`` (null while newest): the row is the view of every day ``d`` with
          ``known_on <= d < superseded_on``.
        - ``settled_on``: first date on which a clearing allocation counts, or on which allocations and assigned
          credit notes together reach the amount. ``settled_known_on``: first day at whose end that is seen, never
          before ``settled_on``. At a day before it the row is open: use ``as_known`` to read it so.
        - ``remaining``: amount less what was allocated and credited while open. ``disputed_amount``: part of it in
          open disputes (0 for none). ``contested``: an open dispute covers all of it.
    """
    key, rows = ["invoice_id"], book["invoices"]
    invoices = book.held(versions(rows if customers is None else of_customers(rows, key, customers), key))
    reductions = book.held(_reductions(book, invoices))
    disputes = book.held(_disputes(book, invoices))
    views = book.held(_views(invoices, reductions, disputes))
    settled = book.held(_with_settlement(views, reductions, book))
    states = book.held(_with_disputes(settled, disputes))
    return _one_row_per_stretch(states, book.currency)


def as_known(rows: ibis.Table, on: date) -> ibis.Table:
    """The items as known at the end of the day ``on``: one row per invoice, settlements seen later put back to open.

    Returns:
        The columns of ``rows`` without ``known_on`` and ``superseded_on``; shape (n_invoices, 14).
    """
    day = ibis.literal(on)
    view = rows.filter(known_then(rows, day))
    is_settled = (view.settled_known_on <= day).fill_null(False)
    unknown = ibis.null("date")
    return view.mutate(
        settled_on=ibis.ifelse(is_settled, view.settled_on, unknown),
        settled_known_on=ibis.ifelse(is_settled, view.settled_known_on, unknown),
    ).drop("known_on", "superseded_on")


def _reductions(book: Book, invoices: ibis.Table) -> ibis.Table:
    """Versions of allocations and assigned credit notes: what reduces an invoice, from when."""
    allocated = book["allocations"].semi_join(invoices, "invoice_id")
    allocated = versions(allocated, ["payment_id", "invoice_id"]).mutate(currency=ibis.null("string"))
    credited = versions(_ever_of(book["credit_notes"], "credit_note_id", invoices), ["credit_note_id"])
    credited = credited.mutate(payment_id=ibis.null("string"), clears_invoice=ibis.literal(False))
    columns = ["invoice_id", "payment_id", "amount", "currency", "clears_invoice", "known_on", "superseded_on"]
    rows = ibis.union(
        allocated.select(*columns, counts_on="allocated_on"), credited.select(*columns, counts_on="issued_on")
    )
    return rows.mutate(seen_on=ibis.greatest(rows.known_on, rows.counts_on))


def _disputes(book: Book, invoices: ibis.Table) -> ibis.Table:
    """Versions of the disputes, with the days between which each is seen open."""
    rows = versions(_ever_of(book["disputes"], "dispute_id", invoices), ["dispute_id"])
    return rows.select(
        "invoice_id",
        "amount",
        "currency",
        "known_on",
        "superseded_on",
        open_from=ibis.greatest(rows.known_on, rows.opened_on),
        open_until=ibis.ifelse(rows.closed_on.isnull(), rows.closed_on, ibis.greatest(rows.known_on, rows.closed_on)),
    )


def _ever_of(rows: ibis.Table, key: str, invoices: ibis.Table) -> ibis.Table:
    """All versions of the rows that any version assigns to one of the invoices."""
    theirs = rows.semi_join(invoices, "invoice_id").select(key).distinct()
    return rows.semi_join(theirs, key)


def _views(invoices: ibis.Table, reductions: ibis.Table, disputes: ibis.Table) -> ibis.Table:
    """Each invoice on each day on which the view of it may change: columns of the version in force, and ``on``."""
    days = [
        invoices.select("invoice_id", on="known_on"),
        *(reductions.select("invoice_id", on=name) for name in ("known_on", "seen_on", "superseded_on")),
        *(disputes.select("invoice_id", on=name) for name in ("known_on", "open_from", "open_until", "superseded_on")),
    ]
    points = ibis.union(*days, distinct=True).rename(point_invoice_id="invoice_id")
    matched = points.join(invoices, [points.point_invoice_id == invoices.invoice_id, known_then(invoices, points.on)])
    return matched.drop("point_invoice_id", "superseded_on").rename(version_on="known_on")


def _with_settlement(views: ibis.Table, reductions: ibis.Table, book: Book) -> ibis.Table:
    """Adds ``reduced`` (sum so far) and ``settled_on`` (null while open) to each view."""
    point = views.select("on", "currency", point_invoice_id="invoice_id", owed="amount")
    rows = reductions.rename(paid_in="currency", part="amount")
    counted = point.join(
        rows, [point.point_invoice_id == rows.invoice_id, rows.seen_on <= point.on, known_then(rows, point.on)]
    )
    counted = _with_payment_currency(counted, book)
    usable = ibis.coalesce(counted.paid_in, counted.currency) == counted.currency
    by_day = counted.group_by("invoice_id", "on", "owed", "counts_on").agg(
        part=ibis.ifelse(usable, counted.part, ibis.null(counted.part.type())).sum().fill_null(0),
        clears=counted.clears_invoice.any(),
    )
    so_far = ibis.cumulative_window(group_by=["invoice_id", "on"], order_by="counts_on")
    by_day = by_day.mutate(reached=by_day.part.sum().over(so_far))
    settles = by_day.clears | (by_day.reached >= by_day.owed).fill_null(False)
    sums = by_day.group_by("invoice_id", "on").agg(
        reduced=by_day.part.sum(), settled_on=by_day.counts_on.min(where=settles)
    )
    return _beside(views, sums)


def _with_payment_currency(counted: ibis.Table, book: Book) -> ibis.Table:
    """Fills ``paid_in`` of allocations with the currency of their payment as known on that day."""
    payments = versions(book["payments"], ["payment_id"]).select(
        "known_on", "superseded_on", "currency", key="payment_id"
    )
    payments = payments.rename(payment_known_on="known_on", payment_superseded_on="superseded_on", money="currency")
    joined = counted.left_join(
        payments,
        [
            counted.payment_id == payments.key,
            payments.payment_known_on <= counted.on,
            payments.payment_superseded_on.isnull() | (payments.payment_superseded_on > counted.on),
        ],
    )
    return joined.mutate(paid_in=ibis.coalesce(joined.paid_in, joined.money))


def _with_disputes(states: ibis.Table, disputes: ibis.Table) -> ibis.Table:
    """Adds ``disputed`` (money in open disputes) and ``is_whole`` (one of them names no amount)."""
    point = states.select("on", point_invoice_id="invoice_id", money="currency")
    still_open = (disputes.open_until.isnull()) | (disputes.open_until > point.on)
    raised = point.join(
        disputes,
        [
            point.point_invoice_id == disputes.invoice_id,
            disputes.open_from <= point.on,
            still_open,
            known_then(disputes, point.on),
        ],
    )
    # A part stated in another currency than the invoice cannot be compared with it and stops no clock.
    part = ibis.ifelse(raised.currency == raised.money, raised.amount, ibis.null(raised.amount.type()))
    sums = raised.group_by("invoice_id", "on").agg(disputed=part.sum(), is_whole=raised.amount.isnull().any())
    return _beside(states, sums)


def _beside(views: ibis.Table, sums: ibis.Table) -> ibis.Table:
    """Left join on the invoice and the day, with the key of ``views`` alone."""
    right = sums.rename(right_invoice_id="invoice_id", right_on="on")
    joined = views.left_join(right, [views.invoice_id == right.right_invoice_id, views.on == right.right_on])
    return joined.drop("right_invoice_id", "right_on")


def _one_row_per_stretch(states: ibis.Table, currency: str) -> ibis.Table:
    """Turns days of change into stretches and lays a settled stretch into the open one before it."""
    history = ibis.window(group_by="invoice_id", order_by="on")
    rows = states.mutate(
        next_on=states.on.lead().over(history),
        next_but_one_on=states.on.lead(2).over(history),
        next_settled_on=states.settled_on.lead().over(history),
        next_version_on=states.version_on.lead().over(history),
        settled_before_on=states.settled_on.lag().over(history),
        version_before_on=states.version_on.lag().over(history),
    )
    is_open = rows.settled_on.isnull()
    absorbs = is_open & rows.next_settled_on.notnull() & (rows.next_version_on == rows.version_on).fill_null(False)
    absorbed = ~is_open & rows.settled_before_on.isnull() & (rows.version_before_on == rows.version_on).fill_null(False)
    rows = rows.mutate(
        superseded_on=ibis.ifelse(absorbs, rows.next_but_one_on, rows.next_on),
        settled_known_on=ibis.ifelse(absorbs, rows.next_on, ibis.ifelse(is_open, ibis.null("date"), rows.on)),
        settled_on=ibis.ifelse(absorbs, rows.next_settled_on, rows.settled_on),
        absorbed=absorbed,
    )
    return _in_words(rows.filter(~rows.absorbed), currency)


def _in_words(rows: ibis.Table, currency: str) -> ibis.Table:
    """The columns that ``items`` promises."""
    is_ours = rows.currency == currency
    no_money = ibis.null(rows.amount.type())
    whole = rows.is_whole.fill_null(False)
    remaining = _money(rows.amount - rows.reduced.fill_null(0), rows.amount)
    disputed = ibis.least(remaining, _money(rows.disputed.fill_null(0), rows.amount))
    disputed = ibis.ifelse(whole, remaining, disputed)
    return rows.select(
        "customer_id",
        "invoice_id",
        "issued_on",
        "due_on",
        "interest_rate",
        "outcome_unknown",
        "superseded_on",
        "settled_on",
        "settled_known_on",
        known_on="on",
        terms_days=rows.due_on.delta(rows.issued_on, unit="day").cast("int32"),
        amount=ibis.ifelse(is_ours, rows.amount, no_money),
        remaining=ibis.ifelse(is_ours, remaining, no_money),
        disputed_amount=ibis.ifelse(is_ours, disputed, no_money),
        contested=whole | (disputed >= remaining).fill_null(False),
    )


def _money(value: Any, like: Any) -> Any:
    """A decimal expression back in the type of the contract's amounts, for which sums have room."""
    return value.cast(like.type())
