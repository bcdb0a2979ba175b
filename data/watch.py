"""A folder in which extracts arrive: each complete set of files is taken in once, whatever happens to the process.

A set is claimed by a note of its files (written whole), then moved out of the way, taken in, and moved to ``done/`` or
``failed/``. Each step is one rename, so after a kill the note says how far it came; taking a set in again adds
nothing, so the step that was cut short is simply repeated, with the time at which the set was first claimed.
"""

import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from data.lock import LockedError, one_at_a_time
from data.mapping import SourceMapping
from data.open_files import open_for_writing
from data.sources import HIDDEN, matching
from data.whole_file import write_whole

TAKING, DONE, FAILED = ".taking", "done", "failed"
UNFINISHED: Final = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", ".swp")
"""Endings that programs give to files that they are still writing."""
SETTLED_AFTER: Final = timedelta(seconds=5)

_DAY: Final = 86_400  # seconds

Take = Callable[[Path, datetime], Mapping[str, Any]]


class InboxError(ValueError):
    """A folder that cannot be watched with this mapping."""


@dataclass(frozen=True)
class Taken:
    """What became of one set.

    Attributes:
        name: Name of its folder below ``done/`` or ``failed/``.
        files: Names of its files.
        folder: Where they are now.
        report: What the ingest said; None if it was refused.
        error: Why it was refused; None if it was not.
    """

    name: str
    files: tuple[str, ...]
    folder: Path
    report: Mapping[str, Any] | None = None
    error: str | None = None


@dataclass(frozen=True)
class Waiting:
    """What keeps the files that are there from being taken.

    Attributes:
        why: In words; empty if nothing is there.
    """

    why: str


