"""Promotion: gates, the champion alias, the release bundle, and a record of who did it and why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.settings import Settings
from scoring.bundle import ModelFiles, activate, known_feature_hashes, write_release
from scoring.model import ModelSpec
from scoring.sketch import Sketch
from training.lifecycle.card import Approval, card_of, write_card
from training.lifecycle.gates import GATES, GateResult, check, failed, load_gates
from training.lifecycle.registry import CHAMPION, MODEL, open_registry, quiet
from training.lifecycle.releasable import require_releasable
from training.lifecycle.stored import Stored, stored

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


class UnnamedPromotionError(ValueError):
    """A promotion without a person, a reason or a model.

    Attributes:
        lacking: What was not given.
    """

    def __init__(self, lacking: str) -> None:
        self.lacking = lacking
        super().__init__(f"A promotion needs {lacking}: it is recorded with the release. Name it and try again.")


class FeaturesChangedError(RuntimeError):
    """A model was trained on other feature definitions than this code has.

    Attributes:
        model: Name of the model.
    """

    def __init__(self, spec: ModelSpec, here: str | None) -> None:
        self.model = spec.name
        super().__init__(
            f"{spec.name} was trained on {spec.feature_set} version {spec.feature_set_version} with hash "
            f"{spec.feature_set_hash}, this code {f'defines it as {here}' if here else 'does not define it'}. "
            "Train the model again with this code, or promote it with the code it was trained with."
        )


@dataclass(frozen=True)
class Promoted:
    """A promotion that took place.

    Attributes:
        release_id: Id of the release that is now in force.
        folder: Its bundle.
        versions: Version of each model in it.
        results: Every gate of every model, all passed.
        record: The record of the promotion, JSON.
    """

    release_id: str
    folder: Path
    versions: Mapping[str, int]
    results: tuple[GateResult, ...]
    record: Path


def promote(
    settings: Settings,
    names: Sequence[str],
    *,
    by: str,
    reason: str,
    at: datetime,
    policy: Mapping[str, Any],
    versions: Mapping[str, int] | None = None,
    gates: Path = GATES,
    feature_hashes: Mapping[str, str] | None = None,
    code_version: str | None = None,
) -> Promoted:
    """Release models together: all of them pass their gates, or nothing changes.

    Args:
        settings: Where registry, releases and records lie.
        names: Models of the release, one or more.
        by: The person who promotes.
        reason: Why.
        at: When, in UTC.
        policy: Values of the limit policy, amounts as ``Decimal``.
        versions: Version of each model; None or absent: the newest.
        gates: File of the gates.
        feature_hashes: Feature set name to hash of its definitions in this code; None: taken from the code.
        code_version: Version of this code; None: the installed version.

    Raises:
        UnnamedPromotionError: No person, reason, model, or a time without zone.
        UnknownModelError: The registry holds no such model or version.
        ChangedFilesError: The registry's files of a version were changed.
        NotReleasableError: A model reads what stands in for protected traits.
        FeaturesChangedError: This code defines the features of a model otherwise than when it was trained.
        PromotionRefusedError: A gate was not passed.
        BundleError: The bundle could not be written, or its models do not load; the release before stays in force.
    """
    _require_named(names, by, reason, at)
    client = open_registry(settings)
    models = [stored(client, name, (versions or {}).get(name)) for name in dict.fromkeys(names)]
    require_releasable([model.fitted.spec for model in models])
    _require_same_features(models, known_feature_hashes() if feature_hashes is None else feature_hashes)
    rules = load_gates(gates)
    results = tuple(result for model in models for result in check(model.fitted, model.version, rules))
    if failed(results):
        raise PromotionRefusedError(results)
    folder = _export(settings, models, policy, code_version or installed("o2c-risk"))
    promotion = Promoted(
        release_id=folder.name,
        folder=folder,
        versions={model.fitted.spec.name: model.version for model in models},
        results=results,
        record=_record_path(settings, at, folder.name),
    )
    approval = Approval(by=by.strip(), reason=reason.strip(), at=at.isoformat(), release=folder.name)
    _write_record(promotion, approval)
    with quiet():
        for model in models:
            _mark(client, settings, model, promotion, approval)
    activate(settings.releases, promotion.release_id)  # last: until here the release before is in force
    return promotion


def _require_named(names: Sequence[str], by: str, reason: str, at: datetime) -> None:
    given = {
        "at least one model": bool(names),
        "the name of a person": bool(by.strip()),
        "a reason": bool(reason.strip()),
        "a time in UTC": at.utcoffset() == timedelta(0),
    }
    lacking = [what for what, present in given.items() if not present]
    if lacking:
        raise UnnamedPromotionError(" and ".join(lacking))


def _require_same_features(models: Sequence[Stored], hashes: Mapping[str, str]) -> None:
    for model in models:
        spec = model.fitted.spec
        if hashes.get(spec.feature_set) != spec.feature_set_hash:
            raise FeaturesChangedError(spec, hashes.get(spec.feature_set))


def _export(settings: Settings, models: Sequence[Stored], policy: Mapping[str, Any], code_version: str) -> Path:
    """Write the bundle from what the registry holds."""
    data_versions = sorted({model.fitted.data_version for model in models})
    return write_release(
        settings.releases,
        [
            ModelFiles(
                spec=model.fitted.spec,
                texts=model.fitted.model_texts,
                calibrator=model.fitted.calibrator,
                version=str(model.version),
            )
            for model in models
        ],
        policy,
        {model.fitted.spec.name: _sketches(model) for model in models},
        {"data_version": "+".join(data_versions), "code_version": code_version},
    )


def _sketches(model: Stored) -> dict[str, Sketch]:
    """Sketch of each feature, and of the score under the name of the probability, as a release calls it."""
    names = {"score": model.fitted.spec.probability_name}
    return {names.get(name, name): Sketch.from_dict(plain) for name, plain in model.fitted.sketches.items()}


def _record_path(settings: Settings, at: datetime, release_id: str) -> Path:
    return settings.home / "promotions" / f"{at:%Y%m%dT%H%M%SZ}-{release_id}.json"


def _write_record(promotion: Promoted, approval: Approval) -> None:
    content = {
        "release": promotion.release_id,
        "by": approval.by,
        "reason": approval.reason,
        "at": approval.at,
        "models": dict(promotion.versions),
        "gates": [result.model_dump() for result in promotion.results],
    }
    promotion.record.parent.mkdir(parents=True, exist_ok=True)
    promotion.record.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


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
