"""A scorecard goes the way of any model: registered, read back, carded, probed."""

from dataclasses import replace

import numpy as np
import pytest

from scoring.model import ModelSpec
from scoring.scorecard import Characteristic, Scorecard
from training.lifecycle.card import card_of, html, markdown
from training.lifecycle.monotone import monotone_violations
from training.lifecycle.register import register
from training.lifecycle.registry import open_registry
from training.lifecycle.stored import stored

OVERDUE = Characteristic(
    feature="overdue_count",
    edges=(0.0, 2.0),
    cases=(500, 300, 100, 0),
    bad=(30, 60, 60, 0),
    woe=(1.1, -0.1, -1.9, 0.0),
    coefficient=0.9,
)
TENURE = Characteristic(
    feature="tenure_days",
    edges=(900.0,),
    cases=(400, 450, 50),
    bad=(90, 52, 8),
    woe=(-0.4, 0.4, 0.0),
    coefficient=1.1,
)


def with_card(fitted, *characteristics):
    """The fitted model of the fixtures with a scorecard in place of its trees."""
    names = tuple(found.feature for found in characteristics)
    values = fitted.spec.model_dump() | {
        "form": "scorecard",
        "feature_names": names,
        "monotone": (1, -1),
        "groups": {name: fitted.spec.groups[name] for name in names},
        "baseline": dict.fromkeys(names, 0.0),
        "parameters": {"ridge": 1.0},
        "seeds": (),
        "lightgbm_version": "",
    }
    sketches = {name: fitted.sketches[name] for name in (*names, "score")}
    card = Scorecard(intercept=-1.5, characteristics=characteristics)
    return replace(fitted, spec=ModelSpec(**values), model_texts=(), sketches=sketches, scorecard=card)


@pytest.fixture(scope="module")
def scorecard(fitted):
    return with_card(fitted, OVERDUE, TENURE)


def test_it_is_registered_once_and_comes_back_equal(home, scorecard):
    first = register(scorecard, home, code_version="1.2.3")
    again = register(scorecard, home, code_version="1.2.3")
    assert (first.created, again.created, again.version) == (True, False, first.version)
    found = stored(open_registry(home), "late-payment", first.version)
    assert found.fitted == scorecard
    assert found.tags["mlflow_flavour_holds"] == "nothing: a scorecard"
    rows = np.array([[0.0, 10.0], [5.0, np.nan]])
    np.testing.assert_array_equal(found.fitted.model().probability(rows), scorecard.model().probability(rows))
    assert "scorecard.json" in {path.name for path in home.artifacts.rglob("*")}


def test_its_directions_are_probed(fitted, scorecard):
    assert monotone_violations(scorecard) == 0.0
    wrong = OVERDUE.model_copy(update={"woe": OVERDUE.woe[::-1]})
    assert monotone_violations(with_card(fitted, wrong, TENURE)) > 0


def test_its_card_says_what_it_is_and_shows_every_bin(scorecard, catalogue, fitted):
    card = card_of(scorecard, 2, {}, catalogue=catalogue)
    for text in (markdown(card), html(card)):
        assert "A scorecard (weight of evidence per bin, logistic sum)" in text
        assert "LightGBM" not in text
        assert text.count("over 0 up to 2") == 1
        assert "none seen" in text
    assert "| over 2 | 11.11 % | 60.00 % | -1.900 |" in markdown(card)
    trees = markdown(card_of(fitted, 1, {}, catalogue=catalogue))
    assert "Gradient-boosted trees (LightGBM" in trees
    assert "Weight of evidence" not in trees
