"""Who released a bundle: an Ed25519 signature over its manifest, which lists the hash of every file.

``manifest.sig`` holds the 64 bytes of the signature as base64 (RFC 8032; the manifest is signed as it stands). Keys are
PEM files: PKCS 8 for the private one, SubjectPublicKeyInfo for the public one.
"""

import base64
import binascii
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scoring.bundle_error import BundleError

if TYPE_CHECKING:  # imported late: only an installation with keys needs it
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNATURE: Final = "manifest.sig"
PRIVATE: Final = "signing-key.pem"
PUBLIC: Final = "verify-key.pem"


class KeyFileError(ValueError):
    """A file that should hold a key cannot be used.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"{path} {problem}. Make a pair of keys with `o2c-risk keys new DIR`.")


def new_keys(folder: Path) -> tuple[Path, Path]:
    """Make a pair of keys; the private one can be read by its owner alone.

    Args:
        folder: Where the files go; made if it is not there.

    Returns:
        Path of the private key, and of the public one.

    Raises:
        KeyFileError: One of the files is there already; nothing is overwritten.
    """
    from cryptography.hazmat.primitives import serialization as pem
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key, private, public = Ed25519PrivateKey.generate(), folder / PRIVATE, folder / PUBLIC
    for path in (private, public):
        if path.exists():
            raise KeyFileError(path, "is there already and is not overwritten")
    folder.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo))
    return private, public


def sign(manifest: bytes, key: Path) -> bytes:
    """The signature of a manifest; the same manifest and key give the same bytes.

    Args:
        manifest: Content of ``manifest.json``.
        key: PEM file of the private key.

    Returns:
        Content of ``manifest.sig``.

    Raises:
        KeyFileError: The file holds no private Ed25519 key.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    content = _content(key)
    try:
        found = load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as error:  # not PEM, or protected by a password
        raise KeyFileError(key, "holds no private key that can be read without a password") from error
    if not isinstance(found, Ed25519PrivateKey):
        raise KeyFileError(key, "holds a private key of another kind than Ed25519")
    return base64.b64encode(found.sign(manifest)) + b"\n"


def check_signature(manifest: bytes, signature: bytes | None, key: Path) -> None:
    """Return if the manifest was signed with the private key that belongs to this public one.

    Args:
        manifest: Content of ``manifest.json``.
        signature: Content of ``manifest.sig``; None if there is none.
        key: PEM file of the public key.

    Raises:
        BundleError: It was not.
        KeyFileError: The file holds no public Ed25519 key.
    """
    from cryptography.exceptions import InvalidSignature

    found = _public(key)
    if signature is None:
        raise BundleError(f"is missing; releases must be signed for {key}", file=SIGNATURE)
    try:
        found.verify(base64.b64decode(signature.strip(), validate=True), manifest)
    except (InvalidSignature, binascii.Error) as error:
        raise BundleError(
            f"does not fit {key}: the manifest was changed, or somebody else signed it", file=SIGNATURE
        ) from error


def _public(key: Path) -> "Ed25519PublicKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    content = _content(key)
    try:
        found = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFileError(key, "holds no public key") from error
    if not isinstance(found, Ed25519PublicKey):
        raise KeyFileError(key, "holds a public key of another kind than Ed25519")
    return found


def _content(key: Path) -> bytes:
    try:
        return key.read_bytes()
    except OSError as error:
        raise KeyFileError(key, f"cannot be read ({error.strerror})") from error
