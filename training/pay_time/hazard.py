"""Fitting the hazard of payment: every case once for each cell of delay that it is known to have entered."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Final

import lightgbm as lgb
import numpy as np

from scoring.pay_time import CELL, END, STARTS, TO_DUE, PayTimeSpec, PayTimeText
from training.arrays import Flags, Floats, Places
from training.fitting.fit import Recipe, parameters
from training.pay_time.ordinary import told_apart
from training.pay_time.waiting import Waiting

RECIPE: Final = Recipe(
    trees=150,
    learning_rate=0.08,
    leaves=31,
    smallest_leaf=100,
    feature_share=0.5,
    case_share=0.8,
    ridge=5.0,
    seeds=(1,),
)
FACTS: Final = 40
"""So many facts are read, those that the late-payment model gains most by."""
# A day of a cell that nobody paid on is not impossible.
A_DAY: Final = 0.5


def fit_pay_time(cases: Waiting, known_on: date, *, threads: int, recipe: Recipe = RECIPE) -> PayTimeText:
    """Learn the hazards from cases, settled or not.

    Args:
        cases: At least one settled case; their facts are the model's.
        known_on: The date whose knowledge they are of.
        threads: LightGBM's threads.
        recipe: How trees are grown.

    Returns:
        The model; equal cases give equal texts.
    """
    rows, paid, whose = entered(cases)
    names = [*cases.names, TO_DUE, CELL]
    weeks = told_apart(cases, recipe, threads=threads)
    data = lgb.Dataset(
        rows,
        paid.astype(np.float64),
        weight=weeks.weights[whose],
        feature_name=names,
        params={"feature_pre_filter": False, "verbosity": -1, "num_threads": threads},
        free_raw_data=False,
    )
    free = [0] * len(names)
    texts = tuple(
        lgb.train(parameters(recipe, monotone=free, threads=threads, seed=seed), data, recipe.trees).model_to_string()
        for seed in recipe.seeds
    )
    spec = PayTimeSpec(
        feature_names=cases.names,
        starts=STARTS,
        end=END,
        within=_within(cases.delay[~np.isnan(cases.delay)]),
        known_at=known_on.isoformat(),
        cases=len(cases),
        seeds=recipe.seeds,
        common=weeks.common,
    )
    return PayTimeText(spec, texts)


def entered(cases: Waiting) -> tuple[Floats, Flags, Places]:
    """One row per case and cell that lay wholly ahead of it and whose outcome is known.

    Returns:
        Rows of shape (m, k + 2), whether the invoice was paid within the cell, shape (m,), and each row's case.
    """
    first = np.array(STARTS)
    after = np.append(first[1:], END)
    delay = np.where(np.isnan(cases.delay), np.inf, np.maximum(cases.delay, first[0]))[:, None]
    ahead = first[None, :] >= -cases.to_due[:, None]
    unpaid = delay >= first[None, :]
    told = np.where(np.isnan(cases.delay), cases.censored_after, np.inf)[:, None] >= after[None, :] - 1
    wanted = (ahead & unpaid & told).ravel()
    paid = (delay < after[None, :]).ravel()[wanted]
    case, cell = np.divmod(np.flatnonzero(wanted), len(first))
    rows = np.column_stack([cases.matrix[case], cases.to_due[case], cell.astype(np.float64)])
    return rows, paid, case


def _within(delays: Floats) -> tuple[tuple[float, ...], ...]:
    """How the delays seen in each cell spread over its days."""
    edges = [*STARTS, END]
    counted = np.histogram(np.maximum(delays, STARTS[0]), bins=np.arange(STARTS[0], END + 1))[0] + A_DAY
    parts = [counted[low - edges[0] : high - edges[0]] for low, high in pairwise(edges)]
    return tuple(tuple((part / part.sum()).tolist()) for part in parts)


def weightiest(texts: Sequence[str], names: Sequence[str], most: int = FACTS) -> tuple[str, ...]:
    """The features that a model gains most by, in the model's order.

    Args:
        texts: LightGBM model texts.
        names: Its features.
        most: How many.
    """
    gains = np.add.reduce([lgb.Booster(model_str=text).feature_importance("gain") for text in texts])
    chosen = sorted(range(len(names)), key=lambda place: (-gains[place], place))[:most]
    return tuple(names[place] for place in sorted(chosen))
