"""All features of a large simulated book, beside sorting it, pandas and polars: seconds, memory, ratios, a curve.

Run: python benchmarks/feature_build.py --invoices 100000 1000000 10000000 --pairs 1000000

For each size a book of three years is simulated once and written as Parquet; then every measurement runs in a process
of its own, one after another, with the same number of threads:

- today: all features of all customers as of the last day, beside DuckDB merely sorting the invoices and allocations by
  customer and date into a table.
- cohort: all features for random (customer, as_of) pairs over the three years.
- windows: sixteen of these features (count, mean, worst and late share of what was settled in four windows)
  for the same pairs: ours from the raw tables with both clocks, the peers from a finished table of settlements that is
  given to them, with one clock. pandas: groupby-rolling over events and points. polars: join, filter and group-by on
  its streaming engine. The last column says in how many cells a peer agrees with ours; it differs where a row became
  known late, was corrected or was in dispute.
"""

import argparse
import importlib
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

END = date(2024, 12, 31)
SPAN_DAYS = 3 * 365
WINDOWS = (30, 90, 180, 365)
NAMES = [
    f"{kind}_{w}d" for w in WINDOWS for kind in ("settled_count", "days_late_mean", "days_late_worst", "late5_share")
]
INVOICES_OF_A_CUSTOMER = 53  # over the three years, at 1.75 a month


