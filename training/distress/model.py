"""The distress model that is released: the ratios of a statement that the product computes, and nothing else."""

from collections.abc import Callable
from datetime import date
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from features.feature_sets import DISTRESS
from scoring.model import ModelSpec, baseline_of
from scoring.sketch import sketches_of
from training.arrays import Floats
from training.distress.base_rate import BaseRate, corrected, shift
from training.distress.folds import FOLDS, cross_calibrated, folds_of, matrix_of, out_of_fold, trials
from training.distress.method import DEPLOYABLE, grown, ours
from training.distress.sample import WITHIN_A_YEAR, Sample, read_sample
from training.fitting.calibrate import calibrator
from training.fitting.fit import contributions, parameters
from training.fitting.fitted import Fitted
from training.judging.bootstrap import intervals
from training.judging.evaluation import Evaluation, Segment
from training.judging.metrics import measured, reliability

NAME: Final = "distress"
PROBABILITY: Final = "distress_prob_12m"
LAST_OUTCOME: Final = date(2013, 12, 31)
"""Going companies of the sample were observed from 2007 to 2013; the source states no day."""
BASELINE_ROWS: Final = 1_000

Say = Callable[[str], None]


def train_distress(folder: Path, base_rate: BaseRate, *, threads: int = 1, say: Say = lambda _: None) -> Fitted:
    """Train on the Polish bankruptcy files what a statement alone tells.

    The probability is calibrated at the sample's rate on companies left out, and then brought to the declared base
    rate: only so is it a probability of bankruptcy within twelve months for a company of that population.

    Args:
        folder: Folder of the ARFF files.
        base_rate: How often companies of the population that will be scored go bankrupt within a year.
        threads: LightGBM's threads; part of what makes two fits equal.
        say: Told of each step as it begins.

    Raises:
        SampleError: The file is missing, or not as published.
    """
    say(f"{NAME}: reading {WITHIN_A_YEAR}")
    sample = read_sample(folder, WITHIN_A_YEAR)
    return fitted_on(sample, base_rate, threads=threads, say=say)


def fitted_on(sample: Sample, base_rate: BaseRate, *, threads: int = 1, say: Say = lambda _: None) -> Fitted:
    """Train on a sample; see `train_distress`.

    Args:
        sample: The companies.
        base_rate: The population's rate.
        threads: LightGBM's threads.
        say: Told of each step as it begins.
    """
    columns, bad = {name: sample.features()[name] for name in DISTRESS.names}, sample.bad
    matrix, fold = matrix_of(columns, DISTRESS.names), folds_of(sample.bad)
    monotone = tuple(feature.risk for feature in DISTRESS.features)
    say(f"{NAME}: {len(sample)} companies, {int(bad.sum())} bankrupt; stating each by the others")
    past = out_of_fold(fold, ours(matrix, bad, DEPLOYABLE, monotone=monotone, threads=threads))
    chosen = calibrator(bad, past, np.arange(len(bad)), trials(fold))
    final = corrected(chosen, sample.rate, base_rate.rate)
    say(f"{NAME}: growing {DEPLOYABLE.trees} trees for each of {len(DEPLOYABLE.seeds)} seeds")
    names = tuple(DISTRESS.names)
    texts = grown(matrix, bad, DEPLOYABLE, monotone=monotone, threads=threads, names=names)
    return Fitted(
        spec=_spec(sample, base_rate, texts, matrix, monotone, threads),
        model_texts=texts,
        calibrator=final,
        evaluation=_evaluation(sample, matrix, cross_calibrated(bad, past, fold)),
        sketches=_sketches(columns, final.apply(past)),
        data_version=_fingerprint(sample),
        training=_told(sample, base_rate, chosen.method),
    )


def label_of(sample: Sample, base_rate: BaseRate) -> dict[str, Any]:
    """What the outcome is, on whom it was learnt and to which rate it was brought."""
    return {
        "kind": NAME,
        "event": "bankruptcy",
        "horizon_months": 12 * sample.horizon_years,
        "sample": "Polish companies, bankrupt 2000 to 2012 or going 2007 to 2013 (UCI 365)",
        "sample_rate": sample.rate,
        "base_rate": base_rate.rate,
        "base_rate_source": base_rate.source.strip(),
    }


