"""The fold of one invoice with its payments, credit notes and disputes: one row per stretch of days."""

from datetime import date
from decimal import Decimal

import pytest

from features.items import as_known, items
from tests.features.ledger import allocation, book_from, day, invoice, row


def folded(**rows):
    book = book_from(rows)
    try:
        return items(book).order_by("invoice_id", "known_on").to_pyarrow().to_pylist()
    finally:
        book.close()


def stretches(*names, **rows):
    return [tuple(found[name] for name in names) for found in folded(**rows)]


def note(on, amount, *, invoice_id="I1", **more):
    more.setdefault("known_on", day(on))
    return row(
        "credit_notes",
        credit_note_id=f"N-{on}",
        customer_id="C1",
        invoice_id=invoice_id,
        issued_on=day(on),
        amount=Decimal(amount),
        **more,
    )


def payment(payment_id, on, amount, currency):
    return row(
        "payments",
        payment_id=payment_id,
        customer_id="C1",
        paid_on=day(on),
        amount=Decimal(amount),
        currency=currency,
        known_on=day(on),
    )


@pytest.mark.parametrize(
    ("parts", "settled_on", "settled_known_on"),
    [
        pytest.param([], None, None, id="nothing paid: open"),
        pytest.param(
            [allocation(on="02-05", clears=True)], "02-05", "02-05", id="a clearing allocation without amount"
        ),
        pytest.param([allocation(on="02-05", amount="100")], "02-05", "02-05", id="100 of 100"),
        pytest.param([allocation(on="02-05", amount="99.9999")], None, None, id="99.9999 of 100 is open"),
        pytest.param(
            [allocation(on="02-05", amount="60"), allocation(on="02-20", amount="40")],
            "02-20",
            "02-20",
            id="60 + 40 = 100 on the second day",
        ),
        pytest.param(
            [allocation(on="02-05", amount="60"), allocation(on="02-20", amount="60")],
            "02-20",
            "02-20",
            id="60 + 60 is more than owed",
        ),
        pytest.param(
            [allocation(on="02-05", clears=True, known_on=day("02-08"))], "02-05", "02-08", id="booked three days later"
        ),
        pytest.param(
            [allocation(on="02-20", clears=True, known_on=day("02-08"))],
            "02-20",
            "02-20",
            id="announced before its day",
        ),
        pytest.param([allocation(on="2023-12-20", clears=True)], "2023-12-20", "01-01", id="prepaid: seen at issue"),
    ],
)
def test_when_an_invoice_of_100_is_settled(parts, settled_on, settled_known_on):
    expected = (settled_on and day(settled_on), settled_known_on and day(settled_known_on))
    last = stretches("settled_on", "settled_known_on", invoices=[invoice()], allocations=parts)[-1]
    assert last == expected


def test_open_and_settled_by_one_payment_are_one_row():
    found = stretches(
        "known_on",
        "superseded_on",
        "remaining",
        invoices=[invoice()],
        allocations=[allocation(on="02-05", clears=True)],
    )
    assert found == [(day("01-01"), None, Decimal(100))]


def test_a_partial_payment_begins_a_stretch_with_the_rest():
    found = stretches(
        "known_on", "superseded_on", "remaining", "settled_on",
        invoices=[invoice()],
        allocations=[allocation(on="02-05", amount="30", known_on=day("02-07"))],
    )  # fmt: skip
    assert found == [(day("01-01"), day("02-07"), 100, None), (day("02-07"), None, 70, None)]


def test_a_credit_note_and_a_payment_settle_together():
    found = folded(
        invoices=[invoice()], allocations=[allocation(on="02-05", amount="30")], credit_notes=[note("02-10", "70")]
    )
    assert found[-1]["settled_on"] == day("02-10")


def test_a_credit_note_in_another_currency_settles_nothing():
    found = folded(invoices=[invoice()], credit_notes=[note("02-10", "100", currency="USD")])
    assert {made["settled_on"] for made in found} == {None}


