"""The whole book at once: readers stay on the complete state before, then see the new one, then the old one goes."""

from datetime import UTC, date, datetime, timedelta

import pytest

from features.store.backend import ChangedMeanwhileError, State
from features.store.definitions import Facts
from features.store.history import NotNewerError

from .conftest import NAMES

DAY = date(2024, 3, 1)


class Clock:
    """The machine's clock, set by hand."""

    def __init__(self):
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self):
        return self.now


def book(feature_rows, customers, value):
    return feature_rows(*((customer, DAY, value, value, value) for customer in customers))


def seen(store, *customers):
    return [facts.values["open_count"] for facts in store.read_online(customers, NAMES)]


def namespaces(store):
    return store._backend.namespaces()


def test_a_refresh_takes_the_place_of_everything(stores, feature_rows, computed):
    store = stores()
    store.write_whole(book(feature_rows, ["B1", "B2"], 1.0), computed_at=computed())
    store.write_whole(book(feature_rows, ["B2", "B3"], 2.0), computed_at=computed(1))
    assert seen(store, "B1", "B2", "B3") == [None, 2.0, 2.0]
    assert store.online_customers() == ["B2", "B3"]


def test_a_writer_that_fails_half_way_has_changed_nothing(stores, feature_rows, computed, monkeypatch):
    store, people = stores(), [f"B{i}" for i in range(900)]
    store.write_whole(book(feature_rows, people, 1.0), computed_at=computed())
    backend = type(store._backend)
    fill = backend.fill

    def half(self, namespace, rows):
        fill(self, namespace, [next(iter(rows))])
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(backend, "fill", half)
        broken.setattr("features.store.online.BATCH", 300)
        with pytest.raises(KeyboardInterrupt):
            store.write_whole(book(feature_rows, people, 2.0), computed_at=computed(1))
    assert set(seen(store, *people)) == {1.0}
    store.write_whole(book(feature_rows, people[:2], 3.0), computed_at=computed(2))
    assert seen(store, "B0", "B1", "B2") == [3.0, 3.0, None], "nothing of the half-written set was taken over"


def test_what_was_pushed_while_the_book_was_computed_is_carried_over(stores, feature_rows, computed):
    store = stores()
    store.write_whole(book(feature_rows, ["B1", "B2"], 1.0), computed_at=computed())
    store.write_online(book(feature_rows, ["B2", "NEW"], 2.0), computed_at=computed(20))
    done = store.write_whole(book(feature_rows, ["B1", "B2"], 3.0), computed_at=computed(10))
    assert (done.customers, done.carried_over) == (1, 2)
    assert seen(store, "B1", "B2", "NEW") == [3.0, 2.0, 2.0]
    assert store.read_online(["B2"], [])[0].computed_at == computed(20)
    store.write_whole(book(feature_rows, ["B1", "B2"], 4.0), computed_at=computed(30))
    assert seen(store, "B1", "B2", "NEW") == [4.0, 4.0, None]


def test_of_two_books_the_one_computed_first_is_refused(stores, feature_rows, computed):
    store = stores()
    store.write_whole(book(feature_rows, ["B1"], 1.0), computed_at=computed(5))
    for seconds in (5, 4):
        with pytest.raises(NotNewerError, match="are not newer"):
            store.write_whole(book(feature_rows, ["B1"], 2.0), computed_at=computed(seconds))
    assert seen(store, "B1") == [1.0]


def test_the_set_before_stays_for_the_grace_and_then_goes(stores, feature_rows, computed):
    clock = Clock()
    store = stores(grace=timedelta(minutes=10), clock=clock)
    store.write_whole(book(feature_rows, ["B1"], 1.0), computed_at=computed())
    old = store.feast()
    store.write_whole(book(feature_rows, ["B1"], 2.0), computed_at=computed(1))
    assert old.get_online_features(["customer_facts:open_count"], {"customer_id": ["B1"]}).to_dict()["open_count"] == [
        1.0
    ], "whoever had begun on the set before still finds it"
    for seconds, kept in ((599, 2), (600, 1)):
        clock.now = Clock().now + timedelta(seconds=seconds)
        store.write_online(book(feature_rows, ["B1"], 3.0), computed_at=computed(seconds + 10))
        assert len(namespaces(store)) == kept
    assert seen(store, "B1") == [3.0]


def test_without_a_grace_a_reader_follows_to_the_new_set(stores, feature_rows, computed):
    store, other = stores(grace=timedelta(0)), stores()
    for value in range(1, 5):
        store.write_whole(book(feature_rows, ["B1"], float(value)), computed_at=computed(value))
        assert seen(other, "B1") == [value]
        assert len(namespaces(store)) == 1


def test_facts_of_other_definitions_go_when_all_of_them_have_been_stale_for_the_grace(stores, feature_rows, computed):
    clock = Clock()
    old = stores(facts=Facts(NAMES, "0_old", ()), clock=clock)
    old.write_whole(book(feature_rows, ["B1"], 1.0), computed_at=clock.now)
    reader = type(old).open_for_reading(old.folder, online=old._online)
    new = stores(clock=clock, grace=timedelta(hours=1), stale_after_days=7)
    for days, hours, kept in ((6, 0, 1.0), (7, 0, 1.0), (7, 1, None)):
        clock.now = Clock().now + timedelta(days=days, hours=hours)
        new.write_whole(book(feature_rows, ["B1"], 2.0), computed_at=clock.now)
        assert seen(reader, "B1") == [kept]
    clock.now += timedelta(hours=1)
    new.write_whole(book(feature_rows, ["B1"], 2.0), computed_at=clock.now)
    assert not [name for name in namespaces(new) if "0_old" in name]
    reader.close()


def test_two_writers_on_two_machines_cannot_both_move_the_pointer(stores, feature_rows, computed):
    store = stores()
    store.write_whole(book(feature_rows, ["B1"], 1.0), computed_at=computed())
    backend, project = store._backend, store.facts.project
    before = backend.state(project)
    backend.save(project, State(before.generation, before.revision + 1, before.note))
    with pytest.raises(ChangedMeanwhileError, match="Run it again"):
        backend.save(project, State(7, before.revision + 1, before.note))
    assert seen(store, "B1") == [1.0]


def test_a_table_that_the_product_made_before_there_were_sets_goes_too(tmp_path, facts, feature_rows, computed):
    import sqlite3

    from features.store.store import Store

    clock = Clock()
    store = Store(tmp_path, facts=facts, online="sqlite", clock=clock, grace=timedelta(minutes=1))
    store.apply()
    con = sqlite3.connect(tmp_path / "online.db")
    con.execute('CREATE TABLE "o2c_risk_0_older_customer_facts" (entity_key BLOB)')
    con.execute('CREATE TABLE "somebody_elses_customer_facts" (entity_key BLOB)')
    con.close()
    for minutes in (0, 1):
        clock.now += timedelta(minutes=minutes)
        write = store.write_online if minutes else store.write_whole
        write(book(feature_rows, ["B1"], 1.0), computed_at=computed(minutes))
    assert namespaces(store) == ["o2c_risk_1_test_g1", "somebody_elses"]
    store.close()
