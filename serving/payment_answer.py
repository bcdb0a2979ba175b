"""When an invoice will be paid, as the answer to a late-payment question states it."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring.model import ReleasedModel
from scoring.pay_time import PayTimes

GRACES: Final = (1, 5, 15, 30, 60, 90)
LEVEL: Final = 0.8


def payment_answer(
    model: ReleasedModel, columns: Mapping[str, NDArray[np.float64]], issued_on: date, due_on: date
) -> dict[str, Any]:
    """The expected payment of one invoice at its issue; empty for a model that states no delays.

    Args:
        model: The late-payment model.
        columns: Facts of the invoice and its customer, arrays of shape (1,).
        issued_on: Day of issue.
        due_on: Due date.

    Returns:
        ``payment``: the expected date of those that pay within a year, the probability of payment on the very due
        date, the 80 % interval of those not paid on it, and the probability of lateness by days of grace.
    """
    if model.pay_time is None:
        return {}
    times = model.pay_times(columns, np.array([float((due_on - issued_on).days)]), at_issue=True)
    return {"payment": _told(times, due_on)}


def _told(times: PayTimes, due_on: date) -> dict[str, Any]:
    low, high = (int(side[0]) for side in times.interval())
    beyond = high > int(times.days[-1])
    return {
        "expected_on": _on(due_on, float(times.expected()[0])),
        "on_due_date_prob": float(times.mass[0, times.days == 0][0]),
        "interval_level": LEVEL,
        "from_on_if_not_on_due_date": _on(due_on, low),
        "to_on_if_not_on_due_date": None if beyond else _on(due_on, high),
        "late_prob_by_days": {str(grace): float(times.late_prob(grace)[0]) for grace in GRACES},
        "not_within_a_year_prob": float(times.never[0]),
    }


def _on(due_on: date, delay: float) -> str | None:
    return None if np.isnan(delay) else (due_on + timedelta(days=round(delay))).isoformat()
