"""What is made of a model's probability: twelve months, grade, points, how sure it is. For one and for many."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from policy.horizon import least_180_days_of, twelve_months_from_180_days
from scoring.grades import MasterScale, load_scale
from scoring.model import ModelSpec
from scoring.pd_interval import SETTLED, TENURE, THICKNESS
from scoring.points import PointsScale

Floats = NDArray[np.float64]

YEAR: Final = "pd_12m"
STRETCHED: Final = "pd_180d"
NO_GRADE: Final = -1
DOUBTFUL: Final = 1e-3
"""Millionths: a probability this near to a place at which it is rounded is rounded in exact decimals."""


@dataclass(frozen=True)
class Interval:
    """Intervals of n probabilities, shape (n,) each; NaN where the model states none.

    Attributes:
        low: Lower end, in [0, 1].
        high: Upper end.
        year_low: Lower end of the one within twelve months.
        year_high: Upper end of it.
        customers: Past customers whom each rests on.
    """

    low: Floats
    high: Floats
    year_low: Floats
    year_high: Floats
    customers: Floats


@dataclass(frozen=True)
class Ratings:
    """What is made of n probabilities, shape (n,) each.

    Attributes:
        year: Probability within twelve months; NaN where no rule converts the model's horizon.
        places: Place of its grade on the master scale, 0 for the best; -1 without such a probability.
        points: Points of the model's own probability.
        interval: How sure the probabilities are.
        grade_pd: The probability within twelve months that the past supports for customers of the grade, never below
            the customer's own; NaN where the model has no records of the grades.
    """

    year: Floats
    places: NDArray[np.intp]
    points: Floats
    interval: Interval
    grade_pd: Floats

    @property
    def grades(self) -> list[str | None]:
        """Name of each grade."""
        names = [row.name for row in master_scale().rows]
        return [None if place == NO_GRADE else names[place] for place in self.places.tolist()]


def facts_for_rating(spec: ModelSpec) -> list[str]:
    """Facts of a customer that a rating is made of, beside the model's probability."""
    return list(THICKNESS) if spec.interval is not None else []


def ratings(spec: ModelSpec, probability: Floats, columns: Mapping[str, Floats]) -> Ratings:
    """Rate probabilities of one model.

    Args:
        spec: The model.
        probability: What it states, shape (n,), in [0, 1].
        columns: The facts that ``facts_for_rating`` names, shape (n,) each, NaN where not known.
    """
    year = twelve_months(spec.probability_name, probability)
    places = grade_places(year)
    return Ratings(
        year=year,
        places=places,
        points=PointsScale().points(probability),
        interval=interval_of(spec, probability, year, columns),
        grade_pd=np.maximum(supported(spec, places), year),
    )


def twelve_months(name: str, probability: Floats) -> Floats:
    """Probabilities within twelve months, shape (n,), by the rule of the policy; NaN where there is none.

    They are those of the policy's exact decimals, bit for bit.

    Args:
        name: Name of the probability, its horizon included.
        probability: Shape (n,), in [0, 1].

    Example:
        >>> twelve_months("pd_180d", np.array([0.02])).tolist(), twelve_months("pd_90d", np.array([0.02])).tolist()
        ([0.040139], [nan])
    """
    if name == YEAR:
        return probability
    if name != STRETCHED:
        return np.full(len(probability), np.nan)
    millionths = _over_a_year(probability) * 1e6
    year = np.minimum(np.ceil(millionths) / 1e6, 1.0)
    close = np.abs(millionths - np.round(millionths)) < DOUBTFUL  # where rounding up asks for the exact rule
    year[close] = [
        float(twelve_months_from_180_days(Decimal(repr(value))).pd_12m) for value in probability[close].tolist()
    ]
    return year


def _over_a_year(probability: Floats) -> Floats:
    """Probabilities over 180 days at an equal hazard over 365, not rounded, shape (n,)."""
    with np.errstate(divide="ignore"):
        return np.asarray(-np.expm1(np.log1p(-probability) * (365 / 180)), dtype=np.float64)


def grade_places(year: Floats) -> NDArray[np.intp]:
    """Place of the grade of each probability within twelve months, shape (n,); -1 where it is NaN."""
    known = ~np.isnan(year)
    return np.where(known, master_scale().places(np.where(known, year, 0.0)), NO_GRADE)


@cache
def scale_of(name: str, scale: MasterScale) -> MasterScale | None:
    """The master scale in the horizon of a model's probability: the same grades, and the same customers in each.

    Args:
        name: Name of the model's probability.
        scale: The scale, of ``pd_12m``.

    Returns:
        The scale; None where no rule converts the horizon.
    """
    if name == scale.probability:
        return scale
    if (name, scale.probability) != (STRETCHED, YEAR):
        return None
    rows = [{"name": row.name, "from": _in_180_days(row.starts)} for row in scale.rows]
    return MasterScale.model_validate(scale.model_dump(exclude={"rows"}) | {"probability": name, "grades": rows})


def _in_180_days(starts: float) -> float:
    """The first number that is converted to the start of the grade, as a probability is written in decimals."""
    edge = least_180_days_of(Decimal(repr(starts)))
    if not edge:
        return 0.0
    near = math.nextafter(math.nextafter(float(edge), 0.0), 0.0)
    while Decimal(repr(near)) <= edge:
        near = math.nextafter(near, 1.0)
    return near


def interval_of(spec: ModelSpec, probability: Floats, year: Floats, columns: Mapping[str, Floats]) -> Interval:
    """How sure probabilities are; NaN throughout for a model that does not know.

    Args:
        spec: The model.
        probability: What it states, shape (n,), in [0, 1].
        year: The same within twelve months, shape (n,), NaN where it is not converted.
        columns: The facts that ``facts_for_rating`` names, shape (n,) each.
    """
    if spec.interval is None:
        unknown = np.full(len(probability), np.nan)
        return Interval(unknown, unknown, unknown, unknown, unknown)
    file = columns[SETTLED], columns[TENURE]
    low, high = spec.interval.ends(probability, *file)
    ends = low, high
    if spec.probability_name != YEAR:
        ends = np.fmin(_stretched(spec, low), year), np.fmax(_stretched(spec, high), year)
    return Interval(low, high, *ends, spec.interval.customers(probability, *file))


def _stretched(spec: ModelSpec, ends: Floats) -> Floats:
    """The policy's rule in floating point, not rounded: exact enough for an end of an interval, and fast for a book."""
    if spec.probability_name != STRETCHED:
        return np.full(len(ends), np.nan)
    return _over_a_year(ends)


def supported(spec: ModelSpec, places: NDArray[np.intp]) -> Floats:
    """Probability within twelve months that past customers of each grade support, shape (n,); NaN where not known.

    Args:
        spec: The model whose past customers they are.
        places: Place of each grade on the master scale, shape (n,), -1 for none.
    """
    if spec.grades is None or not spec.grades.are_of(master_scale()):
        return np.full(len(places), np.nan)
    rates = _year_rates(spec.probability_name, tuple(record.rate for record in spec.grades.grades))
    return np.where(places == NO_GRADE, np.nan, rates[places])


@cache
def _year_rates(name: str, rates: tuple[float, ...]) -> Floats:
    """Rates of a model's grades within twelve months; converted once, as the policy's exact rule takes its time."""
    return twelve_months(name, np.array(rates))


master_scale: Final = cache(load_scale)
