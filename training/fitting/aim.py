"""What a recipe is sought for: a task, the matured past, a date and a seed; and the name that follows from them."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.metadata import version
from typing import Final

import numpy as np
from pydantic import JsonValue

from training.cases.dataset import Dataset
from training.cases.split import matured
from training.fitting.companies import LEFT_OUT, PERSONS, persons_of
from training.fitting.learn import Task
from training.fitting.recipe_space import SPACE

JUDGED: Final = "log loss of the folds, each calibrated on what had matured before"
"""Changes with the way of judging, so that trials judged otherwise are never mixed."""


@dataclass(frozen=True)
class Aim:
    """What a recipe is sought for.

    Attributes:
        task: What to learn, with the product's own recipe.
        past: Cases whose outcome had matured by ``as_of``, as known then.
        as_of: At the end of this day knowledge is frozen.
        seed: Seed of the proposals.
    """

    task: Task
    past: Dataset
    as_of: date
    seed: int

    @cached_property
    def facts(self) -> dict[str, JsonValue]:
        """All that the outcome of a study follows from, as plain values; the cases by a sum of their contents."""
        task = self.task
        return {
            "model": task.name,
            "target": task.target,
            "as_of": self.as_of.isoformat(),
            "cases": _sum_of(self.past, task.names),
            "feature_set": f"{task.features.name} version {task.features.version}, {task.features.hash}",
            "recipe": json.dumps({**task.recipe.as_dict(), "monotone": list(task.monotone)}, sort_keys=True),
            "folds": f"{task.folds} of {task.fold_days} days",
            "space": json.dumps({name: repr(values) for name, values in SPACE.items()}, sort_keys=True),
            "judged": JUDGED,
            "seed": self.seed,
            "lightgbm": version("lightgbm"),
            "optuna": version("optuna"),
            # Said only where they are left out, so that studies begun before there was the choice keep their names.
            **({PERSONS: LEFT_OUT} if persons_of(task.label) == LEFT_OUT else {}),
        }

    @property
    def study(self) -> str:
        """Name of the study: other data, features, date, seed or libraries give another name."""
        digest = hashlib.sha256(json.dumps(self.facts, sort_keys=True).encode()).hexdigest()
        return f"{self.task.name}-{self.as_of}-{digest[:12]}"


def aim_of(task: Task, labelled: Callable[[date], Dataset], as_of: date, seed: int) -> Aim:
    """The aim of a study.

    Args:
        task: What to learn, with the product's own recipe; its label says whether natural persons are left out.
        labelled: Cases with outcomes as known on a date; those matured by ``as_of`` are kept, as known then.
        as_of: At the end of this day knowledge is frozen.
        seed: Seed of the proposals.
    """
    return Aim(task, matured(labelled(as_of), as_of), as_of, seed)


def _sum_of(cases: Dataset, names: Sequence[str]) -> str:
    """Sixteen hexadecimal digits that name the cases, their outcomes and their features."""
    digest = hashlib.sha256()
    for texts in (cases.case_ids, cases.customer_ids):
        digest.update("\0".join(texts.tolist()).encode())
    for values in (cases.at.astype(np.int64), cases.bad, cases.matures_on.astype(np.int64)):
        digest.update(np.ascontiguousarray(values).tobytes())
    for name in names:
        column = cases.columns[name]
        digest.update(name.encode() + np.where(np.isnan(column), np.nan, column).tobytes())
    return digest.hexdigest()[:16]
