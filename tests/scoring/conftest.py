"""A small real model: two boosters on four features, trained in well under a second."""

from datetime import date

import lightgbm as lgb
import numpy as np
import pytest

from scoring.calibration import Calibrator
from scoring.model import ModelSpec, ReleasedModel, baseline_of
from scoring.model_files import ModelFiles
from scoring.sketch import sketches_of

GROUPS = {
    "overdue_count": "open_items",
    "oldest_overdue_days": "open_items",
    "late5_share_365d": "payment_behaviour",
    "tenure_days": "tenure",
}
NAMES = tuple(GROUPS)
MONOTONE = (1, 1, 1, -1)
SEEDS = (1, 2)
PARAMETERS = {
    "objective": "binary",
    "num_leaves": 6,
    "learning_rate": 0.2,
    "monotone_constraints": list(MONOTONE),
    "deterministic": True,
    "force_row_wise": True,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "num_threads": 1,
    "verbosity": -1,
}


def customers(n: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    """Feature rows with gaps, and whether the customer turned out bad."""
    random = np.random.default_rng(11)
    overdue = random.poisson(1.0, n).astype(float)
    oldest = np.where(overdue > 0, random.integers(1, 90, n), 0).astype(float)
    share = random.beta(1, 6, n)
    tenure = random.integers(20, 3000, n).astype(float)
    log_odds = -3 + 0.8 * overdue + 0.02 * oldest + 3 * share - 0.0008 * tenure
    bad = random.random(n) < 1 / (1 + np.exp(-log_odds))
    share[random.random(n) < 0.2] = np.nan
    return np.column_stack([overdue, oldest, share, tenure]), bad


def trained(rows: np.ndarray, bad: np.ndarray, seed: int) -> str:
    """The model text of one booster."""
    data = lgb.Dataset(rows, bad.astype(float), feature_name=list(NAMES))
    return lgb.train({**PARAMETERS, "seed": seed}, data, num_boost_round=15).model_to_string()


@pytest.fixture(scope="session")
def rows() -> np.ndarray:
    return customers()[0]


@pytest.fixture(scope="session")
def model_files(rows) -> ModelFiles:
    bad = customers()[1]
    texts = tuple(trained(rows, bad, seed) for seed in SEEDS)
    values = {
        "name": "default",
        "target": "default(90, 180)",
        "label": {"kind": "default", "dpd": 90, "horizon_days": 180, "materiality": None},
        "probability_name": "pd_180d",
        "feature_names": NAMES,
        "feature_set": "default",
        "feature_set_version": 1,
        "feature_set_hash": "0123456789abcdef",
        "monotone": MONOTONE,
        "groups": GROUPS,
        "trained_as_of": date(2020, 9, 1),
        "known_at": date(2021, 3, 1),
        "train_rows": len(rows),
        "train_bad": int(bad.sum()),
        "base_rate": float(bad.mean()),
        "baseline": dict.fromkeys(NAMES, 0.0),
        "baseline_log_odds": 0.0,
        "parameters": PARAMETERS,
        "seeds": SEEDS,
        "lightgbm_version": lgb.__version__,
    }
    calibrator = Calibrator("platt", {"a": 0.9, "b": 0.1})
    bare = ReleasedModel.from_text(ModelSpec(**values), texts, calibrator)
    baseline, log_odds = baseline_of(NAMES, bare.contributions(rows))
    spec = ModelSpec(**{**values, "baseline": baseline, "baseline_log_odds": log_odds})
    return ModelFiles(spec, texts, calibrator, version="3")


@pytest.fixture(scope="session")
def model(model_files) -> ReleasedModel:
    return model_files.model()


@pytest.fixture(scope="session")
def feature_hashes(model_files) -> dict[str, str]:
    return {"default": model_files.spec.feature_set_hash}


@pytest.fixture(scope="session")
def sketches(rows):
    return {"default": sketches_of(dict(zip(NAMES, rows.T, strict=True)))}
