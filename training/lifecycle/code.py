"""Which code is running: the installed version and, in a work tree, the commit."""

import shutil
import subprocess
from importlib.metadata import version as installed
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SECONDS: Final = 10
CHANGED: Final = "with changes"


def code_version() -> str:
    """Version of the installed package."""
    return installed("o2c-risk")


def commit(root: Path = ROOT) -> str | None:
    """The commit of the work tree that the code lies in.

    Args:
        root: Folder of the code.

    Returns:
        40 hex digits, followed by ``, with changes`` if a tracked file differs from it; None where the code is no
        work tree of its own or git is not there.
    """
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        return None
    head = _said(git, root, "rev-parse", "HEAD")
    changes = _said(git, root, "status", "--porcelain", "--untracked-files=no")
    if head is None or changes is None:
        return None
    return f"{head}, {CHANGED}" if changes else head


def _said(git: str, root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            [git, "-C", str(root), *words], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
