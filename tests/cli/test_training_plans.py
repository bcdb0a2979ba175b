"""Plans of a training with tuned recipes: each to its model, none astray."""

from datetime import date
from types import SimpleNamespace

import pytest

from cli.app import main
from cli.errors import Exit
from cli.plans import StrayRecipeError, plans

KNOWN_ON = date(2021, 3, 1)


def test_a_recipe_goes_to_its_model_alone():
    recipe = SimpleNamespace(model="default")
    found = {plan.name: plan.tuned for plan in plans(["late-payment", "default"], known_on=KNOWN_ON, recipes=[recipe])}
    assert found == {"late-payment": None, "default": recipe}


@pytest.mark.parametrize("recipes", [["default-60"], ["default", "default"]])
def test_a_recipe_that_no_model_would_use_is_refused(recipes):
    with pytest.raises(StrayRecipeError, match=f"A recipe of {recipes[-1]} was given"):
        plans(["late-payment", "default"], known_on=KNOWN_ON, recipes=[SimpleNamespace(model=name) for name in recipes])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--as-of", "31.12.2024"], "year-month-day", id="no date"),
        pytest.param(["--evaluate-to", "2024-13-01"], "year-month-day", id="no day"),
        pytest.param(["--recipe", "no-such-file.json"], "no-such-file.json holds no recipe", id="no recipe"),
    ],
)
def test_train_refuses_before_it_looks_at_any_data(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("O2C_RISK_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.argv", ["o2c-risk", "train", "default", "--known-on", "2024-12-31", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == Exit.REFUSED
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "home").exists()
