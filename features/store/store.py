"""The feature store of one installation: Feast's registry, the history of facts, and today's facts."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from features.store.definitions import VIEW, Facts, customer, customer_facts, feature_set_facts, service
from features.store.feast_api import FeatureStore, RegistryProto
from features.store.folder import put_in_place, single_writer
from features.store.history import FOLDER, NOT_WRITTEN, HistoryVersion, extend, read_version
from features.store.online import OnlineBlock, OnlineFacts, Written, check_online_rows
from features.store.opened import REGISTRY, defining_feast, frozen_feast, online_backend, project_of
from features.store.reader import Reader, address_in_force
from features.store.registry import content, read_registry
from features.store.tidy import remove_superseded
from features.store.training_set import join_history
from features.store.writer import Writer


class DefinitionsChangedError(RuntimeError):
    """The folder was set up for other feature definitions than the code's."""

    def __init__(self, folder: Path, applied: str, wanted: str) -> None:
        super().__init__(
            f"{folder} holds facts by the definitions {applied}, the code defines {wanted}. Run Store.apply(), then "
            "write the history and today's facts again"
        )
        self.folder = folder
        self.applied = applied
        self.wanted = wanted


class NoHistoryError(LookupError):
    """There is no history to take a training set from, or it lacks a feature."""


