"""Our offline store: the newest facts at an instant, against a reference in plain Python and against Feast's own."""

import warnings
from datetime import UTC, datetime, timedelta

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.store.asof_store import AsofOfflineStoreConfig, SourceRefusedError
from features.store.feast_api import (
    DuckDBOfflineStoreConfig,
    Entity,
    FeatureStore,
    FeatureView,
    Field,
    FileSource,
    Float64,
    RegistryConfig,
    RepoConfig,
    ValueType,
)

START = datetime(2024, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
STAMP = pa.timestamp("us", tz="UTC")


def at(hours, microseconds=0):
    return START + hours * HOUR + timedelta(microseconds=microseconds)


def source_of(folder, rows, name="facts"):
    """A Parquet file of (customer, happened, created, value) rows, and the file's place."""
    columns = list(zip(*rows, strict=True)) if rows else [[]] * 4
    table = pa.table(
        {
            "customer_id": pa.array(list(columns[0]), pa.string()),
            "happened": pa.array(list(columns[1]), STAMP),
            "created": pa.array(list(columns[2]), STAMP),
            "score": pa.array(list(columns[3]), pa.float64()),
        }
    )
    path = folder / f"{name}.parquet"
    pq.write_table(table, path)
    return path


def store_of(folder, path, ttl=None, offline=None, **source):
    config = RepoConfig(
        project="p",
        provider="local",
        registry=RegistryConfig(path=str(folder / f"registry-{type(offline).__name__}.db"), cache_ttl_seconds=0),
        offline_store=offline or AsofOfflineStoreConfig(threads=1),
        online_store=None,
        entity_key_serialization_version=3,
        repo_path=folder,
    )
    feast = FeatureStore(repo_path=str(folder), config=config)
    customer = Entity(name="customer", join_keys=["customer_id"], value_type=ValueType.STRING)
    given = {"timestamp_field": "happened", "created_timestamp_column": "created", **source}
    facts = FileSource(name="facts", path=str(path), **given)
    view = FeatureView(
        name="facts",
        entities=[customer],
        ttl=ttl or timedelta(0),
        schema=[Field(name="score", dtype=Float64)],
        source=facts,
        online=False,
    )
    feast.apply([customer, view])
    return feast


def asked(feast, entities, **options):
    """The score at each (customer, instant), in the order asked for."""
    frame = pd.DataFrame(
        {
            "customer_id": pd.array([who for who, _ in entities], dtype="object"),
            "event_timestamp": pd.Series([when for _, when in entities], dtype="datetime64[us, UTC]"),
            "row": range(len(entities)),
        }
    )
    found = feast.get_historical_features(frame, ["facts:score"], **options).to_arrow()
    order = sorted(range(found.num_rows), key=found["row"].to_pylist().__getitem__)
    assert [found["row"].to_pylist()[i] for i in order] == list(range(len(entities))), "a row was lost or doubled"
    return [found["score"].to_pylist()[i] for i in order]


@pytest.mark.parametrize(
    ("when", "score"),
    [
        pytest.param(at(0, -1), None, id="just before the first row"),
        pytest.param(at(0), 1.0, id="at the very instant it happened"),
        pytest.param(at(2, -1), 1.0, id="just before the second"),
        pytest.param(at(2), 2.0, id="the second"),
        pytest.param(at(5), 2.0, id="the last instant of its time to live"),
        pytest.param(at(5, 1), None, id="just past it: null, and the row stays"),
    ],
)
def test_which_row_counts(tmp_path, when, score):
    path = source_of(tmp_path, [("B1", at(0), at(0), 1.0), ("B1", at(2), at(0), 2.0)])
    assert asked(store_of(tmp_path, path, ttl=3 * HOUR), [("B1", when)]) == [score]


def test_of_rows_of_one_instant_the_one_created_last_counts(tmp_path):
    rows = [("B1", at(0), at(1), 1.0), ("B1", at(0), at(3), 3.0), ("B1", at(0), at(2), 2.0)]
    assert asked(store_of(tmp_path, source_of(tmp_path, rows)), [("B1", at(9))]) == [3.0]


def test_of_equal_rows_the_last_of_the_file_counts(tmp_path):
    rows = [("B1", at(0), at(1), value) for value in (2.0, 7.0, 1.0)]
    assert asked(store_of(tmp_path, source_of(tmp_path, rows)), [("B1", at(9))]) == [1.0]


def test_a_row_that_tells_nothing_is_newer_than_one_that_did(tmp_path):
    rows = [("B1", at(0), at(0), 1.0), ("B1", at(1), at(1), None)]
    assert asked(store_of(tmp_path, source_of(tmp_path, rows)), [("B1", at(9))]) == [None]


def test_a_row_created_later_is_seen_unless_it_is_asked_not_to_be(tmp_path):
    rows = [("B1", at(0), at(0), 1.0), ("B1", at(1), at(6), 2.0), ("B1", at(0), at(7), 9.0)]
    feast = store_of(tmp_path, source_of(tmp_path, rows))
    times = [("B1", at(hours)) for hours in (0, 2, 5, 6, 8)]
    assert asked(feast, times) == [9.0, 2.0, 2.0, 2.0, 2.0]
    assert asked(feast, times, filter_by_created_timestamp=True) == [1.0, 1.0, 1.0, 2.0, 2.0]


def test_entities_twice_and_unknown_ones_and_none_at_all_are_kept(tmp_path):
    feast = store_of(tmp_path, source_of(tmp_path, [("B1", at(0), at(0), 1.0)]))
    entities = [("B9", at(1)), ("B1", at(1)), ("B1", at(1)), (None, at(1)), ("B1", at(-1)), ("B1", at(1))]
    assert asked(feast, entities) == [None, 1.0, 1.0, None, None, 1.0]


def test_an_empty_history_gives_nulls(tmp_path):
    assert asked(store_of(tmp_path, source_of(tmp_path, [])), [("B1", at(1))]) == [None]


def test_columns_and_order_of_the_entities_stay(tmp_path):
    feast = store_of(tmp_path, source_of(tmp_path, [("B1", at(0), at(0), 1.0)]))
    frame = pd.DataFrame({"note": ["z", "a"], "customer_id": ["B9", "B1"], "event_timestamp": [at(1), at(2)]})
    found = feast.get_historical_features(frame, ["facts:score"]).to_df()
    assert list(found.columns) == ["note", "customer_id", "event_timestamp", "score"]
    assert found["note"].tolist() == ["z", "a"]
    named = feast.get_historical_features(frame, ["facts:score"], full_feature_names=True).to_df()
    assert named["facts__score"].tolist()[1] == 1.0


def test_a_folder_of_files_is_one_history(tmp_path):
    folder = tmp_path / "it's many"
    folder.mkdir()
    source_of(folder, [("B1", at(0), at(0), 1.0), ("B2", at(0), at(0), 5.0)], "one")
    source_of(folder, [("B1", at(0), at(0), 2.0)], "two")
    feast = store_of(tmp_path, folder)
    assert asked(feast, [("B1", at(1)), ("B2", at(1))]) == [2.0, 5.0]


def test_columns_under_other_names(tmp_path):
    table = pa.table({"who": ["B1"], "at": pa.array([at(0)], pa.timestamp("us")), "s": [4.0]})
    pq.write_table(table, tmp_path / "other.parquet")
    mapped = {"who": "customer_id", "at": "happened", "s": "score"}
    feast = store_of(tmp_path, tmp_path / "other.parquet", created_timestamp_column="", field_mapping=mapped)
    assert asked(feast, [("B1", at(0)), ("B1", at(0, -1))]) == [4.0, None]


@pytest.mark.parametrize("path", ["gone.parquet", "s3://bucket/x.parquet"])
def test_refuses_what_it_does_not_read(tmp_path, path):
    real = source_of(tmp_path, [("B1", at(0), at(0), 1.0)])
    feast = store_of(tmp_path, real)
    view = feast.get_feature_view("facts")
    view.batch_source = FileSource(name="facts", path=path, timestamp_field="happened")
    with pytest.raises(SourceRefusedError, match=r"no Parquet file at|no local Parquet file"):
        feast._get_provider().offline_store.get_historical_features(
            feast.config,
            [view],
            ["facts:score"],
            pd.DataFrame({"customer_id": ["B1"], "event_timestamp": [at(0)]}),
            feast.registry,
            "p",
        )


def test_refuses_sql_text(tmp_path):
    feast = store_of(tmp_path, source_of(tmp_path, []))
    with pytest.raises(SourceRefusedError, match="must be a data frame"):
        feast.get_historical_features("SELECT 1", ["facts:score"])


def by_hand(rows, who, when, ttl, *, by_created):
    """Goes through the rows one by one (written apart from the code under test)."""
    best = None
    for place, (customer, happened, created, value) in enumerate(rows):
        if customer != who or happened > when or (by_created and created > when):
            continue
        if best is None or (happened, created, place) > best[0]:
            best = ((happened, created, place), value)
    if best is None or (ttl is not None and best[0][0] + ttl < when):
        return None
    return best[1]


WHO = st.sampled_from(["B1", "B2", "b'1"])
WHEN = st.tuples(st.integers(0, 6), st.sampled_from([0, 0, 1, -1])).map(lambda drawn: at(*drawn))
ROWS = st.lists(st.tuples(WHO, WHEN, WHEN, st.none() | st.integers(0, 9).map(float)), max_size=14)
ENTITIES = st.lists(st.tuples(WHO, WHEN), min_size=1, max_size=10)
TTLS = st.sampled_from([None, HOUR, 2 * HOUR])


@settings(max_examples=60)
@given(rows=ROWS, entities=ENTITIES, ttl=TTLS, by_created=st.booleans())
def test_every_entity_gets_what_a_clerk_would_find(tmp_path_factory, rows, entities, ttl, by_created):
    folder = tmp_path_factory.mktemp("asof")
    feast = store_of(folder, source_of(folder, rows), ttl=ttl)
    found = asked(feast, entities, filter_by_created_timestamp=by_created)
    assert found == [by_hand(rows, *entity, ttl, by_created=by_created) for entity in entities]


@settings(max_examples=15)
@given(rows=ROWS, entities=ENTITIES, ttl=TTLS, by_created=st.booleans())
def test_feasts_duckdb_store_says_the_same_where_ties_are_settled(tmp_path_factory, rows, entities, ttl, by_created):
    """Of rows equal in both clocks Feast takes any, so there are none of them here."""
    rows = list({row[:3]: row for row in rows}.values())
    folder = tmp_path_factory.mktemp("peer")
    path = source_of(folder, rows)
    peer = store_of(folder, path, ttl=ttl, offline=DuckDBOfflineStoreConfig())
    ours = store_of(folder, path, ttl=ttl)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own, ibis.options.default_backend = ibis.options.default_backend, ibis.duckdb.connect()
        try:
            expected = asked(peer, entities, filter_by_created_timestamp=by_created)
        finally:
            ibis.options.default_backend.disconnect()
            ibis.options.default_backend = own
    assert asked(ours, entities, filter_by_created_timestamp=by_created) == expected
