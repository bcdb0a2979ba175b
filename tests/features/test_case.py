"""The invoice beside its customer: the batch side and the service compute the same numbers."""

from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import case
from features.build import MissingCaseColumnsError, build
from features.case import CUSTOMER_INPUTS, INPUTS, case_columns, invoice_case
from features.catalogue import UnknownFeatureError
from features.feature_sets import LATE
from tests.features.ledger import AS_OF, book_from, days, random_rows, spine_rows

NAMES = [feature.name for feature in case.FEATURES]

amounts = st.none() | st.decimals("0.0001", "900000000000", places=4)
rates = st.none() | st.decimals("-5", "100", places=6)
terms = st.integers(0, 60) | st.integers(0, 400)
invoices = st.tuples(st.integers(0, 29), amounts, terms, rates)


@pytest.fixture(scope="module")
def book():
    return book_from(random_rows(3))


@settings(max_examples=5)
@given(st.lists(invoices, min_size=20, max_size=60))
def test_arrays_and_columns_give_the_same_bits(book, drawn):
    issued_on = [AS_OF + days(1)] * len(drawn)
    due_on = [AS_OF + days(1 + length) for _, _, length, _ in drawn]
    money, rate = [amount for _, amount, _, _ in drawn], [rate for *_, rate in drawn]
    spine = spine_rows([(f"C{number}", AS_OF) for number, *_ in drawn])
    for name, values, kind in (
        ("issued_on", issued_on, pa.date32()),
        ("due_on", due_on, pa.date32()),
        ("amount", money, pa.decimal128(20, 4)),
        ("interest_rate", rate, pa.decimal128(12, 6)),
    ):
        spine = spine.append_column(name, pa.array(values, kind))
    built = build(book, book.memtable(spine), features=[*NAMES, *CUSTOMER_INPUTS]).to_pyarrow().to_pandas()
    built = built.iloc[built["case_id"].astype(int).argsort()]
    served = invoice_case(
        case_columns(money, issued_on, due_on, rate) | {n: built[n].to_numpy("float64") for n in CUSTOMER_INPUTS}
    )
    for name in NAMES:
        np.testing.assert_array_equal(served[name], built[name].to_numpy("float64"), err_msg=name)


def given_100(**other):
    columns = {name: np.array([100.0]) for name in (*INPUTS, *CUSTOMER_INPUTS)}
    return columns | {name: np.array([value]) for name, value in other.items()}


def test_an_invoice_of_250_beside_a_mean_of_100():
    made = invoice_case(given_100(amount=250.0, terms_days=45.0, terms_mean_365d=30.0, invoiced_amount_365d=1000.0))
    assert made["amount_to_mean_365d"] == 2.5
    assert made["terms_to_usual"] == 15
    assert made["exposure_after_to_invoiced_365d"] == (100 + 250) / 1000


@pytest.mark.parametrize("nothing", [0.0, -1.0, np.nan])
def test_a_denominator_that_is_not_positive_gives_nothing(nothing):
    made = invoice_case(given_100(open_amount=nothing, revenue_12m=nothing))
    assert np.isnan([made["amount_to_open"][0], made["amount_to_revenue_12m"][0]]).all()


def test_an_invoice_has_a_ratio_for_each_feature_of_the_catalogue():
    assert list(invoice_case(given_100())) == NAMES


def test_calendar_of_a_leap_day():
    made = case_columns([None], [date(2024, 1, 30)], [date(2024, 2, 29)], [Decimal("1.5")])
    found = {name: float(values[0]) for name, values in made.items()}
    assert np.isnan(found.pop("amount"))
    assert found == {
        "terms_days": 30, "due_weekday": 3, "due_day": 29, "issue_weekday": 1, "issue_day": 30, "interest_rate": 1.5,
        "due_in_days": 31,
    }  # fmt: skip


def test_invoice_features_need_the_invoice(book):
    spine = book.memtable(spine_rows([("C1", AS_OF)]))
    with pytest.raises(MissingCaseColumnsError, match="lacks issued_on, due_on, amount, interest_rate"):
        build(book, spine, features=LATE.names)


def test_a_misspelt_feature_is_named_with_what_is_near(book):
    spine = book.memtable(spine_rows([("C1", AS_OF)]))
    with pytest.raises(UnknownFeatureError, match=r"open_cuont.*open_count"):
        build(book, spine, features=["open_cuont"])
