"""Two homes, the same data in other folders and other orders of rows: models of equal sums, for a user to compare."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from cli.app import main
from cli.ledger import write_portfolio

MODEL = "default-60"


def told(monkeypatch, capsys, home, *words):
    monkeypatch.setenv("O2C_RISK_HOME", str(home))
    monkeypatch.setenv("O2C_RISK_THREADS", "1")
    monkeypatch.setattr("sys.argv", ["o2c-risk", *map(str, words), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    return json.loads(capsys.readouterr().out)


def shuffled(folder):
    """The same files with their rows in another order."""
    for file in folder.glob("*.parquet"):
        rows = pq.read_table(file)
        pq.write_table(rows.take(np.random.default_rng(1).permutation(rows.num_rows)), file)


def trained(monkeypatch, capsys, home, extract, spoil):
    write_portfolio(extract, customers=60, seed=5)
    spoil(extract)
    told(monkeypatch, capsys, home, "ingest", extract, "--mapping", "contract", "--received-on", "2024-12-31")
    period = ("--as-of", "2024-01-01", "--evaluate-to", "2024-06-30", "--known-on", "2024-12-31")
    found = told(monkeypatch, capsys, home, "train", MODEL, *period)
    listed = told(monkeypatch, capsys, home, "models", MODEL)
    assert {one["version"]: one["origin"]["content"] for one in listed}[found[0]["version"]] == found[0]["content"]
    return {one["version"]: (one["origin"]["content"], one["origin"]["data_version"]) for one in listed}


def test_equal_data_give_equal_sums_of_model_and_scorecard(monkeypatch, capsys, tmp_path):
    here = trained(monkeypatch, capsys, tmp_path / "one", tmp_path / "drop" / "monday", lambda _: None)
    there = trained(monkeypatch, capsys, tmp_path / "two", tmp_path / "elsewhere", shuffled)
    assert set(here) == {1, 2}, "the model and its scorecard"
    assert here == there
    assert here[1] != here[2]
