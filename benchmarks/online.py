"""Writing and reading today's facts on Redis, SQLite and PostgreSQL, beside Feast doing the same on the same server.

Run: python benchmarks/online.py --customers 20000

Three tables: the whole book written (ours: all customers as a refresh writes them, and as one push; Feast's:
``write_to_online_store`` of the same rows), one customer pushed until a reader of another connection has the new
value, and one customer read. A server of its own is started for each run. What we wrote is read back by Feast and
compared. Feast's writes may be measured on fewer customers (``--feast-customers``): its rows per second hardly
depend on them.
"""

import argparse
import contextlib
import importlib.util
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.store.definitions import CUSTOMER_ID, Facts, ServedSet
from features.store.store import Store

DAY = date(2024, 3, 1)
SERVERS = Path(__file__).resolve().parents[1] / "tests" / "servers.py"
Seconds = list[float]


@contextlib.contextmanager
def server(kind: str) -> Iterator[str]:
    """A server of the kind, as an address of O2C_RISK_ONLINE."""
    if kind == "sqlite":
        yield "sqlite"
        return
    spec = importlib.util.spec_from_file_location("servers", SERVERS)
    assert spec is not None
    assert spec.loader is not None
    servers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(servers)
    with getattr(servers, f"{kind}_server")() as url:
        yield url


def rows(customers: int, names: tuple[str, ...], *, null_share: float = 0.1) -> pa.Table:
    """Facts of customers, some of them null."""
    random = np.random.default_rng(7)
    columns = {
        CUSTOMER_ID: pa.array([f"C{i:08}" for i in range(customers)]),
        "as_of": pa.array([DAY] * customers, pa.date32()),
    }
    for name in names:
        values = random.random(customers)
        columns[name] = pa.array(values, mask=random.random(customers) < null_share)
    return pa.table(columns)


def frame(table: pa.Table, at: datetime) -> pd.DataFrame:
    """The rows as Feast's write takes them."""
    made = table.drop_columns(["as_of"]).to_pandas()
    made["as_of_day"], made["computed_at_us"] = (DAY - date(1970, 1, 1)).days, 1
    made["event_timestamp"] = made["created_timestamp"] = pd.Timestamp(at)
    return made


def timed(work: Callable[[], Any]) -> float:
    """Seconds that a piece of work took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def written(store: Store, table: pa.Table, feast_customers: int) -> dict[str, float]:
    """Rows per second of each way to write the book."""
    n = table.num_rows
    found = {"ours, whole book": n / timed(lambda: store.write_whole(table, computed_at=datetime.now(UTC)))}
    check(store, table)
    found["ours, one push"] = n / timed(lambda: store.write_online(table, computed_at=datetime.now(UTC)))
    check(store, table)
    few = table.slice(0, feast_customers)
    peer = frame(few, datetime.now(UTC) + timedelta(seconds=1))
    feast = store.feast()
    found["Feast"] = few.num_rows / timed(lambda: feast.write_to_online_store("customer_facts", peer))
    return found


def check(store: Store, table: pa.Table) -> None:
    """What Feast reads is what was to be written, nulls included."""
    some = table.take(list(range(0, table.num_rows, max(1, table.num_rows // 50))))
    asked = [f"customer_facts:{name}" for name in store.names]
    told = store.feast().get_online_features(asked, {CUSTOMER_ID: some[CUSTOMER_ID].to_pylist()}).to_dict()
    for name in store.names:
        if told[name] != some[name].to_pylist():
            sys.exit(f"Feast reads other values of {name} than were written")


def pushed(store: Store, table: pa.Table, times: int) -> Seconds:
    """From the call of a push of one customer until a reader of another connection has its new value."""
    reader = Store.open_for_reading(store.folder, online=store._online)
    name, found = store.names[0], []
    for i in range(times):
        one = table.slice(i % table.num_rows, 1)
        one = one.set_column(one.column_names.index(name), name, pa.array([float(i) + 0.5]))
        customer = one[CUSTOMER_ID][0].as_py()
        began = time.perf_counter()
        store.write_online(one, computed_at=datetime.now(UTC))
        while reader.read_block([customer], [name]).values[0, 0] != i + 0.5:  # noqa: PD011  # no pandas
            pass
        found.append(time.perf_counter() - began)
    reader.close()
    return found


def pushed_by_feast(store: Store, table: pa.Table, times: int) -> Seconds:
    """The same by Feast's own write and read."""
    feast, name, found = store.feast(), store.names[0], []
    for i in range(times):
        one = frame(table.slice(i % table.num_rows, 1), datetime.now(UTC) + timedelta(seconds=2))
        one[name] = float(i) + 0.25
        entity = {CUSTOMER_ID: one[CUSTOMER_ID].tolist()}
        began = time.perf_counter()
        feast.write_to_online_store("customer_facts", one)
        while feast.get_online_features([f"customer_facts:{name}"], entity).to_dict()[name] != [i + 0.25]:
            pass
        found.append(time.perf_counter() - began)
    return found


