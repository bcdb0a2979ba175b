"""Databases: exact types from SQLite and a real PostgreSQL, one state for all queries, no password in any message."""

import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg
import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from data import sql_source
from data.contracts import DAY, INSTANT, MONEY
from data.ingest import Counts, ingest
from data.lake import Lake
from data.mapping import SourceMapping
from data.sources import SourceFileError, read_sources
from data.sql_source import Database, DatabaseError
from tests.servers import postgres_server

NOW = datetime(2026, 1, 5, tzinfo=UTC)
PASSWORD = "s3cret/w@rd"


@pytest.fixture(scope="module")
def postgres():
    """Address of a PostgreSQL that holds a small ledger."""
    with postgres_server() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("""
                CREATE TABLE items (doc text, kunnr text, posted date, due date, amount numeric(15, 2),
                                    rate numeric(9, 6), seen timestamptz, blocked boolean, cleared date,
                                    plain timestamp)""")
            connection.execute("CREATE SEQUENCE counter")
            connection.execute("""
                INSERT INTO items VALUES
                ('I1', '0001', '2024-01-10', '2024-02-10', 1234567890123.45, 6.99, '2024-01-10 23:30:00-03', true,
                 '2024-02-12', '2024-01-10'),
                ('I2', '0002', '2024-01-11', '2024-02-11', 0.10, NULL, '2024-01-11 08:00:00.123456+00', false, NULL,
                 '2024-01-10 08:15:00')""")
        yield url.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture
def sqlite(tmp_path):
    """``sqlite("CREATE ...", ...)``: address of a SQLite file."""

    def made(*statements):
        with sqlite3.connect(tmp_path / "erp.db") as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()
        return f"sqlite:///{tmp_path / 'erp.db'}"

    return made


def read(url, query, **options):
    with Database(url) as database:
        return database.read("items", query, **options).rows


def test_postgres_types_are_exact(postgres):
    rows = read(postgres, "SELECT * FROM items ORDER BY doc")
    assert rows["amount"].to_pylist() == [Decimal("1234567890123.45"), Decimal("0.10")]
    assert pa.types.is_decimal(rows["amount"].type)
    assert pa.types.is_decimal(rows["rate"].type)
    assert rows["rate"].to_pylist() == [Decimal("6.990000"), None]
    assert rows.schema.field("due").type == DAY
    assert rows.schema.field("seen").type == INSTANT
    assert rows["seen"].to_pylist()[0] == datetime(2024, 1, 11, 2, 30, tzinfo=UTC)
    assert rows["seen"].to_pylist()[1] == datetime(2024, 1, 11, 8, 0, 0, 123456, tzinfo=UTC)
    assert rows["blocked"].to_pylist() == [True, False]
    assert rows["kunnr"].to_pylist() == ["0001", "0002"]


def test_signs_of_a_query_are_no_parameters(postgres):
    rows = read(postgres, "SELECT doc, '10:30'::text AS at, ':x %s' AS odd FROM items WHERE doc LIKE 'I%' ORDER BY doc")
    assert rows.to_pylist()[0] == {"doc": "I1", "at": "10:30", "odd": ":x %s"}


def test_many_chunks_are_one_table(postgres, monkeypatch):
    monkeypatch.setattr(sql_source, "CHUNK", 100)
    rows = read(postgres, "SELECT n, CASE WHEN n > 250 THEN n::numeric / 8 END AS part FROM generate_series(1, 1001) n")
    assert rows["n"].to_pylist() == list(range(1, 1002))
    assert rows["part"].null_count == 250
    assert rows["part"].to_pylist()[-1] == Decimal("125.125")


def test_all_queries_see_one_state(postgres):
    with Database(postgres) as database:
        first = database.read("a", "SELECT count(*) AS n FROM items").rows["n"][0].as_py()
        with psycopg.connect(postgres.replace("+psycopg", ""), autocommit=True) as other:
            other.execute("INSERT INTO items (doc) VALUES ('late')")
            assert database.read("b", "SELECT count(*) AS n FROM items").rows["n"][0].as_py() == first
            other.execute("DELETE FROM items WHERE doc = 'late'")


