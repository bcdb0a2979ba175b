"""One at a time: a lock file that says who holds it, and that the death of its holder releases.

The lock is the operating system's (flock), so no process has to guess from a process number whether another still
lives: whatever ends the holder, SIGKILL included, lets go. The number in the file is for people. Two openings of the
file exclude each other within one process, too.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PAUSE: Final = 0.05  # seconds between two looks at a lock that is held


class LockedError(RuntimeError):
    """Somebody else holds the lock, and did not let go in time."""

    def __init__(self, what: str, path: Path, holder: str, waited: float) -> None:
        super().__init__(
            f"{holder} is at {what} already, and was not done after {waited:g} seconds. "
            f"Run this again when it is, or wait longer. The lock is {path}; it frees itself when its holder ends."
        )
        self.path, self.holder, self.waited = path, holder, waited


@contextmanager
def one_at_a_time(path: Path, *, what: str, wait_seconds: float) -> Iterator[int | None]:
    """Hold a lock while the block runs.

    Args:
        path: The lock file; made with its folder when it is not there, and never removed.
        what: What is done under the lock, for the message.
        wait_seconds: How long to wait for another holder, 0 or more.

    Yields:
        The process number of a holder that died in the block, whose lock is taken over; else None.

    Raises:
        LockedError: Another holder did not let go in time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        _wait(file.fileno(), path, what, wait_seconds)
        died = _holder(path)
        _write(file.fileno(), json.dumps({"pid": os.getpid()}))
        try:
            yield died
        finally:
            _write(file.fileno(), "")  # empty: left on purpose; the system lets go when the file is closed


def _wait(descriptor: int, path: Path, what: str, wait_seconds: float) -> None:
    until = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            if time.monotonic() >= until:
                pid = _holder(path)
                holder = "Another process" if pid is None else f"Process {pid}"
                raise LockedError(what, path, holder, wait_seconds) from held
            time.sleep(PAUSE)
        else:
            return


def _holder(path: Path) -> int | None:
    """The process number in the file; None when it is empty or only half written."""
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["pid"])
    except (ValueError, KeyError, TypeError):
        return None


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)
