"""Invoices whose story has turns: corrections, partial payments, credit notes, disputes, other currencies.

For every day on which the view of such an invoice may change, the view is made anew from what was known then. Days
between which nothing changed make one stretch.
"""

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import ibis

from features.currency import in_book_currency
from features.versions import day_number, known_then, versions

if TYPE_CHECKING:  # the book brings the lake with it, which a service that reads the catalogue does not need
    from data.book import Book

FAR: Final = (date(2199, 1, 1) - date(1970, 1, 1)).days


def stretches(book: "Book", rows: ibis.Table) -> ibis.Table:
    """One row per invoice and stretch of days, with the columns of `features.items.items` and more.

    Args:
        book: The book.
        rows: Rows of its table of invoices: all versions of those that are wanted.
    """
    invoices = book.held(versions(rows, ["invoice_id"]))
    reductions = book.held(_reductions(book, invoices))
    disputes = book.held(_disputes(book, invoices))
    payments = book.held(versions(book["payments"].semi_join(reductions, "payment_id"), ["payment_id"]))
    views = book.held(_views(invoices, reductions, disputes, _payment_days(payments, invoices, reductions)))
    settled = book.held(_with_settlement(views, reductions, payments))
    states = book.held(_with_disputes(settled, disputes))
    told = book.held(_in_words(_one_row_per_stretch(states)))
    money = ("amount", "remaining", "disputed_amount", "overpaid", "discount_amount")
    return book.held(in_book_currency(book, _with_pauses(told), on="issued_on", known_on="version_on", money=money))


def _reductions(book: "Book", invoices: ibis.Table) -> ibis.Table:
    """Versions of allocations and assigned credit notes: what reduces an invoice, from when."""
    allocated = book["allocations"].semi_join(invoices, "invoice_id")
    allocated = versions(allocated, ["payment_id", "invoice_id"]).mutate(currency=ibis.null("string"))
    credited = versions(_ever_of(book["credit_notes"], "credit_note_id", invoices), ["credit_note_id"])
    credited = credited.mutate(
        payment_id=ibis.null("string"),
        clears_invoice=ibis.literal(False),
        discount_amount=ibis.null(credited.amount.type()),
    )
    columns = ["invoice_id", "payment_id", "amount", "discount_amount", "currency", "clears_invoice"]
    columns += ["known_on", "superseded_on"]
    rows = ibis.union(
        allocated.select(*columns, counts_on="allocated_on"), credited.select(*columns, counts_on="issued_on")
    )
    return rows.mutate(seen_on=ibis.greatest(rows.known_on, rows.counts_on))


def _disputes(book: "Book", invoices: ibis.Table) -> ibis.Table:
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


def _payment_days(payments: ibis.Table, invoices: ibis.Table, reductions: ibis.Table) -> ibis.Table:
    """Days on which the currency of a payment may turn out not to be the invoice's: ``invoice_id`` and ``on``."""
    stated = payments.select("known_on", "superseded_on", stated_id="payment_id", paid_in="currency")
    paid = reductions.select("payment_id", paid_invoice_id="invoice_id").distinct()
    money = invoices.select("invoice_id", owed_in="currency").distinct()
    pairs = paid.join(stated, paid.payment_id == stated.stated_id)
    pairs = pairs.join(money, pairs.paid_invoice_id == money.invoice_id)
    odd = pairs.filter(pairs.paid_in != pairs.owed_in).select("invoice_id", "payment_id").distinct()
    days = stated.join(odd, stated.stated_id == odd.payment_id)
    return ibis.union(days.select("invoice_id", on="known_on"), days.select("invoice_id", on="superseded_on"))


