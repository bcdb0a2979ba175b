"""What became of an invoice or a customer, as known on a date: the outcomes that models learn and are judged by.

This is the one place that says what late and default are:

- Late at a grace of 1, 5, 15, 30, 60 or 90 days (any number of days can be asked for): `late`.
- Default by more than 30, 60 or 90 days past due on a material amount, or a credit event, within 180 days or
  twelve months (365 days): `default`.
- A technical past due is none: days of a dispute about all of an item do not count (`over_from`); a payment
  counts from its value date, whenever it was booked (`known`); what a correction withdrew is gone; an item whose
  outcome the source does not know is left out; and money that was received and not yet allocated covers what is
  past due (`unapplied_cash`). The cases are those of EBA/GL/2016/07, paragraph 23.

An outcome exists only once it has matured, paid or not. An invoice that is still open is censored, never "good".
What the book learnt after the knowledge date changes no label, nor does the state of its rows after it.
"""

from collections.abc import Collection
from datetime import date
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from data.book import Book
from data.contracts import CONTRACTS
from data.materiality import Materiality
from features.items import as_known
from features.versions import known_then, versions

FAR: Final = date(2199, 1, 1)
GRACES: Final = (1, 5, 15, 30, 60, 90)
"""Days of grace at which late payment is told."""
DPDS: Final = (30, 60, 90)
"""Days past due that a default must exceed."""
HORIZONS: Final = (180, 365)
"""Days within which a default must fall: half a year, and the twelve months of ``pd_12m``."""
DEFAULT_EVENTS: Final = ("INSOLVENCY", "WRITE_OFF", "LEGAL", "DUNNING")


def known(items: ir.Table, known_on: date) -> ir.Table:
    """Every invoice as the book had it at the end of a day, without those whose outcome the source does not know.

    Args:
        items: Invoice states as `features.items.items` folds them.
        known_on: What the book learnt after this day is not seen.

    Returns:
        One row per invoice; a settlement learnt later is put back to open.
    """
    rows = as_known(items, known_on)
    return rows.filter(~rows.outcome_unknown)


def days(count: int) -> Any:
    """A span of days for arithmetic on dates."""
    return ibis.interval(days=count)


def late(items: ir.Table, grace: int, known_on: date) -> ir.Table:
    """Whether each invoice was not settled before ``grace`` days after its due date.

    Paid on the due date plus ``grace`` days or later is late; so is one still open then. Only matured invoices
    have a row, paid or not: those with due date + ``grace`` before ``known_on``.

    Args:
        items: Invoice states as `features.items.items` folds them.
        grace: Days of grace, at least 1.
        known_on: The date whose knowledge counts.

    Returns:
        One row per matured invoice: ``invoice_id``, ``customer_id``, ``issued_on``, ``due_on``, ``bad`` (whether it
        was late) and ``matures_on``, the first day on which the outcome may be used.

    Raises:
        ValueError: ``grace`` is below 1.
    """
    if grace < 1:
        raise ValueError(f"grace has to be at least 1 day, got {grace}.")
    invoices = known(items, known_on)
    limit = _date(invoices.due_on + days(grace))
    labelled = invoices.mutate(
        bad=invoices.settled_on.isnull() | (invoices.settled_on >= limit), matures_on=_date(limit + days(1))
    )
    matured = labelled.filter(labelled.matures_on <= ibis.date(known_on))
    return matured.select("invoice_id", "customer_id", "issued_on", "due_on", "bad", "matures_on")


def _date(value: Any) -> Any:
    """A date again: adding a span to one makes an instant in DuckDB."""
    return value.cast("date")