def _spec(
    sample: Sample,
    base_rate: BaseRate,
    texts: tuple[str, ...],
    matrix: Floats,
    monotone: tuple[int, ...],
    threads: int,
) -> ModelSpec:
    some = np.unique(np.linspace(0, len(matrix) - 1, BASELINE_ROWS).round().astype(np.intp))
    baseline, baseline_log_odds = baseline_of(DISTRESS.names, contributions(texts, matrix[some]))
    grown_by = parameters(DEPLOYABLE, monotone=monotone, threads=threads, seed=0)
    return ModelSpec(
        name=NAME,
        target=f"distress({sample.horizon_years}y)",
        label=label_of(sample, base_rate),
        probability_name=PROBABILITY,
        feature_names=tuple(DISTRESS.names),
        feature_set=DISTRESS.name,
        feature_set_version=DISTRESS.version,
        feature_set_hash=DISTRESS.hash,
        monotone=monotone,
        held=DEPLOYABLE.directions,
        groups={feature.name: feature.group for feature in DISTRESS.features},
        trained_as_of=LAST_OUTCOME,
        known_at=LAST_OUTCOME,
        train_rows=len(sample),
        train_bad=int(sample.bad.sum()),
        base_rate=sample.rate,
        baseline=baseline,
        baseline_log_odds=baseline_log_odds,
        parameters={name: value for name, value in grown_by.items() if name not in ("seed", "monotone_constraints")},
        seeds=DEPLOYABLE.seeds,
        lightgbm_version=version("lightgbm"),
    )


def _evaluation(sample: Sample, matrix: Floats, stated: Floats) -> Evaluation:
    """Figures on companies left out, at the sample's own rate: no outcome is known at the population's."""
    company, bad = np.arange(len(sample)), sample.bad
    whole = ~np.isnan(matrix).any(axis=1)
    parts = {"all ratios known": whole, "a ratio missing": ~whole}
    return Evaluation(
        period=(
            f"{FOLDS}-fold cross-validation of {sample.file}: companies left out, at the sample's rate of "
            f"{100 * sample.rate:.1f} %, before the correction to the base rate"
        ),
        known_on=LAST_OUTCOME.isoformat(),
        n=len(sample),
        bad=int(bad.sum()),
        customers=len(sample),
        metrics=intervals(bad, stated, company),
        reliability=reliability(bad, stated),
        segments=tuple(_segment(sample, stated, name, part) for name, part in parts.items() if part.any()),
    )


def _segment(sample: Sample, stated: Floats, name: str, part: Any) -> Segment:
    found = measured(sample.bad[part], stated[part])
    return Segment(
        name="statement",
        value=name,
        n=int(part.sum()),
        bad=int(sample.bad[part].sum()),
        mean_probability=found["mean_probability"],
        auc=found.get("auc"),
    )


def _sketches(columns: dict[str, Floats], scores: Floats) -> dict[str, dict[str, Any]]:
    made = sketches_of({**columns, "score": scores}, [*DISTRESS.names, "score"])
    return {name: sketch.to_dict() for name, sketch in made.items()}


def _fingerprint(sample: Sample) -> str:
    """Which data it was, 12 hex characters: equal companies in equal order give equal ones."""
    digest = sha256(np.ascontiguousarray(sample.matrix()).tobytes())
    digest.update(sample.bad.tobytes())
    return digest.hexdigest()[:12]


def _told(sample: Sample, base_rate: BaseRate, method: str) -> dict[str, Any]:
    return {
        "recipe": DEPLOYABLE.as_dict(),
        "recipe_chosen_on": "1year.arff, companies left out",
        "sample": {"file": sample.file, "companies": len(sample), "duplicates_left_out": sample.duplicates},
        "calibrator_at_the_sample_rate": method,
        "base_rate": {
            **base_rate.record,
            "sample_rate": sample.rate,
            "added_to_log_odds": shift(sample.rate, base_rate.rate),
        },
    }
