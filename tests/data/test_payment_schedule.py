"""Payment terms: worked examples with the sums written out, then the laws."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.calendar import BusinessCalendar
from data.payment_schedule import Instalment, Terms, TermsError, schedule

ISSUED = date(2024, 3, 1)  # a Friday
GERMANY = BusinessCalendar("DE")


def D(text):
    return Decimal(text)


@pytest.mark.parametrize(
    ("amount", "terms", "calendar", "parts"),
    [
        pytest.param("1000.00", Terms(30), None, [Instalment(date(2024, 3, 31), D("1000.00"))], id="30 days net"),
        pytest.param(
            "1000.00", Terms(30), GERMANY, [Instalment(date(2024, 4, 2), D("1000.00"))], id="shifted over Easter"
        ),
        pytest.param("99.99", Terms(0), None, [Instalment(ISSUED, D("99.99"))], id="at once"),
        pytest.param(
            "1000.00",
            Terms(30, discount_days=10, discount_percent=D(2)),
            None,
            [Instalment(date(2024, 3, 31), D("1000.00"), date(2024, 3, 11), D("20.00"))],
            id="2 % within 10 days, 30 net",
        ),
        pytest.param(
            "1000.00",
            Terms(30, discount_days=15, discount_percent=D(2)),
            GERMANY,
            [Instalment(date(2024, 4, 2), D("1000.00"), date(2024, 3, 18), D("20.00"))],
            id="16 March is a Saturday: the discount is allowed to Monday",
        ),
        pytest.param(
            "0.25",
            Terms(30, discount_days=10, discount_percent=D(2)),
            None,
            [Instalment(date(2024, 3, 31), D("0.25"), date(2024, 3, 11), D("0.01"))],
            id="0.25 x 2 % = 0.005, rounded half up",
        ),
        pytest.param(
            "100.00",
            Terms(90, instalments=3),
            None,
            [
                Instalment(date(2024, 3, 31), D("33.34")),
                Instalment(date(2024, 4, 30), D("33.33")),
                Instalment(date(2024, 5, 30), D("33.33")),
            ],
            id="three thirds of 100.00: 33.34 + 33.33 + 33.33",
        ),
        pytest.param(
            "0.05",
            Terms(100, instalments=3),
            None,
            [
                Instalment(date(2024, 4, 3), D("0.02")),  # 100 / 3 = 33.3 days
                Instalment(date(2024, 5, 6), D("0.02")),  # 200 / 3 = 66.7 days
                Instalment(date(2024, 6, 9), D("0.01")),
            ],
            id="five cents in three parts",
        ),
        pytest.param(
            "100.00",
            Terms(60, discount_days=40, discount_percent=D(3), instalments=3),
            None,
            # 3 % of 100.00 is 3.00: 1.0002 and 2.0001 are cut to 1.00 and 2.00, so 1.00 + 1.00 + 1.00.
            [
                Instalment(date(2024, 3, 21), D("33.34"), date(2024, 3, 21), D("1.00")),
                Instalment(date(2024, 4, 10), D("33.33"), date(2024, 4, 10), D("1.00")),
                Instalment(date(2024, 4, 30), D("33.33"), date(2024, 4, 10), D("1.00")),
            ],
            id="no discount beyond the due date of a part",
        ),
    ],
)
def test_worked_examples(amount, terms, calendar, parts):
    assert schedule(D(amount), ISSUED, terms, calendar) == parts


PREPAID = Terms(0, is_prepayment=True)


@pytest.mark.parametrize(
    ("terms", "delivered_on", "calendar", "due_on"),
    [
        pytest.param(PREPAID, None, None, ISSUED, id="no delivery date: at issue"),
        pytest.param(PREPAID, date(2024, 3, 20), None, ISSUED, id="no days: at issue"),
        pytest.param(Terms(14, is_prepayment=True), None, None, date(2024, 3, 15), id="fourteen days"),
        pytest.param(
            Terms(14, is_prepayment=True), date(2024, 3, 12), None, date(2024, 3, 11), id="the day before delivery"
        ),
        pytest.param(
            Terms(14, is_prepayment=True), date(2024, 3, 11), GERMANY, date(2024, 3, 8), id="the business day before"
        ),
        pytest.param(Terms(14, is_prepayment=True), ISSUED, None, ISSUED, id="never before issue"),
        pytest.param(Terms(14), date(2024, 3, 12), None, date(2024, 3, 15), id="no prepayment: delivery says nothing"),
    ],
)
def test_prepayment_is_due_before_delivery(terms, delivered_on, calendar, due_on):
    (part,) = schedule(D("10.00"), ISSUED, terms, calendar, delivered_on=delivered_on)
    assert part.due_on == due_on


def test_currencies_without_cents_and_with_three_places():
    yen = schedule(D(1000), ISSUED, Terms(30, 10, D("2.25"), instalments=3), smallest=D(1))
    assert [part.amount for part in yen] == [334, 333, 333]
    assert sum(part.discount_amount for part in yen) == 23  # 22.5, rounded half up
    dinar = schedule(D("1.000"), ISSUED, Terms(30, instalments=3), smallest=D("0.001"))
    assert [part.amount for part in dinar] == [D("0.334"), D("0.333"), D("0.333")]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param({"net_days": -1}, "net_days must be 0 or more, got -1", id="negative days"),
        pytest.param({"net_days": 30, "instalments": 0}, "instalments must be 1 or more", id="no instalment"),
        pytest.param({"net_days": 30, "discount_days": 10}, "needs both discount_days and", id="days without percent"),
        pytest.param({"net_days": 30, "discount_percent": D(2)}, "needs both", id="percent without days"),
        pytest.param(
            {"net_days": 30, "discount_days": 31, "discount_percent": D(2)}, "between 0 and net_days, got 31", id="days"
        ),
        pytest.param(
            {"net_days": 30, "discount_days": 10, "discount_percent": D(101)}, "between 0 and 100", id="percent"
        ),
    ],
)
def test_terms_that_cannot_be(values, message):
    with pytest.raises(TermsError, match=message):
        Terms(**values)


@pytest.mark.parametrize(
    ("amount", "instalments", "message"),
    [
        pytest.param("0.00", 1, "must be positive, got 0.00", id="nothing"),
        pytest.param("-1.00", 1, "must be positive", id="a credit"),
        pytest.param("NaN", 1, "must be positive", id="no number"),
        pytest.param("1.005", 1, "whole units of 0.01, got 1.005", id="half a cent"),
        pytest.param("0.02", 3, "cannot be divided into 3 parts", id="fewer cents than parts"),
    ],
)
def test_amounts_that_cannot_be(amount, instalments, message):
    with pytest.raises(TermsError, match=message):
        schedule(D(amount), ISSUED, Terms(30, instalments=instalments))


@st.composite
def invoices(draw):
    net_days, percent = draw(st.integers(0, 400)), draw(st.none() | st.decimals(0, 100, places=3))
    instalments = draw(st.integers(1, 24))
    terms = Terms(
        net_days,
        None if percent is None else draw(st.integers(0, net_days)),
        percent,
        instalments,
        is_prepayment=draw(st.booleans()),
    )
    cents = draw(st.integers(instalments, 10**12))
    return Decimal(cents) / 100, draw(st.dates(date(2000, 1, 1), date(2050, 1, 1))), terms


@given(invoices(), st.booleans(), st.none() | st.integers(-10, 400))
def test_nothing_is_lost_or_given_twice(invoice, on_business_days, delivery):
    amount, issued_on, terms = invoice
    delivered_on = None if delivery is None else issued_on + timedelta(delivery)
    calendar = GERMANY if on_business_days else None
    parts = schedule(amount, issued_on, terms, calendar, delivered_on=delivered_on)
    assert len(parts) == terms.instalments
    assert sum(part.amount for part in parts) == amount
    assert max(part.amount for part in parts) - min(part.amount for part in parts) <= Decimal("0.01")
    assert [part.due_on for part in parts] == sorted(part.due_on for part in parts)
    assert all(part.due_on >= issued_on for part in parts)
    if terms.discount_percent is None:
        assert all(part.discount_amount is None and part.discount_until_on is None for part in parts)
        return
    whole = (amount * terms.discount_percent / 100).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    assert sum(part.discount_amount for part in parts) == whole
    assert all(0 <= part.discount_amount <= part.amount for part in parts)
    assert all(issued_on <= part.discount_until_on <= part.due_on for part in parts)


@given(invoices())
def test_a_shift_only_ever_gives_more_time_and_ends_on_a_business_day(invoice):
    amount, issued_on, terms = invoice
    plain, shifted = schedule(amount, issued_on, terms), schedule(amount, issued_on, terms, GERMANY)
    for before, after in zip(plain, shifted, strict=True):
        assert timedelta(0) <= after.due_on - before.due_on <= timedelta(10)
        assert GERMANY.is_business_day(after.due_on)
