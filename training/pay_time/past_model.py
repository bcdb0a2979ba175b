"""The model that would have been learnt half a year before, to see how it did since."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from scoring.pay_time import PayTimeText
from training.pay_time.hazard import fit_pay_time
from training.pay_time.waiting import Waiting

SPAN: Final = timedelta(days=182)
FEWEST: Final = 200
"""With fewer settled cases to learn from, it would not have been a model."""
FEWEST_CUSTOMERS: Final = 30


@dataclass(frozen=True)
class PastModel:
    """A model of the past.

    Attributes:
        began: It was learnt from what was known at the end of this day.
        text: The model.
    """

    began: date
    text: PayTimeText


def past_model(cases: Waiting, began: date, *, threads: int) -> PastModel | None:
    """Learn as one would have learnt then.

    Args:
        cases: As known at the end of that day. Their facts are those that the model of today reads.
        began: The day.
        threads: LightGBM's threads.

    Returns:
        None where too little was settled by then, or of too few customers.
    """
    settled = ~np.isnan(cases.delay)
    if settled.sum() < FEWEST or len({*cases.customer_ids[settled].tolist()}) < FEWEST_CUSTOMERS:
        return None
    return PastModel(began, fit_pay_time(cases, began, threads=threads))
