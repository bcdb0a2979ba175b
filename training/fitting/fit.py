"""Fitting: LightGBM with directions, the same trees from the same data every time."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Final, Protocol

import lightgbm as lgb
import numpy as np

from scoring.calibration import sigmoid
from scoring.trees import Trees
from training.arrays import Floats
from training.cases.dataset import Dataset, Instants


@dataclass(frozen=True)
class Recipe:
    """How trees are grown.

    Attributes:
        trees: Number of trees per seed.
        learning_rate: Shrinkage of each tree.
        leaves: Most leaves of a tree.
        smallest_leaf: Fewest cases of a leaf.
        feature_share: Share of the features each tree may look at, in (0, 1].
        case_share: Share of the cases each tree is grown on, in (0, 1].
        ridge: L2 penalty of leaf values.
        seeds: One model per seed, averaged in log-odds.
        half_life_days: A case this much older than the newest counts half; None counts all alike.
        directions: Whether the trees are held to the directions that the catalogue declares while they are grown. They
            are declared in any case, and every model is probed against them before it may be released.
    """

    trees: int
    learning_rate: float
    leaves: int
    smallest_leaf: int
    feature_share: float
    case_share: float
    ridge: float
    seeds: tuple[int, ...] = (1, 2, 3)
    half_life_days: float | None = None
    directions: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "seeds": list(self.seeds)}


def held_to(recipe: Recipe, monotone: Sequence[int]) -> tuple[int, ...]:
    """The directions that trees are held to while they are grown: those declared, or none at all.

    Args:
        recipe: How trees are grown.
        monotone: Declared direction per feature: 1, -1 or 0.

    Example:
        >>> plain = Recipe(10, 0.1, 4, 20, 1.0, 1.0, 0.0)
        >>> held_to(plain, (1, -1, 0)), held_to(replace(plain, directions=False), (1, -1, 0))
        ((1, -1, 0), (0, 0, 0))
    """
    return tuple(monotone) if recipe.directions else (0,) * len(monotone)


FIXED: Final[Mapping[str, Any]] = {
    "objective": "binary",
    "deterministic": True,
    "force_row_wise": True,
    "bagging_freq": 1,
    "monotone_constraints_method": "intermediate",
    "feature_pre_filter": False,
    "verbosity": -1,
}


def parameters(recipe: Recipe, *, monotone: Sequence[int], threads: int, seed: int) -> dict[str, Any]:
    """LightGBM's parameters; classes are never weighted, which would bend the probabilities.

    Args:
        recipe: How trees are grown.
        monotone: Declared direction per feature: 1, -1 or 0; the recipe says whether trees are held to it.
        threads: Threads; part of what makes two fits equal.
        seed: Seed of every random choice.
    """
    return {
        **FIXED,
        "learning_rate": recipe.learning_rate,
        "num_leaves": recipe.leaves,
        "min_data_in_leaf": recipe.smallest_leaf,
        "feature_fraction": recipe.feature_share,
        "bagging_fraction": recipe.case_share,
        "lambda_l2": recipe.ridge,
        "monotone_constraints": list(held_to(recipe, monotone)),
        "num_threads": threads,
        "seed": seed,
    }


@dataclass(frozen=True)
class Sample:
    """What trees are grown on.

    Attributes:
        matrix: Features side by side, shape (n, k), NaN where not known.
        bad: 1.0 where the case turned out bad, else 0.0, shape (n,).
        weight: How much each case counts, shape (n,); None where all count alike.
        names: The features, k of them.
    """

    matrix: Floats
    bad: Floats
    weight: Floats | None
    names: tuple[str, ...]


class Engine(Protocol):
    """Where trees are grown."""

    @property
    def told(self) -> Mapping[str, int | str]:
        """What it adds to the parameters on a model's record; nothing where it changes nothing."""

    def grown(self, sample: Sample, trees: int, asked: Sequence[Mapping[str, Any]], *, threads: int) -> tuple[str, ...]:
        """A model text for each set of LightGBM's parameters, ``trees`` trees each."""


class Here:
    """LightGBM in this process: the sample is binned once for all seeds."""

    @property
    def told(self) -> Mapping[str, int | str]:
        """Nothing: it is what is meant unless something else is said."""
        return {}

    def grown(self, sample: Sample, trees: int, asked: Sequence[Mapping[str, Any]], *, threads: int) -> tuple[str, ...]:
        """A model text for each set of parameters."""
        rows = lgb.Dataset(
            sample.matrix,
            sample.bad,
            weight=sample.weight,
            feature_name=list(sample.names),
            params={"feature_pre_filter": False, "verbosity": -1, "num_threads": threads},
            free_raw_data=False,
        )
        # The training's own booster says its text at once; otherwise LightGBM writes and reads it first.
        train = partial(lgb.train, train_set=rows, num_boost_round=trees, keep_training_booster=True)
        return tuple(train(dict(one)).model_to_string() for one in asked)


HERE: Final = Here()


def fit(
    cases: Dataset,
    names: Sequence[str],
    monotone: Sequence[int],
    recipe: Recipe,
    *,
    threads: int,
    engine: Engine = HERE,
) -> tuple[str, ...]:
    """Fit one model per seed.

    Args:
        cases: Matured cases, n of them, both outcomes present.
        names: Features, in the order of the model's columns.
        monotone: Declared direction per feature; the recipe says whether trees are held to it.
        recipe: How trees are grown.
        threads: LightGBM's threads.
        engine: Where they are grown; in this process unless given.

    Returns:
        Model text per seed. Equal arguments give equal texts.

    Raises:
        ValueError: Only one outcome among the cases.
    """
    if cases.bad.all() or not cases.bad.any():
        raise ValueError(f"{len(cases)} training cases hold one outcome only; a model needs good and bad ones.")
    sample = Sample(
        cases.matrix(names), cases.bad.astype(np.float64), _weights(cases.at, recipe.half_life_days), tuple(names)
    )
    asked = [parameters(recipe, monotone=monotone, threads=threads, seed=seed) for seed in recipe.seeds]
    return engine.grown(sample, recipe.trees, asked, threads=threads)


def _weights(at: Instants, half_life_days: float | None) -> Floats | None:
    """Weight of each case by its age, shape (n,), 1 for the newest; None for no weighting."""
    if half_life_days is None:
        return None
    age = (at.max() - at) / np.timedelta64(1, "D")
    return np.asarray(0.5 ** (age / half_life_days), dtype=np.float64)


def log_odds(texts: Sequence[str], matrix: Floats) -> Floats:
    """Mean raw log-odds of the models, shape (n,).

    Args:
        texts: Model texts.
        matrix: Features in the models' order, shape (n, k).
    """
    raw = [np.asarray(lgb.Booster(model_str=text).predict(matrix, raw_score=True), np.float64) for text in texts]
    return np.asarray(np.add.reduce(raw) / len(raw), dtype=np.float64)


def probability(texts: Sequence[str], matrix: Floats) -> Floats:
    """Probability before calibration, shape (n,), in [0, 1]."""
    return sigmoid(log_odds(texts, matrix))


def contributions(texts: Sequence[str], matrix: Floats) -> Floats:
    """Mean TreeSHAP contributions of the models, shape (n, k + 1): each feature's log-odds, then the expected value."""
    return Trees.from_text(texts).contributions(np.ascontiguousarray(matrix), threads=1)


def one_seed(recipe: Recipe) -> Recipe:
    """The recipe with its first seed alone, for choices that need many fits."""
    return replace(recipe, seeds=recipe.seeds[:1])
