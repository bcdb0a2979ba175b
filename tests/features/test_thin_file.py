"""How much there is to judge by."""

from decimal import Decimal

import pytest

from features.thin_file import FEATURES
from tests.features.ledger import AS_OF, allocation, days, invoice
from tests.features.one_family import MASTER, stated, teller
from tests.features.rows import row

told = teller(*FEATURES)
NAMES = [feature.name for feature in FEATURES]


def judged(*wanted, **rows):
    return told({"customers": [MASTER], **rows}, *wanted)


def paid(count, *, ago=30):
    on = (AS_OF - days(ago)).isoformat()
    issued = (AS_OF - days(ago + 30)).isoformat()
    return {
        "invoices": [invoice(f"I{number}", issued=issued, due=on) for number in range(count)],
        "allocations": [allocation(f"I{number}", on=on, clears=True) for number in range(count)],
    }


def issued(ago):
    on = (AS_OF - days(ago)).isoformat()
    return [invoice(issued=on, due=on)]


def test_a_customer_without_anything():
    assert dict(zip(NAMES, judged(), strict=True)) == {
        "is_thin_file": 1,
        "is_new_customer": 1,
        "has_statement": 0,
        "has_rating": 0,
        "has_limit": 0,
        "evidence_months": None,
    }


def test_an_unknown_customer_has_no_flag():
    assert told({}) == (None,) * len(NAMES)


@pytest.mark.parametrize(
    ("rows", "name", "value"),
    [
        pytest.param(paid(2), "is_thin_file", 1, id="two settled"),
        pytest.param(paid(3), "is_thin_file", 0, id="three settled"),
        pytest.param(paid(3, ago=364), "is_thin_file", 0, id="three settled 364 days ago"),
        pytest.param(paid(3, ago=365), "is_thin_file", 1, id="three settled 365 days ago"),
        pytest.param({"invoices": issued(179)}, "is_new_customer", 1, id="179 days"),
        pytest.param({"invoices": issued(180)}, "is_new_customer", 0, id="180 days"),
        pytest.param({"invoices": issued(0)}, "evidence_months", 0, id="invoiced today"),
        pytest.param({"invoices": issued(487)}, "evidence_months", 16, id="487 / 30.4375"),
        pytest.param({"invoices": issued(1095)}, "evidence_months", 1095 / 30.4375, id="three years less a day"),
        pytest.param({"invoices": issued(1096)}, "evidence_months", 36, id="three years with a leap day: 36.008"),
        pytest.param({"invoices": issued(4000)}, "evidence_months", 36, id="no more than 36"),
    ],
)
def test_one_fact(rows, name, value):
    assert judged(name, **rows) == pytest.approx(value)


def limit(**more):
    return stated("limits", on="valid_from_on", ago=30, amount=Decimal(0), **more)


def rating(**more):
    return stated("ratings", on="rated_on", ago=30, agency="ONE", grade="A", **more)


@pytest.mark.parametrize(
    ("table", "given", "name", "value"),
    [
        pytest.param("limits", limit(), "has_limit", 1, id="a limit, of 0 at that"),
        pytest.param("limits", limit(currency="XTS"), "has_limit", 1, id="a limit of unknown value is one"),
        pytest.param("limits", limit(valid_to_on=AS_OF - days(1)), "has_limit", 0, id="a limit that is over"),
        pytest.param("ratings", rating(), "has_rating", 1, id="a rating without its place"),
        pytest.param("ratings", rating(valid_to_on=AS_OF), "has_rating", 1, id="a rating on its last day"),
        pytest.param("ratings", rating(valid_to_on=AS_OF - days(1)), "has_rating", 0, id="a rating that ran out"),
        pytest.param(
            "statements",
            row("statements", customer_id="C1", fiscal_year_end_on=AS_OF - days(700), known_on=AS_OF),
            "has_statement",
            1,
            id="a statement without a figure, known today",
        ),
        pytest.param(
            "statements",
            row("statements", customer_id="C1", fiscal_year_end_on=AS_OF - days(700), known_on=AS_OF + days(1)),
            "has_statement",
            0,
            id="a statement known tomorrow",
        ),
    ],
)
def test_what_there_is(table, given, name, value):
    assert judged(name, **{table: [given]}) == value
