"""Exposure at default: how much of what was not yet owed came to be owed by the day of the default."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from data.book import Book
from data.materiality import Materiality
from training.arrays import Floats
from training.cases.facts import folded
from training.losses.defaults import DPD, DefaultDay, default_days
from training.losses.estimate import ENOUGH, Declared, Estimate, estimated
from training.losses.facts import facts_then

MONTH_DAYS: Final = 30
MONTHS: Final = 12
APART_DAYS: Final = 365
FACTS: Final = ("is_known_customer", "open_amount", "open_order_amount", "limit_amount")


@dataclass(frozen=True)
class Declarations:
    """What is used where the book does not tell.

    Attributes:
        growth: Exposure at default over exposure before.
        orders: Share of open orders that becomes exposure.
        headroom: Share of the limit's headroom that becomes exposure.
    """

    growth: Declared
    orders: Declared
    headroom: Declared


@dataclass(frozen=True)
class Ead:
    """How exposure moves on the way into default, over 1 to 12 months before it.

    Attributes:
        growth: Sum of exposures at default over sum of exposures before, where something was owed before.
        orders: Conversion factor of open orders: of what was on order, the share that had come to be owed on top of
            the exposure before; never more than was on order.
        headroom: Conversion factor of headroom (limit in force less exposure): the share of it that had come to be
            owed on top; never below 0 for one observation, and above 1 where limits were overdrawn.
        dpd: Days past due of a default.
        months: How many months before the default were looked at.
        known_on: Day whose knowledge it rests on.
        defaults: Defaults looked at.
        unknown: Observations left out because the exposure on one of the two days is not known.
    """

    growth: Estimate
    orders: Estimate
    headroom: Estimate
    dpd: int
    months: int
    known_on: date
    defaults: int
    unknown: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "known_on": self.known_on.isoformat()}


@dataclass(frozen=True)
class Observations:
    """A default seen from a day before it, one per place in every array.

    Attributes:
        customers: Whose, shape (n,).
        defaults: Which default, shape (n,).
        at_default: Exposure on the day of the default, shape (n,).
        before: Exposure on the day before, shape (n,).
        orders: Value of open orders on the day before, shape (n,), NaN where not known.
        limit: Limit in force on the day before, shape (n,), NaN where there was none.
    """

    customers: tuple[str, ...]
    defaults: tuple[DefaultDay, ...]
    at_default: Floats
    before: Floats
    orders: Floats
    limit: Floats


def ead(
    book: Book,
    known_on: date,
    otherwise: Declarations,
    *,
    dpd: int = DPD,
    months: int = MONTHS,
    enough: int = ENOUGH,
    materiality: Materiality | None = None,
) -> Ead:
    """Exposure at default as the book tells it.

    Args:
        book: The book.
        known_on: The day whose knowledge counts.
        otherwise: Used where there are fewer than ``enough`` defaults.
        dpd: Days past due of a default.
        months: Months before the default to look from, at least 1.
        enough: Fewest defaults to estimate from.
        materiality: What makes an amount material; None lets every amount count.
    """
    if months < 1:
        raise ValueError(f"months has to be at least 1, got {months}.")
    days = default_days(book, folded(book), dpd=dpd, known_on=known_on, apart_days=APART_DAYS, materiality=materiality)
    seen, unknown = _observed(book, days, months)
    return ead_of(
        seen, otherwise, dpd=dpd, months=months, known_on=known_on, defaults=len(days), unknown=unknown, enough=enough
    )


def ead_of(seen: Observations, otherwise: Declarations, *, enough: int = ENOUGH, **told: Any) -> Ead:
    """The three factors from observations.

    Args:
        seen: The observations.
        otherwise: Used where there are fewer than ``enough`` defaults.
        enough: Fewest defaults to estimate from.
        **told: The other attributes of `Ead`.

    Example:
        Two defaults, each seen once. Exposure 100 -> 160 with 80 on order and a limit of 200, and 100 -> 140 with 80
        on order and a limit of 300: growth 300 / 200, orders (60 + 40) / 160, headroom (60 + 40) / (100 + 200).

        >>> day = date(2024, 1, 1)
        >>> seen = Observations(("A", "B"), (DefaultDay("A", day), DefaultDay("B", day)), np.array([160.0, 140.0]),
        ...                     np.array([100.0, 100.0]), np.array([80.0, 80.0]), np.array([200.0, 300.0]))
        >>> one = Declared(1.0, "a committee")
        >>> found = ead_of(seen, Declarations(one, one, one), enough=2, dpd=90, months=1, known_on=day, defaults=2,
        ...                unknown=0)
        >>> [round(part.value, 4) for part in (found.growth, found.orders, found.headroom)]
        [1.5, 0.625, 0.3333]
    """
    rise = np.maximum(seen.at_default - seen.before, 0.0)
    room = seen.limit - seen.before
    return Ead(
        growth=_factor("ead over exposure", seen, seen.at_default, seen.before, otherwise.growth, enough),
        orders=_factor(
            "ccf of open orders", seen, np.minimum(rise, seen.orders), seen.orders, otherwise.orders, enough
        ),
        headroom=_factor("ccf of headroom", seen, rise, room, otherwise.headroom, enough),
        **told,
    )


def _factor(name: str, seen: Observations, parts: Floats, wholes: Floats, otherwise: Declared, enough: int) -> Estimate:
    rows = np.flatnonzero(np.nan_to_num(wholes, nan=-1.0) > 0)
    defaults = {seen.defaults[row] for row in rows.tolist()}
    return estimated(
        name,
        parts[rows],
        wholes[rows],
        [seen.customers[row] for row in rows.tolist()],
        otherwise,
        defaults=len(defaults),
        source=f"{len(defaults)} defaults seen from {len(rows)} days before them",
        enough=enough,
    )


def _observed(book: Book, days: Sequence[DefaultDay], months: int) -> tuple[Observations, int]:
    """Each default from each month before it, and how many could not be used."""
    looks = [(day, month) for day in days for month in range(months + 1)]
    asked = [(day.customer_id, day.on - timedelta(days=MONTH_DAYS * month)) for day, month in looks]
    facts = facts_then(book, asked, FACTS)
    pairs = [
        (day, facts[place], facts[place - month])
        for place, (day, month) in enumerate(looks)
        if month and facts[place]["is_known_customer"]
    ]
    usable = [p for p in pairs if p[1]["open_amount"] is not None and p[2]["open_amount"] is not None]
    return (
        Observations(
            customers=tuple(day.customer_id for day, _, _ in usable),
            defaults=tuple(day for day, _, _ in usable),
            at_default=_column(usable, "open_amount", place=2),
            before=_column(usable, "open_amount"),
            orders=_column(usable, "open_order_amount"),
            limit=_column(usable, "limit_amount"),
        ),
        len(pairs) - len(usable),
    )


def _column(rows: Sequence[tuple[Any, ...]], name: str, *, place: int = 1) -> Floats:
    return np.array([row[place][name] for row in rows], dtype=np.float64)
