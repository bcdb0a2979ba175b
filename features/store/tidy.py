"""Old files of history: kept for a grace after another version took their place, then removed."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from features.store.folder import put_in_place

SINCE: Final = "superseded.json"


def remove_superseded(folder: Path, current: Path | None, *, now: datetime, grace: timedelta) -> list[str]:
    """Removes the files of history that have not been the current one for the grace, and notes since when others.

    Called by the one writer: what a killed one left unfinished is removed at once.

    Args:
        folder: Folder of the history files.
        current: The version that is read now; None when there is none.
        now: The machine's clock.
        grace: How long a training set may still be reading an older file.

    Returns:
        Names of the files removed, sorted.
    """
    if not folder.is_dir():
        return []
    for unfinished in folder.glob(".*.parquet"):
        unfinished.unlink(missing_ok=True)
    old = {path.name for path in folder.glob("*.parquet") if current is None or path.name != current.name}
    noted: dict[str, str] = json.loads((folder / SINCE).read_text(encoding="utf-8")) if old and _noted(folder) else {}
    since = {name: datetime.fromisoformat(noted[name]) if name in noted else now for name in old}
    over = sorted(name for name, at in since.items() if now - at >= grace)
    for name in over:
        (folder / name).unlink(missing_ok=True)
    _note(folder, {name: at.isoformat() for name, at in since.items() if name not in over})
    return over


def _noted(folder: Path) -> bool:
    return (folder / SINCE).is_file()


def _note(folder: Path, since: dict[str, str]) -> None:
    if not since:
        (folder / SINCE).unlink(missing_ok=True)
        return
    unfinished = folder / f".{SINCE}"
    unfinished.write_text(json.dumps(since, sort_keys=True), encoding="utf-8")
    put_in_place(unfinished, folder / SINCE)
