"""The offline side: every computed row of customer facts, in one immutable Parquet file per version.

A version is never changed. Adding rows writes a further file, and the Feast registry is what says which one is
current, so that a training set which is being built goes on reading the file it began with.
"""

import hashlib
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from data.engine import engine
from features.store.definitions import AS_OF_DAY, COMPUTED_AT, CREATED_AT, CUSTOMER_ID, EVENT_AT, Facts
from features.store.folder import put_in_place

FOLDER: Final = "history"
# Feast wants a path before there is a file.
NOT_WRITTEN: Final = "not-written-yet.parquet"
EPOCH: Final = date(1970, 1, 1)


class RowsRefusedError(ValueError):
    """Feature rows that the store cannot take."""


class NotNewerError(ValueError):
    """Rows computed no later than what the store already holds."""

    def __init__(self, computed_at: datetime, held: datetime) -> None:
        super().__init__(
            f"The store holds rows computed at {held.isoformat()}; rows computed at {computed_at.isoformat()} are not "
            "newer. Compute them again, or give the instant at which they were computed"
        )
        self.computed_at = computed_at
        self.held = held


@dataclass(frozen=True)
class HistoryVersion:
    """One immutable file of history.

    Attributes:
        path: The Parquet file; its name is the first 12 hex characters of its SHA-256.
        rows: Number of rows, superseded ones included.
        computed: Names of the features that every row was computed for; others are null for want of computing.
        definitions: The definitions the rows were computed under; see `Facts.definitions`.
    """

    path: Path
    rows: int
    computed: tuple[str, ...]
    definitions: str


