"""Days sales outstanding: the formulas with published examples, their laws, then the features."""

from decimal import Decimal

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.dso import (
    COLLECTION_FEATURES,
    FEATURES,
    average_days_delinquent,
    best_possible_dso,
    collection_effectiveness,
    countback_dso,
    days_sales_outstanding,
)
from tests.features.ledger import AS_OF, allocation, days, invoice, random_rows, row
from tests.features.one_family import teller, told_of_all

SIMPLE = ("dso_90d", "dso_365d", "best_possible_dso_90d", "average_days_delinquent_90d")
MADE = (*FEATURES, *COLLECTION_FEATURES)
one = teller(*MADE)


def column(value):
    return ibis.literal(value, "decimal(38, 4)") if value is not None else ibis.null("decimal(38, 4)")


def of_columns(expression):
    value = ibis.duckdb.connect().execute(expression)
    return None if value is None or value != value else value


KINDS = [
    pytest.param(float, float, id="floats"),
    pytest.param(Decimal, float, id="decimals"),
    pytest.param(lambda value: column(Decimal(value)), of_columns, id="columns"),
]


@pytest.mark.parametrize(("of", "read"), KINDS)
def test_days_sales_outstanding_and_its_parts(of, read):
    # 15,000 open, 4,000 of it not past due, 10,000 sold in 30 days.
    dso = days_sales_outstanding(of(15_000), of(10_000), 30)
    best = best_possible_dso(of(4_000), of(10_000), 30)
    assert read(dso) == pytest.approx(45)  # 15,000 / 10,000 x 30
    assert read(best) == pytest.approx(12)  # 4,000 / 10,000 x 30
    assert read(average_days_delinquent(dso, best)) == pytest.approx(33)  # 45 - 12


@pytest.mark.parametrize(("of", "read"), KINDS)
@pytest.mark.parametrize(
    ("begin", "sales", "end_total", "end_current", "percent"),
    [
        # (6,200 + 3,630 - 6,340) / (6,200 + 3,630 - 3,590) = 3,490 / 6,240
        pytest.param(6_200, 3_630, 6_340, 3_590, 55.9, id="an average month of 10,890 / 3, as the source has it"),
        # (6,200 + 10,890 - 6,340) / (6,200 + 10,890 - 3,590) = 10,750 / 13,500
        pytest.param(6_200, 10_890, 6_340, 3_590, 79.6, id="the same with the sales of all three months"),
        # (100 + 140 - 60) / (100 + 140 - 50) = 180 / 190
        pytest.param(100, 140, 60, 50, 94.7, id="10 of 190 are past due"),
        pytest.param(100, 140, 50, 50, 100.0, id="nothing is past due"),
        pytest.param(100, 0, 100, 0, 0.0, id="nothing was collected"),
    ],
)
def test_collection_effectiveness(of, read, begin, sales, end_total, end_current, percent):
    found = collection_effectiveness(of(begin), of(sales), of(end_total), of(end_current))
    assert round(read(found), 1) == percent


@pytest.mark.parametrize(("of", "read"), KINDS)
@pytest.mark.parametrize(
    ("receivables", "sales", "expected"),
    [
        pytest.param(212_000, (100_000, 80_000, 70_000), 30 + 30 + 30 * 32 / 70, id="73.7: the published example"),
        pytest.param(50, (100, 80), 15, id="half of the latest period"),
        pytest.param(100, (100, 80), 30, id="exactly the latest period"),
        pytest.param(140, (100, 80), 45, id="40 of 80: 15 days more"),
        pytest.param(140, (100, 0, 80), 75, id="a period without sales counts in full: 30 + 30 + 15"),
        pytest.param(100, (100, 0, 80), 30, id="but not once nothing is left"),
        pytest.param(140, (0, 100, 80), 75, id="nor does the latest one change that: 30 + 30 + 15"),
        pytest.param(180, (100, 80), 60, id="exactly all the sales"),
        pytest.param(999, (100, 80), 60, id="more than all the sales: all the periods"),
        pytest.param(0, (100, 80), 0, id="nothing open"),
        pytest.param(0, (0, 80), 0, id="nothing open, nothing sold lately"),
    ],
)
def test_countback(of, read, receivables, sales, expected):
    assert read(countback_dso(of(receivables), [of(part) for part in sales], 30)) == pytest.approx(expected)


