"""How well probabilities rank and state what happened: every figure for many weightings of the cases at once.

One weighting of ones gives the figure itself; whole-number weights from resampled customers give its
interval (`training.judging.bootstrap`). Both go through the same lines. Equal probabilities count as ties,
never in the order in which the rows happen to stand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from training.arrays import Flags, Floats, Places
from training.judging.evaluation import Bin
from training.judging.recalibration import Recalibration, recalibration

FIGURES: Final = (
    "auc", "average_precision", "ks", "brier", "mean_probability", "rate", "ece", "calibration_slope",
    "calibration_intercept",
)  # fmt: skip
BINS: Final = 10
CELLS_AT_ONCE: Final = 50_000
"""Cells of a working array of a ranking: several such then stay in a processor's cache, which halves its time."""


@dataclass(frozen=True)
class Scored:
    """Cases in order of falling probability.

    Attributes:
        probability: Shape (n,), falling, in [0, 1].
        bad: Shape (n,), 1.0 where the case turned out bad, else 0.0.
        order: Shape (n,), the place of each in the caller's order.
        ends: Shape (n_ties,), the last place of every run of equal probabilities.
        bins: Shape (n_bins,), the first place of every bin of the reliability table.
    """

    probability: Floats
    bad: Floats
    order: Places
    ends: Places
    bins: Places

    @cached_property
    def recalibration(self) -> Recalibration:
        """The regression of the outcomes on the stated log-odds, made when it is asked for."""
        return recalibration(self.bad, self.probability)

    @cached_property
    def stretches(self) -> Places:
        """The first place of every stretch whose inner order no pair of a good and a bad case depends on.

        A stretch is a run of equal probabilities, or several such runs of good cases alone. Where few are bad, there
        are far fewer stretches than cases.
        """
        starts = np.append(0, self.ends[:-1] + 1)
        holds_bad = np.add.reduceat(self.bad, starts) > 0
        return np.asarray(starts[holds_bad | np.append(True, holds_bad[:-1])], dtype=np.intp)


def scored(bad: Flags, probability: Floats, *, bins: int = BINS) -> Scored:
    """Order cases by falling probability.

    Args:
        bad: Whether each case turned out bad, shape (n,).
        probability: Stated probability, shape (n,), finite, in [0, 1].
        bins: Number of bins for calibration, equally filled as far as ties allow.

    Raises:
        ValueError: No cases, unequal lengths, or a probability that is none.
    """
    _check(bad, probability)
    order = np.argsort(-probability, kind="stable")
    falling = probability[order]
    ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    return Scored(falling, bad[order].astype(np.float64), order, ends, _bin_starts(len(falling), ends, bins))


def _check(bad: Flags, probability: Floats) -> None:
    if len(bad) == 0 or len(bad) != len(probability):
        raise ValueError(f"{len(bad)} outcomes and {len(probability)} probabilities: as many of both, at least one.")
    if not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError("A probability is outside [0, 1] or not a number.")


