"""The book: all tables, on one engine, of one type whatever they were made from."""

import pyarrow as pa
import pytest

from data.book import NoCurrencyError, SeveralCurrenciesError, book_of, open_book
from data.contracts import CONTRACTS
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