NO_VALUE = [
    (days_sales_outstanding, (Decimal(5), Decimal(0), 30)),
    (days_sales_outstanding, (Decimal(0), Decimal(0), 30)),
    (days_sales_outstanding, (None, Decimal(9), 30)),
    (days_sales_outstanding, (Decimal(5), None, 30)),
    (best_possible_dso, (Decimal(5), Decimal(0), 30)),
    (average_days_delinquent, (None, Decimal(9))),
    (average_days_delinquent, (Decimal(9), None)),
    (countback_dso, (Decimal(5), [Decimal(0), Decimal(0)], 30)),
    (countback_dso, (Decimal(5), [None, None], 30)),
    (countback_dso, (None, [Decimal(1)], 30)),
    (collection_effectiveness, (Decimal(3), Decimal(2), Decimal(5), Decimal(5))),
    (collection_effectiveness, (None, Decimal(2), Decimal(5), Decimal(5))),
]


@pytest.mark.parametrize(("formula", "given"), NO_VALUE)
def test_what_has_no_value_is_none_and_null(formula, given):
    assert formula(*given) is None
    assert of_columns(formula(*(_as_columns(value) for value in given))) is None


def _as_columns(value):
    if isinstance(value, list):
        return [column(part) for part in value]
    return value if isinstance(value, int) else column(value)


def test_a_missing_period_adds_nothing():
    assert countback_dso(Decimal(140), [Decimal(100), None, Decimal(80)], 30) == 75
    assert of_columns(countback_dso(column(140), [column(100), column(None), column(80)], 30)) == 75


money = st.decimals(0, 10**6, places=2)
sales = st.lists(money, min_size=1, max_size=5)


@given(money, sales)
def test_countback_lies_between_nothing_and_all_periods_and_grows_with_what_is_open(receivables, periods):
    found = countback_dso(receivables, periods, 30)
    if not any(periods):
        assert found is None
        return
    assert 0 <= found <= 30 * len(periods)
    assert found <= countback_dso(receivables + 1, periods, 30)
    if receivables:
        # The sales of the days counted back are what is open, unless all of them are too little.
        covered = sum(periods) if receivables >= sum(periods) else receivables
        assert _sales_of(found, periods) == pytest.approx(float(covered))


def _sales_of(days_back, periods):
    full, part = divmod(float(days_back), 30)
    return float(sum(periods[: int(full)])) + (part / 30 * float(periods[int(full)]) if part else 0.0)


@given(money, money, money, st.integers(2, 1000))
def test_delinquent_days_are_never_negative_and_no_unit_of_money_changes_them(receivables, part, sold, times):
    current = min(part, receivables)
    dso, best = days_sales_outstanding(receivables, sold, 90), best_possible_dso(current, sold, 90)
    if sold:
        assert average_days_delinquent(dso, best) >= 0
        assert days_sales_outstanding(receivables * times, sold * times, 90) == pytest.approx(dso)


@settings(max_examples=20)
@given(money, sales)
def test_columns_and_numbers_count_back_alike(receivables, periods):
    numbers = countback_dso(receivables, periods, 30)
    found = of_columns(countback_dso(column(receivables), [column(part) for part in periods], 30))
    assert found == (None if numbers is None else pytest.approx(float(numbers), rel=1e-12))


# --- the features ----------------------------------------------------------------------------------------------------


def issued(ago, amount, invoice_id, *, terms=30):
    issued_on = AS_OF - days(ago)
    return invoice(invoice_id, issued=issued_on.isoformat(), due=(issued_on + days(terms)).isoformat(), amount=amount)


def cleared(invoice_id, ago):
    return allocation(invoice_id, on=(AS_OF - days(ago)).isoformat(), clears=True)


# Open: I1, not due, and I2, 70 days past due. Settled: I3.
LEDGER = {
    "invoices": [issued(10, "300", "I1"), issued(100, "200", "I2"), issued(50, "100", "I3")],
    "allocations": [cleared("I3", 20)],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("dso_90d", 500 / 400 * 90, id="300 + 200 open, 300 + 100 invoiced"),
        pytest.param("dso_365d", 500 / 600 * 365, id="all three invoiced"),
        pytest.param("best_possible_dso_90d", 300 / 400 * 90, id="I1 is not past due"),
        pytest.param("average_days_delinquent_90d", 200 / 400 * 90, id="I2 is"),
        pytest.param("dso_countback", 105, id="500 - 300 - 100 - 0 = 100 of 200: 30 + 30 + 30 + 15"),
        pytest.param("collection_effectiveness_90d", 100 / 3, id="(200 + 400 - 500) / (200 + 400 - 300)"),
    ],
)
def test_the_figures_of_one_ledger(name, value):
    assert one(LEDGER, name) == pytest.approx(value, rel=1e-12)


def test_without_sales_in_the_window_they_have_no_value():
    rows = {"invoices": [issued(90, "200", "I1")]}
    assert one(rows, *SIMPLE) == (None, 365.0, None, None)
    # 89 days ago is in the window: 200 / 200 x 90, and 59 days past due.
    rows = {"invoices": [issued(89, "200", "I1")]}
    assert one(rows, *SIMPLE) == (90.0, 365.0, 0.0, 90.0)


