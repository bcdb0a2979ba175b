"""A tiny real model, trained once, and a registry of its own for each module."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import lightgbm as lgb
import numpy as np
import pytest

from data.settings import Settings
from features.catalogue import Feature
from scoring.calibration import Calibrator, sigmoid
from scoring.model import ModelSpec
from scoring.sketch import sketch_of
from training.fitting.fitted import Fitted
from training.judging.evaluation import Bin, Evaluation, Interval, Segment

NAMES = ("overdue_count", "tenure_days", "open_amount")
MONOTONE = (1, -1, 0)
ROWS = 900


def _book(seed=3):
    rng = np.random.default_rng(seed)
    matrix = np.column_stack([rng.poisson(1.0, ROWS), rng.uniform(0, 2000, ROWS), rng.lognormal(8, 1, ROWS)])
    chance = sigmoid(-2.5 + 1.1 * matrix[:, 0] - 0.001 * matrix[:, 1])
    return matrix.astype(float), rng.random(ROWS) < chance


def _text(matrix, bad, seed, monotone=MONOTONE):
    parameters = {
        "objective": "binary", "num_leaves": 4, "learning_rate": 0.2, "monotone_constraints": list(monotone),
        "verbosity": -1, "num_threads": 1, "seed": seed, "deterministic": True, "force_row_wise": True,
        "bagging_fraction": 0.8, "bagging_freq": 1,
    }  # fmt: skip
    rows = lgb.Dataset(matrix, bad.astype(float), feature_name=list(NAMES), params={"verbosity": -1})
    return lgb.train(parameters, rows, num_boost_round=12).model_to_string()


def _spec(bad, name="late-payment"):
    late = name.startswith("late")
    return ModelSpec(
        name=name,
        target="late(5)" if late else "default(90, 180)",
        label={"kind": "late", "grace_days": 5} if late else {"kind": "default", "dpd": 90, "horizon_days": 180},
        probability_name="late_prob_5d" if late else "pd_180d",
        feature_names=NAMES,
        feature_set="toy",
        feature_set_version=1,
        feature_set_hash="0123456789abcdef",
        monotone=MONOTONE,
        groups={"overdue_count": "open_items", "tenure_days": "tenure", "open_amount": "exposure"},
        trained_as_of=date(2024, 3, 31),
        known_at=date(2024, 4, 30),
        train_rows=ROWS,
        train_bad=int(bad.sum()),
        base_rate=float(bad.mean()),
        baseline=dict.fromkeys(NAMES, 0.0),
        baseline_log_odds=-1.0,
        parameters={"objective": "binary", "num_leaves": 4, "monotone_constraints": list(MONOTONE)},
        seeds=(1, 2),
        lightgbm_version=lgb.__version__,
    )


def _evaluation():
    # 1,000 cases, 200 bad, stated exactly: brier 0.13 against 0.2 * 0.8 = 0.16 of the base rate.
    return Evaluation(
        period="2024-05-01..2024-06-30",
        known_on="2024-07-31",
        n=1000,
        bad=200,
        customers=120,
        metrics={
            "auc": Interval(0.82, 0.79, 0.85),
            "average_precision": Interval(0.5, 0.45, 0.55),
            "ks": Interval(0.6, 0.55, 0.65),
            "brier": Interval(0.13, 0.12, 0.14),
            "mean_probability": Interval(0.2, 0.19, 0.21),
            "rate": Interval(0.2, 0.17, 0.23),
            "ece": Interval(0.01, 0.005, 0.03),
        },
        reliability=(
            Bin(low=0.01, high=0.15, n=500, bad=50, mean_probability=0.1),
            Bin(low=0.15, high=0.6, n=500, bad=150, mean_probability=0.3),
        ),
        segments=(
            Segment("month", "2024-05", 500, 90, 0.19, 0.81),
            Segment("month", "2024-06", 490, 110, 0.21, 0.8),
            Segment("month", "2024-07", 10, 0, 0.02, None),
        ),
    )


@pytest.fixture(scope="session")
def fitted() -> Fitted:
    """A late-payment model of two boosters on 900 cases that passes every gate."""
    matrix, bad = _book()
    texts = tuple(_text(matrix, bad, seed) for seed in (1, 2))
    score = sigmoid(np.mean([lgb.Booster(model_str=text).predict(matrix, raw_score=True) for text in texts], axis=0))
    sketches = {name: sketch_of(matrix[:, place]).to_dict() for place, name in enumerate(NAMES)}
    return Fitted(
        spec=_spec(bad),
        model_texts=texts,
        calibrator=Calibrator("platt", {"a": 1.1, "b": 0.05}),
        evaluation=_evaluation(),
        sketches={**sketches, "score": sketch_of(score).to_dict()},
        data_version="a1b2c3d4e5f6",
        training={"trees": 12, "chosen by": "log loss on earlier months"},
    )


@pytest.fixture(scope="session")
def default_model(fitted) -> Fitted:
    """The same trees under the name and label of a default model."""
    return replace(fitted, spec=_spec(_book()[1], "default"))


@pytest.fixture(scope="session")
def wrong_way(fitted) -> Fitted:
    """A model whose trees were grown against the directions it declares."""
    matrix, bad = _book()
    return replace(fitted, model_texts=tuple(_text(matrix, bad, seed, monotone=(-1, 1, 0)) for seed in (1, 2)))


@pytest.fixture(scope="session")
def catalogue() -> dict[str, Feature]:
    """Meaning of the toy model's features, one of them left out."""
    return {
        "overdue_count": Feature("overdue_count", "Invoices overdue | now.", "invoices", 0, 99, "-", 1, "open_items"),
        "tenure_days": Feature("tenure_days", "Days since <first> invoice.", "days", 0, 9e9, "-", -1, "tenure"),
    }


@pytest.fixture
def with_figures() -> Callable[..., Fitted]:
    """A copy of a model with other figures; None removes one."""

    def changed(fitted: Fitted, **figures: Interval | None) -> Fitted:
        metrics = {name: value for name, value in {**fitted.evaluation.metrics, **figures}.items() if value is not None}
        return replace(fitted, evaluation=replace(fitted.evaluation, metrics=metrics))

    return changed


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Settings:
    """Settings of an installation that the tests of one module share: its registry takes 3 s to create."""
    return Settings(home=tmp_path_factory.mktemp("home"))
