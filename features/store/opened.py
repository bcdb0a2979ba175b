"""Feast over one folder: a local provider, our offline store, and one complete set of online facts."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from features.store.address import Address, Kind
from features.store.asof_store import AsofOfflineStoreConfig
from features.store.backend import OnlineBackend
from features.store.feast_api import FeatureStore, RegistryConfig, RegistryProto, RepoConfig
from features.store.registry import in_project

if TYPE_CHECKING:
    from typing import Any

REGISTRY: Final = "registry.db"
FROZEN: Final = "features.store.registry.FrozenRegistryStore"
ENTITY_KEY_VERSION: Final = 3


def online_backend(folder: Path, address: Address) -> OnlineBackend:
    """The server that holds today's facts of a folder; nothing is opened yet.

    Args:
        folder: The store's folder, in which SQLite's file lies.
        address: Which server.
    """
    # Late: a machine needs the driver of its own server only.
    if address.kind is Kind.REDIS:
        from features.store.on_redis import OnRedis

        return OnRedis(address.url)
    if address.kind is Kind.POSTGRES:
        from features.store.on_postgres import OnPostgres

        return OnPostgres(address.url)
    from features.store.on_sqlite import OnSqlite

    return OnSqlite(folder)


def frozen_feast(
    folder: Path, proto: RegistryProto, *, threads: int = 2, online: tuple[OnlineBackend, str] | None = None
) -> FeatureStore:
    """Feast on a registry that was read before: it never looks at the file again and never writes it.

    Args:
        folder: The store's folder.
        proto: The registry's content.
        threads: Threads for training sets.
        online: A server and the namespace on it that Feast reads; None for training sets only.
    """
    project = project_of(proto) if online is None else online[1]
    registry = RegistryConfig(
        registry_store_type=FROZEN,
        path=str(folder / REGISTRY),
        cache_ttl_seconds=0,  # 0 means for ever
        frozen=in_project(proto, project).SerializeToString(),
    )
    feast = _feast(folder, project, registry, None if online is None else online[0].feast_config(), threads)
    if online is not None:
        online[0].lend(feast._get_provider().online_store)
    return feast


def defining_feast(folder: Path, project: str, registry: Path) -> FeatureStore:
    """Feast that writes definitions to a registry file of its own; it knows of no online store and makes no table."""
    return _feast(folder, project, RegistryConfig(path=str(registry.absolute()), cache_ttl_seconds=0), None, 1)


def project_of(proto: RegistryProto) -> str:
    """The one Feast project of a registry."""
    return str(proto.projects[0].spec.name)


def _feast(folder: Path, project: str, registry: RegistryConfig, online: "Any", threads: int) -> FeatureStore:
    config = RepoConfig(
        project=project,
        provider="local",
        registry=registry,
        offline_store=AsofOfflineStoreConfig(threads=threads),
        online_store=online,
        entity_key_serialization_version=ENTITY_KEY_VERSION,
        repo_path=folder.absolute(),
    )
    return FeatureStore(repo_path=str(folder.absolute()), config=config)
