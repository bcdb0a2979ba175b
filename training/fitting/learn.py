"""From cases to a model that is ready to be registered: out-of-fold past, calibrator, trees, evaluation, sketches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from importlib.metadata import version
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from features.feature_sets import FeatureSet
from scoring.learner import Learner
from scoring.model import ModelSpec, ReleasedModel, baseline_of
from scoring.sketch import sketches_of
from scoring.trees import Trees
from training.arrays import Floats, Places
from training.cases.about import large_above, with_large_invoices
from training.cases.dataset import Dataset, together
from training.cases.split import Split, walk_forward
from training.fitting.calibrate import Trial, calibrator
from training.fitting.evidence import judged_by_grade, with_evidence
from training.fitting.fit import HERE, Engine, Recipe, fit, one_seed, parameters, probability
from training.fitting.fitted import Fitted
from training.fitting.shocks import weeks_of
from training.fitting.typical import tendency_of, typical_of
from training.judging.evaluate import evaluate
from training.judging.metrics import measured
from training.judging.steadiness import steadiness

Say = Callable[[str], None]
Stating = Callable[[Dataset, Dataset], Floats]
"""From cases to learn from and later ones to the later ones' probabilities before calibration, shape (n,)."""
# TreeSHAP costs milliseconds a row; this many rows, evenly spread over time, fix a mean to three digits.
BASELINE_ROWS: Final = 1_000
GROUPS: Final = 5
FORWARD: Final = "walk forward"
LEFT_OUT: Final = "customers left out"
LARGE_ABOVE: Final = "large_invoice_above"
"""In the record of a training: the amount above which its cases are large invoices; absent where none is known."""
# With fewer bad customers or periods in the walk forward, the past is too short for it: customers are left out instead.
ENOUGH_BAD_CUSTOMERS: Final = 30
ENOUGH_PERIODS: Final = 4
LEAST_SHARE_OF_BAD: Final = 0.5


def silent(_: str) -> None:
    """No progress is wanted."""


@dataclass(frozen=True)
class Task:
    """What a model is to learn.

    Attributes:
        name: Name of the model.
        target: The label in the words of the definitions, ``late(5)``.
        label: The label's parameters.
        probability_name: Name of the probability, its horizon included.
        features: What it may look at.
        recipe: How its trees are grown.
        fold_days: Days between two cuts of the walk forward through the past; not below the days in which an outcome
            matures, for periods that overlap say one thing twice.
        folds: How many cuts.
        weekly: Whether outcomes come week by week, so that the calibrator can be kept from taking a shock of a few
            weeks for the new normal.
        tuned: Which study the recipe was chosen by, as plain values for the record; None for the product's own.
    """

    name: str
    target: str
    label: Mapping[str, JsonValue]
    probability_name: str
    features: FeatureSet
    recipe: Recipe
    fold_days: int = 61
    folds: int = 6
    weekly: bool = False
    tuned: Mapping[str, JsonValue] | None = None

    @property
    def names(self) -> list[str]:
        """The features in order."""
        return self.features.names

    def weeks(self, cases: Dataset) -> Places | None:
        """Week of each case's maturity, shape (n,), from 0; None where the calibrator is not to look at weeks."""
        return weeks_of(cases.matures_on) if self.weekly else None

    @property
    def monotone(self) -> tuple[int, ...]:
        """Declared direction of each feature: 1 the risk may only rise with it, -1 only fall, 0 free.

        What the catalogue declares, whatever the recipe: that only says whether the trees are held to it.
        """
        return tuple(feature.risk for feature in self.features.features)


@dataclass(frozen=True)
class OutOfFold:
    """Predictions for past cases by models that had not seen them.

    Attributes:
        cases: The cases.
        probability: Shape (n,), before calibration.
        blocks: Shape (n,), the part of the past or the group of customers each was left out with.
        how: ``FORWARD`` or ``LEFT_OUT``.
    """

    cases: Dataset
    probability: Floats
    blocks: NDArray[np.intp]
    how: str

    def trials(self) -> list[Trial]:
        """Each block judged by what had matured before it, or, where blocks are customers, by all others."""
        return [self._trial(block) for block in np.unique(self.blocks)]

    def _trial(self, block: int) -> Trial:
        here = self.blocks == block
        if self.how == LEFT_OUT:
            return Trial(fit_on=~here, judge_by=here)
        begins = self.cases.at[here].min().astype("datetime64[D]")
        return Trial(fit_on=(self.blocks < block) & (self.cases.matures_on <= begins), judge_by=here)


