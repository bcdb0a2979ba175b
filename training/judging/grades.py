"""Do the grades hold? Jeffreys tests judged together, and bounds for grades in which hardly anyone defaults."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from scoring.grades import MasterScale
from training.arrays import Flags, Floats

LEVEL: Final = 0.05
CONFIDENCE: Final = 0.9


@dataclass(frozen=True)
class GradeFigures:
    """One grade against what happened in it.

    Counts may be fractions: cases of one customer hang together, and then count as much as customers do.

    Attributes:
        grade: Name of the grade.
        n: Cases.
        bad: Bad ones.
        stated: Mean stated probability of its cases; None without cases.
        rate: Share of bad cases; None without cases.
        p_value: Jeffreys: the posterior probability that the true rate is not above the stated one; None without cases.
        p_adjusted: The same after Holm's correction for all grades; None without cases.
        understates: Whether the grade states too little, judged with all others.
        prudent_bound: Pluto-Tasche upper bound, pooled with all worse grades, in (0, 1].
        posterior_mean: Bayesian estimate under Jeffreys' prior, (bad + 1/2) / (n + 1).
        posterior_bound: Its upper bound at the same confidence.
    """

    grade: str
    n: float
    bad: float
    stated: float | None
    rate: float | None
    p_value: float | None
    p_adjusted: float | None
    understates: bool
    prudent_bound: float
    posterior_mean: float
    posterior_bound: float


@dataclass(frozen=True)
class GradesVerdict:
    """All grades together.

    Attributes:
        level: Chance of rejecting even one grade of a scale that states every grade rightly, at most.
        confidence: Confidence of the bounds.
        grades: From the best to the worst.
        passed: Whether no grade states too little. A verdict without a single case is not passed.
    """

    level: float
    confidence: float
    grades: tuple[GradeFigures, ...]
    passed: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {"grades": [asdict(grade) for grade in self.grades]}


def judge_grades(
    scale: MasterScale,
    stated: Floats,
    bad: Flags,
    *,
    customers: NDArray[Any] | None = None,
    level: float = LEVEL,
    confidence: float = CONFIDENCE,
) -> GradesVerdict:
    """Test every grade of a scale on matured cases, and bound its rate from above.

    Args:
        scale: The master scale.
        stated: Stated probability of each case, shape (n,), of the horizon that the scale grades.
        bad: Whether each case turned out bad, shape (n,).
        customers: Customer of each case, shape (n,). Where given, cases count as many times less as there are bad cases
            to a bad customer: a customer that is seen bad on six dates is one default, not six. Where none is bad,
            as there are cases to a customer: one that pays on six dates is one proof, not six.
        level: Family-wise level of the tests, in (0, 1).
        confidence: Confidence of the bounds, in (0, 1).

    Raises:
        ValueError: Lengths differ, or a probability, the level or the confidence is out of range.
    """
    if stated.shape != bad.shape or stated.ndim != 1 or (customers is not None and len(customers) != len(bad)):
        raise ValueError(f"grades are judged by one stated probability and one outcome per case, got {stated.shape}")
    _check_share("level", level)
    _check_share("confidence", confidence)
    places, k, weight = scale.places(stated), len(scale.grades), _weight(bad, customers)
    cases = np.bincount(places, minlength=k)
    n, bads = cases * weight, np.bincount(places[bad], minlength=k) * weight
    mean = np.bincount(places, weights=stated, minlength=k) / np.maximum(cases, 1)
    seen = cases > 0
    p_values = np.full(k, np.nan)
    p_values[seen] = jeffreys(n[seen], bads[seen], mean[seen])
    adjusted = np.full(k, np.nan)
    adjusted[seen] = holm(p_values[seen])
    prudent, bound = prudent_bounds(n, bads, confidence=confidence), posterior_bound(n, bads, confidence=confidence)
    figures = tuple(
        GradeFigures(
            grade=grade.name,
            n=float(n[i]),
            bad=float(bads[i]),
            stated=_known(mean[i], seen[i]),
            rate=_known(bads[i] / n[i] if seen[i] else np.nan, seen[i]),
            p_value=_known(p_values[i], seen[i]),
            p_adjusted=_known(adjusted[i], seen[i]),
            understates=bool(seen[i] and adjusted[i] <= level),
            prudent_bound=float(prudent[i]),
            posterior_mean=float((bads[i] + 0.5) / (n[i] + 1)),
            posterior_bound=float(bound[i]),
        )
        for i, grade in enumerate(scale.grades)
    )
    passed = bool(seen.any()) and not any(found.understates for found in figures)
    return GradesVerdict(level, confidence, figures, passed)


def jeffreys(n: ArrayLike, bad: ArrayLike, stated: ArrayLike) -> Floats:
    """Posterior probability that the true rate is not above the stated one; small where a grade states too little.

    Args:
        n: Cases per grade.
        bad: Bad ones among them.
        stated: Stated probability per grade.

    Returns:
        Beta(bad + 1/2, n - bad + 1/2).cdf(stated), of the shape given, in [0, 1].

    Raises:
        ValueError: Counts are negative, there are more bad cases than cases, or a probability is outside [0, 1].

    Source:
        The Jeffreys test of the ECB's instructions for reporting the validation of internal models (PD back-testing).

    Example:
        >>> jeffreys([100, 100], [1, 5], [0.02, 0.02]).round(3).tolist()
        [0.742, 0.029]
    """
    cases, bads = _counts(n, bad)
    p = np.asarray(stated, dtype=np.float64)
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("stated probabilities must lie in [0, 1]")
    return np.asarray(stats.beta.cdf(p, bads + 0.5, cases - bads + 0.5), dtype=np.float64)


def holm(p_values: Floats) -> Floats:
    """Holm's step-down correction: reject where the result is at most the level, and the family errs so often at most.

    Args:
        p_values: Shape (k,), in [0, 1].

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()  # 3 x 0.01, then 2 x 0.03, then no less than before
        [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    found = np.empty(len(order))
    found[order] = np.minimum(stepped, 1.0)
    return found


def prudent_bounds(n: ArrayLike, bad: ArrayLike, *, confidence: float = CONFIDENCE) -> Floats:
    """Most prudent upper bounds for grades with few defaults or none, independent cases.

    Each grade is at most as risky as any worse one, so that all worse cases may be counted with its own: the bound of a
    grade is the exact binomial one of the pool of it and all worse grades. Where the worse grades did better than
    a grade, contradicting the order, no bound falls below that of a better grade.

    Args:
        n: Cases per grade, from the best to the worst, shape (k,).
        bad: Bad ones among them.
        confidence: In (0, 1).

    Returns:
        Shape (k,), never falling, in (0, 1]; 1 where neither a grade nor any worse one has a case. With no bad case in
        a pool of N, 1 - (1 - confidence)^(1/N).

    Raises:
        ValueError: Counts or confidence are out of range.

    Source:
        Pluto and Tasche, Estimating probabilities of default for low default portfolios (2005), independent case.

    Example:
        >>> (100 * prudent_bounds([100, 400, 300], [0, 0, 0], confidence=0.9)).round(2).tolist()
        [0.29, 0.33, 0.76]
    """
    _check_share("confidence", confidence)
    cases, bads = (np.cumsum(counts[::-1])[::-1] for counts in _counts(n, bad))
    all_bad = bads >= cases
    found = stats.beta.ppf(confidence, bads + 1, np.where(all_bad, 1.0, cases - bads))
    return np.asarray(np.maximum.accumulate(np.where(all_bad, 1.0, found)), dtype=np.float64)


def posterior_bound(n: ArrayLike, bad: ArrayLike, *, confidence: float = CONFIDENCE) -> Floats:
    """Upper bound of each grade's rate by itself, under Jeffreys' prior Beta(1/2, 1/2).

    Args:
        n: Cases per grade.
        bad: Bad ones among them.
        confidence: In (0, 1).

    Raises:
        ValueError: Counts or confidence are out of range.

    Source:
        Tasche, Bayesian estimation of probabilities of default for low default portfolios (2013).

    Example:
        >>> posterior_bound([0, 100], [0, 0]).round(4).tolist()
        [0.9755, 0.0134]
    """
    _check_share("confidence", confidence)
    cases, bads = _counts(n, bad)
    return np.asarray(stats.beta.ppf(confidence, bads + 0.5, cases - bads + 0.5), dtype=np.float64)


def _weight(bad: Flags, customers: NDArray[Any] | None) -> float:
    if customers is None or not len(bad):
        return 1.0
    if not bad.any():
        return len(np.unique(customers)) / len(bad)
    return len(np.unique(customers[bad])) / int(bad.sum())


def _counts(n: ArrayLike, bad: ArrayLike) -> Sequence[Floats]:
    cases, bads = np.asarray(n, dtype=np.float64), np.asarray(bad, dtype=np.float64)
    if cases.shape != bads.shape or not np.all((bads >= 0) & (bads <= cases)):
        raise ValueError(f"every grade needs 0 <= bad <= n, got n {cases.tolist()} and bad {bads.tolist()}")
    return cases, bads


def _check_share(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {value}")


def _known(value: float, seen: bool) -> float | None:
    return float(value) if seen else None
