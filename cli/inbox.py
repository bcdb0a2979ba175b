"""A folder in which extracts arrive, watched from the command line."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.markup import escape

from cli.clock import instant
from cli.errors import Exit
from cli.ledger import take_in
from cli.output import say, show_json
from data.lock import LockedError
from data.mapping import load_mapping
from data.settings import Settings
from data.watch import Inbox, Taken, Waiting, changes


def inbox_of(settings: Settings, folder: Path, mapping: str, *, ready: str | None, settle_seconds: float) -> Inbox:
    """The inbox of a folder, whose sets go to the installation's lake.

    Args:
        settings: The installation.
        folder: The watched folder.
        mapping: Name of a mapping that ships, or the path of one.
        ready: Name of the file that the sender writes last, if there is one.
        settle_seconds: How long a file must not have changed.
    """

    def take(claimed: Path, received_at: Any) -> dict[str, Any]:
        return take_in(settings, claimed, mapping, received_at=received_at).as_dict()

    return Inbox(folder, load_mapping(mapping), take, ready=ready, settled_after=timedelta(seconds=settle_seconds))


def take_once(inbox: Inbox, *, as_json: bool) -> Exit:
    """One look at the folder, as a scheduler makes it.

    Returns:
        ``REFUSED`` if a set was refused, else ``DONE``.
    """
    told = list(inbox.once(instant()))
    if as_json:
        show_json([_as_dict(one) for one in told])
    else:
        for one in told:
            tell(one)
        if not told:
            say("Nothing has arrived.")
    return Exit.REFUSED if any(isinstance(one, Taken) and one.error is not None for one in told) else Exit.DONE


def take_for_ever(inbox: Inbox, *, settle_seconds: float, polling: bool, stop: Callable[[], bool]) -> None:
    """Take each set as it becomes complete, until interrupted.

    Args:
        inbox: The folder.
        settle_seconds: How long a file must not have changed.
        polling: Look at the folder instead of being told by the system.
        stop: Asked after each look.
    """
    told: object = None
    pause = timedelta(seconds=max(1.0, settle_seconds))
    for _ in changes(inbox.folder, pause=pause, polling=True if polling else None):
        try:
            for one in inbox.once(instant()):
                if one != told:
                    tell(one)
                told = one
        except (OSError, LockedError) as error:
            if str(error) != told:
                say(f"Will be tried again: {escape(str(error))}")
            told = str(error)
        if stop():
            return


def tell(one: Taken | Waiting) -> None:
    """What became of a set, for a person."""
    if isinstance(one, Waiting):
        say(f"Waiting: {escape(one.why)}.")
    elif one.report is None:
        say(f"Refused: {', '.join(one.files)} (now in {one.folder}, with error.txt): {escape(one.error or '')}")
    else:
        counts = one.report.get("counts", {})
        rows = ", ".join(
            f"{table} {c['accepted']} accepted, {c['quarantined']} quarantined" for table, c in counts.items()
        )
        say(f"Taken: {', '.join(one.files)} (now in {one.folder}): {rows}")


def _as_dict(one: Taken | Waiting) -> dict[str, Any]:
    if isinstance(one, Waiting):
        return {"waiting": one.why}
    return {"name": one.name, "files": one.files, "folder": str(one.folder), "report": one.report, "error": one.error}
