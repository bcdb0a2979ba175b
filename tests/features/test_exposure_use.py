"""The exposure against limit and cover: arithmetic over what other families tell."""

import ibis
import pytest

from features.exposure_use import FEATURES, INPUTS, facts
from features.families import DERIVED_FAMILIES
from tests.features.ledger import AS_OF, allocation, days, invoice
from tests.features.one_family import MASTER, stated, teller
from tests.features.rows import row

NAMES = tuple(feature.name for feature in FEATURES)
PLAIN = {
    "open_amount": 500.0,
    "open_order_amount": 240.0,
    "unbilled_delivery_amount": 60.0,
    "unapplied_cash_amount": 70.0,
    "unassigned_credit_amount": 30.0,
    "limit_amount": 1000.0,
    "secured_amount": 450.0,
    "peak_paid_in_terms_365d": 640.0,
}


def used(**changed):
    columns = {
        name: ibis.null("float64") if value is None else ibis.literal(value, "float64")
        for name, value in (PLAIN | changed).items()
    }
    found = ibis.duckdb.connect().execute(ibis.memtable({"one": [1]}).select(**facts(columns)))
    return tuple(None if found[name].isna()[0] else found[name][0] for name in NAMES)


def test_a_plain_case():
    assert used() == (
        800,  # 500 + 240 + 60
        700,  # 800 - 70 - 30
        0.7,  # 700 / 1000
        300,  # 1000 - 700
        0,  # 700 is not above 1000
        250,  # 700 - 450
        1.25,  # 800 / 640
    )


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({"limit_amount": 700.0}, (800, 700, 1, 0, 0, 250, 1.25), id="at the limit is not over it"),
        pytest.param({"limit_amount": 560.0}, (800, 700, 1.25, -140, 1, 250, 1.25), id="over it: negative headroom"),
        pytest.param({"limit_amount": 0.0}, (800, 700, None, -700, 1, 250, 1.25), id="a limit of 0 has no utilisation"),
        pytest.param(
            {"limit_amount": None}, (800, 700, None, None, None, 250, 1.25), id="no limit is not a limit of 0"
        ),
        pytest.param(
            {"unapplied_cash_amount": 900.0}, (800, 0, 0, 1000, 0, 0, 1.25), id="more cash than exposure: 0, not -130"
        ),
        pytest.param({"secured_amount": 900.0}, (800, 700, 0.7, 300, 0, 0, 1.25), id="covered in full"),
        pytest.param({"secured_amount": None}, (800, 700, 0.7, 300, 0, None, 1.25), id="cover of unknown amount"),
        pytest.param({"peak_paid_in_terms_365d": 0.0}, (800, 700, 0.7, 300, 0, 250, None), id="a peak of 0"),
        pytest.param({"peak_paid_in_terms_365d": None}, (800, 700, 0.7, 300, 0, 250, None), id="never paid in terms"),
        pytest.param({"unapplied_cash_amount": None}, (800, *[None] * 5, 1.25), id="cash of unknown amount"),
        *(
            pytest.param({name: None}, (None,) * 7, id=f"{name} unknown: so is all that is made of it")
            for name in ("open_amount", "open_order_amount", "unbilled_delivery_amount")
        ),
    ],
)
def test_the_exposure_beside_what_it_is_held_against(changed, expected):
    assert used(**changed) == expected


def test_the_inputs_are_named():
    assert set(INPUTS) == set(PLAIN)
    assert DERIVED_FAMILIES["exposure_use"].inputs == INPUTS


def test_from_the_ledger():
    day = {ago: (AS_OF - days(ago)).isoformat() for ago in (10, 20, 100, 130)}
    rows = {
        "customers": [MASTER],
        "invoices": [
            invoice("I1", issued=day[130], due=day[100], amount="400"),  # paid in terms: the peak
            invoice("I2", issued=day[20], due=day[10], amount="500"),  # open
        ],
        "allocations": [allocation("I1", on=day[100], amount="400")],
        "payments": [stated("payments", ago=5, on="paid_on", payment_id="P1", amount=100)],  # unapplied
        "orders": [stated("orders", ago=3, on="ordered_on", order_id="O1", amount=200)],  # open
        "limits": [stated("limits", ago=50, on="valid_from_on", amount=500)],
        "securities": [],
    }
    rows["securities"].append(
        row("securities", known_on=AS_OF - days(9), security_id="S1", customer_id="C1", kind="DEPOSIT",
            valid_from_on=AS_OF - days(9), amount=150)
    )  # fmt: skip
    # 500 + 200; less 100; 600 / 500; 500 - 600; over; 600 - 150; 700 / 400
    assert teller(*FEATURES)(rows) == (700, 600, 1.2, -100, 1, 450, 1.75)


def test_an_unknown_customer_has_no_exposure():
    assert teller(*FEATURES)({}) == (None,) * 7
