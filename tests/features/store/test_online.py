"""Online facts: what was written is read, to the bit; readers never fail while somebody writes."""

import sqlite3
import threading
from contextlib import closing
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.store.definitions import Facts
from features.store.history import NotNewerError, RowsRefusedError
from features.store.online import BATCH, OnlineFacts
from features.store.store import Store

DAY = date(2024, 3, 1)
NAMES = ("open_count", "overdue_share", "tenure_days")


def test_reads_what_was_written(store, feature_rows, computed):
    store.write_online(
        feature_rows(("B1", DAY, 3.0, None, 400.0), ("B2", DAY, 0.1 + 0.2, float("nan"), -0.0)), computed_at=computed()
    )
    assert store.read_online(["B2", "B9", "B1", "B2"], ["tenure_days", "overdue_share", "open_count"]) == [
        OnlineFacts(
            "B2", {"tenure_days": 0.0, "overdue_share": None, "open_count": 0.30000000000000004}, DAY, computed()
        ),
        OnlineFacts("B9", {"tenure_days": None, "overdue_share": None, "open_count": None}, None, None),
        OnlineFacts("B1", {"tenure_days": 400.0, "overdue_share": None, "open_count": 3.0}, DAY, computed()),
        OnlineFacts(
            "B2", {"tenure_days": 0.0, "overdue_share": None, "open_count": 0.30000000000000004}, DAY, computed()
        ),
    ]


def test_nobody_asked_for_nothing_read(store):
    assert store.read_online([], NAMES) == []


def test_a_customer_of_whom_everything_is_null_is_known_all_the_same(store, feature_rows, computed):
    store.write_online(feature_rows(("B1", DAY, None, None, None)), computed_at=computed())
    assert store.read_online(["B1"], NAMES) == [OnlineFacts("B1", dict.fromkeys(NAMES), DAY, computed())]


def test_a_value_that_became_null_is_null(store, feature_rows, computed):
    store.write_online(feature_rows(("B1", DAY, 3.0, 0.5, 400.0)), computed_at=computed())
    store.write_online(feature_rows(("B1", DAY, None, 0.5, 400.0)), computed_at=computed(1))
    assert store.read_online(["B1"], ["open_count"])[0].values == {"open_count": None}


def test_a_rewrite_leaves_other_customers_alone(store, feature_rows, computed):
    store.write_online(feature_rows(("B1", DAY, 3.0, 0.5, 400.0), ("B2", DAY, 4.0, 0.5, 1.0)), computed_at=computed())
    store.write_online(feature_rows(("B1", DAY + timedelta(days=1), 5.0, 0.5, 401.0)), computed_at=computed(86_400))
    assert [(f.values["open_count"], f.as_of) for f in store.read_online(["B1", "B2"], NAMES)] == [
        (5.0, DAY + timedelta(days=1)),
        (4.0, DAY),
    ]


def test_more_customers_than_one_batch(store, feature_rows, computed):
    book = [(f"B{i}", DAY, float(i), None, 1.0) for i in range(2 * BATCH + 1)]
    store.write_online(feature_rows(*book), computed_at=computed())
    found = store.read_online([row[0] for row in book], ["open_count"])
    assert [facts.values["open_count"] for facts in found] == [row[2] for row in book]


@pytest.mark.parametrize("microseconds", [0, -1])
def test_refuses_a_write_that_is_not_newer(store, feature_rows, computed, microseconds):
    store.write_online(feature_rows(("B1", DAY, 3.0, 0.5, 400.0)), computed_at=computed())
    with pytest.raises(NotNewerError, match="are not newer"):
        store.write_online(
            feature_rows(("B2", DAY, 4.0, 0.5, 400.0)), computed_at=computed() + timedelta(microseconds=microseconds)
        )
    assert store.read_online(["B2"], NAMES)[0].as_of is None


def test_a_microsecond_later_is_newer(store, feature_rows, computed):
    just_after = computed() + timedelta(microseconds=1)
    store.write_online(feature_rows(("B1", DAY, 3.0, 0.5, 400.0)), computed_at=computed())
    store.write_online(feature_rows(("B1", DAY, 4.0, 0.5, 400.0)), computed_at=just_after)
    assert store.read_online(["B1"], ["open_count"]) == [OnlineFacts("B1", {"open_count": 4.0}, DAY, just_after)]


