"""Feast, imported so that the rest of the process does not notice.

Its import takes about seven seconds and changes three things that belong to the whole process, each put back
here: it points prometheus_client at a temporary folder (multiprocess mode, in which the service's own counters
would vanish from `/metrics`), sets two environment variables that child processes would inherit, and puts two
warning filters in front of everybody else's.
"""

import os
import warnings

# First, so that prometheus_client has chosen its in-process counters before Feast asks for files.
import prometheus_client  # noqa: F401

_before = dict(os.environ)
with warnings.catch_warnings():
    from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
    from feast.data_format import ParquetFormat
    from feast.infra.offline_stores.duckdb import DuckDBOfflineStore, DuckDBOfflineStoreConfig
    from feast.infra.offline_stores.offline_store import RetrievalJob, RetrievalMetadata
    from feast.infra.offline_stores.offline_utils import infer_event_timestamp_from_entity_df as infer_event_timestamp
    from feast.infra.online_stores.sqlite import SqliteOnlineStoreConfig
    from feast.infra.registry.registry_store import RegistryStore
    from feast.on_demand_feature_view import OnDemandFeatureView
    from feast.protos.feast.core.Registry_pb2 import Registry as RegistryProto
    from feast.repo_config import RegistryConfig
    from feast.types import Float64, Int64, String
for _name in ("PROMETHEUS_MULTIPROC_DIR", "PROMETHEUS_MULTIPROCESS_DIR"):
    if _name not in _before:
        os.environ.pop(_name, None)

__all__ = [
    "DuckDBOfflineStore",
    "DuckDBOfflineStoreConfig",
    "Entity",
    "FeatureService",
    "FeatureStore",
    "FeatureView",
    "Field",
    "FileSource",
    "Float64",
    "Int64",
    "OnDemandFeatureView",
    "ParquetFormat",
    "RegistryConfig",
    "RegistryProto",
    "RegistryStore",
    "RepoConfig",
    "RetrievalJob",
    "RetrievalMetadata",
    "SqliteOnlineStoreConfig",
    "String",
    "ValueType",
    "infer_event_timestamp",
]
