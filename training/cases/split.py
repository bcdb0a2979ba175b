"""Which cases a model may learn from, and which may judge it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from training.arrays import Flags
from training.cases.dataset import Dataset


class LeakError(ValueError):
    """Cases on the wrong side of a split.

    Attributes:
        known_on: The date at which knowledge was frozen for training.
        case_ids: The offending cases.
    """

    def __init__(self, known_on: date, case_ids: Sequence[str], why: str) -> None:
        self.known_on, self.case_ids = known_on, tuple(case_ids)
        super().__init__(f"{len(self.case_ids)} cases {why} {known_on}, for instance {self.case_ids[0]}.")


@dataclass(frozen=True)
class Split:
    """Cases to learn from and later ones to be judged by.

    Attributes:
        train: Cases whose outcome had matured by the date.
        later: Cases scored from that date on.
    """

    train: Dataset
    later: Dataset


def matured(cases: Dataset, known_on: date) -> Dataset:
    """The cases whose outcome may be used on a date."""
    return cases.take(cases.matures_on <= np.datetime64(known_on, "D"))


def assert_no_leak(train: Dataset, known_on: date, *, later: Dataset | None = None) -> None:
    """Raise if a training case was not matured, or a case to be judged by lies before the training's knowledge.

    Args:
        train: Cases to learn from.
        known_on: The date at which knowledge is frozen for training.
        later: Cases to be judged by; none of them may be scored before that date or be in ``train`` too.

    Raises:
        LeakError: With the offending cases.
    """
    day = np.datetime64(known_on, "D")
    _refuse(train, train.matures_on > day, known_on, "to train on mature only after")
    if later is not None:
        _refuse(later, later.at < day, known_on, "to be judged by were scored before")
        learnt = set(train.case_ids.tolist())
        both = np.array([case in learnt for case in later.case_ids.tolist()], dtype=np.bool_)
        _refuse(later, both, known_on, "are in both parts of the split at")


def _refuse(cases: Dataset, wrong: Flags, known_on: date, why: str) -> None:
    if wrong.any():
        raise LeakError(known_on, cases.case_ids[wrong].tolist(), why)


def split(learnt: Dataset, judged: Dataset, known_on: date) -> Split:
    """Cases matured by a date beside cases scored from it on.

    The time between a case and the day its outcome matures is the gap: cases of that time are in neither part.

    Args:
        learnt: Cases with outcomes as known on ``known_on``.
        judged: Cases with outcomes as known later, all scored on that date or after it.
        known_on: The date at which knowledge is frozen for training.

    Raises:
        LeakError: See `assert_no_leak`.
    """
    parts = Split(matured(learnt, known_on), judged)
    assert_no_leak(parts.train, known_on, later=parts.later)
    return parts


def between(cases: Dataset, first: date, last: date) -> Dataset:
    """The cases scored from one day to another, both included."""
    days = cases.at.astype("datetime64[D]")
    return cases.take((days >= np.datetime64(first, "D")) & (days <= np.datetime64(last, "D")))


def walk_forward(cases: Dataset, cuts: Sequence[date]) -> Iterator[tuple[date, Split]]:
    """Splits within the past: at each cut, learn from what had matured, judge by the cases up to the next cut.

    Args:
        cases: Matured cases.
        cuts: Rising dates, at least 2; the last one only ends the last part.

    Yields:
        Each cut with its split; a cut with nothing to learn from or nothing to judge by is passed over.
    """
    for start, end in pairwise(cuts):
        parts = split(cases, between(cases, start, end - timedelta(days=1)), start)
        if len(parts.train) and len(parts.later):
            yield start, parts
