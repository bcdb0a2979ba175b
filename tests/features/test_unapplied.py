"""Money that settles no invoice: cash, credit notes, overpayments, with the sums written out."""

from decimal import Decimal

import pytest

from features.unapplied import CASH_FEATURES, CREDIT_FEATURES, OVERPAID_FEATURES
from tests.features.ledger import AS_OF, allocation, day, days, invoice, random_rows, row
from tests.features.one_family import teller, told_of_all

CASH = ("unapplied_cash_amount", "unapplied_cash_count", "oldest_unapplied_days")
one = teller(*CASH_FEATURES, *CREDIT_FEATURES, *OVERPAID_FEATURES)

MASTER = row("customers", customer_id="C1", known_on=day("01-01"))


def payment(payment_id="P1", *, ago=10, amount="100", **more):
    paid_on = AS_OF - days(ago)
    more.setdefault("known_on", paid_on)
    money = None if amount is None else Decimal(amount)
    return row("payments", payment_id=payment_id, customer_id="C1", paid_on=paid_on, amount=money, **more)


def part(payment_id="P1", *, ago=10, amount="100", invoice_id="I1", **more):
    return allocation(invoice_id, on=(AS_OF - days(ago)).isoformat(), amount=amount, payment_id=payment_id, **more)


def cash(payments, parts=(), **more):
    return one({"customers": [MASTER], "payments": payments, "allocations": list(parts), **more}, *CASH)


def test_three_payments():
    payments = [payment("P1", ago=40), payment("P2", ago=30), payment("P3", ago=20, amount="70")]
    parts = [
        part("P1", ago=40, amount="60", invoice_id="I1"),  # P1: 100 - 60 - 15 = 25 left
        part("P1", ago=35, amount="15", invoice_id="I2"),
        part("P2", ago=30, amount="100"),  # P2: nothing left
    ]  # P3: all of 70 left
    assert cash(payments, parts) == (95, 2, 40)


@pytest.mark.parametrize(
    ("payments", "parts", "expected"),
    [
        pytest.param([], [], (0, 0, None), id="no payment"),
        pytest.param([payment()], [], (100, 1, 10), id="not allocated at all"),
        pytest.param([payment()], [part()], (0, 0, None), id="allocated in full"),
        pytest.param([payment()], [part(amount="130")], (0, 0, None), id="more than was paid: nothing left, not -30"),
        pytest.param([payment(), payment("P2")], [part(amount="130")], (100, 1, 10), id="nor taken from another"),
        pytest.param([payment()], [part(amount=None, clears=True)], (0, 0, None), id="a part of unknown amount: all"),
        pytest.param([payment()], [part(amount="60"), part(amount=None, invoice_id="I2")], (0, 0, None), id="one such"),
        pytest.param([payment(amount=None)], [part(amount="60")], (None, 1, 10), id="unknown payment: unknown rest"),
        pytest.param([payment(amount=None)], [part(amount=None)], (0, 0, None), id="unknown payment, all of it"),
        pytest.param([payment(amount=None)], [], (None, 1, 10), id="unknown payment, not allocated"),
        pytest.param([payment(amount=None), payment("P2")], [], (100, 2, 10), id="known and unknown"),
    ],
)
def test_what_is_left_of_payments(payments, parts, expected):
    assert cash(payments, parts) == expected


@pytest.mark.parametrize(
    ("payments", "parts", "expected"),
    [
        pytest.param([payment(ago=-1, known_on=AS_OF)], [], (0, 0, None), id="paid tomorrow"),
        pytest.param([payment(ago=0)], [], (100, 1, 0), id="paid today"),
        pytest.param([payment(known_on=AS_OF + days(1))], [], (0, 0, None), id="known tomorrow"),
        pytest.param([payment()], [part(ago=-1, known_on=AS_OF)], (100, 1, 10), id="allocated tomorrow"),
        pytest.param([payment()], [part(ago=0)], (0, 0, None), id="allocated today"),
        pytest.param([payment()], [part(known_on=AS_OF + days(1))], (100, 1, 10), id="allocation known tomorrow"),
        pytest.param([payment()], [part(customer_id="C2")], (0, 0, None), id="allocated under another customer"),
        pytest.param(
            [payment()],
            [part(), part(known_on=AS_OF, is_deleted=True)],
            (100, 1, 10),
            id="the allocation was withdrawn",
        ),
        pytest.param(
            [payment()],
            [part(), part(known_on=AS_OF, amount="80")],
            (20, 1, 10),
            id="the allocation was corrected",
        ),
    ],
)
def test_what_was_known_by_then(payments, parts, expected):
    assert cash(payments, parts) == expected


