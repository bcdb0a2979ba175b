"""Credit events: insolvencies and write-offs, and with the detail ``full`` legal action and dunning."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from data.contracts import CREDIT_EVENTS
from data.simulation.calendar import weekday
from data.simulation.columns import (
    NEVER,
    Cents,
    Days,
    Indices,
    choice,
    days,
    identifiers,
    money,
    noon,
    shaped,
)
from data.simulation.episodes import Phase
from data.simulation.ledger import Ledger
from data.simulation.world import World

KINDS: Final = ("INSOLVENCY", "WRITE_OFF", "LEGAL", "DUNNING")
DUNNED_AFTER_DAYS: Final = (14, 28, 49)
"""Days past due from which an invoice stands in the next dunning run; runs are on Tuesdays."""
_SUED_SHARE: Final = 0.5
"""Of the defaults on which legal action is possible."""


@dataclass(frozen=True)
class Events:
    """Events, each column of shape (events,).

    Attributes:
        who: Position of the customer.
        kind: Position in ``KINDS``.
        day: When it happened, NEVER for not at all.
        known: When it is known.
        cents: Amount concerned, 0 for not known.
    """

    who: Indices
    kind: Indices
    day: Days
    known: Days
    cents: Cents


def credit_events_table(world: World, phases: list[Phase], ledger: Ledger) -> pa.Table:
    """Insolvencies, known 1 to 14 days later; all others are known the same day."""
    rng = world.stream("credit events")
    column = {
        name: np.concatenate([getattr(phase.episode, name) for phase in phases])
        for name in ("customer", "insolvent", "written_off", "distress", "default", "resumed")
    }
    n = len(column["customer"])
    nothing = np.zeros(n, np.int64)
    known_on = column["insolvent"] + rng.integers(1, 15, 2 * n).astype(np.int32)[:n]
    found = [
        Events(column["customer"], np.zeros(n, np.int8), column["insolvent"], known_on, nothing),
        Events(column["customer"], np.ones(n, np.int8), column["written_off"], column["written_off"], nothing),
    ]
    if world.shape.is_full:
        owed = _left_unpaid(world, ledger, column["customer"], column["distress"])
        found = [Events(e.who, e.kind, e.day, e.known, owed) for e in found]
        found += [_legal(world, column, owed), _dunning(world, ledger)]
    return _table(world, Events(*(np.concatenate(parts) for parts in zip(*map(_columns, found), strict=True))))


def _columns(events: Events) -> tuple[Indices, Indices, Days, Days, Cents]:
    return events.who, events.kind, events.day, events.known, events.cents


def _table(world: World, events: Events) -> pa.Table:
    rows = np.flatnonzero((events.day < NEVER) & (events.known <= world.calendar.end))
    rows = rows[np.argsort(events.day[rows], kind="stable")]
    columns = {
        "customer_id": identifiers("C", events.who[rows], 6),
        "kind": choice(events.kind[rows], KINDS),
        "happened_on": days(events.day[rows]),
        "amount": money(events.cents[rows], events.cents[rows] == 0),
        "currency": world.currency(events.who[rows]),
    }
    return shaped(CREDIT_EVENTS, columns, noon(events.known[rows]))


def _left_unpaid(world: World, ledger: Ledger, who: Indices, distress: Days) -> Cents:
    """Cents of the invoices that each episode leaves unpaid, shape (episodes,)."""
    rows = np.flatnonzero((ledger.settlement.distress < NEVER) & ledger.is_in_book & ~ledger.is_missing)
    key = ledger.items.customer[rows].astype(np.int64) << 17 | ledger.settlement.distress[rows]
    keys, place = np.unique(key, return_inverse=True)
    total = np.zeros(len(keys) + 1, np.int64)
    np.add.at(total, place, ledger.items.cents[rows] - ledger.credit[rows])
    wanted = who.astype(np.int64) << 17 | distress
    found = np.searchsorted(keys, wanted)
    hit = np.append(keys, -1)[found] == wanted
    return np.where(hit, total[found], 0)


def _legal(world: World, column: dict[str, Indices], owed: Cents) -> Events:
    """Legal action days after some defaults, before the customer pays again, is written off or insolvent."""
    rng, n = world.stream("legal"), len(owed)
    day = column["default"] + rng.integers(1, 40, n).astype(np.int32)
    ends = np.minimum(np.minimum(column["resumed"], column["written_off"]), column["insolvent"])
    happens = (rng.random(n) < _SUED_SHARE) & (column["default"] < NEVER) & (day < ends)
    when = np.where(happens, day, NEVER).astype(np.int32)
    return Events(column["customer"], np.full(n, 2, np.int8), when, when, owed)


def _dunning(world: World, ledger: Ledger) -> Events:
    """One notice per customer and run: the sum of what has been overdue for one of ``DUNNED_AFTER_DAYS``."""
    items, settlement = ledger.items, ledger.settlement
    late = np.flatnonzero(ledger.is_in_book & ~ledger.is_missing & (settlement.paid > items.due + DUNNED_AFTER_DAYS[0]))
    who, cents = items.customer[late], items.cents[late]
    runs = [_tuesday_after(items.due[late] + np.int32(after)) for after in DUNNED_AFTER_DAYS]
    notice = [(run < settlement.paid[late]) & (run <= world.calendar.end) for run in runs]
    key = np.concatenate([(who.astype(np.int64) << 17 | run)[hit] for run, hit in zip(runs, notice, strict=True)])
    keys, place = np.unique(key, return_inverse=True)
    total = np.zeros(len(keys), np.int64)
    owed = [cents - np.where(ledger.credited[late] <= run, ledger.credit[late], 0) for run in runs]
    np.add.at(total, place, np.concatenate([each[hit] for each, hit in zip(owed, notice, strict=True)]))
    day = (keys & ((1 << 17) - 1)).astype(np.int32)
    return Events(keys >> 17, np.full(len(keys), 3, np.int8), day, day, total)


def _tuesday_after(day: Days) -> Days:
    """The day itself if it is a Tuesday, else the next one."""
    return day + (1 - weekday(day)) % np.int32(7)
