"""Three weeks in which half of the invoices came late are not learnt as the normal."""

from datetime import date

import numpy as np
import pytest

from training.pay_time.hazard import RECIPE, fit_pay_time
from training.pay_time.ordinary import late, told_apart
from training.pay_time.waiting import Waiting

WEEKS, A_WEEK, WILD = 40, 120, 3
ORDINARY_RATE, WILD_RATE = 0.08, 0.5
FIRST = np.datetime64("2019-01-07")  # a Monday


def portfolio(seed=0):
    """Invoices of forty weeks at their issue, ten days before the due date; in the last three many are paid late."""
    random, n = np.random.default_rng(seed), WEEKS * A_WEEK
    week = np.repeat(np.arange(WEEKS), A_WEEK)
    rate = np.where(week >= WEEKS - WILD, WILD_RATE, ORDINARY_RATE)
    delay = np.where(random.random(n) < rate, random.integers(5, 30, n), 0).astype(float)
    due = FIRST + 7 * week + random.integers(0, 5, n)
    names = np.array([f"I{place:05d}" for place in range(n)], dtype=object)
    customers = np.array([f"C{random.integers(0, 400):03d}" for _ in range(n)], dtype=object)
    matrix = random.normal(size=(n, 2))
    return Waiting(
        case_ids=names,
        invoice_ids=names,
        customer_ids=customers,
        at=due - 10,
        due_on=due,
        delay=delay,
        censored_after=np.full(n, 400.0),
        amount=np.full(n, 100.0),
        matrix=matrix,
        names=("days_late_mean_90d", "open_count"),
    )


@pytest.fixture(scope="module")
def cases():
    return portfolio()


def ordinary_weights(cases):
    return told_apart(cases, RECIPE, threads=1).weights


def is_wild(cases):
    return cases.due_on >= FIRST + 7 * (WEEKS - WILD)


def test_late_ones_of_wild_weeks_count_less_and_the_others_more(cases):
    weight, bad, wild = ordinary_weights(cases), late(cases), is_wild(cases)
    # of 100 cases of a wild week 50 are late; to leave 8 of 100, each counts 8 / 50, and of the others 92 / 50
    assert weight[wild & bad].mean() == pytest.approx(0.08 / 0.5, abs=0.06)
    assert weight[wild & ~bad].mean() == pytest.approx(0.92 / 0.5, abs=0.25)
    assert weight[~wild].mean() == pytest.approx(1.0, abs=0.03)


def test_a_case_on_a_later_day_counts_as_its_invoice_does(cases):
    again = cases.take(late(cases))
    later = Waiting(
        **{name: getattr(again, name) for name in again.__dataclass_fields__}
        | {"case_ids": np.array([f"{name}@later" for name in again.invoice_ids], dtype=object), "at": again.due_on + 1}
    )
    parts = (cases, later)
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ("case_ids", "at", "due_on")}
    rest = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("invoice_ids", "customer_ids", "delay", "censored_after", "amount", "matrix")
    }
    weight = ordinary_weights(Waiting(**arrays, **rest, names=cases.names))
    assert weight[len(cases) :].tolist() == weight[: len(cases)][late(cases)].tolist()
    assert weight[: len(cases)].tolist() == ordinary_weights(cases).tolist()


def test_wild_weeks_have_much_in_common_and_even_ones_little(cases):
    even = cases.take(~is_wild(cases))
    assert told_apart(even, RECIPE, threads=1).common < 0.03
    assert told_apart(cases, RECIPE, threads=1).common > 2 * told_apart(even, RECIPE, threads=1).common


def test_an_outcome_that_is_not_known_counts_once(cases):
    open_ones = cases.take(np.arange(len(cases)))
    open_ones.delay[:50], open_ones.censored_after[:50] = np.nan, 2.0
    assert ordinary_weights(open_ones)[:50].tolist() == [1.0] * 50


def test_one_outcome_alone_leaves_all_alike(cases):
    good = cases.take(~late(cases))
    assert set(ordinary_weights(good)) == {1.0}


def test_what_is_stated_after_the_shock_is_the_ordinary_rate(cases):
    model = fit_pay_time(cases, date(2019, 12, 1), threads=1).model()
    newest = cases.take(is_wild(cases))
    stated = model.pay_times(newest.matrix, newest.to_due).late_prob(5).mean()
    with_shock = late(cases).mean()  # (37 x 8 % + 3 x 50 %) / 40 = 11.2 %
    assert with_shock == pytest.approx(0.112, abs=0.01)
    assert stated == pytest.approx(ORDINARY_RATE, abs=0.015)
