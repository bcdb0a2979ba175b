"""The release bundle: a folder that holds all a service needs to score, and nothing that can run code.

manifest.json, manifest.sig (if it is signed)
canary.json
models/<name>/model.json, model_0.txt … or scorecard.json, calibrator.json
policy/limits.json
sketches/<name>.json
"""

import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from features.feature_sets import BY_NAME
from scoring.canary import TIMEOUT_SECONDS, Canary, first_load, sing
from scoring.canonical import canonical_json
from scoring.manifest import MANIFEST, BundleError, Manifest, sha256, verified
from scoring.model import ReleasedModel
from scoring.model_files import ModelFiles
from scoring.releases import activate, current
from scoring.signature import SIGNATURE, sign
from scoring.sketch import Sketch

CANARY: Final = "canary.json"
POLICY: Final = "policy/limits.json"
TOLERANCE: Final = 1e-9
"""Relative difference that another platform may show against the one that wrote the bundle."""

Sketches = Mapping[str, Mapping[str, Sketch]]

__all__ = [
    "Bundle",
    "BundleError",
    "Manifest",
    "ModelFiles",
    "activate",
    "current",
    "load",
    "verify",
    "write_bundle",
    "write_release",
]


@dataclass(frozen=True)
class Bundle:
    """A release, loaded and checked.

    Attributes:
        folder: Where it was read.
        manifest: Contents and origin.
        models: Model name → model.
        policy: The policy's values, as JSON holds them: amounts and dates are text.
        sketches: Model name → feature or probability name → sketch of the training population.
    """

    folder: Path
    manifest: Manifest
    models: Mapping[str, ReleasedModel]
    policy: Mapping[str, Any]
    sketches: Sketches


def write_bundle(
    folder: Path,
    models: Sequence[ModelFiles],
    policy: Mapping[str, Any],
    sketches: Sketches,
    versions: Mapping[str, str],
    *,
    signing_key: Path | None = None,
) -> Manifest:
    """Write a bundle at ``folder``, whole or not at all.

    The models are loaded once, in a child process, before the folder appears. Writing the same again changes nothing.

    Args:
        folder: Must not exist, or hold the same release.
        models: One or more, of different names.
        policy: Values of the limit policy; amounts as ``Decimal``.
        sketches: Model name → column → sketch.
        versions: ``data_version`` and ``code_version``.
        signing_key: PEM file of the private key to sign the manifest with; None: it is not signed.

    Raises:
        KeyFileError: The key cannot be used.
        BundleError: A model cannot be loaded, or the folder holds something else.
    """
    with _staged(folder.parent, models, policy, sketches, versions) as (staging, manifest):
        _sign(staging, manifest, signing_key)
        _settle(staging, folder, manifest)
    return manifest


def write_release(
    releases: Path,
    models: Sequence[ModelFiles],
    policy: Mapping[str, Any],
    sketches: Sketches,
    versions: Mapping[str, str],
    *,
    signing_key: Path | None = None,
) -> Path:
    """Write a bundle into ``releases``, in a folder named by its release id; see ``write_bundle``."""
    with _staged(releases, models, policy, sketches, versions) as (staging, manifest):
        _sign(staging, manifest, signing_key)
        _settle(staging, releases / manifest.release_id, manifest)
    return releases / manifest.release_id


def verify(folder: Path, *, verify_key: Path | None = None) -> Manifest:
    """Check that a bundle holds exactly what its manifest lists; no model is loaded.

    Args:
        folder: The bundle.
        verify_key: PEM file of the public key whose owner must have signed it; None: no signature is looked at.

    Raises:
        BundleError: It does not; the message names the file.
    """
    return verified(folder, verify_key=verify_key)[0]


def load(
    folder: Path,
    *,
    feature_hashes: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT_SECONDS,
    verify_key: Path | None = None,
) -> Bundle:
    """Verify a bundle, load its models in a child process, then here.

    Args:
        folder: The bundle.
        feature_hashes: Feature set name → hash of its definitions in this code; taken from
            ``features.feature_sets`` unless given.
        timeout: Seconds that the child process may take.
        verify_key: PEM file of the public key whose owner must have signed it; None: no signature is looked at.

    Raises:
        KeyFileError: The key cannot be used.
        BundleError: The signature is missing or wrong, a file is not as listed, a model cannot be loaded or scores
            otherwise than when it was written, or this code defines its features otherwise.
    """
    manifest, contents = verified(folder, verify_key=verify_key)
    _check_features(manifest, known_feature_hashes() if feature_hashes is None else feature_hashes)
    files = [ModelFiles.read(name, entry, contents) for name, entry in manifest.models.items()]
    _check_all_belong(files, contents)
    heard = first_load(folder, timeout=timeout)
    models = {item.spec.name: item.model() for item in files}
    _check_songs(json.loads(contents[CANARY]), heard, {name: sing(model) for name, model in models.items()})
    sketches = {name: _sketches(contents[f"sketches/{name}.json"]) for name in models}
    return Bundle(folder, manifest, models, json.loads(contents[POLICY]), sketches)


