"""Invoices whose story is plain: stated once, and open or settled by one payment.

Nine invoices in ten are such. They need no sorting and no list of days: two groupings and one join say all of them.
"""

from typing import TYPE_CHECKING, Any

import ibis

from features.versions import day_number

if TYPE_CHECKING:  # the book brings the lake with it, which a service that reads the catalogue does not need
    from data.book import Book


def plain_items(book: "Book", invoices: ibis.Table, *, every: bool) -> tuple[ibis.Table, ibis.Table]:
    """The plain ones among some invoices, folded, and which are not plain.

    Plain is an invoice in the book's currency with one version, no credit note, no dispute, and at most one
    allocation, itself with one version, from a payment in the book's currency, that settles it.

    Args:
        book: The book.
        invoices: Rows of its table of invoices: all versions of those that are wanted.
        every: Whether that is the whole table, so that nothing need be looked for.

    Returns:
        Rows as `features.items.items` has them, one per plain invoice; and a table of ``invoice_id``, among them all
        of the others.
    """
    allocations = book["allocations"] if every else book["allocations"].semi_join(invoices, "invoice_id")
    turning = book.held(_turning(book, invoices, allocations))
    payments = allocations.anti_join(turning, "invoice_id")
    rows = book.held(_settled(invoices.anti_join(turning, "invoice_id"), payments))
    partly_paid = rows.filter(rows.is_paid & ~rows.settles).select("invoice_id")
    return _in_words(rows.filter(~rows.is_paid | rows.settles)), ibis.union(turning, partly_paid)


def _turning(book: "Book", invoices: ibis.Table, allocations: ibis.Table) -> ibis.Table:
    """Invoices that are known not to be plain before it is asked whether their payment settles them."""
    stated = invoices.group_by("invoice_id").agg(
        versions=invoices.count(), odd=(invoices.is_deleted | (invoices.currency != book.currency)).any()
    )
    paid = allocations.group_by("invoice_id").agg(parts=allocations.count(), odd=allocations.is_deleted.any())
    foreign = book["payments"].filter(book["payments"].currency != book.currency).select("payment_id").distinct()
    credited = book["credit_notes"].filter(book["credit_notes"].invoice_id.notnull())
    return ibis.union(
        stated.filter((stated.versions > 1) | stated.odd).select("invoice_id"),
        paid.filter((paid.parts > 1) | paid.odd).select("invoice_id"),
        allocations.semi_join(foreign, "payment_id").select("invoice_id"),
        credited.select("invoice_id"),
        book["disputes"].select("invoice_id"),
        distinct=True,
    )


def _settled(invoices: ibis.Table, payments: ibis.Table) -> ibis.Table:
    """Each invoice beside its payment: ``is_paid``, ``settles``, ``reduced``, ``seen_on``."""
    right = payments.select(
        paid_invoice_id="invoice_id",
        counts_on="allocated_on",
        clears="clears_invoice",
        payment_known_on=payments.known_at.date(),
        reduced=_sum(payments.amount, payments.discount_amount),
        discounted=(payments.discount_amount > 0).fill_null(False),
    )
    rows = invoices.mutate(known_on=invoices.known_at.date()).drop("known_at", "source", "is_deleted")
    joined = rows.left_join(right, rows.invoice_id == right.paid_invoice_id)
    is_paid = joined.paid_invoice_id.notnull()
    return joined.mutate(
        is_paid=is_paid,
        settles=is_paid & (joined.clears | (joined.reduced >= joined.amount).fill_null(False)),
        seen_on=ibis.greatest(joined.known_on, joined.payment_known_on, joined.counts_on),
    ).drop("paid_invoice_id", "clears", "payment_known_on", "terms_code", "currency")


def _sum(amount: Any, discount: Any) -> Any:
    return (amount.fill_null(0) + discount.fill_null(0)).cast(amount.type())


def _in_words(rows: ibis.Table) -> ibis.Table:
    """The columns that ``items`` promises."""
    unknown, nothing = ibis.null("date"), ibis.literal(0).cast(rows.amount.type())
    from_the_start = rows.settles & (rows.seen_on <= rows.known_on)
    beyond = ibis.ifelse(rows.settles & (rows.reduced > rows.amount), rows.reduced - rows.amount, nothing)
    return rows.mutate(
        superseded_on=unknown,
        settled_on=ibis.ifelse(rows.settles, rows.counts_on, unknown),
        settled_known_on=ibis.ifelse(rows.settles, rows.seen_on, unknown),
        terms_days=day_number(rows.due_on) - day_number(rows.issued_on),
        remaining=ibis.ifelse(from_the_start, rows.amount - rows.reduced, rows.amount).cast(rows.amount.type()),
        disputed_amount=nothing,
        overpaid=ibis.ifelse(rows.amount.isnull(), ibis.null(rows.amount.type()), beyond.cast(rows.amount.type())),
        discounted=(rows.settles & rows.discounted).fill_null(False),
        contested=ibis.literal(False),
        paused_days=ibis.literal(0, "int32"),
        settled_paused_days=ibis.literal(0, "int32"),
    )
