"""How stated probabilities did on matured cases: figures with intervals, reliability, parts."""

from datetime import date
from typing import Any

import numpy as np

from training.arrays import Floats
from training.cases.dataset import Dataset
from training.judging.bootstrap import intervals
from training.judging.evaluation import Evaluation
from training.judging.metrics import reliability
from training.judging.segments import segments


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
        segments=segments(cases, stated),
    )


def _day(instant: Any) -> str:
    return str(np.datetime64(instant, "D"))
