"""Learners beside a model, out of the box, on the very same split."""

from dataclasses import replace
from datetime import date
from importlib.util import find_spec

import numpy as np
import pytest

from training.cases.facts import from_book
from training.fitting import baselines
from training.fitting.baselines import compare_with_baselines
from training.late_model import late_cases, task


@pytest.fixture(scope="module")
def parts(small_portfolio):
    period = (date(2023, 7, 1), date(2023, 10, 31))
    return late_cases(small_portfolio, from_book(small_portfolio), period[0], period, date(2024, 3, 1), grace=5)


@pytest.fixture(scope="module")
def compared(parts):
    job = task()
    few = replace(job, features=replace(job.features, features=job.features.features[:20]))
    return few, compare_with_baselines(parts, few, np.full(len(parts.later), 0.2), 1)


def test_every_baseline_stands_beside_ours(parts, compared):
    _, found = compared
    by_name = {each.name: each for each in found.contestants}
    assert list(by_name) == ["ours", "own rate", "portfolio rate", "scorecard", "LightGBM", "CatBoost", "XGBoost"]
    assert (found.n, found.bad) == (len(parts.later), int(parts.later.bad.sum()))
    assert by_name["LightGBM"].figures["auc"].value > 0.6
    for name, module in (("CatBoost", "catboost"), ("XGBoost", "xgboost")):
        if find_spec(module):
            assert by_name[name].difference["auc"].value < 0, "one figure for all ranks nobody"
        else:
            assert "not installed" in by_name[name].note


def test_the_same_split_gives_the_same_table(parts, compared):
    job, found = compared
    assert compare_with_baselines(parts, job, np.full(len(parts.later), 0.2), 1) == found


def test_a_peer_that_is_not_installed_says_how_to_get_it(parts, compared, monkeypatch):
    def missing(threads):
        raise ModuleNotFoundError("No module named 'catboost'", name="catboost")

    monkeypatch.setattr(baselines, "LEARNERS", {"CatBoost": missing})
    found = compare_with_baselines(parts, compared[0], np.full(len(parts.later), 0.2), 1)
    assert found.contestants[-1].note == "catboost is not installed: pip install 'o2c-risk[peers]'"


def test_as_many_probabilities_as_cases_are_asked_for(parts, compared):
    with pytest.raises(ValueError, match="160 later cases"):
        compare_with_baselines(parts, compared[0], np.array([0.2]), 1)
