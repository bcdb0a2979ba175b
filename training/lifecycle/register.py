"""Registering a trained model: one MLflow run, one model version, text and JSON only."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import lightgbm as lgb

from data.settings import Settings
from features.catalogue import Feature
from features.feature_sets import FEATURES
from scoring.manifest import check_kind
from scoring.model import ModelSpec
from training.fitting.fitted import Fitted
from training.lifecycle import code as running
from training.lifecycle.card import card_of, write_card
from training.lifecycle.nested import log_parts, parts_of
from training.lifecycle.registry import MODEL, experiment_of, open_registry, quiet
from training.lifecycle.stored import content_hash, contents

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature

WRITTEN_BY_MLFLOW: Final = frozenset({"MLmodel", "model.lgb", "conda.yaml", "python_env.yaml", "requirements.txt"})


@dataclass(frozen=True)
class Registered:
    """A model version in the registry.

    Attributes:
        name: Name of the model.
        version: Version, counted from 1.
        run_id: MLflow run that holds its figures and files.
        created: False if this very model was there already and nothing was written.
        card: The model card as Markdown; its HTML lies beside it.
        content: SHA-256 over all files of the model, 16 hexadecimal digits: equal models have equal ones, wherever
            they were trained.
    """

    name: str
    version: int
    run_id: str
    created: bool
    card: Path
    content: str


class UnexpectedArtifactError(RuntimeError):
    """Something other than text and JSON would have been registered.

    Attributes:
        files: Names of the files.
    """

    def __init__(self, files: Sequence[str]) -> None:
        self.files = tuple(files)
        super().__init__(
            f"A model is registered as LightGBM text and JSON only, but {', '.join(files)} would have been written too."
            " Check the installed version of MLflow."
        )


def register(
    fitted: Fitted,
    settings: Settings,
    *,
    code_version: str | None = None,
    catalogue: Mapping[str, Feature] = FEATURES,
    labels: Mapping[str, str] | None = None,
) -> Registered:
    """Register a trained model with its figures, files and card.

    Registering the very same model again (equal texts, calibrator, figures and data) changes nothing and gives
    the version that is there.

    Args:
        fitted: The trained model.
        settings: Where registry, artifacts and cards lie.
        code_version: Version of the code that trained it; None: the installed version, with the commit beside it
            where the code lies in a work tree.
        catalogue: Meaning and unit of the features, for the card.
        labels: More tags of a new version.
    """
    client = open_registry(settings)
    files = contents(fitted)
    tags = tags_of(fitted, code_version or running.code_version(), content_hash(files)) | dict(labels or {})
    if code_version is None and (commit := running.commit()) is not None:
        tags["code_commit"] = commit
    with quiet():
        known = _version_with(client, fitted.spec.name, tags["content"])
        if known is None:
            number, run_id = _log(client, settings, fitted, files, tags)
        else:
            number, run_id = int(known.version), str(known.run_id)
        card = write_card(card_of(fitted, number, tags, catalogue=catalogue), settings.reports / "cards")
        if known is None:
            for path in (card, card.with_suffix(".html")):
                client.log_artifact(run_id, str(path), MODEL)
    return Registered(fitted.spec.name, number, run_id, created=known is None, card=card, content=tags["content"])


def tags_of(fitted: Fitted, code_version: str, content: str) -> dict[str, str]:
    """What a model version is labelled with."""
    spec = fitted.spec
    return {
        "content": content,
        "code_version": code_version,
        "data_version": fitted.data_version,
        "feature_set": spec.feature_set,
        "feature_set_version": str(spec.feature_set_version),
        "feature_set_hash": spec.feature_set_hash,
        "target": spec.target,
        "probability": spec.probability_name,
        "trained_as_of": spec.trained_as_of.isoformat(),
        "known_on": spec.known_at.isoformat(),
        "train_rows": str(spec.train_rows),
        "train_bad": str(spec.train_bad),
        "evaluation_period": fitted.evaluation.period,
        "evaluation_known_on": fitted.evaluation.known_on,
        "label": json.dumps(spec.label, sort_keys=True),
        **_tuned(fitted),
        # MLflow's own flavour can hold one booster only; the release bundle scores with all of them, calibrated.
        "mlflow_flavour_holds": _flavour_holds(fitted),
    }


def _tuned(fitted: Fitted) -> dict[str, str]:
    """Which study chose the recipe; nothing where it is the product's own."""
    told = fitted.training.get("tuned")
    if told is None:
        return {}
    return {"tuned_study": told["study"], "tuned_trials": str(told["trials"]), "tuned_known_on": told["known_on"]}


def _flavour_holds(fitted: Fitted) -> str:
    return f"seed 1 of {len(fitted.model_texts)}, not calibrated" if fitted.model_texts else "nothing: a scorecard"


