"""Payment trend: the last 90 days against the last 365, with the sums written out."""

import pytest

from features.feature_sets import named
from features.payment_trend import CHANGE_FEATURES, FEATURES
from tests.features.ledger import AS_OF, allocation, days, invoice, random_rows
from tests.features.one_family import teller, told_of_all

MADE = (*FEATURES, *CHANGE_FEATURES, *named(["payment_index_365d", "days_late_weighted_365d"]))
one = teller(*MADE)


def paid(invoice_id, *, ago, late, amount="100"):
    """An invoice cleared so many days ago, so many days late, on terms of 30 days."""
    due = AS_OF - days(ago + late)
    return (
        invoice(invoice_id, issued=(due - days(30)).isoformat(), due=due.isoformat(), amount=amount),
        allocation(invoice_id, on=(AS_OF - days(ago)).isoformat(), clears=True),
    )


def book(*pairs):
    return {"invoices": [i for i, _ in pairs], "allocations": [a for _, a in pairs]}


# In the last 90 days 15 and 0 days late and 20 days early; before, on the due date twice and 10 days early.
SIX = book(
    paid("I1", ago=5, late=15, amount="100"),
    paid("I2", ago=40, late=0, amount="200"),
    paid("I3", ago=89, late=-20, amount="100"),
    paid("I4", ago=90, late=0, amount="300"),
    paid("I5", ago=200, late=0, amount="100"),
    paid("I6", ago=364, late=-10, amount="200"),
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("payment_index_90d", 80, id="(100 x 70 + 200 x 80 + 100 x 90) / 400"),
        # 365 days: (100 x 70 + 200 x 80 + 100 x 90 + 300 x 80 + 100 x 80 + 200 x 85) / 1000 = 81
        pytest.param("payment_index_change", -1, id="80 - 81"),
        pytest.param("late5_share_change", 1 / 3 - 1 / 6, id="I1 of three less I1 of six"),
        pytest.param("days_late_mean_change", -5 / 3 + 15 / 6, id="(15 + 0 - 20) / 3 - (15 - 20 - 10) / 6"),
        pytest.param("days_beyond_terms_365d", 1.5, id="100 x 15 / 1000; early ones count as 0 days"),
    ],
)
def test_how_six_invoices_were_paid(name, value):
    assert one(SIX, name) == pytest.approx(value, rel=1e-12)


def test_the_index_needs_three_items_with_an_amount_in_the_last_90_days():
    two = book(
        paid("I1", ago=5, late=0),
        paid("I2", ago=6, late=0),
        paid("I3", ago=7, late=0, amount=None),
        paid("I4", ago=90, late=0),
    )
    assert one(two, "payment_index_90d", "payment_index_change", "payment_index_365d") == (None, None, 80)


def test_nothing_settled_lately_has_no_change():
    rows = book(paid("I1", ago=90, late=7))
    assert one(rows, "late5_share_change", "days_late_mean_change", "days_beyond_terms_365d") == (None, None, 7)


@pytest.mark.parametrize(
    ("ago", "value"),
    [pytest.param(364, 7, id="the first day of the year"), pytest.param(365, None, id="the day before it")],
)
def test_days_beyond_terms_are_of_the_year(ago, value):
    assert one(book(paid("I1", ago=ago, late=7)), "days_beyond_terms_365d") == value


def test_days_beyond_terms_take_no_notice_of_items_without_an_amount_and_open_ones():
    rows = book(paid("I1", ago=5, late=10, amount=None), paid("I2", ago=5, late=-3))
    assert one(rows, "days_beyond_terms_365d") == 0
    assert one({"invoices": [invoice(due="02-01")]}, "days_beyond_terms_365d") is None


@pytest.mark.parametrize("seed", range(2))
def test_days_beyond_terms_are_never_less_than_weighted_days_late(seed):
    found = told_of_all(random_rows(seed), [(f"C{number}", AS_OF) for number in range(30)], MADE)
    pairs = [(made["days_beyond_terms_365d"], made["days_late_weighted_365d"]) for made in found]
    assert all((beyond is None) == (weighted is None) for beyond, weighted in pairs)
    assert all(beyond >= weighted for beyond, weighted in pairs if beyond is not None)
