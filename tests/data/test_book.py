"""The book: all tables, on one engine, of one type whatever they were made from."""

import sys
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyspark import SparkContext
from pyspark.errors import ArithmeticException

from data.book import NoCurrencyError, SeveralCurrenciesError, book_of, open_book
from data.contracts import CONTRACTS
from data.engine import ENGINES, EngineMissingError, UnknownEngineError
from data.lake import Lake, NotAContractTableError, UnknownTableError


def test_a_book_of_nothing_has_all_tables():
    book = book_of({})
    assert set(book.tables) == set(CONTRACTS)
    assert book["ratings"].count().execute() == 0


def test_a_book_from_the_lake_equals_one_in_memory(tmp_path, table):
    lake, rows = Lake(tmp_path), table("invoices", {}, {"invoice_id": "I2", "amount": None})
    lake.write("invoices", rows)
    opened, made = open_book(lake, threads=1), book_of({"invoices": rows})
    assert opened.currency == "EUR"
    for name in CONTRACTS:
        assert opened[name].schema() == made[name].schema(), name
    left, right = (book["invoices"].order_by("invoice_id").to_pyarrow() for book in (opened, made))
    assert left.to_pylist() == right.to_pylist() == rows.to_pylist()


def test_an_open_book_does_not_move(tmp_path, table):
    lake = Lake(tmp_path)
    lake.write("invoices", table("invoices", {}))
    book = open_book(lake)
    lake.write("invoices", table("invoices", {"invoice_id": "I2"}))
    assert book["invoices"].count().execute() == 1
    assert open_book(lake)["invoices"].count().execute() == 2


def test_rows_of_ones_own_join_the_book(table):
    book = book_of({"invoices": table("invoices", {})})
    spine = book.memtable(pa.table({"customer_id": ["C1", "C2"]}))
    other = book.memtable(pa.table({"customer_id": ["C2"]}))
    assert spine.join(book["invoices"], "customer_id").count().execute() == 1
    assert other.count().execute() == 1


def test_no_extension_is_fetched_and_times_are_utc():
    settings = book_of({}).backend.con.execute(
        "SELECT current_setting('autoinstall_known_extensions'), current_setting('autoload_known_extensions'), "
        "current_setting('TimeZone')"
    )
    assert settings.fetchall() == [(False, False, "UTC")]


def test_columns_in_another_order_and_of_a_like_type_are_cast(table):
    rows = table("invoices", {})
    rows = rows.select(rows.column_names[::-1]).set_column(0, "source", pa.array(["erp"]).dictionary_encode())
    assert book_of({"invoices": rows})["invoices"].columns == tuple(CONTRACTS["invoices"].names)


def test_the_currency_is_that_of_the_invoices_or_a_choice(tmp_path, table):
    lake = Lake(tmp_path)
    with pytest.raises(NoCurrencyError, match="O2C_RISK_CURRENCY"):
        open_book(lake)
    lake.write("invoices", table("invoices", {}, {"invoice_id": "I2", "currency": "BRL"}))
    with pytest.raises(SeveralCurrenciesError, match="in BRL, EUR: set O2C_RISK_CURRENCY"):
        open_book(lake)
    assert open_book(lake, currency="BRL").currency == "BRL"


def test_what_is_not_a_contract_table_is_refused(table):
    with pytest.raises(UnknownTableError, match="'bills'"):
        book_of({"bills": table("invoices", {})})
    with pytest.raises(NotAContractTableError, match="The rows for payments do not fit"):
        book_of({"payments": table("invoices", {})})


# --- the second engine ------------------------------------------------------------------------------------------------


def test_a_spark_book_reads_the_lake_as_a_duckdb_book_does(tmp_path, table, spark):
    lake = Lake(tmp_path / "a {b,c} d")
    lake.write("invoices", table("invoices", {}, {"invoice_id": "I2", "amount": None}))
    lake.write("invoices", table("invoices", {"invoice_id": "I3", "amount": Decimal("0.0001")}))
    books = [open_book(lake, engine=engine, spark=spark) for engine in ENGINES]
    for name in CONTRACTS:
        assert books[0][name].schema() == books[1][name].schema(), name
    left, right = (book["invoices"].order_by("invoice_id").to_pyarrow() for book in books)
    assert left.equals(right)
    assert left.num_rows == 3
    books[1].close()


