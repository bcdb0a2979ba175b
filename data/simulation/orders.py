"""Orders and their deliveries: what is still to be delivered or billed at the end of the book included."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from data.contracts import DELIVERIES, ORDERS
from data.simulation.agreements import INSTALMENTS, NET_DAYS
from data.simulation.columns import (
    MORNING,
    NEVER,
    Cents,
    Days,
    Flags,
    Indices,
    counts,
    days,
    identifiers,
    instants,
    money,
    seconds_from,
    shaped,
)
from data.simulation.customers import INDUSTRIES
from data.simulation.ledger import Ledger
from data.simulation.world import World

WITHOUT_DELIVERY: Final = INDUSTRIES.index("SERVICES")
_MORE_ORDERED_SHARE: Final = 0.08
"""Of the orders, those for more than is delivered: the rest is cancelled in the end."""
_CALLED_OFF_SHARE: Final = 0.025
"""Orders that are cancelled before anything is delivered, per order that is."""
_IN_TWO_SHARE: Final = 0.15
_WITHOUT_ORDER_DAYS: Final = 2
"""What was not ordered is delivered at most so many days before its invoice."""


@dataclass(frozen=True)
class Ordered:
    """Orders, each column of shape (orders,).

    Attributes:
        number: The order's number: its invoice's, or one beyond all of those.
        row: Row of the ledger from which it stems.
        day: Order day.
        cents: Order value.
        cancelled: Day on which what was not delivered was cancelled, NEVER for never.
    """

    number: Indices
    row: Indices
    day: Days
    cents: Cents
    cancelled: Days


def orders_table(world: World, ledger: Ledger) -> pa.Table:
    """Orders, the open ones included: those whose invoice comes after the end of the book.

    With the detail ``full`` some are for more than was delivered, some are called off; a cancellation is a further
    version of the row.
    """
    rng = world.stream("orders")
    is_lead = ledger.lead == ledger.number
    rows = np.flatnonzero((ledger.ordered <= world.calendar.end) & is_lead)
    orders = Ordered(ledger.number[rows], rows, ledger.ordered[rows], document_cents(ledger, rows), _never(rows))
    seconds = seconds_from(rng, len(rows), MORNING)
    if world.shape.is_full:
        orders = _with_cancelled(world, ledger, orders)
        seconds = np.concatenate([seconds, seconds_from(rng, len(orders.row) - len(rows), MORNING)])
    ended = np.flatnonzero(orders.cancelled <= world.calendar.end)
    at = np.concatenate([np.arange(len(orders.row)), ended])
    is_first = np.arange(len(at)) < len(orders.row)
    cancelled = np.where(is_first, NEVER, orders.cancelled[at]).astype(np.int32)
    terms = (ledger.items.due - ledger.items.issued)[orders.row[at]]
    in_parts = ledger.items.document[orders.row[at]] > 0
    columns = {
        "order_id": identifiers("O", orders.number[at], 9),
        "customer_id": identifiers("C", ledger.items.customer[orders.row[at]], 6),
        "ordered_on": days(orders.day[at]),
        "amount": money(orders.cents[at]),
        "currency": world.currency(ledger.items.customer[orders.row[at]]),
        "terms_days": counts(np.where(in_parts, NET_DAYS[ledger.items.terms[orders.row[at]]], terms)),
        "cancelled_on": days(cancelled),
    }
    return shaped(ORDERS, columns, instants(np.where(is_first, orders.day[at], cancelled), seconds[at]))


def document_cents(ledger: Ledger, rows: Indices) -> Cents:
    """Gross amount of the whole document of each invoice; its instalments are equal."""
    parts = np.where(ledger.items.document[rows] > 0, INSTALMENTS[ledger.items.terms[rows]], 1)
    return np.asarray(ledger.items.cents[rows] * parts)


def _never(rows: Indices) -> Days:
    return np.full(len(rows), NEVER, np.int32)


def _with_cancelled(world: World, ledger: Ledger, orders: Ordered) -> Ordered:
    """The orders, some with a rest that is cancelled, and further ones that are called off before delivery."""
    rng = world.stream("cancelled orders")
    n = len(orders.row)
    has_rest = rng.random(n, dtype=np.float32) < _MORE_ORDERED_SHARE
    rest = np.where(has_rest, np.rint(orders.cents * rng.uniform(0.1, 0.5, n)), 0).astype(np.int64)
    until = ledger.items.issued[orders.row] + rng.integers(10, 121, n, dtype=np.int32)
    off = np.flatnonzero(rng.random(n, dtype=np.float32) < _CALLED_OFF_SHARE)
    called_off = orders.day[off] + rng.integers(1, 31, len(off), dtype=np.int32)
    factor = rng.uniform(0.5, 2.0, len(off))
    return Ordered(
        number=np.concatenate([orders.number, len(ledger.number) + 1 + np.arange(len(off))]),
        row=np.concatenate([orders.row, orders.row[off]]),
        day=np.concatenate([orders.day, orders.day[off]]),
        cents=np.concatenate([orders.cents + rest, np.rint(orders.cents[off] * factor).astype(np.int64)]),
        cancelled=np.concatenate([np.where(rest > 0, until, NEVER).astype(np.int32), called_off]),
    )


def deliveries_table(world: World, ledger: Ledger) -> pa.Table:
    """What was delivered by the end, in one or two parts before its invoice; what is not billed yet included."""
    rng = world.stream("deliveries")
    items = ledger.items
    is_goods = world.traits.industry[items.customer] != WITHOUT_DELIVERY
    rows = np.flatnonzero((ledger.lead == ledger.number) & is_goods)
    cents = document_cents(ledger, rows)
    n = len(rows)
    ordered = ledger.ordered[rows]
    before = np.where(ordered < NEVER, ordered, items.issued[rows] - _WITHOUT_ORDER_DAYS)
    first = before + (rng.random(n, dtype=np.float32) * (items.issued[rows] - before + 1)).astype(np.int32)
    second = first + (rng.random(n, dtype=np.float32) * (items.issued[rows] - first + 1)).astype(np.int32)
    in_two = (rng.random(n, dtype=np.float32) < _IN_TWO_SHARE) & (second > first) & (cents > 1_000)
    part = np.where(in_two, cents * rng.integers(20, 81, n) // 100, cents)
    now = np.flatnonzero(first <= world.calendar.end)
    later = np.flatnonzero(in_two & (second <= world.calendar.end))
    at = np.concatenate([now, later])
    is_second = np.arange(len(at)) >= len(now)
    return _deliveries(
        rng,
        world,
        ledger,
        rows[at],
        np.where(is_second, second[at], first[at]).astype(np.int32),
        np.where(is_second, cents[at] - part[at], part[at]),
        is_second,
    )


def _deliveries(
    rng: np.random.Generator,
    world: World,
    ledger: Ledger,
    rows: Indices,
    delivered: Days,
    cents: Cents,
    is_second: Flags,
) -> pa.Table:
    """Deliveries, known the same day or the next; by the end of the book at the latest."""
    known = np.minimum(delivered + (rng.random(len(rows), dtype=np.float32) < 0.1), world.calendar.end)
    columns = {
        "delivery_id": identifiers("L", ledger.number[rows] + np.where(is_second, len(ledger.number), 0), 9),
        "customer_id": identifiers("C", ledger.items.customer[rows], 6),
        "order_id": identifiers("O", ledger.number[rows], 9, ledger.ordered[rows] >= NEVER),
        "delivered_on": days(delivered),
        "amount": money(cents),
        "currency": world.currency(ledger.items.customer[rows]),
    }
    return shaped(DELIVERIES, columns, instants(known.astype(np.int32), seconds_from(rng, len(rows), MORNING)))
