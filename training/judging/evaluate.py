"""How stated probabilities did on matured cases: figures with intervals, reliability, parts."""

from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.arrays import Flags, Floats
from training.cases.dataset import Dataset
from training.judging.bootstrap import intervals
from training.judging.evaluation import Evaluation, Segment
from training.judging.metrics import measured, reliability

HISTORY: Final = "settled_count_365d"


def evaluate(cases: Dataset, stated: Floats, known_on: date) -> Evaluation:
    """Figures of stated probabilities on matured cases.

    Args:
        cases: Matured cases, at least one.
        stated: Probability of each, shape (n,), in [0, 1].
        known_on: The date whose knowledge gave the outcomes.

    Raises:
        ValueError: There are no cases.
    """
    if not len(cases):
        raise ValueError("There are no matured cases to judge the model by: choose an earlier period or know more.")
    return Evaluation(
        period=f"{_day(cases.at.min())}..{_day(cases.at.max())}",
        known_on=known_on.isoformat(),
        n=len(cases),
        bad=int(cases.bad.sum()),
        customers=len(np.unique(cases.customer_ids)),
        metrics=intervals(cases.bad, stated, cases.customer_ids),
        reliability=reliability(cases.bad, stated),
        segments=(*_by_month(cases, stated), *_by_history(cases, stated)),
    )


def _day(instant: Any) -> str:
    return str(np.datetime64(instant, "D"))


def _by_month(cases: Dataset, stated: Floats) -> list[Segment]:
    months = cases.at.astype("datetime64[M]")
    return [_segment("month", str(month), cases.bad, stated, months == month) for month in np.unique(months)]


def _by_history(cases: Dataset, stated: Floats) -> list[Segment]:
    """Customers with a payment record of the last year, and those without: both must be served."""
    if HISTORY not in cases.columns:
        return []
    has = cases.columns[HISTORY] > 0
    parts = {"settled an invoice in 365 days": has, "settled none in 365 days": ~has}
    return [_segment("history", name, cases.bad, stated, part) for name, part in parts.items() if part.any()]


def _segment(name: str, value: str, bad: Flags, stated: Floats, part: NDArray[np.bool_]) -> Segment:
    found = measured(bad[part], stated[part])
    return Segment(
        name=name,
        value=value,
        n=int(part.sum()),
        bad=int(bad[part].sum()),
        mean_probability=found["mean_probability"],
        auc=found.get("auc"),
    )
