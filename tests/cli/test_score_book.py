"""`o2c-risk score-book`: the whole book into one file, on this machine and on Spark alike."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from cli.app import app
from data.lake import Lake
from data.simulation.simulator import Shape, simulate
from scoring.batch import SCORES
from tests.scoring.book_release import DAY, made_up, release

SHAPE = Shape(customers=25, start_on=DAY.replace(year=2023, month=1), end_on=DAY.replace(day=31), seed=2)
# Facts computed by Spark may differ from DuckDB's in the last digits; scores may differ by this much.
TOLERANCE = 1e-12


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    for name, rows in simulate(SHAPE).tables.items():
        Lake(home / "lake").write(name, rows)
    release(home / "releases", made_up(800, seed=1))
    return home


@pytest.fixture(scope="module")
def local(home):
    """The file and the JSON of a run on this machine."""
    return run(home, "local")


def run(home, engine):
    """As a user runs it: a process of its own, on two cores."""
    out = home / f"{engine}.parquet"
    line = ["score-book", "--as-of", str(DAY), "--engine", engine, "--out", str(out), "--json"]
    environment = {"O2C_RISK_HOME": str(home), "O2C_RISK_THREADS": "2", "O2C_RISK_SPARK_MEMORY": "1g"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "from cli.app import main; main()", *line],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return pq.read_table(out), json.loads(done.stdout)


def test_every_customer_by_every_model_of_default(home, local):
    scores, told = local
    customers = set(simulate(SHAPE).tables["customers"]["customer_id"].to_pylist())
    assert scores.schema == SCORES
    pairs = set(zip(scores["customer_id"].to_pylist(), scores["model"].to_pylist(), strict=True))
    assert pairs == {(customer, model) for customer in customers for model in ("default", "default-60")}
    assert scores["customer_id"].to_pylist() == sorted(scores["customer_id"].to_pylist())
    assert set(scores["release"].to_pylist()) == {told["release"]} == {(home / "releases/current").read_text().strip()}


def test_the_summary_adds_up(local):
    scores, told = local
    assert told["rows"] == scores.num_rows == sum(model["customers"] for model in told["models"])
    for model in told["models"]:
        mine = [row for row in scores.to_pylist() if row["model"] == model["model"]]
        assert sum(model["grades"].values()) == model["customers"] == len(mine)
        assert model["mean_probability"] == pytest.approx(np.mean([row["probability"] for row in mine]))
        assert sum(model["doubts"].values()) == sum(row["doubt"] is not None for row in mine)


def test_nothing_else_is_left_behind(home, local):
    assert {path.name for path in home.iterdir()} <= {"lake", "releases", "local.parquet", "spark.parquet"}


def test_spark_gives_the_same_scores(home, local):
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java, which this machine lacks")
    here, (spark, told) = local[0], run(home, "spark")
    assert spark.schema == here.schema
    assert told["rows"] == here.num_rows
    for name in SCORES.names:
        if SCORES.field(name).type == "double":
            numbers = [table[name].to_numpy() for table in (spark, here)]
            np.testing.assert_allclose(*numbers, rtol=0, atol=TOLERANCE, equal_nan=True)
        else:
            assert spark[name].equals(here[name]), name
    assert not list(home.glob(".spark*"))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        pytest.param(["--model", "distress"], "holds default, default-60, and distress was asked for", id="model"),
        pytest.param(["--as-of", "yesterday"], "is not a date", id="day"),
    ],
)
def test_refused(home, monkeypatch, tmp_path, more, says):
    monkeypatch.setenv("O2C_RISK_HOME", str(home))
    out = tmp_path / "x.parquet"
    found = CliRunner().invoke(app, ["score-book", "--as-of", str(DAY), "--out", str(out), *more])
    assert says in str(found.exception)
    assert not out.exists()


def test_without_a_release(monkeypatch, tmp_path):
    monkeypatch.setenv("O2C_RISK_HOME", str(tmp_path))
    found = CliRunner().invoke(app, ["score-book", "--out", str(tmp_path / "x.parquet")])
    assert "no release is in force" in str(found.exception)
