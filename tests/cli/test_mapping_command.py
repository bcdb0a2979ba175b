"""The commands for mappings, databases and a watched folder, as a user starts them."""

import json
import os
import sqlite3
import time

import pytest

from cli.app import main
from cli.errors import Exit
from cli.inbox import inbox_of, take_for_ever
from data.lake import Lake
from data.settings import Settings

ITEMS = """KUNNR;BELNR;BUDAT;FAEDT;WRBTR;WAERS
0001;R1;05.01.2024;04.02.2024;1.234,50;EUR
0002;R2;16.01.2024;15.02.2024;7,10;EUR
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("O2C_RISK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def run(monkeypatch, capsys):
    """``run("mapping", "check", ...)``: exit code, what was said, what was complained of."""

    def started(*arguments):
        monkeypatch.setattr("sys.argv", ["o2c-risk", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr()
        return left.value.code or 0, " ".join(told.out.split()), " ".join(told.err.split())

    return started


def dropped(folder, text=ITEMS):
    folder.mkdir(exist_ok=True)
    (folder / "items.csv").write_text(text, encoding="utf-8")
    old = time.time() - 60
    os.utime(folder / "items.csv", (old, old))
    return folder / "items.csv"


def test_suggest_then_check_then_ingest(home, run, tmp_path):
    file, target = dropped(tmp_path / "drop"), tmp_path / "items.yaml"
    code, out, _ = run("mapping", "suggest", file, "--output", target)
    assert (code, "a proposal for items.csv" in out) == (Exit.DONE, True)
    assert run("mapping", "check", target)[0] == Exit.DONE
    code, out, _ = run("ingest", tmp_path / "drop", "--mapping", target, "--json")
    assert json.loads(out)["counts"]["invoices"]["accepted"] == 2
    amounts = sorted(Lake(Settings().lake).read("invoices")["amount"].to_pylist())
    assert [str(amount) for amount in amounts] == ["7.1000", "1234.5000"]


def test_a_proposal_is_never_written_over_unasked(home, run, tmp_path):
    file, target = dropped(tmp_path / "drop"), tmp_path / "items.yaml"
    target.write_text("mine")
    code, _, err = run("mapping", "suggest", file, "--output", target)
    assert (code, target.read_text()) == (Exit.REFUSED, "mine")
    assert "add --force" in err
    assert run("mapping", "suggest", file, "--output", target, "--force")[0] == Exit.DONE
    assert run("mapping", "suggest", file)[1].startswith("# Proposed from items.csv.")


def test_check_prints_all_problems_brackets_included(home, run, tmp_path):
    target = tmp_path / "m.yaml"
    run(
        "mapping",
        "suggest",
        dropped(tmp_path / "drop", ITEMS.replace("WAERS", "X").replace("EUR", "?")),
        "--output",
        target,
    )
    target.write_text(target.read_text().replace("source: items", "source: My Items").replace("due_on:", "due:"))
    code, out, _ = run("mapping", "check", target)
    assert code == Exit.REFUSED
    for wanted in (
        "^[a-z0-9]",
        "no column 'due'",
        "nothing fills 'due_on'",
        "nothing fills 'currency'",
        "to be filled in: currency",
    ):
        assert wanted in out
    assert len(json.loads(run("mapping", "check", target, "--json")[1])["problems"]) == 5
    assert "There is no mapping nothing" in run("mapping", "check", "nothing")[2]


SQL = """
source: erp
description: test
kind: sql
files:
  - name: limits
    query: >
      SELECT customer_id, '2024-01-01' AS valid_from_on, '1000' AS amount, 'EUR' AS currency,
             '2024-01-02 00:00:00+00:00' AS known_at, 'erp' AS source FROM l
"""


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_database_by_its_address(home, run, tmp_path, monkeypatch, by):
    with sqlite3.connect(tmp_path / "erp.db") as connection:
        connection.execute("CREATE TABLE l AS SELECT '0001' AS customer_id")
    connection.close()
    (tmp_path / "erp.yaml").write_text(SQL)
    url = f"sqlite:///{tmp_path / 'erp.db'}"
    given = ["--url", url] if by == "option" else []
    if by == "environment":
        monkeypatch.setenv("O2C_RISK_SOURCE_URL", url)
    code, out, _ = run("ingest", "--mapping", tmp_path / "erp.yaml", "--json", *given)
    assert (code, json.loads(out)["counts"]["limits"]["accepted"]) == (Exit.DONE, 1)


def test_what_an_ingest_lacks(home, run, tmp_path):
    (tmp_path / "erp.yaml").write_text(SQL)
    assert "O2C_RISK_SOURCE_URL or by --url" in run("ingest", "--mapping", tmp_path / "erp.yaml")[2]
    code, _, err = run(
        "ingest", "--mapping", tmp_path / "erp.yaml", "--url", "postgresql://me:s3cret@127.0.0.1:1/d?connect_timeout=2"
    )
    assert (code, "s3cret" in err, "me:***@" in err) == (Exit.REFUSED, False, True)
    assert "in which folder the extract lies" in run("ingest", "--mapping", "sap")[2]


def test_a_watched_folder_once(home, run, tmp_path):
    target = tmp_path / "m.yaml"
    run("mapping", "suggest", dropped(tmp_path / "drop"), "--output", target)
    code, out, _ = run("watch-folder", tmp_path / "drop", "--mapping", target, "--once")
    assert (code, "invoices 2 accepted, 0 quarantined" in out) == (Exit.DONE, True)
    assert "Nothing has arrived" in run("watch-folder", tmp_path / "drop", "--mapping", target, "--once")[1]
    dropped(tmp_path / "drop", "A;B\n1;2\n")
    code, out, _ = run("watch-folder", tmp_path / "drop", "--mapping", target, "--once", "--json")
    assert (code, "lacks the column" in json.loads(out)[0]["error"]) == (Exit.REFUSED, True)


def test_a_watched_folder_for_ever_takes_what_arrives_later_and_tells_each_wait_once(home, run, tmp_path, capsys):
    target = tmp_path / "m.yaml"
    run("mapping", "suggest", dropped(tmp_path / "drop"), "--output", target)
    os.utime(tmp_path / "drop" / "items.csv")
    inbox = inbox_of(Settings(), tmp_path / "drop", str(target), ready=None, settle_seconds=2.5)
    until = time.monotonic() + 60
    take_for_ever(
        inbox,
        settle_seconds=1,
        polling=True,
        stop=lambda: any((tmp_path / "drop").glob("done/*")) or time.monotonic() > until,
    )
    out = capsys.readouterr().out
    assert out.count("Waiting: items.csv is still being written.") == 1
    assert out.count("Taken: items.csv") == 1
