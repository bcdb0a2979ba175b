"""Old files of history: kept while somebody may read them, then removed."""

from datetime import UTC, date, datetime, timedelta

from features.store.store import Store

DAY = date(2024, 3, 1)
GRACE = timedelta(hours=1)


class Clock:
    """The machine's clock, set by hand."""

    def __init__(self):
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self):
        return self.now


def test_a_superseded_version_stays_for_the_grace(tmp_path, facts, feature_rows, computed):
    clock = Clock()
    store = Store(tmp_path, facts=facts, clock=clock, grace=GRACE, online="sqlite")
    store.apply()
    made = []
    for minutes, there in ((0, 1), (30, 2), (60, 3), (89, 4), (90, 4), (151, 2)):
        clock.now = Clock().now + timedelta(minutes=minutes)
        made.append(store.write_history(feature_rows(("B1", DAY, float(minutes), None, 1.0)), computed_at=clock.now))
        files = sorted(path.name for path in (tmp_path / "history").glob("*.parquet"))
        assert len(files) == there, minutes
        assert made[-1].path.name in files
    assert made[-2].path.exists(), "the one before became old a moment ago"


def test_what_a_killed_writer_left_goes_with_the_next_write(tmp_path, facts, feature_rows, computed):
    store = Store(tmp_path, facts=facts, online="sqlite")
    store.apply()
    store.write_history(feature_rows(("B1", DAY, 1.0, None, 1.0)), computed_at=computed())
    (tmp_path / "history" / ".0f0f.parquet").write_bytes(b"half")
    version = store.write_history(feature_rows(("B1", DAY, 2.0, None, 1.0)), computed_at=computed(1))
    assert not list((tmp_path / "history").glob(".*"))
    assert store.history() == version


def test_the_same_rows_again_make_nothing_old(tmp_path, facts, feature_rows, computed):
    store = Store(tmp_path, facts=facts, online="sqlite", grace=timedelta(0))
    store.apply()
    for seconds in range(2):
        version = store.write_history(feature_rows(("B1", DAY, 1.0, None, 1.0)), computed_at=computed(seconds))
    assert version.path.exists()
    assert not (tmp_path / "history" / "superseded.json").exists()