def learn(
    task: Task,
    parts: Split,
    *,
    as_of: date,
    known_on: date,
    threads: int,
    data_version: str,
    say: Say,
    engine: Engine = HERE,
) -> Fitted:
    """Fit, calibrate on the past alone, and judge on the later cases.

    Args:
        task: What to learn.
        parts: Cases to learn from and later ones.
        as_of: The date at whose end training's knowledge was frozen.
        known_on: The date whose knowledge gave the later outcomes.
        threads: LightGBM's threads.
        data_version: Which data the book held.
        say: Told of each step as it begins.
        engine: Where trees are grown; in this process unless given.
    """
    say(f"{task.name}: {len(parts.train)} cases, {int(parts.train.bad.sum())} bad; predicting the past out of fold")
    parts = with_large_invoices(parts)
    past = out_of_fold(task, parts.train, as_of, threads=threads, engine=engine)
    found = calibrator(past.cases.bad, past.probability, past.cases.customer_ids, past.trials(), task.weeks(past.cases))
    say(f"{task.name}: growing {task.recipe.trees} trees for each of {len(task.recipe.seeds)} seeds")
    texts = fit(parts.train, task.names, task.monotone, task.recipe, threads=threads, engine=engine)
    calibrated = found.apply(past.probability)
    trees = Trees.from_text(texts)  # once: the tables that explain a score are made with it
    spec = _spec(task, parts.train, trees, as_of=as_of, threads=threads, engine=engine)
    spec = with_evidence(spec, past.cases, calibrated)
    say(f"{task.name}: judging on {len(parts.later)} later cases")
    model = ReleasedModel(spec, trees, found)
    rows = model.matrix(parts.later.columns)
    stated = model.probability(rows)
    return Fitted(
        spec=spec,
        model_texts=texts,
        calibrator=found,
        evaluation=evaluate(parts.later, stated, known_on),
        sketches=sketches_told(task.names, parts.train, calibrated),
        data_version=data_version,
        training=_told(task, past, calibrated)
        | large_told(parts.train)
        | judged_by_grade(spec, parts.later, stated)
        | reasons_told(model, rows, parts.later.customer_ids),
    )


def large_told(train: Dataset) -> dict[str, float]:
    """What the record of a training says of large invoices."""
    above = large_above(train)
    return {} if above is None else {LARGE_ABOVE: above}


def out_of_fold(
    task: Task, train: Dataset, as_of: date, *, threads: int, stated: Stating | None = None, engine: Engine = HERE
) -> OutOfFold:
    """Predict past cases without having seen them: forward in time, or by customers where the past is too short.

    Args:
        task: What to learn; one seed is enough here.
        train: Matured cases.
        as_of: The date at whose end training's knowledge was frozen.
        threads: LightGBM's threads.
        stated: What learns and predicts; the task's trees unless given.
        engine: Where those trees are grown.
    """
    splits, how = folds_of(task, train, as_of)
    return _predicted(splits, how, stated or _by_trees(task, threads, engine))


def folds_of(task: Task, train: Dataset, as_of: date) -> tuple[list[Split], str]:
    """The splits within the past that `out_of_fold` learns and predicts on, and what they are.

    Args:
        task: What to learn.
        train: Matured cases.
        as_of: The date at whose end training's knowledge was frozen.

    Returns:
        The splits in order of time, or of the groups of customers left out; ``FORWARD`` or ``LEFT_OUT``.
    """
    last = train.at.max().astype("datetime64[D]").astype(date) + timedelta(days=1)
    end = min(as_of, last)
    cuts = [end - timedelta(days=task.fold_days * step) for step in range(task.folds, -1, -1)]
    forward = [parts for _, parts in walk_forward(train, cuts) if _alike(parts.train, train)]
    bad_customers = sum(parts.later.bad_customers for parts in forward)
    if len(forward) >= ENOUGH_PERIODS and bad_customers >= ENOUGH_BAD_CUSTOMERS:
        return forward, FORWARD
    return _by_customer(train), LEFT_OUT


def _alike(fold: Dataset, train: Dataset) -> bool:
    """Whether a model of a fold speaks for the final one: it has learnt from at least half as many bad customers.

    A model of few bad cases hardly dares to leave the mean; a calibrator that mends its shyness would make the
    final model overstate.
    """
    enough = fold.bad_customers >= LEAST_SHARE_OF_BAD * train.bad_customers
    return bool(enough and 0 < fold.bad.sum() < len(fold))


def _by_customer(train: Dataset) -> list[Split]:
    """Each of a few groups of customers left out in turn; the groups follow from the names, in order of first case."""
    names = list(dict.fromkeys(train.customer_ids.tolist()))
    group = {name: place % GROUPS for place, name in enumerate(names)}
    groups = np.array([group[name] for name in train.customer_ids.tolist()])
    return [Split(train.take(groups != out), train.take(groups == out)) for out in range(min(GROUPS, len(names)))]


def _by_trees(task: Task, threads: int, engine: Engine) -> Stating:
    def stated(train: Dataset, later: Dataset) -> Floats:
        texts = fit(train, task.names, task.monotone, one_seed(task.recipe), threads=threads, engine=engine)
        return probability(texts, later.matrix(task.names))

    return stated


