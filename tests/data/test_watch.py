"""A folder of arriving extracts: each complete set once, whatever is half written, killed or broken."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from data.lake import Lake
from data.lock import LockedError
from data.mapping import SourceMapping
from data.open_files import open_for_writing
from data.sources import SourceFileError
from data.watch import Inbox, InboxError, Taken, Waiting, changes

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
COLUMNS = {
    "order_id": {"from": "order"}, "customer_id": {"from": "customer"}, "ordered_on": {"from": "day"},
    "amount": {"from": "amount"}, "known_at": {"from": "day"},
}  # fmt: skip


def mapping(*files, **options):
    entries = [{"tables": {"orders": {"columns": COLUMNS}}} | file for file in files or [{"file": "orders_*.csv"}]]
    return SourceMapping.model_validate(
        {"source": "erp", "description": "", "currency": "EUR", "files": entries} | options
    )


def drop(folder, name, *orders, age=60):
    """A file that was last changed ``age`` seconds ago."""
    folder.mkdir(exist_ok=True)
    lines = [f"{order};C1;2024-01-05;10" for order in orders]
    (folder / name).write_text("\n".join(["order;customer;day;amount", *lines]) + "\n", encoding="utf-8")
    changed(folder / name, age)


def changed(path, age):
    stamp = NOW.timestamp() - age
    os.utime(path, (stamp, stamp))


class Took:
    """A take that notes what it saw; raises ``error`` if one is set."""

    def __init__(self, error=None):
        self.sets, self.error = [], error

    def __call__(self, folder, received_at):
        self.sets.append((sorted(path.name for path in folder.iterdir()), received_at))
        if self.error is not None:
            raise self.error
        return {"counts": {}}


def inbox(folder, take, *files, **options):
    folder.mkdir(exist_ok=True)
    return Inbox(folder, mapping(*files), take, **options)


def test_a_complete_set_is_taken_once_and_moved_with_its_report(tmp_path):
    drop(tmp_path, "orders_1.csv", "A")
    drop(tmp_path, "orders_2.csv", "B")
    take = Took()
    (taken,) = inbox(tmp_path, take).once(NOW)
    assert take.sets == [(["orders_1.csv", "orders_2.csv"], NOW)]
    assert taken.folder == tmp_path / "done" / "20260105T120000000000Z"
    assert sorted(path.name for path in taken.folder.iterdir()) == ["orders_1.csv", "orders_2.csv", "report.json"]
    assert json.loads((taken.folder / "report.json").read_text()) == {"counts": {}}
    assert list(inbox(tmp_path, take).once(NOW + timedelta(minutes=1))) == []
    assert len(take.sets) == 1


def test_a_refused_set_goes_to_failed_with_the_reason_and_does_not_stop_the_next(tmp_path):
    drop(tmp_path, "orders_1.csv", "A")
    (refused,) = inbox(tmp_path, Took(SourceFileError("orders_1.csv", "it lacks the column day."))).once(NOW)
    assert refused.error == "orders_1.csv: it lacks the column day."
    assert (tmp_path / "failed" / refused.name / "error.txt").read_text() == f"{refused.error}\n"
    assert (tmp_path / "failed" / refused.name / "orders_1.csv").is_file()
    drop(tmp_path, "orders_1.csv", "A")
    (taken,) = inbox(tmp_path, Took()).once(NOW + timedelta(minutes=1))
    assert taken.report == {"counts": {}}


def test_an_error_that_nobody_foresaw_is_told_with_its_origin(tmp_path):
    drop(tmp_path, "orders_1.csv", "A")
    (refused,) = inbox(tmp_path, Took(ZeroDivisionError("oops"))).once(NOW)
    assert refused.error.startswith("Traceback")
    assert "ZeroDivisionError: oops" in refused.error


@pytest.mark.parametrize("error", [OSError("No space left on device"), LockedError("an ingest", Path("x"), "it", 1)])
def test_what_says_nothing_against_the_files_is_tried_again(tmp_path, error):
    drop(tmp_path, "orders_1.csv", "A")
    with pytest.raises(type(error)):
        list(inbox(tmp_path, Took(error)).once(NOW))
    again = Took()
    (taken,) = inbox(tmp_path, again).once(NOW + timedelta(hours=1))
    assert again.sets == [(["orders_1.csv"], NOW)], "it counts as received when it was first claimed"
    assert taken.report is not None


@pytest.mark.parametrize(
    ("age", "taken"),
    [
        pytest.param(4.9, False, id="changed 4.9 s ago"),
        pytest.param(5.1, True, id="changed 5.1 s ago"),
        pytest.param(-3600, False, id="by a clock that is an hour ahead"),
        pytest.param(-90_000, True, id="by a clock that says nothing"),
    ],
)
def test_a_file_must_not_have_changed_for_some_seconds(tmp_path, age, taken):
    drop(tmp_path, "orders_1.csv", "A", age=age)
    take = Took()
    (told,) = inbox(tmp_path, take).once(NOW)
    assert bool(take.sets) == taken
    assert taken or told == Waiting("orders_1.csv is still being written")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="only Linux tells who has a file open")
def test_a_file_that_somebody_has_open_for_writing_is_waited_for_however_old(tmp_path):
    drop(tmp_path, "orders_1.csv", "A")
    take = Took()
    with (tmp_path / "orders_1.csv").open("a") as writer:
        changed(tmp_path / "orders_1.csv", 600)
        assert open_for_writing(tmp_path / "orders_1.csv")
        assert list(inbox(tmp_path, take).once(NOW)) == [Waiting("orders_1.csv is still being written")]
        writer.write("B;C1;2024-01-05;10\n")
    changed(tmp_path / "orders_1.csv", 600)
    with (tmp_path / "orders_1.csv").open():
        assert not open_for_writing(tmp_path / "orders_1.csv"), "reading it does no harm"
        list(inbox(tmp_path, take).once(NOW))
    assert take.sets == [(["orders_1.csv"], NOW)]
    assert not open_for_writing(tmp_path / "orders_1.csv")


@pytest.mark.parametrize(
    "name", ["orders_1.csv.part", ".orders_1.csv", "~$orders_1.csv", "orders_1.csv.tmp", "notes.txt"]
)
def test_what_is_no_file_of_the_mapping_stays(tmp_path, name):
    drop(tmp_path, name, "A")
    assert list(inbox(tmp_path, Took(), {"file": "orders_*.csv*"}).once(NOW)) == []
    assert (tmp_path / name).is_file()


def test_a_set_waits_for_all_that_is_not_optional(tmp_path):
    files = [{"file": "a.csv"}, {"file": "b.csv"}, {"file": "c.csv", "optional": True}]
    take = Took()
    drop(tmp_path, "a.csv", "A")
    assert list(inbox(tmp_path, take, *files).once(NOW)) == [Waiting("a.csv came; waiting for b.csv")]
    drop(tmp_path, "b.csv", "B")
    list(inbox(tmp_path, take, *files).once(NOW))
    assert take.sets == [(["a.csv", "b.csv"], NOW)]


def test_a_set_waits_for_the_file_that_the_sender_writes_last(tmp_path):
    drop(tmp_path, "orders_1.csv", "A")
    take = Took()
    (told,) = inbox(tmp_path, take, ready="_READY").once(NOW)
    assert told == Waiting("orders_1.csv came; waiting for _READY, which the sender writes last")
    drop(tmp_path, "_READY")
    (taken,) = inbox(tmp_path, take, ready="_READY").once(NOW)
    assert taken.files == ("orders_1.csv", "_READY")
    assert not (tmp_path / "_READY").exists()


def test_a_folder_has_one_watcher(tmp_path):
    drop(tmp_path, "orders_1.csv", "A")
    watching = inbox(tmp_path, Took()).once(NOW)
    next(watching)
    with pytest.raises(LockedError):
        list(inbox(tmp_path, Took()).once(NOW))
    watching.close()


def test_a_mapping_that_cannot_be_watched(tmp_path):
    sql = {"kind": "sql", "files": [{"name": "limits", "query": "SELECT 1"}]}
    with pytest.raises(InboxError, match="reads a database"):
        Inbox(tmp_path, mapping(**sql), Took())
    with pytest.raises(InboxError, match=r"directly in the folder.*2024/\*\.csv"):
        inbox(tmp_path, Took(), {"file": "2024/*.csv"})


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", range(14))
@pytest.mark.parametrize("fails", [False, True])
def test_a_process_that_is_killed_before_any_step_loses_nothing_and_doubles_nothing(tmp_path, monkeypatch, step, fails):
    """Every change of the file system is a place to die; after a restart the set ends where it would have."""
    drop(tmp_path / "in", "orders_1.csv", "A")
    drop(tmp_path / "in", "orders_2.csv", "B")
    take, left = Took(SourceFileError("orders_1.csv", "no") if fails else None), [step]

    def dying(name, original):
        def called(self, *arguments, **options):
            if "in" in self.parts and ".lock" not in self.name:
                left[0] -= 1
                if left[0] < 0:
                    raise Killed(name)
            return original(self, *arguments, **options)

        return called

    with monkeypatch.context() as patched:
        for name in ("mkdir", "rename", "replace", "unlink", "open"):
            patched.setattr(Path, name, dying(name, getattr(Path, name)))
        died = False
        try:
            list(Inbox(tmp_path / "in", mapping(), take).once(NOW))
        except Killed:
            died = True
    list(Inbox(tmp_path / "in", mapping(), take).once(NOW + timedelta(hours=1)))
    ends = list((tmp_path / "in" / ("failed" if fails else "done")).iterdir())
    assert len(ends) == 1
    assert {"orders_1.csv", "orders_2.csv"} <= {path.name for path in ends[0].iterdir()}
    assert not list((tmp_path / "in").glob("*.csv"))
    assert not list((tmp_path / "in" / ".taking").glob("*.json"))
    assert len({tuple(files) for files, _ in take.sets}) == 1, "each time the same files"
    assert len({when for _, when in take.sets}) == 1, "each time as received at the first claim"
    assert died or step > 5


def test_a_claim_is_noted_whole_or_not_at_all(tmp_path, monkeypatch):
    """A process that dies while it writes the note has claimed nothing."""
    drop(tmp_path, "orders_1.csv", "A")

    def killed(descriptor):
        raise Killed

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(Killed):
        list(inbox(tmp_path, Took()).once(NOW))
    monkeypatch.undo()
    assert not list((tmp_path / ".taking").glob("*.json"))
    take = Took()
    list(inbox(tmp_path, take).once(NOW + timedelta(hours=1)))
    assert take.sets == [(["orders_1.csv"], NOW + timedelta(hours=1))]


def test_a_claimed_file_that_was_replaced_before_it_was_moved_is_not_taken_for_the_old_one(tmp_path, monkeypatch):
    drop(tmp_path, "orders_1.csv", "A")
    drop(tmp_path, "orders_2.csv", "B")

    def killed(self, target):
        if self.name == "orders_2.csv":
            raise Killed
        return os.rename(self, target)

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(Killed):
        list(inbox(tmp_path, Took()).once(NOW))
    monkeypatch.undo()
    drop(tmp_path, "orders_2.csv", "B", "C", age=30)
    take = Took()
    refused, taken = inbox(tmp_path, take).once(NOW + timedelta(hours=1))
    assert "orders_2.csv changed or went away" in refused.error
    assert take.sets == [(["orders_2.csv"], NOW + timedelta(hours=1))]
    assert taken.report is not None


def test_a_real_process_killed_while_it_takes_a_set_in(tmp_path):
    """SIGKILL in the middle of the ingest; the next run completes it, and the lake holds each order once."""
    drop(tmp_path / "in", "orders_1.csv", *[f"A{n}" for n in range(50)])
    (tmp_path / "m.yaml").write_text(json.dumps(mapping().model_dump(mode="json", by_alias=True, exclude_none=True)))
    program = """