def simulated(folder: Path, given: argparse.Namespace) -> int:
    """Writes a lake with a book of about so many invoices."""
    from deltalake import write_deltalake

    from data.simulation.simulator import Shape, simulate

    customers = max(100, given.pairs // INVOICES_OF_A_CUSTOMER)
    (folder / "lake").mkdir(parents=True)
    found = simulate(Shape(customers=customers, invoices_per_customer_month=1.75))
    for name, rows in found.tables.items():
        write_deltalake((folder / "lake" / name).as_uri(), rows, mode="error")
        if name in ("invoices", "allocations", "customers"):
            pq.write_table(rows, folder / f"{name}.parquet")  # for the peers, which read no lake
    return int(found.tables["invoices"].num_rows)


def book_of(folder: Path, given: argparse.Namespace) -> Any:
    """The simulated lake as a book on DuckDB with a bounded memory."""
    from data.book import open_book
    from data.lake import Lake

    return open_book(Lake(folder / "lake"), threads=given.threads, memory=given.memory)


def random_pairs(folder: Path, count: int) -> pa.Table:
    """(customer, as_of) pairs drawn evenly over customers and the last two and a half years; the same in every run."""
    customers = pq.read_table(folder / "customers.parquet", columns=["customer_id"])["customer_id"].unique().sort()
    rng = np.random.default_rng(7)
    who = rng.integers(0, len(customers), count)
    ago = rng.integers(0, SPAN_DAYS - 180, count)
    drawn = pa.table(
        {"customer_id": customers.take(pa.array(who)), "as_of": [END - timedelta(days=int(d)) for d in ago]}
    )
    pairs = (
        drawn.group_by(["customer_id", "as_of"])
        .aggregate([])
        .sort_by([("customer_id", "ascending"), ("as_of", "ascending")])
    )
    return pairs.append_column("case_id", pa.array(np.arange(pairs.num_rows).astype(str)))


def sort_events(folder: Path, given: argparse.Namespace) -> int:
    """DuckDB sorts invoices and allocations by customer and date."""
    connection = duckdb.connect(
        config={"threads": given.threads, "memory_limit": given.memory, "temp_directory": str(folder / "spill")}
    )
    connection.execute(f"""
        CREATE TABLE events AS
        SELECT customer_id, issued_on AS day, invoice_id, due_on, amount, known_at FROM '{folder}/invoices.parquet'
        UNION ALL
        SELECT customer_id, allocated_on, invoice_id, NULL, amount, known_at FROM '{folder}/allocations.parquet'
        ORDER BY customer_id, day""")
    return int(connection.execute("SELECT count(*) FROM events").fetchall()[0][0])


def ours_today(folder: Path, given: argparse.Namespace) -> int:
    """All features that the store keeps, of every customer, as of the last day."""
    from features.build import as_of_now

    return int(as_of_now(book_of(folder, given), END).num_rows)


def ours_cohort(folder: Path, given: argparse.Namespace) -> int:
    """All features for the pairs, into a table on the engine."""
    from features.build import build
    from features.feature_sets import STORED

    book = book_of(folder, given)
    spine = book.memtable(random_pairs(folder, given.pairs))
    return int(build(book, spine, features=STORED.names, every_customer=True).count().execute())


def ours_windows(folder: Path, given: argparse.Namespace) -> int:
    """The sixteen window features for the pairs."""
    from features.build import build

    book = book_of(folder, given)
    spine = book.memtable(random_pairs(folder, given.pairs))
    rows = build(book, spine, features=NAMES, every_customer=True)
    return _written(folder / "ours.parquet", rows.order_by("customer_id", "as_of").to_pyarrow())


def settlements(folder: Path, given: argparse.Namespace) -> int:
    """What the peers are given: every settled invoice as last known, with its customer, day and days late."""
    from features.items import items

    rows = items(book_of(folder, given))
    rows = rows.filter(rows.superseded_on.isnull() & rows.settled_on.notnull() & ~rows.outcome_unknown)
    late = rows.settled_on.delta(rows.due_on, unit="day").cast("int32")
    found = rows.select("customer_id", day=rows.settled_on, late=late).order_by("customer_id", "day").to_pyarrow()
    pq.write_table(found, folder / "settlements.parquet")
    return int(found.num_rows)


def pandas_windows(folder: Path, given: argparse.Namespace) -> int:
    """groupby-rolling over the union of events and points."""
    import pandas as pd

    events = pq.read_table(folder / "settlements.parquet").to_pandas(date_as_object=False)
    points = (
        random_pairs(folder, given.pairs)
        .drop(["case_id"])
        .to_pandas(date_as_object=False)
        .rename(columns={"as_of": "day"})
    )
    events["is_point"], points["is_point"] = False, True
    rows = pd.concat([events, points], ignore_index=True)
    rows["customer"] = rows["customer_id"].astype("category").cat.codes
    rows = rows.sort_values(["customer", "day", "is_point"], kind="stable").reset_index(drop=True)
    rows["late5"] = (rows["late"] >= 5).where(rows["late"].notna()).astype("float64")
    grouped = rows.set_index("day").groupby("customer", sort=False)[["late", "late5"]]
    is_point = rows["is_point"].to_numpy()
    found: dict[str, Any] = {
        "customer_id": rows.loc[is_point, "customer_id"].to_numpy(),
        "as_of": rows.loc[is_point, "day"].to_numpy(),
    }
    for w in WINDOWS:
        rolled = grouped.rolling(f"{w}D", min_periods=0)
        found[f"settled_count_{w}d"] = rolled["late"].count().to_numpy()[is_point]
        for name, column, how in (
            ("days_late_mean", "late", "mean"),
            ("days_late_worst", "late", "max"),
            ("late5_share", "late5", "mean"),
        ):
            found[f"{name}_{w}d"] = getattr(rolled[column], how)().to_numpy()[is_point]
    return _written(folder / "pandas.parquet", pa.Table.from_pandas(pd.DataFrame(found), preserve_index=False))


def polars_windows(folder: Path, given: argparse.Namespace) -> int:
    """Join, filter and group-by on the streaming engine."""
    import polars as pl

    points = pl.from_arrow(random_pairs(folder, given.pairs)).with_row_index("point").lazy()  # type: ignore[union-attr]
    events = pl.scan_parquet(folder / "settlements.parquet")
    age = (pl.col("as_of") - pl.col("day")).dt.total_days()
    seen = points.join(events, on="customer_id").with_columns(age=age).filter(pl.col("age").is_between(0, 364))
    sums = []
    for w in WINDOWS:
        late = pl.col("late").filter(pl.col("age") < w)
        sums += [late.len().cast(pl.Float64).alias(f"settled_count_{w}d"), late.mean().alias(f"days_late_mean_{w}d")]
        sums += [
            late.max().cast(pl.Float64).alias(f"days_late_worst_{w}d"),
            (late >= 5).mean().alias(f"late5_share_{w}d"),
        ]
    counts = [pl.col(f"settled_count_{w}d").fill_null(0.0) for w in WINDOWS]
    rows = points.join(seen.group_by("point").agg(sums), on="point", how="left").with_columns(counts)
    return _written(folder / "polars.parquet", rows.sort("customer_id", "as_of").collect(engine="streaming").to_arrow())


def _written(path: Path, rows: pa.Table) -> int:
    days = rows["as_of"].cast(pa.date32())
    rows = rows.set_column(rows.column_names.index("as_of"), "as_of", days).select(["customer_id", "as_of", *NAMES])
    pq.write_table(rows, path)
    return int(rows.num_rows)


MEASURED: dict[str, Callable[[Path, argparse.Namespace], int]] = {
    "simulate": simulated,
    "settlements": settlements,
    "sort": sort_events,
    "today": ours_today,
    "cohort": ours_cohort,
    "windows": ours_windows,
    "polars": polars_windows,
    "pandas": pandas_windows,
}


STEPS = [step for step in MEASURED if step not in ("simulate", "settlements")]


def measured(step: str, folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Runs one step in a process of its own: wall seconds, CPU seconds, peak memory in GB, rows."""
    command = [sys.executable, __file__, "--step", step, "--folder", str(folder), "--pairs", str(given.pairs)]
    command += ["--threads", str(given.threads), "--memory", given.memory]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"step": step, "failed": done.stderr.strip().splitlines()[-1] if done.stderr else str(done.returncode)}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def one_step(given: argparse.Namespace) -> None:
    """A child's work; imports are not part of the time."""
    for name in ("data.lake", "features.build", *({given.step} & {"pandas", "polars"})):
        importlib.import_module(name)
    wall, cpu = time.perf_counter(), time.process_time()
    rows = MEASURED[given.step](given.folder, given)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    used = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak_gb": peak}
    print(json.dumps({"step": given.step, "rows": rows} | {name: round(value, 2) for name, value in used.items()}))


def agreement(folder: Path, peer: str) -> float:
    """Share of cells of the sixteen features in which a peer equals ours, to 1e-9."""
    ours, theirs = (pq.read_table(folder / f"{name}.parquet").to_pandas() for name in ("ours", peer))
    both = ours.merge(
        theirs,
        on=["customer_id", "as_of"],
        suffixes=("", "_peer"),
        validate="one_to_one",
    )
    mine = both[NAMES].to_numpy(dtype=float)
    others = both[[f"{name}_peer" for name in NAMES]].to_numpy(dtype=float)
    return float(np.isclose(mine, others, rtol=1e-9, atol=0, equal_nan=True).mean())


def table(found: Sequence[dict[str, Any]], size: int) -> None:
    """Prints one size."""
    steps = {row["step"]: row for row in found}
    print(f"\n{size:,} invoices")
    print(f"{'step':10}{'rows':>12}{'wall s':>10}{'cpu s':>10}{'peak GB':>10}  beside")
    beside = {"today": "sort", "polars": "windows", "pandas": "windows"}
    for name, row in steps.items():
        if "failed" in row:
            print(f"{name:10}  failed: {row['failed']}")
            continue
        other = steps.get(beside.get(name, ""), {})
        ratio = f"{row['wall'] / other['wall']:.2f} x {beside[name]}" if "wall" in other else ""
        agree = f"; agrees in {row['agrees']:.2%} of cells" if "agrees" in row else ""
        print(
            f"{name:10}{row['rows']:>12,}{row['wall']:>10.1f}{row['cpu']:>10.1f}{row['peak_gb']:>10.2f}  {ratio}{agree}"
        )


def curve(found: dict[int, list[dict[str, Any]]]) -> None:
    """How the time grows with the book, beside n log n."""
    sizes = sorted(found)
    for small, large in itertools.pairwise(sizes):
        expected = large * np.log(large) / (small * np.log(small))
        for step in ("today", "cohort"):
            times = [
                row["wall"] for size in (small, large) for row in found[size] if row["step"] == step and "wall" in row
            ]
            if len(times) == 2:
                grown = f"time x {times[1] / times[0]:.1f}; n log n x {expected:.1f}"
                print(f"{step}: {small:,} -> {large:,} invoices: {grown}")


def main() -> None:
    """Simulate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--invoices", type=int, nargs="+", default=[100_000])
    parser.add_argument("--pairs", type=int, default=1_000_000, help="at most a tenth of the invoices is drawn")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=STEPS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="6GB", help="DuckDB's memory limit; beyond it, it spills")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, help="also write all figures here")
    given = parser.parse_args()
    if given.step:
        one_step(given)
        return
    found: dict[int, list[dict[str, Any]]] = {}
    asked = given.pairs
    for size in given.invoices:
        given.pairs = min(asked, size // 10)
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "book"
            given.pairs = size
            made = [measured(step, folder, given) for step in ("simulate", "settlements")]
            given.pairs = min(asked, size // 10)
            rows = made + [measured(step, folder, given) for step in given.steps]
            for row in rows:
                if row["step"] in ("pandas", "polars") and "failed" not in row and "windows" in given.steps:
                    row["agrees"] = agreement(folder, row["step"])
            found[size] = rows
            table(rows, size)
    curve(found)
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