def default(
    items: ir.Table,
    credit_events: ir.Table,
    cohort: ir.Table,
    *,
    dpd: int,
    horizon: int,
    known_on: date,
    materiality: Materiality | None = None,
    events: Collection[str] = DEFAULT_EVENTS,
    cash: ir.Table | None = None,
) -> ir.Table:
    """Whether each customer of a cohort defaulted within the horizon after its date.

    A default is an item that crosses more than ``dpd`` days past due on a day in
    ``(as_of, as_of + horizon]``, or a credit event on such a day. An item is more than ``dpd`` days past due from
    ``due_on + dpd + 1`` on; one that is settled on that very day has crossed.

    Args:
        items: Invoice states as `features.items.items` folds them.
        credit_events: The book's table of credit events.
        cohort: ``case_id``, ``customer_id`` and ``as_of``, one row per case, as `training.cases.cohort` makes it.
        dpd: Days past due that must be exceeded: 90, 60 or 30.
        horizon: Days after ``as_of``, at least 1.
        known_on: The date whose knowledge counts.
        materiality: What makes an amount material; None lets every amount count.
        events: Kinds of credit event that count.
        cash: Money received and not allocated, as `unapplied_cash` finds it; None looks at none.

    Returns:
        One row per matured case of the cohort (``as_of + horizon`` on or before ``known_on``): ``case_id``,
        ``customer_id``, ``as_of``, ``bad`` and ``matures_on``.

    Raises:
        ValueError: ``dpd`` is negative or ``horizon`` below 1.
    """
    if dpd < 0 or horizon < 1:
        raise ValueError(f"dpd has to be at least 0 and horizon at least 1 day, got {dpd} and {horizon}.")
    until = cohort.select("case_id", "customer_id", "as_of", matures_on=_date(cohort.as_of + days(horizon)))
    matured = until.filter(until.matures_on <= ibis.date(known_on))
    crossed = crossings(items, dpd=dpd, known_on=known_on, materiality=materiality, cash=cash)
    blows = ibis.union(crossed, _events(credit_events, known_on, events))
    within = [
        matured.customer_id == blows.customer_id,
        blows.happened_on > matured.as_of,
        blows.happened_on <= matured.matures_on,
    ]
    struck = matured.semi_join(blows, within).mutate(bad=ibis.literal(True))
    spared = matured.anti_join(blows, within).mutate(bad=ibis.literal(False))
    return ibis.union(struck, spared).select("case_id", "customer_id", "as_of", "bad", "matures_on")


def crossings(
    items: ir.Table,
    *,
    dpd: int,
    known_on: date,
    materiality: Materiality | None = None,
    cash: ir.Table | None = None,
) -> ir.Table:
    """Days on which an item of a customer first was more than ``dpd`` days past due.

    Args:
        items: Invoice states as `features.items.items` folds them.
        dpd: Days past due that must be exceeded.
        known_on: The date whose knowledge counts.
        materiality: What makes an amount material; None lets every amount count. An item whose amount the book
            lacks counts: it cannot be shown to be small.
        cash: Money received and not allocated, as `unapplied_cash` finds it: a crossing on whose day it covers all
            that is that long past due is technical and none. None looks at no such money.

    Returns:
        ``customer_id`` and ``happened_on``; a day after ``known_on`` is one that an open item has yet to reach.
    """
    timed = over_from(items, dpd)
    rows = known(timed, known_on)
    crossed = rows.filter(rows.settled_on.isnull() | (rows.settled_on >= rows.over_from))
    found = crossed.select("customer_id", "invoice_id", "amount", happened_on="over_from")
    if materiality is not None or cash is not None:
        found = _owed_then(found, timed)
    if materiality is not None:
        found = _material(found, materiality)
    if cash is not None:
        found = _not_technical(found, cash)
    return found.select("customer_id", "happened_on").distinct()


def over_from(items: ir.Table, dpd: int) -> ir.Table:
    """Adds ``over_from``: the day on which an item, if open until then, is more than ``dpd`` days past due.

    That is ``due_on + dpd + 1``, put off by every day on which an open dispute covered all of the item, for such
    days do not count.

    Args:
        items: Invoice states as `features.items.items` folds them.
        dpd: Days past due that must be exceeded.
    """
    rows = items.mutate(over_from=_date(items.due_on + days(dpd + 1)))
    pauses = _pauses(rows)
    paused = rows.left_join(pauses, ["invoice_id", "due_on"]).drop("invoice_id_right", "due_on_right")
    put_off = paused.paused.fill_null(0).cast("int32")  # DuckDB sums into HUGEINT, no interval takes it
    return paused.mutate(over_from=_date(paused.over_from + put_off.as_interval("D"))).drop("paused")


