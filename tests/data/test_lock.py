"""One at a time: among threads, among processes, and after a holder was killed."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from data.lock import LockedError, one_at_a_time

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, time
from pathlib import Path
from data.lock import one_at_a_time
with one_at_a_time(Path(sys.argv[1]), what="test", wait_seconds=0):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def holder(tmp_path):
    """``holder(seconds)``: another process that holds the lock for so long."""
    started = []

    def hold(seconds):
        command = [sys.executable, "-c", HOLD, str(tmp_path / "lock"), str(seconds)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_free_again_when_the_block_ends(tmp_path):
    for _ in range(2):
        with one_at_a_time(tmp_path / "new" / "lock", what="test", wait_seconds=0) as died:
            assert died is None


def test_a_block_that_fails_lets_go(tmp_path):
    with pytest.raises(ZeroDivisionError), one_at_a_time(tmp_path / "lock", what="test", wait_seconds=0):
        1 / 0  # noqa: B018
    with one_at_a_time(tmp_path / "lock", what="test", wait_seconds=0) as died:
        assert died is None


def test_another_process_is_named(tmp_path, holder):
    process = holder(60)
    expected = f"Process {process.pid} is at counting already, and was not done after 0.1 seconds"
    with (
        pytest.raises(LockedError, match=expected),
        one_at_a_time(tmp_path / "lock", what="counting", wait_seconds=0.1),
    ):
        pass


def test_a_holder_that_is_done_in_time_is_waited_for(tmp_path, holder):
    process = holder(0.3)
    with one_at_a_time(tmp_path / "lock", what="test", wait_seconds=60) as died:
        assert died is None
    assert process.wait(timeout=60) == 0


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path, holder):
    process = holder(60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with one_at_a_time(tmp_path / "lock", what="test", wait_seconds=0) as died:
        assert died == process.pid


def test_threads_of_one_process_exclude_each_other(tmp_path):
    inside, most = [0], [0]

    def work():
        with one_at_a_time(tmp_path / "lock", what="test", wait_seconds=60):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.02)
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_a_file_that_says_nothing_is_no_holder(tmp_path):
    for text in ("", "{", "[]", '{"pid": null}'):
        (tmp_path / "lock").write_text(text)
        with one_at_a_time(tmp_path / "lock", what="test", wait_seconds=0) as died:
            assert died is None
