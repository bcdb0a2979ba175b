"""What was put in force, by whom and why, from the records in the home folder."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from data.settings import Settings


class Kind(StrEnum):
    """What was done."""

    PROMOTION = "promotion"
    ROLLBACK = "rollback"
    CHALLENGER = "challenger"


@dataclass(frozen=True)
class Entry:
    """One record.

    Attributes:
        kind: What was done.
        release: The release that was in force afterwards; empty for a challenger, which changes none.
        by: The person.
        reason: Why.
        at: ISO timestamp in UTC.
        models: Version of each model of the release, or of each new challenger.
        before: The release that was in force before; None where there was none or it is not known.
        more: Everything else that is recorded: gates, comparison with the champion.
    """

    kind: Kind
    release: str
    by: str
    reason: str
    at: str
    models: Mapping[str, int]
    before: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "kind": self.kind.value,
            "release": self.release,
            "by": self.by,
            "reason": self.reason,
            "at": self.at,
            "models": dict(self.models),
            "before": self.before,
            **self.more,
        }


def write_entry(settings: Settings, entry: Entry) -> Path:
    """Write a record; records are never changed or removed.

    Returns:
        Path of the record.
    """
    at = datetime.fromisoformat(entry.at)
    path = settings.home / "promotions" / f"{at:%Y%m%dT%H%M%SZ}-{_tail(entry)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entry.as_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def history(settings: Settings) -> list[Entry]:
    """Every record, the oldest first; none before the first promotion."""
    folder = settings.home / "promotions"
    plain = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return sorted(map(_entry, plain), key=lambda entry: datetime.fromisoformat(entry.at))


def chain(entries: Sequence[Entry]) -> list[str]:
    """The releases that a rollback can go back to, the one in force last: promotions add one, rollbacks take away.

    Args:
        entries: Records, the oldest first.

    Example:
        >>> def entry(kind, release):
        ...     return Entry(kind, release, "A", "r", "2024-01-01T00:00:00+00:00", {})
        >>> one, two = entry(Kind.PROMOTION, "one"), entry(Kind.PROMOTION, "two")
        >>> chain([one, two]), chain([one, two, entry(Kind.ROLLBACK, "one")])
        (['one', 'two'], ['one'])
    """
    found: list[str] = []
    for entry in entries:
        if entry.kind is Kind.ROLLBACK and entry.release in found:
            del found[_last(found, entry.release) + 1 :]
        elif entry.kind is not Kind.CHALLENGER and found[-1:] != [entry.release]:
            found.append(entry.release)
    return found


def _last(found: Sequence[str], release: str) -> int:
    return len(found) - 1 - found[::-1].index(release)


def _tail(entry: Entry) -> str:
    if entry.kind is Kind.PROMOTION:
        return entry.release
    if entry.kind is Kind.ROLLBACK:
        return f"{entry.release}-rollback"
    return "-".join(f"{name}-v{version}" for name, version in sorted(entry.models.items())) + "-challenger"


def _entry(plain: dict[str, Any]) -> Entry:
    known = {name: plain.pop(name) for name in ("release", "by", "reason", "at", "models")}
    kind, before = Kind(plain.pop("kind", Kind.PROMOTION)), plain.pop("before", None)
    return Entry(kind=kind, before=before, more=plain, **known)
