"""Cross-validation of companies: each is left out once, and stated by what learnt from the others."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from training.arrays import Flags, Floats
from training.fitting.calibrate import Trial, calibrator

FOLDS = 5
SEED = 0

Learn = Callable[[NDArray[np.intp], NDArray[np.intp]], Floats]
"""Rows to learn from and rows to state -> probability of the latter, shape (n_stated,), in [0, 1]."""


def folds_of(bad: Flags, *, folds: int = FOLDS, seed: int = SEED) -> NDArray[np.intp]:
    """The fold of each company, shape (n,), 0 to ``folds`` - 1; bad ones and good ones dealt out evenly.

    Args:
        bad: Outcomes, shape (n,).
        folds: How many folds, 2 or more.
        seed: Start of the random draws; equal seeds give equal folds.

    Raises:
        ValueError: A fold would be left without a good or a bad company.

    Example:
        >>> fold = folds_of(np.array([True] * 4 + [False] * 8), folds=4)
        >>> np.bincount(fold[:4]).tolist(), np.bincount(fold[4:]).tolist()
        ([1, 1, 1, 1], [2, 2, 2, 2])
    """
    fewest = int(min(bad.sum(), (~bad).sum()))
    if folds < 2 or fewest < folds:
        raise ValueError(f"{folds} folds need as many good and bad companies; the rarer kind has {fewest}.")
    rng, fold = np.random.default_rng(seed), np.empty(len(bad), np.intp)
    for kind in (bad, ~bad):
        rows = rng.permutation(np.flatnonzero(kind))
        fold[rows] = np.arange(len(rows)) % folds
    return fold


def out_of_fold(fold: NDArray[np.intp], learn: Learn) -> Floats:
    """Probability of every company by what learnt from the other folds, shape (n,)."""
    stated = np.empty(len(fold), np.float64)
    for out in np.unique(fold):
        inside = np.flatnonzero(fold == out)
        stated[inside] = learn(np.flatnonzero(fold != out), inside)
    return stated


def trials(fold: NDArray[np.intp]) -> list[Trial]:
    """Each fold judges a calibrator that was fitted on the others."""
    return [Trial(fit_on=fold != out, judge_by=fold == out) for out in np.unique(fold)]


def cross_calibrated(bad: Flags, stated: Floats, fold: NDArray[np.intp]) -> Floats:
    """Out-of-fold probabilities, calibrated by what the other folds show; shape (n,).

    A calibrator fitted on the cases that judge it would look better than it is.
    """
    company, found = np.arange(len(bad)), np.empty(len(bad), np.float64)
    for out in np.unique(fold):
        here = fold == out
        others = np.flatnonzero(~here)
        inner = [Trial(trial.fit_on[others], trial.judge_by[others]) for trial in trials(fold)]
        found[here] = calibrator(bad[others], stated[others], company[others], inner).apply(stated[here])
    return found


def matrix_of(columns: Mapping[str, Floats], names: Sequence[str]) -> Floats:
    """The named columns side by side, shape (n, len(names))."""
    return np.column_stack([columns[name] for name in names])
