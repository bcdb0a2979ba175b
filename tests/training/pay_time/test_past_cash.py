"""What past forecasts of cash missed widens the coming ones, by sums written out."""

from datetime import date

import numpy as np
import pytest

from training.cases.facts import folded, from_book
from training.pay_time.past_cash import FEWEST, WIDEST, _open_then, came, judged, past_cash
from training.pay_time.past_model import FEWEST as LEAST
from training.pay_time.past_model import SPAN, past_model
from training.pay_time.waiting import FIRST_DAY, waiting, waiting_cases

NAMES = ("late5_share_ever", "terms_days", "late5_share_90d")
AS_OF = date(2024, 3, 31)


def weeks(off, *, mean=100.0, half=10.0):
    """One day of forecast: weeks that fell so many half-widths from their mean."""
    n = len(off)
    return np.full(n, mean), np.tile([[mean - half, mean, mean + half]], (n, 1)), mean + half * np.asarray(off)


def test_the_widening_holds_eight_of_ten_past_weeks():
    # 24 weeks at 0.2, 0.4, .. 4.8 half-widths: rank ceil(25 * 0.8) = 20, so the ends go out to 4.0 of them.
    found = judged(iter([weeks(np.arange(1, 25) * 0.2)]))
    assert found.weeks == 24
    assert found.held == pytest.approx(5 / 24)
    assert found.widened == pytest.approx(4.0)
    # errors: 10 * (0.2 + .. + 4.8) = 10 * 60 = 600; came: 24 * 100 + 600
    assert found.missed == pytest.approx(600 / 3000)


def test_a_past_that_was_not_forecast_at_all_widens_by_no_more_than_a_bound():
    assert judged(iter([weeks(np.full(30, 40.0))])).widened == WIDEST


def test_weeks_whose_futures_are_all_alike_are_held_or_not_but_say_no_width():
    sure = np.full(10, 7.0), np.zeros((10, 3)), np.where(np.arange(10) < 4, 0.0, 50.0)
    found = judged(iter([weeks(np.full(30, 0.5)), sure]))
    assert found.weeks == 40
    assert found.held == pytest.approx(34 / 40)  # all thirty, and four of ten that brought the nothing they were to
    assert found.widened == 1.0


def test_an_interval_that_does_not_hold_its_mean_is_measured_from_its_middle():
    # One invoice of 1,000 at 8 % beside five of 10: the mean is 105, the drawn futures lie between 10 and 50.
    few = np.full(25, 105.0), np.tile([[10.0, 30.0, 50.0]], (25, 1)), np.full(25, 60.0)
    found = judged(iter([few]))
    assert (found.held, found.widened) == (0.0, 1.5)  # (60 - 30) / (50 - 30)


def test_weeks_that_brought_less_count_like_those_that_brought_more():
    off = np.arange(1, 25) * 0.2
    more, less = judged(iter([weeks(off)])), judged(iter([weeks(-off)]))
    assert more.widened == pytest.approx(less.widened)


def test_an_interval_is_never_made_narrower():
    assert judged(iter([weeks(np.full(30, 0.1))])).widened == 1.0


def test_a_skewed_interval_is_measured_on_the_side_where_the_week_fell():
    mean, drawn = np.full(25, 104.0), np.tile([[95.0, 100.0, 120.0]], (25, 1))
    assert judged(iter([(mean, drawn, np.full(25, 130.0))])).widened == pytest.approx(1.5)  # 30 / 20
    assert judged(iter([(mean, drawn, np.full(25, 80.0))])).widened == pytest.approx(4.0)  # 20 / 5


def test_too_few_weeks_say_nothing():
    assert judged(iter([weeks(np.ones(FEWEST - 1))])) is None
    nothing_owed = np.zeros(30), np.zeros((30, 3)), np.zeros(30)
    assert judged(iter([nothing_owed])) is None


def test_days_of_forecast_are_taken_together():
    off = np.arange(1, 25) * 0.2
    assert judged(iter([weeks(off[:9]), weeks(off[9:])])) == judged(iter([weeks(off)]))


def test_cash_of_a_week_is_what_was_paid_in_it():
    waited = np.array([1, 7, 8, 56, 57, -3, "NaT"], dtype="timedelta64[D]")
    assert came(np.full(7, 5.0), waited).tolist() == [10.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0]


@pytest.fixture(scope="module")
def past(small_portfolio):
    """What would have been learnt half a year before."""
    began = AS_OF - SPAN
    cases = waiting_cases(folded(small_portfolio), issued_from=FIRST_DAY, known_on=began)
    return past_model(waiting(cases, from_book(small_portfolio)(cases, NAMES), NAMES, began), began, threads=1)


def test_a_portfolios_own_past_is_looked_back_on(small_portfolio, past):
    rows = folded(small_portfolio)
    found = past_cash(small_portfolio, rows, past, AS_OF, threads=1)
    assert FEWEST <= found.weeks <= 40
    assert 0.2 < found.held <= 1.0
    assert 1.0 <= found.widened <= WIDEST
    assert 0.0 < found.missed < 0.6
    assert found == past_cash(small_portfolio, rows, past, AS_OF, threads=1)


def test_too_few_settlements_or_customers_are_no_past(small_portfolio):
    began = AS_OF - SPAN
    table = waiting_cases(folded(small_portfolio), issued_from=FIRST_DAY, known_on=began)
    cases = waiting(table, from_book(small_portfolio)(table, NAMES), NAMES, began)
    few, one = cases.take(np.arange(LEAST - 1)), cases.take(np.arange(len(cases)))
    one.customer_ids[:] = "C00"
    assert past_model(few, began, threads=1) is None
    assert past_model(one, began, threads=1) is None


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
