"""What falls due in which of the coming weeks: worked by hand, at the edges of the weeks, and beside an invoice."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from features.build import build
from features.case import CUSTOMER_INPUTS, case_columns, invoice_case
from features.due_weeks import AMOUNTS, COUNTS, FEATURES, WEEKS
from tests.features.ledger import AS_OF, allocation, book_from, days, invoice, spine_rows
from tests.features.one_family import MASTER, stated, teller

told = teller(*FEATURES)


def due(ahead, amount="100", number=1, **more):
    """An open invoice that falls due ``ahead`` days after the date."""
    on = AS_OF + days(ahead)
    return invoice(f"I{number}", issued=str(on - days(60)), due=str(on), amount=amount, **more)


def of(*invoices, **more):
    """Counts and amounts by week."""
    rows = {"invoices": list(invoices), **more}
    return told(rows, *COUNTS), told(rows, *AMOUNTS)


def in_week(week, value, other=0):
    return tuple(value if place == week else other for place in range(WEEKS))


def test_a_worked_example():
    # Week 0: 100 + 250.50, I1 of them less the 30 already paid. Week 2: 80. Week 7: 20.
    counts, amounts = of(
        due(3, "100", 1),
        due(7, "250.50", 2),
        due(20, "80", 3),
        due(56, "20", 4),
        allocations=[allocation("I1", on=str(AS_OF - days(2)), amount="30")],
    )
    assert counts == (2, 0, 1, 0, 0, 0, 0, 1)
    assert amounts == (320.5, 0, 80, 0, 0, 0, 0, 20)


@pytest.mark.parametrize("week", range(WEEKS))
def test_a_week_begins_after_its_first_day_and_ends_with_its_last(week):
    assert of(due(7 * week + 1))[0] == in_week(week, 1)
    assert of(due(7 * week + 7))[0] == in_week(week, 1)
    assert of(due(7 * week + 7))[1] == in_week(week, 100)


@pytest.mark.parametrize("ahead", [-1, 0, 57])
def test_what_is_due_today_or_before_or_after_eight_weeks_is_in_no_week(ahead):
    assert of(due(ahead)) == ((0,) * WEEKS, (0,) * WEEKS)


def test_what_is_settled_or_of_unknown_outcome_is_not_counted():
    paid = allocation("I1", on=str(AS_OF), clears=True)
    assert of(due(3), allocations=[paid])[0] == in_week(0, 0)
    assert of(due(3, outcome_unknown=True))[0] == in_week(0, 0)


def test_a_payment_that_is_known_tomorrow_leaves_it_open():
    paid = allocation("I1", on=str(AS_OF), clears=True, known_on=AS_OF + days(1))
    assert of(due(3), allocations=[paid])[0] == in_week(0, 1)


@pytest.mark.parametrize(
    ("amount", "count", "owed"),
    [
        pytest.param(None, 0, 0, id="all of it in dispute: not counted"),
        pytest.param(Decimal(40), 1, 60, id="40 of 100 in dispute: 60 fall due"),
    ],
)
def test_a_disputed_part_does_not_fall_due(amount, count, owed):
    dispute = stated("disputes", ago=1, on="opened_on", dispute_id="D1", invoice_id="I1", amount=amount)
    counts, amounts = of(due(10), disputes=[dispute])
    assert (counts[1], amounts[1]) == (count, owed)


def test_a_missing_amount_is_counted_and_stays_missing():
    counts, amounts = of(due(1, None, 1), due(8, None, 2), due(9, "70", 3))
    assert counts[:3] == (1, 2, 0)
    assert amounts[:3] == (None, 70, 0)  # week 0 knows no amount, week 1 adds up those it knows


def test_nothing_open_is_0_and_of_an_unknown_customer_nothing_is_told():
    assert told({"customers": [MASTER]}) == (0,) * 2 * WEEKS
    assert of() == ((None,) * WEEKS, (None,) * WEEKS)


BESIDE = ("due_week_open_count", "due_week_open_to_amount", "due_before_open_to_amount")


def beside(ahead, amount="200", as_of=AS_OF, **other):
    """What is beside an invoice that falls due ``ahead`` days after the day of the facts.

    The facts say that 1, 2, 3 ... invoices of 10, 20, 30 ... together fall due in week 0, 1, 2 ...
    """
    facts = dict.fromkeys(CUSTOMER_INPUTS, 1.0)
    facts |= {name: week + 1.0 for week, name in enumerate(COUNTS)}
    facts |= {name: 10 * (week + 1.0) for week, name in enumerate(AMOUNTS)} | other
    money = None if amount is None else Decimal(amount)
    given = case_columns([money], [AS_OF + days(1)], [AS_OF + days(ahead)], [None], as_of=[as_of])
    made = invoice_case(given | {name: np.array([value]) for name, value in facts.items()})
    return tuple(None if np.isnan(made[name][0]) else made[name][0] for name in BESIDE)


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        pytest.param(1, (1, 0.05, 0), id="week 0: 1 of 10 beside it, nothing before"),
        pytest.param(7, (1, 0.05, 0), id="the last day of week 0"),
        pytest.param(8, (2, 0.1, 0.05), id="the first of week 1: 20 / 200, 10 / 200 before"),
        pytest.param(22, (4, 0.2, 0.3), id="week 3: 40 / 200, 10 + 20 + 30 before"),
        pytest.param(56, (8, 0.4, 1.4), id="the last day of week 7: 80 / 200, 280 / 200 before"),
    ],
)
def test_an_invoice_beside_what_falls_due_in_its_week_and_before(ahead, expected):
    assert beside(ahead) == pytest.approx(expected, rel=1e-15)


def test_an_invoice_due_beyond_week_7_is_in_none():
    assert beside(57) == (None, None, None)


@pytest.mark.parametrize("ahead", [2, 1])
def test_an_invoice_due_by_the_day_of_the_facts_is_in_no_week(ahead):
    assert beside(ahead, as_of=AS_OF + days(2)) == (None, None, None)


def test_weeks_are_counted_from_the_day_of_the_facts():
    assert beside(5)[0] == 1
    assert beside(5, as_of=AS_OF - days(10))[0] == 3  # 15 days ahead


@pytest.mark.parametrize("amount", [None, "0", "-5"])
def test_without_an_amount_there_is_no_ratio(amount):
    assert beside(8, amount) == (2, None, None)


def test_an_amount_that_is_missing_in_a_week_is_missing_from_then_on():
    assert beside(8, open_amount_due_week_1=np.nan) == (2, None, 0.05)
    assert beside(15, open_amount_due_week_1=np.nan) == (3, 0.15, None)


def test_beside_an_unknown_customer_there_is_nothing():
    unknown = dict.fromkeys((*COUNTS, *AMOUNTS), np.nan)
    assert beside(1, **unknown) == (None, None, None)


def test_from_the_book_an_invoice_is_beside_what_the_book_knows():
    # Issued on 2 March, due in 20 days, so in week 2, beside I2 of 80; I1 of 100 falls due before.
    book = book_from({"invoices": [due(3, "100", 1), due(18, "80", 2), due(30, "7", 3)]})
    spine = spine_rows([("C1", AS_OF)])
    for name, value, kind in (
        ("issued_on", AS_OF + days(1), pa.date32()),
        ("due_on", AS_OF + days(20), pa.date32()),
        ("amount", Decimal(40), pa.decimal128(20, 4)),
        ("interest_rate", None, pa.decimal128(12, 6)),
    ):
        spine = spine.append_column(name, pa.array([value], kind))
    found = build(book, book.memtable(spine), features=BESIDE).to_pyarrow().to_pylist()[0]
    book.close()
    assert [found[name] for name in BESIDE] == [1, 2, 2.5]