def _views(invoices: ibis.Table, reductions: ibis.Table, disputes: ibis.Table, payment_days: ibis.Table) -> ibis.Table:
    """Each invoice on each day on which the view of it may change: columns of the version in force, and ``on``.

    ``version_until`` is the day on which that version ends, by another one or because the invoice was withdrawn.
    """
    days = [
        invoices.select("invoice_id", on="known_on"),
        *(reductions.select("invoice_id", on=name) for name in ("known_on", "seen_on", "superseded_on")),
        *(disputes.select("invoice_id", on=name) for name in ("known_on", "open_from", "open_until", "superseded_on")),
        payment_days,
    ]
    points = ibis.union(*days, distinct=True).rename(point_invoice_id="invoice_id")
    matched = points.join(invoices, [points.point_invoice_id == invoices.invoice_id, known_then(invoices, points.on)])
    return matched.drop("point_invoice_id").rename(version_on="known_on", version_until="superseded_on")


def _with_settlement(views: ibis.Table, reductions: ibis.Table, payments: ibis.Table) -> ibis.Table:
    """Adds ``reduced`` (so far), ``granted`` (discounts in it) and ``settled_on`` (null while open) to each view."""
    point = views.select("on", "currency", point_invoice_id="invoice_id", owed="amount")
    rows = reductions.rename(paid_in="currency", part="amount", discount="discount_amount")
    counted = point.join(
        rows, [point.point_invoice_id == rows.invoice_id, rows.seen_on <= point.on, known_then(rows, point.on)]
    )
    counted = _with_payment_currency(counted, payments)
    usable = ibis.coalesce(counted.paid_in, counted.currency) == counted.currency
    nothing = ibis.literal(0).cast(counted.part.type())
    part, discount = (ibis.ifelse(usable, column.fill_null(0), nothing) for column in (counted.part, counted.discount))
    by_day = counted.group_by("invoice_id", "on", "owed", "counts_on").agg(
        part=part.sum() + discount.sum(), discount=discount.sum(), clears=counted.clears_invoice.any()
    )
    so_far = ibis.cumulative_window(group_by=["invoice_id", "on"], order_by="counts_on")
    by_day = by_day.mutate(reached=by_day.part.sum().over(so_far))
    settles = by_day.clears | (by_day.reached >= by_day.owed).fill_null(False)
    sums = by_day.group_by("invoice_id", "on").agg(
        reduced=by_day.part.sum(), granted=by_day.discount.sum(), settled_on=by_day.counts_on.min(where=settles)
    )
    return _beside(views, sums)


def _with_payment_currency(counted: ibis.Table, payments: ibis.Table) -> ibis.Table:
    """Fills ``paid_in`` of allocations with the currency of their payment as known on that day."""
    payments = payments.select(
        key="payment_id",
        money="currency",
        payment_known_on="known_on",
        payment_superseded_on="superseded_on",
    )
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


def _one_row_per_stretch(states: ibis.Table) -> ibis.Table:
    """Turns days of change into stretches and lays a settled stretch into the open one before it."""
    history = ibis.window(group_by="invoice_id", order_by="on")
    rows = states.mutate(
        next_on=states.on.lead().over(history),
        next_but_one_on=states.on.lead(2).over(history),
        next_settled_on=states.settled_on.lead().over(history),
        next_reduced=states.reduced.lead().over(history),
        next_granted=states.granted.lead().over(history),
        next_version_on=states.version_on.lead().over(history),
        settled_before_on=states.settled_on.lag().over(history),
        version_before_on=states.version_on.lag().over(history),
    )
    is_open = rows.settled_on.isnull()
    absorbs = is_open & rows.next_settled_on.notnull() & (rows.next_version_on == rows.version_on).fill_null(False)
    absorbed = ~is_open & rows.settled_before_on.isnull() & (rows.version_before_on == rows.version_on).fill_null(False)
    rows = rows.mutate(
        superseded_on=_sooner(ibis.ifelse(absorbs, rows.next_but_one_on, rows.next_on), rows.version_until),
        settled_known_on=ibis.ifelse(absorbs, rows.next_on, ibis.ifelse(is_open, ibis.null("date"), rows.on)),
        settled_on=ibis.ifelse(absorbs, rows.next_settled_on, rows.settled_on),
        paid_in_full=ibis.ifelse(absorbs, rows.next_reduced, ibis.ifelse(is_open, ibis.null("int8"), rows.reduced)),
        granted=ibis.ifelse(absorbs, rows.next_granted, ibis.ifelse(is_open, ibis.null("int8"), rows.granted)),
        absorbed=absorbed,
    )
    return rows.filter(~rows.absorbed)


