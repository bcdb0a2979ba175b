"""Signed releases: the right key, another one, none, and a manifest or a model that was changed afterwards."""

import json
import stat

import pytest

from scoring.bundle import activate, load, verify, write_release
from scoring.manifest import MANIFEST, BundleError, Manifest, sha256
from scoring.signature import SIGNATURE, KeyFileError, new_keys, sign

POLICY = {"description": "limits"}
VERSIONS = {"data_version": "0a1b2c3d4e5f", "code_version": "0.1.0"}


@pytest.fixture
def keys(tmp_path):
    return new_keys(tmp_path / "keys")


@pytest.fixture
def other(tmp_path):
    return new_keys(tmp_path / "other")


@pytest.fixture
def write(tmp_path, model_files, sketches):
    return lambda key: write_release(tmp_path / "releases", [model_files], POLICY, sketches, VERSIONS, signing_key=key)


def test_the_right_key_opens_it(write, keys, feature_hashes):
    folder = write(keys[0])
    assert load(folder, feature_hashes=feature_hashes, verify_key=keys[1]).manifest.release_id == folder.name
    assert activate(folder.parent, folder.name, verify_key=keys[1]) == folder


def test_unsigned_is_refused_where_a_key_is_set(write, keys):
    folder = write(None)
    with pytest.raises(BundleError, match=r"manifest\.sig: is missing; releases must be signed"):
        load(folder, verify_key=keys[1])
    with pytest.raises(BundleError, match="is missing"):
        activate(folder.parent, folder.name, verify_key=keys[1])
    assert not (folder.parent / "current").exists()


def test_another_key_is_refused(write, keys, other):
    with pytest.raises(BundleError, match="somebody else signed it"):
        verify(write(keys[0]), verify_key=other[1])


def test_a_release_made_anew_after_tampering_has_no_signature_that_fits(write, keys):
    """Whoever changes a model can seal the manifest again, but cannot sign it."""
    folder = write(keys[0])
    text = folder / "models/default/calibrator.json"
    text.write_text(text.read_text().replace("0.9", "0.5"))
    plain = json.loads((folder / MANIFEST).read_text())
    plain["files"]["models/default/calibrator.json"] = sha256(text.read_bytes())
    (folder / MANIFEST).write_bytes(Manifest(**plain).sealed().to_json())
    assert verify(folder), "the sums fit again"
    with pytest.raises(BundleError, match="the manifest was changed, or somebody else signed it"):
        verify(folder, verify_key=keys[1])


def test_a_changed_file_under_a_good_signature_is_refused(write, keys):
    folder = write(keys[0])
    path = folder / "models/default/calibrator.json"
    path.write_text(path.read_text() + " ")
    with pytest.raises(BundleError, match=r"calibrator\.json: has SHA-256"):
        verify(folder, verify_key=keys[1])


@pytest.mark.parametrize("content", [b"", b"no base64!", b"AAAA"])
def test_a_signature_that_is_none_is_refused(write, keys, content):
    folder = write(keys[0])
    (folder / SIGNATURE).write_bytes(content)
    with pytest.raises(BundleError, match="does not fit"):
        verify(folder, verify_key=keys[1])


def test_without_a_key_nobody_looks_at_the_signature(write, keys, other):
    folder = write(keys[0])
    assert verify(folder).release_id == folder.name


def test_signing_the_same_release_later_signs_it_in_place(write, keys):
    assert write(None) == (folder := write(keys[0]))
    assert verify(folder, verify_key=keys[1])


def test_the_same_manifest_and_key_give_the_same_signature(keys):
    assert sign(b"manifest", keys[0]) == sign(b"manifest", keys[0]) != sign(b"manifesto", keys[0])


def test_keys_are_never_overwritten_and_the_private_one_is_private(keys):
    assert stat.S_IMODE(keys[0].stat().st_mode) == 0o600
    with pytest.raises(KeyFileError, match="is there already"):
        new_keys(keys[0].parent)


def test_a_key_of_the_wrong_sort_is_named(write, keys, tmp_path):
    with pytest.raises(KeyFileError, match="holds no private key"):
        write(keys[1])
    with pytest.raises(KeyFileError, match="holds no public key"):
        verify(write(keys[0]), verify_key=keys[0])
    with pytest.raises(KeyFileError, match="cannot be read"):
        verify(write(None), verify_key=tmp_path / "gone.pem")
