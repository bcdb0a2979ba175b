"""Writing today's facts: a few customers at once, or the whole book, which readers see when it is whole.

A *push* replaces customers one by one in the set that is read. A *replacement* fills a new set that nobody reads,
and then moves the pointer to it; killed before that, nothing has happened. The set before stays for a grace, for
readers that had begun on it, and is then removed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from features.store.backend import OnlineBackend, Rows, State, generation_of, namespace_of
from features.store.definitions import CUSTOMER_ID
from features.store.history import NotNewerError, instant, microseconds
from features.store.online import BATCH, Written, read_block, rows_in, rows_of
from features.store.wire import customer_of

BEGUN: Final = "begun_us"
WHOLE: Final = "whole_us"
MARK: Final = "mark"
# Where the sets that are no longer read are noted, beside the states of the projects.
RETIRED: Final = "retired"
OURS: Final = "o2c_risk_"


class Writer:
    """Writes the facts of one project; one at a time, which the caller sees to."""

    def __init__(
        self,
        backend: OnlineBackend,
        project: str,
        names: Sequence[str],
        *,
        grace: timedelta,
        forget_after: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        """Names what to write and where.

        Args:
            backend: Where the facts are.
            project: Whose facts; its definitions are part of the name.
            names: All features.
            grace: How long a set that is no longer read stays.
            forget_after: How long after its last write the facts of other definitions stay.
            clock: The machine's clock, by which sets are removed; no fact depends on it.
        """
        self._backend, self._project, self._names = backend, project, tuple(names)
        self._grace, self._forget_after, self._clock = grace, forget_after, clock

    def mark(self) -> Mapping[str, Any] | None:
        """What the last write noted of where its facts came from; None before there was one."""
        noted: Mapping[str, Any] | None = self._backend.state(self._project).note.get(MARK)
        return noted

    def begun_at(self) -> datetime | None:
        """Instant of computation of the last write that was begun; None before the first."""
        us = self._backend.state(self._project).note.get(BEGUN)
        return None if us is None else instant(us)

    def customers(self) -> list[str]:
        """Identifiers of all customers of the set that is read, sorted."""
        generation = self._backend.state(self._project).generation
        if not generation:
            return []
        return sorted(customer_of(key) for key in self._backend.customers(namespace_of(self._project, generation)))

    def push(self, table: pa.Table, *, computed_at: datetime, mark: Mapping[str, Any] | None = None) -> Written:
        """Puts customers' facts in place of the stored ones; others keep theirs.

        Raises:
            NotNewerError: A write computed at this instant or later was begun before.
        """
        us = microseconds(computed_at)
        state = self._claim({BEGUN: us}, after=BEGUN)
        generation = state.generation or self._next()
        namespace = namespace_of(self._project, generation)
        if not state.generation:
            self._backend.create(namespace)
        kept = self._backend.put(namespace, list(rows_of(table, self._names, us)))
        if not state.generation or mark is not None:
            self._save(state, generation, {} if mark is None else {MARK: mark})
        if self._is_something_over():
            self.tidy()
        return Written(table.num_rows - kept, kept, 0, generation)

    def replace(self, table: pa.Table, *, computed_at: datetime, mark: Mapping[str, Any] | None = None) -> Written:
        """Puts the whole book in place of what is stored, in one step for every reader.

        Facts that were pushed after ``computed_at``, while this book was being computed, are the newer ones and
        are carried over.

        Raises:
            NotNewerError: A whole book computed at this instant or later was begun before.
        """
        us = microseconds(computed_at)
        before = self._backend.state(self._project)
        latest = max(us, before.note.get(BEGUN, us))
        state = self._claim({BEGUN: latest, WHOLE: us}, after=WHOLE)
        newer = self._pushed_since(us) if latest > us else []
        generation = self._next()
        namespace = namespace_of(self._project, generation)
        self._backend.create(namespace)
        table = _without(table, newer)
        self._backend.fill(namespace, chain(rows_of(table, self._names, us), newer))
        self._save(state, generation, {MARK: mark})
        self.tidy()
        return Written(table.num_rows, 0, sum(len(rows.keys) for rows in newer), generation)

    def _claim(self, noted: Mapping[str, int], *, after: str) -> State:
        """Notes a write before it begins, so that no two share an instant.

        Redis drops a row that is not newer than the one it holds, SQLite takes any; neither says so.
        """
        state = self._backend.state(self._project)
        held = state.note.get(after)
        if held is not None and held >= noted[after]:
            raise NotNewerError(instant(noted[after]), instant(held))
        return self._save(state, state.generation, noted)

    def _save(self, state: State, generation: int, noted: Mapping[str, Any]) -> State:
        saved = State(generation, state.revision + 1, {**state.note, **noted})
        self._backend.save(self._project, saved)
        return saved

    def _next(self) -> int:
        """A number that no set of the project has or had while another one is read."""
        there = [generation_of(self._project, namespace) or 0 for namespace in self._backend.namespaces()]
        return 1 + max([self._backend.state(self._project).generation, *there])

    def _pushed_since(self, us: int) -> list[Rows]:
        generation = self._backend.state(self._project).generation
        if not generation:
            return []
        keys = self._backend.customers(namespace_of(self._project, generation))
        found: list[Rows] = []
        for some in _parts(keys):
            computed = read_block(self._backend, self._project, some, ()).computed_us
            later = [key for key, at in zip(some, computed.tolist(), strict=True) if at > us]
            if later:
                found += rows_in(read_block(self._backend, self._project, later, self._names), later)
        return found

    def tidy(self) -> list[str]:
        """Removes the sets that have not been read for the grace; gives the names of those removed.

        Half-written ones of killed writers are among them, and those of other definitions once nobody has written
        them for so long that all their facts are stale.
        """
        now = microseconds(self._clock())
        self._forget_others(now)
        record = self._backend.state(RETIRED)
        seen = self._dispensable()
        retired = {name: record.note.get(name, now) for name in seen}
        over = [name for name, since in retired.items() if now - since >= self._grace / timedelta(microseconds=1)]
        for name in over:
            self._backend.drop(name)
        left = {name: since for name, since in retired.items() if name not in over}
        if left != dict(record.note):
            self._backend.save(RETIRED, State(0, record.revision + 1, left))
        return over

    def _is_something_over(self) -> bool:
        """Whether a set has been retired for the grace: a push looks no further than that, to be quick."""
        since = self._backend.state(RETIRED).note.values()
        now = microseconds(self._clock())
        return bool(since) and now - min(since) >= self._grace / timedelta(microseconds=1)

    def _dispensable(self) -> list[str]:
        """Sets that nobody reads: ours but for the pointer's, and those of definitions without a pointer."""
        states = self._backend.states()
        read = {namespace_of(project, state.generation) for project, state in states.items() if state.generation}
        written = [project for project, state in states.items() if state.generation and project != self._project]
        return [
            name
            for name in self._backend.namespaces()
            # What belongs to other definitions that are still in use is for their own writer to remove.
            if name.startswith(OURS) and name not in read and all(generation_of(p, name) is None for p in written)
        ]

    def _forget_others(self, now: int) -> None:
        for project, state in self._backend.states().items():
            last = state.note.get(BEGUN, 0)
            is_other = project not in (self._project, RETIRED) and state.generation
            if is_other and now - last >= self._forget_after / timedelta(microseconds=1):
                # Without the mark: whoever writes them again must begin with the whole book.
                self._backend.save(project, State(0, state.revision + 1, {BEGUN: last}))


def _parts(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


def _without(table: pa.Table, newer: Sequence[Rows]) -> pa.Table:
    """The table without the customers of the rows."""
    pushed = [customer_of(key) for rows in newer for key in rows.keys]
    if not pushed:
        return table
    return table.filter(pc.invert(pc.is_in(table[CUSTOMER_ID], pa.array(pushed, table[CUSTOMER_ID].type))))
