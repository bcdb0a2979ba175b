"""`o2c-risk features compute`: a day's facts as a file."""

from datetime import date

import pyarrow.parquet as pq
from typer.testing import CliRunner

from cli.app import app
from data.lake import Lake
from data.simulation.simulator import Shape, simulate
from features.feature_sets import STORED

SHAPE = Shape(customers=8, start_on=date(2023, 9, 1), end_on=date(2024, 3, 31), seed=2)


def test_the_facts_of_a_day_become_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("O2C_RISK_HOME", str(tmp_path))
    for name, rows in simulate(SHAPE).tables.items():
        Lake(tmp_path / "lake").write(name, rows)
    out = tmp_path / "made" / "facts.parquet"
    told = CliRunner().invoke(app, ["features", "compute", "--as-of", "2024-03-01", "--out", str(out)])
    assert told.exit_code == 0, told.output
    rows = pq.read_table(out)
    assert rows.column_names == ["case_id", "customer_id", "as_of", *STORED.names]
    assert rows.num_rows > 0
    assert [path.name for path in out.parent.iterdir()] == ["facts.parquet"]


def test_an_engine_that_is_none_is_wrong_usage(tmp_path, monkeypatch):
    monkeypatch.setenv("O2C_RISK_HOME", str(tmp_path))
    told = CliRunner().invoke(app, ["features", "compute", "--engine", "polars", "--out", str(tmp_path / "x.parquet")])
    assert told.exit_code == 2
    assert "polars" in told.output
