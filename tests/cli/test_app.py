"""The command line: help, exit codes, and errors a credit manager understands."""

import json

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cli.app import app, main
from cli.errors import Exit, is_ours, missing_system_library
from cli.plans import plans
from data.mapping import load_mapping


def _names(command, above=""):
    """Every command and group below a command, as it is typed."""
    for name, below in getattr(command, "commands", {}).items():
        yield f"{above}{name}"
        yield from _names(below, f"{above}{name} ")


# What the tree itself holds, so that a new command cannot be forgotten here; groups as "group command".
COMMANDS = tuple(_names(get_command(app)))


def test_the_commands_that_people_rely_on_are_there():
    relied_on = "demo simulate ingest books features train promote serve score monitor doctor calendar watch-folder"
    assert set(relied_on.split()) <= {name.split()[0] for name in COMMANDS}
    assert {"features push", "features refresh", "features parity", "features catalogue", "bureau pull"} <= set(
        COMMANDS
    )


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("O2C_RISK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(monkeypatch, *arguments):
    """The command line as a user starts it; its exit code."""
    monkeypatch.setattr("sys.argv", ["o2c-risk", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code or 0


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does(command):
    told = CliRunner().invoke(app, [*command.split(), "--help"])
    assert told.exit_code == Exit.DONE
    assert "Usage" in told.output


def test_an_unknown_command_is_wrong_usage(monkeypatch, capsys):
    assert run(monkeypatch, "forecast") == Exit.USAGE
    assert "forecast" in capsys.readouterr().err


def test_a_date_that_is_none_is_refused_with_what_is_allowed(home, monkeypatch, capsys):
    assert run(monkeypatch, "score", "C1", "--as-of", "31.12.2024") == Exit.REFUSED
    assert "year-month-day" in capsys.readouterr().err


def test_scoring_before_a_release_says_what_to_do(home, monkeypatch, capsys):
    assert run(monkeypatch, "score", "C1", "--as-of", "2024-12-31") == Exit.REFUSED
    assert "Promote a model" in capsys.readouterr().err


def test_datarisk_without_a_folder_says_which_files_are_wanted(home, monkeypatch, capsys):
    assert run(monkeypatch, "demo", "--source", "datarisk") == Exit.REFUSED
    assert "base_pagamentos.csv" in capsys.readouterr().err


def test_ingest_of_a_simulated_book_adds_up_and_a_second_run_changes_nothing(home, tmp_path, monkeypatch, capsys):
    extract = tmp_path / "extract"
    assert run(monkeypatch, "simulate", extract, "--customers", 20, "--seed", 3) == Exit.DONE
    ends = capsys.readouterr().out.split()[-1]
    first, second = (_ingested(monkeypatch, capsys, extract, ends) for _ in range(2))
    for table, counts in first.items():
        assert counts["read"] == counts["accepted"] + counts["quarantined"]
        assert second[table]["unchanged"] == counts["accepted"]
        assert second[table]["added"] == second[table]["corrected"] == 0


def _ingested(monkeypatch, capsys, extract, ends):
    done = run(monkeypatch, "ingest", extract, "--mapping", "contract", "--received-on", ends, "--json")
    assert done == Exit.DONE
    return json.loads(capsys.readouterr().out)["counts"]


def test_the_doctor_names_what_is_not_there_yet(home, monkeypatch, capsys):
    assert run(monkeypatch, "doctor", "--json") == Exit.REFUSED
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert checks["Python"]["passed"]
    assert not checks["release"]["passed"]
    assert "promote" in checks["release"]["advice"].lower()


def test_our_errors_are_told_apart_from_bugs():
    with pytest.raises(Exception, match="no-such-mapping") as ours:
        load_mapping("no-such-mapping")
    assert is_ours(ours.value)
    assert not is_ours(KeyError("a bug"))


def test_a_missing_openmp_runtime_is_named_with_what_to_install():
    text = missing_system_library(OSError("libgomp.so.1: cannot open shared object file: No such file"))
    assert text is not None
    assert "libgomp1" in text


def test_a_plan_leaves_outcomes_time_to_mature():
    from datetime import date, timedelta

    late, default = plans(["late-payment", "default"], known_on=date(2024, 12, 31))
    assert late.as_of == date(2024, 6, 1)
    assert default.as_of == date(2024, 1, 1)
    assert default.evaluate_to + timedelta(days=180) <= default.known_on