class Store:
    """Feast over one folder, with one writer at a time and readers that never wait.

    Example:
        >>> from features.store.definitions import ServedSet
        >>> facts = Facts(("open_count",), "1_0f", (ServedSet("default_v1", ("open_count",), "0f0f"),))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = Store(Path(folder), facts=facts)
        ...     store.apply()
        ...     store.read_online(["C1"], ["open_count"])
        [OnlineFacts(customer_id='C1', values={'open_count': None}, as_of=None, computed_at=None)]
    """

    def __init__(
        self,
        folder: Path,
        *,
        facts: Facts | None = None,
        stale_after_days: int = 7,
        threads: int = 2,
        online: str | None = None,
        grace: timedelta = timedelta(hours=1),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Names the folder; nothing is read or written yet.

        Args:
            folder: Where registry and history lie, and SQLite's file of today's facts.
            facts: What to hold; the feature sets of the code when None.
            stale_after_days: Age in days from which a training set leaves facts out, as the service does.
            threads: Threads for DuckDB.
            online: Where today's facts are kept, as in O2C_RISK_ONLINE; None for what the environment says.
            grace: How long what was replaced stays, for those who are still reading it.
            clock: The machine's clock, by which what was replaced is removed; no fact depends on it.

        Raises:
            UnknownAddressError: ``online`` names no server.
        """
        self.folder = folder
        self.stale_after_days = stale_after_days
        self.threads = threads
        self.grace = grace
        self._clock = clock
        self._given_facts = facts
        self._address = address_in_force(online)
        self._backend = online_backend(folder, self._address)

    @staticmethod
    def open_for_reading(folder: Path, *, online: str | None = None) -> Reader:
        """The store as a service opens it; see `Reader`."""
        return Reader(folder, online=online)

    @cached_property
    def facts(self) -> Facts:
        """What the store holds about a customer."""
        return self._given_facts if self._given_facts is not None else feature_set_facts()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all customer features: what to build for ``write_online``."""
        return self.facts.names

    def apply(self) -> None:
        """Brings the folder's definitions up to the code's; doing it twice changes nothing.

        The history and today's facts stay if the definitions are still the same ones. Otherwise both begin
        empty: a value computed under another definition must not be served under this one's name.
        """
        with single_writer(self.folder):
            self._define(self._history_of(self._registry()))

    def history(self) -> HistoryVersion | None:
        """The current version of history, None before the first ``write_history``."""
        return self._history_of(self._registry())

    def write_history(self, rows: pa.Table, *, computed_at: datetime) -> HistoryVersion:
        """Adds rows to the history, as a further version that becomes current in one step.

        Args:
            rows: Output of `features.build.build`, shape (n, >= 3): ``customer_id``, ``as_of`` and customer
                features. Other columns are left out, repeated rows are taken once. A feature that is absent
                here can no longer be asked of this history: absent is not null.
            computed_at: Instant of computation, with a zone.

        Returns:
            The version that is now current.

        Raises:
            RowsRefusedError: A key is absent or null, or one customer and day has two different rows.
            NotNewerError: A changed row was computed no later than the one it changes.
            DefinitionsChangedError: ``apply`` was not run since the feature sets changed.
        """
        with single_writer(self.folder):
            present = self._history_of(self._applied())
            version = extend(
                self.folder / FOLDER, rows, self.facts, present, computed_at=computed_at, threads=self.threads
            )
            self._define(version)
            remove_superseded(self.folder / FOLDER, version.path, now=self._clock(), grace=self.grace)
        return version

    def training_set(self, entities: pa.Table, names: Sequence[str]) -> pa.Table:
        """Facts as they were known at each entity's instant.

        Args:
            entities: Shape (n, 3): ``case_id``, ``customer_id``, ``at`` (timestamp with zone UTC). Repeated rows
                are kept.
            names: Customer features to return.

        Returns:
            Shape (n, 4 + len(names)), in the order of ``entities``: its columns, ``as_of`` (the day of the facts)
            and the features as float64; all null where the customer had no facts or only stale ones.

        Raises:
            NoHistoryError: No history was written, or it was computed without one of ``names``.
            RowsChangedError: Feast returned other rows than it was asked for.
        """
        registry = self._applied()
        version = self._history_of(registry)
        if version is None:
            raise NoHistoryError(f"{self.folder} holds no history; write_history() comes before training_set()")
        if absent := [name for name in names if name not in version.computed]:
            raise NoHistoryError(f"The history was computed without {', '.join(absent)}; build and write it with them")
        feast = frozen_feast(self.folder, registry, threads=self.threads)
        return join_history(feast, entities, names, stale_after_days=self.stale_after_days)

    def write_online(self, rows: pa.Table, *, computed_at: datetime, mark: Mapping[str, Any] | None = None) -> Written:
        """Puts today's facts in place of the stored ones, customer by customer; others keep theirs.

        Args:
            rows: One row per customer, shape (n, 2 + len(names)): ``customer_id``, ``as_of`` and every feature.
            computed_at: Instant of computation, with a zone; later than that of every write before.
            mark: Of what the facts were computed, for `mark`; None leaves what is noted.

        Raises:
            RowsRefusedError: A column is absent, a key is null, or a customer comes twice.
            NotNewerError: ``computed_at`` is not later than the last write's.
            DefinitionsChangedError: ``apply`` was not run since the feature sets changed.
            OnlineUnreachableError: The server does not answer.
        """
        return self._write(rows, lambda writer: writer.push(rows, computed_at=computed_at, mark=mark))

    def write_whole(self, rows: pa.Table, *, computed_at: datetime, mark: Mapping[str, Any] | None = None) -> Written:
        """Puts today's facts of the whole book in place of all that is stored, in one step for every reader.

        Readers stay on the complete state before until this one is whole; a writer that dies leaves them there.
        Customers that are not among the rows are known no longer, but for those pushed after ``computed_at``.

        Args:
            rows: One row per customer, shape (n, 2 + len(names)): ``customer_id``, ``as_of`` and every feature.
            computed_at: Instant of computation, with a zone; later than that of every whole book before.
            mark: Of what the facts were computed, for `mark`.

        Raises:
            RowsRefusedError: A column is absent, a key is null, or a customer comes twice.
            NotNewerError: ``computed_at`` is not later than that of the whole book before.
            DefinitionsChangedError: ``apply`` was not run since the feature sets changed.
            OnlineUnreachableError: The server does not answer.
        """
        return self._write(rows, lambda writer: writer.replace(rows, computed_at=computed_at, mark=mark))

    def mark(self) -> Mapping[str, Any] | None:
        """What the last write noted of where its facts came from; None when a whole book has yet to be written."""
        return self._writer.mark()

    def online_customers(self) -> list[str]:
        """Identifiers of all customers with facts, sorted."""
        return self._writer.customers()

    def read_online(self, customer_ids: Sequence[str], names: Sequence[str]) -> list[OnlineFacts]:
        """Today's facts of each customer; see `Reader.read_online`."""
        return self._reader.read_online(customer_ids, names)

    def read_block(self, customer_ids: Sequence[str], names: Sequence[str]) -> OnlineBlock:
        """Today's facts of many customers as arrays; see `Reader.read_block`."""
        return self._reader.read_block(customer_ids, names)

    def feast(self) -> FeatureStore:
        """Feast itself on the facts that are read now; see `Reader.feast`."""
        return self._reader.feast()

    def close(self) -> None:
        """Lets go of all connections; the store opens them again when it is used again."""
        self._backend.close()
        if "_reader" in vars(self):
            self._reader.close()
            del self._reader

    @cached_property
    def _reader(self) -> Reader:
        self._applied()
        return Reader(self.folder, online=self._online)

    @property
    def _online(self) -> str:
        return self._address.url or self._address.kind.value

    @property
    def _writer(self) -> Writer:
        return Writer(
            self._backend,
            self.facts.project,
            self.names,
            grace=self.grace,
            forget_after=timedelta(days=self.stale_after_days) + self.grace,
            clock=self._clock,
        )

    def _write(self, rows: pa.Table, write: Callable[[Writer], Written]) -> Written:
        check_online_rows(rows, self.names)
        with single_writer(self.folder):
            self._applied()
            return write(self._writer)

    def _registry(self) -> RegistryProto | None:
        path = self.folder / REGISTRY
        return read_registry(path) if path.is_file() else None

    def _applied(self) -> RegistryProto:
        registry = read_registry(self.folder / REGISTRY)
        if project_of(registry) != self.facts.project:
            raise DefinitionsChangedError(self.folder, project_of(registry), self.facts.project)
        return registry

    def _history_of(self, registry: RegistryProto | None) -> HistoryVersion | None:
        if registry is None or project_of(registry) != self.facts.project:
            return None
        views = {view.spec.name: view.spec for view in registry.feature_views}
        # By its name alone: a folder that was moved finds its history in the new place.
        return read_version(self.folder / FOLDER / Path(views[VIEW].batch_source.file_options.uri).name)

    def _define(self, history: HistoryVersion | None) -> None:
        path = self.folder / FOLDER / NOT_WRITTEN if history is None else history.path
        self._backend.prepare()
        view = customer_facts(self.names, path, timedelta(days=self.stale_after_days), self._address.kind.value)
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            made = Path(scratch) / REGISTRY
            feast: FeatureStore = defining_feast(self.folder, self.facts.project, made)
            feast.apply([customer(), view, *(service(served, view) for served in self.facts.sets)])
            registry = self._registry()
            if registry is None or content(registry) != content(read_registry(made)):
                put_in_place(made, self.folder / REGISTRY)
