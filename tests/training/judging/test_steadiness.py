"""Reasons hold still while nothing of note changes; how far they do is measured."""

from datetime import date

import lightgbm as lgb
import numpy as np
import pytest

from scoring.calibration import Calibrator
from scoring.model import ModelSpec, ReleasedModel, baseline_of
from scoring.reason_codes import ReasonCodes
from training.judging.steadiness import steadiness

NAMES = ("overdue_count", "late5_share_365d", "tenure_days")
GROUPS = dict(zip(NAMES, ("open_items", "payment_behaviour", "tenure"), strict=True))


@pytest.fixture(scope="module")
def facts():
    random = np.random.default_rng(3)
    n = 1200
    rows = np.column_stack([random.poisson(1.0, n), random.beta(1, 6, n), random.integers(20, 3000, n)]).astype(float)
    rows[random.random(n) < 0.2, 1] = np.nan
    return rows


@pytest.fixture(scope="module")
def model(facts):
    random = np.random.default_rng(4)
    log_odds = -3 + 0.8 * facts[:, 0] + 4 * np.nan_to_num(facts[:, 1]) - 0.0008 * facts[:, 2]
    bad = random.random(len(facts)) < 1 / (1 + np.exp(-log_odds))
    asked = {"objective": "binary", "num_leaves": 6, "deterministic": True, "num_threads": 1, "verbosity": -1}
    booster = lgb.train(asked, lgb.Dataset(facts, bad.astype(float), feature_name=list(NAMES)), 30)
    baseline, log_odds = baseline_of(NAMES, np.asarray(booster.predict(facts, pred_contrib=True)))
    spec = ModelSpec(
        name="default",
        target="default(90, 180)",
        label={"kind": "default", "dpd": 90},
        probability_name="pd_180d",
        feature_names=NAMES,
        feature_set="DEFAULT",
        feature_set_version=3,
        feature_set_hash="0" * 16,
        monotone=(1, 1, -1),
        groups=GROUPS,
        trained_as_of=date(2024, 1, 1),
        known_at=date(2024, 1, 2),
        train_rows=len(facts),
        train_bad=int(bad.sum()),
        base_rate=float(bad.mean()),
        baseline=baseline,
        baseline_log_odds=log_odds,
        parameters={},
        seeds=(0,),
        lightgbm_version=lgb.__version__,
    )
    return ReleasedModel.from_text(spec, (booster.model_to_string(),), Calibrator("identity"))


def test_nothing_moved_keeps_every_reason(model, facts):
    found = steadiness(model, facts, np.arange(len(facts)), step=0.0)
    assert {name: figure.value for name, figure in found.items()} == {"first_reason_kept": 1.0, "reasons_kept": 1.0}


def test_the_farther_facts_move_the_fewer_reasons_are_kept(model, facts):
    little, much = (steadiness(model, facts, np.arange(len(facts)), step=step) for step in (0.01, 0.9))
    for name in ("first_reason_kept", "reasons_kept"):
        assert 0 <= much[name].value < little[name].value <= 1
        assert little[name].low <= little[name].value <= little[name].high


def test_the_same_twice(model, facts):
    assert steadiness(model, facts, np.arange(len(facts))) == steadiness(model, facts, np.arange(len(facts)))


def test_cases_without_a_reason_say_nothing(model, facts):
    codes = ReasonCodes(model.spec).of(facts, model.contributions(facts)).codes
    silent = facts[[not any(row) for row in codes]]
    assert len(silent)
    assert steadiness(model, silent, np.arange(len(silent)), step=0.0) == {}
