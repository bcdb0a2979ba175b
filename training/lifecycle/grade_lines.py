"""The grades as a card lists them: what was stated, what came, and what past customers support."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from scoring.grades import load_scale
from scoring.pd_interval import FileBand, PdInterval
from scoring.points import PointsScale
from scoring.rating import scale_of
from training.fitting.evidence import GRADES
from training.fitting.fitted import Fitted

SOME: Final = (0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Probabilities at which a card shows points and intervals."""


@dataclass(frozen=True)
class GradeLine:
    """One grade.

    Attributes:
        grade: Its name.
        starts: Where it begins on the master scale, of the probability within twelve months.
        points: Points at that place; None for the best grade, whose points have no end.
        judged: Figures on the later cases (``training.judging.grades.GradeFigures``); None where they were not kept.
        learnt: What past customers say (``scoring.grade_records.GradeRecord``); None where that was not learnt.
    """

    grade: str
    starts: float
    points: float | None
    judged: Mapping[str, Any] | None
    learnt: Mapping[str, Any] | None


@dataclass(frozen=True)
class SureLine:
    """How sure one probability is, by thickness of the file.

    Attributes:
        probability: What is stated.
        points: Its points.
        spans: Band's name to both ends and the customers that they rest on; empty where no interval was learnt.
    """

    probability: float
    points: float
    spans: Mapping[str, tuple[float, float, float]]


def grade_lines(fitted: Fitted) -> tuple[GradeLine, ...]:
    """A line for every grade, from the best; none for a model that was not graded."""
    master = load_scale()
    scale = scale_of(fitted.spec.probability_name, master)
    verdict, records = fitted.training.get(GRADES), fitted.spec.grades
    if scale is None or (verdict is None and records is None):
        return ()
    judged = {row["grade"]: row for row in verdict["grades"]} if verdict else {}
    learnt = {record.grade: record.model_dump() for record in records.grades} if records else {}
    return tuple(
        GradeLine(row.name, row.starts, _points(own.low), judged.get(row.name), learnt.get(row.name))
        for row, own in zip(master.rows, scale.grades, strict=True)
    )


def passed(fitted: Fitted) -> bool | None:
    """Whether no grade states too little, all judged together; None where that was not judged."""
    verdict = fitted.training.get(GRADES)
    return None if verdict is None else bool(verdict["passed"])


def sure_lines(fitted: Fitted, probabilities: Sequence[float] = SOME) -> tuple[SureLine, ...]:
    """Points and intervals of some probabilities; none for a model without an interval."""
    known = fitted.spec.interval
    if known is None:
        return ()
    return tuple(
        SureLine(
            probability=one,
            points=float(PointsScale().points([one])[0]),
            spans={band.name: _span(known, band, one) for band in known.bands},
        )
        for one in probabilities
    )


def _span(known: PdInterval, band: FileBand, probability: float) -> tuple[float, float, float]:
    asked = [probability], [band.settled], [band.tenure_days]
    low, high = known.ends(*asked)
    return float(low[0]), float(high[0]), float(known.customers(*asked)[0])


def _points(low: float) -> float | None:
    return float(PointsScale().points(np.array([low]))[0]) if low else None
