"""What went wrong, in the user's words, and the exit code that says so to a machine."""

import traceback
from enum import IntEnum
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]

OUR_PACKAGES: Final = frozenset({"cli", "serving", "monitoring", "training", "scoring", "features", "policy", "data"})


class Exit(IntEnum):
    """Exit codes of ``o2c-risk``."""

    DONE = 0
    BUG = 1
    USAGE = 2
    REFUSED = 3
    ALERT = 4


EXIT_CODES: Final = (
    "Exit codes: 0 done · 1 an error nobody foresaw (please report it) · 2 wrong usage · "
    "3 refused, the message says why and what to do · 4 done, and there is an alert to look at."
)


def is_ours(error: BaseException) -> bool:
    """Whether one of our own packages raised this on purpose, with a text meant for the user.

    That is an error of a class of ours, or one of Python's that a ``raise`` of ours threw.

    Example:
        >>> is_ours(ValueError("from anywhere"))
        False
    """
    if type(error).__module__.split(".")[0] in OUR_PACKAGES:
        return True
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or not (frames[-1].line or "").startswith("raise "):
        return False
    return Path(frames[-1].filename).is_relative_to(ROOT) and _package(Path(frames[-1].filename)) in OUR_PACKAGES


def _package(file: Path) -> str:
    return file.relative_to(ROOT).parts[0]


def missing_system_library(error: BaseException) -> str | None:
    """What to install when the dynamic linker could not find a library, else None.

    Example:
        >>> print(missing_system_library(OSError("libgomp.so.1: cannot open shared object file")))
        LightGBM needs the OpenMP runtime (libgomp.so.1), which this machine lacks. Install it with
        `apt-get install libgomp1` (Debian, Ubuntu), `dnf install libgomp` (Fedora, Red Hat) or
        `brew install libomp` (macOS).
        >>> missing_system_library(OSError("No space left on device")) is None
        True
    """
    if not isinstance(error, OSError) or not any(name in str(error) for name in ("libgomp", "libomp")):
        return None
    return (
        "LightGBM needs the OpenMP runtime (libgomp.so.1), which this machine lacks. Install it with\n"
        "`apt-get install libgomp1` (Debian, Ubuntu), `dnf install libgomp` (Fedora, Red Hat) or\n"
        "`brew install libomp` (macOS)."
    )
