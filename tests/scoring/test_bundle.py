"""A bundle is used only when it is, byte for byte, what was released."""

import io
import json
import pickle
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from scoring.bundle import BundleError, activate, current, load, verify, write_bundle, write_release
from scoring.manifest import MANIFEST, Manifest, sha256

POLICY = {"round_to": Decimal("1000.00"), "reference": "CC-2024-06"}
VERSIONS = {"data_version": "d0d0d0d0d0d0", "code_version": "0.1.0"}
PATHS = [
    "canary.json",
    "manifest.json",
    "models/default/calibrator.json",
    "models/default/model.json",
    "models/default/model_0.txt",
    "models/default/model_1.txt",
    "policy/limits.json",
    "sketches/default.json",
]


class Opens:
    """Its pickle opens a file when it is read, as a stand-in for any code at all."""

    def __reduce__(self):
        return (io.StringIO, ("this ran",))


@pytest.fixture(scope="module")
def released(tmp_path_factory, model_files, sketches) -> Path:
    folder = tmp_path_factory.mktemp("release") / "bundle"
    write_bundle(folder, [model_files], POLICY, sketches, VERSIONS)
    return folder


@pytest.fixture
def bundle(released, tmp_path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(released, tmp_path / "bundle"))


def relist(bundle: Path) -> None:
    """Make the manifest agree with whatever now lies in the folder, as somebody with write access could."""
    old = Manifest.from_json((bundle / MANIFEST).read_bytes())
    files = {
        path.relative_to(bundle).as_posix(): sha256(path.read_bytes())
        for path in bundle.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }
    (bundle / MANIFEST).write_bytes(old.model_copy(update={"files": files}).sealed().to_json())


def test_what_is_written_is_what_is_loaded(released, model_files, model, sketches, rows, feature_hashes):
    loaded = load(released, feature_hashes=feature_hashes)
    assert list(loaded.models) == ["default"]
    np.testing.assert_array_equal(loaded.models["default"].probability(rows), model.probability(rows))
    assert loaded.models["default"].spec == model_files.spec
    assert loaded.policy == {"round_to": "1000.00", "reference": "CC-2024-06"}
    assert loaded.sketches == sketches
    assert loaded.manifest.models["default"].version == "3"


def test_the_files_are_the_layout(released):
    assert sorted(p.relative_to(released).as_posix() for p in released.rglob("*") if p.is_file()) == PATHS


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("where", [0.0, 0.5, 1.0], ids=["first byte", "middle byte", "last byte"])
def test_a_changed_byte_in_any_file_is_refused(bundle, path, where):
    content = bytearray((bundle / path).read_bytes())
    content[int(where * (len(content) - 1))] ^= 0x01
    (bundle / path).write_bytes(bytes(content))
    with pytest.raises(BundleError) as refusal:
        verify(bundle)
    assert refusal.value.file == path


@pytest.mark.parametrize("path", PATHS)
def test_a_missing_file_is_refused(bundle, path):
    (bundle / path).unlink()
    with pytest.raises(BundleError, match=f"^{path}: is .*missing"):
        verify(bundle)


@pytest.mark.parametrize("path", ["notes.txt", "models/default/model_2.txt", ".hidden", "models/default/manifest.json"])
def test_a_file_that_is_not_listed_is_refused(bundle, path):
    (bundle / path).write_text("tree\n")
    with pytest.raises(BundleError, match=f"^{path}: is not listed"):
        verify(bundle)


def test_a_link_is_refused_even_to_equal_content(bundle, tmp_path):
    target = bundle / "policy/limits.json"
    outside = Path(shutil.move(target, tmp_path / "elsewhere.json"))
    target.symlink_to(outside)
    with pytest.raises(BundleError, match=r"^policy/limits\.json: is a link"):
        verify(bundle)


def test_a_link_to_a_folder_is_refused(bundle, tmp_path):
    outside = Path(shutil.move(bundle / "policy", tmp_path / "policy"))
    (bundle / "policy").symlink_to(outside, target_is_directory=True)
    with pytest.raises(BundleError, match=r"^policy: is a link"):
        verify(bundle)


@pytest.mark.parametrize(
    "path", ["../outside.json", "/etc/passwd", "models/default/../../../x.json", "models\\default\\model.json"]
)
def test_a_path_outside_the_bundle_is_refused(bundle, path):
    old = Manifest.from_json((bundle / MANIFEST).read_bytes())
    files = {**old.files, path: "0" * 64}
    (bundle / MANIFEST).write_bytes(old.model_copy(update={"files": files}).sealed().to_json())
    with pytest.raises(BundleError, match="has no place in a release bundle"):
        verify(bundle)


@pytest.mark.parametrize("listed", [False, True], ids=["unlisted", "listed"])
@pytest.mark.parametrize("name", ["model.pkl", "x.joblib", "x.dill", "x.skops", "x.PICKLE", "x.npy", "x.pkl.txt"])
def test_a_pickle_by_name_is_refused(bundle, name, listed):
    (bundle / "models/default" / name).write_bytes(pickle.dumps(Opens()))
    if listed:
        relist(bundle)
    with pytest.raises(BundleError, match=f"^models/default/{name}: may run code"):
        verify(bundle)


@pytest.mark.parametrize("path", [path for path in PATHS if path != MANIFEST])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_by_content_is_refused_even_when_listed(bundle, path, protocol):
    (bundle / path).write_bytes(pickle.dumps(Opens(), protocol=protocol))
    relist(bundle)
    with pytest.raises(BundleError, match=r"is a pickle|is not JSON|is not a LightGBM") as refusal:
        verify(bundle)
    assert refusal.value.file == path


