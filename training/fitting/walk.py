"""Walking forward: a model made anew each month from what was known then, judged by the month that followed.

This is the number that counts: what a desk would have seen, had it retrained every month. Such a desk would not begin
with a model that nobody had ever calibrated: a training predicts its own past out of fold. So the walk begins some
months before the first that is judged, to warm up.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final

import numpy as np

from scoring.calibration import Calibrator
from training.arrays import Floats
from training.cases.about import with_large_invoices
from training.cases.cohort import month_firsts
from training.cases.dataset import Dataset, together
from training.cases.split import Split, between, matured, split
from training.fitting.calibrate import Trial, calibrator
from training.fitting.fit import fit, one_seed, probability
from training.fitting.learn import LEAST_SHARE_OF_BAD, Say, Task, silent
from training.judging.bootstrap import intervals
from training.judging.evaluation import Interval, Segment
from training.judging.metrics import measured
from training.judging.segments import segments

Labelled = Callable[[date], Dataset]
"""From a date to the cases whose outcome had matured by then, as known then."""

ENOUGH_PERIODS: Final = 3
"""With fewer walked months behind it, a month's model states what it says."""
WARM_UP: Final = 6
"""Months walked before the first that is judged, unless asked otherwise: twice what a calibrator needs, for an outcome
takes a month or two to mature."""

NOT_THERE: Final = -1


@dataclass(frozen=True)
class Month:
    """One month of the walk.

    Attributes:
        first: The first of the month; the model learnt from what was known at the end of the day before.
        train_rows: Cases it learnt from.
        train_bad: Bad ones among them.
        n: Cases that judge it.
        bad: Bad ones among them.
        calibrator: Method chosen on the months before.
        figures: Figure by name; one that does not exist is absent.
    """

    first: date
    train_rows: int
    train_bad: int
    n: int
    bad: int
    calibrator: str
    figures: dict[str, float]


