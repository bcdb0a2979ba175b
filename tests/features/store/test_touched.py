"""Whom news concern: each table's rows, what they refer to, and what a correction moved away."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from data.contracts import CONTRACTS
from data.lake import Lake
from features.store.touched import MarkLostError, Touched, lake_mark, touched_by_news, touched_since

KNOWN = datetime(2024, 3, 1, 8, tzinfo=UTC)
DAY = date(2024, 3, 1)
ONE = Decimal("1.00")


def row(table, **given):
    """A row of a table: what is given, and something that fits in every other column that must be filled."""
    fitting = {"string": "x", "date32[day]": DAY, "bool": False, "int64": 1}
    filled = {
        column.name: fitting.get(str(column.type), ONE)
        for column in CONTRACTS[table].columns
        if not column.nullable and column.name != "known_at"
    }
    return filled | {"known_at": KNOWN, "currency": "EUR", "source": "test", "is_deleted": False} | given


def put(lake, table, *rows):
    names = CONTRACTS[table].names
    made = [{name: value for name, value in row(table, **given).items() if name in names} for given in rows]
    lake.write(table, pa.Table.from_pylist(made, CONTRACTS[table].schema))


@pytest.fixture
def lake(tmp_path):
    """Two invoices of two customers, one paid by the other's parent."""
    lake = Lake(tmp_path / "lake")
    put(lake, "customers", *({"customer_id": customer} for customer in ("C1", "C2", "PARENT", "QUIET")))
    put(lake, "orders", {"order_id": "O2", "customer_id": "C2"})
    put(
        lake,
        "invoices",
        {"invoice_id": "I1", "customer_id": "C1"},
        {"invoice_id": "I2", "customer_id": "C2", "order_id": "O2"},
    )
    put(lake, "payments", {"payment_id": "P1", "customer_id": "PARENT"})
    return lake


def test_no_news_concern_nobody(lake):
    assert touched_by_news(lake, lake_mark(lake)) == Touched((), ())


@pytest.mark.parametrize(
    ("table", "given", "customers"),
    [
        pytest.param("invoices", {"invoice_id": "I3", "customer_id": "C1"}, ("C1",), id="an invoice"),
        pytest.param("customers", {"customer_id": "NEW"}, ("NEW",), id="a new customer"),
        pytest.param(
            "allocations",
            {"payment_id": "P1", "invoice_id": "I1", "customer_id": "PARENT"},
            ("C1", "PARENT"),
            id="the parent pays: payer and debtor",
        ),
        pytest.param(
            "credit_notes", {"credit_note_id": "N1", "customer_id": "C2", "invoice_id": None}, ("C2",), id="unassigned"
        ),
        pytest.param(
            "credit_notes",
            {"credit_note_id": "N1", "customer_id": "C2", "invoice_id": "I1"},
            ("C1", "C2"),
            id="a credit note for somebody else's invoice",
        ),
        pytest.param(
            "disputes", {"dispute_id": "D1", "customer_id": "C1", "invoice_id": "I1"}, ("C1",), id="a dispute"
        ),
        pytest.param(
            "deliveries",
            {"delivery_id": "L1", "customer_id": "C1", "order_id": "O2"},
            ("C1", "C2"),
            id="a delivery to one of what another ordered",
        ),
        pytest.param("ratings", {"customer_id": "C2", "agency": "A"}, ("C2",), id="a rating"),
        pytest.param("credit_events", {"customer_id": "C1", "kind": "DUNNING"}, ("C1",), id="a credit event"),
        pytest.param("limits", {"customer_id": "C1"}, ("C1",), id="a limit"),
        pytest.param("securities", {"security_id": "S1", "customer_id": "C2"}, ("C2",), id="a security"),
        pytest.param("statements", {"customer_id": "C2"}, ("C2",), id="a statement"),
        pytest.param("customer_financials", {"customer_id": "C2"}, ("C2",), id="revenue"),
    ],
)
def test_news_of_a_table(lake, table, given, customers):
    mark = lake_mark(lake)
    put(lake, table, given)
    assert touched_by_news(lake, mark) == Touched(customers, ())
    assert touched_by_news(lake, lake_mark(lake)) == Touched((), ())


def test_rates_concern_everybody_and_are_left_to_the_refresh(lake):
    mark = lake_mark(lake)
    put(lake, "exchange_rates", {"currency": "USD", "into_currency": "EUR"})
    put(lake, "holidays", {"country": "DE"})
    assert touched_by_news(lake, mark) == Touched((), ("exchange_rates", "holidays"))


def test_a_correction_that_moves_a_row_concerns_both(lake):
    put(lake, "securities", {"security_id": "S1", "customer_id": "C1"})
    mark = lake_mark(lake)
    put(lake, "securities", {"security_id": "S1", "customer_id": "QUIET", "known_at": KNOWN + timedelta(days=1)})
    assert touched_by_news(lake, mark).customer_ids == ("C1", "QUIET")


def test_a_row_of_an_old_date_that_came_late_is_news_all_the_same(lake):
    mark = lake_mark(lake)
    put(lake, "invoices", {"invoice_id": "OLD", "customer_id": "C1", "known_at": KNOWN - timedelta(days=400)})
    assert touched_by_news(lake, mark).customer_ids == ("C1",)
    assert touched_since(lake, KNOWN).customer_ids == (), "by known_at it is not: hence the mark"


def test_since_an_instant_means_known_after_it(lake):
    for seconds in (0, 1):
        put(
            lake,
            "invoices",
            {"invoice_id": f"L{seconds}", "customer_id": f"S{seconds}", "known_at": KNOWN + timedelta(seconds=seconds)},
        )
    assert touched_since(lake, KNOWN).customer_ids == ("S1",)
    assert touched_since(lake, KNOWN - timedelta(microseconds=1)).customer_ids == (
        "C1",
        "C2",
        "PARENT",
        "QUIET",
        "S0",
        "S1",
    )


def test_a_table_first_written_since_is_all_news(lake):
    mark = {name: noted for name, noted in lake_mark(lake).items() if name != "orders"}
    assert touched_by_news(lake, mark).customer_ids == ("C2",)


def test_a_lake_made_anew_cannot_say_what_is_news(lake, tmp_path):
    other = Lake(tmp_path / "other")
    put(other, "invoices", {"invoice_id": "I1", "customer_id": "C1"})
    with pytest.raises(MarkLostError, match="run `o2c-risk features refresh`"):
        touched_by_news(lake, lake_mark(other))
    mark = lake_mark(lake)
    with pytest.raises(MarkLostError, match="no longer keeps the version"):
        touched_by_news(lake, mark | {"invoices": [mark["invoices"][0], 99]})
