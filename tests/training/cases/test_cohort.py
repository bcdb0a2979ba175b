"""Who is scored when."""

from datetime import UTC, date, datetime

import pytest

from training.cases.cohort import customer_cohort, invoice_cases, month_firsts
from training.cases.facts import folded


def cohort(book, as_of, **also):
    rows = customer_cohort(book, folded(book), [as_of], dpd=90, **also).to_pyarrow().to_pylist()
    return sorted(row["customer_id"] for row in rows)


@pytest.mark.parametrize(
    ("as_of", "members"),
    [
        pytest.param(date(2023, 12, 31), [], id="not issued yet"),
        pytest.param(date(2024, 1, 1), ["A"], id="issued on the day"),
        pytest.param(date(2024, 12, 30), ["A"], id="364 days after issue: in (t - 365, t]"),
        pytest.param(date(2024, 12, 31), [], id="365 days after (2024 is a leap year)"),
    ],
)
def test_an_invoice_in_the_last_365_days(clerk, as_of, members):
    assert cohort(clerk.invoice("I", due="2024-02-01", paid="2024-02-01").book(), as_of) == members


def test_an_invoice_booked_later_was_not_there(clerk):
    book = clerk.invoice("I", due="2024-02-01", known="2024-03-02").book()
    assert cohort(book, date(2024, 3, 1)) == []
    assert cohort(book, date(2024, 3, 2)) == ["A"]


# Due 1 Mar: more than 90 days past due from 31 May on; paid on 10 June.
@pytest.mark.parametrize(
    ("as_of", "cured_days", "members"),
    [
        pytest.param(date(2024, 5, 30), 90, ["A"], id="90 days is not beyond"),
        pytest.param(date(2024, 5, 31), 0, [], id="91 days is"),
        pytest.param(date(2024, 6, 9), 0, [], id="open still"),
        pytest.param(date(2024, 6, 10), 0, ["A"], id="paid on the day, no cure asked for"),
        pytest.param(date(2024, 6, 10), 90, [], id="cured for one day"),
        pytest.param(date(2024, 9, 6), 90, [], id="cured for 89 days, 10 June to 6 September"),
        pytest.param(date(2024, 9, 7), 90, ["A"], id="cured for 90 days enters again"),
    ],
)
def test_customers_beyond_the_limit_stay_out_until_cured(clerk, as_of, cured_days, members):
    book = clerk.invoice("I", due="2024-03-01", paid="2024-06-10").book()
    assert cohort(book, as_of, cured_days=cured_days) == members


def test_a_payment_learnt_later_leaves_the_customer_out(clerk):
    book = clerk.invoice("I", due="2024-03-01", paid="2024-05-20", payment_known="2024-07-01").book()
    assert cohort(book, date(2024, 6, 15), cured_days=0) == []
    assert cohort(book, date(2024, 7, 1), cured_days=0) == ["A"]


def test_unknown_outcome_is_no_open_item_but_is_business(clerk):
    book = clerk.invoice("I", due="2024-03-01", outcome_unknown=True).book()
    assert cohort(book, date(2024, 8, 1)) == ["A"]


def test_cases_and_instants(clerk):
    book = clerk.invoice("I", due="2024-02-01").invoice("I", due="2024-02-09", known="2024-01-20").book()
    (case,) = (
        invoice_cases(folded(book), issued_from=date(2024, 1, 1), issued_to=date(2024, 1, 1)).to_pyarrow().to_pylist()
    )
    assert (case["case_id"], case["as_of"], case["due_on"]) == ("I", date(2023, 12, 31), date(2024, 2, 1)), (
        "as first known"
    )
    assert case["at"] == datetime(2024, 1, 1, tzinfo=UTC)
    (member,) = customer_cohort(book, folded(book), [date(2024, 1, 5)], dpd=90).to_pyarrow().to_pylist()
    assert member["case_id"] == "A@2024-01-05"
    assert member["at"] == datetime(2024, 1, 5, 23, 59, 59, 999999, tzinfo=UTC)


def test_firsts_of_months_include_both_ends():
    assert month_firsts(date(2020, 1, 1), date(2020, 3, 1)) == (date(2020, 1, 1), date(2020, 2, 1), date(2020, 3, 1))
    assert month_firsts(date(2020, 1, 2), date(2020, 1, 31)) == ()
