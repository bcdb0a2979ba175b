"""`o2c-risk cohorts`, `train --without-natural-persons` and `--with-proxies`, as a user starts them."""

import json
from dataclasses import replace
from datetime import date

import pytest

from cli.app import main
from cli.errors import Exit
from cli.plans import plans
from training import late_model

DAY = "2024-12-31"


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as made:
        yield made


@pytest.fixture(scope="module")
def home(tmp_path_factory, patch):
    folder = tmp_path_factory.mktemp("cohorts")
    patch.setenv("O2C_RISK_HOME", str(folder / "home"))
    patch.setenv("O2C_RISK_THREADS", "1")
    assert run(patch, "simulate", folder / "ledger", "--customers", 120) == Exit.DONE
    assert run(patch, "ingest", folder / "ledger", "--received-on", DAY) == Exit.DONE
    return folder / "home"


def run(patch, *arguments):
    """The command line as a user starts it; its exit code."""
    patch.setattr("sys.argv", ["o2c-risk", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code or 0


def test_splits_are_drawn_and_told_as_train_plans_them(home, patch, capsys):
    assert run(patch, "cohorts", "late-payment", "default-12m", "--known-on", DAY, "--json") == Exit.DONE
    told = json.loads(capsys.readouterr().out)
    assert (home / "reports" / "cohorts.png").read_bytes().startswith(b"\x89PNG")
    finals = {each["model"]: each for each in told["splits"] if each["split"] == "final"}
    for plan in plans(["late-payment", "default-12m"], known_on=date(2024, 12, 31)):
        split = finals[plan.name]
        assert split["as_of"] == plan.as_of.isoformat()
        assert split["learnt"]["matured_on"] <= split["as_of"] <= split["judged"]["first"]
        assert split["judged"]["last"] <= plan.evaluate_to.isoformat()
        assert split["judged"]["matured_on"] <= DAY
        assert split["learnt"]["cases"] > 0 < split["judged"]["cases"]
    assert finals["default-12m"]["target"] == "default(90, 365)"
    assert finals["default-12m"]["gap_days"] >= 365
    folds = [each for each in told["splits"] if each["model"] == "default-12m" and each["split"] != "final"]
    assert folds
    assert all(each["held_out"] == each["judged"]["customers"] for each in folds), "customers are held out whole"


def test_splits_as_a_table_and_without_natural_persons(home, patch, capsys, tmp_path):
    picture = tmp_path / "mine.png"
    asked = ("cohorts", "late-payment", "--known-on", DAY, "--out", picture)
    assert run(patch, *asked) == Exit.DONE
    everyone = capsys.readouterr().out
    assert "an outcome matures within" in everyone
    assert picture.is_file()
    assert run(patch, *asked, "--without-natural-persons") == Exit.DONE
    assert capsys.readouterr().out != everyone, "fewer cases"


def test_a_model_nobody_can_train_is_refused(home, patch, capsys):
    assert run(patch, "cohorts", "distress") == Exit.REFUSED
    assert "There is no model distress to train" in " ".join(capsys.readouterr().err.split())


def test_a_research_model_is_trained_under_its_own_name(home, patch, capsys):
    asked = ("train", "default-60", "--known-on", DAY, "--with-proxies", "--without-natural-persons", "--json")
    assert run(patch, *asked) == Exit.DONE
    (told,) = json.loads(capsys.readouterr().out)
    assert told["model"] == "default-60-with-proxies"
    card = (home / "reports" / "cards" / "default-60-with-proxies-v1.md").read_text(encoding="utf-8")
    assert "- natural persons: left out" in card
    assert "- proxies: used, for research only" in card
    assert "`proxy_area_code`" in card


def test_fairness_of_a_model_as_json(home, patch, capsys):
    few = replace(late_model.RECIPE, trees=10, seeds=(1,))
    patch.setattr(late_model, "RECIPE", few)  # the whole way, with few trees
    assert run(patch, "fairness", "late-payment", "--known-on", DAY, "--json") == Exit.DONE
    told = json.loads(capsys.readouterr().out)
    assert told["clean"] is True
    assert told["reads"] == []
    assert [(each["what"], each["cases"]) for each in told["changes"]] == [
        ("proxies added", "all"),
        ("proxies added", "natural persons"),
        ("proxies added", "companies"),
        ("learnt without natural persons", "companies"),
    ]
    assert all(each["difference"] or each["note"] == "too few" for each in told["changes"])
    assert {part["value"] for part in told["persons"]} >= {"natural person", "company"}
    assert run(patch, "fairness", "late-payment", "--known-on", DAY) == Exit.DONE
    assert "none of its" in capsys.readouterr().out
