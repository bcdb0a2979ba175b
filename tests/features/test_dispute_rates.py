"""Rates of disputes and credit notes, with the sums written out."""

from decimal import Decimal

import pytest

from features.dispute_rates import CREDIT_NOTE_FEATURES, ROW_FEATURES, SHARE_FEATURES
from tests.features.ledger import AS_OF, day, days, invoice, row
from tests.features.one_family import teller

ROWS = ("disputed_amount_365d", "open_dispute_count", "oldest_open_dispute_days")
one = teller(*ROW_FEATURES, *CREDIT_NOTE_FEATURES, *SHARE_FEATURES)

MASTER = row("customers", customer_id="C1", known_on=day("01-01"))


def issued(invoice_id, ago, amount="100", **more):
    on = AS_OF - days(ago)
    return invoice(invoice_id, issued=on.isoformat(), due=(on + days(30)).isoformat(), amount=amount, **more)


def dispute(dispute_id, invoice_id, *, ago=10, until=None, amount=None, customer_id="C1", **more):
    opened_on = AS_OF - days(ago)
    more.setdefault("known_on", opened_on)
    return row(
        "disputes",
        dispute_id=dispute_id,
        customer_id=customer_id,
        invoice_id=invoice_id,
        opened_on=opened_on,
        closed_on=None if until is None else AS_OF - days(until),
        amount=None if amount is None else Decimal(amount),
        **more,
    )


def note(note_id, amount, *, ago=10, **more):
    issued_on = AS_OF - days(ago)
    more.setdefault("known_on", issued_on)
    money = None if amount is None else Decimal(amount)
    kept = {"credit_note_id": note_id, "customer_id": "C1", "issued_on": issued_on}
    return row("credit_notes", amount=money, **kept, **more)


def test_four_disputes_of_one_ledger():
    rows = {
        "invoices": [issued("I1", 300, "400"), issued("I2", 100, "50"), issued("I3", 20), issued("I4", 365)],
        "disputes": [
            dispute("D1", "I1", ago=280, until=200),  # the whole: 400
            dispute("D2", "I1", ago=150, amount="30"),  # a part, open for 150 days
            dispute("D3", "I2", ago=90, amount="20", until=0),  # closed today
            dispute("D4", "I4", ago=365, amount="70"),  # a day too old for the year, but open
        ],
    }
    assert one(rows, *ROWS) == (400 + 30 + 20, 2, 365)
    # I1, twice disputed, and I2, of the three issued in the year.
    assert one(rows, "disputed_invoice_share_365d") == pytest.approx(2 / 3, rel=1e-15)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(dispute("D1", "I1", ago=364, amount="5"), (5, 1, 364), id="the first day of the year"),
        pytest.param(dispute("D1", "I1", ago=365, amount="5"), (0, 1, 365), id="the day before it"),
        pytest.param(dispute("D1", "I1", ago=-1, amount="5", known_on=AS_OF), (0, 0, None), id="opened tomorrow"),
        pytest.param(dispute("D1", "I1", amount="5", known_on=AS_OF + days(1)), (0, 0, None), id="known tomorrow"),
        pytest.param(dispute("D1", "I1", amount="5", until=0), (5, 0, None), id="closed today"),
        pytest.param(dispute("D1", "I1", amount="5", until=-1), (5, 1, 10), id="closed tomorrow: open today"),
        pytest.param(dispute("D1", "I9"), (None, 1, 10), id="the whole of an invoice that nobody knows"),
        pytest.param(dispute("D1", "I1", amount="5", currency="USD"), (None, 1, 10), id="no rate for its currency"),
        pytest.param(dispute("D1", "I1", currency="USD"), (100, 1, 10), id="the whole, so in the invoice's currency"),
    ],
)
def test_one_dispute(given, expected):
    assert one({"invoices": [issued("I1", 364)], "disputes": [given]}, *ROWS) == expected


