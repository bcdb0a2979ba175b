"""What is usual in the training population, and on which side of it a model sees risk: what a reason may cite."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
CLEAR: Final = 0.5
"""Rank correlation of a value and its contribution from which on the side of risk is clear."""
FEWEST: Final = 20


def typical_of(columns: Mapping[str, Floats], names: Sequence[str]) -> dict[str, float]:
    """Median of each feature over the cases that have it; a feature that no case has is absent.

    Example:
        >>> typical_of({"a": np.array([1.0, 5.0, 2.0, np.nan]), "b": np.array([np.nan])}, ["a", "b"])
        {'a': 2.0}
    """
    known = {name: columns[name][~np.isnan(columns[name])] for name in names}
    return {name: float(np.median(values)) for name, values in known.items() if len(values)}


def tendency_of(
    names: Sequence[str], monotone: Sequence[int], matrix: Floats, contributions: Floats
) -> dict[str, Literal[-1, 1]]:
    """The side of risk of each feature that is held to none, where the model's contributions are clear about it.

    Args:
        names: k features.
        monotone: Direction that the model is held to for each; those other than 0 are left out.
        matrix: Values, shape (n, k), NaN where not known.
        contributions: What each added in log-odds, shape (n, k + 1).

    Returns:
        Feature to +1 (more is riskier) or -1, where the rank correlation of value and contribution is at least 0.5 in
        size over 20 or more cases.

    Example:
        >>> values = np.linspace(0, 1, 30)[:, None]
        >>> tendency_of(["on_due_day_share_365d"], [0], values, np.hstack([-values, values]))
        {'on_due_day_share_365d': -1}
    """
    found = {
        name: _correlation(matrix[:, place], contributions[:, place])
        for place, (name, direction) in enumerate(zip(names, monotone, strict=True))
        if direction == 0
    }
    return {name: 1 if size > 0 else -1 for name, size in found.items() if abs(size) >= CLEAR}


def _correlation(values: Floats, added: Floats) -> float:
    """Spearman's rank correlation over the known values, rounded; 0 where there are few or one does not vary."""
    known = ~np.isnan(values)
    values, added = values[known], added[known]
    if len(values) < FEWEST or np.ptp(values) == 0 or np.ptp(added) == 0:
        return 0.0
    return round(float(np.corrcoef(stats.rankdata(values), stats.rankdata(added))[0, 1]), 9)
