"""Which release is in force: the file ``current`` in the folder of releases."""

import os
import re
import tempfile
from pathlib import Path
from typing import Final

from scoring.manifest import BundleError, verified

CURRENT: Final = "current"
RELEASE_ID: Final = re.compile(r"[0-9a-f]{12}")


def activate(releases: Path, release_id: str, *, verify_key: Path | None = None) -> Path:
    """Put a release in force, in one step: a reader sees the one before or this one, nothing between.

    Args:
        releases: Folder of releases.
        release_id: Name of a bundle in it; its files are checked first.
        verify_key: PEM file of the public key whose owner must have signed it; None: no signature is looked at.

    Returns:
        Folder of the release.

    Raises:
        BundleError: There is no such release, or it is damaged; the one before stays in force.
    """
    folder = _named(releases, release_id)
    manifest, _ = verified(folder, verify_key=verify_key)
    if manifest.release_id != release_id:
        raise BundleError(f"the folder {release_id} holds the release {manifest.release_id}")
    handle, temporary = tempfile.mkstemp(prefix=f".{CURRENT}.", dir=releases)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(release_id + "\n")
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).chmod(0o644)
    Path(temporary).replace(releases / CURRENT)
    return folder


def current(releases: Path) -> Path:
    """Folder of the release in force.

    Raises:
        BundleError: None is, or the one named is gone.
    """
    try:
        release_id = (releases / CURRENT).read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise BundleError(f"no release is in force in {releases}", then="Promote a model first.") from error
    folder = _named(releases, release_id)
    if not folder.is_dir():
        raise BundleError(
            f"the release in force, {release_id}, is not in {releases}", then="Activate a release that is there."
        )
    return folder


def _named(releases: Path, release_id: str) -> Path:
    if not RELEASE_ID.fullmatch(release_id):
        raise BundleError(f"{release_id!r} is no release id", then="It is 12 hexadecimal digits.")
    return releases / release_id
