"""Naming a challenger: the version that is watched beside the champion; what is in force does not change."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from data.settings import Settings
from training.lifecycle.history import Entry, Kind, write_entry
from training.lifecycle.named import require_named
from training.lifecycle.registry import CHALLENGER, open_registry, quiet
from training.lifecycle.stored import stored


def challenge(
    settings: Settings, versions: Mapping[str, int | None], *, by: str, reason: str, at: datetime
) -> tuple[dict[str, int], Path]:
    """Give versions the alias ``challenger``. No gate is asked: it decides about nobody.

    Args:
        settings: Where registry and records lie.
        versions: Version of each model; None: the newest.
        by: The person.
        reason: Why.
        at: When, in UTC.

    Returns:
        The version of each model, and the record.

    Raises:
        UnnamedPromotionError: No person, reason, model, or a time without zone.
        UnknownModelError: The registry holds no such model or version.
    """
    require_named(list(versions), by, reason, at, what="challenger")
    client = open_registry(settings)
    named = {name: stored(client, name, version).version for name, version in versions.items()}
    tags = {"challenger_by": by.strip(), "challenger_at": at.isoformat(), "challenger_reason": reason.strip()}
    with quiet():
        for name, number in named.items():
            for key, value in tags.items():
                client.set_model_version_tag(name, str(number), key, value)
            client.set_registered_model_alias(name, CHALLENGER, str(number))
    entry = Entry(Kind.CHALLENGER, "", by.strip(), reason.strip(), at.isoformat(), named)
    return named, write_entry(settings, entry)
