"""Choosing a recipe on the matured past: a study of trials, kept in a database, that goes on where it was.

A trial proposes a recipe (Optuna's tree-structured Parzen estimator: Bergstra, Bardenet, Bengio, Kégl, "Algorithms for
hyper-parameter optimization", NeurIPS 2011), learns with it on every fold of the past and is judged by the mean over
the folds of the log loss of cases that the fold's model had not seen, calibrated on what had matured before. Log loss
is a proper score: only true probabilities minimise it. The first trial is the product's own recipe, so that no study
ends below it.

A trial is written when it is done, never before, and the proposal after n trials follows from the seed, n and those n
alone. So a study that is killed and goes on ends as one that was left in peace. The database holds numbers, JSON
and text; the sampler that pickles its state (CMA-ES) is not used.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from data.lock import one_at_a_time
from training.fitting.aim import Aim
from training.fitting.companies import AMONG, PERSONS, persons_of
from training.fitting.past_judge import Judge, judge_of
from training.fitting.recipe_space import SPACE, point_of, recipe_at
from training.fitting.tuned import Tuned

BEFORE_GUESSING: Final = 8
"""Trials drawn at random before proposals follow from those before."""
SEEDS_APART: Final = 1_000_003
LOCK_SECONDS: Final = 1.0


class OtherStudyError(ValueError):
    """A study that was to go on, and is of other data, persons, features, date or search than those at hand.

    Attributes:
        differs: What differs, to the study's value and the present one.
    """

    def __init__(self, name: str, differs: Mapping[str, tuple[object, object]]) -> None:
        self.differs = dict(differs)
        told = "; ".join(f"{what} was {theirs}, is {ours}" for what, (theirs, ours) in differs.items())
        super().__init__(
            f"The study {name} is not of this: {told}. Trials on different cases cannot be compared, so it does not go "
            "on. Leave --study out to begin or continue the one of these data."
        )


class UnknownStudyError(LookupError):
    """No such study is kept."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        super().__init__(
            f"There is no study {name}; there are {', '.join(known) or 'none'}. Leave --study out to begin."
        )


def tune(
    aim: Aim,
    folder: Path,
    *,
    trials: int,
    threads: int,
    data_version: str,
    study: str | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Tuned:
    """Go on with the study of an aim, or begin it, until it has so many trials; the best recipe of them.

    Args:
        aim: What a recipe is sought for.
        folder: Where studies are kept; made when it is not there.
        trials: How many trials in all, the product's own recipe among them; of a study that has more, the first count.
        threads: LightGBM's threads.
        data_version: Which data the book held, for the record.
        study: Name of the study that is to go on; None for the aim's own.
        advance: Told how many more trials are done.

    Raises:
        NothingToTuneByError: The past holds too little.
        UnknownStudyError: There is no study of that name.
        OtherStudyError: It is of other data, features, date or search.
        LockedError: Another process works on it.
    """
    judge = judge_of(aim, threads=threads)
    alone = one_at_a_time(folder / f"{aim.study}.lock", what=f"the study {aim.study}", wait_seconds=LOCK_SECONDS)
    with alone, _kept(folder) as storage:
        done = _finished(_study(storage, aim, study), aim, judge, trials, advance)
    best = min(done, key=lambda trial: (_loss(trial), trial.number))
    chosen = recipe_at(best.params, aim.task.recipe)
    return Tuned(
        model=aim.task.name,
        target=aim.task.target,
        feature_set=aim.task.features.name,
        feature_set_hash=aim.task.features.hash,
        known_on=aim.as_of,
        study=aim.study,
        seed=aim.seed,
        trials=len(done),
        folds=len(judge.folds),
        how=judge.how,
        natural_persons=persons_of(aim.task.label),
        cases=sum(len(parts.later) for parts in judge.folds),
        bad=sum(int(parts.later.bad.sum()) for parts in judge.folds),
        data_version=data_version,
        loss=_loss(best),
        product_loss=_loss(done[0]),
        gain=judge.gain(chosen, aim.task.recipe),
        recipe=chosen,
    )


@contextmanager
def _kept(folder: Path) -> Iterator[optuna.storages.RDBStorage]:
    """The database of the studies; its connections are closed when the block is left."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    storage = optuna.storages.RDBStorage(
        f"sqlite:///{folder.absolute() / 'studies.db'}", engine_kwargs={"connect_args": {"timeout": 30}}
    )
    try:
        yield storage
    finally:
        storage.scoped_session.remove()
        storage.engine.dispose()


def _study(storage: optuna.storages.RDBStorage, aim: Aim, wanted: str | None) -> optuna.Study:
    """The study of an aim, made if there is none; one that was asked for by name has to be it."""
    if wanted is not None and wanted != aim.study:
        raise _why_not(storage, aim, wanted)
    study = optuna.create_study(study_name=aim.study, storage=storage, direction="minimize", load_if_exists=True)
    for name, value in aim.facts.items():
        study.set_user_attr(name, value)
    return study


def _why_not(storage: optuna.storages.RDBStorage, aim: Aim, wanted: str) -> Exception:
    known = optuna.get_all_study_names(storage)
    if wanted not in known:
        return UnknownStudyError(wanted, known)
    theirs = {PERSONS: AMONG, **optuna.load_study(study_name=wanted, storage=storage).user_attrs}
    ours = {PERSONS: AMONG, **aim.facts}
    return OtherStudyError(
        wanted, {name: (theirs.get(name), value) for name, value in ours.items() if theirs.get(name) != value}
    )


def _finished(
    study: optuna.Study, aim: Aim, judge: Judge, trials: int, advance: Callable[[int], None]
) -> list[FrozenTrial]:
    """The first so many trials of a study; those that are not there yet are made, one after the other."""
    done = study.get_trials(states=(TrialState.COMPLETE,))
    advance(min(len(done), trials))
    while len(done) < trials:
        study.add_trial(_trial(aim, judge, done))
        done = study.get_trials(states=(TrialState.COMPLETE,))
        advance(1)
    return done[:trials]


def _loss(trial: FrozenTrial) -> float:
    return float(trial.values[0])


def _trial(aim: Aim, judge: Judge, done: Sequence[FrozenTrial]) -> FrozenTrial:
    proposed = _proposed(aim, done) if done else point_of(aim.task.recipe)
    losses = [float(part.mean()) for part in judge.losses(recipe_at(proposed, aim.task.recipe))]
    return optuna.trial.create_trial(
        params=proposed,
        distributions=dict(SPACE),
        value=float(np.mean(losses)),
        user_attrs={"losses": losses},
    )


def _proposed(aim: Aim, done: Sequence[FrozenTrial]) -> dict[str, Any]:
    """The next recipe to try; it follows from the seed and the trials that are done, whoever did them when."""
    sampler = optuna.samplers.TPESampler(seed=aim.seed * SEEDS_APART + len(done), n_startup_trials=BEFORE_GUESSING)
    asked = optuna.create_study(sampler=sampler, direction="minimize")
    asked.add_trials(done)
    return dict(asked.ask(dict(SPACE)).params)
