"""Promotion: gates, the champion alias, the release bundle, and a record of who did it and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.settings import Settings
from scoring.bundle import activate, known_feature_hashes, verify, write_release
from training.lifecycle.card import Approval, card_of, write_card
from training.lifecycle.gates import GATES, Beside, GateResult, Gates, check, failed, load_gates
from training.lifecycle.history import Entry, Kind, write_entry
from training.lifecycle.named import UnnamedPromotionError as UnnamedPromotionError
from training.lifecycle.named import require_named
from training.lifecycle.part import Part, in_force, in_force_id, part_of
from training.lifecycle.registry import CHALLENGER, CHAMPION, MODEL, open_registry, quiet
from training.lifecycle.releasable import require_releasable
from training.lifecycle.same_features import FeaturesChangedError as FeaturesChangedError
from training.lifecycle.same_features import require_same_features
from training.lifecycle.stand_in import require_stand_in
from training.lifecycle.stored import Stored, stored
from training.lifecycle.versions import alias_of

if TYPE_CHECKING:
    from mlflow import MlflowClient


class PromotionRefusedError(RuntimeError):
    """A model did not pass its gates; nothing was changed.

    Attributes:
        results: Every gate of every model, passed or not.
    """

    def __init__(self, results: Sequence[GateResult]) -> None:
        self.results = tuple(results)
        lines = "\n".join(f"  - {result.sentence}" for result in failed(results))
        super().__init__(
            f"{len(failed(results))} of {len(results)} gates were not passed, so nothing was promoted:\n{lines}\n"
            "Train a better model, or have the owner of the gates change them."
        )


@dataclass(frozen=True)
class Promoted:
    """A promotion that took place.

    Attributes:
        release_id: Id of the release that is now in force.
        folder: Its bundle.
        versions: Version of each model in it.
        results: Every gate of every model, all passed.
        kept: Models that were taken over, bit for bit, from the release before.
        beside: Each model beside the champion that it replaced, in plain values.
        record: The record of the promotion, JSON.
    """

    release_id: str
    folder: Path
    versions: Mapping[str, int]
    results: tuple[GateResult, ...]
    record: Path
    kept: tuple[str, ...] = ()
    beside: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


Weigh = Callable[[Stored, Stored], Beside]
"""From the champion and the version that would replace it to what gates ask of the two."""


def promote(
    settings: Settings,
    names: Sequence[str],
    *,
    by: str,
    reason: str,
    at: datetime,
    policy: Mapping[str, Any],
    versions: Mapping[str, int] | None = None,
    weigh: Weigh | None = None,
    stand_ins: Mapping[str, int] | None = None,
    keep: bool = True,
    gates: Path = GATES,
    feature_hashes: Mapping[str, str] | None = None,
    code_version: str | None = None,
) -> Promoted:
    """Release models together: all of them pass their gates, or nothing changes.

    Args:
        settings: Where registry, releases, records and keys lie.
        names: Models of the release, one or more.
        by: The person who promotes.
        reason: Why.
        at: When, in UTC.
        policy: Values of the limit policy, amounts as ``Decimal``.
        versions: Version of each model; None or absent: the newest.
        weigh: Puts a version beside its champion; None: nobody does, so that gates against a champion fail.
        stand_ins: Version of a model that stands in for its champion where this code cannot score that one.
        keep: Whether models of the release in force that are not named stay as they are; else they are left out.
        gates: File of the gates.
        feature_hashes: Feature set name to hash of its definitions in this code; None: taken from the code.
        code_version: Version of this code; None: the installed version.

    Raises:
        UnnamedPromotionError: No person, reason, model, or a time without zone.
        RegistryUnreachableError: The registry did not answer.
        UnknownModelError: The registry holds no such model or version.
        ChangedFilesError: The registry's files of a version were changed.
        NotReleasableError: A model reads what stands in for protected traits.
        FeaturesChangedError: This code defines the features of a model otherwise than when it was trained.
        NoStandInError: A version may not stand in for the champion.
        PromotionRefusedError: A gate was not passed.
        KeyFileError: A key for signing cannot be used.
        BundleError: The bundle could not be written, is not signed as it must be, or its models do not load; the
            release before stays in force.
    """
    require_named(names, by, reason, at)
    client = open_registry(settings)
    models = [stored(client, name, (versions or {}).get(name)) for name in dict.fromkeys(names)]
    kept = in_force(settings, leaving_out=names) if keep else ()
    hashes = known_feature_hashes() if feature_hashes is None else feature_hashes
    _require_usable(models, kept, hashes)
    opponents = _Opponents(client, weigh, dict(stand_ins or {}), hashes)
    beside = {model.fitted.spec.name: opponents.beside(model) for model in models}
    results = _passed(models, beside, load_gates(gates))
    before = in_force_id(settings)
    parts = [*map(part_of, models), *kept]
    folder = _export(settings, parts, policy, code_version or installed("o2c-risk"))
    named = Entry(Kind.PROMOTION, folder.name, by.strip(), reason.strip(), at.isoformat(), {}, before)
    entry = replace(
        named,
        models={part.files.spec.name: int(part.files.version) for part in parts},
        more=_more(results, kept, beside),
    )
    promotion = _promotion(folder, entry, results, write_entry(settings, entry))
    _put_in_force(client, settings, models, promotion, entry)
    return promotion


def _require_usable(models: Sequence[Stored], kept: Sequence[Part], hashes: Mapping[str, str]) -> None:
    """Raise unless every model may be released, and this code defines its features as its training did."""
    require_releasable([model.fitted.spec for model in models])
    specs = [model.fitted.spec for model in models] + [part.files.spec for part in kept]
    require_same_features(specs, hashes)


def _passed(models: Sequence[Stored], beside: Mapping[str, Beside], rules: Gates) -> tuple[GateResult, ...]:
    """Every gate of every model; raises unless all of them are passed."""
    results = tuple(
        result
        for model in models
        for result in check(model.fitted, model.version, rules, beside=beside[model.fitted.spec.name])
    )
    if failed(results):
        raise PromotionRefusedError(results)
    return results


def _more(results: Sequence[GateResult], kept: Sequence[Part], beside: Mapping[str, Beside]) -> dict[str, Any]:
    """What the record says beside who, when and what."""
    return {
        "gates": [result.model_dump() for result in results],
        "kept": [part.files.spec.name for part in kept],
        "beside": {name: {"champion": found.champion, **found.told} for name, found in beside.items()},
    }


def _promotion(folder: Path, entry: Entry, results: tuple[GateResult, ...], record: Path) -> Promoted:
    return Promoted(
        release_id=folder.name,
        folder=folder,
        versions=entry.models,
        results=results,
        record=record,
        kept=tuple(entry.more["kept"]),
        beside=entry.more["beside"],
    )


def _put_in_force(
    client: MlflowClient, settings: Settings, models: Sequence[Stored], promotion: Promoted, entry: Entry
) -> None:
    """Mark the versions, then let the release begin: until that last step the one before is in force."""
    approval = Approval(by=entry.by, reason=entry.reason, at=entry.at, release=promotion.release_id)
    with quiet():
        for model in models:
            _mark(client, settings, model, promotion, approval)
    activate(settings.releases, promotion.release_id, verify_key=settings.verify_key)


@dataclass(frozen=True)
class _Opponents:
    """Whom the versions of a promotion are compared with."""

    client: MlflowClient
    weigh: Weigh | None
    stand_ins: Mapping[str, int]
    hashes: Mapping[str, str]

    def beside(self, model: Stored) -> Beside:
        """The version beside the champion of today, or beside what stands in for it."""
        name = model.fitted.spec.name
        champion = alias_of(self.client, name, CHAMPION)
        if name in self.stand_ins:
            return self._beside_stand_in(model, None if champion is None else stored(self.client, name, champion))
        if champion is None or champion == model.version:
            return Beside(champion)
        return self._weighed(stored(self.client, name, champion), model)

    def _beside_stand_in(self, model: Stored, champion: Stored | None) -> Beside:
        name = model.fitted.spec.name
        other = stored(self.client, name, self.stand_ins[name])
        require_stand_in(champion, other, self.hashes)
        told = {"stand_in": other.version}
        number = None if champion is None else champion.version
        if other.version == model.version:
            return Beside(number, told=told, itself=True)
        found = self._weighed(other, model)
        return replace(found, champion=number, told={**found.told, **told})

    def _weighed(self, champion: Stored, model: Stored) -> Beside:
        if self.weigh is None:
            return Beside(champion.version, note="nobody compared them")
        return self.weigh(champion, model)


def _export(settings: Settings, parts: Sequence[Part], policy: Mapping[str, Any], code_version: str) -> Path:
    """Write the bundle, and see that it is signed as it has to be."""
    data_versions = sorted({version for part in parts for version in part.data_version.split("+")})
    folder = write_release(
        settings.releases,
        [part.files for part in parts],
        policy,
        {part.files.spec.name: part.sketches for part in parts},
        {"data_version": "+".join(data_versions), "code_version": code_version},
        signing_key=settings.signing_key,
    )
    verify(folder, verify_key=settings.verify_key)
    return folder


def _mark(client: MlflowClient, settings: Settings, model: Stored, promotion: Promoted, approval: Approval) -> None:
    """Tags, card and alias of one version."""
    name, number = model.fitted.spec.name, str(model.version)
    results = [result.model_dump() for result in promotion.results if result.model == name]
    tags = {
        "promoted_by": approval.by,
        "promoted_at": approval.at,
        "promotion_reason": approval.reason,
        "release": promotion.release_id,
        "gates": json.dumps({result["gate"]: result["value"] for result in results}),
    }
    for key, value in tags.items():
        client.set_model_version_tag(name, number, key, value)
    card = write_card(
        card_of(model.fitted, model.version, model.tags, gates=results, approvals=[approval]),
        settings.reports / "cards",
    )
    for path in (card, card.with_suffix(".html")):
        client.log_artifact(model.run_id, str(path), MODEL)
    client.set_registered_model_alias(name, CHAMPION, number)
    if alias_of(client, name, CHALLENGER) == model.version:
        client.delete_registered_model_alias(name, CHALLENGER)
