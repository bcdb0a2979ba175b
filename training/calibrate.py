"""Fitting a calibrator on predictions for unseen cases, held near "no change" while bad ones are few."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring.calibration import Calibrator, CalibratorError, bounded
from training.metrics import Flags, Floats

# How far a calibrator may stand from "no change" before any case is seen: one standard deviation of slope and of shift.
SLOPE_SPREAD: Final = 0.2
SHIFT_SPREAD: Final = 0.5
STEPS: Final = 100


def platt(bad: Flags, probability: Floats, customers: NDArray[Any]) -> Calibrator:
    """Slope and shift in log-odds, most probable given the cases and a prior around "no change".

    Args:
        bad: Whether each case turned out bad, shape (n,).
        probability: Probability stated without having seen the case, shape (n,), in [0, 1].
        customers: Customer of each case, shape (n,). Bad cases of one customer hang together, and so count as
            much as their customers do.

    Returns:
        A rising calibrator; slope 1 and shift 0 when there are no cases.
    """
    p = bounded(probability)
    inputs = np.column_stack([np.log(p) - np.log1p(-p), np.ones(len(p))])
    prior, spread = np.array([1.0, 0.0]), np.array([SLOPE_SPREAD, SHIFT_SPREAD])
    a, b = _most_probable(inputs, bad, prior, spread, _counts_for(bad, customers))
    return _or_identity("platt", {"a": a, "b": b})


def beta(bad: Flags, probability: Floats, customers: NDArray[Any]) -> Calibrator:
    """Slopes of ln p and of -ln(1-p) apart, and a shift, held like `platt`.

    Args:
        bad: Whether each case turned out bad, shape (n,).
        probability: Probability stated without having seen the case, shape (n,), in [0, 1].
        customers: Customer of each case, shape (n,).

    Returns:
        A rising calibrator; the identity where the fit would not rise.

    Source:
        Kull, Silva Filho, Flach (AISTATS 2017).
    """
    p = bounded(probability)
    inputs = np.column_stack([np.log(p), -np.log1p(-p), np.ones(len(p))])
    prior, spread = np.array([1.0, 1.0, 0.0]), np.array([SLOPE_SPREAD, SLOPE_SPREAD, SHIFT_SPREAD])
    a, b, c = _most_probable(inputs, bad, prior, spread, _counts_for(bad, customers))
    return _or_identity("beta", {"a": a, "b": b, "c": c})


def _or_identity(method: str, params: dict[str, float]) -> Calibrator:
    try:
        return Calibrator(method, params)
    except CalibratorError:  # it does not rise: the cases contradict the ranking, and no map mends that
        return Calibrator("identity")


def _counts_for(bad: Flags, customers: NDArray[Any]) -> float:
    """How much one case counts, in (0, 1]: bad customers per bad case."""
    if not bad.any():
        return 1.0
    return len(np.unique(customers[bad])) / int(bad.sum())


def _most_probable(inputs: Floats, bad: Flags, prior: Floats, spread: Floats, weight: float) -> list[float]:
    """The top of the penalised log-likelihood of a logistic regression, which is concave, by Newton's method."""
    at = prior.copy()
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-inputs @ at))
        slope = weight * inputs.T @ (bad - p) - (at - prior) / spread**2
        curvature = weight * (inputs * (p * (1 - p))[:, None]).T @ inputs + np.diag(1 / spread**2)
        step = np.linalg.solve(curvature, slope)
        at = at + step
        if np.abs(step).max() < 1e-12:
            break
    return [float(value) for value in at]


def log_loss(bad: Flags, probability: Floats) -> float:
    """Mean negative log-likelihood, in [0, inf).

    Example:
        >>> round(log_loss(np.array([True, False]), np.array([0.8, 0.5])), 4)
        0.4581
    """
    p = bounded(probability)
    return float(-np.mean(np.where(bad, np.log(p), np.log1p(-p))))


METHODS: Final[dict[str, Callable[[Flags, Floats, NDArray[Any]], Calibrator]]] = {"platt": platt, "beta": beta}


def calibrator(bad: Flags, probability: Floats, customers: NDArray[Any], blocks: NDArray[Any]) -> Calibrator:
    """Platt, or beta where it states unseen blocks of the past better.

    Args:
        bad: Whether each case turned out bad, shape (n,).
        probability: Probability stated without having seen the case, shape (n,), in [0, 1].
        customers: Customer of each case, shape (n,).
        blocks: Part of the past each case belongs to, shape (n,); each is left out in turn.
    """
    if not len(bad):
        return Calibrator("identity")
    losses = {name: _left_out_loss(name, bad, probability, customers, blocks) for name in METHODS}
    best = min(losses, key=lambda name: (losses[name], name != "platt"))
    return METHODS[best](bad, probability, customers)


def _left_out_loss(
    method: str, bad: Flags, probability: Floats, customers: NDArray[Any], blocks: NDArray[Any]
) -> float:
    """Log-loss on each block of a calibrator fitted on the others; blocks weigh by their cases."""
    stated = np.empty_like(probability)
    for block in np.unique(blocks):
        out = blocks == block
        stated[out] = METHODS[method](bad[~out], probability[~out], customers[~out]).apply(probability[out])
    return log_loss(bad, stated)
