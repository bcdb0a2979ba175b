"""What a reliability table says: slope, and how far off a perfect model would look at that size."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from training.judging.evaluation import Bin

DRAWS: Final = 4_000
SEED: Final = 7


def calibration_slope(bins: Sequence[Bin]) -> float | None:
    """Slope of the outcome on the stated log-odds, fitted on the table's bins.

    1 means that the spread of the stated probabilities is right; below 1 they are too extreme, above 1 too timid.

    Args:
        bins: Reliability table.

    Returns:
        The slope; None where it does not exist: fewer than two bins with different probabilities, one outcome
        only, or no convergence.

    Example:
        >>> table = [Bin(low=0.1, high=0.1, n=100, bad=10, mean_probability=0.1),
        ...          Bin(low=0.5, high=0.5, n=100, bad=50, mean_probability=0.5)]
        >>> round(calibration_slope(table), 6)
        1.0
    """
    n, bad, p = (
        (np.array(column, dtype=np.float64) for column in zip(*_rows(bins), strict=True)) if bins else (None,) * 3
    )
    if n is None or bad is None or p is None or not 0 < bad.sum() < n.sum() or np.ptp(p) == 0:
        return None
    inner = np.clip(p, 1e-9, 1 - 1e-9)
    design = np.column_stack([np.ones(len(p)), np.log(inner / (1 - inner))])
    return _fitted_slope(design, n, bad)


def perfect_ece(bins: Sequence[Bin], quantile: float = 0.95) -> float | None:
    """Expected calibration error that a perfectly calibrated model exceeds in one of 20 samples like this one.

    Args:
        bins: Reliability table; its bins, their sizes and stated probabilities are kept, outcomes are drawn.
        quantile: Of the drawn errors, in (0, 1).

    Returns:
        The error, in [0, 1]; None without bins. Draws take cases as independent.
    """
    if not bins:
        return None
    rng = np.random.default_rng(SEED)
    n = np.array([row.n for row in bins])
    p = np.array([row.mean_probability for row in bins])
    rates = rng.binomial(n, p, size=(DRAWS, len(bins))) / n
    return float(np.quantile((np.abs(rates - p) * n).sum(axis=1) / n.sum(), quantile))


def _rows(bins: Sequence[Bin]) -> list[tuple[float, float, float]]:
    return [(row.n, row.bad, row.mean_probability) for row in bins]


def _fitted_slope(
    design: "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
    n: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    bad: "np.ndarray[tuple[int], np.dtype[np.float64]]",
) -> float | None:
    """Newton's method for the grouped logistic regression."""
    beta = np.array([0.0, 1.0])
    for _ in range(50):
        mean = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        weight = np.maximum(n * mean * (1 - mean), 1e-12)
        step = np.linalg.solve(design.T @ (design * weight[:, None]), design.T @ (bad - n * mean))
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            return float(beta[1])
    return None
