"""Ingests that are killed at any moment, and ingests at the same time: nothing lost, nothing twice."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from data.contracts import CONTRACTS
from data.delivery import Options
from data.ingest import LOCK, ingest
from data.lake import Lake
from data.lock import LockedError, one_at_a_time
from data.mapping import load_mapping
from data.simulation.simulator import Shape, simulate

ROOT = Path(__file__).resolve().parents[2]
HALF = datetime(2023, 6, 30, tzinfo=UTC)
WHOLE = datetime(2024, 1, 31, tzinfo=UTC)
CHILD = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from data.ingest import ingest
from data.lake import Lake
from data.mapping import load_mapping
folder, lake, received_at, last_step = sys.argv[1:]
def told(line):
    print(line, flush=True)
    if line == last_step:
        os.kill(os.getpid(), signal.SIGKILL)
report = ingest(Path(folder), load_mapping("contract"), Lake(Path(lake), threads=1),
                received_at=datetime.fromisoformat(received_at), progress=told)
print(f"done {sum(c.added + c.corrected for c in report.counts.values())}")
"""


def child(folder, lake, received_at, last_step=""):
    """A process that ingests; at the beginning of its last step it kills itself."""
    command = [sys.executable, "-c", CHILD, str(folder), str(lake), received_at.isoformat(), last_step]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Two deliveries: what was known by the middle of 2023, and all of it with corrections and impossible rows."""
    folder = tmp_path_factory.mktemp("book")
    shape = Shape(customers=25, start_on=date(2023, 1, 1), end_on=date(2023, 12, 31), seed=5)
    tables = {name: rows for name, rows in simulate(shape).tables.items() if name in CONTRACTS and rows.num_rows}
    first, second = folder / "first", folder / "second"
    for part in (first, second):
        part.mkdir()
    mapped = {file.file for file in load_mapping("contract").files}
    for name, rows in tables.items():
        if f"{name}.parquet" not in mapped:
            continue
        pq.write_table(rows.filter(pc.less_equal(rows["known_at"], pa.scalar(HALF))), first / f"{name}.parquet")
        pq.write_table(changed(rows) if name == "invoices" else rows, second / f"{name}.parquet")
    return first, second


def changed(invoices):
    """Every tenth amount raised without a new clock, and three rows that no ledger can hold."""
    rows = invoices.to_pylist()
    for row in rows[::10]:
        row["amount"] = (row["amount"] or Decimal(0)) + 1
    rows += [
        row | {"invoice_id": f"bad-{n}", "due_on": row["issued_on"] - timedelta(1)} for n, row in enumerate(rows[:3])
    ]
    return pa.Table.from_pylist(rows, schema=invoices.schema)


@pytest.fixture(scope="module")
def undisturbed(book, tmp_path_factory):
    """The lake after the first delivery, that after an undisturbed second one, and the steps of the second."""
    start, lake = (Lake(tmp_path_factory.mktemp("undisturbed") / name, threads=1) for name in ("start", "whole"))
    ingest(book[0], load_mapping("contract"), start, received_at=HALF)
    shutil.copytree(start.root, lake.root)
    steps: list[str] = []
    report = ingest(book[1], load_mapping("contract"), lake, received_at=WHOLE, progress=steps.append)
    assert report.counts["invoices"].corrected > 5
    assert report.counts["invoices"].quarantined == 3
    return start, lake, steps


def rows_of(table):
    return {tuple(row.values()) for row in table.to_pylist()}


def completed(folder, lake, undisturbed):
    """Run again in this process: then equal in every row, with all that was known before, and nothing new is left."""
    start, whole, _ = undisturbed
    ingest(folder, load_mapping("contract"), lake, received_at=WHOLE)
    assert lake.quarantine() == whole.quarantine()
    for name in CONTRACTS:
        now = lake.read(name)
        assert now == whole.read(name), name
        assert rows_of(start.read(name)) <= rows_of(now), name
    again = ingest(folder, load_mapping("contract"), lake, received_at=WHOLE)
    assert {counts.added + counts.corrected + counts.deleted for counts in again.counts.values()} == {0}


@pytest.fixture
def half_way(undisturbed, tmp_path):
    """A lake after the first delivery, and chance with its seed."""
    lake, seed = Lake(tmp_path / "lake", threads=1), int.from_bytes(os.urandom(4), "big")
    shutil.copytree(undisturbed[0].root, lake.root)
    return lake, random.Random(seed), seed


@pytest.mark.parametrize("number", range(2))
def test_a_run_killed_between_two_tables_and_run_again_is_an_undisturbed_one(book, undisturbed, half_way, number):
    (lake, chance, seed), (start, whole, steps) = half_way, undisturbed
    first, last = (steps.index(f"{name}: writing") for name in ("payments", "customer_financials"))
    step = chance.choice([step for step in steps[first : last + 1] if step.endswith(": writing")])
    process = child(book[1], lake.root, WHOLE, step)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, (seed, step)
    assert lake.data_version() not in {start.data_version(), whole.data_version()}, (seed, step)
    completed(book[1], lake, undisturbed)


@pytest.mark.parametrize("number", range(2))
def test_a_run_killed_at_any_time_and_run_again_is_an_undisturbed_one(book, undisturbed, half_way, number):
    lake, chance, _ = half_way
    step = chance.choice(undisturbed[2])
    process = child(book[1], lake.root, WHOLE)
    for line in process.stdout:
        if line.strip() == step:
            time.sleep(chance.uniform(0, 0.1))
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    completed(book[1], lake, undisturbed)


def test_two_ingests_at_the_same_time_wait_for_each_other(book, undisturbed, tmp_path):
    lake = Lake(tmp_path / "lake", threads=1)
    shutil.copytree(undisturbed[0].root, lake.root)
    both = [child(book[1], lake.root, WHOLE) for _ in range(2)]
    told = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    news = sorted(int(out.split()[-1]) for out, _ in told)
    assert news[0] == 0, "the second one finds nothing new"
    assert news[1] > 0
    completed(book[1], lake, undisturbed)


def test_an_ingest_that_may_not_wait_is_refused_and_writes_nothing(book, tmp_path):
    lake = Lake(tmp_path / "lake", threads=1)
    with one_at_a_time(lake.root / LOCK, what="test", wait_seconds=0):
        message = rf"Process {os.getpid()} is at taking rows into .* was not done after 0.05 seconds"
        with pytest.raises(LockedError, match=message):
            ingest(book[0], load_mapping("contract"), lake, received_at=HALF, options=Options(wait_seconds=0.05))
        dry = ingest(book[0], load_mapping("contract"), lake, received_at=HALF, options=Options(dry_run=True))
    assert dry.counts["invoices"].added > 0
    assert lake.read("invoices").num_rows == 0
