"""Undoing a promotion: the release before is in force again, and the champion aliases follow it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from data.settings import Settings
from scoring.bundle import activate, load
from training.lifecycle.history import Entry, Kind, chain, history, write_entry
from training.lifecycle.named import require_named
from training.lifecycle.part import in_force_id
from training.lifecycle.reached import RegistryUnreachableError
from training.lifecycle.registry import CHAMPION, open_registry, quiet
from training.lifecycle.versions import alias_of

if TYPE_CHECKING:
    from mlflow import MlflowClient


class NothingBeforeError(LookupError):
    """There is no release to go back to.

    Attributes:
        known: Releases that were in force once.
    """

    def __init__(self, what: str, known: Sequence[str]) -> None:
        self.known = tuple(known)
        there = f"Releases of the history: {', '.join(known)}." if known else "Nothing was promoted here yet."
        super().__init__(f"{what}. {there} Name one with --to, or promote another version.")


@dataclass(frozen=True)
class RolledBack:
    """A rollback that took place.

    Attributes:
        release_id: The release that is in force again.
        before: The release that was in force until now; None if it could not be told.
        versions: Version of each model that is in force again.
        aliases_moved: False if the registry could not be reached: the release is in force all the same.
        trouble: Why the aliases were not moved; empty if they were.
        record: The record, JSON.
    """

    release_id: str
    before: str | None
    versions: Mapping[str, int]
    aliases_moved: bool
    trouble: str
    record: Path


def rollback(
    settings: Settings,
    *,
    by: str,
    reason: str,
    at: datetime,
    to: str | None = None,
    feature_hashes: Mapping[str, str] | None = None,
) -> RolledBack:
    """Put the release before in force again.

    A service takes it up by itself. It needs no registry: if that is dead, the aliases stay and the result says so;
    the same command with ``to`` naming the release moves them later.

    Args:
        settings: Where registry, releases and records lie.
        by: The person who decides.
        reason: Why.
        at: When, in UTC.
        to: A release of the history; None: the one before that in force.
        feature_hashes: Feature set name to hash of its definitions in this code; None: taken from the code.

    Raises:
        UnnamedPromotionError: No person, reason, or a time without zone.
        NothingBeforeError: There is no release before, or none of that name.
        BundleError: The release is damaged, unsigned, or does not load with this code; nothing was changed.
    """
    entries = history(settings)
    held = in_force_id(settings)
    target = _target(chain(entries), entries, held, to)
    versions = _versions(entries, target)
    require_named(list(versions), by, reason, at, what="rollback")
    load(settings.releases / target, feature_hashes=feature_hashes, verify_key=settings.verify_key)
    activate(settings.releases, target, verify_key=settings.verify_key)  # first: this is what mends the service
    lost = {} if held is None or held == target else _versions(entries, held)
    trouble = _move_aliases(settings, versions, lost, by=by, reason=reason, at=at)
    more = {"aliases_moved": not trouble, "trouble": trouble}
    entry = Entry(Kind.ROLLBACK, target, by.strip(), reason.strip(), at.isoformat(), versions, held, more)
    return RolledBack(target, held, versions, not trouble, trouble, write_entry(settings, entry))


def _target(steps: Sequence[str], entries: Sequence[Entry], held: str | None, to: str | None) -> str:
    known = list(dict.fromkeys(entry.release for entry in entries if entry.release))
    if to is not None:
        if to not in known:
            raise NothingBeforeError(f"The release {to} was never in force here", known)
        return to
    at = len(steps) - 1 if held is None else _place(steps, held)
    if at is None:
        raise NothingBeforeError(f"The release in force, {held}, is not in the history", known)
    if at < 1:
        raise NothingBeforeError("There is no release before the one in force", known)
    return steps[at - 1]


def _place(steps: Sequence[str], release: str) -> int | None:
    return max((place for place, step in enumerate(steps) if step == release), default=None)


def _versions(entries: Sequence[Entry], release: str) -> dict[str, int]:
    found = [entry.models for entry in entries if entry.release == release and entry.kind is not Kind.CHALLENGER]
    return dict(found[-1]) if found else {}


def _move_aliases(
    settings: Settings,
    versions: Mapping[str, int],
    lost: Mapping[str, int],
    *,
    by: str,
    reason: str,
    at: datetime,
) -> str:
    """Why the aliases were not moved; empty if they were."""
    try:
        client = open_registry(settings)
    except RegistryUnreachableError as error:
        return str(error)
    tags = {"rolled_back_by": by.strip(), "rolled_back_at": at.isoformat(), "rollback_reason": reason.strip()}
    with quiet():
        for name, number in versions.items():
            client.set_registered_model_alias(name, CHAMPION, str(number))
        for name, number in lost.items():
            if versions.get(name) != number:
                _dismiss(client, name, number, tags, also_alias=name not in versions)
    return ""


def _dismiss(client: "MlflowClient", name: str, number: int, tags: Mapping[str, str], *, also_alias: bool) -> None:
    for key, value in tags.items():
        client.set_model_version_tag(name, str(number), key, value)
    if also_alias and alias_of(client, name, CHAMPION) == number:
        client.delete_registered_model_alias(name, CHAMPION)
