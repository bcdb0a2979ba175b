"""What customers hold against an invoice: disputes and credit notes."""

from typing import Final

import numpy as np
import pyarrow as pa

from data.contracts import CREDIT_NOTES, DISPUTES
from data.simulation.columns import (
    CLOSE_OF_BUSINESS,
    MORNING,
    NEVER,
    Days,
    Indices,
    choice,
    days,
    identifiers,
    instants,
    money,
    seconds_from,
    shaped,
)
from data.simulation.ledger import Ledger
from data.simulation.settlement import GRACE_DAYS
from data.simulation.world import World

REASONS: Final = ("QUALITY", "PRICE", "QUANTITY", "DELIVERY", None)
_REBATE_SHARE: Final = 0.004
_DISPUTED_LATE_SHARE: Final = 0.2
_DISPUTED_SHARE: Final = 0.006
_DISPUTE_SLOPE: Final = 0.8


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
        "currency": world.currency(ledger.items.customer[rows[at]]),
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
        "currency": world.currency(ledger.items.customer[who]),
    }
    return shaped(CREDIT_NOTES, columns, instants(day, seconds_from(rng, len(who), CLOSE_OF_BUSINESS)))