@pytest.mark.parametrize(
    ("rows", "names", "says"),
    [
        pytest.param([("B1", DAY, 3.0, 0.5)], NAMES[:2], "The rows lack tenure_days", id="a feature short"),
        pytest.param([("B1", DAY, 3.0, 0.5, 1.0)] * 2, NAMES, "1 customers come more than once.*B1", id="twice"),
        pytest.param([(None, DAY, 3.0, 0.5, 1.0)], NAMES, "1 rows have no customer_id", id="nobody"),
        pytest.param([("B1", None, 3.0, 0.5, 1.0)], NAMES, "1 rows have no as_of", id="no day"),
    ],
)
def test_refuses_rows_that_are_not_one_per_customer(store, feature_rows, computed, rows, names, says):
    with pytest.raises(RowsRefusedError, match=says):
        store.write_online(feature_rows(*rows, names=names), computed_at=computed())
    store.write_online(feature_rows(("B1", DAY, 3.0, 0.5, 400.0)), computed_at=computed())


def test_facts_of_other_definitions_are_missing_not_served(store, feature_rows, computed):
    running = Store.open_for_reading(store.folder)
    store.write_online(feature_rows(("B1", DAY, 3.0, 0.5, 400.0)), computed_at=computed())
    changed = Store(store.folder, facts=Facts(NAMES, "2_test", ()))
    changed.apply()
    assert changed.read_online(["B1"], NAMES)[0].as_of is None
    assert running.read_online(["B1"], NAMES)[0].values["open_count"] == 3.0


def test_a_reader_does_not_wait_for_a_writer_in_the_middle_of_its_work(store, feature_rows, computed):
    store.write_online(feature_rows(("B1", DAY, 3.0, 0.5, 400.0)), computed_at=computed())
    reader = Store.open_for_reading(store.folder)
    with closing(sqlite3.connect(store.folder / "online.db", isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        writer.execute('DELETE FROM "o2c_risk_1_test_g1_customer_facts"')
        assert reader.read_online(["B1"], ["open_count"])[0].values == {"open_count": 3.0}
        writer.execute("ROLLBACK")


def test_reads_never_fail_while_everything_is_rewritten(store, feature_rows, computed):
    customers = [f"B{i}" for i in range(40)]
    reader = Store.open_for_reading(store.folder)
    seen, faults, done = [], [], threading.Event()

    def write(value):
        rows = feature_rows(*((customer, DAY, value, value, value) for customer in customers))
        store.write_online(rows, computed_at=computed(value))
        store.write_history(rows, computed_at=computed(value))

    def read():
        try:
            while not done.is_set():
                seen.extend(tuple(facts.values.values()) for facts in reader.read_online(customers[:3], NAMES))
                Store.open_for_reading(store.folder).features("default_v1")
        except Exception as fault:  # noqa: BLE001  # any fault at all is the finding
            faults.append(fault)

    write(0.0)
    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in readers:
        thread.start()
    for value in range(1, 9):
        write(float(value))
    done.set()
    for thread in readers:
        thread.join()
    assert not faults
    assert len(seen) > 50
    assert all(len(set(values)) == 1 for values in seen), "a customer was seen with old and new values mixed"


PRINTABLE = st.characters(exclude_categories=("C", "Z"), include_characters=" ")


@settings(max_examples=10)
@given(
    st.lists(
        st.tuples(
            st.text(PRINTABLE, min_size=1, max_size=8),
            st.dates(date(2000, 1, 1), date(2099, 12, 31)),
            *[st.none() | st.floats(allow_nan=False, allow_infinity=False)] * 3,
        ),
        min_size=1,
        max_size=8,
        unique_by=lambda row: row[0],
    )
)
def test_any_finite_value_of_any_customer_comes_back(tmp_path_factory, facts, feature_rows, computed, rows):
    store = Store(tmp_path_factory.mktemp("store"), facts=facts)
    store.apply()
    store.write_online(feature_rows(*rows), computed_at=computed())
    found = store.read_online([row[0] for row in rows], NAMES)
    assert [(f.customer_id, f.as_of, *f.values.values()) for f in found] == rows