@pytest.mark.parametrize("magic", [b"PK\x03\x04", b"\x93NUMPY", b"\x1f\x8b\x08", b"\x78\x9c"])
def test_an_archive_is_refused_even_when_listed(bundle, magic):
    (bundle / "models/default/model_0.txt").write_bytes(magic + b"tree\n")
    relist(bundle)
    with pytest.raises(BundleError, match="is a pickle or an archive"):
        verify(bundle)


def test_a_truncated_model_with_a_matching_manifest_leaves_the_caller_alive(bundle, feature_hashes):
    path = bundle / "models/default/model_0.txt"
    text = path.read_text()
    path.write_text(text[: text.index("leaf_value", len(text) // 2)])
    relist(bundle)
    verify(bundle)
    with pytest.raises(BundleError, match=r"ended the process that tried it|cannot be loaded"):
        load(bundle, feature_hashes=feature_hashes)


def test_another_model_with_a_matching_manifest_is_refused_by_the_canary(bundle, feature_hashes):
    path = bundle / "models/default/calibrator.json"
    path.write_text(path.read_text().replace("0.1", "0.2"))
    relist(bundle)
    with pytest.raises(BundleError, match="scores otherwise here than where it was released"):
        load(bundle, feature_hashes=feature_hashes)


def test_a_child_that_takes_too_long_is_ended(released, feature_hashes):
    with pytest.raises(BundleError, match=r"took more than 0\.01 s"):
        load(released, feature_hashes=feature_hashes, timeout=0.01)


@pytest.mark.parametrize(
    ("hashes", "here"), [({"default": "ffffffffffffffff"}, "ffffffffffffffff"), ({}, "nothing")], ids=["other", "gone"]
)
def test_other_feature_definitions_are_refused(released, hashes, here):
    with pytest.raises(BundleError, match=f"0123456789abcdef, but this code defines it as {here}"):
        load(released, feature_hashes=hashes)


def test_a_model_of_another_name_than_its_folder_is_refused(bundle, feature_hashes):
    path = bundle / "models/default/model.json"
    path.write_text(path.read_text().replace('"name": "default"', '"name": "late-payment"'))
    relist(bundle)
    with pytest.raises(BundleError, match=r"^models/default/model\.json: does not agree with the manifest"):
        load(bundle, feature_hashes=feature_hashes)


def test_a_manifest_that_only_reads_the_same_is_refused(bundle):
    with (bundle / MANIFEST).open("ab") as file:
        file.write(b" ")
    with pytest.raises(BundleError, match=r"^manifest\.json: was changed after it was written"):
        verify(bundle)


def test_a_manifest_of_an_unknown_format_is_refused(bundle):
    value = json.loads((bundle / MANIFEST).read_text())
    (bundle / MANIFEST).write_text(json.dumps({**value, "format": 2}))
    with pytest.raises(BundleError, match=r"^manifest\.json: is no manifest: format"):
        verify(bundle)


def test_equal_contents_have_one_release_id_and_writing_twice_changes_nothing(
    released, tmp_path, model_files, sketches
):
    first = write_release(tmp_path, [model_files], POLICY, sketches, VERSIONS)
    stamp = (first / MANIFEST).stat().st_mtime_ns
    assert write_release(tmp_path, [model_files], POLICY, sketches, VERSIONS) == first
    assert first.name == verify(first).release_id == verify(released).release_id
    assert (first / MANIFEST).stat().st_mtime_ns == stamp
    assert [entry.name for entry in tmp_path.iterdir()] == [first.name]


def test_another_release_in_the_way_is_kept(bundle, model_files, sketches):
    before = verify(bundle)
    with pytest.raises(BundleError, match="is in the way"):
        write_bundle(bundle, [model_files], {**POLICY, "reference": "CC-2025-01"}, sketches, VERSIONS)
    assert verify(bundle) == before


def test_a_model_that_cannot_be_loaded_is_never_written(tmp_path, model_files, sketches):
    broken = replace(model_files, texts=(model_files.texts[0][:2000], model_files.texts[1]))
    with pytest.raises(BundleError, match=r"ended the process that tried it|cannot be loaded"):
        write_bundle(tmp_path / "bundle", [broken], POLICY, sketches, VERSIONS)
    assert list(tmp_path.iterdir()) == []


class TestCurrent:
    def test_none_in_force_says_what_to_do(self, tmp_path):
        with pytest.raises(BundleError, match=r"no release is in force .* Promote a model first"):
            current(tmp_path)

    def test_the_activated_release_is_in_force(self, released, tmp_path):
        release_id = verify(released).release_id
        shutil.copytree(released, tmp_path / release_id)
        activate(tmp_path, release_id)
        assert current(tmp_path) == tmp_path / release_id
        assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted([release_id, "current"])

    def test_a_damaged_release_does_not_replace_the_one_before(self, released, tmp_path):
        good = verify(released).release_id
        shutil.copytree(released, tmp_path / good)
        shutil.copytree(released, tmp_path / "aaaaaaaaaaaa")
        activate(tmp_path, good)
        with pytest.raises(BundleError, match=f"folder aaaaaaaaaaaa holds the release {good}"):
            activate(tmp_path, "aaaaaaaaaaaa")
        assert current(tmp_path).name == good

    @pytest.mark.parametrize("named", ["../elsewhere", "", "ABCDEF012345"])
    def test_a_name_that_is_no_release_id_is_refused(self, tmp_path, named):
        (tmp_path / "current").write_text(named)
        with pytest.raises(BundleError, match="is no release id"):
            current(tmp_path)

    def test_a_release_that_is_gone_is_said_to_be(self, tmp_path):
        (tmp_path / "current").write_text("0123456789ab\n")
        with pytest.raises(BundleError, match="the release in force, 0123456789ab, is not in"):
            current(tmp_path)
