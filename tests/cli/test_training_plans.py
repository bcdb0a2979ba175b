"""Plans of a training with tuned recipes: each to its model, none astray."""

from datetime import date
from types import SimpleNamespace

import pytest

from cli.training import StrayRecipeError, plans

KNOWN_ON = date(2021, 3, 1)


def test_a_recipe_goes_to_its_model_alone():
    recipe = SimpleNamespace(model="default")
    found = {plan.name: plan.tuned for plan in plans(["late-payment", "default"], known_on=KNOWN_ON, recipes=[recipe])}
    assert found == {"late-payment": None, "default": recipe}


@pytest.mark.parametrize("recipes", [["default-60"], ["default", "default"]])
def test_a_recipe_that_no_model_would_use_is_refused(recipes):
    with pytest.raises(StrayRecipeError, match=f"A recipe of {recipes[-1]} was given"):
        plans(["late-payment", "default"], known_on=KNOWN_ON, recipes=[SimpleNamespace(model=name) for name in recipes])