def read(store: Store, table: pa.Table, times: int) -> dict[str, Seconds]:
    """One customer's facts, all of them: ours, and Feast with its service fetched once."""
    reader, feast = Store.open_for_reading(store.folder, online=store._online), store.feast()
    service, people = feast.get_feature_service("all_v1"), table[CUSTOMER_ID].to_pylist()[:times]
    ours = [timed(lambda who=who: reader.read_online([who], store.names)) for who in people]
    peer = [timed(lambda who=who: feast.get_online_features(service, {CUSTOMER_ID: [who]}).to_dict()) for who in people]
    reader.close()
    return {"ours": ours, "Feast": peer}


def line(kind: str, way: str, seconds: Seconds, peer: Seconds) -> None:
    """Median and 99th percentile in milliseconds, and how many times faster than the peer."""
    p50, p99 = (float(np.percentile(seconds, share)) for share in (50, 99))
    faster = float(np.percentile(peer, 50)) / p50
    print(f"{kind:<10}{way:<22}{1000 * p50:>10.2f}{1000 * p99:>10.2f}{faster:>12.1f}x")


def main() -> None:
    """Parses, runs each server in turn, prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--features", type=int, default=100)
    parser.add_argument("--feast-customers", type=int, default=5_000)
    parser.add_argument("--times", type=int, default=300, help="pushes and reads of one customer")
    parser.add_argument("--on", nargs="+", choices=["redis", "sqlite", "postgres"], default=None)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    names = tuple(f"feature_{i}" for i in range(given.features))
    facts = Facts(names, "1_bench", (ServedSet("all_v1", names, "0"),))
    table = rows(given.customers, names)
    writes, pushes, reads = {}, {}, {}
    for kind in given.on or ["redis", "sqlite", "postgres"]:
        with server(kind) as url, tempfile.TemporaryDirectory() as folder:
            store = Store(Path(folder), facts=facts, online=url)
            store.apply()
            writes[kind] = written(store, table, min(given.feast_customers, given.customers))
            store.write_whole(table, computed_at=datetime.now(UTC) + timedelta(seconds=5))
            time.sleep(5)
            pushes[kind] = {"ours": pushed(store, table, given.times)}
            pushes[kind]["Feast"] = pushed_by_feast(store, table, min(given.times, 100))
            reads[kind] = read(store, table, min(given.times, given.customers))
            store.close()
    print(f"\nThe whole book: {given.customers:,} customers x {given.features} features, one in ten null")
    print(f"{'server':<10}{'way':<22}{'rows/s':>10}{'to Feast':>12}")
    for kind, found in writes.items():
        for way, rate in found.items():
            print(f"{kind:<10}{way:<22}{rate:>10,.0f}{rate / found['Feast']:>11.1f}x")
    for title, measured in (("One customer pushed, until it is read", pushes), ("One customer read", reads)):
        print(f"\n{title}: milliseconds\n{'server':<10}{'way':<22}{'p50':>10}{'p99':>10}{'to Feast':>13}")
        for kind, ways in measured.items():
            for way, seconds in ways.items():
                line(kind, way, seconds, ways["Feast"])
    print("\nWhat we wrote was read back by Feast and was equal.")


if __name__ == "__main__":
    main()