def _pauses(rows: ir.Table) -> ir.Table:
    """Days of dispute before an item is over, by ``invoice_id`` and ``due_on``.

    A dispute without an end lasts for ever, as far as anyone knows.
    """
    due = rows.select("invoice_id", "due_on", "over_from").distinct()
    disputed = rows.filter(rows.contested).select(
        "invoice_id", from_on="known_on", to_on=rows.superseded_on.fill_null(ibis.date(FAR))
    )
    spells = due.inner_join(disputed, "invoice_id").filter(ibis._.to_on > ibis._.due_on + days(1))
    begun = spells.mutate(from_on=ibis.greatest(spells.from_on, _date(spells.due_on + days(1))))
    lasting = begun.mutate(length=begun.to_on.delta(begun.from_on, unit="day"))
    earlier = ibis.window(group_by=["invoice_id", "due_on"], order_by="from_on", preceding=(None, 1))
    lasting = lasting.mutate(before=lasting.length.sum().over(earlier).fill_null(0))
    counted = lasting.from_on.delta(lasting.over_from, unit="day") < lasting.before + 1
    return lasting.filter(counted).group_by("invoice_id", "due_on").aggregate(paused=ibis._.length.sum())


def _owed_then(crossed: ir.Table, timed: ir.Table) -> ir.Table:
    """The crossings with what the customer owed on their day, as seen then.

    Adds ``over`` (that long past due), ``exposure`` (all of it) and ``over_unknown``: whether ``over`` lacks an amount.
    """
    owed = timed.select(
        "issued_on",
        "settled_on",
        "known_on",
        "superseded_on",
        "over_from",
        debtor_id="customer_id",
        owed=timed.remaining - timed.disputed_amount,
    )
    day = crossed.happened_on
    still_owed = owed.settled_on.isnull() | (owed.settled_on >= day)
    joined = crossed.inner_join(
        owed, [crossed.customer_id == owed.debtor_id, owed.issued_on <= day, known_then(owed, day), still_owed]
    )
    is_over = joined.over_from <= joined.happened_on
    return joined.group_by("customer_id", "invoice_id", "happened_on", "amount").aggregate(
        over=joined.owed.sum(where=is_over),
        over_unknown=(is_over & joined.owed.isnull()).any(),
        exposure=joined.owed.sum(),
    )


def _material(sums: ir.Table, materiality: Materiality) -> ir.Table:
    """The crossings on whose day the customer owed a material amount that long past due."""
    of_exposure = sums.exposure * ibis.literal(materiality.share)
    large = (sums.over > ibis.literal(materiality.amount)) & (sums.over > of_exposure)
    return sums.filter(sums.amount.isnull() | large)


def _not_technical(sums: ir.Table, cash: ir.Table) -> ir.Table:
    """The crossings on whose day the customer's money at hand did not cover what was that long past due."""
    held = cash.select("paid_on", "rest", payer_id="customer_id")
    joined = sums.left_join(held, [sums.customer_id == held.payer_id, held.paid_on <= sums.happened_on])
    at_hand = joined.group_by("customer_id", "invoice_id", "happened_on", "over", "over_unknown").aggregate(
        cash=joined.rest.sum()
    )
    covered = (at_hand.cash >= at_hand.over) & ~at_hand.over_unknown
    return at_hand.filter(~covered.fill_null(False))


def unapplied_cash(book: Book, known_on: date) -> ir.Table:
    """What was received and is not allocated, as the book had it at the end of a day.

    Args:
        book: The book.
        known_on: What the book learnt after this day is not seen.

    Returns:
        ``customer_id``, ``paid_on`` and ``rest`` (money in the book's currency, above 0), one row per payment. A
        payment in another currency or of an unknown amount is absent: it cannot be shown to cover anything; and an
        allocation that states no amount takes all of its payment.
    """
    day = ibis.date(known_on)
    paid = versions(book["payments"], CONTRACTS["payments"].key)
    paid = paid.filter(known_then(paid, day), paid.currency == book.currency)
    parts = versions(book["allocations"], CONTRACTS["allocations"].key)
    parts = parts.filter(known_then(parts, day))
    taken = parts.group_by(paid_with="payment_id").aggregate(
        allocated=parts.amount.sum(), unstated=parts.amount.isnull().any()
    )
    rows = paid.left_join(taken, paid.payment_id == taken.paid_with)
    rows = rows.mutate(rest=rows.amount - rows.allocated.fill_null(0)).filter(~rows.unstated.fill_null(False))
    return rows.filter(rows.rest > 0).select("customer_id", "paid_on", "rest")


def _events(credit_events: ir.Table, known_on: date, kinds: Collection[str]) -> ir.Table:
    """Credit events that count and were known: ``customer_id`` and ``happened_on``."""
    rows = versions(credit_events, CONTRACTS["credit_events"].key)
    counted = rows.filter(known_then(rows, ibis.date(known_on)), rows.kind.isin(list(kinds)))
    return counted.select("customer_id", "happened_on").distinct()
