"""Feast's point-in-time retrieval through our offline store, beside Feast's own stores and a raw DuckDB ASOF join.

Run: python benchmarks/point_in_time.py --rows 10000 100000 1000000

Facts of customers at twelve dates, two views of half the features each, in Parquet; entities are random customers at
random instants. Each way runs in a process of its own, so that its memory is its own, and gives one Arrow table; the
sums of all values and the counts of nulls must agree, or the run fails; rows that a peer loses are told. Reading the
Parquet files is part of every time, importing the libraries is not. All use the same number of threads.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

OURS, RAW = "ours (Feast + ASOF)", "raw DuckDB ASOF"
SNAPSHOTS, VIEWS, THREADS = 12, 2, 2
START = datetime(2023, 1, 1, tzinfo=UTC)
ONE = timedelta(days=30)


def write_data(folder: Path, customers: int, features: int) -> None:
    """Facts of all customers at twelve dates, ordered by customer as the store's history is."""
    random = np.random.default_rng(7)
    n = customers * SNAPSHOTS
    days = np.arange(SNAPSHOTS) * np.timedelta64(ONE)
    happened = np.tile(np.datetime64(START.replace(tzinfo=None), "us") + days, customers)
    stamp = pa.array(happened, pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))
    keys = {"customer_id": pa.array(np.repeat([f"C{i:08}" for i in range(customers)], SNAPSHOTS))}
    for view in range(VIEWS):
        columns = {f"v{view}_f{i}": random.random(n, np.float32) for i in range(features // VIEWS)}
        table = pa.table(keys | {"happened": stamp, "created": stamp} | columns)
        pq.write_table(table, folder / f"view{view}.parquet", compression="zstd", row_group_size=120_000)


def entities(rows: int, customers: int) -> pd.DataFrame:
    """Random customers at random instants between the first date and a month after the last."""
    random = np.random.default_rng(11)
    seconds = random.integers(0, int(SNAPSHOTS * ONE.total_seconds()), rows)
    who = np.array([f"C{i:08}" for i in range(customers)], object)[random.integers(0, customers, rows)]
    at = pd.to_datetime(START) + pd.to_timedelta(seconds, unit="s")
    return pd.DataFrame({"customer_id": who, "event_timestamp": at.as_unit("us"), "row": range(rows)})


def by_feast(folder: Path, frame: pd.DataFrame, features: int, store: Any) -> Callable[[], pa.Table]:
    """Retrieval through Feast with one of its offline stores."""
    from features.store.feast_api import (
        Entity,
        FeatureStore,
        FeatureView,
        Field,
        FileSource,
        RegistryConfig,
        RepoConfig,
        ValueType,
    )

    from feast.types import Float32  # isort: skip  # Feast is imported by the module that tames it first

    config = RepoConfig(
        project="bench",
        provider="local",
        registry=RegistryConfig(path=str(folder / f"registry-{time.time_ns()}.db"), cache_ttl_seconds=0),
        offline_store=store,
        online_store=None,
        entity_key_serialization_version=3,
        repo_path=folder,
    )
    feast = FeatureStore(repo_path=str(folder), config=config)
    customer = Entity(name="customer", join_keys=["customer_id"], value_type=ValueType.STRING)
    views, asked = [], []
    for view in range(VIEWS):
        names = [f"v{view}_f{i}" for i in range(features // VIEWS)]
        source = FileSource(
            name=f"s{view}",
            path=str(folder / f"view{view}.parquet"),
            timestamp_field="happened",
            created_timestamp_column="created",
        )
        schema = [Field(name=name, dtype=Float32) for name in names]
        # A long time to live: Feast's dask store loses the rows beyond it, and the sums would differ.
        views.append(
            FeatureView(
                name=f"view{view}",
                entities=[customer],
                ttl=timedelta(days=3650),
                schema=schema,
                source=source,
                online=False,
            )
        )
        asked += [f"view{view}:{name}" for name in names]
    feast.apply([customer, *views])
    return lambda: feast.get_historical_features(frame, asked).to_arrow()


def by_duckdb(folder: Path, frame: pd.DataFrame) -> pa.Table:
    """The same join written by hand."""
    with duckdb.connect() as con:
        con.execute(f"SET threads = {THREADS}")
        con.execute("SET TimeZone = 'UTC'")
        con.register("asked", pa.Table.from_pandas(frame, preserve_index=False))
        joins = " ".join(
            f"ASOF LEFT JOIN read_parquet('{folder}/view{v}.parquet') AS f{v} "
            f"ON asked.customer_id = f{v}.customer_id AND asked.event_timestamp >= f{v}.happened"
            for v in range(VIEWS)
        )
        chosen = ", ".join(f"f{v}.* EXCLUDE (customer_id, happened, created)" for v in range(VIEWS))
        found: pa.Table = con.sql(f"SELECT asked.*, {chosen} FROM asked {joins}").to_arrow_table()
        return found


def one(way: str, folder: Path, rows: int, customers: int, features: int) -> dict[str, Any]:
    """One way at one size, in this process: seconds, peak memory, and what came out."""
    frame = entities(rows, customers)
    if way == RAW:

        def run() -> pa.Table:
            return by_duckdb(folder, frame)
    else:
        from features.store.asof_store import AsofOfflineStoreConfig
        from features.store.feast_api import DuckDBOfflineStoreConfig

        from feast.infra.offline_stores.dask import DaskOfflineStoreConfig  # isort: skip

        stores = {
            OURS: AsofOfflineStoreConfig(threads=THREADS),
            "Feast duckdb": DuckDBOfflineStoreConfig(),
            "Feast dask": DaskOfflineStoreConfig(),
        }
        run = by_feast(folder, frame, features, stores[way])
    began = time.perf_counter()
    table = run()
    seconds = time.perf_counter() - began
    names = [name for name in table.column_names if name.startswith("v")]
    total = sum(pc.sum(table[name].cast(pa.float64())).as_py() or 0.0 for name in names)
    nulls = sum(table[name].null_count for name in names)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return {"seconds": seconds, "rows": table.num_rows, "sum": total, "nulls": nulls, "peak_gib": peak}


def measured(way: str, folder: Path, rows: int, customers: int, features: int) -> dict[str, Any]:
    """One way at one size in a process of its own."""
    job = json.dumps([way, str(folder), rows, customers, features])
    done = subprocess.run(
        [sys.executable, __file__, "--one", job], capture_output=True, text=True, check=False, timeout=3600
    )
    if done.returncode:
        sys.exit(f"{way} failed at {rows:,} rows:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(folder: Path, rows: int, customers: int, features: int, ways: list[str], repeat: int) -> None:
    """A table of all ways at one size; the best of the repetitions counts."""
    print(f"\n{rows:,} rows x {features} features of {customers:,} customers x {SNAPSHOTS} dates, {THREADS} threads")
    print(f"{'way':<22}{'seconds':>10}{'to raw':>9}{'to ours':>9}{'peak GiB':>10}")
    found = {}
    for way in ways:
        runs = [measured(way, folder, rows, customers, features) for _ in range(repeat)]
        found[way] = min(runs, key=lambda run: run["seconds"])
    for way, run in found.items():
        to_raw = run["seconds"] / found[RAW]["seconds"]
        to_ours = run["seconds"] / found[OURS]["seconds"]
        print(f"{way:<22}{run['seconds']:>10.2f}{to_raw:>8.2f}x{to_ours:>8.2f}x{run['peak_gib']:>10.1f}")
    print(agreement(found))


def agreement(found: dict[str, dict[str, Any]]) -> str:
    """What is to be said of the results; a way that gave other facts ends the run.

    Feast's dask store takes two entity rows of one customer and instant for one. Rows lost are told, not compared.
    """
    ours = found[OURS]
    whole = {way: run for way, run in found.items() if run["rows"] == ours["rows"]}
    for way, run in whole.items():
        if not math.isclose(run["sum"], ours["sum"], rel_tol=1e-9) or run["nulls"] != ours["nulls"]:
            sys.exit(f"{way} gave other facts: {run} against {ours}")
    lost = [f"{way} lost {ours['rows'] - run['rows']} rows" for way, run in found.items() if way not in whole]
    return f"Equal rows, sums and nulls: {', '.join(whole)}. {'; '.join(lost)}{'.' if lost else ''}".strip()


def main() -> None:
    """Parses, makes the data in a temporary folder, and prints one table per size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--features", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--without", nargs="*", default=[], choices=["dask", "duckdb"], help="peers to leave out")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.one:
        way, folder, rows, customers, features = json.loads(given.one)
        print(json.dumps(one(way, Path(folder), rows, customers, features)))
        return
    ways = [RAW, OURS, *(f"Feast {peer}" for peer in ("duckdb", "dask") if peer not in given.without)]
    with tempfile.TemporaryDirectory() as scratch:
        write_data(Path(scratch), given.customers, given.features)
        for rows in given.rows:
            compare(Path(scratch), rows, given.customers, given.features, ways, given.repeat)


if __name__ == "__main__":
    main()