class Inbox:
    """A folder in which the extracts of one source arrive.

    Args:
        folder: The folder; ``done/`` and ``failed/`` are made in it.
        mapping: What the files mean. A set is complete when each entry that is not optional has a file.
        take: Takes in the files of a folder as received at an instant; what it returns is kept beside them.
        ready: Name of a file, or a pattern, that the sender writes last; a set is complete only with it.
        settled_after: How long a file must not have changed.
        retry: Errors that say nothing against the files: the set stays claimed and is tried again.

    Raises:
        InboxError: The mapping reads a database, or files in folders below.
    """

    def __init__(
        self,
        folder: Path,
        mapping: SourceMapping,
        take: Take,
        *,
        ready: str | None = None,
        settled_after: timedelta = SETTLED_AFTER,
        retry: tuple[type[Exception], ...] = (OSError, LockedError, MemoryError),
    ) -> None:
        if mapping.kind == "sql":
            raise InboxError(f"The mapping {mapping.source} reads a database; a folder cannot be watched for it.")
        below = [file.file for file in mapping.files if "/" in file.file]
        if below:
            raise InboxError(
                f"Only files directly in the folder are watched, but the mapping reads {', '.join(below)}."
            )
        self.folder, self.mapping, self.ready = folder, mapping, ready
        self._take, self._settled_after, self._retry = take, settled_after, retry

    def once(self, now: datetime) -> Iterator[Taken | Waiting]:
        """Finish what was cut short, then take the set that is complete now.

        Args:
            now: The present instant, with a zone; a new set counts as received then.

        Yields:
            What became of each set, and what is waited for if files are there that cannot be taken yet.

        Raises:
            LockedError: Another process watches the folder.
        """
        with self._alone():
            for note in sorted((self.folder / TAKING).glob("*.json")):
                yield self._finish(note)
            names, why = self._complete(now)
            if names:
                yield self._finish(self._claim(names, now))
            elif why:
                yield Waiting(why)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with one_at_a_time(self.folder / TAKING / ".lock", what=f"the folder {self.folder}", wait_seconds=0):
            yield

    def _complete(self, now: datetime) -> tuple[list[str], str]:
        """The files of a set that can be taken, else why not; no reason if there are no files."""
        found: dict[str, None] = {}
        missing = []
        for file in self.mapping.files:
            names = [name for name in matching(self.folder, file.file) if not _is_unfinished(name)]
            found |= dict.fromkeys(names)
            if not names and not file.optional:
                missing.append(file.file)
        if not found:
            return [], ""
        if missing:
            return [], f"{', '.join(found)} came; waiting for {', '.join(missing)}"
        marker = matching(self.folder, self.ready) if self.ready is not None else []
        if self.ready is not None and not marker:
            return [], f"{', '.join(found)} came; waiting for {self.ready}, which the sender writes last"
        names = [*found, *(name for name in marker if name not in found)]
        busy = [name for name in names if self._is_busy(self.folder / name, now)]
        return ([], f"{', '.join(busy)} is still being written") if busy else (names, "")

    def _is_busy(self, path: Path, now: datetime) -> bool:
        try:
            changed = path.stat().st_mtime
        except FileNotFoundError:
            return True
        age = now.timestamp() - changed
        # A sender's clock may be ahead; from a time more than a day ahead nothing can be told.
        return -_DAY < age < self._settled_after.total_seconds() or open_for_writing(path)

    def _claim(self, names: list[str], now: datetime) -> Path:
        name = now.strftime("%Y%m%dT%H%M%S%fZ")
        files = {one: _identity(self.folder / one) for one in names}
        note = self.folder / TAKING / f"{name}.json"
        write_whole(note, json.dumps({"received_at": now.isoformat(), "files": files}))
        return note

    def _finish(self, note: Path) -> Taken:
        """Bring one claimed set to its end, from wherever it was left."""
        claim = json.loads(note.read_text(encoding="utf-8"))
        claimed, files = self.folder / TAKING / note.stem, tuple(claim["files"])
        for end in (DONE, FAILED):
            if (self.folder / end / note.stem).is_dir():
                return self._ended(note, end, files)
        lost = self._gather(claimed, claim["files"])
        if lost:
            problem = f"{', '.join(lost)} changed or went away between being seen and being taken. Send the set again."
            return self._fail(note, claimed, files, problem)
        try:
            report = dict(self._take(claimed, datetime.fromisoformat(claim["received_at"])))
        except FileNotFoundError as error:
            return self._fail(note, claimed, files, str(error))
        except self._retry:
            raise
        except Exception as error:  # noqa: BLE001 (whatever is wrong with this set must not stop the next one)
            return self._fail(note, claimed, files, _in_full(error))
        write_whole(claimed / "report.json", json.dumps(report, indent=2, default=str))
        return self._moved(note, claimed, DONE, files)

    def _gather(self, claimed: Path, files: Mapping[str, list[int]]) -> list[str]:
        """Move the files out of the way; those that are not what was claimed are returned."""
        claimed.mkdir(parents=True, exist_ok=True)
        for path in claimed.iterdir():
            if path.name not in files:
                path.unlink()  # a report or an error of a try that was cut short
        lost = []
        for name, identity in files.items():
            if (claimed / name).exists():
                continue
            if (self.folder / name).is_file() and _identity(self.folder / name) == identity:
                (self.folder / name).rename(claimed / name)
            else:
                lost.append(name)
        return lost

    def _fail(self, note: Path, claimed: Path, files: tuple[str, ...], problem: str) -> Taken:
        write_whole(claimed / "error.txt", problem + "\n")
        return self._moved(note, claimed, FAILED, files)

    def _moved(self, note: Path, claimed: Path, end: str, files: tuple[str, ...]) -> Taken:
        (self.folder / end).mkdir(exist_ok=True)
        claimed.rename(self.folder / end / note.stem)
        return self._ended(note, end, files)

    def _ended(self, note: Path, end: str, files: tuple[str, ...]) -> Taken:
        folder = self.folder / end / note.stem
        note.unlink()
        if end == FAILED:
            return Taken(note.stem, files, folder, error=(folder / "error.txt").read_text(encoding="utf-8").strip())
        return Taken(note.stem, files, folder, report=json.loads((folder / "report.json").read_text(encoding="utf-8")))


def _identity(path: Path) -> list[int]:
    """What tells a file from a later one of its name."""
    seen = path.stat()
    return [seen.st_size, seen.st_mtime_ns]


def _is_unfinished(name: str) -> bool:
    return name.lower().endswith(UNFINISHED) or name.startswith(HIDDEN)


def _in_full(error: Exception) -> str:
    """The error's text; with its origin where it is not one of ours, which say all in words."""
    ours = type(error).__module__.partition(".")[0] == __name__.partition(".")[0]
    return str(error) if ours else "".join(traceback.format_exception(error)).strip()


def changes(folder: Path, *, pause: timedelta, polling: bool | None = None) -> Iterator[None]:
    """Yield at once, whenever something changes in a folder, and after each pause; until interrupted.

    Args:
        folder: The folder, not those below it.
        pause: Longest time between two yields.
        polling: Look at the folder instead of being told by the system. None: only where the system cannot tell.
    """
    from watchfiles import watch
    from watchfiles._rust_notify import WatchfilesRustInternalError

    milliseconds = max(50, int(pause.total_seconds() * 1000))
    yield
    while True:
        try:
            for _ in watch(
                folder,
                watch_filter=None,
                recursive=False,
                force_polling=polling,
                rust_timeout=milliseconds,
                yield_on_timeout=True,
                raise_interrupt=True,
            ):
                yield
        except (OSError, WatchfilesRustInternalError):
            if polling:
                raise
            polling = True  # no watches left, or a file system that tells nothing
