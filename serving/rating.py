"""Grade, points and intervals of one customer, and what would have to change for the next better grade, as answers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring.counterfactual import next_better
from scoring.model import ModelSpec
from scoring.pd_interval import SETTLED, TENURE
from scoring.points import PointsScale
from scoring.rating import YEAR, Interval, grade_places, interval_of, master_scale, supported
from scoring.year_grade import YearGrade

Columns = Mapping[str, NDArray[np.float64]]

BEST: Final = "The customer has the best grade."
OF_THE_MODEL: Final = "This speaks of the model; it is no promise of a decision, which the policy makes."
NOTHING_SUFFICES: Final = (
    "No change of one or two of the facts that a customer or the credit desk can influence reaches a better grade."
)


@dataclass(frozen=True)
class Span:
    """The interval of one probability.

    Attributes:
        low: Lower end, in [0, 1].
        high: Upper end.
        level: Posterior probability that it holds the rate of comparable customers.
        comparable_customers: Past customers that it rests on.
        file: How thick the customer's file is: ``thin``, ``short`` or ``full``.
    """

    low: float
    high: float
    level: float
    comparable_customers: float
    file: str


@dataclass(frozen=True)
class Stated:
    """What one model states of a customer.

    Attributes:
        spec: The model.
        probability: Its probability, in (0, 1).
    """

    spec: ModelSpec
    probability: float

    def interval(self, pd_12m: Decimal | None, columns: Columns) -> Interval:
        """How sure it is, arrays of shape (1,)."""
        return interval_of(self.spec, np.array([self.probability]), _float(pd_12m), columns)

    def span(self, columns: Columns, low: float, high: float) -> Span | None:
        """An interval with what it rests on; None where the model knows none."""
        known = self.spec.interval
        if known is None:
            return None
        file = columns[SETTLED], columns[TENURE]
        customers = float(known.customers([self.probability], *file)[0])
        band = known.bands[int(known.places(*file)[0])].name
        return Span(low, high, known.level, round(customers, 1), band)


@dataclass(frozen=True)
class Rated:
    """What is made of a customer's probability of default.

    Attributes:
        grade: Grade of ``pd_12m`` on the master scale; None without such a probability.
        grade_pd: What past customers of the grade support, never below ``pd_12m``; None where the model does not know.
        points: Points of the model's own probability, 600 at odds of 50:1 and 20 to double them.
        spans: Probability's name to its interval; empty where the model knows none.
        notes: What is not known, and why.
    """

    grade: str | None
    grade_pd: float | None
    points: float
    spans: Mapping[str, Span]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Grade, points and intervals as an answer states them."""
        spans = {name: asdict(span) for name, span in self.spans.items()}
        return {
            "grade": self.grade,
            "grade_pd": self.grade_pd,
            "points": round(self.points, 1),
            "pd_interval": spans or None,
        }


def rated(stated: Stated, year: Stated | None, pd_12m: Decimal | None, columns: Columns) -> Rated:
    """Rate one customer.

    Args:
        stated: What the model of default states.
        year: What the model of twelve months states; None without one.
        pd_12m: The probability within twelve months of the answer.
        columns: The customer's facts, arrays of shape (1,).
    """
    places = grade_places(_float(pd_12m))
    grade_pd = supported((year or stated).spec, places)[0]
    return Rated(
        grade=None if pd_12m is None else master_scale().rows[places[0]].name,
        grade_pd=None if pd_12m is None or np.isnan(grade_pd) else max(float(grade_pd), float(pd_12m)),
        points=float(PointsScale().points([stated.probability])[0]),
        spans=_spans(stated, year, pd_12m, columns),
        notes=tuple(_note(one.spec) for one in (stated, year) if one is not None and _lacks(one.spec)),
    )


def _spans(stated: Stated, year: Stated | None, pd_12m: Decimal | None, columns: Columns) -> dict[str, Span]:
    """Interval of the model's probability, and of the one within twelve months."""
    own = stated.interval(pd_12m, columns)
    low, high = float(own.year_low[0]), float(own.year_high[0])
    if year is not None and pd_12m is not None:
        # The higher of both was stated, so that the interval lies no lower than either's.
        longer = year.interval(pd_12m, columns)
        low = min(max(float(own.low[0]), float(longer.low[0])), float(pd_12m))
        high = max(float(own.high[0]), float(longer.high[0]), float(pd_12m))
    found = {stated.spec.probability_name: stated.span(columns, float(own.low[0]), float(own.high[0]))}
    if pd_12m is not None:
        found[YEAR] = (year or stated).span(columns, low, high)
    return {name: span for name, span in found.items() if span is not None and not np.isnan(span.low + span.high)}


def _float(pd_12m: Decimal | None) -> NDArray[np.float64]:
    return np.array([np.nan if pd_12m is None else float(pd_12m)])


def _lacks(spec: ModelSpec) -> bool:
    return spec.interval is None or spec.grades is None


def _note(spec: ModelSpec) -> str:
    return (
        f"The model {spec.name} does not say how sure it is, or what became of its grades: that was not learnt when it "
        "was trained. Train and release it anew."
    )


def next_grade(graded: YearGrade, columns: Columns, *, currency: str) -> dict[str, Any]:
    """What would have to change for the next better grade, as an answer states it.

    Args:
        graded: What gave the grade.
        columns: The customer's facts, arrays of shape (1,).
        currency: ISO 4217 code of their amounts.
    """
    row = graded.matrix(columns)[0]
    found = next_better(graded, row, currency=currency)
    if found is None:
        at_best = int(graded.places(row[None])[0]) == 0
        return {"grade": None, "pd_12m": None, "changes": [], "note": BEST if at_best else NOTHING_SUFFICES}
    return {
        "grade": found.grade_after.name,
        "pd_12m": found.probability_after,
        "changes": [asdict(change) for change in found.changes],
        "note": OF_THE_MODEL,
    }
