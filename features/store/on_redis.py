"""Today's facts in Redis: a hash per customer and namespace, laid out as Feast lays it out.

A hash is written by one command, so a customer is never half written. Which namespace is read is asked in the same
round trip as the values, after them: an answer counts only if its namespace was still the one.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

import redis

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
from features.store.wire import KEY_PREFIX, field_name, int_value, timestamp, timestamp_us

NAMESPACES: Final = f"{STATE_TABLE}:namespaces"
DROPPING: Final = f"{STATE_TABLE}:dropping"
PROJECTS: Final = f"{STATE_TABLE}:projects"
STATE_KEY: Final = f"{STATE_TABLE}:state:"
TS_FIELD: Final = f"_ts:{VIEW}".encode()
# Customers per round trip, and per transaction of a push.
WRITE_BATCH: Final = 500
# Connecting and answering are both a matter of milliseconds; an address may say otherwise (?socket_timeout=5).
PATIENCE: Final = {"socket_timeout": 10.0, "socket_connect_timeout": 3.0}
_SAVE: Final = """
local held = tonumber(redis.call('HGET', KEYS[1], 'revision') or '0')
if held ~= tonumber(ARGV[2]) - 1 then return 0 end
redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'revision', ARGV[2], 'note', ARGV[3])
redis.call('SADD', KEYS[2], ARGV[4])
return 1
"""


class OnRedis:
    """One Redis database; see `features.store.backend.OnlineBackend`. Clusters are not served."""

    kind = Kind.REDIS

    def __init__(self, url: str) -> None:
        given = {name: value for name, value in PATIENCE.items() if name not in url}
        self._client: Any = redis.Redis.from_url(url, **given)
        where = self._client.connection_pool.connection_kwargs
        self._where = {name: where.get(name) for name in ("host", "port", "db")}
        self._known: dict[str, int] = {}
        self._fields: dict[tuple[str, ...], list[bytes]] = {}

    def prepare(self) -> None:
        """Sees that the server answers; Redis has nothing to make beforehand."""
        self._said(self._client.ping)

    def state(self, project: str) -> State:
        """The state of a project, an empty one when it was never saved."""
        return _state(self._said(self._client.hgetall, STATE_KEY + project))

    def states(self) -> dict[str, State]:
        """The states of all projects."""
        projects = sorted(name.decode() for name in self._said(self._client.smembers, PROJECTS))
        return {project: self.state(project) for project in projects}

    def save(self, project: str, state: State) -> None:
        """Puts a state in place of the one whose revision is one less."""
        saved = (state.generation, state.revision, json.dumps(state.note))
        if not self._said(self._client.eval, _SAVE, 2, STATE_KEY + project, PROJECTS, *saved, project):
            raise ChangedMeanwhileError(project)

    def namespaces(self) -> list[str]:
        """Names of all namespaces, those half removed among them."""
        return sorted(name.decode() for name in self._said(self._client.sunion, NAMESPACES, DROPPING))

    def create(self, namespace: str) -> None:
        """Begins an empty namespace."""
        self.drop(namespace)
        self._said(self._client.sadd, NAMESPACES, namespace)

    def fill(self, namespace: str, rows: Iterable[Rows]) -> None:
        """Writes rows to a namespace that nobody reads."""
        for some in rows:
            for commands, count in _commands(namespace, some):
                self._send(commands, count)

    def put(self, namespace: str, rows: Sequence[Rows]) -> int:
        """Puts rows in place of those of the same customers, up to 500 customers in one step."""
        newer = [self._newer(namespace, some) for some in rows]
        parts = [part for some in newer for part in _commands(namespace, some)]
        for batch in _batches(parts):
            commands = b"".join(part for part, _ in batch)
            self._send(b"*1\r\n$5\r\nMULTI\r\n" + commands + b"*1\r\n$4\r\nEXEC\r\n", 2 + sum(n for _, n in batch))
        return sum(len(some.keys) for some in rows) - sum(len(some.keys) for some in newer)

    def _newer(self, namespace: str, rows: Rows) -> Rows:
        """The rows that are newer than what is held: Feast keeps the newer one, and so do we."""
        pipe = self._client.pipeline(transaction=False)
        for key in rows.keys:
            pipe.hget(key + namespace.encode(), TS_FIELD)
        held = self._said(pipe.execute)
        kept = [i for i, at in enumerate(held) if at is None or timestamp_us(at) < rows.computed_us]
        if len(kept) == len(rows.keys):
            return rows
        return Rows([rows.keys[i] for i in kept], rows.values[kept], rows.names, rows.day, rows.computed_us)

    def drop(self, namespace: str) -> None:
        """Removes a namespace: first its name, so that no reader takes what is left for whole, then its keys."""
        self._said(self._client.sadd, DROPPING, namespace)
        self._said(self._client.srem, NAMESPACES, namespace)
        batch: list[bytes] = []
        for key in self._keys(namespace):
            batch.append(key)
            if len(batch) == WRITE_BATCH:
                self._said(self._client.unlink, *batch)
                batch = []
        if batch:
            self._said(self._client.unlink, *batch)
        self._said(self._client.srem, DROPPING, namespace)

    def customers(self, namespace: str) -> list[bytes]:
        """Entity keys of all customers of a namespace."""
        return list({key.removesuffix(namespace.encode()) for key in self._keys(namespace)})

    def _keys(self, namespace: str) -> list[bytes]:
        # The prefix and a namespace hold no character that means something in a pattern.
        pattern = KEY_PREFIX + b"*" + namespace.encode()
        found: list[bytes] = self._said(self._client.scan_iter, pattern, 2000, iterate=True)
        return found

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
        namespace, found = namespace_of(project, generation).encode(), list[Stored]()
        fields, now = self._fields_of(tuple(names)), generation
        for start in range(0, max(len(keys), 1), READ_BATCH):
            pipe = self._client.pipeline(transaction=False)
            for key in keys[start : start + READ_BATCH]:
                pipe.hmget(key + namespace, fields)
            pipe.hget(STATE_KEY + project, "generation")
            pipe.sismember(NAMESPACES, namespace)
            *values, told, is_there = self._said(pipe.execute)
            now = int(told or 0)
            # The first batch settles which namespace is read; a later one must only find it still there.
            if (start == 0 and now != generation) or (generation and not is_there):
                return None, now
            found += values
        return found, now

    def _fields_of(self, names: tuple[str, ...]) -> list[bytes]:
        if names not in self._fields:
            self._fields[names] = [field_name(VIEW, name) for name in names]
        return self._fields[names]

    def feast_config(self) -> Any:
        """The same database as Feast's own configuration, without its password."""
        from feast.infra.online_stores.redis import RedisOnlineStoreConfig  # late: SQLite alone needs neither

        place = f"{self._where['host'] or 'localhost'}:{self._where['port'] or 6379},db={self._where['db'] or 0}"
        return RedisOnlineStoreConfig(connection_string=place)

    def lend(self, online_store: Any) -> None:
        """Gives Feast's online store our client."""
        online_store._client = self._client

    def close(self) -> None:
        """Lets go of all connections."""
        self._client.close()

    def _send(self, commands: bytes, replies: int) -> None:
        """Commands as they go over the wire, and their answers; any refusal of the server is raised."""

        def exchange() -> None:
            pool = self._client.connection_pool
            connection = pool.get_connection()
            try:
                connection.send_packed_command([commands])
                answers = [connection.read_response() for _ in range(replies)]
            except BaseException:
                connection.disconnect()  # answers that were not read must not be taken for those of the next question
                raise
            finally:
                pool.release(connection)
            _check(answers)

        self._said(exchange)

    def _said(self, ask: Any, *arguments: Any, iterate: bool = False) -> Any:
        try:
            return list(ask(*arguments)) if iterate else ask(*arguments)
        except (redis.ConnectionError, redis.TimeoutError) as problem:
            raise OnlineUnreachableError(self.kind, problem) from problem


