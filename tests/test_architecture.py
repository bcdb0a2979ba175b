"""Which way imports point, what the service may need, and what may never be in the tree."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("data", "features", "policy", "scoring", "training", "serving", "monitoring", "cli")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

# The service is imported in a process where these cannot be: it is installed without them.
SERVE_ALONE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"mlflow", "evidently", "training", "monitoring", "cli", "matplotlib"}:
            raise ImportError(f"the service imported {name}")

sys.meta_path.insert(0, Refuse())
import serving.service, serving.release, features.store.reader
"""


def test_imports_point_one_way():
    # The interpreter's own folder: a test run must not depend on what PATH holds.
    command = Path(sys.executable).with_name("lint-imports")
    found = subprocess.run([command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_service_needs_neither_registry_nor_reports_nor_training():
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SERVE_ALONE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_imports_a_pickle(path):
    imported = re.findall(r"^\s*(?:import|from)\s+(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert not {"pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"} & set(imported)


def test_no_module_imports_a_notebook():
    named = re.compile(r"^\s*(?:import|from)\s+notebooks\b|import_module\(.notebooks", re.MULTILINE)
    assert len(SOURCES) > 300
    assert not [path for path in SOURCES if named.search(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_has_hashes_and_no_addresses(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    pinned = re.findall(r"^[a-z0-9][\w.\[\]-]*==", text, re.MULTILINE)
    assert len(pinned) > 100
    assert text.count("--hash=sha256:") >= len(pinned)
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)