@dataclass(frozen=True)
class Walk:
    """A walk forward.

    Attributes:
        name: Name of the model.
        target: Its label.
        known_on: The date whose knowledge gave the outcomes.
        warm_up: Firsts of the months walked before, which taught the calibrators and are in nothing below.
        months: Month by month.
        cases: All cases that judged, month after month.
        raw: What each month's model said of them before calibration, shape (n,).
        stated: The same calibrated on the months before, shape (n,).
    """

    name: str
    target: str
    known_on: date
    warm_up: tuple[date, ...]
    months: tuple[Month, ...]
    cases: Dataset
    raw: Floats
    stated: Floats

    def pooled(self) -> dict[str, Interval]:
        """Figures of all months together, with their intervals."""
        return dict(intervals(self.cases.bad, self.stated, self.cases.customer_ids))

    def segments(self) -> tuple[Segment, ...]:
        """Figures of every part of the cases of all months together, the months themselves left out.

        An invoice is large where its amount is in the top tenth of those that its month's model learnt from.
        """
        return tuple(part for part in segments(self.cases, self.stated) if part.name != "month")

    def mean(self, figure: str) -> float:
        """Mean of a figure over the months that have it; NaN if none has."""
        values = [month.figures[figure] for month in self.months if figure in month.figures]
        return float(np.mean(values)) if values else float("nan")

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, without the cases."""
        return {
            "model": self.name,
            "target": self.target,
            "known_on": self.known_on.isoformat(),
            "warm_up": [first.isoformat() for first in self.warm_up],
            "months": [{**asdict(month), "first": month.first.isoformat()} for month in self.months],
            "mean_of_months": {
                name: None if np.isnan(mean := self.mean(name)) else mean
                for name in ("auc", "average_precision", "brier")
            },
            "pooled": {name: asdict(figure) for name, figure in self.pooled().items()},
            "segments": [asdict(part) for part in self.segments()],
        }


class NothingToWalkError(ValueError):
    """No month had both something to learn from and something to be judged by."""

    def __init__(self, months: Sequence[date]) -> None:
        self.months = tuple(months)
        super().__init__(
            f"Between {months[0]} and {months[-1]} no month has matured cases to learn from, good and bad ones, and "
            "matured cases to be judged by. Choose months that lie later after the first invoices and earlier before "
            "the day of knowledge."
        )


def walk(
    task: Task,
    labelled: Labelled,
    months: Sequence[date],
    known_on: date,
    *,
    threads: int,
    warm_up: int = WARM_UP,
    say: Say = silent,
) -> Walk:
    """Make the model anew as of each month and judge it by the month that followed.

    A month's calibrator is chosen and fitted on the months before it, on the cases that had matured by then and with
    outcomes as known then; as in a training, only by months whose model had learnt from at least half as many bad
    customers: an earlier one, shy of leaving the mean for want of them, would make this one overstate.

    Args:
        task: What to learn.
        labelled: Cases with outcomes as known on a date.
        months: Firsts of months, rising; the last one only ends the last month.
        known_on: The date whose knowledge gives the outcomes that judge.
        threads: LightGBM's threads.
        warm_up: How many months before the first are walked too, for the calibrators of the later ones to learn from,
            at least 0; fewer where the cases do not reach back so far. They are in no figure.
        say: Told of each month as it begins.

    Raises:
        NothingToWalkError: There was nothing to learn from or to be judged by.
        ValueError: ``warm_up`` is negative.
    """
    final, steps = labelled(known_on), list[_Step]()
    for first, following in pairwise((*_before(final, months[0], warm_up), *months)):
        parts = _parts(labelled, final, first, following)
        if not len(parts.later) or not 0 < parts.train.bad.sum() < len(parts.train):
            continue
        say(f"{task.name}: as of {first}, {len(parts.train)} cases, {int(parts.train.bad.sum())} bad")
        steps.append(_step(task, parts, first, steps, threads))
    judged = [step for step in steps if step.month.first >= months[0]]
    if not judged:
        raise NothingToWalkError(months)
    return Walk(
        name=task.name,
        target=task.target,
        known_on=known_on,
        warm_up=tuple(step.month.first for step in steps if step.month.first < months[0]),
        months=tuple(step.month for step in judged),
        cases=together([step.cases for step in judged]),
        raw=np.concatenate([step.raw for step in judged]),
        stated=np.concatenate([step.stated for step in judged]),
    )


def _before(cases: Dataset, first: date, warm_up: int) -> tuple[date, ...]:
    """Firsts of the months to warm up with: none lies before the first case."""
    if warm_up < 0:
        raise ValueError(f"warm_up has to be at least 0 months, got {warm_up}.")
    if not len(cases):
        return ()
    earlier = [day for day in month_firsts(cases.at.min().astype("datetime64[D]").astype(date), first) if day < first]
    return tuple(earlier[max(0, len(earlier) - warm_up) :])


@dataclass(frozen=True)
class _Step:
    month: Month
    bad_customers: int
    cases: Dataset
    raw: Floats
    stated: Floats


def _parts(labelled: Labelled, final: Dataset, first: date, following: date) -> Split:
    last = date.fromordinal(following.toordinal() - 1)
    return with_large_invoices(split(matured(labelled(first), first), between(final, first, last), first))


def _step(task: Task, parts: Split, first: date, before: Sequence[_Step], threads: int) -> _Step:
    texts = fit(parts.train, task.names, task.monotone, one_seed(task.recipe), threads=threads)
    raw = probability(texts, parts.later.matrix(task.names))
    bad_customers = parts.train.bad_customers
    like = [step for step in before if step.bad_customers >= LEAST_SHARE_OF_BAD * bad_customers]
    chosen = _calibrator(task, like, parts.train)
    stated = chosen.apply(raw)
    month = Month(
        first=first,
        train_rows=len(parts.train),
        train_bad=int(parts.train.bad.sum()),
        n=len(parts.later),
        bad=int(parts.later.bad.sum()),
        calibrator=chosen.method,
        figures=dict(measured(parts.later.bad, stated)),
    )
    return _Step(month, bad_customers, parts.later, raw, stated)


def _calibrator(task: Task, before: Sequence[_Step], train: Dataset) -> Calibrator:
    """The calibrator that the months before ask for, as far as their cases are among those to learn from."""
    place = {case: row for row, case in enumerate(train.case_ids.tolist())}
    rows = [np.array([place.get(case, NOT_THERE) for case in step.cases.case_ids.tolist()]) for step in before]
    told = [(at[at >= 0], step.raw[at >= 0]) for at, step in zip(rows, before, strict=True) if (at >= 0).any()]
    if len(told) < ENOUGH_PERIODS:
        return Calibrator("identity")
    cases = train.take(np.concatenate([at for at, _ in told]))
    raw = np.concatenate([stated for _, stated in told])
    block = np.repeat(np.arange(len(told)), [len(at) for at, _ in told])
    trials = [_trial(cases, block, at) for at in range(1, len(told))]
    return calibrator(cases.bad, raw, cases.customer_ids, trials, task.weeks(cases))


def _trial(cases: Dataset, block: "np.ndarray[Any, np.dtype[np.intp]]", at: int) -> Trial:
    begins = cases.at[block == at].min().astype("datetime64[D]")
    return Trial(fit_on=(block < at) & (cases.matures_on <= begins), judge_by=block == at)
