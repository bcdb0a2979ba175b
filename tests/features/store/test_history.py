"""History: versions that never change, rows that are taken once, and what is refused."""

from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.store.history import NotNewerError, RowsRefusedError

DAY = date(2024, 3, 1)


def files(store):
    return sorted(path.name for path in (store.folder / "history").iterdir())


def test_facts_are_dated_at_the_end_of_their_day(store, feature_rows, computed):
    version = store.write_history(feature_rows(("B1", DAY, 3.0, None, 400.0)), computed_at=computed())
    row = pq.read_table(version.path).to_pylist()[0]
    assert row["event_timestamp"].isoformat() == "2024-03-01T23:59:59.999999+00:00"
    assert row["created_timestamp"] == computed()


def test_the_same_rows_again_change_nothing(store, feature_rows, computed):
    rows = feature_rows(("B1", DAY, 3.0, None, 400.0), ("B2", DAY, 0.0, 0.5, 1.0))
    first = store.write_history(rows, computed_at=computed())
    second = store.write_history(rows, computed_at=computed(60))
    assert second == first
    assert files(store) == [first.path.name]


def test_several_cases_of_one_customer_and_day_are_one_row(store, feature_rows, computed):
    row = ("B1", DAY, 3.0, float("nan"), None)
    version = store.write_history(feature_rows(row, row, row), computed_at=computed())
    assert version.rows == 1


def test_an_earlier_version_stays_as_it_was(store, feature_rows, computed):
    first = store.write_history(feature_rows(("B1", DAY, 3.0, None, 400.0)), computed_at=computed())
    before = first.path.read_bytes()
    second = store.write_history(feature_rows(("B1", DAY, 4.0, None, 400.0)), computed_at=computed(1))
    assert first.path.read_bytes() == before
    assert (second.rows, store.history()) == (2, second)


def test_news_is_what_differs_from_the_newest_row_not_from_any(store, feature_rows, computed):
    rows = [
        store.write_history(feature_rows(("B1", DAY, value, None, 400.0)), computed_at=computed(i)).rows
        for i, value in enumerate([3.0, 4.0, 4.0, 3.0])
    ]
    assert rows == [1, 2, 2, 3]


def test_not_a_number_is_kept_as_null(store, feature_rows, computed):
    version = store.write_history(feature_rows(("B1", DAY, float("nan"), 0.5, 1.0)), computed_at=computed())
    assert pq.read_table(version.path)["open_count"].null_count == 1


def test_refuses_two_truths_about_one_day(store, feature_rows, computed):
    rows = feature_rows(("B1", DAY, 3.0, None, 400.0), ("B1", DAY, 4.0, None, 400.0))
    with pytest.raises(RowsRefusedError, match="Customer B1 has two different rows as of 2024-03-01"):
        store.write_history(rows, computed_at=computed())
    assert store.history() is None


@pytest.mark.parametrize("seconds", [0, -1])
def test_refuses_a_change_that_was_not_computed_later(store, feature_rows, computed, seconds):
    store.write_history(feature_rows(("B1", DAY, 3.0, None, 400.0)), computed_at=computed())
    with pytest.raises(NotNewerError, match="are not newer"):
        store.write_history(feature_rows(("B1", DAY, 4.0, None, 400.0)), computed_at=computed(seconds))


def test_refuses_an_instant_without_a_zone(store, feature_rows):
    with pytest.raises(RowsRefusedError, match="with a time zone, got 2024-03-02T05:00:00"):
        store.write_history(
            feature_rows(("B1", DAY, 3.0, None, 400.0)),
            computed_at=datetime(2024, 3, 2, 5),  # noqa: DTZ001  # the fault under test
        )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(lambda rows: rows.drop_columns(["customer_id"]), "The rows lack customer_id", id="no key"),
        pytest.param(lambda rows: rows.select(["customer_id", "as_of"]), "hold no customer feature", id="no feature"),
        pytest.param(
            lambda rows: rows.set_column(2, "as_of", pa.array(["2024-03-01"])), "must be a date, got string", id="text"
        ),
        pytest.param(
            lambda rows: rows.set_column(1, "customer_id", pa.array([None], pa.string())),
            "1 rows have no customer_id",
            id="null key",
        ),
    ],
)
def test_refuses_rows_without_their_keys(store, feature_rows, computed, change, says):
    with pytest.raises(RowsRefusedError, match=says):
        store.write_history(change(feature_rows(("B1", DAY, 3.0, None, 400.0))), computed_at=computed())


def test_a_moved_folder_keeps_its_history(store, feature_rows, entities, computed, tmp_path, facts):
    store.write_history(feature_rows(("B1", DAY, 3.0, None, 400.0)), computed_at=computed())
    moved = type(store)(store.folder.rename(tmp_path / "elsewhere's"), facts=facts)
    moved.apply()
    at = computed() + timedelta(days=1)
    assert moved.training_set(entities(("B1", at)), ["open_count"])["open_count"].to_pylist() == [3.0]
