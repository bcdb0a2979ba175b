"""What is kept: read back while nothing changed, made anew when something did, and never half."""

import pyarrow as pa
import pytest

from benchmarks.models.kept import Kept, digest_of_files


class Maker:
    def __init__(self):
        self.made = 0

    def __call__(self):
        self.made += 1
        return {"made": self.made}


def test_a_part_is_measured_once_for_one_state(tmp_path):
    make = Maker()
    assert [Kept(tmp_path, "state").figures("late", "code", make) for _ in range(2)] == [{"made": 1}] * 2
    assert Kept(tmp_path, "other data").figures("late", "code", make) == {"made": 2}
    assert Kept(tmp_path, "state").figures("late", "other code", make) == {"made": 3}
    assert Kept(tmp_path, "state", again=True).figures("late", "code", make) == {"made": 4}
    assert Kept(tmp_path, "state").figures("late", "code", make) == {"made": 4}


def test_a_run_that_stopped_leaves_nothing_that_looks_whole(tmp_path):
    kept = Kept(tmp_path, "state")

    def stopped():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept.table("walk", "code", stopped)
    assert kept.table("walk", "code", lambda: pa.table({"n": [1]})).num_rows == 1


def test_a_digest_follows_names_and_contents(tmp_path):
    one, two = tmp_path / "a.py", tmp_path / "b.py"
    one.write_text("x = 1")
    before = digest_of_files([one], tmp_path)
    one.rename(two)
    renamed = digest_of_files([two], tmp_path)
    two.write_text("x = 2")
    assert len({before, renamed, digest_of_files([two], tmp_path)}) == 3
