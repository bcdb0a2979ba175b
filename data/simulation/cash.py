"""The cash of a receivables ledger: payments and what each of them is for."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import pyarrow as pa

from data.contracts import ALLOCATIONS, PAYMENTS
from data.simulation.agreements import DISCOUNT_DAYS
from data.simulation.calendar import working_day_after
from data.simulation.columns import (
    MORNING,
    NEVER,
    Cents,
    Days,
    Flags,
    Indices,
    days,
    flags,
    identifiers,
    instants,
    money,
    seconds_from,
    shaped,
)
from data.simulation.ledger import Ledger
from data.simulation.world import World

_PART_PAID_SHARE: Final = 0.025
_PART_PAID_IN_DISTRESS_SHARE: Final = 0.3
_SHORT_PAID_SHARE: Final = 0.005
_OVERPAID_SHARE: Final = 0.003
_UNALLOCATED_SHARE: Final = 0.002
_PAID_TOO_MUCH_SHARE: Final = 0.002
"""Invoices on which more is allocated than they are for."""
_UNEARNED_SHARE: Final = 0.03
"""Discounts that are taken although the day has passed, of those not taken in time."""
_BOOKED_LATE_SHARE: Final = 0.0005
BOOKED_LATE_DAYS: Final = 20


@dataclass(frozen=True)
class Parts:
    """Parts of payments that go to invoices, each column of shape (parts,).

    Attributes:
        row: Row of the ledger.
        day: Value date.
        cents: What is paid.
        discount: Cash discount granted with it.
        clears: Whether nothing is owed after it.
    """

    row: Indices
    day: Days
    cents: Cents
    discount: Cents
    clears: Flags

    def take(self, rows: Indices | Flags) -> "Parts":
        """Some of the parts."""
        return Parts(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def cash_tables(world: World, ledger: Ledger) -> tuple[pa.Table, pa.Table]:
    """Payments and allocations; what a customer pays on one day is one payment."""
    rng = world.stream("cash")
    parts = _parts(rng, world, ledger)
    customer = ledger.items.customer[parts.row]
    order = np.argsort(parts.day.astype(np.int64) * world.shape.customers + customer, kind="stable")
    parts = parts.take(order)
    customer = customer[order]
    is_first = np.ones(len(order), bool)
    is_first[1:] = (np.diff(parts.day) != 0) | (np.diff(customer) != 0)
    starts = np.flatnonzero(is_first)
    payment = np.cumsum(is_first, dtype=np.int32)

    known = parts.day[starts] + _booking_days(rng, world, len(starts))
    seconds = seconds_from(rng, len(starts), MORNING)
    booked = known <= world.calendar.end
    total = np.add.reduceat(parts.cents, starts) if len(starts) else np.zeros(0, np.int64)
    total = np.where(rng.random(len(starts)) < _OVERPAID_SHARE, total + total // 8 + 100, total)
    allocated = np.maximum(known[payment - 1], ledger.known[parts.row])  # what is paid in advance waits for its invoice
    kept = booked[payment - 1] & (allocated <= world.calendar.end)
    allocations = _allocations(
        ledger, parts.take(kept), customer[kept], payment[kept], allocated[kept], seconds[payment[kept] - 1]
    )
    return _payments(rng, world, ledger, parts, customer, starts, known, seconds, booked, total), allocations


def _booking_days(rng: np.random.Generator, world: World, rows: int) -> Days:
    """Days from value date to booking: none as a rule, two at most, and in the detail ``full`` now and then weeks."""
    waited = rng.choice(np.array([0, 1, 2], np.int32), rows, p=[0.7, 0.2, 0.1])
    if world.shape.is_full:
        late = rng.random(rows, dtype=np.float32) < _BOOKED_LATE_SHARE
        waited[late] = rng.integers(3, BOOKED_LATE_DAYS + 1, int(late.sum()))
    return np.asarray(waited)


def _parts(rng: np.random.Generator, world: World, ledger: Ledger) -> Parts:
    """First and final parts, by the end of the book."""
    items, settlement = ledger.items, ledger.settlement
    n = len(items)
    net = items.cents - ledger.credit
    is_bad = settlement.distress < NEVER
    share_of_parts = np.where(is_bad, _PART_PAID_IN_DISTRESS_SHARE, _PART_PAID_SHARE)
    before = items.due - rng.integers(0, 8, n, dtype=np.int32)
    first_day = working_day_after(np.where(is_bad, items.due + rng.integers(0, 12, n, dtype=np.int32), before))
    in_parts = (
        (rng.random(n, dtype=np.float32) < share_of_parts)
        & (first_day > items.issued)
        & (first_day < settlement.paid)
        & (ledger.credited >= NEVER)
        & ~ledger.is_missing
        & ~(_is_in_discount(ledger) if world.shape.is_full else False)
    )
    first = np.where(in_parts, np.rint(net * rng.uniform(0.2, 0.7, n)), 0).astype(np.int64)
    rest = net - first
    short = (rng.random(n, dtype=np.float32) < _SHORT_PAID_SHARE) & ~in_parts
    rest = np.where(short, rest - rest // 100, rest)
    first_rows = np.flatnonzero(in_parts & (first > 0) & (first_day <= world.calendar.end) & ledger.is_in_book)
    last_rows = np.flatnonzero((settlement.paid <= world.calendar.end) & (rest > 0))
    last = rest[last_rows]
    discount = np.zeros(len(last), np.int64)
    if world.shape.is_full:
        discount = np.minimum(_granted(world, ledger, last_rows), last - 1)
        more = world.stream("paid too much").random(len(last), dtype=np.float32) < _PAID_TOO_MUCH_SHARE
        last = last - discount + np.where(more, last // 20 + 100, 0)
    return Parts(
        row=np.concatenate([first_rows, last_rows]),
        day=np.concatenate([first_day[first_rows], settlement.paid[last_rows]]).astype(np.int32),
        cents=np.concatenate([first[first_rows], last]),
        discount=np.concatenate([np.zeros(len(first_rows), np.int64), discount]),
        clears=np.arange(len(first_rows) + len(last_rows)) >= len(first_rows),
    )


def _is_in_discount(ledger: Ledger) -> Flags:
    """Whether each invoice with a cash discount is paid in time for it, shape (items,)."""
    allowed = DISCOUNT_DAYS[ledger.items.terms]
    return np.asarray((allowed > 0) & (ledger.settlement.paid <= ledger.items.issued + allowed))


def _granted(world: World, ledger: Ledger, rows: Indices) -> Cents:
    """Cash discount granted on each of some paid invoices: to those paid in time, and to a few that were not."""
    unearned = world.stream("unearned").random(len(rows), dtype=np.float32) < _UNEARNED_SHARE
    return np.where(_is_in_discount(ledger)[rows] | unearned, ledger.discount[rows], 0)


def _allocations(
    ledger: Ledger, parts: Parts, customer: Indices, payment: Indices, known: Days, seconds: Indices
) -> pa.Table:
    columns = {
        "payment_id": identifiers("P", payment, 9),
        "invoice_id": identifiers("I", ledger.number[parts.row], 9),
        "customer_id": identifiers("C", customer, 6),
        "allocated_on": days(parts.day),
        "amount": money(parts.cents, ledger.is_missing[parts.row]),
        "discount_amount": money(parts.discount, parts.discount == 0),
        "clears_invoice": flags(parts.clears),
    }
    return shaped(ALLOCATIONS, columns, instants(known, seconds))


def _payments(
    rng: np.random.Generator,
    world: World,
    ledger: Ledger,
    parts: Parts,
    customer: Indices,
    starts: Indices,
    known: Days,
    seconds: Indices,
    booked: Flags,
    total: Cents,
) -> pa.Table:
    """Payments by day, then those that nobody could allocate: a customer's round sum on account."""
    kept = np.flatnonzero(booked)
    odd = kept[rng.random(len(kept)) < _UNALLOCATED_SHARE]
    group = np.concatenate([kept, odd])
    is_odd = np.arange(len(group)) >= len(kept)
    number = np.where(is_odd, len(starts) + 1 + np.arange(len(group)) - len(kept), group + 1)
    on_account = np.maximum(total[group] // 100_000, 1) * 100_000
    columns = {
        "payment_id": identifiers("P", number, 9),
        "customer_id": identifiers("C", customer[starts[group]], 6),
        "paid_on": days(parts.day[starts[group]]),
        "amount": money(np.where(is_odd, on_account, total[group])),
        "currency": world.currency(customer[starts[group]]),
    }
    return shaped(PAYMENTS, columns, instants(known[group], seconds[group]))
