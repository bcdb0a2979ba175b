"""How far stated probabilities are from the true ones."""

from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from training.arrays import Floats
from training.judging.bootstrap import mean_interval

FLOOR: Final = 1e-4
"""Log-odds are of probabilities held this far from 0 and 1: a customer that has stopped paying has a truth of 1."""


def errors(stated: Floats, true: Floats, customers: NDArray[Any]) -> dict[str, Any]:
    """Errors of probabilities against the truth with intervals by customers, as plain values.

    Args:
        stated: Shape (n,), in [0, 1].
        true: Shape (n,), in [0, 1].
        customers: Shape (n,).

    Returns:
        ``mean_absolute``; ``brier_excess``, the mean square of the error, which is what a model's expected Brier score
        is above that of the truth itself; ``rmse_log_odds``; ``rank``, Spearman's correlation; and
        the means of both.
    """
    return {
        "mean_absolute": asdict(mean_interval(np.abs(stated - true), customers)),
        "brier_excess": asdict(mean_interval((stated - true) ** 2, customers)),
        "rmse_log_odds": float(np.sqrt(np.mean((log_odds(stated) - log_odds(true)) ** 2))),
        "rank": rank_correlation(stated, true),
        "stated": float(stated.mean()),
        "true": float(true.mean()),
    }


def differences(ours: Floats, other: Floats, true: Floats, customers: NDArray[Any]) -> dict[str, Any]:
    """Our errors less another's on the same cases, with intervals by customers, as plain values."""
    pairs = {
        "mean_absolute": np.abs(ours - true) - np.abs(other - true),
        "brier_excess": (ours - true) ** 2 - (other - true) ** 2,
        "square_log_odds": (log_odds(ours) - log_odds(true)) ** 2 - (log_odds(other) - log_odds(true)) ** 2,
    }
    return {name: asdict(mean_interval(values, customers)) for name, values in pairs.items()}


def log_odds(probability: Floats) -> Floats:
    """Log-odds, held within what `FLOOR` allows.

    Example:
        >>> log_odds(np.array([0.5, 0.0])).round(3).tolist()
        [0.0, -9.21]
    """
    inner = np.clip(probability, FLOOR, 1 - FLOOR)
    return np.asarray(np.log(inner) - np.log1p(-inner))


def rank_correlation(stated: Floats, true: Floats) -> float:
    """Spearman's correlation, ties with their mean rank; NaN where one of them is the same everywhere.

    Example:
        >>> round(rank_correlation(np.array([0.1, 0.2, 0.3]), np.array([0.3, 0.5, 0.9])), 6)
        1.0
    """
    ranks = [stats.rankdata(values) for values in (stated, true)]
    if any(np.ptp(values) == 0 for values in ranks):
        return float("nan")
    return float(np.corrcoef(*ranks)[0, 1])
