"""Fixtures that several areas share."""

import os
import shutil
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


@pytest.fixture(scope="session")
def spark():
    """How the tests start Spark, with one context held open for all of them: small books, so nothing is compiled."""
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=f"{home}/bin" if home else None) is None:
        pytest.skip("Spark needs Java, which this machine lacks")
    from data.spark import spark_engine
    from data.spark_options import SparkOptions

    small = {
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }
    options = SparkOptions("local[1]", "1g", small)
    holder = spark_engine(options=options)
    yield options
    holder.disconnect()
