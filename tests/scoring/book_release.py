"""A release with two models of default on the features they really read, and facts to score."""

from datetime import date

import lightgbm as lgb
import numpy as np
import pyarrow as pa

from features.feature_sets import DEFAULT
from scoring.bundle import activate, write_release
from scoring.calibration import Calibrator
from scoring.model import ModelSpec, ReleasedModel, baseline_of
from scoring.model_files import ModelFiles
from scoring.sketch import sketches_of
from training.cases.dataset import Dataset
from training.fitting.evidence import with_evidence
from training.fitting.typical import tendency_of, typical_of

NAMES = tuple(DEFAULT.names)
MONOTONE = tuple(feature.risk for feature in DEFAULT.features)
DAY = date(2024, 3, 1)
VERSIONS = {"data_version": "d" * 12, "code_version": "1"}


def made_up(n, seed=5):
    """Facts of customers, shape (n, k): counts, shares and amounts alike, zeros and gaps among them."""
    random = np.random.default_rng(seed)
    rows = random.gamma(0.7, 20.0, size=(n, len(NAMES))).round(1)
    rows[random.random(rows.shape) < 0.2] = 0.0
    rows[random.random(rows.shape) < 0.15] = np.nan
    return rows


def facts(rows):
    """The rows as a batch of a book's facts."""
    columns = {name: pa.array(rows[:, place], from_pandas=True) for place, name in enumerate(NAMES)}
    ids = pa.array([f"C{place:06}" for place in range(len(rows))])
    return pa.record_batch({"customer_id": ids, "as_of": pa.array([DAY] * len(rows)), **columns})


def model_files(name, rows, *, dpd, seeds=(1, 2)):
    """A model that learnt from the rows that some of their features mean trouble."""
    random = np.random.default_rng(dpd)
    weights = random.normal(size=len(NAMES)) * (random.random(len(NAMES)) < 0.3)
    bad = np.nan_to_num(rows) @ np.where(np.array(MONOTONE) == 0, weights, np.abs(weights) * MONOTONE) / 30
    bad = bad + random.normal(size=len(rows)) > np.quantile(bad, 0.7)
    texts = tuple(_text(rows, bad, seed) for seed in seeds)
    calibrator = Calibrator("platt", {"a": 0.9, "b": -0.4})
    bare = ReleasedModel.from_text(_spec(name, dpd, bad, seeds), texts, calibrator)
    added = bare.contributions(rows)
    baseline, log_odds = baseline_of(NAMES, added)
    columns = dict(zip(NAMES, rows.T, strict=True))
    known = {"typical": typical_of(columns, NAMES), "tendency": tendency_of(NAMES, MONOTONE, rows, added)}
    spec = bare.spec.model_copy(update={"baseline": baseline, "baseline_log_odds": log_odds, **known})
    if dpd == 90:  # the other one is as a model from before there were intervals
        spec = with_evidence(spec, _past(columns, bad), bare.probability(rows))
    return ModelFiles(spec, texts, calibrator, version="3")


def _past(columns, bad):
    """The rows as past cases of half as many customers."""
    n = len(bad)
    customers = np.array([f"P{place // 2}" for place in range(n)], dtype=object)
    days = np.zeros(n, "datetime64[us]")
    return Dataset(customers, customers, days, columns, bad, days.astype("datetime64[D]"))


def _text(rows, bad, seed):
    data = lgb.Dataset(rows, bad.astype(float), feature_name=list(NAMES), params={"verbosity": -1, "num_threads": 1})
    how = {
        "objective": "binary", "num_leaves": 7, "learning_rate": 0.15, "monotone_constraints": list(MONOTONE),
        "feature_fraction": 0.4, "verbosity": -1, "num_threads": 1, "deterministic": True, "seed": seed,
    }  # fmt: skip
    return lgb.train(how, data, num_boost_round=40).model_to_string()


def _spec(name, dpd, bad, seeds):
    return ModelSpec(
        name=name,
        target=f"default({dpd}, 180)",
        label={"kind": "default", "dpd": dpd, "horizon_days": 180},
        probability_name="pd_180d",
        feature_names=NAMES,
        feature_set=DEFAULT.name,
        feature_set_version=DEFAULT.version,
        feature_set_hash=DEFAULT.hash,
        monotone=MONOTONE,
        groups={feature.name: feature.group for feature in DEFAULT.features},
        trained_as_of=DAY,
        known_at=DAY,
        train_rows=len(bad),
        train_bad=int(bad.sum()),
        base_rate=float(bad.mean()),
        baseline=dict.fromkeys(NAMES, 0.0),
        baseline_log_odds=0.0,
        parameters={},
        seeds=seeds,
        lightgbm_version=lgb.__version__,
    )


def release(releases, rows):
    """Write a release with both models, put it in force, and give its folder."""
    models = [model_files("default", rows, dpd=90), model_files("default-60", rows, dpd=60, seeds=(3,))]
    sketches = sketches_of(dict(zip(NAMES, rows.T, strict=True)))
    folder = write_release(releases, models, {}, {model.spec.name: sketches for model in models}, VERSIONS)
    return activate(releases, folder.name)