def test_columns_that_older_files_lack_are_unknown_on_spark_too(tmp_path, table, spark):
    old = table("invoices", {}).drop_columns(["is_deleted", "document_id", "discount_amount"])
    write_deltalake((tmp_path / "invoices").as_uri(), old)
    book = open_book(Lake(tmp_path), engine="spark", spark=spark)
    assert book["invoices"].select("document_id", "discount_amount", "is_deleted").to_pyarrow().to_pylist() == [
        {"document_id": None, "discount_amount": None, "is_deleted": False}
    ]
    book.close()


def test_a_closed_spark_book_leaves_others_open(table, spark):
    first, second = (book_of({"invoices": table("invoices", {})}, engine="spark", spark=spark) for _ in range(2))
    held = second.held(second["invoices"].mutate(days=second["invoices"].due_on.delta("2024-01-01", unit="day")))
    first.close()
    assert held.select("days").to_pyarrow().to_pylist() == [{"days": 40}]  # 31 days of January and 9 of February
    second.close()


@pytest.fixture(scope="module")
def both(spark):
    books = [book_of({}, engine=engine, spark=spark) for engine in ENGINES]
    yield books
    for book in books:
        book.close()


MARKS = pa.table(
    {
        "who": ["A", "A", "B", "B"],
        "mark": pa.array([1, 3, None, 2], pa.int64()),
        "is_good": pa.array([None, None, None, True]),
        "amount": pa.array([Decimal("0.0100"), None, Decimal("7"), Decimal("-7")], pa.decimal128(20, 4)),
        "rate": pa.array([Decimal("0.00499999"), None, Decimal("2.5"), Decimal("2.5")], pa.decimal128(16, 8)),
    }
)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(
            lambda rows: rows.group_by("who").agg(n=rows.count(where=rows.is_good)),
            [("A", 0), ("B", 1)],
            id="a count is 0, not null, where the condition is unknown for every row",
        ),
        pytest.param(
            lambda rows: rows.filter(rows.mark == rows.mark.max().over(ibis.window(group_by="who"))).select(
                "who", "mark"
            ),
            [("A", 3), ("B", 2)],
            id="a filter on a window",
        ),
        pytest.param(
            lambda rows: rows.filter(rows.mark == 1).select(
                "who", x=(rows.amount.cast("decimal(24, 8)") * rows.rate.cast("decimal(24, 8)")).cast("decimal(20, 4)")
            ),
            [("A", Decimal("0.0000"))],
            id="0.0000499999 is rounded once: by way of six places it would be 0.0001",
        ),
        pytest.param(
            lambda rows: rows.group_by("who").agg(x=ibis.greatest(rows.mark, 2).min()),
            [("A", 2), ("B", 2)],
            id="the greater of a null and 2 is 2",
        ),
        pytest.param(
            lambda rows: rows.group_by("who").agg(n=rows.mark.nunique(where=rows.mark > 1)),
            [("A", 1), ("B", 1)],
            id="different values under a condition",
        ),
        pytest.param(
            lambda rows: rows.group_by("who").agg(x=rows.mark.max(where=rows.mark > 2)),
            [("A", 3), ("B", None)],
            id="the most of nothing is unknown",
        ),
    ],
)
def test_both_engines_mean_the_same(make, expected, both):
    answers = [make(book.memtable(MARKS)).order_by("who").to_pyarrow() for book in both]
    assert [[tuple(row.values()) for row in rows.to_pylist()] for rows in answers] == [expected, expected]
    assert answers[0].schema == answers[1].schema


def test_a_number_that_overflows_is_an_error_and_no_null(both):
    rows = both[1].memtable(pa.table({"x": [2**62, 2**62]}))
    with pytest.raises(ArithmeticException, match="overflow"):
        rows.agg(x=rows.x.sum()).to_pyarrow()


def test_an_unknown_engine_is_refused():
    with pytest.raises(UnknownEngineError, match="no engine 'polars'; there are duckdb and spark"):
        book_of({}, engine="polars")


def test_without_java_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr(SparkContext, "_active_spark_context", None)
    with pytest.raises(EngineMissingError, match="Java 17 or later, and none was found"):
        book_of({}, engine="spark")


def test_without_pyspark_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.delitem(sys.modules, "data.spark")
    monkeypatch.delitem(sys.modules, "ibis.backends.pyspark")
    with pytest.raises(EngineMissingError, match=r"pip install 'o2c-risk\[spark\]'"):
        book_of({}, engine="spark")
