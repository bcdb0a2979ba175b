"""What past forecasts of cash missed widens the coming ones, by sums written out."""

from datetime import date, timedelta

import numpy as np
import pytest

from training.cases.facts import folded, from_book
from training.pay_time.hazard import fit_pay_time
from training.pay_time.past_cash import FEWEST, _open_then, came, judged, past_cash
from training.pay_time.past_model import SPAN, past_model
from training.pay_time.waiting import FIRST_DAY, waiting, waiting_cases

NAMES = ("late5_share_ever", "terms_days", "late5_share_90d")
AS_OF = date(2024, 3, 31)


def weeks(off, *, mean=100.0, half=10.0):
    """One day of forecast: weeks that fell so many half-widths from their mean."""
    n = len(off)
    return np.full(n, mean), np.tile([[mean - half, mean + half]], (n, 1)), mean + half * np.asarray(off)


def test_the_widening_holds_eight_of_ten_past_weeks():
    # 24 weeks at 0.5, 1.0, .. 12.0 half-widths: rank ceil(25 * 0.8) = 20, so the ends go out to 10 of them.
    found = judged(iter([weeks(np.arange(1, 25) * 0.5)]))
    assert found.weeks == 24
    assert found.held == pytest.approx(2 / 24)
    assert found.widened == pytest.approx(10.0)
    # errors: 10 * (0.5 + .. + 12) = 10 * 150 = 1,500; came: 24 * 100 + 1,500
    assert found.missed == pytest.approx(1500 / 3900)


def test_weeks_that_brought_less_count_like_those_that_brought_more():
    off = np.arange(1, 25) * 0.5
    more, less = judged(iter([weeks(off)])), judged(iter([weeks(-off)]))
    assert more.widened == pytest.approx(less.widened)


def test_an_interval_is_never_made_narrower():
    assert judged(iter([weeks(np.full(30, 0.1))])).widened == 1.0


def test_a_skewed_interval_is_measured_on_the_side_where_the_week_fell():
    mean, ends = np.full(25, 100.0), np.tile([[95.0, 120.0]], (25, 1))
    assert judged(iter([(mean, ends, np.full(25, 130.0))])).widened == pytest.approx(1.5)  # 30 / 20
    assert judged(iter([(mean, ends, np.full(25, 80.0))])).widened == pytest.approx(4.0)  # 20 / 5


def test_too_few_weeks_say_nothing():
    assert judged(iter([weeks(np.ones(FEWEST - 1))])) is None
    nothing_owed = np.zeros(30), np.zeros((30, 2)), np.zeros(30)
    assert judged(iter([nothing_owed])) is None


def test_days_of_forecast_are_taken_together():
    off = np.arange(1, 25) * 0.5
    assert judged(iter([weeks(off[:9]), weeks(off[9:])])) == judged(iter([weeks(off)]))


def test_cash_of_a_week_is_what_was_paid_in_it():
    waited = np.array([1, 7, 8, 56, 57, -3, "NaT"], dtype="timedelta64[D]")
    assert came(np.full(7, 5.0), waited).tolist() == [10.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0]


@pytest.fixture(scope="module")
def learnt(small_portfolio):
    rows = folded(small_portfolio)
    cases = waiting_cases(rows, issued_from=FIRST_DAY, known_on=AS_OF)
    return rows, waiting(cases, from_book(small_portfolio)(cases, list(NAMES)), NAMES, AS_OF)


def test_a_portfolios_own_past_is_looked_back_on(small_portfolio, learnt):
    rows, cases = learnt
    past = past_model(cases, AS_OF, threads=1)
    found = past_cash(small_portfolio, rows, past, AS_OF, threads=1)
    assert FEWEST <= found.weeks <= 40
    assert 0.2 < found.held <= 1.0
    assert 1.0 <= found.widened < 6.0
    assert 0.0 < found.missed < 0.6
    assert found == past_cash(small_portfolio, rows, past, AS_OF, threads=1)


def test_the_past_model_is_the_one_that_was_learnt_then(small_portfolio, learnt):
    _, cases = learnt
    began = AS_OF - SPAN
    known_then = waiting_cases(folded(small_portfolio), issued_from=FIRST_DAY, known_on=began)
    then = waiting(known_then, from_book(small_portfolio)(known_then, list(NAMES)), NAMES, began)
    assert past_model(cases, AS_OF, threads=1).text.contents() == fit_pay_time(then, began, threads=1).contents()


def test_a_past_without_settlements_says_nothing(learnt):
    _, cases = learnt
    first = cases.at.min().astype("datetime64[D]").astype(object)
    assert past_model(cases, first + SPAN - timedelta(1), threads=1) is None


def test_what_was_paid_after_the_day_of_knowledge_had_not_come(clerk):
    clerk.invoice("I1", issued="2024-01-01", due="2024-01-31", paid="2024-02-10", payment_known="2024-03-01")
    clerk.invoice("I2", issued="2024-01-02", due="2024-01-20", paid="2024-01-30")
    rows = folded(clerk.book())
    early, late = (_open_then(rows, date(2024, 1, 10), day) for day in (date(2024, 2, 20), date(2024, 3, 2)))
    # open on 10 January: both; four and eight weeks later I1 alone, until its payment is known on 1 March
    of_first = ["I1@2024-01-10", "I2@2024-01-10", "I1@2024-02-07"]
    assert early["case_id"].to_pylist()[:3] == of_first
    assert late["case_id"].to_pylist()[:3] == of_first
    assert early["settled_on"].to_pylist()[:3] == [None, date(2024, 1, 30), None]
    assert late["settled_on"].to_pylist()[:3] == [date(2024, 2, 10), date(2024, 1, 30), date(2024, 2, 10)]
