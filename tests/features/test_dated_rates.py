"""An invoice of 100 USD, issued on 2024-01-01, in a book in EUR: which rate turns it."""

from decimal import Decimal

import pytest

from tests.features.ledger import day, invoice, one, row


def quote(on, rate="0.9", *, known_on=None, pair=("USD", "EUR"), **more):
    named = {"currency": pair[0], "into_currency": pair[1], "quoted_on": day(on), "rate": Decimal(rate)}
    return row("exchange_rates", known_on=day(known_on or on), **named, **more)


def open_amount(*quotes, **more):
    return one({"invoices": [invoice(currency="USD", **more)], "exchange_rates": quotes}, "open_amount")


@pytest.mark.parametrize(
    ("quotes", "euros"),
    [
        pytest.param([quote("2024-01-01")], 90, id="quoted on the day of issue"),
        pytest.param([quote("2023-12-01")], 90, id="31 days before"),
        pytest.param([quote("2023-11-30")], None, id="32 days before says nothing"),
        pytest.param([quote("2024-01-02")], None, id="the day after is too late"),
        pytest.param([quote("2023-12-20", "0.8"), quote("2023-12-31")], 90, id="the newest of two"),
        pytest.param([quote("2023-12-31", known_on="2024-01-02")], None, id="known a day after the invoice"),
        pytest.param(
            [quote("2023-12-31"), quote("2023-12-31", "0.5", known_on="2024-01-02")], 90, id="corrected too late"
        ),
        pytest.param(
            [quote("2023-12-31"), quote("2023-12-31", "0.5", known_on="2024-01-01")], 50, id="corrected in time"
        ),
        pytest.param(
            [quote("2023-12-20", "0.8"), quote("2023-12-31"), quote("2023-12-31", hour=13, is_deleted=True)],
            80,
            id="the newest was withdrawn",
        ),
        pytest.param([quote("2024-01-01", pair=("EUR", "USD"))], None, id="the other way round says nothing"),
        pytest.param([quote("2024-01-01", pair=("USD", "GBP"))], None, id="into another currency"),
    ],
)
def test_the_rate_of_the_day_of_issue(quotes, euros):
    assert open_amount(*quotes) == euros


def test_of_an_invoice_that_becomes_known_late_the_rates_known_by_then_count():
    assert open_amount(quote("2023-12-31", known_on="2024-01-05"), known_on=day("2024-01-05")) == 90


def test_half_a_ten_thousandth_is_rounded_up():
    assert open_amount(quote("2024-01-01", "0.5"), amount="0.0003") == 0.0002  # 0.00015
