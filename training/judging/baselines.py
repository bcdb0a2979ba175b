"""What anybody could state without our model, and how ours compares with it on the same cases.

The customer's own rate and the portfolio's rate need no learner; `training.fitting.baselines` adds those that do.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from training.arrays import Flags, Floats
from training.cases.dataset import Dataset, together
from training.cases.split import Split
from training.judging.bootstrap import intervals, paired_difference
from training.judging.evaluation import Interval

STRENGTHS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""How many cases of the portfolio's rate each customer begins with; one of these is chosen on the past."""
SHOWN: Final = {
    "auc": "AUC",
    "average_precision": "Average precision",
    "brier": "Brier",
    "mean_probability": "Mean stated",
}
ALMOST: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way of stating probabilities, on the cases that judge.

    Attributes:
        name: What it is.
        figures: Figure by name with its 95 % interval from resampled customers; empty where it could not be had.
        difference: Our figure less its, from the same resamples; empty for ours.
        note: Why there are no figures; else how it states them.
    """

    name: str
    figures: Mapping[str, Interval]
    difference: Mapping[str, Interval]
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            "figures": {name: asdict(figure) for name, figure in self.figures.items()},
            "difference": {name: asdict(figure) for name, figure in self.difference.items()},
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Our model beside the baselines.

    Attributes:
        target: The label in the words of the definitions.
        n: Cases that judge.
        bad: How many of them turned out bad.
        customers: Customers behind them.
        contestants: Ours first.
    """

    target: str
    n: int
    bad: int
    customers: int
    contestants: tuple[Contestant, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        head = {"target": self.target, "n": self.n, "bad": self.bad, "customers": self.customers}
        return head | {"contestants": [each.as_dict() for each in self.contestants]}

    def rows(self) -> list[tuple[str, ...]]:
        """Cells of the table: name, each figure shown, ours less theirs in AUC and Brier, and the note."""
        return [_cells(each) for each in self.contestants]

    @property
    def headings(self) -> tuple[str, ...]:
        """Headings of the table."""
        return ("", *SHOWN.values(), "Ours less theirs: AUC", "average precision", "Brier", "")

    def markdown(self) -> str:
        """The table as Markdown; intervals are 95 %, customers resampled."""
        ruler = "|".join(["---"] * len(self.headings))
        lines = [f"| {' | '.join(self.headings)} |", f"|{ruler}|"]
        return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in self.rows())]) + "\n"

    def text(self) -> str:
        """The table in columns of plain text."""
        cells = [self.headings, *self.rows()]
        wide = [max(len(row[place]) for row in cells) for place in range(len(self.headings))]
        return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, wide, strict=True)).rstrip() for row in cells) + "\n"


def compared(
    target: str, judged: Dataset, ours: Floats, theirs: Mapping[str, Floats | str], *, notes: Mapping[str, str]
) -> Comparison:
    """Our probabilities beside others' on the same cases.

    Args:
        target: The label.
        judged: The cases that judge, n of them.
        ours: Our probability of each, shape (n,), in [0, 1].
        theirs: Name to probabilities, shape (n,), in [0, 1]; or to the reason why there are none.
        notes: How a contestant states its probabilities, by name.
    """
    rest = [_contestant(name, stated, judged, ours, notes.get(name, "")) for name, stated in theirs.items()]
    champion = Contestant("ours", intervals(judged.bad, ours, judged.customer_ids), {})
    customers = len(np.unique(judged.customer_ids))
    return Comparison(target, len(judged), int(judged.bad.sum()), customers, (champion, *rest))


def _contestant(name: str, stated: Floats | str, judged: Dataset, ours: Floats, note: str) -> Contestant:
    if isinstance(stated, str):
        return Contestant(name, {}, {}, stated)
    figures = intervals(judged.bad, stated, judged.customer_ids)
    return Contestant(name, figures, paired_difference(judged.bad, ours, stated, judged.customer_ids), note)


