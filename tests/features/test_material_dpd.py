"""Days past due of a material amount: worked by hand, at the bounds, and with other bounds."""

from decimal import Decimal

import pytest

from data.book import book_of
from data.materiality import Materiality
from features.build import build
from features.material_dpd import FEATURES
from tests.features.ledger import AS_OF, days, invoice, spine_rows, tables_of
from tests.features.one_family import stated, teller

told = teller(*FEATURES)


def due(ago, amount, number=1):
    """An open invoice that fell due ``ago`` days before the date."""
    on = AS_OF - days(ago)
    return invoice(f"I{number}", issued=str(on - days(30)), due=str(on), amount=amount)


def of(*invoices, **more):
    return told({"invoices": list(invoices), **more})


def test_a_worked_example():
    # 90 days: 300 owed that long, not above 500. 60 days: 300 + 250 = 550, above 500 and above 1 % of 20,550. So 60.
    assert of(due(90, "300", 1), due(60, "250", 2), due(-10, "20000", 3)) == 60


def test_a_forgotten_rest_is_not_material():
    assert of(due(200, "12.34", 1), due(-5, "9000", 2)) == 0


@pytest.mark.parametrize(("amount", "expected"), [("500", 0), ("500.01", 40)])
def test_the_amount_has_to_be_exceeded(amount, expected):
    assert of(due(40, amount)) == expected


@pytest.mark.parametrize(("rest", "expected"), [("99000", 0), ("98999", 40)])
def test_the_share_has_to_be_exceeded(rest, expected):
    # 1,000 is 1 % of 100,000, and more than that of 99,999.
    assert of(due(40, "1000", 1), due(-5, rest, 2)) == expected


def test_nothing_open_and_nothing_overdue_are_0():
    assert of(due(-5, "9000")) == 0
    assert told({"customers": [stated("customers", ago=900, on="signed_up_on", is_natural_person=False)]}) == 0


def test_of_an_unknown_customer_nothing_is_told():
    assert of() is None


def test_an_unknown_amount_cannot_be_shown_to_be_small():
    assert of(due(70, None, 1), due(30, "900", 2)) == 70


def test_a_disputed_part_does_not_count():
    rows = {"invoices": [due(80, "600")]}
    disputed = stated("disputes", ago=100, on="opened_on", dispute_id="D1", invoice_id="I1", amount=Decimal(200))
    assert told(rows) == 80
    assert told({**rows, "disputes": [disputed]}) == 0


@pytest.mark.parametrize(
    ("amount", "share", "expected"), [("0", "0", 90), ("299", "0", 90), ("300", "0", 60), ("0", "1", 0)]
)
def test_an_installation_sets_its_own_bounds(amount, share, expected):
    rows = {"invoices": [due(90, "300", 1), due(60, "250", 2)]}
    book = book_of(tables_of(rows), materiality=Materiality(Decimal(amount), Decimal(share)))
    spine = book.memtable(spine_rows([("C1", AS_OF)]))
    found = build(book, spine, features=["material_dpd"]).to_pyarrow()["material_dpd"].to_pylist()
    book.close()
    assert found == [expected]


@pytest.mark.parametrize(
    ("bounds", "message"), [((-1, 0), "amount must be 0 or more, got -1"), ((0, 2), "from 0 to 1, got 2")]
)
def test_bounds_out_of_range_are_refused(bounds, message):
    with pytest.raises(ValueError, match=message):
        Materiality(*(Decimal(bound) for bound in bounds))
