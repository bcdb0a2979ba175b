"""Fitting a calibrator on predictions for unseen cases, held near "no change" while bad ones are few."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring.calibration import Calibrator, CalibratorError, bounded, sigmoid
from training.arrays import Flags, Floats, Places
from training.fitting.shocks import SLOPE_SPREAD, shocks

# How far a calibrator's shift may stand from "no change" before any case is seen: one standard deviation.
SHIFT_SPREAD: Final = 0.5
STEPS: Final = 100
ENOUGH_TRIALS: Final = 3
BENDS: Final = ("platt", "beta", "isotonic")
ENOUGH_FOR_ISOTONIC: Final = 200
"""Bad customers below which a map of any shape would follow their chances rather than the model's faults."""


@dataclass(frozen=True)
class Trial:
    """One test of a calibrator within the past.

    Attributes:
        fit_on: Shape (n,), the cases it is fitted on.
        judge_by: Shape (n,), the cases that judge it; none of them in ``fit_on``.
    """

    fit_on: Flags
    judge_by: Flags


def identity(bad: Flags, probability: Floats, customers: NDArray[Any], weight: Floats | None = None) -> Calibrator:
    """Probabilities as they are."""
    return Calibrator("identity")


def platt(bad: Flags, probability: Floats, customers: NDArray[Any], weight: Floats | None = None) -> Calibrator:
    """Slope and shift in log-odds, most probable given the cases and a prior around "no change".

    The shift is held at the rate of the cases, where most of them lie, and not at even odds, where none does: so
    that a slope alone does not raise or lower everyone.

    Args:
        bad: Whether each case turned out bad, shape (n,).
        probability: Probability stated without having seen the case, shape (n,), in [0, 1].
        customers: Customer of each case, shape (n,). Bad cases of one customer hang together, and so count as
            much as their customers do.
        weight: How much each case counts, shape (n,); None where all count alike.

    Returns:
        A rising calibrator; slope 1 and shift 0 when there are no cases.
    """
    counts = _counts(bad, weight)
    centre = _log_odds_of_rate(bad, counts)
    p = bounded(probability)
    inputs = np.column_stack([np.log(p) - np.log1p(-p) - centre, np.ones(len(p))])
    prior, spread = np.array([1.0, centre]), np.array([SLOPE_SPREAD, SHIFT_SPREAD])
    a, shifted = _most_probable(inputs, bad, prior, spread, _counts_for(bad, customers) * counts)
    return _or_identity("platt", {"a": a, "b": shifted - a * centre})


def beta(bad: Flags, probability: Floats, customers: NDArray[Any], weight: Floats | None = None) -> Calibrator:
    """Slopes of ln p and of -ln(1-p) apart, and a shift, held like `platt`.

    Args:
        bad: Whether each case turned out bad, shape (n,).
        probability: Probability stated without having seen the case, shape (n,), in [0, 1].
        customers: Customer of each case, shape (n,).
        weight: How much each case counts, shape (n,); None where all count alike.

    Returns:
        A rising calibrator; the identity where the fit would not rise.

    Source:
        Kull, Silva Filho, Flach (AISTATS 2017).
    """
    counts = _counts(bad, weight)
    centre = _log_odds_of_rate(bad, counts)
    rate, p = sigmoid(np.array([centre])), bounded(probability)
    first, second = np.log(rate)[0], -np.log1p(-rate)[0]
    inputs = np.column_stack([np.log(p) - first, -np.log1p(-p) - second, np.ones(len(p))])
    prior, spread = np.array([1.0, 1.0, centre]), np.array([SLOPE_SPREAD, SLOPE_SPREAD, SHIFT_SPREAD])
    a, b, shifted = _most_probable(inputs, bad, prior, spread, _counts_for(bad, customers) * counts)
    return _or_identity("beta", {"a": a, "b": b, "c": shifted - a * first - b * second})


def isotonic(bad: Flags, probability: Floats, customers: NDArray[Any], weight: Floats | None = None) -> Calibrator:
    """Any rising map: the rate of the cases around each probability, neighbours pooled until they rise.

    A pooled rate is drawn to the rate of all by one case, so that no block is certain.

    Args:
        bad: Whether each case turned out bad, shape (n,).
        probability: Probability stated without having seen the case, shape (n,), in [0, 1].
        customers: Customer of each case, shape (n,).
        weight: How much each case counts, shape (n,); None where all count alike.

    Returns:
        A map through the middles of the blocks; the identity where there are fewer than two.

    Source:
        Zadrozny, Elkan (KDD 2002); pooling of adjacent violators by scikit-learn.
    """
    from sklearn.isotonic import IsotonicRegression

    counts = _counts(bad, weight)
    pooled = IsotonicRegression().fit_transform(probability, bad.astype(np.float64), sample_weight=counts)
    rate = float(np.average(bad, weights=counts))
    points = []
    for value in np.unique(pooled):
        block = pooled == value
        here = counts[block]
        mapped = float((here[bad[block]].sum() + rate) / (here.sum() + 1))
        points.append((float(np.average(probability[block], weights=here)), mapped))
    rising = _never_falling(points)
    return Calibrator("isotonic", {}, rising) if len(rising) > 1 else Calibrator("identity")


