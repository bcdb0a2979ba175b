"""Two ways of stating the same cases, side by side: figures of all months together and means of the months.

Whole customers are resampled, the same draws for both. A mean of months is taken within each draw over the months that
have good and bad cases in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.arrays import Flags, Floats
from training.judging.bootstrap import RESAMPLES, TAILS, customer_weights, intervals, paired_difference
from training.judging.evaluation import Interval
from training.judging.metrics import Scored, figures, measured, scored

MONTHLY: Final = ("auc", "average_precision", "brier")
POOLED: Final = ("auc", "average_precision", "ks", "brier", "mean_probability", "rate", "ece")

Plain = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """The same cases stated twice.

    Attributes:
        bad: Whether each case turned out bad, shape (n,).
        ours: Our probability, shape (n,).
        theirs: The other's, shape (n,).
        customers: Customer of each case, shape (n,).
        months: Month of each case, shape (n,), datetime64[M].
    """

    bad: Flags
    ours: Floats
    theirs: Floats
    customers: NDArray[Any]
    months: NDArray[Any]

    def take(self, chosen: NDArray[Any]) -> "Pair":
        """The chosen cases."""
        return Pair(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def compared(pair: Pair, *, resamples: int = RESAMPLES) -> Plain:
    """All figures of both and their differences, ours less theirs, as plain values."""
    both = pair.ours, pair.theirs
    pooled = [intervals(pair.bad, stated, pair.customers, resamples=resamples) for stated in both]
    pooled.append(paired_difference(pair.bad, *both, pair.customers, resamples=resamples))
    names = ("ours", "theirs", "difference")
    return {
        "cases": len(pair.bad),
        "bad": int(pair.bad.sum()),
        "customers": len(np.unique(pair.customers)),
        "bad_customers": len(np.unique(pair.customers[pair.bad])),
        "pooled": {name: plain(found) for name, found in zip(names, pooled, strict=True)},
        "mean_of_months": mean_of_months(pair, resamples=resamples),
        "months": by_month(pair),
    }


def plain(found: Mapping[str, Interval]) -> Plain:
    """Intervals as plain values."""
    return {name: asdict(interval) for name, interval in found.items()}


def by_month(pair: Pair) -> list[Plain]:
    """Each month by itself."""
    return [_month(pair.take(pair.months == month), str(month)) for month in np.unique(pair.months)]


def _month(part: Pair, month: str) -> Plain:
    shown = (*MONTHLY, "mean_probability")
    told: Plain = {"month": month, "cases": len(part.bad), "bad": int(part.bad.sum()), "came": float(part.bad.mean())}
    for name, stated in (("ours", part.ours), ("theirs", part.theirs)):
        found = measured(part.bad, stated)
        told[name] = {figure: found[figure] for figure in shown if figure in found}
    return told


def mean_of_months(pair: Pair, *, resamples: int = RESAMPLES, seed: int = 0) -> Plain:
    """Mean of the months' figures, of both and of their difference, with intervals, as plain values.

    Args:
        pair: The cases.
        resamples: How many resamples of the customers.
        seed: Start of the random draws.
    """
    parts = [_places(pair, stated) for stated in (pair.ours, pair.theirs)]
    one = np.ones((1, len(pair.bad)))
    point = [means(part, one) for part in parts]
    drawn = [
        [means(part, weights) for part in parts]
        for weights in customer_weights(pair.customers, resamples=resamples, seed=seed)
    ]
    joined = [{name: np.concatenate([step[at][name] for step in drawn]) for name in MONTHLY} for at in (0, 1)]
    return {
        "ours": _intervals(point[0], joined[0]),
        "theirs": _intervals(point[1], joined[1]),
        "difference": _intervals(_less(*point), _less(*joined)),
    }


def _places(pair: Pair, stated: Floats) -> list[tuple[NDArray[np.intp], Scored]]:
    places = [np.flatnonzero(pair.months == month) for month in np.unique(pair.months)]
    return [(here, scored(pair.bad[here], stated[here])) for here in places]


def means(parts: Sequence[tuple[NDArray[np.intp], Scored]], weights: Floats) -> dict[str, Floats]:
    """Mean over the months under every weighting of all cases, by figure, shape (r,).

    Args:
        parts: Places of each month's cases, and the cases.
        weights: Shape (r, n).
    """
    with np.errstate(divide="ignore", invalid="ignore"):  # a month none of whose customers was drawn
        found = [figures(cases, weights[:, places]) for places, cases in parts]
    return {name: _mean([month[name] for month in found]) for name in MONTHLY}


def _mean(values: Sequence[Floats]) -> Floats:
    """Mean over the months whose figure exists; NaN where none does."""
    table = np.stack(values)
    there = np.isfinite(table)
    found: Floats = np.where(there, table, 0.0).sum(axis=0) / np.where(there.any(axis=0), there.sum(axis=0), np.nan)
    return found


def _less(ours: Mapping[str, Floats], theirs: Mapping[str, Floats]) -> dict[str, Floats]:
    return {name: ours[name] - theirs[name] for name in MONTHLY}


def _intervals(point: Mapping[str, Floats], drawn: Mapping[str, Floats]) -> Plain:
    return {name: interval_of(float(point[name][0]), drawn[name]) for name in MONTHLY}


def interval_of(value: float, drawn: Floats) -> Plain:
    """A figure with its 95 % interval from draws, those without the figure left out, as plain values."""
    low, high = np.percentile(drawn[np.isfinite(drawn)], TAILS)
    return {"value": value, "low": float(low), "high": float(high)}
