"""What every table of the receivables ledger is made from, and its invoices."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from data.contracts import INVOICES
from data.simulation.agreements import CODES, DISCOUNT_DAYS, DISCOUNT_PERCENT
from data.simulation.columns import (
    CLOSE_OF_BUSINESS,
    NEVER,
    Cents,
    Days,
    Flags,
    Indices,
    choice,
    days,
    flags,
    identifiers,
    instants,
    money,
    seconds_from,
    shaped,
)
from data.simulation.schedule import Items
from data.simulation.settlement import Settlement
from data.simulation.world import World

ORDER_AHEAD_DAYS: Final = 10
"""An order comes at most this many days before its invoice."""
_ORDERED_SHARE: Final = 0.9
_AMOUNT_MISSING_SHARE: Final = 0.001
_CORRECTED_SHARE: Final = 0.001
_CREDITED_SHARE: Final = 0.015
_FULLY_CREDITED_SHARE: Final = 0.1
MISDATED_DAYS: Final = 7
"""By how much a due date is too late until it is put right."""
_LATE_KNOWN_SHARE: Final = 0.004
_LATE_KNOWN_DAYS: Final = 10


@dataclass(frozen=True)
class Ledger:
    """What every table of the ledger is made from, each column of shape (items,), ordered by invoice number.

    Attributes:
        items: The invoices, those that are only ordered by the end of the book included.
        settlement: What became of them.
        number: Invoice number, 1 for the first issued.
        lead: Number of the invoice that stands for its document: the first instalment, or the invoice itself.
        known: Day on which the book learns of it.
        discount: Cents of cash discount allowed, 0 for none.
        ordered: Order day, NEVER for an invoice without order.
        is_missing: Whether the source lost the amount.
        credit: Cents credited on the invoice.
        credited: Day of the credit note, NEVER for none.
        is_in_book: Whether the invoice was issued, and known, by the end of the book.
    """

    items: Items
    settlement: Settlement
    number: Indices
    lead: Indices
    known: Days
    discount: Cents
    ordered: Days
    is_missing: Flags
    credit: Cents
    credited: Days
    is_in_book: Flags


def ledger_of(world: World, items: Items, settlement: Settlement) -> Ledger:
    """Number the invoices that are issued, by day of issue, and draw their orders and credit notes."""
    rng = world.stream("ledger")
    seen = np.flatnonzero(settlement.is_issued & (items.issued <= world.calendar.end + ORDER_AHEAD_DAYS))
    rows = seen[np.argsort((items.issued[seen] - world.calendar.start).astype(np.uint16), kind="stable")]
    items = items.take(rows)
    settlement = Settlement(
        settlement.is_issued[rows], settlement.paid[rows], settlement.distress[rows], settlement.late5_prob[rows]
    )
    n = len(items)
    ordered = items.issued - rng.integers(1, ORDER_AHEAD_DAYS + 1, n, dtype=np.int32)
    has_order = rng.random(n, dtype=np.float32) < _ORDERED_SHARE
    is_missing = rng.random(n, dtype=np.float32) < _AMOUNT_MISSING_SHARE
    credit, credited = _credits(rng, items, settlement, is_missing)
    lead = _leads(items)
    ordered = np.where(has_order, ordered, NEVER).astype(np.int32)[lead - 1]
    return Ledger(
        items=items,
        settlement=settlement,
        number=np.arange(1, n + 1, dtype=np.int32),
        lead=lead,
        known=_known(world, items, settlement),
        discount=_discounts(items, is_missing),
        ordered=ordered,
        is_missing=is_missing,
        credit=credit,
        credited=credited,
        is_in_book=items.issued <= world.calendar.end,
    )


def _leads(items: Items) -> Indices:
    """Number of the first instalment of each invoice's document; its own number for a whole one."""
    lead = np.arange(1, len(items) + 1, dtype=np.int32)
    parts = np.flatnonzero(items.document)[::-1]
    first = np.zeros(int(items.document.max(initial=0)) + 1, np.int32)
    first[items.document[parts]] = lead[parts]  # of equal places the last one written stays: the lowest number
    lead[parts] = first[items.document[parts]]
    return lead


