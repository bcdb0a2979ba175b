"""Fixtures that several areas share."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT / ".." / "shared" / "data"

# A law must not fail because the machine was busy, and must fail twice on the same fault.
settings.register_profile(
    "o2c", deadline=None, derandomize=bool(os.environ.get("CI")), suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("o2c")


@pytest.fixture(scope="session")
def datarisk() -> Path:
    """Folder of the Datarisk extract, which lies beside the checkout and is never part of it."""
    folder = SHARED_DATA / "datarisk"
    if not folder.is_dir():
        pytest.skip("the Datarisk extract is not beside this checkout (../shared/data/datarisk)")
    return folder.resolve()