def _check(answers: Sequence[Any]) -> None:
    for answer in answers:
        for part in answer if isinstance(answer, list) else [answer]:
            if isinstance(part, Exception):
                raise part


def _state(held: dict[bytes, bytes]) -> State:
    if not held:
        return State()
    return State(int(held[b"generation"]), int(held[b"revision"]), json.loads(held[b"note"]))


def _commands(namespace: str, rows: Rows) -> Iterator[tuple[bytes, int]]:
    """One HSET per customer as it goes over the wire, up to 500 at once: the bytes, and how many."""
    order = sorted(range(len(rows.keys)), key=lambda row: len(rows.keys[row]))
    for width, group in groupby(order, key=lambda row: len(rows.keys[row])):
        stamp, same = _stamp(namespace, rows, width), list(group)
        for start in range(0, len(same), WRITE_BATCH):
            some = same[start : start + WRITE_BATCH]
            yield stamp.of([rows.keys[row] for row in some], rows.values[some]), len(some)


def _stamp(namespace: str, rows: Rows, key_bytes: int) -> Stamp:
    tail = namespace.encode()
    same = {
        TS_FIELD: timestamp(rows.computed_us),
        field_name(VIEW, AS_OF_DAY): int_value(rows.day),
        field_name(VIEW, COMPUTED_AT): int_value(rows.computed_us),
    }
    stamp = Stamp(key_bytes=key_bytes, empty_mark=ord("0"), mark_back=len("9\r\n"))
    stamp.add(b"*%d\r\n$4\r\nHSET\r\n$%d\r\n" % (2 + 2 * (len(same) + len(rows.names)), key_bytes + len(tail)))
    stamp.add_key().add(tail + b"\r\n")
    for name, value in same.items():
        stamp.add(_bulk(name) + _bulk(value))
    for feature in rows.names:
        stamp.add(_bulk(field_name(VIEW, feature)) + b"$9\r\n").add_value().add(b"\r\n")
    return stamp


def _bulk(raw: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(raw), raw)


def _batches(parts: Sequence[tuple[bytes, int]]) -> Iterator[list[tuple[bytes, int]]]:
    """Parts together as long as they stay within one transaction's customers."""
    batch: list[tuple[bytes, int]] = []
    for part in parts:
        if batch and sum(n for _, n in batch) + part[1] > WRITE_BATCH:
            yield batch
            batch = []
        batch.append(part)
    if batch:
        yield batch
