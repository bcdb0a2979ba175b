"""The registry: written whole, read once, and never able to carry code."""

import threading

import pytest

from features.store.definitions import Facts, ServedSet
from features.store.feast_api import RegistryProto
from features.store.reader import Reader, UnknownServiceError
from features.store.registry import (
    RegistryHoldsCodeError,
    RegistryIsReadOnlyError,
    StoreNotAppliedError,
    content,
    read_registry,
)
from features.store.store import Store

NAMES = ("open_count", "overdue_share", "tenure_days")


def registry(store):
    return store.folder / "registry.db"


def test_apply_twice_leaves_the_very_same_file(store):
    before = registry(store).read_bytes()
    store.apply()
    assert registry(store).read_bytes() == before


def test_two_folders_hold_the_same_definitions_but_for_the_path(store, tmp_path, facts):
    other = Store(tmp_path / "other", facts=facts)
    other.apply()
    said = [content(read_registry(registry(s))).replace(str(s.folder).encode(), b"") for s in (store, other)]
    assert len(said[0]) == len(said[1])


def test_a_changed_set_changes_the_registry_and_drops_what_is_gone(store):
    Store(store.folder, facts=Facts(NAMES, "1_test", (ServedSet("default_v2", NAMES, "ab"),))).apply()
    reader = Reader(store.folder)
    assert (reader.features("default_v2"), reader.feature_set_hash("default_v2")) == (NAMES, "ab")
    with pytest.raises(UnknownServiceError, match="no feature service 'default_v1'; the registry defines default_v2"):
        reader.features("default_v1")


def test_services_keep_names_order_and_hash_of_their_sets(store):
    reader = Store.open_for_reading(store.folder)
    assert reader.features("default_v1") == ("open_count", "overdue_share")
    assert reader.feature_set_hash("default_v1") == "0123456789abcdef"


def test_no_scratch_file_stays_behind(store):
    files = {path.name for path in store.folder.iterdir()}
    assert files - {"online.db-shm", "online.db-wal"} == {"online.db", "registry.db", "write.lock"}


def test_two_applies_at_once_leave_one_whole_registry(tmp_path, facts):
    stores = [Store(tmp_path / "store", facts=facts) for _ in range(2)]
    threads = [threading.Thread(target=store.apply) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Reader(tmp_path / "store").features("limit_v1") == ("overdue_share", "tenure_days")


def test_a_reader_opens_only_what_was_applied(tmp_path):
    with pytest.raises(StoreNotAppliedError, match=r"run Store\.apply\(\)"):
        Store.open_for_reading(tmp_path)


def test_a_reader_goes_on_without_the_file(store):
    reader = Store.open_for_reading(store.folder)
    registry(store).unlink()
    assert reader.read_online(["B1"], ["open_count"])[0].as_of is None


def test_a_reader_cannot_change_the_definitions(store):
    reader = Store.open_for_reading(store.folder)
    before = registry(store).read_bytes()
    with pytest.raises(RegistryIsReadOnlyError, match=r"change by Store\.apply\(\) alone"):
        reader.feast().registry.commit()
    assert registry(store).read_bytes() == before


def test_the_registry_holds_no_code(store):
    proto = read_registry(registry(store))
    assert not proto.on_demand_feature_views
    assert b"pickle" not in proto.SerializeToString()
    assert b"dill" not in proto.SerializeToString()


def test_a_planted_transformation_is_refused(store):
    proto = RegistryProto.FromString(registry(store).read_bytes())
    planted = proto.on_demand_feature_views.add()
    planted.spec.feature_transformation.user_defined_function.body_text = "import os"
    registry(store).write_bytes(proto.SerializeToString())
    with pytest.raises(RegistryHoldsCodeError, match="on_demand_feature_views, which Feast may run as code"):
        Store.open_for_reading(store.folder)


def test_a_transformation_planted_in_the_view_is_refused(store):
    proto = RegistryProto.FromString(registry(store).read_bytes())
    proto.feature_views[0].spec.feature_transformation.user_defined_function.body_text = "import os"
    registry(store).write_bytes(proto.SerializeToString())
    with pytest.raises(RegistryHoldsCodeError, match="a transformation in customer_facts"):
        store.apply()


def test_refuses_a_set_that_asks_for_a_stranger():
    with pytest.raises(ValueError, match="default_v1 asks for moon_phase: not among the customer features"):
        Facts(NAMES, "1_test", (ServedSet("default_v1", ("moon_phase",), "ab"),))
