"""How well a recipe states the past: log loss of cases that the models of the folds had not seen.

Judged is what would have been stated: a fold's probabilities after the calibration that the folds matured before it ask
for. Before calibration a recipe too timid to leave the mean would win in any past whose rates moved.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from scoring.calibration import bounded
from training.arrays import Flags, Floats
from training.cases.dataset import together
from training.cases.split import Split
from training.fitting.aim import Aim
from training.fitting.calibrate import Trial, platt
from training.fitting.fit import Recipe, fit, one_seed, probability
from training.fitting.learn import OutOfFold, Task, folds_of
from training.judging.bootstrap import mean_interval
from training.judging.evaluation import Interval


class NothingToTuneByError(ValueError):
    """The matured past holds too little to judge a recipe by."""

    def __init__(self, name: str, as_of: date, cases: int, bad: int) -> None:
        self.cases, self.bad = cases, bad
        super().__init__(
            f"{name}: of what had matured by {as_of} there are {cases} cases, {bad} bad: too few for a single fold "
            "with good and bad cases to learn from. Choose a later --as-of, or ingest more of the past."
        )


@dataclass(frozen=True)
class Judge:
    """The folds of the past, by which every trial is judged alike.

    Attributes:
        task: What to learn.
        folds: Cases to learn from and later ones, fold by fold.
        how: ``walk forward`` or ``customers left out``, as `training.fitting.learn.folds_of` says.
        threads: LightGBM's threads.
    """

    task: Task
    folds: tuple[Split, ...]
    how: str
    threads: int

    def losses(self, recipe: Recipe) -> list[Floats]:
        """Log loss of each judged case, one array per fold; one seed of the recipe is enough here."""
        past = OutOfFold(
            cases=together([parts.later for parts in self.folds]),
            probability=np.concatenate([self._raw(one_seed(recipe), parts) for parts in self.folds]),
            blocks=np.repeat(np.arange(len(self.folds)), [len(parts.later) for parts in self.folds]),
            how=self.how,
        )
        return [_losses(past, trial) for trial in past.trials()]

    def _raw(self, recipe: Recipe, parts: Split) -> Floats:
        texts = fit(parts.train, self.task.names, self.task.monotone, recipe, threads=self.threads)
        return probability(texts, parts.later.matrix(self.task.names))

    def gain(self, chosen: Recipe, own: Recipe) -> Interval:
        """Mean log loss of the product's recipe less that of the chosen one over all judged cases, by customers."""
        if chosen == own:
            return Interval(0.0, 0.0, 0.0)
        ours, theirs = (np.concatenate(self.losses(recipe)) for recipe in (chosen, own))
        return mean_interval(theirs - ours, np.concatenate([parts.later.customer_ids for parts in self.folds]))


def _losses(past: OutOfFold, trial: Trial) -> Floats:
    """The losses of one fold, calibrated on what had matured before it; with nothing before it, as they are."""
    on, by = trial.fit_on, trial.judge_by
    held = platt(past.cases.bad[on], past.probability[on], past.cases.customer_ids[on])
    return case_losses(past.cases.bad[by], held.apply(past.probability[by]))


def judge_of(aim: Aim, *, threads: int) -> Judge:
    """The folds of an aim's past.

    Raises:
        NothingToTuneByError: No fold has good and bad cases to learn from.
    """
    past = aim.past
    if not 0 < past.bad.sum() < len(past):
        raise NothingToTuneByError(aim.task.name, aim.as_of, len(past), int(past.bad.sum()))
    splits, how = folds_of(aim.task, past, aim.as_of)
    usable = [parts for parts in splits if len(parts.later) and 0 < parts.train.bad.sum() < len(parts.train)]
    if not usable:
        raise NothingToTuneByError(aim.task.name, aim.as_of, len(past), int(past.bad.sum()))
    return Judge(aim.task, tuple(usable), how, threads)


def case_losses(bad: Flags, stated: Floats) -> Floats:
    """Negative log-likelihood of each case, shape (n,), in [0, inf).

    Example:
        >>> case_losses(np.array([True, False]), np.array([0.8, 0.5])).round(4).tolist()
        [0.2231, 0.6931]
    """
    p = bounded(stated)
    return np.asarray(np.where(bad, -np.log(p), -np.log1p(-p)), np.float64)
