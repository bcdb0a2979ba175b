"""The claims of a receivables ledger: invoices, their orders, disputes and credit notes."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from data.contracts import CREDIT_NOTES, DISPUTES, INVOICES, ORDERS
from data.simulated_columns import (
    CLOSE_OF_BUSINESS,
    MORNING,
    NEVER,
    Cents,
    Days,
    Flags,
    Indices,
    choice,
    counts,
    days,
    flags,
    identifiers,
    instants,
    money,
    rate,
    same,
    seconds_from,
    shaped,
)
from data.simulated_schedule import Items
from data.simulated_settlement import GRACE_DAYS, Settlement
from data.simulated_world import World

ORDER_AHEAD_DAYS: Final = 10
"""An order comes at most this many days before its invoice."""
REASONS: Final = ("QUALITY", "PRICE", "QUANTITY", "DELIVERY", None)
_ORDERED_SHARE: Final = 0.9
_AMOUNT_MISSING_SHARE: Final = 0.001
_CORRECTED_SHARE: Final = 0.001
_CREDITED_SHARE: Final = 0.015
_FULLY_CREDITED_SHARE: Final = 0.1
_REBATE_SHARE: Final = 0.004
_DISPUTED_LATE_SHARE: Final = 0.2
_DISPUTED_SHARE: Final = 0.006
_DISPUTE_SLOPE: Final = 0.8


@dataclass(frozen=True)
class Ledger:
    """What every table of the ledger is made from, each column of shape (items,), ordered by invoice number.

    Attributes:
        items: The invoices, those that are only ordered by the end of the book included.
        settlement: What became of them.
        number: Invoice number, 1 for the first issued.
        ordered: Order day, NEVER for an invoice without order.
        is_missing: Whether the source lost the amount.
        credit: Cents credited on the invoice.
        credited: Day of the credit note, NEVER for none.
        is_in_book: Whether the invoice was issued by the end of the book.
    """

    items: Items
    settlement: Settlement
    number: Indices
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
    return Ledger(
        items=items,
        settlement=settlement,
        number=np.arange(1, n + 1, dtype=np.int32),
        ordered=np.where(has_order, ordered, NEVER).astype(np.int32),
        is_missing=is_missing,
        credit=credit,
        credited=credited,
        is_in_book=items.issued <= world.calendar.end,
    )


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
    """Invoices known at issue; one in a thousand has its amount put right within days, as a further version."""
    rng = world.stream("invoices")
    rows = np.flatnonzero(ledger.is_in_book)
    later = ledger.items.issued[rows] + rng.integers(1, 6, len(rows), dtype=np.int32)
    wrong = (rng.random(len(rows), dtype=np.float32) < _CORRECTED_SHARE) & ~ledger.is_missing[rows]
    put_right = np.flatnonzero(wrong & (later <= world.calendar.end))
    cents = ledger.items.cents[rows]
    first = np.where(wrong, cents + cents // 10, cents)
    seconds = seconds_from(rng, len(rows), CLOSE_OF_BUSINESS)
    who = np.concatenate([rows, rows[put_right]])
    known = instants(
        np.concatenate([ledger.items.issued[rows], later[put_right]]), np.concatenate([seconds, seconds[put_right]])
    )
    columns = {
        "invoice_id": identifiers("I", ledger.number[who], 9),
        "customer_id": identifiers("C", ledger.items.customer[who], 6),
        "issued_on": days(ledger.items.issued[who]),
        "due_on": days(ledger.items.due[who]),
        "amount": money(np.concatenate([first, cents[put_right]]), ledger.is_missing[who]),
        "currency": same(world.shape.currency, len(who)),
        "interest_rate": rate(np.zeros(len(who), np.int64), np.ones(len(who), bool)),
        "order_id": identifiers("O", ledger.number[who], 9, ledger.ordered[who] >= NEVER),
        "outcome_unknown": flags(np.zeros(len(who), bool)),
    }
    return shaped(INVOICES, columns, known)


def orders_table(world: World, ledger: Ledger) -> pa.Table:
    """Orders, the open ones included: those whose invoice comes after the end of the book."""
    rng = world.stream("orders")
    rows = np.flatnonzero(ledger.ordered <= world.calendar.end)
    items = ledger.items
    columns = {
        "order_id": identifiers("O", ledger.number[rows], 9),
        "customer_id": identifiers("C", items.customer[rows], 6),
        "ordered_on": days(ledger.ordered[rows]),
        "amount": money(items.cents[rows]),
        "currency": same(world.shape.currency, len(rows)),
        "terms_days": counts((items.due - items.issued)[rows]),
    }
    return shaped(ORDERS, columns, instants(ledger.ordered[rows], seconds_from(rng, len(rows), MORNING)))


def disputes_table(world: World, ledger: Ledger) -> pa.Table:
    """Disputes, most about invoices that are paid late for it, the rest more often under strain.

    Closing one is a further version of its row.

    A dispute of an invoice that distress leaves unpaid was opened before the distress and is closed by the
    due date, so that it never stops the count of its days past due.
    """
    rng = world.stream("disputes")
    items, paid, distress = ledger.items, ledger.settlement.paid, ledger.settlement.distress
    n = len(items)
    is_late = (paid - items.due >= GRACE_DAYS) & (distress == NEVER)
    strain = world.strain.value(items.customer, world.calendar.month_of(items.issued))
    share = np.minimum(_DISPUTED_SHARE * np.exp(_DISPUTE_SLOPE * strain), 0.1)
    chosen = rng.random(n, dtype=np.float32) < np.where(is_late, _DISPUTED_LATE_SHARE, share)
    opened = items.issued + 1 + (rng.random(n) * (items.due - items.issued)).astype(np.int32)
    closed = np.where(distress < NEVER, items.due, np.minimum(paid, NEVER))
    rows = np.flatnonzero(
        chosen & ledger.is_in_book & (opened < distress) & (opened <= world.calendar.end) & (opened < closed)
    )
    opened, closed = opened[rows], np.maximum(closed[rows], opened[rows])
    return _disputes(rng, world, ledger, rows, opened, closed)


def _disputes(
    rng: np.random.Generator,
    world: World,
    ledger: Ledger,
    rows: Indices,
    opened: Days,
    closed: Days,
) -> pa.Table:
    """Both versions of each dispute: as it was opened, and as it was closed by the end of the book."""
    whole = rng.random(len(rows)) < 0.6
    part = np.rint(ledger.items.cents[rows] * rng.uniform(0.05, 0.6, len(rows))).astype(np.int64)
    reason = rng.integers(0, len(REASONS), len(rows))
    seconds = seconds_from(rng, len(rows), MORNING)
    shut = np.flatnonzero(closed <= world.calendar.end)
    at = np.concatenate([np.arange(len(rows)), shut])
    is_open = np.arange(len(at)) < len(rows)
    closed_on = np.where(is_open, NEVER, closed[at]).astype(np.int32)
    columns = {
        "dispute_id": identifiers("D", ledger.number[rows[at]], 9),
        "customer_id": identifiers("C", ledger.items.customer[rows[at]], 6),
        "invoice_id": identifiers("I", ledger.number[rows[at]], 9),
        "opened_on": days(opened[at]),
        "closed_on": days(closed_on),
        "amount": money(part[at], whole[at] | ledger.is_missing[rows[at]]),
        "currency": same(world.shape.currency, len(at)),
        "reason": choice(reason[at], REASONS),
    }
    known_on = np.where(is_open, opened[at], closed[at]).astype(np.int32)
    return shaped(DISPUTES, columns, instants(known_on, seconds[at]))


def credit_notes_table(world: World, ledger: Ledger) -> pa.Table:
    """Credit notes on invoices, and rebates that no invoice is named for."""
    rng = world.stream("credit notes")
    rows = np.flatnonzero((ledger.credited <= world.calendar.end) & ledger.is_in_book)
    rebates = np.flatnonzero(ledger.is_in_book & (rng.random(len(ledger.items), dtype=np.float32) < _REBATE_SHARE))
    who = np.concatenate([rows, rebates])
    is_rebate = np.arange(len(who)) >= len(rows)
    rebate = np.rint(ledger.items.cents[who] * rng.uniform(0.01, 0.1, len(who))).astype(np.int64)
    day = np.where(is_rebate, ledger.items.issued[who], ledger.credited[who]).astype(np.int32)
    columns = {
        "credit_note_id": identifiers("N", np.arange(1, len(who) + 1), 9),
        "customer_id": identifiers("C", ledger.items.customer[who], 6),
        "invoice_id": identifiers("I", ledger.number[who], 9, is_rebate),
        "issued_on": days(day),
        "amount": money(np.where(is_rebate, rebate, ledger.credit[who])),
        "currency": same(world.shape.currency, len(who)),
    }
    return shaped(CREDIT_NOTES, columns, instants(day, seconds_from(rng, len(who), CLOSE_OF_BUSINESS)))
