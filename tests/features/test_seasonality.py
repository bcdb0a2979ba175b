"""The same season a year ago, with the sums written out and the edges of the quarters."""

import pytest

from features.seasonality import FEATURES
from tests.features.ledger import AS_OF, allocation, days, invoice
from tests.features.one_family import teller

one = teller(*FEATURES)


def issued(invoice_id, ago, amount="100"):
    day = AS_OF - days(ago)
    return invoice(invoice_id, issued=day.isoformat(), due=(day + days(30)).isoformat(), amount=amount)


def paid(invoice_id, *, ago, late):
    """An invoice on terms of 30 days, cleared so many days ago."""
    due = AS_OF - days(ago + late)
    return (
        invoice(invoice_id, issued=(due - days(30)).isoformat(), due=due.isoformat()),
        allocation(invoice_id, on=(AS_OF - days(ago)).isoformat(), clears=True),
    )


def test_a_year_of_invoices():
    rows = {
        "invoices": [
            issued("I1", 10, "150"),
            issued("I2", 80, "300"),
            issued("I3", 180, "250"),
            issued("I4", 300, "300"),
            issued("I5", 400, "360"),
        ]
    }
    # 150 + 300 in the last 90 days, 360 in those of a year ago: 450 / 360 - 1.
    assert one(rows, "invoiced_to_last_year_90d") == 0.25
    # I4 of 150 + 300 + 250 + 300 fell in what is the coming season.
    assert one(rows, "invoiced_same_season_share") == 0.3


@pytest.mark.parametrize(
    ("ago", "value"),
    [
        pytest.param(364, None, id="364 days ago is of this year"),
        pytest.param(365, 1, id="365 days ago is the last day of last year's quarter: 200 / 100 - 1"),
        pytest.param(454, 1, id="454 days ago its first"),
        pytest.param(455, None, id="455 days ago is before it"),
    ],
)
def test_last_years_quarter(ago, value):
    assert one({"invoices": [issued("I1", ago), issued("I2", 20, "200")]}, "invoiced_to_last_year_90d") == value


@pytest.mark.parametrize(
    ("ago", "value"),
    [pytest.param(89, 0, id="in the last 90 days: 100 / 100 - 1"), pytest.param(90, -1, id="before them: none")],
)
def test_this_years_quarter(ago, value):
    assert one({"invoices": [issued("I1", 400), issued("I2", ago)]}, "invoiced_to_last_year_90d") == value


@pytest.mark.parametrize(
    ("ago", "share"),
    [
        pytest.param(274, 0, id="274 days ago is after the season"),
        pytest.param(275, 0.5, id="275 days ago is its last day"),
        pytest.param(364, 0.5, id="364 days ago its first"),
        pytest.param(365, 0, id="365 days ago is of no window"),
    ],
)
def test_the_coming_season_a_year_ago(ago, share):
    assert one({"invoices": [issued("I1", ago), issued("I2", 20)]}, "invoiced_same_season_share") == share


@pytest.mark.parametrize(
    ("ago", "share"),
    [
        pytest.param(274, None, id="settled after the season"),
        pytest.param(275, 1, id="on its last day"),
        pytest.param(364, 1, id="on its first"),
        pytest.param(365, None, id="before it"),
    ],
)
def test_when_an_invoice_was_settled_counts_for_the_season(ago, share):
    invoice_row, allocation_row = paid("I1", ago=ago, late=5)
    rows = {"invoices": [invoice_row], "allocations": [allocation_row]}
    assert one(rows, "late5_share_same_season") == share


def test_how_the_season_was_paid():
    pairs = [paid("I1", ago=300, late=5), paid("I2", ago=310, late=4), paid("I3", ago=320, late=-9)]
    rows = {"invoices": [i for i, _ in pairs], "allocations": [a for _, a in pairs]}
    assert one(rows, "late5_share_same_season") == pytest.approx(1 / 3, rel=1e-15)  # I1 of three


def test_unknown_amounts_are_not_zero():
    rows = {"invoices": [issued("I1", 400), issued("I2", 20, None)]}
    assert one(rows, "invoiced_to_last_year_90d", "invoiced_same_season_share") == (None, None)
    rows = {"invoices": [issued("I1", 300, None), issued("I2", 20)]}
    assert one(rows, "invoiced_same_season_share") is None
