"""Ratings by two agencies and by the creditor itself, which follow strain with a month's delay."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from data.contracts import RATINGS
from data.simulation.columns import (
    NEVER,
    Days,
    Flags,
    Floats,
    Indices,
    choice,
    counts,
    days,
    flags,
    identifiers,
    noon,
    rate,
    same,
    shaped,
)
from data.simulation.episodes import Phase, lies_between
from data.simulation.world import World

GRADES: Final = ("E", "D", "C", "B", "A")
GRADE_BOUNDS: Final = (25, 40, 55, 70)
_RATED_SHARE: Final = 0.65
_RATED_EVERY_DAYS: Final = 182
_WITHDRAWN_SHARE: Final = 0.003


@dataclass(frozen=True)
class Agency:
    """How somebody rates.

    Attributes:
        name: As the ratings name it.
        grades: From the best to the worst.
        shares: Share of customers rated, by size.
        every: Days from one rating to the next.
        valid: Days for which a rating stands; None for until the next.
        bias: Standard deviation of what it gets wrong about a customer for good, in points of 100.
        noise: Standard deviation of what it gets wrong each time, in points.
        knows_defaults: Whether a customer in default has the worst grade.
    """

    name: str
    grades: tuple[str, ...]
    shares: tuple[float, float, float]
    every: int
    valid: int | None
    bias: float
    noise: float
    knows_defaults: bool


AGENCIES: Final = (
    Agency("INSURER", tuple(f"{n}" for n in range(1, 11)), (0.25, 0.55, 0.8), 91, None, 4.0, 2.5, False),
    Agency("INTERNAL", ("1", "2", "3", "4", "5", "6", "7", "8"), (0.85, 0.95, 1.0), 365, 400, 5.0, 4.0, True),
)


@dataclass(frozen=True)
class Ratings:
    """Ratings, each column of shape (ratings,).

    Attributes:
        who: Position of the customer.
        rated: Day of the rating.
        known: Day on which it is known.
        tenths: Score in tenths of a point, 10 to 1000, more is better.
        place: Position of the grade, 0 for the best.
        is_deleted: Whether the row withdraws the rating.
    """

    who: Indices
    rated: Days
    known: Days
    tenths: Indices
    place: Indices
    is_deleted: Flags


def ratings_table(world: World, phases: list[Phase]) -> pa.Table:
    """A bureau's score twice a year; with the detail ``full`` also an insurer's and the creditor's own grades."""
    tables = [_bureau(world)]
    if world.shape.is_full:
        tables += [_table(agency, _ratings_by(agency, world, phases)) for agency in AGENCIES]
    return pa.concat_tables(tables)


def _bureau(world: World) -> pa.Table:
    """Twice a year, 0 to 100 with 100 best, from the strain of the month before and noise."""
    rng = world.stream("ratings")
    rated = rng.random(world.shape.customers) < _RATED_SHARE
    who, rated_on = _days(rng, world, rated, _RATED_EVERY_DAYS)
    score = np.clip(_points(world, who, rated_on) + 7 * rng.standard_normal(len(who)), 1, 100)
    known_on = rated_on + rng.integers(0, 4, len(who), dtype=np.int32)
    place = len(GRADES) - 1 - np.searchsorted(GRADE_BOUNDS, score, side="right")
    nothing = np.zeros(len(who), bool)
    bureau = Agency("BUREAU", GRADES[::-1], (_RATED_SHARE,) * 3, _RATED_EVERY_DAYS, None, 0.0, 7.0, False)
    return _table(bureau, Ratings(who, rated_on, known_on, np.rint(score * 10), place, nothing))


def _points(world: World, who: Indices, day: Days) -> Floats:
    """Score of a customer without any error: strain of the month before, in points."""
    return np.asarray(52 - 11 * world.strain.value(who, world.calendar.month_of(day) - 1))


def _days(rng: np.random.Generator, world: World, rated: Flags, every: int) -> tuple[Indices, Days]:
    """Customer and day of each rating: every so many days from a day of the customer's own, while it is one."""
    calendar, n = world.calendar, world.shape.customers
    offset = rng.integers(0, every, n)
    times = np.arange((calendar.end - calendar.start) // every + 1)
    day = (calendar.start + offset[:, None] + times * every).astype(np.int32)
    kept = rated[:, None] & (day <= calendar.end - 3) & (day >= world.traits.signed_up[:, None])
    who, column = np.nonzero(kept)
    return who, day[who, column]


def _ratings_by(agency: Agency, world: World, phases: list[Phase]) -> Ratings:
    """What an agency says: its error about a customer lasts, so that its grades move when strain does."""
    rng = world.stream(f"ratings {agency.name}")
    n = world.shape.customers
    rated = rng.random(n) < np.array(agency.shares)[world.traits.size]
    bias = agency.bias * rng.standard_normal(n)
    who, day = _days(rng, world, rated, agency.every)
    score = np.clip(_points(world, who, day) + bias[who] + agency.noise * rng.standard_normal(len(who)), 1, 100)
    if agency.knows_defaults:
        score = np.where(lies_between(phases, who, day, "default", "cured"), 1, score)
    ranks = len(agency.grades)
    place = np.clip((100 - score) * ranks // 100, 0, ranks - 1).astype(np.int64)
    known = day + rng.integers(0, 4, len(who), dtype=np.int32)
    gone = known + rng.integers(7, 60, len(who), dtype=np.int32)
    withdrawn = np.flatnonzero((rng.random(len(who)) < _WITHDRAWN_SHARE) & (gone <= world.calendar.end))
    at = np.concatenate([np.arange(len(who)), withdrawn])
    is_deleted = np.arange(len(at)) >= len(who)
    return Ratings(
        who[at], day[at], np.where(is_deleted, gone[at], known[at]), np.rint(score * 10)[at], place[at], is_deleted
    )


def _table(agency: Agency, ratings: Ratings) -> pa.Table:
    n, ranks = len(ratings.who), len(agency.grades)
    valid_to = np.full(n, NEVER, np.int32) if agency.valid is None else ratings.rated + np.int32(agency.valid)
    columns = {
        "customer_id": identifiers("C", ratings.who, 6),
        "agency": same(agency.name, n),
        "rated_on": days(ratings.rated),
        "grade": choice(ratings.place, agency.grades),
        "score": rate(ratings.tenths.astype(np.int64) * 100_000),
        "rank": counts(ratings.place + 1),
        "ranks": counts(np.full(n, ranks)),
        "valid_to_on": days(valid_to),
        "is_deleted": flags(ratings.is_deleted),
    }
    return shaped(RATINGS, columns, noon(ratings.known))
