"""Cash discounts offered and taken, with the sums written out."""

from decimal import Decimal

import pytest

from features.discounts import FEATURES, LAPSE_FEATURES
from tests.features.ledger import AS_OF, allocation, days, invoice
from tests.features.one_family import teller

SHARES = ("discount_taken_share_365d", "discount_taken_share_90d", "discount_lapse")
one = teller(*FEATURES, *LAPSE_FEATURES)


def offered(invoice_id, *, issued, settled=None, within=10, **more):
    """An invoice with 2 % off if paid within so many days; ``issued`` and ``settled`` in days before AS_OF."""
    issued_on = AS_OF - days(issued)
    allowed = {} if within is None else {"discount_until_on": issued_on + days(within), "discount_amount": Decimal(2)}
    found = invoice(invoice_id, issued=issued_on.isoformat(), due=(issued_on + days(30)).isoformat(), **allowed, **more)
    if settled is None:
        return found, None
    return found, allocation(invoice_id, on=(AS_OF - days(settled)).isoformat(), clears=True)


def book(*pairs):
    return {"invoices": [i for i, _ in pairs], "allocations": [a for _, a in pairs if a is not None]}


def test_a_customer_that_takes_fewer_discounts_than_it_did():
    rows = book(
        offered("I1", issued=300, settled=295),  # taken
        offered("I2", issued=200, settled=192),  # taken
        offered("I3", issued=60, settled=30),  # not taken
        offered("I4", issued=50, settled=45),  # taken
        offered("I5", issued=40, settled=20, within=None),  # none offered
        offered("I6", issued=15),  # offered, open
    )
    assert one(rows, "discount_offered_count_365d") == 5
    # Settled and offered: 3 of 4 in the year, 1 of 2 in the last 90 days.
    assert one(rows, *SHARES) == (0.75, 0.5, 0.25)


@pytest.mark.parametrize(
    ("settled", "share"),
    [
        pytest.param(41, 1, id="a day before the last day"),
        pytest.param(40, 1, id="on the last day"),
        pytest.param(39, 0, id="a day too late"),
    ],
)
def test_a_discount_is_taken_up_to_its_last_day(settled, share):
    assert one(book(offered("I1", issued=50, settled=settled)), "discount_taken_share_90d") == share


@pytest.mark.parametrize(
    ("settled", "shares"),
    [
        pytest.param(89, (1, 1, 0), id="in both windows"),
        pytest.param(90, (1, None, None), id="90 days ago is only in the year"),
        pytest.param(364, (1, None, None), id="the first day of the year"),
        pytest.param(365, (None, None, None), id="the day before it"),
    ],
)
def test_an_invoice_counts_in_the_windows_that_hold_its_settlement(settled, shares):
    assert one(book(offered("I1", issued=settled + 5, settled=settled)), *SHARES) == shares


@pytest.mark.parametrize(("issued", "count"), [(0, 1), (364, 1), (365, 0)])
def test_an_offer_counts_from_its_issue(issued, count):
    assert one(book(offered("I1", issued=issued)), "discount_offered_count_365d") == count


def test_who_is_never_offered_one_has_no_share():
    rows = book(offered("I1", issued=50, settled=45, within=None))
    assert one(rows, "discount_offered_count_365d", *SHARES) == (0, None, None, None)


@pytest.mark.parametrize(
    ("money", "expected"),
    [
        pytest.param(Decimal(1), (1, 1), id="some"),
        pytest.param(None, (1, 1), id="of unknown amount"),
        pytest.param(Decimal(0), (0, None), id="of nothing: none"),
    ],
)
def test_what_an_offer_is(money, expected):
    found, settled = offered("I1", issued=50, settled=45)
    rows = book((found | {"discount_amount": money}, settled))
    assert one(rows, "discount_offered_count_365d", "discount_taken_share_365d") == expected


def test_a_settlement_booked_after_as_of_is_not_seen():
    found, settled = offered("I1", issued=50, settled=45)
    late = settled | {"known_at": settled["known_at"] + days(46)}
    assert one({"invoices": [found], "allocations": [late]}, "discount_taken_share_90d") is None
