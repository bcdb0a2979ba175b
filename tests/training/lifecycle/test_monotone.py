"""Probing for directions: a score worked by hand, then the laws of models that were held to them and of free ones."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.calibration import sigmoid
from scoring.model import ModelSpec
from scoring.scorecard import Characteristic, Scorecard
from scoring.sketch import Sketch, sketch_of
from training.cases.dataset import Dataset
from training.fitting.fit import Recipe, fit
from training.lifecycle.monotone import ROWS, STEPS, Probes, monotone_violations, probed

NAMES = ("overdue_count", "tenure_days", "open_amount")
DECLARED = (1, -1, 0)
RECIPE = Recipe(
    trees=8, learning_rate=0.3, leaves=6, smallest_leaf=10, feature_share=1, case_share=0.8, ridge=0, seeds=(1, 2)
)


@pytest.fixture
def by_points(fitted):
    """A scorecard of the overdue count alone, from 0 to 15: from 5 on the evidence jumps once, then falls back."""

    def made(woe):
        counted = Characteristic(
            feature="overdue_count", edges=(4.5, 10.5), cases=(9, 9, 9, 0), bad=(1, 2, 3, 0), woe=woe, coefficient=1.0
        )
        values = fitted.spec.model_dump() | {
            "form": "scorecard",
            "feature_names": ("overdue_count",),
            "monotone": (1,),
            "groups": {"overdue_count": "open_items"},
            "baseline": {"overdue_count": 0.0},
            "seeds": (),
            "lightgbm_version": "",
        }
        seen = Sketch(edges=(4.5, 10.5), counts=(9, 9, 9), missing=0, low=0.0, high=15.0)
        return replace(
            fitted,
            spec=ModelSpec(**values),
            model_texts=(),
            sketches={"overdue_count": seen.to_dict()},
            scorecard=Scorecard(intercept=-1.5, characteristics=(counted,)),
        )

    return made


@pytest.mark.parametrize(
    ("woe", "broken"),
    [
        pytest.param((1.0, 0.0, -1.0, 0.0), 0, id="less evidence of good step by step: the risk only rises"),
        pytest.param((1.0, -1.0, 0.0, 0.0), 1, id="it falls once, from 10 to 11"),
        pytest.param((-1.0, 0.0, 1.0, 0.0), 2, id="it falls from 4 to 5 and from 10 to 11"),
    ],
)
def test_probes_worked_by_hand(by_points, woe, broken):
    """16 steps from 0 to 15 are 15 probes for each of 64 rows, and a scorecard is one learner."""
    found = probed(by_points(woe))
    assert (found.asked, found.violations) == (64 * 15, 64 * broken)
    assert found.broken == ({"overdue_count": 64 * broken} if broken else {})
    assert monotone_violations(by_points(woe)) == 64 * broken


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        pytest.param({}, "0 of 12,345 probes broke a declared direction", id="none"),
        pytest.param(
            {"late5_share_365d": 25, "overdue_count": 12},
            "37 of 12,345 probes (0.30 %) broke a declared direction; worst: late5_share_365d 25, overdue_count 12",
            id="two features",
        ),
        pytest.param(
            {"a": 4, "b": 3, "c": 2, "d": 1, "e": 1},
            "11 of 12,345 probes (0.09 %) broke a declared direction; worst: a 4, b 3, c 2 and 2 more features",
            id="the worst three are named",
        ),
        pytest.param(
            {"a": 1},
            "1 of 12,345 probes (less than 0.01 %) broke a declared direction; worst: a 1",
            id="one is not told as none",
        ),
    ],
)
def test_what_is_told(broken, told):
    assert Probes(12_345, broken).told == told


def test_what_declares_nothing_cannot_be_probed(fitted):
    assert probed(replace(fitted, spec=fitted.spec.model_copy(update={"monotone": (0, 0, 0)}))) is None


def against(seed):
    """600 cases whose outcome goes against what is declared of the first two features."""
    random = np.random.default_rng(seed)
    columns = dict(zip(NAMES, random.normal(size=(3, 600)), strict=True))
    chance = sigmoid(-1 - 1.5 * columns["overdue_count"] + columns["tenure_days"])
    at = np.datetime64(date(2024, 1, 1), "us") + np.arange(600) * np.timedelta64(1, "h")
    return Dataset(
        case_ids=np.array([f"I{n}" for n in range(600)], dtype=object),
        customer_ids=np.array([f"C{n % 50}" for n in range(600)], dtype=object),
        at=at,
        columns=columns,
        bad=random.random(600) < chance,
        matures_on=at.astype("datetime64[D]") + np.timedelta64(30, "D"),
    )


def grown(fitted, seed, *, directions):
    cases = against(seed)
    return replace(
        fitted,
        spec=fitted.spec.model_copy(update={"held": directions}),
        model_texts=fit(cases, NAMES, DECLARED, replace(RECIPE, directions=directions), threads=1),
        sketches={name: sketch_of(cases.columns[name]).to_dict() for name in NAMES},
    )


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_held_trees_break_nothing_and_free_ones_have_a_figure(fitted, seed):
    """Whatever the cases say, and here they say the contrary: the figure is there for both."""
    held, free = (probed(grown(fitted, seed, directions=directions)) for directions in (True, False))
    assert held.asked == free.asked > 0
    assert (held.violations, held.broken) == (0, {})
    assert free.violations > 100


def test_the_worst_feature_is_named_first(fitted):
    found = probed(grown(fitted, 1, directions=False))
    assert found.asked == 2 * 2 * ROWS * (STEPS - 1), "two boosters, two features that declare a direction"
    assert list(found.broken) == ["overdue_count", "tenure_days"], "the cases speak more clearly against the first"
    assert found.broken["overdue_count"] > found.broken["tenure_days"] > 0


def test_the_figure_is_the_same_every_time(fitted):
    free = grown(fitted, 1, directions=False)
    assert probed(free) == probed(free)