def end_of_day(day: date) -> datetime:
    """The last microsecond of a business day in UTC, at which facts as of that day are true.

    Example:
        >>> end_of_day(date(2024, 3, 1)).isoformat()
        '2024-03-01T23:59:59.999999+00:00'
    """
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) - timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """Microseconds since 1970 of an instant with a zone.

    Raises:
        RowsRefusedError: It has no zone.

    Example:
        >>> microseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
        1000000
    """
    if at.tzinfo is None:
        raise RowsRefusedError(f"computed_at must be an instant with a time zone, got {at.isoformat()}")
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def instant(us: int) -> datetime:
    """The instant of ``microseconds``, in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


def check_rows(rows: pa.Table, names: Sequence[str]) -> None:
    """Refuses rows without a customer, a day or one of the named features.

    Raises:
        RowsRefusedError: A column is absent, a key is null or ``as_of`` is not a date.
    """
    present = set(rows.column_names)
    if absent := [n for n in (CUSTOMER_ID, "as_of", *names) if n not in present]:
        raise RowsRefusedError(f"The rows lack {', '.join(absent)}; build them with features=store.names")
    if rows.schema.field("as_of").type != pa.date32():
        raise RowsRefusedError(f"as_of must be a date, got {rows.schema.field('as_of').type}")
    for key in (CUSTOMER_ID, "as_of"):
        if rows.column(key).null_count:
            raise RowsRefusedError(f"{rows.column(key).null_count} rows have no {key}")


def read_version(path: Path) -> HistoryVersion | None:
    """Describes a file of history; None when there is no such file."""
    if not path.is_file():
        return None
    about = pq.read_metadata(path)
    said = about.metadata
    computed = tuple(name for name in said[b"computed"].decode().split(",") if name)
    return HistoryVersion(path, about.num_rows, computed, said[b"definitions"].decode())


def extend(
    folder: Path,
    rows: pa.Table,
    facts: Facts,
    present: HistoryVersion | None,
    *,
    computed_at: datetime,
    threads: int = 2,
) -> HistoryVersion:
    """Writes the version that holds the present rows and the news among the given ones.

    A row equal to the newest one of its customer and day is no news; a row that differs is added beside it, and
    the one computed last is the one that counts. Rows computed under other definitions are left behind.

    Args:
        folder: Folder of the history files.
        rows: Feature rows, shape (n, >= 3): ``customer_id``, ``as_of`` and at least one feature. Repeated rows,
            as several cases of one customer and day give, are taken once.
        facts: The definitions in force.
        present: The current version.
        computed_at: Instant of computation, with a zone.
        threads: Threads for DuckDB.

    Returns:
        The new version; not current before the registry says so.

    Raises:
        RowsRefusedError: A key is absent or null, or one customer and day has two different rows.
        NotNewerError: A changed row was computed no later than the one it changes.
    """
    given = [name for name in facts.names if name in rows.column_names]
    check_rows(rows, ())
    if not given:
        raise RowsRefusedError(f"The rows hold no customer feature; expected some of {', '.join(facts.names[:5])}, ...")
    if present is not None and present.definitions != facts.definitions:
        present = None
    computed = given if present is None else [name for name in given if name in present.computed]
    with closing(engine(threads=threads).con) as con:
        _deliver(con, rows, facts.names, given)
        _load_present(con, present, facts.names)
        _keep_news(con, facts.names, computed_at)
        return _write(con, folder, facts, computed)


def _deliver(con: Any, rows: pa.Table, names: Sequence[str], given: Sequence[str]) -> None:
    values = ", ".join(
        f'nullif(CAST("{n}" AS DOUBLE), CAST(\'nan\' AS DOUBLE)) AS "{n}"'
        if n in given
        else f'CAST(NULL AS DOUBLE) AS "{n}"'
        for n in names
    )
    con.register("rows_given", rows.select([CUSTOMER_ID, "as_of", *given]))
    con.execute(
        f"CREATE TEMP TABLE delivered AS SELECT DISTINCT {CUSTOMER_ID}, "
        f"CAST(as_of - DATE '1970-01-01' AS BIGINT) AS {AS_OF_DAY}, {values} FROM rows_given"
    )
    twice = con.execute(
        f"SELECT {CUSTOMER_ID}, {AS_OF_DAY} FROM delivered GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
    ).fetchone()
    if twice is not None:
        raise RowsRefusedError(
            f"Customer {twice[0]} has two different rows as of {EPOCH + timedelta(days=twice[1])}; "
            "facts of one customer and day must be equal whichever case they are for"
        )


def _load_present(con: Any, present: HistoryVersion | None, names: Sequence[str]) -> None:
    columns = ", ".join(f'"{n}"' for n in names)
    source = (
        f"(SELECT *, CAST(NULL AS BIGINT) AS {COMPUTED_AT} FROM delivered LIMIT 0)"
        if present is None
        else f"read_parquet({_text(present.path)})"
    )
    con.execute(
        f"CREATE TEMP TABLE present AS SELECT {CUSTOMER_ID}, {AS_OF_DAY}, {columns}, {COMPUTED_AT} FROM {source}"
    )


def _keep_news(con: Any, names: Sequence[str], computed_at: datetime) -> None:
    key = f"{CUSTOMER_ID}, {AS_OF_DAY}"
    con.execute(
        f"CREATE TEMP TABLE newest AS SELECT DISTINCT ON ({key}) * FROM present ORDER BY {key}, {COMPUTED_AT} DESC"
    )
    con.execute(f"CREATE TEMP TABLE news AS FROM delivered EXCEPT SELECT * EXCLUDE ({COMPUTED_AT}) FROM newest")
    held = con.execute(f"SELECT max({COMPUTED_AT}) FROM newest SEMI JOIN news USING ({key})").fetchone()[0]
    if held is not None and held >= microseconds(computed_at):
        raise NotNewerError(computed_at, instant(held))
    con.execute(f"INSERT INTO present SELECT *, {microseconds(computed_at)} FROM news")


def _write(con: Any, folder: Path, facts: Facts, computed: Sequence[str]) -> HistoryVersion:
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{uuid.uuid4().hex}.parquet"
    columns = ", ".join(f'"{n}"' for n in facts.names)
    about = f"{{computed: {_text(','.join(computed))}, definitions: {_text(facts.definitions)}}}"
    con.execute(
        f"COPY (SELECT {CUSTOMER_ID}, {AS_OF_DAY}, {COMPUTED_AT}, "
        # The end of the day, not its start: an invoice issued on the day itself must not see the day's facts.
        f"make_timestamptz(({AS_OF_DAY} + 1) * 86400000000 - 1) AS {EVENT_AT}, "
        f"make_timestamptz({COMPUTED_AT}) AS {CREATED_AT}, {columns} FROM present "
        f"ORDER BY {CUSTOMER_ID}, {AS_OF_DAY}, {COMPUTED_AT}) "
        f"TO {_text(unfinished)} (FORMAT parquet, COMPRESSION zstd, KV_METADATA {about})"
    )
    target = folder / f"{hashlib.sha256(unfinished.read_bytes()).hexdigest()[:12]}.parquet"
    put_in_place(unfinished, target)
    version = read_version(target)
    if version is None:
        raise FileNotFoundError(f"{target} vanished while it was written")
    return version


def _text(value: object) -> str:
    """A value as an SQL text literal."""
    return "'" + str(value).replace("'", "''") + "'"
