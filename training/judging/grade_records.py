"""What is learnt of each grade from past customers that a model had not seen: few defaults are not none."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.grade_records import GradeRecord, GradeRecords
from scoring.grades import MasterScale, load_scale
from scoring.rating import scale_of
from training.arrays import Flags, Floats
from training.cases.dataset import Dataset
from training.judging.grades import CONFIDENCE, prudent_bounds

ENOUGH_EXPECTED: Final = 1.0
"""Defaults that must have been expected of a grade's customers, or it is counted with the next worse ones."""
PRIOR: Final = 0.5
PLACES: Final = 9


def grade_records(
    cases: Dataset, stated: Floats, probability_name: str, *, confidence: float = CONFIDENCE
) -> GradeRecords | None:
    """Learn what may be claimed of each grade of the master scale.

    Every count is of customers: those who had a grade, and as many defaults as the rate of their cases makes of
    them, so that a customer seen on twenty dates is one. Where a grade's customers are so few, or so good, that by the
    model's own word not even one default was to be expected of them, their paying says nothing: the next worse grades
    are counted with it, which can only raise its rate if the model ranks rightly. Outcomes have no say in what is
    pooled. The rate is the mean of the posterior under Jeffreys' prior, so that no default in n customers still
    leaves 1 / (2n + 2); of a worse grade it is never lower than of a better one.

    Args:
        cases: Past cases that the model had not seen, with their outcomes.
        stated: Its calibrated probability of each, shape (n,), in [0, 1].
        probability_name: Name of the probability, its horizon included.
        confidence: Confidence of the bounds, in (0, 1).

    Returns:
        The records; None without a case, or where the horizon is not that of the scale and no rule converts it.

    Source:
        Tasche, Bayesian estimation of probabilities of default for low default portfolios (2013); Pluto and Tasche
        (2005) for pooling with worse grades and for the bound.
    """
    master = load_scale()
    scale = scale_of(probability_name, master)
    if scale is None or not len(cases):
        return None
    places, k = scale.places(stated), len(scale.grades)
    own = [_counted(cases, stated, places == place) for place in range(k)]
    pools = [_pooled(cases, stated, places, place, k) for place in range(k)]
    rates = np.maximum.accumulate([(pool.bad + PRIOR) / (pool.customers + 2 * PRIOR) for _, pool in pools])
    bounds = prudent_bounds([one.customers for one in own], [one.bad for one in own], confidence=confidence)
    return GradeRecords(confidence=confidence, grades=_records(master, own, pools, rates, bounds))


@dataclass(frozen=True)
class _Counted:
    """Customers of some cases, as many defaults as the cases' rate makes of so many, and as many as were expected."""

    customers: float
    bad: float
    expected: float


def _records(
    master: MasterScale, own: list[_Counted], pools: list[tuple[int, _Counted]], rates: Floats, bounds: Floats
) -> tuple[GradeRecord, ...]:
    return tuple(
        GradeRecord(
            grade=row.name,
            starts=row.starts,
            customers=one.customers,
            bad=round(one.bad, PLACES),
            pooled_to=master.rows[last].name,
            pooled_customers=pool.customers,
            rate=round(float(rate), PLACES),
            bound=round(float(bound), PLACES),
        )
        for row, one, (last, pool), rate, bound in zip(master.rows, own, pools, rates, bounds, strict=True)
    )


def _pooled(cases: Dataset, stated: Floats, places: NDArray[np.intp], first: int, k: int) -> tuple[int, _Counted]:
    """The worst grade that a grade is counted with, and the counts of all from the one to the other."""
    for last in range(first, k):
        found = _counted(cases, stated, (places >= first) & (places <= last))
        if found.expected >= ENOUGH_EXPECTED:
            break
    return last, found


def _counted(cases: Dataset, stated: Floats, part: Flags) -> _Counted:
    customers = float(len(np.unique(cases.customer_ids[part])))
    if not customers:
        return _Counted(0.0, 0.0, 0.0)
    return _Counted(customers, customers * float(cases.bad[part].mean()), customers * float(stated[part].mean()))
