"""kill -9 at any moment: a process that writes the whole book over and over is killed, and readers notice nothing."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import date

import pytest

from features.store.store import Store

from .conftest import NAMES, empty

DAY = date(2024, 3, 1)
PEOPLE = [f"B{i}" for i in range(1300)]
KILLS = 12

# Imports once, then forks a writer each time it is told to: a process of its own, ready at once.
WRITERS = """
import os, sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
import pyarrow as pa
from features.store.definitions import Facts
from features.store.store import Store

folder, online = sys.argv[1:]
names = ("open_count", "overdue_share", "tenure_days")
people = [f"B{i}" for i in range(1300)]

def write_for_ever():
    facts = Facts(names, "1_test", ())
    store = Store(Path(folder), facts=facts, online=online, grace=timedelta(seconds=1))
    while True:
        at = datetime.now(UTC)
        value = pa.array([at.timestamp()] * len(people))
        rows = {"customer_id": people, "as_of": pa.array([date(2024, 3, 1)] * len(people), pa.date32())}
        store.write_whole(pa.table(rows | dict.fromkeys(names, value)), computed_at=at)
        os.write(1, f"{at.timestamp()!r}\\n".encode())

for _ in sys.stdin:
    child = os.fork()
    if not child:
        write_for_ever()
    os.write(1, f"{child}\\n".encode())
    os.waitpid(child, 0)
    os.write(1, b"gone\\n")
"""


@pytest.fixture(params=["sqlite", "redis"])
def server(request):
    if request.param == "sqlite":
        return "sqlite"
    url = request.getfixturevalue("redis_url")
    empty(url)
    return url


class Watch:
    """Reads the whole book over and over, and keeps what it saw."""

    def __init__(self, folder, online):
        self.reader = Store.open_for_reading(folder, online=online)
        self.seen, self.faults, self.reads, self.done = [], [], 0, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            while not self.done.is_set():
                facts = self.reader.read_online(PEOPLE, NAMES)
                self.reads += 1
                self.seen.append(frozenset(value for one in facts for value in one.values.values()))
        except Exception as fault:  # noqa: BLE001  # any fault at all is the finding
            self.faults.append(fault)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        self.reader.close()


@contextlib.contextmanager
def writers(folder, online):
    """Starts the process that forks writers."""
    command = [sys.executable, "-c", WRITERS, str(folder), online]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        yield process
        process.stdin.close()


def write_until_killed(process, after_seconds):
    """Has a writer forked and kills it after so long; gives the last value that it said was in place."""
    process.stdin.write("go\n")
    said, child = [], None
    while not (child and said and said[-1] == "gone"):
        line = process.stdout.readline().strip()
        if child is None and line.isdecimal():
            child = int(line)
            time.sleep(after_seconds)
            os.kill(child, signal.SIGKILL)
        else:
            said.append(line)
    return max([float(line) for line in said if line != "gone"], default=None)


def test_readers_stay_on_the_last_complete_state(tmp_path, facts, feature_rows, computed, server):
    moment = random.Random(11)
    with contextlib.closing(Store(tmp_path / "store", facts=facts, online=server)) as store:
        store.apply()
        store.write_whole(feature_rows(*((who, DAY, 1.0, 1.0, 1.0) for who in PEOPLE)), computed_at=computed())
        with writers(store.folder, server) as process, Watch(store.folder, server) as watch:
            ended = [write_until_killed(process, moment.uniform(0.02, 0.8)) for _ in range(KILLS)]
        assert not watch.faults
        assert watch.reads > 10
        mixed = [values for values in watch.seen if len(values) != 1]
        assert not mixed, "an answer held values of two refreshes, or lacked a customer"
        found = {value for facts in store.read_online(PEOPLE, NAMES) for value in facts.values.values()}
        told = [value for value in ended if value is not None]
        assert len(found) == 1
        # What a killed writer had said was in place is in place, or what it put there right after.
        assert not told or found.pop() >= max(told)
