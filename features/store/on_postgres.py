"""Today's facts in PostgreSQL: a table per namespace, laid out as Feast lays it out.

Rows go in by COPY in its binary form, whose bytes are made by arrays. Which namespace is read is asked in the same
round trip as the values, after them: an answer counts only if its namespace was still the one.
"""

import json
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any, Final, TypeVar

import psycopg
from psycopg import errors, sql

from features.store.address import Kind
from features.store.backend import (
    READ_BATCH,
    STATE_TABLE,
    TRIES,
    ChangedMeanwhileError,
    MovesTooOftenError,
    OnlineUnreachableError,
    Rows,
    State,
    Stored,
    namespace_of,
)
from features.store.definitions import AS_OF_DAY, COMPUTED_AT, VIEW
from features.store.stamp import Stamp
from features.store.wire import DOUBLE_BYTES, int_value

T = TypeVar("T")
COPY_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER: Final = struct.pack(">h", -1)
# PostgreSQL counts instants from 2000-01-01.
ITS_EPOCH_US: Final = 946_684_800_000_000
COPIED_AT_ONCE: Final = 1000
SCHEMA: Final = "public"
PATIENCE_SECONDS: Final = 3


class OnPostgres:
    """One PostgreSQL database; see `features.store.backend.OnlineBackend`."""

    kind = Kind.POSTGRES

    def __init__(self, url: str) -> None:
        self._url = url
        self._open: psycopg.Connection[Any] | None = None
        self._lent: list[psycopg.Connection[Any]] = []
        self._known: dict[str, int] = {}
        # One connection: what two threads ask of it at once would mix in one pipeline.
        self._one_at_a_time = threading.RLock()

    def prepare(self) -> None:
        """Makes the table of states."""
        self._do(
            lambda con: con.execute(
                f"CREATE TABLE IF NOT EXISTS {STATE_TABLE} "
                "(project TEXT PRIMARY KEY, generation BIGINT, revision BIGINT, note TEXT)"
            )
        )

    def state(self, project: str) -> State:
        """The state of a project, an empty one when it was never saved."""
        return self.states().get(project, State())

    def states(self) -> dict[str, State]:
        """The states of all projects."""
        found = self._do(
            lambda con: con.execute(f"SELECT project, generation, revision, note FROM {STATE_TABLE}").fetchall()
        )
        return {project: State(generation, revision, json.loads(note)) for project, generation, revision, note in found}

    def save(self, project: str, state: State) -> None:
        """Puts a state in place of the one whose revision is one less."""
        saved = {"p": project, "g": state.generation, "r": state.revision, "n": json.dumps(state.note)}
        done = self._do(
            lambda con: con.execute(
                f"INSERT INTO {STATE_TABLE} AS held VALUES (%(p)s, %(g)s, %(r)s, %(n)s) ON CONFLICT (project) "
                "DO UPDATE SET generation = excluded.generation, revision = excluded.revision, note = excluded.note "
                "WHERE held.revision = excluded.revision - 1",
                saved,
            )
        )
        if done.rowcount != 1:
            raise ChangedMeanwhileError(project)

    def namespaces(self) -> list[str]:
        """Names of all namespaces; tables that Feast itself made among them."""
        suffix = f"_{VIEW}"
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s ORDER BY table_name"
        found = self._do(lambda con: con.execute(query, (SCHEMA,)).fetchall())
        return [name.removesuffix(suffix) for (name,) in found if name.endswith(suffix)]

    def create(self, namespace: str) -> None:
        """Begins an empty namespace: Feast's columns and key."""
        self.drop(namespace)
        columns = (
            "entity_key BYTEA, feature_name TEXT, value BYTEA, value_text TEXT NULL, vector_value BYTEA NULL, "
            "event_ts TIMESTAMPTZ, created_ts TIMESTAMPTZ, PRIMARY KEY (entity_key, feature_name)"
        )
        self._do(lambda con: con.execute(_in("CREATE TABLE {} (" + columns + ")", namespace)))

    def fill(self, namespace: str, rows: Iterable[Rows]) -> None:
        """Writes rows to a namespace that nobody reads; the index is made once, when all are there."""

        def write(con: psycopg.Connection[Any]) -> None:
            with con.transaction():
                con.execute(_in("ALTER TABLE {} DROP CONSTRAINT {}", namespace, key=True))
                _copy(con, namespace, rows)
                con.execute(
                    _in("ALTER TABLE {} ADD CONSTRAINT {} PRIMARY KEY (entity_key, feature_name)", namespace, key=True)
                )
            con.execute(_in("ANALYZE {}", namespace))

        self._do(write, again=False)  # the rows can be gone through once only

    def put(self, namespace: str, rows: Sequence[Rows]) -> int:
        """Puts rows in place of those of the same customers, all in one step."""
        keys = [key for some in rows for key in some.keys]

        def write(con: psycopg.Connection[Any]) -> None:
            with con.transaction():
                con.execute(_in("DELETE FROM {} WHERE entity_key = ANY(%s)", namespace), (keys,))
                _copy(con, namespace, rows)

        self._do(write)
        return 0

    def drop(self, namespace: str) -> None:
        """Removes a namespace."""
        self._do(lambda con: con.execute(_in("DROP TABLE IF EXISTS {}", namespace)))

    def customers(self, namespace: str) -> list[bytes]:
        """Entity keys of all customers of a namespace."""
        query = _in("SELECT entity_key FROM {} WHERE feature_name = %s", namespace)
        found = self._do(lambda con: con.execute(query, (COMPUTED_AT,), binary=True).fetchall())
        return [bytes(key) for (key,) in found]

    def read(self, project: str, keys: Sequence[bytes], names: Sequence[str]) -> list[Stored]:
        """The stored values of customers, all from the namespace the project points to."""
        generation = self._known.get(project)
        for _ in range(TRIES):
            if generation is None:
                generation = self.state(project).generation
            found, now = self._read_at(project, generation, keys, names)
            self._known[project] = now
            if found is not None:
                return found
            generation = now
        raise MovesTooOftenError(project)

    def _read_at(
        self, project: str, generation: int, keys: Sequence[bytes], names: Sequence[str]
    ) -> tuple[list[Stored] | None, int]:
        """Values of one namespace, None if it is not the one or was not there to the end; and which one is."""
        if not generation:
            now = self.state(project).generation
            return ([[None] * len(names) for _ in keys] if not now else None), now
        found: dict[bytes, dict[str, bytes]] = {key: {} for key in keys}
        asked, now = list(found), generation
        for start in range(0, max(len(asked), 1), READ_BATCH):
            some = asked[start : start + READ_BATCH]
            try:
                cells, now = self._do(partial(_ask, project=project, generation=generation, keys=some, names=names))
            except errors.UndefinedTable:
                return None, self.state(project).generation
            # The first batch settles which namespace is read; a later one must only find it still there.
            if start == 0 and now != generation:
                return None, now
            for key, name, value in cells:
                found[key][name] = value
        return [[found[key].get(name) for name in names] for key in keys], now

    def feast_config(self) -> Any:
        """The same database as Feast's own configuration, without its password."""
        from feast.infra.online_stores.postgres_online_store.postgres import PostgreSQLOnlineStoreConfig

        said = psycopg.conninfo.conninfo_to_dict(self._url)
        return PostgreSQLOnlineStoreConfig(
            host=str(said.get("host") or "localhost"),
            port=int(said.get("port") or 5432),
            database=str(said.get("dbname") or ""),
            user=str(said.get("user") or ""),
            password="",
            db_schema=SCHEMA,
        )

    def lend(self, online_store: Any) -> None:
        """Gives Feast's online store a connection of its own."""
        self._lent.append(self._connect())
        online_store._conn = self._lent[-1]

    def close(self) -> None:
        """Lets go of all connections."""
        with self._one_at_a_time:
            for connection in [*self._lent, *([self._open] if self._open is not None else [])]:
                connection.close()
            self._lent, self._open = [], None

    def _do(self, work: Callable[[psycopg.Connection[Any]], T], *, again: bool = True) -> T:
        """Does some work on the connection; one that was lost since the last work is made anew, once."""
        with self._one_at_a_time:
            again = again and self._open is not None
            try:
                return work(self._connected())
            except psycopg.OperationalError as problem:
                self._lose()
                if not again:
                    raise OnlineUnreachableError(self.kind, problem) from problem
            try:
                return work(self._connected())
            except psycopg.OperationalError as problem:
                self._lose()
                raise OnlineUnreachableError(self.kind, problem) from problem

    def _lose(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = None

    def _connected(self) -> psycopg.Connection[Any]:
        if self._open is None:
            self._open = self._connect()
        return self._open

    def _connect(self) -> psycopg.Connection[Any]:
        patience = {} if "connect_timeout" in self._url else {"connect_timeout": PATIENCE_SECONDS}
        place = psycopg.conninfo.make_conninfo(self._url, **patience)
        # Statements are not prepared: a name that a refused statement left behind would be asked for again.
        con: psycopg.Connection[Any] = psycopg.connect(place, autocommit=True, prepare_threshold=None)
        con.execute("SELECT set_config('search_path', %s, false)", (SCHEMA,))
        return con


def _in(statement: str, namespace: str, *, key: bool = False) -> sql.Composed:
    """A statement with the namespace's table in it, and the name of the table's key where one is wanted."""
    table = f"{namespace}_{VIEW}"
    names = [sql.Identifier(table), sql.Identifier(f"{table}_pkey")] if key else [sql.Identifier(table)]
    return sql.SQL(statement).format(*names)


def _ask(
    con: psycopg.Connection[Any], *, project: str, generation: int, keys: Sequence[bytes], names: Sequence[str]
) -> tuple[list[tuple[bytes, str, bytes]], int]:
    """The cells of some customers, and then which namespace is read: one round trip."""
    asked = "SELECT entity_key, feature_name, value FROM {} WHERE entity_key = ANY(%s)"
    only = " AND feature_name = ANY(%s)" if len(names) < 8 else ""  # most features: all of them cost no more
    query = _in(asked + only, namespace_of(project, generation))
    told = f"SELECT generation FROM {STATE_TABLE} WHERE project = %s"
    with con.cursor(binary=True) as cells, con.cursor() as pointer:
        with con.pipeline():
            cells.execute(query, (list(keys), list(names)) if only else (list(keys),))
            pointer.execute(told, (project,))
        now = pointer.fetchone()
        return cells.fetchall(), 0 if now is None else int(now[0])


def _copy(con: psycopg.Connection[Any], namespace: str, rows: Iterable[Rows]) -> None:
    columns = "entity_key, feature_name, value, event_ts, created_ts"
    statement = _in(f"COPY {{}} ({columns}) FROM STDIN (FORMAT BINARY)", namespace)
    with con.cursor().copy(statement) as copy:
        copy.write(COPY_HEADER)
        for some in rows:
            for part in _tuples(some):
                copy.write(part)
        copy.write(COPY_TRAILER)


def _tuples(rows: Rows) -> Iterator[bytes]:
    """The rows of a table as COPY takes them in its binary form, a thousand customers at once."""
    order = sorted(range(len(rows.keys)), key=lambda row: len(rows.keys[row]))
    for width, group in groupby(order, key=lambda row: len(rows.keys[row])):
        stamp, same = _stamp(rows, width), list(group)
        for start in range(0, len(same), COPIED_AT_ONCE):
            some = same[start : start + COPIED_AT_ONCE]
            yield stamp.of([rows.keys[row] for row in some], rows.values[some])


def _stamp(rows: Rows, key_bytes: int) -> Stamp:
    at = struct.pack(">iq", 8, rows.computed_us - ITS_EPOCH_US) * 2
    stamp = Stamp(key_bytes=key_bytes, empty_mark=0, mark_back=1)
    for name in (AS_OF_DAY, COMPUTED_AT, *rows.names):
        stamp.add(struct.pack(">hi", 5, key_bytes)).add_key().add(_field(name.encode()))
        if name in rows.names:
            stamp.add(struct.pack(">i", DOUBLE_BYTES)).add_value()
        else:
            stamp.add(_field(int_value(rows.day if name == AS_OF_DAY else rows.computed_us)))
        stamp.add(at)
    return stamp


def _field(raw: bytes) -> bytes:
    return struct.pack(">i", len(raw)) + raw