def test_postgres_is_only_read(postgres):
    with pytest.raises(DatabaseError, match="read-only transaction"):
        read(postgres, "SELECT nextval('counter')")


def mapping(**options):
    invoices = {
        "invoice_id": {"from": "doc"},
        "customer_id": {"from": "kunnr"},
        "issued_on": {"from": "posted"},
        "due_on": {"from": "due"},
        "amount": {"from": "amount"},
        "interest_rate": {"from": "rate"},
        "outcome_unknown": {"value": False},
        "is_deleted": {"from": "blocked", "equals": "gone"},
        "known_at": {"from": "seen"},
    }
    files = [{"name": "open items", "query": "SELECT * FROM items", "tables": {"invoices": {"columns": invoices}}}]
    content = {"source": "erp", "description": "", "kind": "sql", "currency": "EUR", "files": files}
    return SourceMapping.model_validate(content | options)


def test_a_ledger_from_postgres_is_ingested_exactly(postgres, tmp_path):
    lake = Lake(tmp_path / "lake", threads=1)
    report = ingest(None, mapping(), lake, received_at=NOW, url=postgres)
    assert report.counts["invoices"] == Counts(read=2, accepted=2, quarantined=0, added=2)
    first, second = lake.read("invoices").to_pylist()
    assert (first["amount"], first["interest_rate"]) == (Decimal("1234567890123.4500"), Decimal("6.990000"))
    assert first["known_at"] == datetime(2024, 1, 11, 2, 30, tzinfo=UTC)
    assert (second["issued_on"], second["interest_rate"]) == (date(2024, 1, 11), None)
    again = ingest(None, mapping(), lake, received_at=NOW, url=postgres)
    assert again.counts["invoices"].unchanged == 2


def test_a_timestamp_at_midnight_is_a_day_and_another_is_refused(postgres, tmp_path):
    content = mapping().model_dump(by_alias=True, exclude_none=True)
    content["files"][0]["name"] = content["files"][0].pop("file")
    content["files"][0]["tables"]["invoices"]["columns"]["issued_on"] = {"from": "plain"}
    lake = Lake(tmp_path / "lake", threads=1)
    ingest(None, SourceMapping.model_validate(content), lake, received_at=NOW, url=postgres)
    assert lake.read("invoices")["invoice_id"].to_pylist() == ["I1"]
    assert "plain (issued_on)" in lake.quarantine()["reason"].to_pylist()[0]


def test_several_queries_fill_tables_that_are_contract_tables_already(sqlite, tmp_path):
    url = sqlite(
        "CREATE TABLE l (c TEXT, d TEXT, a NUMERIC)",
        "INSERT INTO l VALUES ('0001', '2024-01-01', '1000.50'), ('0002', '2024-02-01', 7)",
    )
    query = (
        "SELECT c AS customer_id, d AS valid_from_on, NULL AS valid_to_on, CAST(a AS TEXT) AS amount, "
        "'EUR' AS currency, '2024-03-01 00:00:00+00:00' AS known_at, 'erp' AS source FROM l WHERE c = '%s'"
    )
    files = [
        {"name": "limits", "query": query % "0001"},
        {"name": "the other limits", "table": "limits", "query": query % "0002"},
    ]
    both = SourceMapping.model_validate({"source": "erp", "description": "", "kind": "sql", "files": files})
    lake = Lake(tmp_path / "lake", threads=1)
    assert ingest(None, both, lake, received_at=NOW, url=url).counts["limits"].accepted == 2
    rows = lake.read("limits").to_pylist()
    assert [(row["customer_id"], row["amount"]) for row in rows] == [
        ("0001", Decimal("1000.5000")),
        ("0002", Decimal(7)),
    ]
    assert lake.read("limits").schema.field("amount").type == MONEY