def test_a_payment_in_another_currency_settles_only_by_saying_so():
    paid = {"payments": [payment("P1", "02-05", "100", "JPY")], "invoices": [invoice()]}
    silent = folded(allocations=[allocation(on="02-05", amount="100", payment_id="P1")], **paid)
    clearing = folded(allocations=[allocation(on="02-05", amount="100", payment_id="P1", clears=True)], **paid)
    assert silent[-1]["settled_on"] is None
    assert clearing[-1]["settled_on"] == day("02-05")


def test_a_bounced_payment_opens_the_invoice_again_from_the_day_it_is_known():
    paid = allocation(on="02-05", amount="100", payment_id="P1")
    bounced = allocation(on="02-05", amount="0", payment_id="P1", known_on=day("02-15"))
    found = stretches("known_on", "superseded_on", "settled_on", invoices=[invoice()], allocations=[paid, bounced])
    assert found == [(day("01-01"), day("02-15"), day("02-05")), (day("02-15"), None, None)]


def test_a_corrected_amount_begins_a_stretch_and_changes_when_it_is_settled():
    first, second = invoice(amount="100"), invoice(amount="80", known_on=day("02-10"))
    found = stretches(
        "known_on", "amount", "settled_on", "settled_known_on",
        invoices=[first, second],
        allocations=[allocation(on="02-05", amount="80")],
    )  # fmt: skip
    assert found == [
        (day("01-01"), 100, None, None),
        (day("02-05"), 100, None, None),
        (day("02-10"), 80, day("02-05"), day("02-10")),
    ]


def test_of_two_versions_of_one_day_the_last_counts():
    found = stretches("amount", invoices=[invoice(amount="100", hour=9), invoice(amount="80", hour=17)])
    assert found == [(Decimal(80),)]


def dispute(amount, *, closed=None, known_on="02-03", currency="EUR"):
    return row(
        "disputes",
        dispute_id="D1",
        customer_id="C1",
        invoice_id="I1",
        opened_on=day("02-03"),
        closed_on=closed and day(closed),
        amount=amount and Decimal(amount),
        currency=currency,
        known_on=day(known_on),
    )


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        pytest.param(dispute(None), [(0, False), (100, True)], id="no amount: the whole invoice"),
        pytest.param(dispute("40"), [(0, False), (40, False)], id="40 of 100"),
        pytest.param(dispute("100"), [(0, False), (100, True)], id="100 of 100 is all of it"),
        pytest.param(dispute("40", currency="USD"), [(0, False), (0, False)], id="USD cannot be compared"),
        pytest.param(dispute(None, closed="02-20"), [(0, False), (100, True), (0, False)], id="closed again"),
    ],
)
def test_what_is_in_dispute(raised, expected):
    assert stretches("disputed_amount", "contested", invoices=[invoice()], disputes=[raised]) == expected


def test_an_amount_in_another_currency_is_not_known_but_can_be_settled():
    found = folded(invoices=[invoice(currency="USD")], credit_notes=[note("02-10", "100", currency="USD")])[-1]
    assert (found["amount"], found["remaining"], found["settled_on"]) == (None, None, day("02-10"))


def test_as_known_puts_a_settlement_seen_later_back_to_open():
    book = book_from(
        {"invoices": [invoice()], "allocations": [allocation(on="02-05", clears=True, known_on=day("02-08"))]}
    )
    seen = {on: as_known(items(book), date(2024, 2, on)).to_pyarrow()["settled_on"].to_pylist() for on in (7, 8)}
    assert seen == {7: [None], 8: [day("02-05")]}


def test_every_invoice_is_seen_once_on_every_day():
    book = book_from(
        {
            "invoices": [invoice(), invoice(amount="80", known_on=day("02-10"))],
            "allocations": [allocation(on="02-05", amount="10"), allocation(on="02-20", clears=True)],
            "disputes": [dispute("20", closed="02-20")],
        }
    )
    folded_once = items(book).cache()
    counts = [as_known(folded_once, date(2024, 2, on)).count().execute() for on in range(1, 29)]
    assert set(counts) == {1}
