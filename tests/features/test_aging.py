"""Aging: the buckets and their edges, then what they add up to. AS_OF is 1 March 2024."""

from decimal import Decimal

import pytest

from features import aging
from features.feature_sets import named
from tests.features.ledger import AS_OF, allocation, days, invoice, random_rows, row
from tests.features.one_family import teller, told_of_all

AMOUNTS = tuple(f"aging_{name}_amount" for name in aging.BUCKETS)
MADE = (
    *aging.FEATURES,
    *named(["disputed_open_amount", "open_amount", "overdue_amount", "open_amount_missing_count"]),
)
one = teller(*MADE)


def due(ago, invoice_id="I1", amount="100"):
    """An open invoice that fell due so many days ago, on terms of 30 days."""
    return invoice(
        invoice_id,
        issued=(AS_OF - days(ago + 30)).isoformat(),
        due=(AS_OF - days(ago)).isoformat(),
        amount=amount,
    )


def disputed(invoice_id, amount, *, since, until=None):
    return row(
        "disputes",
        dispute_id=f"D-{invoice_id}",
        customer_id="C1",
        invoice_id=invoice_id,
        opened_on=AS_OF - days(since),
        closed_on=None if until is None else AS_OF - days(until),
        amount=amount,
        known_on=AS_OF - days(since),
    )


@pytest.mark.parametrize(
    ("ago", "bucket"),
    [
        pytest.param(-20, "current", id="due in 20 days"),
        pytest.param(0, "current", id="due today"),
        pytest.param(1, "1_30", id="due yesterday"),
        pytest.param(30, "1_30", id="30 days past due"),
        pytest.param(31, "31_60", id="31 days past due"),
        pytest.param(60, "31_60", id="60 days past due"),
        pytest.param(61, "61_90", id="61 days past due"),
        pytest.param(90, "61_90", id="90 days past due"),
        pytest.param(91, "over_90", id="91 days past due"),
        pytest.param(400, "over_90", id="400 days past due"),
    ],
)
def test_the_bucket_of_one_open_invoice(ago, bucket):
    expected = {name: 100.0 if name == f"aging_{bucket}_amount" else 0.0 for name in AMOUNTS}
    assert dict(zip(AMOUNTS, one({"invoices": [due(ago)]}, *AMOUNTS), strict=True)) == expected


def test_a_ledger_of_one_customer():
    rows = {
        "invoices": [
            due(-5, "I1", "10"),
            due(20, "I2", "200"),
            due(25, "I3", "60"),
            due(40, "I4", "100"),
            due(75, "I5", "30"),
            due(120, "I6", "100"),
        ],
        # I2: 200 - 50 paid = 150. I3 and I6 are settled and in no bucket.
        "allocations": [
            allocation("I2", on="02-20", amount="50"),
            allocation("I3", on="02-20", clears=True),
            allocation("I6", on="02-20", amount="100"),
        ],
    }
    assert one(rows, *AMOUNTS) == (10, 150, 100, 30, 0)
    # 100 + 30 of 10 + 150 + 100 + 30 = 290 are more than 30 days past due.
    assert one(rows, "open_amount", "past_due_over_30_share") == (290, pytest.approx(130 / 290, rel=1e-15))


@pytest.mark.parametrize(
    ("dispute", "amounts", "disputed_money"),
    [
        pytest.param(disputed("I1", None, since=50), (0, 0, 0, 0, 0), 100, id="the whole: in no bucket"),
        pytest.param(disputed("I1", Decimal(40), since=50), (0, 0, 60, 0, 0), 40, id="a part: the other 60, 45 days"),
        pytest.param(disputed("I1", None, since=50, until=20), (0, 100, 0, 0, 0), 0, id="45 - 25 in dispute = 20 days"),
        pytest.param(disputed("I1", Decimal(40), since=50, until=20), (0, 0, 100, 0, 0), 0, id="a part paused nothing"),
    ],
)
def test_disputed_money_is_in_no_bucket(dispute, amounts, disputed_money):
    rows = {"invoices": [due(45)], "disputes": [dispute]}
    assert one(rows, *AMOUNTS) == amounts
    assert one(rows, "disputed_open_amount", "open_amount") == (disputed_money, 100)


def test_the_share_counts_from_the_thirty_first_day():
    rows = {"invoices": [due(30, "I1", "100"), due(31, "I2", "300")]}
    assert one(rows, "past_due_over_30_share") == 0.75


def test_an_unknown_amount_makes_its_bucket_unknown_when_it_is_alone_there():
    rows = {"invoices": [due(45, "I1", None), due(10, "I2", "50")]}
    assert one(rows, *AMOUNTS) == (0, 50, None, 0, 0)
    assert one(rows, "past_due_over_30_share") is None
    beside = {"invoices": [*rows["invoices"], due(45, "I3", "50")]}
    assert one(beside, *AMOUNTS) == (0, 50, 50, 0, 0)
    assert one(beside, "past_due_over_30_share") == 0.5


def test_a_customer_with_nothing_open_owes_nothing_and_has_no_share():
    rows = {"invoices": [due(10)], "allocations": [allocation(on="02-25", clears=True)]}
    assert one(rows, *AMOUNTS, "past_due_over_30_share") == (0, 0, 0, 0, 0, None)


@pytest.mark.parametrize("seed", range(3))
def test_buckets_and_disputed_parts_are_the_open_amount(seed):
    cases = [(f"C{number}", AS_OF - days(ago)) for number in range(30) for ago in (0, 30, 100)]
    checked = 0
    for found in told_of_all(random_rows(seed), cases, MADE):
        # The part in dispute of an invoice of unknown amount may be known, and is then no part of the open amount.
        if found["open_amount_missing_count"] != 0:
            continue
        buckets = [found[name] or 0.0 for name in AMOUNTS]
        assert sum(buckets) + found["disputed_open_amount"] == pytest.approx(found["open_amount"], abs=1e-9)
        assert sum(buckets[1:]) == pytest.approx(found["overdue_amount"] or 0.0, abs=1e-9)
        checked += found["open_amount"] > 0
    assert checked >= 10
