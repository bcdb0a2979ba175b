"""What learning may look at: never at a later outcome, never at the customers that are left out."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from features.feature_sets import LATE, FeatureSet
from scoring.calibration import sigmoid
from training.cases.dataset import Dataset
from training.cases.split import Split
from training.fitting.challenger import learn_scorecard
from training.fitting.fit import Recipe
from training.fitting.learn import LEFT_OUT, folds_of, learn, out_of_fold, silent
from training.late_model import task as late_task

AS_OF, END = date(2023, 7, 1), date(2024, 6, 1)
FEW = FeatureSet("few", 1, LATE.features[:3])
RECIPE = Recipe(
    trees=15, learning_rate=0.2, leaves=4, smallest_leaf=20, feature_share=1, case_share=0.8, ridge=1.0, seeds=(1,)
)
TASK = replace(late_task(), features=FEW, recipe=replace(RECIPE, directions=False))


def cases(first, days, customers=60, each=20, seed=0):
    """Cases of customers whose outcome hangs on the first feature; ordered by instant, matured after 35 days."""
    random = np.random.default_rng(seed)
    n = customers * each
    at = np.sort(np.datetime64(first, "us") + random.integers(0, days, n) * np.timedelta64(1, "D"))
    columns = {name: random.normal(size=n) for name in FEW.names}
    return Dataset(
        case_ids=np.array([f"{first}-{place:05}" for place in range(n)], dtype=object),
        customer_ids=np.array([f"C{number}" for number in random.integers(0, customers, n)], dtype=object),
        at=at,
        columns=columns,
        bad=random.random(n) < sigmoid(-1.5 + 1.5 * columns[FEW.names[0]]),
        matures_on=at.astype("datetime64[D]") + np.timedelta64(35, "D"),
    )


@pytest.fixture(scope="module")
def parts():
    past = cases(date(2021, 7, 1), 690)
    return Split(past.take(past.matures_on <= np.datetime64(AS_OF)), cases(AS_OF, 120, each=10, seed=1))


def by_trees(parts):
    how = {"as_of": AS_OF, "known_on": END, "threads": 1, "data_version": "a1b2c3d4e5f6"}
    return learn(TASK, parts, **how, say=silent)


def by_scorecard(parts):
    return learn_scorecard(TASK, parts, as_of=AS_OF, known_on=END, data_version="a1b2c3d4e5f6")


@pytest.mark.parametrize("learnt", [by_trees, by_scorecard])
def test_no_later_outcome_reaches_the_model_or_its_calibrator(parts, learnt):
    """Twice the bad ones later on: other figures, and the very same trees, points, calibrator and record."""
    worse = parts.later.bad | (np.random.default_rng(2).random(len(parts.later)) < 0.3)
    one, other = learnt(parts), learnt(Split(parts.train, replace(parts.later, bad=worse)))
    assert other.evaluation.bad > 1.5 * one.evaluation.bad
    assert other.evaluation.metrics["brier"] != one.evaluation.metrics["brier"]
    assert other.calibrator == one.calibrator
    assert other.model_texts == one.model_texts
    assert other.scorecard == one.scorecard
    assert other.spec.to_json() == one.spec.to_json()
    assert other.sketches == one.sketches
    assert other.training == one.training


def test_a_recipe_frees_the_trees_of_directions_and_the_model_still_declares_them(parts):
    """Declared is what the catalogue says; `held` says whether it was made so, and nothing rests on it otherwise."""
    features = FeatureSet("few", 1, (replace(FEW.features[0], risk=1), *FEW.features[1:]))
    said, free_task = tuple(feature.risk for feature in features.features), replace(TASK, features=features)
    how = {"as_of": AS_OF, "known_on": END, "threads": 1, "data_version": "a1b2c3d4e5f6", "say": silent}
    free, held = (learn(replace(free_task, recipe=recipe), parts, **how) for recipe in (TASK.recipe, RECIPE))
    assert free_task.monotone == free.spec.monotone == held.spec.monotone == said
    assert (free.spec.held, held.spec.held, by_scorecard(parts).spec.held) == (False, True, True)
    assert (free.spec.promised, held.spec.promised) == ((0,) * len(said), said)
    assert free.model_texts != held.model_texts
    assert (free.spec.tendency.get(FEW.names[0]), held.spec.tendency.get(FEW.names[0])) == (1, None)


def test_no_later_feature_reaches_them_either(parts):
    stranger = {name: values * 7 + 3 for name, values in parts.later.columns.items()}
    one, other = by_trees(parts), by_trees(Split(parts.train, replace(parts.later, columns=stranger)))
    assert (other.spec.to_json(), other.model_texts, other.calibrator) == (
        one.spec.to_json(),
        one.model_texts,
        one.calibrator,
    )
    assert (other.sketches, other.training) == (one.sketches, one.training)


def test_no_customer_is_on_both_sides_where_customers_are_left_out(parts):
    """A past of few bad customers is no walk forward: groups of customers are left out instead."""
    short = parts.train.take(parts.train.at >= np.datetime64("2023-05-01"))
    splits, how = folds_of(TASK, short, AS_OF)
    assert how == LEFT_OUT
    assert len(splits) == 5
    for fold in splits:
        assert set(fold.train.customer_ids).isdisjoint(fold.later.customer_ids)
    assert sum(len(fold.later) for fold in splits) == len(short), "each case is left out once"
    past = out_of_fold(TASK, short, AS_OF, threads=1)
    for trial in past.trials():
        fit_on, judge_by = (set(past.cases.customer_ids[flags]) for flags in (trial.fit_on, trial.judge_by))
        assert fit_on.isdisjoint(judge_by)
