"""Baselines that have to learn: the scorecard, LightGBM out of the box, and peers where they are installed."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from training.arrays import Floats
from training.cases.dataset import Dataset
from training.cases.split import Split
from training.fitting.challenger import learn_scorecard
from training.fitting.learn import Task
from training.fitting.scorecard import NothingToldError
from training.judging.baselines import Comparison, compared, own_rate, portfolio_rate

SEED: Final = 1
NOTES: Final = {
    "own rate": "of the customer, as of the case, shrunk to the portfolio's",
    "portfolio rate": "of the cases learnt from",
    "scorecard": "calibrated on the past",
    "LightGBM": "out of the box",
    "CatBoost": "out of the box",
    "XGBoost": "out of the box",
}


def compare_with_baselines(
    parts: Split, task: Task, ours: Floats, threads: int, *, as_of: date | None = None
) -> Comparison:
    """Our probabilities beside those of every baseline, learnt and judged on the very same cases.

    Args:
        parts: Cases to learn from and later ones, n of them.
        task: What ours learnt.
        ours: Our probability of each later case, shape (n,), in [0, 1].
        threads: Threads of every learner.
        as_of: The date at whose end training's knowledge was frozen; the day of the first later case unless given.

    Returns:
        Figures with intervals, and the paired difference of ours to each. A baseline that cannot be had stands in
        the table with the reason.

    Raises:
        ValueError: ``ours`` has not one probability per later case.
    """
    if ours.shape != (len(parts.later),):
        raise ValueError(f"There are {len(parts.later)} later cases and {ours.shape} probabilities: one of each.")
    day = as_of or parts.later.at.min().astype("datetime64[D]").astype(date)
    theirs: dict[str, Floats | str] = {
        "own rate": own_rate(parts),
        "portfolio rate": portfolio_rate(parts),
        "scorecard": _scorecard(parts, task, day),
    }
    for name, learner in LEARNERS.items():
        theirs[name] = _learnt(learner, parts, task, threads)
    return compared(task.target, parts.later, ours, theirs, notes=NOTES)


def _scorecard(parts: Split, task: Task, as_of: date) -> Floats | str:
    known_on = as_of + timedelta(days=1)  # for its evaluation's record alone, which nobody reads here
    try:
        fitted = learn_scorecard(task, parts, as_of=as_of, known_on=known_on, data_version="unknown")
    except NothingToldError as problem:
        return str(problem)
    model = fitted.model()
    return model.probability(model.matrix(parts.later.columns))


def _learnt(learner: Callable[[int], Any], parts: Split, task: Task, threads: int) -> Floats | str:
    try:
        model = learner(threads)
    except ModuleNotFoundError as problem:
        return f"{problem.name} is not installed: pip install 'o2c-risk[peers]'"
    model.fit(_frame(parts.train, task), parts.train.bad.astype(np.int64))
    return np.asarray(model.predict_proba(_frame(parts.later, task))[:, 1], np.float64)


def _frame(cases: Dataset, task: Task) -> Any:
    """The features with their names, which every learner takes and LightGBM insists on when it predicts."""
    import pandas as pd

    return pd.DataFrame(cases.matrix(task.names), columns=task.names)


def _lightgbm(threads: int) -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_jobs=threads, random_state=SEED, deterministic=True, force_row_wise=True, verbosity=-1)


def _catboost(threads: int) -> Any:
    from catboost import CatBoostClassifier

    return CatBoostClassifier(thread_count=threads, random_seed=SEED, verbose=False, allow_writing_files=False)


def _xgboost(threads: int) -> Any:
    from xgboost import XGBClassifier

    return XGBClassifier(n_jobs=threads, random_state=SEED, verbosity=0)


LEARNERS: Final[dict[str, Callable[[int], Any]]] = {
    "LightGBM": _lightgbm,
    "CatBoost": _catboost,
    "XGBoost": _xgboost,
}
"""Only what has to be set is set: threads, a seed and silence; all else is as each library ships it."""
