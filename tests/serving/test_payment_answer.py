"""When an invoice will be paid, as the answer states it."""

from datetime import date

import numpy as np
import pytest

from scoring.pay_time import PayTimes
from serving.payment_answer import payment_answer

ISSUED, DUE = date(2024, 3, 1), date(2024, 3, 31)


class Stating:
    """A model that states one distribution, and remembers what it was asked."""

    pay_time = "there is one"

    def __init__(self, days, mass):
        every = np.arange(days[0], days[-1] + 1)
        self.times = PayTimes(every, np.zeros((1, len(every))))
        self.times.mass[0, np.searchsorted(every, days)] = mass

    def pay_times(self, columns, to_due, *, at_issue):
        self.asked = to_due.tolist(), at_issue
        return self.times


def test_an_answer_worked_by_hand():
    model = Stating([-2, 0, 1, 4, 10], [0.1, 0.6, 0.1, 0.1, 0.05])
    told = payment_answer(model, {}, ISSUED, DUE)["payment"]
    assert model.asked == ([30.0], True)
    # (-2 * 0.1 + 0.1 + 4 * 0.1 + 10 * 0.05) / 0.95 = 0.84: the first of April
    assert told["expected_on"] == "2024-04-01"
    assert told["on_due_date_prob"] == pytest.approx(0.6)
    # Of the 0.4 not paid on the day: 0.25 each on days -2, 1 and 4, 0.125 on day 10, and 0.125 not at all. Up to day 10
    # it is 0.875; without day 10 it is 0.75, nearer to 0.8.
    assert (told["from_on_if_not_on_due_date"], told["to_on_if_not_on_due_date"]) == ("2024-03-29", "2024-04-09")
    assert told["late_prob_by_days"] == pytest.approx(
        {"1": 0.3, "5": 0.1, "15": 0.05, "30": 0.05, "60": 0.05, "90": 0.05}
    )
    assert told["not_within_a_year_prob"] == pytest.approx(0.05)


def test_an_interval_without_an_end_says_so():
    told = payment_answer(Stating([0, 1], [0.2, 0.1]), {}, ISSUED, DUE)["payment"]
    assert told["to_on_if_not_on_due_date"] is None


def test_a_model_without_delays_states_none():
    model = Stating([0], [1.0])
    model.pay_time = None
    assert payment_answer(model, {}, ISSUED, DUE) == {}
