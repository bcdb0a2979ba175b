"""`losses` and `train-distress` as a user starts them: exit codes, JSON, and what is refused."""

import json
from datetime import date

import pytest

from cli.app import main
from cli.errors import Exit
from cli.losses import declared_lgd
from tests.training.distress.files import line, written


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


def test_losses_of_a_small_book_are_declared_and_say_so(home, tmp_path, monkeypatch, capsys):
    ledger = tmp_path / "ledger"
    assert run(monkeypatch, "simulate", ledger, "--customers", 30) == Exit.DONE
    assert run(monkeypatch, "ingest", ledger, "--received-on", "2024-12-31") == Exit.DONE
    capsys.readouterr()
    assert run(monkeypatch, "losses", "--as-of", "2024-12-31", "--json") == Exit.DONE
    told = json.loads(capsys.readouterr().out)
    assert told["lgd"]["book"]["how"] == "declared"
    assert told["lgd"]["book"]["value"] == 0.45
    assert "CC-2017-11" in told["lgd"]["book"]["source"]
    assert "20 are needed" in told["lgd"]["book"]["why"]
    assert told["ead"]["headroom"]["value"] == 0.75
    assert run(monkeypatch, "losses", "--as-of", "2024-12-31") == Exit.DONE
    assert "declared" in capsys.readouterr().out


def test_losses_without_a_ledger_are_refused(home, monkeypatch, capsys):
    assert run(monkeypatch, "losses", "--as-of", "2024-12-31") == Exit.REFUSED
    assert "ingest invoices first" in capsys.readouterr().err


def test_the_declared_loss_is_that_of_the_policy_in_force():
    before, after = declared_lgd(date(2025, 12, 31)), declared_lgd(date(2026, 1, 1))
    assert (before.value, after.value) == (0.45, 0.45)
    assert before.source.startswith("CC-2017-11 §1: Declared by the committee")
    assert after.source.startswith("CC-2025-11 §1")


def test_distress_needs_a_base_rate(home, tmp_path, monkeypatch, capsys):
    assert run(monkeypatch, "train-distress", tmp_path) == Exit.USAGE
    assert "--base-rate" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rate", "source", "says"),
    [("1.2", "x", "0.015 for 1.5 %"), ("0.012", " ", "needs its source"), ("0.012", "x", "there is no such file")],
)
def test_what_distress_refuses(home, tmp_path, monkeypatch, capsys, rate, source, says):
    asked = ("train-distress", tmp_path, "--base-rate", rate, "--base-rate-source", source)
    assert run(monkeypatch, *asked) == Exit.REFUSED
    assert says in " ".join(capsys.readouterr().err.split())


def test_a_sample_with_too_few_bankruptcies_is_refused(home, tmp_path, monkeypatch, capsys):
    lines = [line(n < 3, Attr1=n) for n in range(40)]
    asked = ("train-distress", written(tmp_path, lines), "--base-rate", "0.012", "--base-rate-source", "x")
    assert run(monkeypatch, *asked) == Exit.REFUSED
    assert "the rarer kind has 3" in " ".join(capsys.readouterr().err.split())
