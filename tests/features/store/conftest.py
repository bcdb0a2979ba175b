"""A small store: three features of a few customers, in a folder of its own, on each of the three servers."""

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest
import redis

from features.store.definitions import Facts, ServedSet
from features.store.store import Store
from tests.servers import postgres_server, redis_server

NAMES = ("open_count", "overdue_share", "tenure_days")
SETS = (ServedSet("default_v1", NAMES[:2], "0123456789abcdef"), ServedSet("limit_v1", NAMES[1:], "fedcba9876543210"))
PASSWORD = "s3cret-0f0f"
MORNING = datetime(2024, 3, 2, 5, 0, 0, 250_000, tzinfo=UTC)


def rows_of(*rows, names=NAMES):
    """Feature rows as the build gives them, from (customer_id, as_of, value, ...) each."""
    columns = list(zip(*rows, strict=True)) if rows else [[]] * (2 + len(names))
    keys = {
        "case_id": pa.array([f"case {i}" for i in range(len(rows))], pa.string()),
        "customer_id": pa.array(list(columns[0]), pa.string()),
        "as_of": pa.array(list(columns[1]), pa.date32()),
    }
    return pa.table(keys | {name: pa.array(list(columns[2 + i]), pa.float64()) for i, name in enumerate(names)})


def entities_of(*rows):
    """Whom to ask for and when, from (customer_id, at) each."""
    return pa.table(
        {
            "case_id": pa.array([f"case {i}" for i in range(len(rows))], pa.string()),
            "customer_id": pa.array([row[0] for row in rows], pa.string()),
            "at": pa.array([row[1] for row in rows], pa.timestamp("us", tz="UTC")),
        }
    )


def computed_after(seconds=0):
    """An instant of computation, this long after the first."""
    return MORNING + timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def facts() -> Facts:
    return Facts(NAMES, "1_test", SETS)


@pytest.fixture(scope="session")
def feature_rows():
    return rows_of


@pytest.fixture(scope="session")
def entities():
    return entities_of


@pytest.fixture(scope="session")
def computed():
    return computed_after


@pytest.fixture
def store(tmp_path: Path, facts: Facts) -> Store:
    made = Store(tmp_path / "store", facts=facts)
    made.apply()
    return made


@pytest.fixture(scope="session")
def redis_url():
    with redis_server(password=PASSWORD) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_url():
    with postgres_server(password=PASSWORD) as url:
        yield url


@pytest.fixture(params=["sqlite", "redis", "postgres"])
def online(request):
    """Where today's facts are kept: each of the servers in turn, emptied."""
    if request.param == "sqlite":
        return "sqlite"
    url = request.getfixturevalue(f"{request.param}_url")
    empty(url)
    return url


def empty(url):
    if url.startswith("redis"):
        redis.Redis.from_url(url).flushall()
        return
    with psycopg.connect(url, autocommit=True) as con:
        con.execute("DROP SCHEMA public CASCADE")
        con.execute("CREATE SCHEMA public")


@pytest.fixture
def stores(tmp_path: Path, facts: Facts, online):
    """Makes stores over one folder and one server; each call is what a process of its own would open."""

    with contextlib.ExitStack() as opened:

        def make(**options):
            made = Store(tmp_path / "store", facts=options.pop("facts", facts), online=online, **options)
            opened.callback(made.close)
            made.apply()
            return made

        yield make
