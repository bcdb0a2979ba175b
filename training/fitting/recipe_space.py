"""Which recipes a study may propose."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from optuna.distributions import FloatDistribution, IntDistribution

from training.fitting.fit import Recipe

SPACE: Final[Mapping[str, Any]] = {
    "trees": IntDistribution(50, 1_000, step=10),
    "learning_rate": FloatDistribution(0.01, 0.2, log=True),
    "leaves": IntDistribution(3, 63, log=True),
    "smallest_leaf": IntDistribution(10, 500, log=True),
    "feature_share": FloatDistribution(0.1, 1.0, step=0.05),
    "case_share": FloatDistribution(0.4, 1.0, step=0.05),
    "ridge": FloatDistribution(0.1, 100.0, log=True),
}
"""Part of a recipe to the values it may take; what is not named stays as the product has it."""
PLACES: Final = 6


def point_of(recipe: Recipe) -> dict[str, Any]:
    """The place of a recipe in the space."""
    return {name: getattr(recipe, name) for name in SPACE}


def recipe_at(point: Mapping[str, Any], own: Recipe) -> Recipe:
    """The recipe at a place of the space; what the space does not name is the own recipe's.

    Example:
        >>> own = Recipe(400, 0.03, 15, 150, 0.4, 0.8, 5.0)
        >>> recipe_at({**point_of(own), "case_share": 0.15000000000000002}, own).case_share
        0.15
    """
    return replace(own, **{name: round(value, PLACES) for name, value in point.items()})
