"""The model that would have been learnt half a year before, to see how it did since."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from scoring.pay_time import PayTimeText
from training.pay_time.hazard import fit_pay_time
from training.pay_time.waiting import Waiting

SPAN: Final = timedelta(days=182)


@dataclass(frozen=True)
class PastModel:
    """A model of the past.

    Attributes:
        began: It was learnt from what was known at the end of this day.
        text: The model.
    """

    began: date
    text: PayTimeText


def past_model(cases: Waiting, as_of: date, *, threads: int) -> PastModel | None:
    """Learn from what was known half a year before.

    Args:
        cases: What the model of today is learnt from, as known on ``as_of``.
        as_of: The day of its knowledge.
        threads: LightGBM's threads.

    Returns:
        None where no invoice was settled by then.
    """
    began = as_of - SPAN
    then = cases.as_of(began)
    if np.isnan(then.delay).all():
        return None
    return PastModel(began, fit_pay_time(then, began, threads=threads))