def _never_falling(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """The points with each second number at least that of the one before; drawing small blocks in may bend them."""
    kept: list[tuple[float, float]] = []
    for given, mapped in points:
        if not kept or given > kept[-1][0]:
            kept.append((given, max(mapped, kept[-1][1]) if kept else mapped))
    return tuple(kept)


def _counts(bad: Flags, weight: Floats | None) -> Floats:
    return np.ones(len(bad)) if weight is None else weight


def _log_odds_of_rate(bad: Flags, counts: Floats) -> float:
    """Log-odds of the share of bad cases, with half a case of each kind added."""
    return float(np.log((counts[bad].sum() + 0.5) / (counts[~bad].sum() + 0.5)))


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


def _most_probable(inputs: Floats, bad: Flags, prior: Floats, spread: Floats, counts: Floats) -> list[float]:
    """The top of the penalised log-likelihood of a logistic regression, which is concave, by Newton's method."""
    at = prior.copy()
    for _ in range(STEPS):
        p = sigmoid(inputs @ at)
        slope = inputs.T @ (counts * (bad - p)) - (at - prior) / spread**2
        curvature = (inputs * (counts * p * (1 - p))[:, None]).T @ inputs + np.diag(1 / spread**2)
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


Method = Callable[[Flags, Floats, NDArray[Any], Floats | None], Calibrator]

METHODS: Final[dict[str, Method]] = {
    "identity": identity,
    "platt": platt,
    "beta": beta,
    "isotonic": isotonic,
}


@dataclass(frozen=True)
class _Past:
    """Past cases, shape (n,) each; their weeks where shocks are to be taken out."""

    bad: Flags
    probability: Floats
    customers: NDArray[Any]
    weeks: Places | None

    def take(self, chosen: Flags) -> "_Past":
        weeks = None if self.weeks is None else self.weeks[chosen]
        return _Past(self.bad[chosen], self.probability[chosen], self.customers[chosen], weeks)

    def weight(self) -> Floats | None:
        if self.weeks is None:
            return None
        return shocks(self.bad, self.probability, self.customers, self.weeks).weights(self.bad)

    def fitted(self, methods: Iterable[str]) -> dict[str, Calibrator]:
        weight = self.weight()
        return {name: METHODS[name](self.bad, self.probability, self.customers, weight) for name in methods}


def calibrator(
    bad: Flags,
    probability: Floats,
    customers: NDArray[Any],
    trials: Sequence[Trial],
    weeks: Places | None = None,
) -> Calibrator:
    """The plainest method that no other beats beyond chance on cases of the past that it was not fitted on.

    Late rates move with the times, and a shift learnt in a bad quarter misleads in the next: so a bend has to
    have paid before it is made. Without enough trials to tell, the bend is Platt's, held by its prior.

    Args:
        bad: Whether each case turned out bad, shape (n,).
        probability: Probability stated without having seen the case, shape (n,), in [0, 1].
        customers: Customer of each case, shape (n,).
        trials: Cases to fit on and cases to judge by, of shape (n,) each.
        weeks: Week of each case, shape (n,), from 0: what single weeks had of their own is then taken out of what
            the methods learn from. None to learn from all weeks alike.
    """
    past = _Past(bad, probability, customers, weeks)
    told = [trial for trial in trials if bad[trial.fit_on].any() and trial.judge_by.any()]
    if not len(bad):
        return Calibrator("identity")
    if len(told) < ENOUGH_TRIALS:
        return past.fitted(["platt"])["platt"]
    chosen = _chosen(past, told)
    return past.fitted([chosen])[chosen]


def _chosen(past: _Past, trials: Sequence[Trial]) -> str:
    enough = len(np.unique(past.customers[past.bad])) >= ENOUGH_FOR_ISOTONIC
    bends = BENDS if enough else BENDS[:-1]
    losses = _losses(past, trials, ("identity", *bends))
    chosen = "identity"
    for name in bends:
        if _pays(losses[chosen] - losses[name]):
            chosen = name
    return chosen


def _losses(past: _Past, trials: Sequence[Trial], methods: Sequence[str]) -> dict[str, Floats]:
    """Log-loss of each trial by method, shape (n_trials,) each."""
    found: dict[str, list[float]] = {name: [] for name in methods}
    for trial in trials:
        judge = past.take(trial.judge_by)
        for name, fitted in past.take(trial.fit_on).fitted(methods).items():
            found[name].append(log_loss(judge.bad, fitted.apply(judge.probability)))
    return {name: np.array(values) for name, values in found.items()}


def _pays(gains: Floats) -> bool:
    """Whether the mean gain exceeds its own standard error."""
    return bool(gains.mean() > gains.std(ddof=1) / np.sqrt(len(gains)))
