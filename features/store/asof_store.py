"""Feast's offline store by a DuckDB ASOF join, for sources that are local Parquet files.

Feast's own stores join each entity row with every earlier version of its facts, all columns carried along, or lose
rows outside the time to live. Here the newest version is found on row numbers alone (`features.store.asof_join`),
and only then are the features of those rows fetched. Named in Feast's configuration as

    offline_store: {type: features.store.asof_store.AsofOfflineStore}
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from data.engine import engine
from features.store.asof_join import History, entities_with_facts
from features.store.feast_api import (
    DuckDBOfflineStore,
    DuckDBOfflineStoreConfig,
    FileSource,
    OnDemandFeatureView,
    RetrievalJob,
    RetrievalMetadata,
    infer_event_timestamp,
)


class SourceRefusedError(TypeError):
    """A source or an entity table that this store does not read."""


class AsofOfflineStoreConfig(DuckDBOfflineStoreConfig):  # type: ignore[misc]  # Feast publishes no types
    """Configuration of `AsofOfflineStore`.

    Attributes:
        type: Dotted path of the class.
        threads: Threads for DuckDB, 1 or more.
        spill: Folder for what does not fit into memory; empty for DuckDB's own choice.
    """

    type: str = "features.store.asof_store.AsofOfflineStore"
    threads: int = 2
    spill: str = ""


class AsofOfflineStore(DuckDBOfflineStore):  # type: ignore[misc]  # Feast publishes no types
    """Point-in-time joins that keep every entity row, in order; all else is Feast's DuckDB store."""

    supports_filter_by_created_timestamp = True

    @staticmethod
    def get_historical_features(
        config: Any,
        feature_views: list[Any],
        feature_refs: list[str],
        entity_df: pd.DataFrame | str,
        registry: Any,
        project: str,
        full_feature_names: bool = False,
        filter_by_created_timestamp: bool = False,
    ) -> "AsofJob":
        """The newest facts at each entity row's instant; see `features.store.asof_join`.

        Returns:
            A job that computes when asked. One row per entity row, in their order; features are null where the
            source holds no row of the entity up to the instant, or only rows beyond the view's time to live.

        Raises:
            SourceRefusedError: The entities are no data frame, or a source is no local Parquet file.
        """
        if not isinstance(entity_df, pd.DataFrame):
            raise SourceRefusedError("Entities must be a data frame; SQL text has no engine to run on here")
        at = infer_event_timestamp(dict(zip(entity_df.columns, entity_df.dtypes, strict=True)))
        histories = [
            _history(view, feature_refs, config.repo_path, full_feature_names=full_feature_names)
            for view in feature_views
        ]
        options = config.offline_store

        def compute() -> pa.Table:
            spill = Path(options.spill) if options.spill else None
            with closing(engine(options.threads, spill=spill).con) as con:
                entities = pa.Table.from_pandas(entity_df, preserve_index=False)
                return entities_with_facts(con, entities, at, histories, by_created=filter_by_created_timestamp)

        metadata = RetrievalMetadata(
            features=feature_refs,
            keys=[name for name in entity_df.columns if name != at],
            min_event_timestamp=_instant(entity_df[at].min()),
            max_event_timestamp=_instant(entity_df[at].max()),
        )
        demanded = OnDemandFeatureView.get_requested_odfvs(feature_refs, project, registry)
        return AsofJob(compute, metadata, demanded, full_feature_names=full_feature_names)


class AsofJob(RetrievalJob):  # type: ignore[misc]  # Feast publishes no types
    """A retrieval that is computed when its result is asked for."""

    def __init__(
        self, compute: Callable[[], pa.Table], metadata: Any, demanded: list[Any], *, full_feature_names: bool
    ) -> None:
        super().__init__()
        self._compute, self._metadata = compute, metadata
        self._demanded, self._full_feature_names = demanded, full_feature_names

    @property
    def full_feature_names(self) -> bool:
        """Whether features are named ``view__feature``."""
        return self._full_feature_names

    @property
    def on_demand_feature_views(self) -> list[Any]:
        """Views that Feast computes from the result."""
        return self._demanded

    @property
    def metadata(self) -> Any:
        """What was asked for."""
        return self._metadata

    def _to_df_internal(self, timeout: int | None = None) -> pd.DataFrame:
        frame: pd.DataFrame = self._compute().to_pandas()
        return frame

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:
        return self._compute()

    def persist(self, storage: Any, allow_overwrite: bool = False, timeout: int | None = None) -> None:
        """Refuses: a training set belongs to whoever asked for it."""
        raise SourceRefusedError("This store does not keep results; write the table that to_arrow() gives")


def _history(view: Any, refs: Sequence[str], repo: Path | None, *, full_feature_names: bool) -> History:
    source = view.batch_source
    if not isinstance(source, FileSource) or "://" in source.path:
        raise SourceRefusedError(f"{view.name} has no local Parquet file as its source; this store reads nothing else")
    stored_as = {new: old for old, new in source.field_mapping.items()}
    prefix, named = view.projection.name_to_use(), view.projection.name_alias or view.name
    wanted = [ref.split(":")[1] for ref in refs if ref.startswith(f"{prefix}:")]
    keys = view.projection.join_key_map or {column.name: column.name for column in view.entity_columns}
    return History(
        files=_files(Path(repo or ".") / source.path),
        keys={stored_as.get(inside, inside): outside for inside, outside in keys.items()},
        happened=stored_as.get(source.timestamp_field, source.timestamp_field),
        created=stored_as.get(source.created_timestamp_column, source.created_timestamp_column) or None,
        ttl=view.ttl or None,
        features={
            (f"{named}__{feature}" if full_feature_names else feature): stored_as.get(feature, feature)
            for feature in wanted
        },
    )


def _files(path: Path) -> tuple[str, ...]:
    """The files of a source: one file, or all Parquet files of a folder."""
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise SourceRefusedError(f"There is no Parquet file at {path}; a pattern is not followed, a folder is")
    return tuple(str(file) for file in files)


def _instant(at: Any) -> datetime | None:
    return None if pd.isna(at) else pd.Timestamp(at).to_pydatetime()
