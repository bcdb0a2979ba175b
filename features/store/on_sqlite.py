"""Today's facts in one SQLite file: a table per namespace, laid out as Feast lays it out.

Write-ahead logging keeps readers from waiting for writers, and one read transaction holds the pointer and the rows
still while both are read.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from features.store.address import Kind
from features.store.backend import (
    READ_BATCH,
    STATE_TABLE,
    ChangedMeanwhileError,
    OnlineUnreachableError,
    Rows,
    State,
    Stored,
    namespace_of,
)
from features.store.definitions import AS_OF_DAY, COMPUTED_AT, VIEW
from features.store.wire import doubles, int_value

ONLINE: Final = "online.db"
WAIT_SECONDS: Final = 30.0
# Rows per transaction while a namespace is filled: large enough for speed, small enough for the log file.
FILL_BATCH: Final = 200_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class OnSqlite:
    """The file ``online.db`` of a folder; see `features.store.backend.OnlineBackend`."""

    kind = Kind.SQLITE

    def __init__(self, folder: Path) -> None:
        self._path = folder / ONLINE
        self._open: sqlite3.Connection | None = None
        # One connection, whose answers two threads at once would mix up.
        self._one_at_a_time = threading.RLock()

    def prepare(self) -> None:
        """Makes the file, in write-ahead mode (the setting stays in it), and the table of states."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._one_at_a_time:
            self._open = self._connect("rwc")
            self._open.execute("PRAGMA journal_mode = WAL")
            self._open.execute(
                f"CREATE TABLE IF NOT EXISTS {STATE_TABLE} "
                "(project TEXT PRIMARY KEY, generation INTEGER, revision INTEGER, note TEXT)"
            )

    def state(self, project: str) -> State:
        """The state of a project, an empty one when it was never saved."""
        return self.states().get(project, State())

    def states(self) -> dict[str, State]:
        """The states of all projects."""
        with self._one_at_a_time:
            found = self._con.execute(f"SELECT project, generation, revision, note FROM {STATE_TABLE}").fetchall()
        return {project: State(generation, revision, json.loads(note)) for project, generation, revision, note in found}

    def save(self, project: str, state: State) -> None:
        """Puts a state in place of the one whose revision is one less."""
        with self._transaction() as con:
            done = con.execute(
                f"INSERT INTO {STATE_TABLE} VALUES (?1, ?2, ?3, ?4) ON CONFLICT (project) DO UPDATE "
                "SET generation = ?2, revision = ?3, note = ?4 WHERE revision = ?3 - 1",
                (project, state.generation, state.revision, json.dumps(state.note)),
            )
            if done.rowcount != 1:
                raise ChangedMeanwhileError(project)

    def namespaces(self) -> list[str]:
        """Names of all namespaces; tables that Feast itself made among them."""
        suffix = f"_{VIEW}"
        with self._one_at_a_time:
            found = self._con.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        return [name.removesuffix(suffix) for (name,) in found if name.endswith(suffix)]

    def create(self, namespace: str) -> None:
        """Begins an empty namespace."""
        with self._transaction() as con:
            con.execute(f"DROP TABLE IF EXISTS {_table(namespace)}")
            # Feast's columns and key. Without rowid the rows of a customer lie side by side, and there is one tree.
            con.execute(
                f"CREATE TABLE {_table(namespace)} (entity_key BLOB, feature_name TEXT, value BLOB, value_text TEXT, "
                "vector_value BLOB, event_ts timestamp, created_ts timestamp, "
                "PRIMARY KEY (entity_key, feature_name)) WITHOUT ROWID"
            )

    def fill(self, namespace: str, rows: Iterable[Rows]) -> None:
        """Writes rows to a namespace that nobody reads."""
        waiting: list[Rows] = []
        for some in rows:
            waiting.append(some)
            if sum(r.values.size for r in waiting) >= FILL_BATCH:
                self.put(namespace, waiting)
                waiting = []
        self.put(namespace, waiting)

    def put(self, namespace: str, rows: Sequence[Rows]) -> int:
        """Puts rows in place of those of the same customers, all in one step."""
        with self._transaction() as con:
            for some in rows:
                con.executemany(_insert(namespace, some.names), _customers(some))
        return 0

    def drop(self, namespace: str) -> None:
        """Removes a namespace."""
        with self._transaction() as con:
            con.execute(f"DROP TABLE IF EXISTS {_table(namespace)}")

    def customers(self, namespace: str) -> list[bytes]:
        """Entity keys of all customers of a namespace."""
        query = f"SELECT entity_key FROM {_table(namespace)} WHERE feature_name = ?"
        with self._one_at_a_time:
            return [key for (key,) in self._con.execute(query, (COMPUTED_AT,))]

    def read(self, project: str, keys: Sequence[bytes], names: Sequence[str]) -> list[Stored]:
        """The stored values of customers, all from the namespace the project points to."""
        with self._one_at_a_time, self._snapshot() as con:
            told = con.execute(f"SELECT generation FROM {STATE_TABLE} WHERE project = ?", (project,)).fetchone()
            if told is None or told[0] == 0:
                return [[None] * len(names) for _ in keys]
            return self._read(namespace_of(project, told[0]), keys, names)

    def _read(self, namespace: str, keys: Sequence[bytes], names: Sequence[str]) -> list[Stored]:
        found: dict[bytes, dict[str, bytes]] = {key: {} for key in keys}
        asked = list(found)
        few = len(names) < 8
        for start in range(0, len(asked), READ_BATCH):
            some = asked[start : start + READ_BATCH]
            query = (
                f"SELECT entity_key, feature_name, value FROM {_table(namespace)} "
                f"WHERE entity_key IN ({', '.join('?' * len(some))})"
            )
            if few:
                query += f" AND feature_name IN ({', '.join('?' * len(names))})"
            for key, name, value in self._con.execute(query, [*some, *names] if few else some):
                found[key][name] = value
        return [[found[key].get(name) for name in names] for key in keys]

    def feast_config(self) -> Any:
        """The same file as Feast's own configuration."""
        from features.store.feast_api import SqliteOnlineStoreConfig

        return SqliteOnlineStoreConfig(path=str(self._path.absolute()))

    def lend(self, online_store: Any) -> None:
        """Feast opens the file by itself."""

    def close(self) -> None:
        """Lets go of the connection."""
        with self._one_at_a_time:
            if self._open is not None:
                self._open.close()
            self._open = None

    @property
    def _con(self) -> sqlite3.Connection:
        if self._open is None:
            self._open = self._connect("rw")
        return self._open

    def _connect(self, mode: str) -> sqlite3.Connection:
        con = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=WAIT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        # Under write-ahead logging this loses no committed row when the process dies, and waits for fewer disk writes.
        con.execute("PRAGMA synchronous = NORMAL")
        con.execute("PRAGMA wal_autocheckpoint = 10000")
        return con

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """The file as it is now, until the end of the block."""
        try:
            self._con.execute("BEGIN")
            try:
                yield self._con
            finally:
                self._con.execute("ROLLBACK")
        except sqlite3.OperationalError as problem:
            raise OnlineUnreachableError(self.kind, problem) from problem

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._one_at_a_time:
            self._con.execute("BEGIN IMMEDIATE")
            try:
                yield self._con
            except BaseException:
                self._con.execute("ROLLBACK")
                raise
            self._con.execute("COMMIT")


