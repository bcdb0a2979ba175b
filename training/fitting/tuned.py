"""A recipe that a study chose: a JSON file that says what it was chosen for, by what, and on which knowledge."""

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError, field_validator

from training.fitting.companies import AMONG, LEFT_OUT, Persons
from training.fitting.fit import Recipe
from training.fitting.learn import Task
from training.judging.evaluation import Interval


class BadRecipeError(ValueError):
    """A file that should hold a recipe and does not.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, why: str) -> None:
        self.path = path
        super().__init__(f"{path} holds no recipe: {why}. Write one with o2c-risk tune, and leave it as it is.")


class RecipeOfAnotherTaskError(ValueError):
    """A recipe that was chosen for something else than what is to be learnt.

    Attributes:
        differs: What differs, to the recipe's value and the one wanted.
    """

    def __init__(self, name: str, differs: Mapping[str, tuple[object, object]]) -> None:
        self.differs = dict(differs)
        told = "; ".join(f"its {what} is {theirs}, wanted is {ours}" for what, (theirs, ours) in differs.items())
        super().__init__(
            f"The recipe was not tuned for {name} as this code learns it: {told}. "
            f"Tune one for it: o2c-risk tune {name} --as-of DAY."
        )


class RecipeOfOtherPersonsError(ValueError):
    """A recipe that was chosen with natural persons for a training without them, or the other way round.

    Attributes:
        theirs: Where natural persons were when the recipe was chosen, `AMONG` the cases or `LEFT_OUT`.
        ours: Where they are in the training.
    """

    def __init__(self, name: str, theirs: Persons, ours: Persons) -> None:
        self.theirs, self.ours = theirs, ours
        tune, train = (" --without-natural-persons", "without") if ours == LEFT_OUT else ("", "with")
        super().__init__(
            f"The recipe was tuned with natural persons {theirs}; in this training they are {ours}: it was chosen by "
            "outcomes of other customers than those that the model is to learn from. Tune one for it: o2c-risk tune "
            f"{name} --as-of DAY{tune}; or train {train} --without-natural-persons."
        )


class TunedOnLaterKnowledgeError(ValueError):
    """A recipe that was chosen by outcomes which the training must not know yet.

    Attributes:
        known_on: The date whose knowledge the recipe was chosen by.
        as_of: The date at whose end the training's knowledge is frozen.
    """

    def __init__(self, known_on: date, as_of: date) -> None:
        self.known_on, self.as_of = known_on, as_of
        super().__init__(
            f"The recipe was tuned on what was known on {known_on}; the knowledge of this training ends on {as_of}: "
            "it was chosen by outcomes that the training must not know, and the later cases could not judge it. Tune "
            f"it with --as-of {as_of} or earlier, or train with --as-of {known_on} or later."
        )


class Tuned(BaseModel):
    """A recipe with its origin."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    model: str
    target: str
    feature_set: str
    feature_set_hash: str
    known_on: date
    study: str
    seed: int
    trials: int
    folds: int
    how: str
    natural_persons: Persons = AMONG
    cases: int
    bad: int
    data_version: str
    loss: float
    product_loss: float
    gain: Interval
    recipe: Recipe

    @field_validator("recipe", mode="before")
    @classmethod
    def _every_part(cls, value: Any) -> Any:
        wanted = {part.name for part in fields(Recipe)}
        if isinstance(value, Mapping) and not set(value) <= wanted:
            raise ValueError(f"a recipe has no {', '.join(sorted(set(value) - wanted))}")
        return value

    @property
    def without_persons(self) -> bool:
        """Whether it was chosen by companies alone."""
        return self.natural_persons == LEFT_OUT

    @property
    def is_the_products(self) -> bool:
        """Whether no trial stated the past better than the product's own recipe."""
        return not self.loss < self.product_loss

    def to_json(self) -> str:
        """Equal recipes give equal text."""
        return json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"

    @property
    def told(self) -> dict[str, JsonValue]:
        """What a version's record says of it."""
        kept = {"study", "seed", "trials", "folds", "how", "loss", "product_loss", "known_on"}
        found: dict[str, JsonValue] = self.model_dump(mode="json", include=kept)
        return found


def read_tuned(path: Path) -> Tuned:
    """Read a recipe file.

    Raises:
        BadRecipeError: There is no such file, or it holds none.
    """
    try:
        return Tuned.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadRecipeError(path, error.strerror or "it cannot be read") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise BadRecipeError(path, f"{place}: {first['msg']}") from error


def with_tuned(task: Task, tuned: Tuned | None, as_of: date, *, natural_persons: bool = True) -> Task:
    """The task with a tuned recipe in place of its own.

    Args:
        task: What to learn.
        tuned: The recipe; None leaves the task as it is.
        as_of: The date at whose end the training's knowledge is frozen.
        natural_persons: Whether natural persons are among the training's cases.

    Raises:
        RecipeOfAnotherTaskError: It was chosen for another model, label or feature set.
        RecipeOfOtherPersonsError: It was chosen with natural persons and the training is without, or the other way.
        TunedOnLaterKnowledgeError: It was chosen by what was known only after ``as_of``.
    """
    if tuned is None:
        return task
    ours = (task.name, task.target, task.features.name, task.features.hash)
    theirs = (tuned.model, tuned.target, tuned.feature_set, tuned.feature_set_hash)
    names = ("model", "target", "feature set", "hash of the feature set")
    differs = {name: pair for name, *pair in zip(names, theirs, ours, strict=True) if pair[0] != pair[1]}
    if differs:
        raise RecipeOfAnotherTaskError(task.name, {name: (pair[0], pair[1]) for name, pair in differs.items()})
    persons: Persons = AMONG if natural_persons else LEFT_OUT
    if tuned.natural_persons != persons:
        raise RecipeOfOtherPersonsError(task.name, tuned.natural_persons, persons)
    if tuned.known_on > as_of:
        raise TunedOnLaterKnowledgeError(tuned.known_on, as_of)
    return replace(task, recipe=tuned.recipe, tuned=tuned.told)