def _predicted(splits: Sequence[Split], how: str, stated: Stating) -> OutOfFold:
    usable = [parts for parts in splits if len(parts.later) and 0 < parts.train.bad.sum() < len(parts.train)]
    return OutOfFold(
        cases=together([parts.later for parts in usable]),
        probability=np.concatenate([stated(parts.train, parts.later) for parts in usable]),
        blocks=np.repeat(np.arange(len(usable)), [len(parts.later) for parts in usable]),
        how=how,
    )


def spec_of(
    task: Task,
    train: Dataset,
    learner: Learner,
    explained: Dataset,
    *,
    as_of: date,
    parameters: Mapping[str, JsonValue],
    seeds: Sequence[int] = (),
    lightgbm_version: str = "",
) -> ModelSpec:
    """What a model is, whatever its form.

    Args:
        task: What it learnt.
        train: The cases that it learnt from.
        learner: What scores.
        explained: Those cases, or some of them, whose contributions reasons are measured against.
        as_of: The date at whose end training's knowledge was frozen.
        parameters: How it was made.
        seeds: One per booster; none for a scorecard.
        lightgbm_version: Empty for a scorecard.
    """
    names = learner.feature_names
    matrix = explained.matrix(names)
    contributions = learner.contributions(matrix, threads=1)
    baseline, baseline_log_odds = baseline_of(names, contributions)
    groups = {feature.name: feature.group for feature in task.features.features}
    direction = dict(zip(task.names, task.monotone, strict=True))
    monotone = tuple(direction[name] for name in names)
    held = task.recipe.directions or learner.form == "scorecard"  # whose bins are merged until they rise
    return ModelSpec(
        name=task.name,
        target=task.target,
        label=dict(task.label),
        probability_name=task.probability_name,
        feature_names=names,
        feature_set=task.features.name,
        feature_set_version=task.features.version,
        feature_set_hash=task.features.hash,
        monotone=monotone,
        held=held,
        groups={name: groups[name] for name in names},
        trained_as_of=train.at.max().astype("datetime64[D]").astype(date),
        known_at=as_of,
        train_rows=len(train),
        train_bad=int(train.bad.sum()),
        base_rate=float(train.bad.mean()),
        baseline=baseline,
        baseline_log_odds=baseline_log_odds,
        parameters=dict(parameters),
        seeds=tuple(seeds),
        lightgbm_version=lightgbm_version,
        form=learner.form,
        typical=typical_of(train.columns, names),
        tendency=tendency_of(names, monotone if held else (0,) * len(names), matrix, contributions),
    )


def _spec(task: Task, train: Dataset, trees: Trees, *, as_of: date, threads: int, engine: Engine) -> ModelSpec:
    grown = parameters(task.recipe, monotone=task.monotone, threads=threads, seed=0) | dict(engine.told)
    return spec_of(
        task,
        train,
        trees,
        _sample(train),
        as_of=as_of,
        parameters={name: value for name, value in grown.items() if name not in ("seed", "monotone_constraints")},
        seeds=task.recipe.seeds,
        lightgbm_version=version("lightgbm"),
    )


def _sample(train: Dataset) -> Dataset:
    return train.take(np.unique(np.linspace(0, len(train) - 1, BASELINE_ROWS).round().astype(np.intp)))


def sketches_told(names: Sequence[str], train: Dataset, past_scores: Floats) -> dict[str, dict[str, Any]]:
    """Sketch of every feature over the training cases, and of the score over past cases the model had not seen.

    Args:
        names: The features.
        train: The cases that were learnt from.
        past_scores: Calibrated probability of each past case, shape (n,).
    """
    made = sketches_of({**train.columns, "score": past_scores}, [*names, "score"])
    return {name: sketch.to_dict() for name, sketch in made.items()}


def reasons_told(model: ReleasedModel, rows: Floats, customers: NDArray[Any]) -> dict[str, Any]:
    """How steady the reasons of the later cases are, as plain values.

    Args:
        model: The model.
        rows: Shape (n, k), facts in its order.
        customers: Customer of each case, shape (n,).
    """
    kept = steadiness(model, rows, customers)
    return {"reasons_when_facts_move_by_1_percent": {name: asdict(figure) for name, figure in kept.items()}}


def _told(task: Task, past: OutOfFold, stated: Floats) -> dict[str, Any]:
    return {
        "recipe": task.recipe.as_dict(),
        **({} if task.tuned is None else {"tuned": dict(task.tuned)}),
        "out_of_fold": {"how": past.how, "n": len(past.cases), "bad": int(past.cases.bad.sum())},
        "out_of_fold_figures": dict(measured(past.cases.bad, stated)),
    }