def known_feature_hashes() -> dict[str, str]:
    """Feature set name → hash of its definitions in this code."""
    return {name: feature_set.hash for name, feature_set in BY_NAME.items()}


def _check_features(manifest: Manifest, hashes: Mapping[str, str]) -> None:
    for name, entry in manifest.models.items():
        here = hashes.get(entry.feature_set)
        if here != entry.feature_set_hash:
            raise BundleError(
                f"model {name} was trained on feature set {entry.feature_set} {entry.feature_set_hash}, "
                f"but this code defines it as {here or 'nothing'}",
                file=f"models/{name}/model.json",
                then="Train the model again with this code, or run the code it was trained with.",
            )


def _check_all_belong(files: Sequence[ModelFiles], contents: Mapping[str, bytes]) -> None:
    wanted = {CANARY, POLICY}
    for item in files:
        wanted |= {f"sketches/{item.spec.name}.json", *item.contents()}
    for path in sorted(wanted ^ contents.keys()):
        raise BundleError("is missing" if path in wanted else "belongs to no model of the manifest", file=path)


def _check_songs(written: Canary, heard: Canary, here: Canary) -> None:
    if heard != here:
        raise BundleError("the models score otherwise here than in the process that loaded them first")
    for name, values in here.items():
        pairs = zip(map(float.fromhex, values), map(float.fromhex, written[name]), strict=True)
        if not all(math.isclose(now, then, rel_tol=TOLERANCE) for now, then in pairs):
            raise BundleError(
                f"model {name} scores otherwise here than where it was released", file=f"models/{name}/model.json"
            )


def _sketches(content: bytes) -> dict[str, Sketch]:
    return {column: Sketch.from_dict(value) for column, value in json.loads(content).items()}


@contextmanager
def _staged(
    parent: Path,
    models: Sequence[ModelFiles],
    policy: Mapping[str, Any],
    sketches: Sketches,
    versions: Mapping[str, str],
) -> Iterator[tuple[Path, Manifest]]:
    """A complete bundle in a temporary folder of ``parent``, whose models were loaded once in a child process."""
    contents = _contents(models, policy, sketches)
    parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=parent))
    try:
        _write(staging, contents, _manifest(models, contents, versions))
        contents[CANARY] = canonical_json(first_load(staging))
        manifest = _manifest(models, contents, versions)
        _write(staging, contents, manifest)
        staging.chmod(0o755)
        yield staging, manifest
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _contents(models: Sequence[ModelFiles], policy: Mapping[str, Any], sketches: Sketches) -> dict[str, bytes]:
    names = [model.spec.name for model in models]
    if len(set(names)) != len(names) or set(names) != set(sketches):
        raise ValueError(f"a bundle needs sketches for exactly its models, got {sorted(sketches)} for {sorted(names)}")
    contents = {POLICY: canonical_json(policy)}
    for model in models:
        contents |= model.contents()
        plain = {column: sketch.to_dict() for column, sketch in sketches[model.spec.name].items()}
        contents[f"sketches/{model.spec.name}.json"] = canonical_json(plain)
    return contents


def _manifest(models: Sequence[ModelFiles], contents: Mapping[str, bytes], versions: Mapping[str, str]) -> Manifest:
    return Manifest(
        models={model.spec.name: model.entry() for model in models},
        data_version=versions["data_version"],
        code_version=versions["code_version"],
        files={path: sha256(content) for path, content in contents.items()},
    ).sealed()


def _write(folder: Path, contents: Mapping[str, bytes], manifest: Manifest) -> None:
    for path, content in {**contents, MANIFEST: manifest.to_json()}.items():
        _write_file(folder / path, content)


def _write_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sign(folder: Path, manifest: Manifest, key: Path | None) -> None:
    if key is not None:
        _write_file(folder / SIGNATURE, sign(manifest.to_json(), key))


def _settle(staging: Path, folder: Path, manifest: Manifest) -> None:
    try:
        staging.rename(folder)
    except OSError as error:
        if not folder.is_dir() or verify(folder) != manifest:
            raise BundleError(
                f"{folder} is in the way: it holds something else", then="Write the release to another folder."
            ) from error
        if (staging / SIGNATURE).is_file():  # the same release, which may not have been signed, or by another key
            (staging / SIGNATURE).replace(folder / SIGNATURE)
