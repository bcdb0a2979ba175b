"""The manifest of a release bundle, and the check that a folder holds exactly what it lists."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scoring.bundle_error import BundleError as BundleError
from scoring.canonical import canonical_json
from scoring.signature import SIGNATURE, check_signature

MANIFEST: Final = "manifest.json"
NAME: Final = r"[a-z0-9]+(-[a-z0-9]+)*"
"""What a model may be called: it becomes a folder name."""

# A bundle holds these and nothing else, so a pickle has no place to be, whatever it is called.
LAYOUT: Final = re.compile(
    rf"models/{NAME}/(model\.json|calibrator\.json|scorecard\.json|pay_time\.json|(model|pay_time)_[0-9]+\.txt)"
    rf"|canary\.json|policy/limits\.json|sketches/{NAME}\.json"
)
PICKLE_SUFFIXES: Final = frozenset(
    {".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".skops", ".bin", ".npy", ".npz", ".pt", ".pth"}
)
# Pickle protocols 2 to 5; zip (joblib, skops, npz, torch); numpy; gzip; zlib (compressed joblib).
BINARY_MAGIC: Final = (b"\x80", b"PK", b"\x93NUMPY", b"\x1f\x8b", b"\x78")


class ModelEntry(BaseModel):
    """What the manifest says of one model.

    Attributes:
        version: Version in the registry.
        feature_set: Name of its feature set.
        feature_set_version: Version of that set.
        feature_set_hash: Hash of the feature definitions it was trained on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(min_length=1)
    feature_set: str
    feature_set_version: int
    feature_set_hash: str


class Manifest(BaseModel):
    """Contents and origin of one release.

    Attributes:
        format: Layout of the bundle.
        release_id: First 12 hex digits of the SHA-256 of everything else in the manifest.
        models: Per model name, its version and feature set.
        data_version: Content hash of the lake the models were trained on.
        code_version: Version of this code that wrote the bundle.
        files: Path relative to the bundle → SHA-256 of the file, 64 hex digits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    format: Literal[1] = 1
    release_id: str = Field(default="", pattern=r"^([0-9a-f]{12})?$")
    models: dict[str, ModelEntry] = Field(min_length=1)
    data_version: str = Field(min_length=1)
    code_version: str = Field(min_length=1)
    files: dict[str, str] = Field(min_length=1)

    def sealed(self) -> "Manifest":
        """The same manifest with its ``release_id`` set."""
        return self.model_copy(update={"release_id": self._content_id()})

    def to_json(self) -> bytes:
        """Canonical JSON."""
        return canonical_json(self.model_dump())

    @classmethod
    def from_json(cls, text: bytes) -> "Manifest":
        """Read a manifest and check that it is unchanged since it was sealed.

        Raises:
            BundleError: It is not one, or was changed.
        """
        try:
            manifest = cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the whole file"
            raise BundleError(f"is no manifest: {where}: {first['msg']}", file=MANIFEST) from error
        if manifest.release_id != manifest._content_id() or manifest.to_json() != text:
            raise BundleError("was changed after it was written", file=MANIFEST)
        return manifest

    def _content_id(self) -> str:
        return sha256(canonical_json(self.model_dump(exclude={"release_id"})))[:12]


def sha256(content: bytes) -> str:
    """SHA-256 of the content, 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def verified(folder: Path, *, verify_key: Path | None = None) -> tuple[Manifest, Mapping[str, bytes]]:
    """The manifest of a bundle and the content of every file it lists, each read once and checked.

    Whoever loads from these bytes loads what was checked, even if the folder changes meanwhile.

    Args:
        folder: The bundle.
        verify_key: PEM file of the public key whose owner must have signed it; None: no signature is looked at.

    Raises:
        KeyFileError: The key cannot be used.
        BundleError: It is not signed by that key, or a file is missing, changed, not listed, outside the folder, a
            link, or of a kind that a bundle never holds.
    """
    if not folder.is_dir():
        raise BundleError(f"there is no release bundle in {folder}", then="Name the folder of a release.")
    found = _files(folder)
    if MANIFEST not in found:
        raise BundleError("is missing", file=MANIFEST)
    text = (folder / MANIFEST).read_bytes()
    if verify_key is not None:
        check_signature(text, (folder / SIGNATURE).read_bytes() if SIGNATURE in found else None, verify_key)
    manifest = Manifest.from_json(text)
    for path in sorted(manifest.files):
        _check_path(path)
    for path in sorted(found - manifest.files.keys() - {MANIFEST, SIGNATURE}):
        _check_suffix(path)
        raise BundleError("is not listed in the manifest", file=path)
    for path in sorted(manifest.files.keys() - found):
        raise BundleError("is listed in the manifest but missing", file=path)
    return manifest, {path: _checked_content(folder, path, manifest.files[path]) for path in sorted(manifest.files)}


def _files(folder: Path) -> set[str]:
    found: set[str] = set()
    pending = [folder]
    while pending:
        for entry in pending.pop().iterdir():
            path = entry.relative_to(folder).as_posix()
            if entry.is_symlink():
                raise BundleError("is a link; a bundle holds plain files only", file=path)
            if entry.is_dir():
                pending.append(entry)
            elif entry.is_file():
                found.add(path)
            else:
                raise BundleError("is not a plain file", file=path)
    return found


def _check_path(path: str) -> None:
    _check_suffix(path)
    if not LAYOUT.fullmatch(path):
        raise BundleError("has no place in a release bundle, which holds models, policy and sketches", file=path)


def _check_suffix(path: str) -> None:
    if PICKLE_SUFFIXES.intersection(suffix.lower() for suffix in Path(path).suffixes):
        raise BundleError("may run code when it is read; a bundle holds LightGBM text and JSON only", file=path)


def _checked_content(folder: Path, path: str, expected: str) -> bytes:
    content = (folder / path).read_bytes()
    if sha256(content) != expected:
        raise BundleError(f"has SHA-256 {sha256(content)[:12]}…, the manifest says {expected[:12]}…", file=path)
    check_kind(path, content)
    return content


def check_kind(path: str, content: bytes) -> None:
    """Refuse content that is neither LightGBM text nor JSON, whatever its name.

    Raises:
        BundleError: It is something else, a pickle for instance.
    """
    if content.startswith(BINARY_MAGIC):
        raise BundleError("is a pickle or an archive; a bundle holds LightGBM text and JSON only", file=path)
    if path.endswith(".txt"):
        if not content.startswith(b"tree\n"):
            raise BundleError("is not a LightGBM model text", file=path)
        return
    try:
        json.loads(content)
    except ValueError as error:
        raise BundleError(f"is not JSON ({error})", file=path) from error