def _table(namespace: str) -> str:
    return f'"{namespace}_{VIEW}"'


def _insert(namespace: str, names: Sequence[str]) -> str:
    """One statement for all cells of a customer: its key and instants are bound once, not once per cell."""
    cells = {AS_OF_DAY: "?3", COMPUTED_AT: "?4"} | {name: f"?{5 + i}" for i, name in enumerate(names)}
    # In the order of the table's key, so that the cells of a customer are put down side by side.
    rows = ", ".join(f"(?1, '{name}', {cells[name]}, ?2, ?2)" for name in sorted(cells))
    columns = "entity_key, feature_name, value, event_ts, created_ts"
    return f"INSERT OR REPLACE INTO {_table(namespace)} ({columns}) VALUES {rows}"


def _customers(rows: Rows) -> Iterator[tuple[bytes | int, ...]]:
    """What `_insert` binds for each customer, customers in the order of the table's key."""
    same = (_feast_seconds(rows.computed_us), int_value(rows.day), int_value(rows.computed_us))
    values, width = doubles(rows.values), len(rows.names)
    for i in sorted(range(len(rows.keys)), key=lambda row: rows.keys[row]):
        yield rows.keys[i], *same, *values[i * width : (i + 1) * width]


def _feast_seconds(us: int) -> int:
    """An instant as Feast keeps it on SQLite: whole seconds, by way of the machine's own time zone."""
    return int((_EPOCH + timedelta(microseconds=us)).replace(tzinfo=None).timestamp())
