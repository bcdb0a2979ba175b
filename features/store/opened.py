"""Feast over one folder: a local provider, DuckDB offline, SQLite online, configured in code."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from features.store.feast_api import (
    DuckDBOfflineStoreConfig,
    FeatureStore,
    RegistryConfig,
    RegistryProto,
    RepoConfig,
    SqliteOnlineStoreConfig,
)

REGISTRY: Final = "registry.db"
ONLINE: Final = "online.db"
FROZEN: Final = "features.store.registry.FrozenRegistryStore"
ENTITY_KEY_VERSION: Final = 3


def frozen_feast(folder: Path, proto: RegistryProto) -> FeatureStore:
    """Feast on a registry that was read before: it never looks at the file again and never writes it."""
    registry = RegistryConfig(
        registry_store_type=FROZEN,
        path=str(folder / REGISTRY),
        cache_ttl_seconds=0,  # 0 means for ever
        frozen=proto.SerializeToString(),
    )
    return _feast(folder, project_of(proto), registry)


def defining_feast(folder: Path, project: str, registry: Path) -> FeatureStore:
    """Feast that writes definitions to a registry file of its own."""
    return _feast(folder, project, RegistryConfig(path=str(registry.absolute()), cache_ttl_seconds=0))


def project_of(proto: RegistryProto) -> str:
    """The one Feast project of a registry."""
    return str(proto.projects[0].spec.name)


def let_readers_read(folder: Path) -> None:
    """Sets the online file to write-ahead logging, under which a reader never waits for a writer.

    The setting stays in the file. SQLite's default makes readers fail with "database is locked" while a large
    write is committed.
    """
    with closing(sqlite3.connect(folder / ONLINE)) as con:
        con.execute("PRAGMA journal_mode = WAL")


def _feast(folder: Path, project: str, registry: RegistryConfig) -> FeatureStore:
    config = RepoConfig(
        project=project,
        provider="local",
        registry=registry,
        offline_store=DuckDBOfflineStoreConfig(),
        online_store=SqliteOnlineStoreConfig(path=str((folder / ONLINE).absolute())),
        entity_key_serialization_version=ENTITY_KEY_VERSION,
        repo_path=folder.absolute(),
    )
    return FeatureStore(repo_path=str(folder.absolute()), config=config)
