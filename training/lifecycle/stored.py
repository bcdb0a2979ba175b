"""A registered model read back from the files of its version."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from scoring.calibration import Calibrator
from scoring.canonical import canonical_json
from scoring.model import ModelSpec
from scoring.pay_time import PayTimeText
from scoring.scorecard import Scorecard
from training.fitting.fitted import Fitted
from training.judging.evaluation import Bin, Evaluation, Interval, Segment
from training.lifecycle.registry import MODEL, STANDING, UnknownModelError, model_names

if TYPE_CHECKING:
    from mlflow import MlflowClient

OURS: Final = re.compile(
    r"(model|calibrator|scorecard|evaluation|sketches|training|pay_time)\.json|(model|pay_time)_[0-9]+\.txt"
)
"""Names of the files that make a model version; the card beside them is written from them."""


class ChangedFilesError(RuntimeError):
    """The files of a version are not those that were registered.

    Attributes:
        name: Model.
        version: Version.
    """

    def __init__(self, name: str, version: int) -> None:
        self.name = name
        self.version = version
        super().__init__(
            f"The registry's files of {name} version {version} were changed after it was registered. "
            "Do not use that version; train and register the model again."
        )


@dataclass(frozen=True)
class Stored:
    """A model version as the registry holds it.

    Attributes:
        fitted: The model with its figures.
        version: Version, counted from 1.
        run_id: Run that holds its files.
        tags: Labels of the version.
    """

    fitted: Fitted
    version: int
    run_id: str
    tags: Mapping[str, str]


def stored(client: "MlflowClient", name: str, version: int | None = None) -> Stored:
    """Read a version from the registry.

    Args:
        client: The registry.
        name: Name of the model.
        version: Version wanted; None: the newest that does not merely stand as a challenger, else the newest.

    Raises:
        UnknownModelError: The registry holds no such model or version.
        ChangedFilesError: Its files are not those that were registered; none of them is parsed then.
    """
    numbers = {int(found.version): found for found in client.search_model_versions(f"name = '{name}'")}
    number = newest(numbers) if version is None else version
    if number not in numbers:
        wanted = name if version is None else f"{name} version {version}"
        raise UnknownModelError(wanted, model_names(client))
    found = numbers[number]
    files = _files(client, str(found.run_id))
    if content_hash(files) != found.tags.get("content"):
        raise ChangedFilesError(name, number)
    return Stored(fitted_from(files), number, str(found.run_id), dict(found.tags))


def newest(numbers: Mapping[int, Any]) -> int:
    """The newest version of a model; those that training set up as standing challengers only where there is no other.

    Args:
        numbers: Version to its entry in the registry.

    Returns:
        The version; 0 where there is none.
    """
    return max(
        (number for number, found in numbers.items() if STANDING not in found.tags), default=max(numbers, default=0)
    )


def _files(client: "MlflowClient", run_id: str) -> dict[str, bytes]:
    """Our files of a run, name to content; MLflow's own are left aside."""
    with TemporaryDirectory() as folder:
        files = Path(client.download_artifacts(run_id, MODEL, folder))
        return {path.name: path.read_bytes() for path in files.iterdir() if OURS.fullmatch(path.name)}


def contents(fitted: Fitted) -> dict[str, bytes]:
    """Our files of a model version, name to content; equal models give equal bytes."""
    card = {} if fitted.scorecard is None else {"scorecard.json": fitted.scorecard.to_json()}
    return {
        **card,
        "model.json": fitted.spec.to_json(),
        "calibrator.json": fitted.calibrator.to_json(),
        "evaluation.json": canonical_json(fitted.evaluation.as_dict()),
        "sketches.json": canonical_json(fitted.sketches),
        "training.json": canonical_json({"data_version": fitted.data_version, **fitted.training}),
        **{f"model_{place}.txt": text.encode() for place, text in enumerate(fitted.model_texts)},
        **({} if fitted.pay_time is None else fitted.pay_time.contents()),
    }


def content_hash(files: Mapping[str, bytes]) -> str:
    """SHA-256 over names and contents, 16 hex characters."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


def fitted_from(contents: Mapping[str, bytes]) -> Fitted:
    """The trained model from its files; the inverse of ``contents``."""
    spec = ModelSpec.from_json(contents["model.json"])
    training = json.loads(contents["training.json"])
    return Fitted(
        spec=spec,
        model_texts=tuple(contents[f"model_{place}.txt"].decode() for place in range(len(spec.seeds))),
        calibrator=Calibrator.from_json(contents["calibrator.json"]),
        evaluation=_evaluation(json.loads(contents["evaluation.json"])),
        sketches=json.loads(contents["sketches.json"]),
        data_version=training.pop("data_version"),
        training=training,
        scorecard=Scorecard.from_json(contents["scorecard.json"]) if spec.form == "scorecard" else None,
        pay_time=PayTimeText.from_contents(contents),
    )


def _evaluation(plain: Mapping[str, Any]) -> Evaluation:
    parts = {
        "metrics": {name: Interval(**figure) for name, figure in plain["metrics"].items()},
        "reliability": tuple(Bin(**row) for row in plain["reliability"]),
        "segments": tuple(Segment(**row) for row in plain["segments"]),
    }
    return Evaluation(**{**plain, **parts})