def _known(world: World, items: Items, settlement: Settlement) -> Days:
    """The issue day, or with the detail ``full`` now and then days later: by the end, and before any payment."""
    if not world.shape.is_full:
        return items.issued
    rng, n = world.stream("known late"), len(items)
    later = items.issued + rng.integers(1, _LATE_KNOWN_DAYS + 1, n, dtype=np.int32)
    quiet = np.minimum(items.due - 8, settlement.paid)  # a first part is paid 7 days before the due date at most
    chosen = (rng.random(n, dtype=np.float32) < _LATE_KNOWN_SHARE) & (later < quiet) & (later <= world.calendar.end)
    return np.where(chosen, later, items.issued)


def _discounts(items: Items, is_missing: Flags) -> Cents:
    """Cents of cash discount that the terms allow on each invoice."""
    percent = np.where(is_missing, 0, DISCOUNT_PERCENT[items.terms])
    return np.rint(items.cents * percent / 100).astype(np.int64)


def _credits(rng: np.random.Generator, items: Items, settlement: Settlement, is_missing: Flags) -> tuple[Cents, Days]:
    """Credit notes on invoices: a part before payment, or the whole instead of it; none once in distress."""
    n = len(items)
    chosen = (rng.random(n, dtype=np.float32) < _CREDITED_SHARE) & ~is_missing
    is_full = chosen & (rng.random(n, dtype=np.float32) < _FULLY_CREDITED_SHARE) & (settlement.distress == NEVER)
    wanted = items.issued + (rng.random(n) * (items.due - items.issued)).astype(np.int32)
    day = np.where(is_full, settlement.paid, np.minimum(wanted, settlement.paid))
    chosen &= day < settlement.distress
    share = np.where(is_full, 1.0, rng.uniform(0.02, 0.4, n))
    cents = np.where(chosen, np.rint(share * items.cents), 0).astype(np.int64)
    return cents, np.where(chosen, day, NEVER).astype(np.int32)


def invoices_table(world: World, ledger: Ledger) -> pa.Table:
    """Invoices; one in a thousand has its amount put right within days of being known, as a further version.

    With the detail ``full`` as many have their due date put right.
    """
    rng = world.stream("invoices")
    rows = np.flatnonzero(ledger.is_in_book)
    known = ledger.known[rows]
    later = known + rng.integers(1, 6, len(rows), dtype=np.int32)
    luck = rng.random(len(rows), dtype=np.float32)
    wrong = (luck < _CORRECTED_SHARE) & ~ledger.is_missing[rows]
    misdated = (luck > 1 - _CORRECTED_SHARE) & world.shape.is_full
    put_right = np.flatnonzero((wrong | misdated) & (later <= world.calendar.end))
    cents, due = ledger.items.cents[rows], ledger.items.due[rows]
    first = np.where(wrong, cents + cents // 10, cents)
    first_due = np.where(misdated, due + MISDATED_DAYS, due).astype(np.int32)
    seconds = seconds_from(rng, len(rows), CLOSE_OF_BUSINESS)
    who = np.concatenate([rows, rows[put_right]])
    known_at = instants(np.concatenate([known, later[put_right]]), np.concatenate([seconds, seconds[put_right]]))
    columns = {
        "invoice_id": identifiers("I", ledger.number[who], 9),
        "customer_id": identifiers("C", ledger.items.customer[who], 6),
        "issued_on": days(ledger.items.issued[who]),
        "due_on": days(np.concatenate([first_due, due[put_right]])),
        "amount": money(np.concatenate([first, cents[put_right]]), ledger.is_missing[who]),
        "currency": world.currency(ledger.items.customer[who]),
        "order_id": identifiers("O", ledger.lead[who], 9, ledger.ordered[who] >= NEVER),
        "outcome_unknown": flags(np.zeros(len(who), bool)),
        **(_agreed_columns(ledger, who) if world.shape.is_full else {}),
    }
    return shaped(INVOICES, columns, known_at)


def _agreed_columns(ledger: Ledger, rows: Indices) -> dict[str, pa.Array]:
    """Terms, cash discount and document of invoices."""
    terms, issued = ledger.items.terms[rows], ledger.items.issued[rows]
    allows = DISCOUNT_DAYS[terms] > 0
    return {
        "document_id": identifiers("B", ledger.lead[rows], 9, ledger.items.document[rows] == 0),
        "terms_code": choice(terms, CODES),
        "discount_until_on": days(np.where(allows, issued + DISCOUNT_DAYS[terms], NEVER).astype(np.int32)),
        "discount_amount": money(ledger.discount[rows], ~allows | ledger.is_missing[rows]),
    }