def _bin_starts(n: int, ends: Places, bins: int) -> Places:
    """First place of each bin: the wanted cuts, moved to the end of the run of ties they fall in."""
    wanted = np.unique(np.arange(1, bins) * n // bins)
    wanted = wanted[wanted > 0]
    cuts = ends[np.searchsorted(ends, wanted - 1)] + 1
    return np.unique(np.append(0, cuts[cuts < n])).astype(np.intp)


def figures(cases: Scored, weights: Floats) -> dict[str, Floats]:
    """Every figure under every weighting.

    Args:
        cases: The cases, in order.
        weights: Shape (r, n), in the caller's order of cases, not negative.

    Returns:
        Name to figure, shape (r,): AUC in [0, 1], average precision in [0, 1], KS in [0, 1], Brier in [0, 1],
        mean probability, rate, and the expected calibration error, all in [0, 1]; calibration slope and
        intercept (`training.judging.recalibration`). Those of ranking, slope and intercept are NaN where only one
        outcome has weight.

    Example:
        >>> cases = scored(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1]))
        >>> found = figures(cases, np.ones((1, 4)))
        >>> {name: round(float(found[name][0]), 3) for name in ("auc", "average_precision", "ks", "brier", "ece")}
        {'auc': 0.75, 'average_precision': 0.833, 'ks': 0.5, 'brier': 0.188, 'ece': 0.325}
    """
    ordered = weights[:, cases.order]
    return _ranking(cases, ordered) | _stating(cases, ordered) | _recalibrating(cases, ordered)


def auc(cases: Scored, weights: Floats) -> Floats:
    """Area under the ROC curve alone, under every weighting: a fraction of the price of all figures.

    Args:
        cases: The cases, in order.
        weights: Shape (r, n), in the caller's order of cases, not negative.

    Returns:
        Shape (r,), in [0, 1]; NaN where only one outcome has weight.

    Example:
        >>> auc(scored(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1])), np.ones((1, 4))).tolist()
        [0.75]
    """
    return np.concatenate([_auc(cases, some) for some in _few_at_once(weights[:, cases.order])])


def _few_at_once(weights: Floats) -> list[Floats]:
    """The weightings in parts, each of few cells: what is found for a weighting does not depend on those beside it."""
    return np.array_split(weights, max(1, min(weights.size // CELLS_AT_ONCE, len(weights))))


def _auc(cases: Scored, weights: Floats) -> Floats:
    """The pairs of a good and a bad case that are ranked rightly, a tie by half; weights in falling order."""
    bads = np.add.reduceat(weights * cases.bad, cases.stretches, axis=1)
    goods = np.add.reduceat(weights, cases.stretches, axis=1) - bads
    above = np.cumsum(bads, axis=1) - bads / 2
    return _share((goods * above).sum(axis=1), bads.sum(axis=1) * goods.sum(axis=1))


def _ranking(cases: Scored, weights: Floats) -> dict[str, Floats]:
    """AUC, average precision and KS under every weighting; weights in falling order."""
    found = [_ranked(cases, some) for some in _few_at_once(weights)]
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}


def _ranked(cases: Scored, weights: Floats) -> dict[str, Floats]:
    """AUC, average precision and KS from cumulated weights at the ends of ties; weights in falling order."""
    bads = np.cumsum(weights * cases.bad, axis=1)[:, cases.ends]
    both = np.cumsum(weights, axis=1)[:, cases.ends]
    goods = both - bads
    recall, fallout = _share(bads, bads[:, -1:]), _share(goods, goods[:, -1:])
    precision = _share(bads, both, otherwise=0.0)
    gain, step = np.diff(recall, axis=1, prepend=0.0), np.diff(fallout, axis=1, prepend=0.0)
    one_outcome = (bads[:, -1] == 0) | (goods[:, -1] == 0)
    found = {
        "auc": (step * (recall - gain / 2)).sum(axis=1),
        "average_precision": (gain * precision).sum(axis=1),
        "ks": np.abs(recall - fallout).max(axis=1),
    }
    return {name: np.where(one_outcome, np.nan, value) for name, value in found.items()}


def _share(part: Floats, whole: Floats, *, otherwise: float = np.nan) -> Floats:
    """Part of whole; NaN, unless something else is said, where the whole has no weight."""
    found: Floats = np.full(np.broadcast_shapes(part.shape, whole.shape), otherwise)
    np.divide(part, whole, out=found, where=whole > 0)
    return found


def _stating(cases: Scored, weights: Floats) -> dict[str, Floats]:
    """Brier, mean probability, rate and calibration error; weights in falling order."""
    total = weights.sum(axis=1)
    gaps = np.add.reduceat(weights * (cases.probability - cases.bad), cases.bins, axis=1)
    return {
        "brier": weights @ (cases.probability - cases.bad) ** 2 / total,
        "mean_probability": weights @ cases.probability / total,
        "rate": weights @ cases.bad / total,
        "ece": np.abs(gaps).sum(axis=1) / total,
    }


def _recalibrating(cases: Scored, weights: Floats) -> dict[str, Floats]:
    """Calibration slope and intercept; weights in falling order."""
    bads, all_of_them = weights @ cases.bad, weights.sum(axis=1)
    one_outcome = (bads == 0) | (bads == all_of_them)
    found = cases.recalibration.figures(weights)
    return {name: np.where(one_outcome, np.nan, value) for name, value in found.items()}


def measured(bad: Flags, probability: Floats) -> Mapping[str, float]:
    """Every figure of one set of cases; a figure that does not exist is absent.

    Args:
        bad: Whether each case turned out bad, shape (n,).
        probability: Stated probability, shape (n,), in [0, 1].

    Example:
        >>> measured(np.array([False, False]), np.array([0.2, 0.4]))["rate"]
        0.0
        >>> "auc" in measured(np.array([False, False]), np.array([0.2, 0.4]))
        False
    """
    cases = scored(bad, probability)
    found = figures(cases, np.ones((1, len(bad))))
    return {name: float(value[0]) for name, value in found.items() if np.isfinite(value[0])}


def reliability(bad: Flags, probability: Floats, *, bins: int = BINS) -> tuple[Bin, ...]:
    """Stated probability against outcome, by equally filled bins from the lowest probability up.

    Args:
        bad: Whether each case turned out bad, shape (n,).
        probability: Stated probability, shape (n,), in [0, 1].
        bins: How many bins; ties are never parted, so there may be fewer.
    """
    cases = scored(bad, probability, bins=bins)
    ends = np.append(cases.bins[1:], len(cases.bad))
    return tuple(_bin(cases, start, end) for start, end in zip(cases.bins, ends, strict=True))[::-1]


def _bin(cases: Scored, start: int, end: int) -> Bin:
    stated = cases.probability[start:end]
    return Bin(
        low=float(stated[-1]),
        high=float(stated[0]),
        n=int(end - start),
        bad=int(cases.bad[start:end].sum()),
        mean_probability=float(stated.mean()),
    )
