"""Securities: credit insurance, guarantees of owners and banks, letters of credit and deposits."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import pyarrow as pa

from data.contracts import SECURITIES
from data.simulation.columns import (
    NEVER,
    Cents,
    Days,
    Flags,
    Indices,
    choice,
    days,
    identifiers,
    instants,
    money,
    rate,
    shaped,
)
from data.simulation.limits import Limits
from data.simulation.world import World

KINDS: Final = ("INSURANCE", "GUARANTEE", "LETTER_OF_CREDIT", "DEPOSIT")
ISSUERS: Final = ("INSURER", "OWNER", "BANK", None)
_INSURED_SHARE: Final = 0.25
_COVERED_PERCENT: Final = 90
_POLICY_DAYS: Final = 365
_CANCELLED_STRAIN: Final = 2.0
"""Strain of the month before from which an insurer cancels its cover."""
_NOTICE_DAYS: Final = 30
_GUARANTEED_SHARE: Final = 0.3
"""Of the customers that are owned."""
_BANK_SHARE: Final = 0.01
_LETTER_SHARE: Final = 0.4
"""Of the customers invoiced in another currency."""
_LETTER_DAYS: Final = 180
_DEPOSIT_SHARE: Final = 0.02


@dataclass(frozen=True)
class Securities:
    """Securities, each column of shape (securities,).

    Attributes:
        who: Position of the customer.
        kind: Position in ``KINDS``.
        issuer: Position in ``ISSUERS``.
        first: First day of cover, on which it is known.
        last: Last day of cover, NEVER for until further notice.
        cancelled: Day on which it is known to end early, NEVER for not; the cover lasts ``_NOTICE_DAYS`` more.
        cents: Most that it pays.
        percent: Part of a loss that it pays; 0 for all of it.
    """

    who: Indices
    kind: Indices
    issuer: Indices
    first: Days
    last: Days
    cancelled: Days
    cents: Cents
    percent: Indices


def securities_table(world: World, limits: Limits) -> pa.Table:
    """All securities given by the end; one that is cancelled has its last day put forward by a further version."""
    rng, end = world.stream("securities"), world.calendar.end
    parts = [_insurance(rng, world, limits), *_one_each(rng, world, limits), _letters(rng, world, limits)]
    every = Securities(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Securities)))
    rows = np.flatnonzero((every.first <= end) & (every.cents > 0))
    rows = rows[np.lexsort((every.kind[rows], every.who[rows], every.first[rows]))]
    number = np.arange(1, len(rows) + 1)
    ended = np.flatnonzero(every.cancelled[rows] <= end)
    at = np.concatenate([np.arange(len(rows)), ended])
    is_first = np.arange(len(at)) < len(rows)
    row = rows[at]
    last = np.where(is_first, every.last[row], every.cancelled[row] + _NOTICE_DAYS).astype(np.int32)
    columns = {
        "security_id": identifiers("S", number[at], 9),
        "customer_id": identifiers("C", every.who[row], 6),
        "kind": choice(every.kind[row], KINDS),
        "issuer": choice(every.issuer[row], ISSUERS),
        "valid_from_on": days(every.first[row]),
        "valid_to_on": days(last),
        "amount": money(every.cents[row]),
        "currency": world.currency(every.who[row]),
        "covered_percent": rate(every.percent[row].astype(np.int64) * 1_000_000, every.percent[row] == 0),
    }
    known = np.where(is_first, every.first[row], every.cancelled[row]).astype(np.int32)
    return shaped(SECURITIES, columns, instants(known, np.full(len(row), 11 * 3_600)))


def _limit_on(limits: Limits, who: Indices, day: Days) -> Cents:
    """The limit in force on a day, 0 for none."""
    key = limits.who.astype(np.int64) << 17 | limits.valid_from
    found = np.searchsorted(key, who.astype(np.int64) << 17 | day, side="right") - 1
    at = np.maximum(found, 0)
    has = (found >= 0) & (limits.who[at] == who) if len(key) else np.zeros(len(who), bool)
    return np.where(has, limits.cents[at], 0) if len(key) else np.zeros(len(who), np.int64)


def _insurance(rng: np.random.Generator, world: World, limits: Limits) -> Securities:
    """Policies of a year for some customers, each for the limit of its first day, some cancelled under strain."""
    calendar, n = world.calendar, world.shape.customers
    insured = rng.random(n) < _INSURED_SHARE
    begins = np.maximum(world.traits.signed_up, calendar.start) + rng.integers(0, _POLICY_DAYS, n)
    years = np.arange((calendar.end - calendar.start) // _POLICY_DAYS + 1)
    first = (begins[:, None] + _POLICY_DAYS * years).astype(np.int32)
    who, column = np.nonzero(insured[:, None] & (first <= calendar.end))
    first = first[who, column]
    day = np.minimum(first + rng.integers(30, _POLICY_DAYS - _NOTICE_DAYS, len(who), dtype=np.int32), calendar.end)
    bad = world.strain.value(who, calendar.month_of(day) - 1) > _CANCELLED_STRAIN
    ends = bad & (first < day) & (day < first + _POLICY_DAYS - 1 - _NOTICE_DAYS)
    return Securities(
        who=who,
        kind=np.zeros(len(who), np.int8),
        issuer=np.zeros(len(who), np.int8),
        first=first,
        last=first + np.int32(_POLICY_DAYS - 1),
        cancelled=np.where(ends, day, NEVER).astype(np.int32),
        cents=_limit_on(limits, who, first),
        percent=np.full(len(who), _COVERED_PERCENT),
    )


def _one_each(rng: np.random.Generator, world: World, limits: Limits) -> list[Securities]:
    """Guarantees of owners and banks, and deposits: one for a customer, until further notice."""
    traits, n = world.traits, world.shape.customers
    begins = np.maximum(traits.signed_up, world.calendar.start).astype(np.int32)
    owned = np.maximum(begins, traits.bought)
    return [
        _standing(limits, (traits.parent >= 0) & (rng.random(n) < _GUARANTEED_SHARE), owned, 1, 1, 1.0),
        _standing(limits, rng.random(n) < _BANK_SHARE, begins, 1, 2, 0.5),
        _standing(limits, (traits.size == 0) & (rng.random(n) < _DEPOSIT_SHARE), begins, 3, 3, 0.2),
    ]


def _standing(limits: Limits, given: Flags, first: Days, kind: int, issuer: int, part: float) -> Securities:
    who = np.flatnonzero(given)
    never = np.full(len(who), NEVER, np.int32)
    cents = (part * _limit_on(limits, who, first[who])).astype(np.int64)
    zero = np.zeros(len(who), np.int8)
    return Securities(who, zero + np.int8(kind), zero + np.int8(issuer), first[who], never, never, cents, zero)


def _letters(rng: np.random.Generator, world: World, limits: Limits) -> Securities:
    """Letters of credit for some customers abroad, one after the other with days between."""
    calendar = world.calendar
    abroad = np.flatnonzero((world.agreements.currency > 0) & (rng.random(world.shape.customers) < _LETTER_SHARE))
    times = np.arange((calendar.end - calendar.start) // (_LETTER_DAYS + 30) + 1)
    begins = np.maximum(world.traits.signed_up[abroad], calendar.start) + rng.integers(0, 90, len(abroad))
    first = (begins[:, None] + (_LETTER_DAYS + 30) * times).astype(np.int32).ravel()
    who = np.repeat(abroad, len(times))
    zero = np.zeros(len(who), np.int8)
    return Securities(
        who=who,
        kind=zero + np.int8(2),
        issuer=zero + np.int8(2),
        first=first,
        last=first + np.int32(_LETTER_DAYS - 1),
        cancelled=np.full(len(who), NEVER, np.int32),
        cents=_limit_on(limits, who, first) // 2,
        percent=zero,
    )