def test_the_whole_of_another_customers_invoice():
    rows = {"invoices": [issued("I1", 50, customer_id="C2")], "disputes": [dispute("D1", "I1")], "customers": [MASTER]}
    assert one(rows, *ROWS) == (100, 1, 10)


def test_a_closing_that_becomes_known_later_leaves_it_open_until_then():
    rows = {
        "invoices": [issued("I1", 50)],
        "disputes": [dispute("D1", "I1", ago=30), dispute("D1", "I1", ago=30, until=20, known_on=AS_OF)],
    }
    assert one(rows, "open_dispute_count", as_of=AS_OF - days(1)) == 1
    assert one(rows, "open_dispute_count") == 0


def test_the_whole_is_what_the_invoice_was_known_to_be():
    corrected = issued("I1", 50, "80", known_on=AS_OF)
    rows = {"invoices": [issued("I1", 50, "100"), corrected], "disputes": [dispute("D1", "I1")]}
    assert one(rows, "disputed_amount_365d", as_of=AS_OF - days(1)) == 100
    assert one(rows, "disputed_amount_365d") == 80


@pytest.mark.parametrize(
    ("given", "share"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([dispute("D1", "I1", until=5)], 0.5, id="one, closed since"),
        pytest.param([dispute("D1", "I1", customer_id="C2")], 0.5, id="raised by another"),
        pytest.param([dispute("D1", "I1", ago=-1, known_on=AS_OF)], 0, id="opened tomorrow"),
        pytest.param([dispute("D1", "I1", known_on=AS_OF + days(1))], 0, id="known tomorrow"),
        pytest.param([dispute("D1", "I1"), dispute("D1", "I1", known_on=AS_OF, is_deleted=True)], 0, id="withdrawn"),
        pytest.param([dispute("D1", "I1"), dispute("D2", "I2"), dispute("D3", "I2")], 1, id="both, one twice"),
    ],
)
def test_the_share_of_invoices_that_were_ever_disputed(given, share):
    rows = {"invoices": [issued("I1", 364), issued("I2", 0)], "disputes": given}
    assert one(rows, "disputed_invoice_share_365d") == share


def test_without_invoices_in_the_window_there_is_no_share():
    rows = {"invoices": [issued("I1", 365)], "disputes": [dispute("D1", "I1")], "credit_notes": [note("N1", "5")]}
    assert one(rows, "disputed_invoice_share_365d", "credit_note_share_90d") == (None, None)


@pytest.mark.parametrize(
    ("notes", "count", "share"),
    [
        pytest.param([], 0, 0, id="none"),
        pytest.param([note("N1", "30"), note("N2", "20", ago=89)], 2, 0.25, id="30 + 20 of 200"),
        pytest.param([note("N1", "30", ago=90)], 1, 0, id="90 days ago is only in the year"),
        pytest.param([note("N1", "30", ago=364)], 1, 0, id="the first day of the year"),
        pytest.param([note("N1", "30", ago=365)], 0, 0, id="the day before it"),
        pytest.param([note("N1", "30", invoice_id="I9")], 1, 0.15, id="assigned or not"),
        pytest.param([note("N1", None)], 1, None, id="of unknown amount"),
        pytest.param([note("N1", "30", currency="USD")], 1, None, id="no rate for its currency"),
        pytest.param([note("N1", None), note("N2", "30")], 2, 0.15, id="one of two is known"),
        pytest.param([note("N1", "500")], 1, 2.5, id="more was credited than invoiced"),
        pytest.param([note("N1", "30", ago=-1, known_on=AS_OF)], 0, 0, id="issued tomorrow"),
    ],
)
def test_credit_notes(notes, count, share):
    rows = {"invoices": [issued("I1", 10, "120"), issued("I2", 89, "80"), issued("I3", 90)], "credit_notes": notes}
    assert one(rows, "credit_note_count_365d", "credit_note_share_90d") == (count, share)


def test_a_known_customer_without_any_has_none():
    assert one({"customers": [MASTER]}, *ROWS, "credit_note_count_365d") == (0, 0, None, 0)
