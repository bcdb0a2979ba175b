"""A model as a part of a release: out of the registry, or taken over from the release in force."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.settings import Settings
from scoring.manifest import BundleError, verified
from scoring.model_files import ModelFiles
from scoring.releases import current
from scoring.sketch import Sketch
from training.lifecycle.stored import Stored


@dataclass(frozen=True)
class Part:
    """What a release holds of one model.

    Attributes:
        files: The model.
        sketches: Sketch of each feature, and of the score under the name of the probability.
        data_version: What it was trained on.
    """

    files: ModelFiles
    sketches: Mapping[str, Sketch]
    data_version: str


def part_of(model: Stored) -> Part:
    """A version of the registry as a release calls it."""
    fitted = model.fitted
    names = {"score": fitted.spec.probability_name}
    return Part(
        ModelFiles(
            spec=fitted.spec,
            texts=fitted.model_texts,
            scorecard=fitted.scorecard,
            pay_time=fitted.pay_time,
            calibrator=fitted.calibrator,
            version=str(model.version),
        ),
        {names.get(name, name): Sketch.from_dict(plain) for name, plain in fitted.sketches.items()},
        fitted.data_version,
    )


def in_force(settings: Settings, *, leaving_out: Sequence[str]) -> tuple[Part, ...]:
    """The models of the release in force, bit for bit; none before the first promotion.

    Args:
        settings: Where releases lie.
        leaving_out: Models that are not wanted.

    Raises:
        BundleError: The release in force is damaged.
    """
    if in_force_id(settings) is None:
        return ()
    manifest, contents = verified(current(settings.releases), verify_key=settings.verify_key)
    return tuple(
        Part(ModelFiles.read(name, entry, contents), _sketches(contents, name), manifest.data_version)
        for name, entry in sorted(manifest.models.items())
        if name not in leaving_out
    )


def in_force_id(settings: Settings) -> str | None:
    """The release in force; None where there is none."""
    try:
        return current(settings.releases).name
    except BundleError:
        return None


def _sketches(contents: Mapping[str, bytes], name: str) -> dict[str, Sketch]:
    return {column: Sketch.from_dict(plain) for column, plain in json.loads(contents[f"sketches/{name}.json"]).items()}
