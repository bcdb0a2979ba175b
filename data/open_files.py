"""Whether a process of this machine has a file open for writing (Linux); elsewhere nothing is known."""

import os
from pathlib import Path
from typing import Final

PROCESSES: Final = Path("/proc")
_WRITES: Final = os.O_WRONLY | os.O_RDWR


def open_for_writing(path: Path) -> bool:
    """Whether a process that we may look at holds the file open for writing.

    A writer on another machine, or of another user, is not seen; what it writes changes the file's time instead.

    Args:
        path: The file.
    """
    if not PROCESSES.is_dir():
        return False
    try:
        seen = path.stat()
    except FileNotFoundError:
        return False
    return any(_holds(process, (seen.st_dev, seen.st_ino)) for process in PROCESSES.iterdir() if process.name.isdigit())


def _holds(process: Path, wanted: tuple[int, int]) -> bool:
    try:
        descriptors = list((process / "fd").iterdir())
    except OSError:  # it ended, or is another user's
        return False
    return any(_is_written(process, descriptor, wanted) for descriptor in descriptors)


def _is_written(process: Path, descriptor: Path, wanted: tuple[int, int]) -> bool:
    try:
        seen = descriptor.stat()
        if (seen.st_dev, seen.st_ino) != wanted:
            return False
        told = (process / "fdinfo" / descriptor.name).read_text(encoding="ascii")
    except OSError:  # closed meanwhile
        return False
    flags = next((line.split()[1] for line in told.splitlines() if line.startswith("flags:")), "0")
    return bool(int(flags, 8) & _WRITES)