import sys, time
from pathlib import Path
from datetime import datetime, UTC
from data import ingest as module
from data.lake import Lake
from data.mapping import load_mapping
from data.watch import Inbox
home, slow = Path(sys.argv[1]), sys.argv[2] == "slow"
def take(folder, received_at):
    mapping, lake = load_mapping(home / "m.yaml"), Lake(home / "lake", threads=1)
    report = module.ingest(folder, mapping, lake, received_at=received_at)
    print("ingested", flush=True)
    time.sleep(60 if slow else 0)
    return report.as_dict()
told = list(Inbox(home / "in", load_mapping(home / "m.yaml"), take).once(datetime(2026, 1, 5, 12, tzinfo=UTC)))
"""
    command = [sys.executable, "-W", "ignore", "-c", program, str(tmp_path)]
    with subprocess.Popen([*command, "slow"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ingested\n"
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "in" / "done").exists()
    subprocess.run([*command, "fast"], cwd=ROOT, check=True, capture_output=True)
    assert Lake(tmp_path / "lake").read("orders").num_rows == 50
    (done,) = (tmp_path / "in" / "done").iterdir()
    counts = json.loads((done / "report.json").read_text())["counts"]["orders"]
    assert (counts["accepted"], counts["added"], counts["unchanged"]) == (50, 0, 50)


@pytest.mark.parametrize("polling", [None, True])
def test_a_change_is_seen_at_once_and_silence_ends_after_the_pause(tmp_path, polling):
    seen = changes(tmp_path, pause=timedelta(seconds=20), polling=polling)
    next(seen)
    threading.Timer(0.5, lambda: (tmp_path / "a").write_text("x")).start()
    began = time.monotonic()
    next(seen)
    assert time.monotonic() - began < 10
    seen.close()
    quiet = changes(tmp_path, pause=timedelta(seconds=0.1), polling=polling)
    assert next(quiet) is next(quiet) is None
    quiet.close()


def test_a_system_that_cannot_tell_is_polled(tmp_path, monkeypatch):
    import watchfiles

    asked = []

    def watch(folder, **options):
        asked.append(options["force_polling"])
        if not options["force_polling"]:
            raise OSError("No space left on device (os error 28)")  # how the lack of watches is told
        yield set()

    monkeypatch.setattr(watchfiles, "watch", watch)
    seen = changes(tmp_path, pause=timedelta(seconds=1))
    assert next(seen) is next(seen) is None
    assert asked == [None, True]


class Arrivals(RuleBasedStateMachine):
    """Files arrive, are half written, runs die; each order that arrived ends up in exactly one set."""

    def __init__(self):
        super().__init__()
        import tempfile

        self.home = tempfile.TemporaryDirectory()
        self.folder = Path(self.home.name)
        self.now, self.sent, self.taken, self.number = NOW, set(), {}, 0

    @rule(names=st.sets(st.integers(1, 3), min_size=1), settled=st.booleans())
    def arrive(self, names, settled):
        for name in names:
            path = self.folder / f"orders_{name}.csv"
            if not path.exists():
                self.number += 1
                self.sent.add(str(self.number))
                path.write_text(str(self.number))
                stamp = self.now.timestamp() - (60 if settled else 0)
                os.utime(path, (stamp, stamp))

    @rule(dies=st.booleans(), refused=st.booleans())
    def run(self, dies, refused):
        self.now += timedelta(seconds=3)

        def take(folder, received_at):
            if dies:
                raise Killed
            if refused:
                raise SourceFileError("x", "no")
            return {"orders": sorted(path.read_text() for path in folder.glob("*.csv"))}

        try:
            told = list(Inbox(self.folder, mapping(), take).once(self.now))
        except Killed:
            return
        for one in told:
            if isinstance(one, Taken):
                for path in one.folder.glob("*.csv"):
                    order = path.read_text()
                    assert order not in self.taken
                    self.taken[order] = one.name

    @invariant()
    def nothing_is_lost(self):
        waiting = {path.read_text() for path in self.folder.rglob("*.csv")}
        assert waiting == self.sent

    def teardown(self):
        self.now += timedelta(seconds=60)
        self.run(dies=False, refused=False)
        assert set(self.taken) == self.sent
        self.home.cleanup()


Arrivals.TestCase.settings = settings(max_examples=20, stateful_step_count=15)
TestArrivals = Arrivals.TestCase