def rate(value, *, ago):
    quoted_on = AS_OF - days(ago)
    pair = {"currency": "USD", "into_currency": "EUR", "rate": Decimal(value)}
    return row("exchange_rates", quoted_on=quoted_on, known_on=quoted_on, **pair)


def test_cash_in_another_currency():
    dollars = [payment(currency="USD")]
    assert cash(dollars, [part(amount="60")]) == (None, 1, 10)
    # 100 - 60 dollars at 0.5, the rate of the day of the payment.
    assert cash(dollars, [part(amount="60")], exchange_rates=[rate("0.5", ago=10), rate("0.9", ago=9)]) == (20, 1, 10)
    assert cash(dollars, [part()]) == (0, 0, None)


def note(note_id, amount, *, invoice_id=None, ago=10, **more):
    issued_on = AS_OF - days(ago)
    more.setdefault("known_on", issued_on)
    money = None if amount is None else Decimal(amount)
    kept = {"credit_note_id": note_id, "customer_id": "C1", "invoice_id": invoice_id, "issued_on": issued_on}
    return row("credit_notes", amount=money, **kept, **more)


@pytest.mark.parametrize(
    ("notes", "amount"),
    [
        pytest.param([note("N1", "30", ago=500), note("N2", "12", ago=0)], 42, id="30 + 12, however old"),
        pytest.param([note("N1", "30", invoice_id="I1"), note("N2", "12")], 12, id="one reduces an invoice"),
        pytest.param([note("N1", "30", ago=-1, known_on=AS_OF)], 0, id="issued tomorrow"),
        pytest.param([note("N1", None)], None, id="of unknown amount"),
        pytest.param([note("N1", "30", currency="USD")], None, id="no rate for its currency"),
        pytest.param([note("N1", "30"), note("N1", "30", invoice_id="I1", known_on=AS_OF)], 0, id="assigned since"),
        pytest.param([], 0, id="none"),
    ],
)
def test_credit_notes_that_reduce_no_invoice(notes, amount):
    assert one({"customers": [MASTER], "credit_notes": notes}, "unassigned_credit_amount") == amount


def test_what_was_paid_beyond_the_amounts():
    rows = {
        "invoices": [invoice("I1", amount="100"), invoice("I2", amount="50"), invoice("I3", amount="80")],
        "allocations": [
            allocation("I1", on="02-01", amount="70"),
            allocation("I1", on="02-05", amount="55"),  # 125 of 100: 25 too much
            allocation("I2", on="02-05", amount="60"),  # 10 too much
            allocation("I3", on="02-05", amount="30"),  # 50 are still open
        ],
    }
    assert one(rows, "overpaid_amount") == 35
    assert one(rows, "overpaid_amount", as_of=day("02-04")) == 0
    assert one({"customers": [MASTER]}, "overpaid_amount") == 0


def test_overpaid_is_unknown_when_no_settled_amount_is_known():
    rows = {"invoices": [invoice(amount=None)], "allocations": [allocation(on="02-05", amount="60", clears=True)]}
    assert one(rows, "overpaid_amount") is None


@pytest.mark.parametrize("seed", range(2))
def test_something_is_left_just_where_a_payment_has_something_left(seed):
    for made in told_of_all(random_rows(seed), [(f"C{number}", AS_OF) for number in range(30)], CASH_FEATURES):
        amount, count, oldest = (made[name] for name in CASH)
        assert (oldest is None) == (not count)
        assert count or not amount