def portfolio_rate(parts: Split) -> Floats:
    """The rate of the cases learnt from, for every later case: shape (n,), in [0, 1].

    Args:
        parts: Cases to learn from and later ones.
    """
    return np.full(len(parts.later), float(parts.train.bad.mean()))


def own_rate(parts: Split) -> Floats:
    """The customer's own rate among its cases that had matured before each later case, shrunk to the portfolio's.

    Args:
        parts: Cases to learn from and later ones.

    Returns:
        ``(bad + k * rate) / (n + k)`` over the customer's matured cases, shape (n,), in [0, 1], where rate is
        that of all cases matured by then. How much the portfolio counts, k, is what stated the training cases best
        by log loss, each from what had matured before it.
    """
    rate = float(parts.train.bad.mean())
    past = _matured_before(parts.train, parts.train)
    strength = min(STRENGTHS, key=lambda k: _log_loss(parts.train.bad, _shrunk(past, rate, k)))
    known = together([parts.train, parts.later])
    return _shrunk(_matured_before(known, parts.later), _rate_before(known, parts.later, rate), strength)


def _matured_before(known: Dataset, asked: Dataset) -> tuple[Floats, Floats]:
    """Cases and bad cases of each asked case's customer that had matured by its day, shape (n,) each."""
    n, bad = np.zeros(len(asked)), np.zeros(len(asked))
    days = asked.at.astype("datetime64[D]")
    theirs = _places(known)
    for customer, here in _places(asked).items():
        rows = theirs.get(customer, np.empty(0, np.intp))
        rows = rows[np.argsort(known.matures_on[rows], kind="stable")]
        sums = np.concatenate([[0], np.cumsum(known.bad[rows])])
        n[here] = np.searchsorted(known.matures_on[rows], days[here], side="right")
        bad[here] = sums[n[here].astype(np.intp)]
    return n, bad


def _places(cases: Dataset) -> dict[str, Any]:
    names, place = np.unique(cases.customer_ids.astype(str), return_inverse=True)
    order = np.argsort(place, kind="stable")
    return dict(zip(names.tolist(), np.split(order, np.cumsum(np.bincount(place))[:-1]), strict=True))


def _rate_before(known: Dataset, asked: Dataset, otherwise: float) -> Floats:
    """Rate of all cases that had matured by each asked case's day, shape (n,)."""
    order = np.argsort(known.matures_on, kind="stable")
    sums = np.concatenate([[0], np.cumsum(known.bad[order])])
    n = np.searchsorted(known.matures_on[order], asked.at.astype("datetime64[D]"), side="right")
    return np.where(n > 0, sums[n] / np.maximum(n, 1), otherwise)


def _shrunk(counts: tuple[Floats, Floats], rate: Floats | float, strength: float) -> Floats:
    n, bad = counts
    return np.asarray((bad + strength * rate) / (n + strength), np.float64)


def _log_loss(bad: Flags, stated: Floats) -> float:
    p = np.clip(stated, ALMOST, 1 - ALMOST)
    return float(-np.where(bad, np.log(p), np.log1p(-p)).mean())


def _cells(each: Contestant) -> tuple[str, ...]:
    figures = [_cell(each.figures.get(name)) for name in SHOWN]
    differences = [_cell(each.difference.get(name), signed=True) for name in ("auc", "average_precision", "brier")]
    return (each.name, *figures, *differences, each.note)


def _cell(figure: Interval | None, *, signed: bool = False) -> str:
    """A figure with its interval.

    Example:
        >>> _cell(Interval(0.9, 0.85, 0.95)), _cell(Interval(-0.01, -0.02, 0.0), signed=True), _cell(None)
        ('0.9000 [0.8500, 0.9500]', '-0.0100 [-0.0200, +0.0000]', '')
    """
    if figure is None:
        return ""
    shape = "+.4f" if signed else ".4f"
    return f"{figure.value:{shape}} [{figure.low:{shape}}, {figure.high:{shape}}]"
