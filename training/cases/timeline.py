"""Which days each split of a model speaks of: lookback, learning, the gap for maturity, judging, horizon.

Every day is an instant at which a case is scored, or one at whose end something was known. Nothing is fitted here.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np

from training.cases.dataset import Dataset
from training.cases.split import Split

WINDOW: Final = re.compile(r"_(\d+)(d|m)(_|$)")
DAYS_OF_A_MONTH: Final = 30
EVER: Final = "_ever"


@dataclass(frozen=True)
class Side:
    """The cases of one side of a split.

    Attributes:
        first: Day on which the first of them is scored.
        last: Day on which the last of them is scored.
        matured_on: Day from which all their outcomes may be used.
        cases: How many.
        bad: How many of them turned out bad.
        customers: How many customers are behind them.
        bad_customers: How many customers are behind the bad ones.
    """

    first: date
    last: date
    matured_on: date
    cases: int
    bad: int
    customers: int
    bad_customers: int


@dataclass(frozen=True)
class Line:
    """One split of one model.

    Attributes:
        model: Name of the model.
        target: Its label in the words of the definitions.
        split: ``final`` for the one whose figures are the model's, else which fold of the past.
        how: ``in time`` where the cases that judge come after those learnt from, ``customers held out`` where they
            are other customers of the same days.
        lookback_days: Longest window of the features, in days before a case.
        looks_ever: Whether a feature looks further back, to the first day of the book.
        as_of: Knowledge for learning is frozen at the end of this day.
        known_on: The day whose knowledge gives the outcomes of the cases that judge.
        wait_days: Days from a case to the maturity of its outcome: the horizon of a default; for a late payment, the
            longest wait among the cases, terms and grace included.
        learnt: The cases to learn from.
        judged: The cases that judge.
        held_out: Customers that judge and were never learnt from; of a split in time, those that happen to be new.
    """

    model: str
    target: str
    split: str
    how: str
    lookback_days: int
    looks_ever: bool
    as_of: date
    known_on: date
    wait_days: int
    learnt: Side
    judged: Side
    held_out: int

    @property
    def gap_days(self) -> int:
        """Days between the last case learnt from and the first that judges; 0 or less where customers are held out."""
        return (self.judged.first - self.learnt.last).days if self.how == IN_TIME else 0

    @property
    def looks_from(self) -> date:
        """First day that a feature of the first case of either side looks at, unless it looks at the whole book."""
        return min(self.learnt.first, self.judged.first) - timedelta(days=self.lookback_days)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {"gap_days": self.gap_days}


IN_TIME: Final = "in time"
HELD_OUT: Final = "customers held out"


class EmptySideError(ValueError):
    """A split has no cases on one of its sides.

    Attributes:
        side: Which.
    """

    def __init__(self, model: str, side: str, as_of: date) -> None:
        self.side = side
        super().__init__(
            f"{model} as of {as_of}: there are no matured cases to {side}. Choose a later --as-of to have more to "
            "learn from, or an earlier one, or a later --known-on, to have more that judge."
        )


def line(
    parts: Split, *, model: str, target: str, split: str, how: str, names: Sequence[str], as_of: date, known_on: date
) -> Line:
    """Say which days a split speaks of.

    Args:
        parts: The split.
        model: Name of the model.
        target: Its label.
        split: ``final``, or which fold of the past.
        how: ``IN_TIME`` or ``HELD_OUT``.
        names: Names of the model's features; their windows are part of the names.
        as_of: Knowledge for learning is frozen at the end of this day.
        known_on: The day whose knowledge gives the outcomes of the cases that judge.

    Raises:
        EmptySideError: One side has no cases.
    """
    if not len(parts.train):
        raise EmptySideError(model, "learn from", as_of)
    if not len(parts.later):
        raise EmptySideError(model, "judge by", as_of)
    lookback, ever = lookback_of(names)
    return Line(
        model=model,
        target=target,
        split=split,
        how=how,
        lookback_days=lookback,
        looks_ever=ever,
        as_of=as_of,
        known_on=known_on,
        wait_days=max(_wait(parts.train), _wait(parts.later)),
        learnt=_side(parts.train),
        judged=_side(parts.later),
        held_out=len(np.setdiff1d(parts.later.customer_ids.astype(str), parts.train.customer_ids.astype(str))),
    )


def lookback_of(names: Sequence[str]) -> tuple[int, bool]:
    """Longest window in the names of features, in days, and whether one of them looks at the whole book.

    Example:
        >>> lookback_of(["late5_share_90d", "revenue_12m", "open_count"])
        (360, False)
        >>> lookback_of(["settled_count_365d", "late5_share_ever"])
        (365, True)
    """
    found = [WINDOW.search(name) for name in names]
    spans = [int(hit[1]) * (DAYS_OF_A_MONTH if hit[2] == "m" else 1) for hit in found if hit]
    return max(spans, default=0), any(name.endswith(EVER) for name in names)


def _side(cases: Dataset) -> Side:
    return Side(
        first=_day(cases.at.min()),
        last=_day(cases.at.max()),
        matured_on=_day(cases.matures_on.max()),
        cases=len(cases),
        bad=int(cases.bad.sum()),
        customers=len(np.unique(cases.customer_ids)),
        bad_customers=cases.bad_customers,
    )


def _wait(cases: Dataset) -> int:
    """Longest wait from a case to its outcome, in days."""
    waits = cases.matures_on - cases.at.astype("datetime64[D]")
    return int(waits.max() / np.timedelta64(1, "D"))


def _day(instant: Any) -> date:
    found: date = np.datetime64(instant, "D").astype(date)
    return found
