"""Reading today's facts: what a service opens, and all it needs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data.settings import Settings
from features.store.address import Address, Kind, address_of
from features.store.backend import namespace_of
from features.store.definitions import AS_OF_DAY, COMPUTED_AT, KEPT_ON
from features.store.feast_api import FeatureStore, RegistryProto
from features.store.online import OnlineBlock, OnlineFacts, read_block, read_facts
from features.store.opened import REGISTRY, frozen_feast, online_backend, project_of
from features.store.registry import read_registry
from features.store.wire import entity_key


class UnknownServiceError(LookupError):
    """A feature service was asked for that the registry does not define."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"There is no feature service {name!r}; the registry defines {', '.join(known)}")
        self.name = name
        self.known = tuple(known)


class KeptElsewhereError(RuntimeError):
    """The facts are kept on another kind of server than this process was told."""

    def __init__(self, folder: Path, kept_on: str, told: Kind) -> None:
        super().__init__(
            f"The online facts of {folder} are kept on {kept_on}, and O2C_RISK_ONLINE says {told.value}: set it to the "
            "same server for every process, or run `o2c-risk features refresh` to move the facts"
        )
        self.kept_on, self.told = kept_on, told


class Reader:
    """The online facts of one folder, on a copy of the registry taken when it was opened.

    Nothing is written, and definitions that change later are seen by the next Reader only. One Reader may be
    shared by the threads of a process. The values are read and decoded without Feast, from the bytes that Feast
    itself would read: see `feast`.
    """

    def __init__(self, folder: Path, *, online: str | None = None) -> None:
        """Opens the store in ``folder``.

        Args:
            folder: Where the registry lies.
            online: Where today's facts are, as in O2C_RISK_ONLINE; None for what the environment says.

        Raises:
            StoreNotAppliedError: No definitions were applied there.
            RegistryHoldsCodeError: The registry could make Feast run code.
            KeptElsewhereError: The facts are on another kind of server than ``online`` names.
        """
        self._folder = folder
        self._proto = read_registry(folder / REGISTRY)
        self._services = {s.spec.name: s.spec for s in self._proto.feature_services}
        self._project = project_of(self._proto)
        address = address_in_force(online)
        _check_kept_on(folder, self._proto, address)
        self._backend = online_backend(folder, address)

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

        All of one answer come from one complete set: a refresh of the whole book is seen whole or not at all.

        Args:
            customer_ids: Whom to read, shape (n,).
            names: Features to read; ``features(service)`` gives those of a service.

        Returns:
            One entry per customer asked for, shape (n,). How old they may be is the caller's to judge: see
            `features.store.freshness`.

        Raises:
            OnlineUnreachableError: The server does not answer.
        """
        return read_facts(self._backend, self._project, customer_ids, names)

    def read_block(self, customer_ids: Sequence[str], names: Sequence[str]) -> OnlineBlock:
        """The same as arrays, for many customers at once."""
        keys = [entity_key(customer) for customer in customer_ids]
        return read_block(self._backend, self._project, keys, names)

    def feast(self) -> FeatureStore:
        """Feast itself on the facts that are read now, for whoever wants its interface.

        It stays on this complete set, which is removed some time after the next refresh.
        """
        namespace = namespace_of(self._project, self._backend.state(self._project).generation)
        return frozen_feast(self._folder, self._proto, online=(self._backend, namespace))

    def close(self) -> None:
        """Lets go of all connections."""
        self._backend.close()

    def _spec(self, service: str) -> Any:
        if service not in self._services:
            raise UnknownServiceError(service, sorted(self._services))
        return self._services[service]


def address_in_force(online: str | None) -> Address:
    """The address that was given, else the environment's.

    Raises:
        UnknownAddressError: It names no server.
    """
    return address_of(Settings().online.get_secret_value() if online is None else online)


def _check_kept_on(folder: Path, proto: RegistryProto, address: Address) -> None:
    kept_on = proto.feature_views[0].spec.tags.get(KEPT_ON, Kind.SQLITE.value)
    if kept_on != address.kind.value:
        raise KeptElsewhereError(folder, kept_on, address.kind)
