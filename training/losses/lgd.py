"""Loss given default: what a default cost, from what came in afterwards, or declared where too little did."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final

import numpy as np

from data.book import Book
from data.materiality import Materiality
from training.cases.facts import folded
from training.losses.defaults import DPD, DefaultDay, default_days
from training.losses.estimate import ENOUGH, Declared, Estimate, estimated
from training.losses.facts import facts_then
from training.losses.workout import Workout, items_of, worked_out

WINDOW_DAYS: Final = 365
DISCOUNT_RATE: Final = 0.05
SECURED: Final = "secured"
UNSECURED: Final = "unsecured"


@dataclass(frozen=True)
class Lgd:
    """Loss given default of a book.

    Attributes:
        book: Mean over defaults, one default counting as much as another: what a default of a customer costs.
        by_exposure: Sum of losses over sum of exposures: what a unit of money in default costs.
        segments: The mean over defaults of ``secured`` and ``unsecured`` customers; a customer is secured where a
            security was valid on the day of the default. What a security itself paid is not in the ledger, so that
            both are before cover.
        floor: Least value of each figure; an estimate below it is raised to it.
        window_days: Days of a workout.
        discount_rate: Yearly.
        dpd: Days past due of a default.
        known_on: Day whose knowledge it rests on.
        incomplete: Defaults whose window ends later; they are left out, for those that paid early would
            look like all.
        nothing_owed: Defaults with a complete window on whose day nothing of a known amount was owed.
        items_without_amount: Items owed on the day of a default whose amount is not known.
    """

    book: Estimate
    by_exposure: Estimate
    segments: tuple[Estimate, ...]
    floor: float
    window_days: int
    discount_rate: float
    dpd: int
    known_on: date
    incomplete: int
    nothing_owed: int
    items_without_amount: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "known_on": self.known_on.isoformat()}


def lgd(
    book: Book,
    known_on: date,
    otherwise: Declared,
    *,
    dpd: int = DPD,
    window_days: int = WINDOW_DAYS,
    discount_rate: float = DISCOUNT_RATE,
    floor: float = 0.0,
    enough: int = ENOUGH,
    materiality: Materiality | None = None,
) -> Lgd:
    """Loss given default as the book tells it.

    Args:
        book: The book.
        known_on: The day whose knowledge counts.
        otherwise: Used where fewer than ``enough`` workouts are complete.
        dpd: Days past due of a default.
        window_days: Days of a workout, at least 1.
        discount_rate: Yearly, from 0.
        floor: Least loss given default, in [0, 1].
        enough: Fewest complete workouts to estimate from.
        materiality: What makes an amount material; None lets every amount count.

    Raises:
        ValueError: A parameter is out of its range.
    """
    _check(window_days, discount_rate, floor)
    rows = folded(book)
    days = default_days(book, rows, dpd=dpd, known_on=known_on, apart_days=window_days, materiality=materiality)
    items = items_of(book, rows, days, known_on)
    found = [
        worked_out(
            day, items.get(day.customer_id, []), window_days=window_days, discount_rate=discount_rate, known_on=known_on
        )
        for day in days
    ]
    made = lgd_of(found, _is_secured(book, days), otherwise, floor=floor, enough=enough)
    return replace(made, window_days=window_days, discount_rate=discount_rate, dpd=dpd, known_on=known_on)


def lgd_of(
    workouts: Sequence[Workout],
    secured: Sequence[bool],
    otherwise: Declared,
    *,
    floor: float = 0.0,
    enough: int = ENOUGH,
) -> Lgd:
    """Loss given default from workouts.

    Args:
        workouts: All defaults, shape (n,).
        secured: Whether each customer was secured on the day, shape (n,).
        otherwise: Used where fewer than ``enough`` workouts are complete.
        floor: Least value, in [0, 1].
        enough: Fewest complete workouts to estimate from.
    """
    pairs = [(done, cover) for done, cover in zip(workouts, secured, strict=True) if done.complete]
    owed = [(done, cover) for done, cover in pairs if done.exposure > 0]
    parts = {name: [done for done, cover in owed if cover is (name == SECURED)] for name in (SECURED, UNSECURED)}
    every = [done for done, _ in owed]
    return Lgd(
        book=_mean("lgd", every, otherwise, floor, enough),
        by_exposure=_mean("lgd by exposure", every, otherwise, floor, enough, by_exposure=True),
        segments=tuple(_mean(f"lgd {name}", part, otherwise, floor, enough) for name, part in parts.items()),
        floor=floor,
        window_days=WINDOW_DAYS,
        discount_rate=DISCOUNT_RATE,
        dpd=DPD,
        known_on=date.min,
        incomplete=len(workouts) - len(pairs),
        nothing_owed=len(pairs) - len(owed),
        items_without_amount=sum(done.without_amount for done in workouts),
    )


def _mean(
    name: str, workouts: Sequence[Workout], otherwise: Declared, floor: float, enough: int, *, by_exposure: bool = False
) -> Estimate:
    losses = np.array([done.lgd for done in workouts], dtype=np.float64)
    weights = np.array([done.exposure if by_exposure else 1.0 for done in workouts], dtype=np.float64)
    found = estimated(
        name,
        losses * weights,
        weights,
        [done.default.customer_id for done in workouts],
        otherwise,
        defaults=len(workouts),
        source=f"{len(workouts)} complete workouts",
        enough=enough,
    )
    return replace(found, value=max(found.value, floor))


def _is_secured(book: Book, days: Sequence[DefaultDay]) -> list[bool]:
    """Whether a security was valid on the day of each default."""
    rows = facts_then(book, [(day.customer_id, day.on) for day in days], ["security_count"])
    return [(row["security_count"] or 0.0) > 0 for row in rows]


def _check(window_days: int, discount_rate: float, floor: float) -> None:
    if window_days < 1 or discount_rate < 0 or not 0 <= floor <= 1:
        raise ValueError(
            f"window_days has to be at least 1, discount_rate at least 0 and floor from 0 to 1, "
            f"got {window_days}, {discount_rate} and {floor}."
        )
