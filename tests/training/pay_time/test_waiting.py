"""Which invoices wait, on which days, and what each of them teaches of every cell."""

from datetime import date

import numpy as np
import pytest

from scoring.pay_time import STARTS
from training.cases.facts import folded, from_book
from training.pay_time.hazard import entered, fit_pay_time
from training.pay_time.waiting import FIRST_DAY, waiting, waiting_cases

NAMES = ("late5_share_ever", "terms_days")


def _waiting(book, known_on, *, later=True):
    cases = waiting_cases(folded(book), issued_from=FIRST_DAY, known_on=known_on, later=later)
    return waiting(cases, from_book(book)(cases, list(NAMES)), NAMES, known_on)


def test_an_open_invoice_is_asked_for_again_until_it_is_paid(clerk):
    book = clerk.invoice("I1", issued="2024-01-01", due="2024-01-31", paid="2024-02-10").book()
    found = _waiting(book, date(2024, 6, 1))
    past_due = [case for case in found.case_ids if case > "I1@2024-01-31"]
    assert past_due == ["I1@2024-02-01", "I1@2024-02-05"], "paid on 10 February, so not asked for on the 15th"
    assert found.to_due[found.at_issue].tolist() == [30.0]
    assert set(found.delay) == {10.0}


def test_what_is_paid_before_its_issue_does_not_wait(clerk):
    book = clerk.invoice("I1", issued="2024-01-10", due="2024-01-31", paid="2024-01-05").book()
    assert len(_waiting(book, date(2024, 6, 1))) == 0


def test_nothing_learnt_later_plays_a_part(clerk):
    clerk.invoice("I1", issued="2024-01-01", due="2024-01-31", paid="2024-02-10", payment_known="2024-03-01")
    early, late = (_waiting(clerk.book(), day) for day in (date(2024, 2, 20), date(2024, 3, 2)))
    assert np.isnan(early.delay).all()
    assert set(late.delay) == {10.0}


def test_each_case_teaches_the_cells_it_entered(clerk):
    book = clerk.invoice("I1", issued="2024-01-01", due="2024-01-11", paid="2024-01-14").book()
    cases = _waiting(book, date(2024, 6, 1), later=False)
    rows, paid, whose = entered(cases)
    # Issued ten days before the due date: the cell from -14 had begun, so the first whole one begins at -7. Paid three
    # days late: cells -7, -3, 0, 1 and 2 are outlived, in the cell 3 it is paid, later ones are not entered.
    assert [STARTS[int(cell)] for cell in rows[:, -1]] == [-7, -3, 0, 1, 2, 3]
    assert paid.tolist() == [False] * 5 + [True]
    assert set(rows[:, -2]) == {10.0}
    assert set(whose) == {0}


def test_an_open_invoice_teaches_only_what_is_known(clerk):
    book = clerk.invoice("I1", issued="2024-01-01", due="2024-01-11").book()
    cases = _waiting(book, date(2024, 1, 14), later=False)
    rows, paid, whose = entered(cases)
    # Known at the end of 14 January: unpaid three days past due. The cell of day 3 is over, the one of day 4 is not.
    assert [STARTS[int(cell)] for cell in rows[:, -1]] == [-7, -3, 0, 1, 2, 3]
    assert not paid.any()
    assert set(whose) == {0}


def test_equal_cases_give_equal_texts_whatever_their_order(small_portfolio):
    cases = _waiting(small_portfolio, date(2023, 7, 1))
    first, again = (fit_pay_time(cases, date(2023, 7, 1), threads=1) for _ in range(2))
    assert first.contents() == again.contents()


def test_a_slow_customer_is_stated_slow(small_portfolio):
    known_on = date(2023, 7, 1)
    cases = _waiting(small_portfolio, known_on)
    model = fit_pay_time(cases, known_on, threads=1).model()
    issued = cases.take(cases.at_issue)
    stated = model.pay_times(issued.matrix, issued.to_due)
    late = np.where(np.isnan(issued.delay), np.inf, issued.delay) >= 5
    assert stated.late_prob(5)[late].mean() > 1.15 * stated.late_prob(5)[~late].mean()
    assert stated.late_prob(5).mean() == pytest.approx(late.mean(), abs=0.06)
