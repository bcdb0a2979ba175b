"""One writer at a time, and files that are either the old one or the new one."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StoreIsBusyError(TimeoutError):
    """Another process is writing to the store."""

    def __init__(self, folder: Path, waited_seconds: float) -> None:
        super().__init__(f"Another process writes to {folder}; gave up after {waited_seconds:g} s. Try again later")
        self.folder = folder
        self.waited_seconds = waited_seconds


@contextmanager
def single_writer(folder: Path, *, wait_seconds: float = 120.0) -> Iterator[None]:
    """Holds the folder's write lock; the operating system gives it back if the process dies.

    Raises:
        StoreIsBusyError: Somebody else held it for ``wait_seconds``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "write.lock").open("w") as lock:
        deadline = time.monotonic() + wait_seconds
        while not _locked(lock.fileno()):
            if time.monotonic() >= deadline:
                raise StoreIsBusyError(folder, wait_seconds)
            time.sleep(0.05)
        yield


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def put_in_place(finished: Path, target: Path) -> None:
    """Moves a finished file to its name in one step, on disk before it can be seen."""
    with finished.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(finished, target)