def parameters_of(fitted: Fitted) -> dict[str, str]:
    """What the model was trained with, as MLflow's parameters."""
    spec = fitted.spec
    label = {f"label.{key}": json.dumps(value) for key, value in spec.label.items()}
    by = "lightgbm" if spec.form == "trees" else spec.form
    trees = {f"{by}.{key}": json.dumps(value) for key, value in spec.parameters.items()}
    chosen = {
        "calibrator": fitted.calibrator.method,
        "features": str(len(spec.feature_names)),
        "seeds": json.dumps(spec.seeds),
        "lightgbm_version": spec.lightgbm_version,
    }
    return {**label, **trees, **chosen}


def metrics_of(fitted: Fitted) -> dict[str, float]:
    """The figures with both ends of their intervals, and the counts behind them."""
    evaluation = fitted.evaluation
    figures = {
        f"{name}{end}": value
        for name, figure in evaluation.metrics.items()
        for end, value in (("", figure.value), ("_low", figure.low), ("_high", figure.high))
    }
    counts = {"cases": evaluation.n, "bad": evaluation.bad, "customers": evaluation.customers}
    return {**figures, **{name: float(count) for name, count in counts.items()}}


def _log(
    client: MlflowClient, settings: Settings, fitted: Fitted, files: Mapping[str, bytes], tags: Mapping[str, str]
) -> tuple[int, str]:
    """Write the runs and the version; a run that fails half-way is marked so and gets no version."""
    name = fitted.spec.name
    experiment_id = experiment_of(client, settings, name)
    run = client.create_run(experiment_id, tags=dict(tags), run_name=f"{name} {tags['content']}")
    run_id = str(run.info.run_id)
    finished = False
    try:
        _log_figures(client, run_id, fitted)
        log_parts(client, experiment_id, run_id, parts_of(fitted))
        _log_files(client, run_id, fitted, files)
        number = _new_version(client, fitted, run_id, tags)
        finished = True
    finally:
        client.set_terminated(run_id, "FINISHED" if finished else "FAILED")
    return number, run_id


def _log_figures(client: MlflowClient, run_id: str, fitted: Fitted) -> None:
    from mlflow.entities import Metric, Param

    at = int(client.get_run(run_id).info.start_time)
    client.log_batch(
        run_id,
        metrics=[Metric(key, value, at, 0) for key, value in metrics_of(fitted).items()],
        params=[Param(key, value) for key, value in parameters_of(fitted).items()],
    )


def _log_files(client: MlflowClient, run_id: str, fitted: Fitted, files: Mapping[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as staging:
        folder = Path(staging) / MODEL
        _save_flavour(fitted, folder)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        _require_text_only(folder, files)
        client.log_artifacts(run_id, str(folder), MODEL)


def _save_flavour(fitted: Fitted, folder: Path) -> None:
    """MLflow's own view of the model: its first booster as LightGBM text, with signature and requirements.

    It has no view of a scorecard: of that, our own files are all there is.
    """
    from mlflow import lightgbm as flavour

    if not fitted.model_texts:
        folder.mkdir()
        return
    flavour.save_model(
        lgb.Booster(model_str=fitted.model_texts[0]),
        str(folder),
        signature=signature_of(fitted.spec),
        pip_requirements=[f"lightgbm=={fitted.spec.lightgbm_version}", f"numpy=={installed('numpy')}"],
    )


def signature_of(spec: ModelSpec) -> ModelSignature:
    """Inputs and output of the model for MLflow: doubles, each of which may be missing (NaN)."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs = Schema([ColSpec("double", name) for name in spec.feature_names])
    return ModelSignature(inputs=inputs, outputs=Schema([ColSpec("double", spec.probability_name)]))


def _require_text_only(folder: Path, files: Mapping[str, bytes]) -> None:
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    unexpected = sorted(found - WRITTEN_BY_MLFLOW - set(files))
    if unexpected:
        raise UnexpectedArtifactError(unexpected)
    for name, content in files.items():
        check_kind(name, content)
    if "model.lgb" in found:
        check_kind("model_flavour.txt", (folder / "model.lgb").read_bytes())


def _new_version(client: MlflowClient, fitted: Fitted, run_id: str, tags: Mapping[str, str]) -> int:
    from mlflow.exceptions import MlflowException

    name = fitted.spec.name
    try:
        client.create_registered_model(name, description=f"{fitted.spec.target}, gives {fitted.spec.probability_name}")
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    created = client.create_model_version(name, source=f"runs:/{run_id}/{MODEL}", run_id=run_id, tags=dict(tags))
    return int(created.version)


def _version_with(client: MlflowClient, name: str, content: str) -> Any | None:
    """The version of a model that has this content, if there is one."""
    found = [
        version
        for version in client.search_model_versions(f"name = '{name}'")
        if version.tags.get("content") == content
    ]
    return max(found, key=lambda version: int(version.version)) if found else None
