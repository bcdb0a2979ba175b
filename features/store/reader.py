"""Reading today's facts: what a service opens, and all it needs."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from features.store.definitions import AS_OF_DAY, COMPUTED_AT
from features.store.online import OnlineFacts, read_facts
from features.store.opened import REGISTRY, frozen_feast
from features.store.registry import read_registry


class UnknownServiceError(LookupError):
    """A feature service was asked for that the registry does not define."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"There is no feature service {name!r}; the registry defines {', '.join(known)}")
        self.name = name
        self.known = tuple(known)


class Reader:
    """The online facts of one folder, on a copy of the registry taken when it was opened.

    Nothing is written, and definitions that change later are seen by the next Reader only. One Reader may be
    shared by the threads of a process.
    """

    def __init__(self, folder: Path) -> None:
        """Opens the store in ``folder``.

        Raises:
            StoreNotAppliedError: No definitions were applied there.
            RegistryHoldsCodeError: The registry could make Feast run code.
        """
        proto = read_registry(folder / REGISTRY)
        self._services = {s.spec.name: s.spec for s in proto.feature_services}
        self._feast = frozen_feast(folder, proto)
        # Feast reads through one SQLite connection, whose answers two threads at once can mix up.
        self._one_at_a_time = threading.Lock()

    def features(self, service: str) -> tuple[str, ...]:
        """Names of the customer features of a service, in the order of its feature set.

        Raises:
            UnknownServiceError: The registry does not define it.
        """
        columns = [c.name for projection in self._spec(service).features for c in projection.feature_columns]
        return tuple(name for name in columns if name not in (AS_OF_DAY, COMPUTED_AT))

    def feature_set_hash(self, service: str) -> str:
        """Hash of the feature set that a service was made from, 16 hex characters.

        Raises:
            UnknownServiceError: The registry does not define it.
        """
        return str(self._spec(service).tags["feature_set_hash"])

    def read_online(self, customer_ids: Sequence[str], names: Sequence[str]) -> list[OnlineFacts]:
        """Facts of each customer in the order asked for; a customer without facts gets None throughout.

        Args:
            customer_ids: Whom to read, shape (n,).
            names: Features to read; ``features(service)`` gives those of a service.

        Returns:
            One entry per customer asked for, shape (n,). How old they may be is the caller's to judge: see
            `features.store.freshness`.
        """
        with self._one_at_a_time:
            return read_facts(self._feast, customer_ids, names)

    def _spec(self, service: str) -> Any:
        if service not in self._services:
            raise UnknownServiceError(service, sorted(self._services))
        return self._services[service]
