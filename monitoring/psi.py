"""Population stability index, and what it would be if nothing had changed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

QUICK_DRAWS = 2_000
"""Draws that settle a column which is nowhere near its critical value."""

QUICK_EXCEEDED = 40
"""A column whose PSI is reached this often in the quick draws (2 %) needs no more of them."""


def psi(reference: Floats, current: Floats) -> Floats:
    """Population stability index of two histograms over the same bins.

    ``PSI = sum((a - e) * ln(a / e))`` over the bins, where e and a are the shares of reference and current
    rows. Where a bin is empty on one side the logarithm has no value: then half a row is added to every bin
    of both sides.

    Args:
        reference: Rows per bin, shape (..., n_bins), >= 0, with at least one row. Need not be whole numbers.
        current: Rows per bin, same shape.

    Returns:
        PSI, shape (...), in [0, inf). 0 means equal shares. Swapping the two sides gives the same value.

    Example:
        >>> round(float(psi(np.array([50.0, 50.0]), np.array([60.0, 40.0]))), 4)
        0.0405
    """
    empty = ((reference == 0) | (current == 0)).any(axis=-1, keepdims=True)
    expected = _shares(reference + 0.5 * empty)
    actual = _shares(current + 0.5 * empty)
    return np.asarray(((actual - expected) * np.log(actual / expected)).sum(axis=-1))


def formula_critical(reference_rows: float, current_rows: float, bins: int, level: float = 0.99) -> float:
    """PSI that a stable population exceeds with probability 1 - level, by the large-sample formula.

    Under no drift ``PSI ~ (1/n + 1/m) * chi2(bins - 1)``.

    Args:
        reference_rows: n, > 0.
        current_rows: m, > 0.
        bins: Bins compared, >= 1. With one bin nothing can drift and the value is 0.
        level: Quantile, in (0, 1).

    Source:
        Yurdakul and Naranjo, Statistical properties of the population stability index (2020).

    Example:
        >>> round(formula_critical(5_000, 500, 10), 3)
        0.048
    """
    if bins < 2:
        return 0.0
    return float((1 / reference_rows + 1 / current_rows) * stats.chi2.ppf(level, bins - 1))


@dataclass(frozen=True)
class Surprise:
    """How far an observed PSI lies from what a stable population gives at the same sizes."""

    psi: float
    critical: float
    """99 % quantile of PSI under no drift, from draws at these sizes."""
    p_value: float
    """Share of draws under no drift that reach the observed PSI, in (0, 1]."""
    draws: int


def surprise(reference: Floats, current: Floats, *, draws: int, rng: np.random.Generator) -> Surprise:
    """Compare the PSI of two histograms with its distribution under no drift.

    Under no drift both samples come from one population, best known from both together: histograms of these
    two sizes are drawn from the pooled shares. That holds for any size and any number of rows in a bin, where
    the large-sample formula is too small below about 100 rows.

    Args:
        reference: Rows per bin, shape (n_bins,), > 0 in total.
        current: Rows per bin, shape (n_bins,), > 0 in total.
        draws: Draws for a column near or beyond its critical value, >= QUICK_DRAWS.
        rng: Source of the draws; equal states give equal results.
    """
    observed = float(psi(reference, current))
    if len(reference) < 2:
        return Surprise(psi=observed, critical=0.0, p_value=1.0, draws=0)
    sizes = max(1, round(reference.sum())), max(1, round(current.sum()))
    pooled = _shares(reference + current)
    null = _stable_psi(pooled, sizes, QUICK_DRAWS, rng)
    if _reached(null, observed) < QUICK_EXCEEDED and draws > QUICK_DRAWS:
        null = np.concatenate([null, _stable_psi(pooled, sizes, draws - QUICK_DRAWS, rng)])
    p_value = (1 + _reached(null, observed)) / (1 + len(null))
    return Surprise(psi=observed, critical=float(np.quantile(null, 0.99)), p_value=p_value, draws=len(null))


def _stable_psi(pooled: Floats, sizes: tuple[int, int], draws: int, rng: np.random.Generator) -> Floats:
    """PSI of pairs of histograms drawn from one population, shape (draws,)."""
    reference, current = (rng.multinomial(size, pooled, size=draws).astype(np.float64) for size in sizes)
    return psi(reference, current)


def _reached(null: Floats, observed: float) -> int:
    # Equal histograms may differ in the last bit by the order of summation.
    return int((null >= observed - 1e-12).sum())


def _shares(counts: Floats) -> Floats:
    return np.asarray(counts / counts.sum(axis=-1, keepdims=True))