def test_a_column_of_several_types_holds_its_texts(sqlite):
    url = sqlite("CREATE TABLE t (v)", "INSERT INTO t VALUES (1), ('0042'), (2.5), (NULL), (x'ff')")
    assert read(url, "SELECT v FROM t")["v"].to_pylist() == ["1", "0042", "2.5", None, "ff"]


def test_two_columns_of_one_name_and_no_rows(sqlite):
    url = sqlite("CREATE TABLE t (v)")
    assert read(url, "SELECT v, v FROM t").column_names == ["v", "v (2)"]


def test_a_query_that_lacks_a_column(sqlite):
    url = sqlite("CREATE TABLE items (doc)")
    with pytest.raises(SourceFileError, match="open items: it lacks the column kunnr, posted"):
        list(read_sources(None, mapping(), url=url))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param(
            "SELECT * FROM nowhere", "items: the database sqlite:.*refuses the query.*no such table", id="table"
        ),
        pytest.param("SELEC 1", "syntax error", id="syntax"),
        pytest.param("CREATE TABLE x (a)", "the query returns no rows; write a SELECT", id="no rows"),
    ],
)
def test_a_query_that_fails_says_why(sqlite, query, message):
    with pytest.raises(DatabaseError, match=message):
        read(sqlite("CREATE TABLE t (v)"), query)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param(None, "environment variable O2C_RISK_SOURCE_URL or by --url", id="none"),
        pytest.param("", "environment variable", id="empty"),
        pytest.param("erp", "not one that SQLAlchemy reads", id="no address"),
        pytest.param(f"postgresql+psycopg://me:{PASSWORD}@host/db", "not one that|cannot be opened", id="unescaped"),
        pytest.param(f"postgresql+psycopg://me:{PASSWORD}:x@host:port/db", "write @ as %40", id="no port"),
        pytest.param("cobol://me:s3cret@host/db", "No driver for cobol is installed", id="no dialect"),
        pytest.param("oracle+cx_oracle://me:s3cret@host/db", "cannot be opened .*No module", id="no driver"),
        pytest.param("sqlite:////nowhere/erp.db", "There is no SQLite file /nowhere/erp.db", id="no file"),
        pytest.param(
            "postgresql+psycopg://me:s3cret%2Fw%40rd@127.0.0.1:1/db?connect_timeout=2",
            r"the database postgresql\+psycopg://me:\*\*\*@127.0.0.1:1/db\S* cannot be opened",
            id="nobody there",
        ),
    ],
)
def test_a_database_that_cannot_be_opened_says_so_without_its_password(url, message):
    with pytest.raises(DatabaseError, match=message) as refused, Database(url):
        pass
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None or "s3cret" not in str(refused.value.__cause__)


def test_a_wrong_password_is_not_told(postgres):
    url = sa.make_url(postgres).set(password=PASSWORD).render_as_string(hide_password=False)
    with (
        pytest.raises(DatabaseError, match=r"password authentication failed|cannot be opened") as refused,
        Database(url),
    ):
        pass
    assert "s3cret" not in str(refused.value)


@given(st.text(alphabet="ab:/@%?#& ", min_size=3, max_size=12).filter(str.strip), st.booleans())
def test_no_password_is_ever_shown(secret, in_query):
    secret = f"Zq{secret}Zq"  # so that it stands nowhere by chance
    url = sa.URL.create("postgresql+psycopg", "me", None if in_query else secret, "h", 1, "d")
    url = url.update_query_dict({"password": secret, "sslmode": "require"}) if in_query else url
    assert "Zq" not in sql_source.shown(url)
    told = Database(url.render_as_string(hide_password=False))._told(
        "fails", ValueError(f"bad {secret} in {url.query}"), ""
    )
    assert "Zq" not in told


def test_a_folder_or_an_address_is_needed(postgres):
    files = {"kind": "csv", "files": [{"file": "a.csv", "tables": {}}]}
    with pytest.raises(ValueError, match="say in which folder"):
        list(read_sources(None, mapping(**files)))
    with pytest.raises(DatabaseError, match="reads a database"):
        list(read_sources(None, mapping()))
