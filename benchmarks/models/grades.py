"""Whether the grades of a walk forward hold: Jeffreys' test in every grade, judged together after Holm."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring.grades import MasterScale, load_scale
from training.arrays import Flags, Floats
from training.judging.grades import LEVEL, GradesVerdict, holm, jeffreys, judge_grades

YEAR: Final = 365
APART: Final = 6
"""Months between two cohorts whose half-years do not overlap."""


def scale_of(horizon: int, scale: MasterScale | None = None) -> MasterScale:
    """The master scale with its bounds brought to a shorter horizon at an equal hazard.

    Args:
        horizon: Days.
        scale: Of twelve months; the product's own unless given.

    Example:
        >>> round(scale_of(180).rows[5].starts, 6)  # of 0.0048 within 365 days
        0.00237
    """
    whole = scale or load_scale()
    return MasterScale.model_validate(
        {
            "description": whole.description,
            "owner": whole.owner,
            "probability": f"pd_{horizon}d",
            "grades": [{"name": row.name, "from": 1 - (1 - row.starts) ** (horizon / YEAR)} for row in whole.rows],
        }
    )


def judged(bad: Flags, stated: Floats, customers: NDArray[Any], months: NDArray[Any], horizon: int) -> dict[str, Any]:
    """Three countings of the same walk, as plain values.

    - `cases_count`: every row a case, as if the six cohorts in which one default shows were six defaults: too strict.
    - `customers_count`: a row counts as many times less as there are bad rows to a bad customer. The verdict.
    - `half_years_apart`: only cohorts six months apart, counted back from the last: no day lies in two horizons.

    Args:
        bad: Whether each case turned out bad, shape (n,).
        stated: Stated probability within the horizon, shape (n,).
        customers: Customer of each case, shape (n,).
        months: Month of each case, shape (n,), datetime64[M].
        horizon: Days.
    """
    scale = scale_of(horizon)
    apart = (months.max() - months).astype(np.int64) % APART == 0
    return {
        "cases_count": _told(judge_grades(scale, stated, bad)),
        "customers_count": _told(judge_grades(scale, stated, bad, customers=customers)),
        "half_years_apart": _told(judge_grades(scale, stated[apart], bad[apart], customers=customers[apart])),
    }


def _told(verdict: GradesVerdict) -> dict[str, Any]:
    names = ("grade", "n", "bad", "stated", "rate", "p_adjusted", "understates")
    seen = [grade for grade in verdict.grades if grade.n]
    too_much = overstates(*(np.array([getattr(grade, name) for grade in seen]) for name in ("n", "bad", "stated")))
    rows = [{name: getattr(grade, name) for name in names} for grade in seen]
    return {
        "passed": verdict.passed,
        "grades": [row | {"overstates": bool(flag)} for row, flag in zip(rows, too_much, strict=True)],
    }


def overstates(n: Floats, bad: Floats, stated: Floats, *, level: float = LEVEL) -> Flags:
    """Whether each grade states too much, the same test from the other side; it fails no scale, but it costs business.

    Args:
        n: Cases per grade, shape (k,).
        bad: Bad ones among them.
        stated: Mean stated probability.
        level: Family-wise, in (0, 1).

    Example:
        >>> overstates(np.array([1000.0, 100.0]), np.array([5.0, 5.0]), np.array([0.05, 0.05])).tolist()
        [True, False]
    """
    return np.asarray(holm(1 - jeffreys(n, bad, stated)) <= level, dtype=np.bool_)
