"""Is this installation fit to run? Each check says what it found and, when it failed, what to do."""

import ctypes.util
import importlib.metadata
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from data.settings import Settings

FLOORS: Final = {"lightgbm": (4, 6), "feast": (0, 67), "mlflow": (3, 17), "bentoml": (1, 4, 39), "evidently": (0, 7)}
ENOUGH_DISK_BYTES: Final = 2 * 1024**3


@dataclass(frozen=True)
class Check:
    """What one check found.

    Attributes:
        name: What was looked at.
        passed: Whether it is as it should be.
        found: What was found.
        advice: What to do when it failed, else empty.
    """

    name: str
    passed: bool
    found: str
    advice: str = ""


def examine(settings: Settings) -> list[Check]:
    """All checks, in the order in which a person would look."""
    checks: list[Callable[[], Check]] = [
        _python,
        _openmp,
        lambda: _home(settings.home),
        lambda: _disk(settings.home),
        _sqlite,
        *(lambda package=package: _package(package) for package in FLOORS),
        lambda: _lake(settings),
        lambda: _release(settings),
    ]
    return [check() for check in checks]


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    return Check("Python", (3, 11) <= sys.version_info[:2] < (3, 13), found, "Use Python 3.11 or 3.12.")


def _openmp() -> Check:
    advice = "Install libgomp1 (Debian, Ubuntu), libgomp (Fedora, Red Hat) or libomp (macOS): LightGBM needs it."
    found = ctypes.util.find_library("gomp") or ctypes.util.find_library("omp")
    return Check("OpenMP runtime", found is not None, found or "not found", advice)


def _home(home: Path) -> Check:
    present = next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists())
    writable = present.is_dir() and os.access(present, os.W_OK)
    return Check("home folder", writable, str(home.absolute()), "Set O2C_RISK_HOME to a folder you may write to.")


def _disk(home: Path) -> Check:
    present = next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists())
    free = shutil.disk_usage(present).free
    advice = "Free some space, or set O2C_RISK_HOME to a larger disk."
    return Check("free disk", free >= ENOUGH_DISK_BYTES, f"{free / 1024**3:.1f} GiB", advice)


def _sqlite() -> Check:
    return Check("SQLite", sqlite3.sqlite_version_info >= (3, 35), sqlite3.sqlite_version, "SQLite 3.35 or newer.")


def _package(name: str) -> Check:
    floor = ".".join(map(str, FLOORS[name]))
    advice = f"Install {name} {floor} or newer: pip install 'o2c-risk[all]'. A service alone needs only [serve]."
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Check(name, name in {"mlflow", "evidently"}, "not installed (a service alone does not need it)", advice)
    numbers = tuple(int(part) for part in found.split(".")[:3] if part.isdigit())
    return Check(name, numbers >= FLOORS[name], found, advice)


def _lake(settings: Settings) -> Check:
    there = settings.lake.is_dir() and any(settings.lake.iterdir())
    return Check("receivables", there, str(settings.lake) if there else "none yet", "Run `o2c-risk ingest` first.")


def _release(settings: Settings) -> Check:
    if not (settings.releases / "current").is_file():
        return Check("release", False, "none yet", "Run `o2c-risk train` and `o2c-risk promote`.")
    from scoring.bundle import verify
    from scoring.manifest import BundleError
    from scoring.releases import current
    from scoring.signature import KeyFileError

    try:
        manifest = verify(current(settings.releases), verify_key=settings.verify_key)
    except (BundleError, KeyFileError) as error:
        return Check("release", False, str(error), "Promote again, or roll back to the last good release.")
    return Check("release", True, manifest.release_id)