def test_with_nothing_open_they_are_zero():
    rows = {"invoices": [issued(50, "200", "I1")], "allocations": [cleared("I1", 20)]}
    assert one(rows, *SIMPLE, "dso_countback") == (0, 0, 0, 0, 0)


def test_an_open_amount_that_is_unknown_is_not_zero():
    rows = {"invoices": [issued(10, None, "I1"), issued(50, "200", "I2")], "allocations": [cleared("I2", 20)]}
    assert one(rows, *SIMPLE, "dso_countback") == (None, None, None, None, None)


def test_what_is_past_due_by_an_unknown_amount_leaves_the_rest_not_past_due():
    rows = {"invoices": [issued(10, "300", "I1"), issued(60, None, "I2")]}
    assert one(rows, *SIMPLE) == (90, 365, 90, 0)


def test_disputed_money_and_partial_payments():
    dispute = row(
        "disputes",
        dispute_id="D1",
        customer_id="C1",
        invoice_id="I1",
        opened_on=AS_OF - days(5),
        amount=Decimal(40),
        known_on=AS_OF - days(5),
    )
    rows = {
        "invoices": [issued(50, "200", "I1")],
        "allocations": [allocation("I1", on="02-20", amount="60")],
        "disputes": [dispute],
    }
    # Open 200 - 60 = 140, of it 40 in dispute and so not past due, 100 past due.
    assert one(rows, *SIMPLE) == pytest.approx((140 / 200 * 90, 140 / 200 * 365, 40 / 200 * 90, 45), rel=1e-12)
    # Collection counts whole invoices by what they were issued for: (0 + 200 - 200) / (0 + 200 - 0).
    assert one(rows, "collection_effectiveness_90d") == 0


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        pytest.param(29, 30, id="29 days ago is of the latest period"),
        pytest.param(30, 60, id="30 days ago of the one before"),
        pytest.param(359, 360, id="359 days ago of the twelfth"),
        pytest.param(360, None, id="360 days ago of none"),
    ],
)
def test_the_periods_of_the_countback(ago, expected):
    assert one({"invoices": [issued(ago, "100", "I1")]}, "dso_countback") == expected


def test_the_countback_ends_at_all_twelve_periods():
    rows = {"invoices": [issued(400, "500", "I1"), issued(10, "100", "I2")]}
    assert one(rows, "dso_countback") == 360


@pytest.mark.parametrize(
    ("settled", "percent"),
    [
        pytest.param(90, None, id="settled by the begin: nothing was there to collect"),
        pytest.param(89, 100, id="settled a day later: collected"),
    ],
)
def test_what_was_open_at_the_begin(settled, percent):
    rows = {"invoices": [issued(150, "100", "I1")], "allocations": [cleared("I1", settled)]}
    assert one(rows, "collection_effectiveness_90d") == percent


def test_an_invoice_of_unknown_outcome_is_not_taken_for_collected():
    unknown = issued(50, "100", "I1") | {"outcome_unknown": True}
    assert one({"invoices": [unknown]}, "collection_effectiveness_90d") is None
    assert one({"invoices": [unknown, issued(100, "50", "I2")]}, "collection_effectiveness_90d") == 0
    # Nor when something was allocated to it since the begin.
    older = issued(100, "100", "I1") | {"outcome_unknown": True}
    rows = {"invoices": [older], "allocations": [cleared("I1", 20)]}
    assert one(rows, "collection_effectiveness_90d") is None


def test_an_invoice_in_dispute_or_not_yet_due_need_not_be_collected():
    rows = {"invoices": [issued(10, "100", "I1")]}
    assert one(rows, "collection_effectiveness_90d") is None
    dispute = row(
        "disputes", dispute_id="D", customer_id="C1", invoice_id="I2", opened_on=AS_OF, currency="EUR", known_on=AS_OF
    )
    rows = {"invoices": [issued(50, "100", "I2")], "disputes": [dispute]}
    assert one(rows, "collection_effectiveness_90d") is None


@pytest.mark.parametrize("seed", range(3))
def test_delinquent_is_regular_less_best_possible_and_not_negative(seed):
    cases = [(f"C{number}", AS_OF - days(ago)) for number in range(30) for ago in (0, 45)]
    found = [made for made in told_of_all(random_rows(seed), cases, MADE) if made["dso_90d"] is not None]
    assert len(found) >= 10
    for made in found:
        assert made["average_days_delinquent_90d"] == made["dso_90d"] - made["best_possible_dso_90d"] >= 0
