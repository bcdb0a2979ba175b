"""The second engine: every feature has the value that DuckDB gives it."""

import math
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from data.book import book_of, open_book
from data.contracts import CONTRACTS
from data.ingest import ingest
from data.lake import Lake
from data.mapping import load_mapping
from data.simulation.simulator import Shape, simulate
from features.build import as_of_now, build
from features.feature_sets import LATE, STORED
from tests.features.ledger import random_rows, spine_rows, tables_of

NAMES = list(dict.fromkeys([*LATE.names, *STORED.names]))
ENGINES = ("duckdb", "spark")
AS_OF = date(2024, 3, 1)
SHAPE = Shape(customers=40, start_on=date(2022, 9, 1), end_on=date(2024, 3, 31), seed=5, detail="full")


def differences(duckdb, spark, name):
    """Which cases have another value: whole numbers must be equal, others to nine digits."""
    pairs = zip(duckdb["case_id"].to_pylist(), duckdb[name].to_pylist(), spark[name].to_pylist(), strict=True)
    return [(case, name, a, b) for case, a, b in pairs if not same(a, b)]


def same(a, b):
    if a is None or b is None:
        return a is b
    return a == b if a.is_integer() and b.is_integer() else math.isclose(a, b, rel_tol=1e-9)


def built(tables, spine, names, engine, options):
    book = book_of(tables, engine=engine, spark=options)
    rows = build(book, book.memtable(spine), features=names).to_pyarrow()
    book.close()
    return rows.sort_by("case_id")


@pytest.fixture(scope="module")
def random_and_simulated(spark):
    """A book of two halves, every quirk that the contracts allow and a simulated portfolio, built by each engine."""
    quirky, plain = tables_of(random_rows(1)), simulate(SHAPE).tables
    tables = {name: pa.concat_tables([rows[name] for rows in (quirky, plain) if name in rows]) for name in CONTRACTS}
    customers = [f"C{number}" for number in range(31)] + sorted(set(plain["customers"]["customer_id"].to_pylist()))
    spine = spine_rows([(who, on) for who in customers for on in (AS_OF, AS_OF - timedelta(days=45))])
    return tuple(built(tables, spine, STORED.names, engine, spark) for engine in ENGINES)


@pytest.mark.parametrize("name", STORED.names)
def test_on_a_random_and_a_simulated_book_both_engines_give(name, random_and_simulated):
    assert differences(*random_and_simulated, name) == []


def test_the_answer_has_the_same_columns_types_and_cases(random_and_simulated):
    duckdb, spark = random_and_simulated
    assert duckdb.schema == spark.schema
    assert duckdb.select(["case_id", "customer_id", "as_of"]) == spark.select(["case_id", "customer_id", "as_of"])


@pytest.fixture(scope="module")
def datarisk_lake(datarisk, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    ingest(datarisk, load_mapping("datarisk"), lake, received_at=datetime(2021, 3, 1, tzinfo=UTC))
    return lake


@pytest.fixture(scope="module")
def issued(datarisk_lake):
    """Invoices of some customers at the day before their issue."""
    book = open_book(datarisk_lake)
    rows = book["invoices"].select("invoice_id", "customer_id", "issued_on", "due_on", "amount", "interest_rate")
    rows = rows.rename(case_id="invoice_id").order_by("case_id").to_pyarrow()
    book.close()
    rows = rows.take(list(range(0, rows.num_rows, 997)))
    before = [day - timedelta(days=1) for day in rows["issued_on"].to_pylist()]
    return rows.append_column("as_of", pa.array(before, pa.date32()))


@pytest.fixture(scope="module")
def real(datarisk_lake, issued, spark):
    def of(engine):
        book = open_book(datarisk_lake, engine=engine, spark=spark)
        rows = build(book, book.memtable(issued), features=NAMES).to_pyarrow()
        book.close()
        return rows.sort_by("case_id")

    return tuple(of(engine) for engine in ENGINES)


@pytest.mark.parametrize("name", NAMES)
def test_on_a_real_book_both_engines_give(name, real):
    assert real[0].num_rows >= 60
    assert differences(*real, name) == []


def test_all_customers_of_a_day_are_the_same(spark):
    tables = tables_of(random_rows(3, customers=8))
    names = ["is_known_customer", "open_amount", "worst_dpd_365d", "statement_age_days"]
    rows = []
    for engine in ENGINES:
        book = book_of(tables, engine=engine, spark=spark)
        rows.append(as_of_now(book, AS_OF, features=names))
        book.close()
    assert rows[0].equals(rows[1])
