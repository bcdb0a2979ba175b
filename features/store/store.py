"""The feature store of one installation: Feast's registry, the history of facts, and today's facts."""

import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from features.store.definitions import VIEW, Facts, customer, customer_facts, feature_set_facts, service
from features.store.feast_api import FeatureStore, RegistryProto
from features.store.folder import put_in_place, single_writer
from features.store.history import FOLDER, NOT_WRITTEN, HistoryVersion, extend, read_version
from features.store.online import OnlineFacts, check_online_rows, claim_instant, write_rows
from features.store.opened import REGISTRY, defining_feast, frozen_feast, let_readers_read, project_of
from features.store.reader import Reader
from features.store.registry import content, read_registry
from features.store.training_set import join_history


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
        self, folder: Path, *, facts: Facts | None = None, stale_after_days: int = 7, threads: int = 2
    ) -> None:
        """Names the folder; nothing is read or written yet.

        Args:
            folder: Where registry, history and online file lie.
            facts: What to hold; the feature sets of the code when None.
            stale_after_days: Age in days from which a training set leaves facts out, as the service does.
            threads: Threads for DuckDB.
        """
        self.folder = folder
        self.stale_after_days = stale_after_days
        self.threads = threads
        self._given_facts = facts

    @staticmethod
    def open_for_reading(folder: Path) -> Reader:
        """The store as a service opens it; see `Reader`."""
        return Reader(folder)

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
        feast = frozen_feast(self.folder, registry)
        return join_history(feast, entities, names, stale_after_days=self.stale_after_days, threads=self.threads)

    def write_online(self, rows: pa.Table, *, computed_at: datetime) -> None:
        """Puts today's facts in place of the stored ones, customer by customer; readers go on reading.

        Args:
            rows: One row per customer, shape (n, 2 + len(names)): ``customer_id``, ``as_of`` and every feature.
            computed_at: Instant of computation, with a zone; later than that of every write before.

        Raises:
            RowsRefusedError: A column is absent, a key is null, or a customer comes twice.
            NotNewerError: ``computed_at`` is not later than the last write's.
            DefinitionsChangedError: ``apply`` was not run since the feature sets changed.
        """
        check_online_rows(rows, self.names)
        with single_writer(self.folder):
            registry = self._applied()
            claim_instant(self.folder, self.facts.project, computed_at)
            write_rows(frozen_feast(self.folder, registry), rows, self.names, computed_at=computed_at)

    def read_online(self, customer_ids: Sequence[str], names: Sequence[str]) -> list[OnlineFacts]:
        """Today's facts of each customer; see `Reader.read_online`."""
        return self._reader.read_online(customer_ids, names)

    @cached_property
    def _reader(self) -> Reader:
        self._applied()
        return Reader(self.folder)

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
        view = customer_facts(self.names, path, timedelta(days=self.stale_after_days))
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            made = Path(scratch) / REGISTRY
            feast: FeatureStore = defining_feast(self.folder, self.facts.project, made)
            feast.apply([customer(), view, *(service(served, view) for served in self.facts.sets)])
            let_readers_read(self.folder)
            registry = self._registry()
            if registry is None or content(registry) != content(read_registry(made)):
                put_in_place(made, self.folder / REGISTRY)
