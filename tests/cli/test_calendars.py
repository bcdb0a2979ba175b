"""`o2c-risk calendar` and `o2c-risk ingest --dry-run`, as a user starts them."""

import csv
import json
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from cli.app import main
from cli.errors import Exit
from data.contracts import CONTRACTS
from data.lake import Lake


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("O2C_RISK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["o2c-risk", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code or 0


def test_the_calendar_of_a_country_with_the_books_own_holidays(home, tmp_path, monkeypatch, capsys):
    own = {"country": "BR", "falls_on": date(2024, 11, 18), "name": "Stocktaking", "source": "hr", "is_deleted": False}
    own |= {"known_at": datetime(2024, 1, 1, tzinfo=UTC)}
    Lake(home / "lake").write("holidays", pa.Table.from_pylist([own], schema=CONTRACTS["holidays"].schema))
    november = ("calendar", "--country", "BR", "--from", "2024-11-01", "--to", "2024-11-30")
    assert run(monkeypatch, *november, "--out", tmp_path / "br.csv") == Exit.DONE
    told = capsys.readouterr().out
    assert "Stocktaking" in told
    assert "18 business days of 30" in told  # 21 weekdays, less the 15th and the 20th, less the 18th
    with (tmp_path / "br.csv").open(encoding="utf-8", newline="") as file:
        days = list(csv.DictReader(file))
    assert len(days) == 30
    assert days[14] == {
        "date": "2024-11-15",
        "weekday": "Friday",
        "is_business_day": "false",
        "holiday": "Republic Proclamation Day",
    }
    assert sum(day["is_business_day"] == "true" for day in days) == 18
    assert run(monkeypatch, *november, "--json") == Exit.DONE
    found = json.loads(capsys.readouterr().out)
    assert (found["days"], found["business_days"], len(found["holidays"])) == (30, 18, 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("XX", "2024-01-01", "2024-02-01"), "no calendar for the country 'XX'"),
        (("BR", "2024-02-01", "2024-01-01"), "before it starts"),
        (("BR", "1.1.2024", "2024-01-01"), "year-month-day"),
        (("DE", "1980-01-01", "1980-02-01"), "known from 1991 to 2100"),
    ],
)
def test_a_calendar_that_cannot_be_shown(home, monkeypatch, capsys, arguments, message):
    country, start, end = arguments
    assert run(monkeypatch, "calendar", "--country", country, "--from", start, "--to", end) == Exit.REFUSED
    assert message in capsys.readouterr().err


def test_a_dry_run_counts_as_the_run_that_follows_and_shows_examples(home, tmp_path, monkeypatch, capsys):
    extract = tmp_path / "extract"
    run(monkeypatch, "simulate", extract, "--customers", 5, "--seed", 3)
    ends = capsys.readouterr().out.split()[-1]
    ingest = ("ingest", extract, "--mapping", "contract", "--received-on", ends)
    told = []
    for options in (("--dry-run", "--json"), ("--json",)):
        assert run(monkeypatch, *ingest, *options) == Exit.DONE
        told.append(json.loads(capsys.readouterr().out))
        assert (home / "lake").exists() is (len(told) == 2)
    assert told[0].pop("dry_run")
    assert not told[1].pop("dry_run")
    assert told[0] == told[1]
    assert run(monkeypatch, *ingest, "--dry-run") == Exit.DONE
    assert "Rows, nothing written" in capsys.readouterr().out
