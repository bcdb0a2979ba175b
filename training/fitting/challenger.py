"""The scorecard as a standing challenger: learnt, calibrated and judged on the very cases that the trees are."""

from dataclasses import replace
from datetime import date

from scoring.calibration import sigmoid
from scoring.model import ReleasedModel
from training.arrays import Floats
from training.cases.about import with_large_invoices
from training.cases.dataset import Dataset
from training.cases.split import Split
from training.fitting.calibrate import calibrator
from training.fitting.evidence import judged_by_grade, with_evidence
from training.fitting.fitted import Fitted
from training.fitting.learn import (
    Say,
    Task,
    large_told,
    out_of_fold,
    reasons_told,
    silent,
    sketches_told,
    spec_of,
)
from training.fitting.scorecard import RECIPE, NothingToldError, ScorecardRecipe, fit_scorecard
from training.judging.evaluate import evaluate
from training.judging.metrics import measured


def learn_scorecard(
    task: Task,
    parts: Split,
    *,
    as_of: date,
    known_on: date,
    data_version: str,
    recipe: ScorecardRecipe = RECIPE,
    say: Say = silent,
) -> Fitted:
    """Fit a scorecard, calibrate it on the past alone, and judge it on the later cases.

    Args:
        task: What to learn. Its recipe is of trees and is not used: a scorecard always keeps the declared directions.
        parts: Cases to learn from and later ones.
        as_of: The date at whose end training's knowledge was frozen.
        known_on: The date whose knowledge gave the later outcomes.
        data_version: Which data the book held.
        recipe: How the scorecard is made.
        say: Told of each step as it begins.

    Raises:
        OneOutcomeError: The cases to learn from are all good or all bad.
        NothingToldError: No feature tells them apart.
    """
    parts = with_large_invoices(parts)
    say(f"{task.name}: scorecard of {len(parts.train)} cases, {int(parts.train.bad.sum())} bad")

    def stated(train: Dataset, later: Dataset) -> Floats:
        card = fit_scorecard(train, task.names, task.monotone, recipe)
        return sigmoid(card.log_odds(later.matrix(card.feature_names)))

    past = out_of_fold(task, parts.train, as_of, threads=1, stated=stated)
    found = calibrator(past.cases.bad, past.probability, past.cases.customer_ids, past.trials(), task.weeks(past.cases))
    card = fit_scorecard(parts.train, task.names, task.monotone, recipe)
    calibrated = found.apply(past.probability)
    spec = spec_of(task, parts.train, card, parts.train, as_of=as_of, parameters=recipe.as_dict())
    spec = with_evidence(spec, past.cases, calibrated)
    model = ReleasedModel(spec, card, found)
    rows = model.matrix(parts.later.columns)
    judged = model.probability(rows)
    return Fitted(
        spec=model.spec,
        model_texts=(),
        calibrator=found,
        evaluation=evaluate(parts.later, judged, known_on),
        sketches=sketches_told(card.feature_names, parts.train, calibrated),
        data_version=data_version,
        training={
            "recipe": recipe.as_dict(),
            "out_of_fold": {"how": past.how, "n": len(past.cases), "bad": int(past.cases.bad.sum())},
            "out_of_fold_figures": dict(measured(past.cases.bad, calibrated)),
            **judged_by_grade(spec, parts.later, judged),
            **reasons_told(model, rows, parts.later.customer_ids),
            **large_told(parts.train),
        },
        scorecard=card,
    )


def with_scorecard(
    fitted: Fitted, task: Task, parts: Split, *, as_of: date, known_on: date, data_version: str, say: Say = silent
) -> Fitted:
    """A model with the scorecard of the very same cases beside it; unchanged where no scorecard can be made of them.

    Args:
        fitted: The model.
        task: What it learnt.
        parts: Cases it learnt from and later ones.
        as_of: The date at whose end training's knowledge was frozen.
        known_on: The date whose knowledge gave the later outcomes.
        data_version: Which data the book held.
        say: Told of each step as it begins.
    """
    try:
        card = learn_scorecard(task, parts, as_of=as_of, known_on=known_on, data_version=data_version, say=say)
    except NothingToldError as problem:
        say(f"{task.name}: no scorecard. {problem}")
        return fitted
    return replace(fitted, challenger=card)
