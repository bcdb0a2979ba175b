"""Credit limits in force, reviewed yearly; with the detail ``full`` also in between, and cut after a default."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from data.contracts import LIMITS
from data.simulation.columns import (
    NEVER,
    Cents,
    Days,
    Floats,
    Indices,
    days,
    identifiers,
    money,
    noon,
    shaped,
    whole_cents,
)
from data.simulation.customers import TERMS
from data.simulation.episodes import Phase, lies_between
from data.simulation.world import World

_WITHOUT_LIMIT_SHARE: Final = 0.03
_REVIEWS_A_YEAR: Final = 0.3
"""Reviews out of turn per customer and year."""
_STRAIN_SLOPE: Final = 0.15
_CUT_AFTER_DAYS: Final = 3
_CUT_TO: Final = 0.25
_RESTORED_AFTER_DAYS: Final = 180
_RESTORED_TO: Final = 0.6


@dataclass(frozen=True)
class Limits:
    """Limits by customer and first day, each column of shape (limits,).

    Attributes:
        who: Position of the customer.
        valid_from: First day in force.
        cents: Amount.
    """

    who: Indices
    valid_from: Days
    cents: Cents


def draw_limits(world: World, phases: list[Phase]) -> Limits:
    """All limits set by the end of the book, in order of customer and day."""
    rng, calendar, traits = world.stream("limits"), world.calendar, world.traits
    n = world.shape.customers
    has_limit = rng.random(n) >= _WITHOUT_LIMIT_SHARE
    begins = np.maximum(traits.signed_up, calendar.start).astype(np.int32)
    reviews = (calendar.end - calendar.start) // 365 + 1
    valid_from = begins[:, None] + (365 * np.arange(reviews + 1)).astype(np.int32)
    monthly = traits.volume * np.exp(traits.log_amount + 0.22)
    need = monthly * (TERMS[traits.terms] / 30 + 1) * rng.uniform(1.5, 4.0, n)
    change = np.exp(np.cumsum(0.2 * rng.standard_normal((n, reviews + 1)), axis=1))
    who, review = np.nonzero(has_limit[:, None] & (valid_from <= calendar.end))
    limits = Limits(who, valid_from[who, review], _rounded(need[who] * change[who, review]))
    return _revised(world, phases, limits, np.where(has_limit, need, 0.0), begins) if world.shape.is_full else limits


def _rounded(amount: Floats) -> Cents:
    """Up to whole thousands, as cents."""
    return whole_cents(np.ceil(amount / 1_000) * 1_000)


def _revised(world: World, phases: list[Phase], limits: Limits, need: Floats, begins: Days) -> Limits:
    """The limits less what strain of the month before takes off, with reviews out of turn, cuts and restorations."""
    rng, calendar = world.stream("reviews"), world.calendar
    number = rng.poisson(_REVIEWS_A_YEAR * (calendar.end - begins) / 365.25) * (need > 0)
    extra = np.repeat(np.arange(len(need)), number)
    day = begins[extra] + 1 + (rng.random(len(extra)) * (calendar.end - begins[extra])).astype(np.int32)
    who = np.concatenate([limits.who, extra])
    valid_from = np.concatenate([limits.valid_from, day]).astype(np.int32)
    amount = np.concatenate([limits.cents / 100, need[extra] * np.exp(0.3 * rng.standard_normal(len(extra)))])
    amount = amount * np.exp(-_STRAIN_SLOPE * world.strain.value(who, calendar.month_of(valid_from) - 1))
    stands = ~lies_between(phases, who, valid_from, "default", "cured") & (valid_from <= calendar.end)
    after = [_after_default(phase, need) for phase in phases]
    return _in_order(
        calendar.end,
        np.concatenate([*(part[0] for part in after), who[stands]]),
        np.concatenate([*(part[1] for part in after), valid_from[stands]]),
        np.concatenate([*(part[2] for part in after), amount[stands]]),
    )


def _after_default(phase: Phase, need: Floats) -> tuple[Indices, Days, Floats]:
    """Customer, day and amount of the limits that a default leads to: a cut, and one day a new start."""
    episode, own = phase.episode, need[phase.customer]
    cut = np.where(episode.insolvent < NEVER, 0.0, _CUT_TO * own)
    days_of = np.concatenate([episode.default + _CUT_AFTER_DAYS, episode.cured + _RESTORED_AFTER_DAYS])
    happens = (days_of < NEVER) & (np.tile(own, 2) > 0)
    who, amount = np.tile(phase.customer, 2), np.concatenate([cut, _RESTORED_TO * own])
    return who[happens], days_of[happens].astype(np.int32), amount[happens]


def _in_order(end: int, who: Indices, valid_from: Days, amount: Floats) -> Limits:
    """In order of customer and day; of several set on one day the first given stands, and none after the end."""
    within = np.flatnonzero(valid_from <= end)
    _, first = np.unique(who[within].astype(np.int64) << 17 | valid_from[within], return_index=True)
    rows = within[first]
    return Limits(who[rows], valid_from[rows], _rounded(amount[rows]))


def limits_table(world: World, limits: Limits) -> pa.Table:
    """Each limit as it was set, and again as it was ended by the one after it."""
    who, end = limits.who, world.calendar.end
    next_from = np.append(limits.valid_from[1:], np.int32(NEVER))
    ended = np.append(who[1:] == who[:-1], False)[: len(who)] & (next_from[: len(who)] <= end)
    at = np.concatenate([np.arange(len(who)), np.flatnonzero(ended)])
    is_set = np.arange(len(at)) < len(who)
    columns = {
        "customer_id": identifiers("C", who[at], 6),
        "valid_from_on": days(limits.valid_from[at]),
        "valid_to_on": days(np.where(is_set, NEVER, next_from[at] - 1).astype(np.int32)),
        "amount": money(limits.cents[at]),
        "currency": world.currency(who[at]),
    }
    return shaped(LIMITS, columns, noon(np.where(is_set, limits.valid_from[at], next_from[at]).astype(np.int32)))