def _sooner(day: Any, other: Any) -> Any:
    """The earlier of two days, or the one that is there (backends differ in what ``least`` makes of a null)."""
    return ibis.least(ibis.coalesce(day, other), ibis.coalesce(other, day))


def _in_words(rows: ibis.Table) -> ibis.Table:
    """The columns that ``items`` promises, amounts in the invoice's own currency, without the pauses."""
    whole = rows.is_whole.fill_null(False)
    remaining = _money(rows.amount - rows.reduced.fill_null(0), rows.amount)
    part = _money(rows.disputed.fill_null(0), rows.amount)
    disputed = ibis.ifelse((part > remaining).fill_null(False), remaining, part)
    beyond = ibis.greatest(rows.paid_in_full - rows.amount, 0)
    return rows.select(
        "customer_id",
        "invoice_id",
        "document_id",
        "order_id",
        "issued_on",
        "due_on",
        "interest_rate",
        "discount_until_on",
        "discount_amount",
        "outcome_unknown",
        "superseded_on",
        "settled_on",
        "settled_known_on",
        "amount",
        "currency",
        "version_on",
        known_on="on",
        terms_days=day_number(rows.due_on) - day_number(rows.issued_on),
        remaining=remaining,
        disputed_amount=ibis.ifelse(whole, remaining, disputed),
        contested=whole | (disputed >= remaining).fill_null(False),
        overpaid=ibis.ifelse(
            rows.amount.isnull(), ibis.null(rows.amount.type()), _money(beyond.fill_null(0), rows.amount)
        ),
        discounted=(rows.granted > 0).fill_null(False),
    )


def _with_pauses(told: ibis.Table) -> ibis.Table:
    """Adds the days after the due date on which the invoice was seen open and wholly in dispute."""
    spells = told.filter(told.contested & (told.settled_on.isnull() | (told.settled_known_on > told.known_on))).select(
        "invoice_id",
        from_day=day_number(told.known_on),
        to_day=day_number(ibis.coalesce(told.settled_known_on, told.superseded_on)).fill_null(FAR),
    )
    spells = spells.rename(contested_id="invoice_id")
    moment = told.filter(told.settled_known_on.isnull() | (told.settled_known_on >= told.known_on))
    moment = moment.select(
        "invoice_id",
        "known_on",
        known_day=day_number(told.known_on),
        due_day=day_number(told.due_on),
        settled_day=day_number(told.settled_on),
    )
    pairs = moment.join(spells, moment.invoice_id == spells.contested_id)
    begin = ibis.greatest(pairs.from_day, pairs.due_day + 1)
    before = ibis.greatest(ibis.least(pairs.to_day, pairs.known_day) - begin, 0)
    settled = ibis.greatest(ibis.least(pairs.to_day, pairs.settled_day + 1) - begin, 0)
    sums = pairs.group_by("invoice_id", "known_on").agg(paused=before.sum(), settled_paused=settled.sum())
    sums = sums.rename(paused_id="invoice_id", paused_on="known_on")
    joined = told.left_join(sums, [told.invoice_id == sums.paused_id, told.known_on == sums.paused_on])
    return joined.mutate(
        paused_days=joined.paused.fill_null(0).cast("int32"),
        settled_paused_days=joined.settled_paused.fill_null(0).cast("int32"),
    ).drop("paused_id", "paused_on", "paused", "settled_paused")


def _money(value: Any, like: Any) -> Any:
    """A decimal expression back in the type of the contract's amounts, for which sums have room."""
    return value.cast(like.type())
