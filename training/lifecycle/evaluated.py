"""Any registered version on any period of the book, as of any knowledge date: figures, and one scored row per case."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from data.book import Book
from scoring.bundle import known_feature_hashes
from scoring.calibration import sigmoid
from training.arrays import Floats
from training.cases.about import AMOUNT, marked_large
from training.cases.dataset import Dataset
from training.fitting.evidence import grades_verdict
from training.fitting.fitted import Fitted
from training.fitting.learn import LARGE_ABOVE
from training.judging.evaluate import evaluate
from training.judging.evaluation import Evaluation
from training.judging.grades import GradesVerdict
from training.lifecycle.rebuilt import Period, rebuilt
from training.lifecycle.same_features import require_same_features
from training.lifecycle.stored import Stored


class Form(StrEnum):
    """How scored rows are written."""

    PARQUET = "parquet"
    CSV = "csv"


@dataclass(frozen=True)
class Evaluated:
    """How a version did on a period.

    Attributes:
        name: Model.
        version: Version.
        target: The label in the words of the definitions.
        asked: The period asked for; the evaluation states the one of the cases found.
        evaluation: Figures with their intervals.
        rows: One per case, ordered by instant and case: ``case_id``, ``customer_id``, ``at``, ``bad``,
            ``matures_on``, ``raw_probability``, ``probability``, ``model``, ``version``.
        seen: Cases that lie in the time from which the version learnt.
        warnings: What a reader of the figures has to know.
        grades: The verdict on the grades by these cases, counted as on the card; None for a model without grades.
    """

    name: str
    version: int
    target: str
    asked: Period
    evaluation: Evaluation
    rows: pa.Table
    seen: int
    warnings: tuple[str, ...]
    grades: GradesVerdict | None = None

    def as_dict(self) -> dict[str, Any]:
        """Everything but the rows, for JSON."""
        return {
            "model": self.name,
            "version": self.version,
            "target": self.target,
            "from": self.asked.first.isoformat(),
            "to": self.asked.last.isoformat(),
            "known_on": self.evaluation.known_on,
            "cases_of_the_training_period": self.seen,
            "warnings": list(self.warnings),
            "evaluation": self.evaluation.as_dict(),
            "grades": None if self.grades is None else self.grades.as_dict(),
        }


def evaluate_version(
    book: Book,
    model: Stored,
    period: Period,
    known_on: date,
    *,
    threads: int = 1,
    feature_hashes: Mapping[str, str] | None = None,
) -> Evaluated:
    """Judge a registered version.

    Args:
        book: The book.
        model: The version.
        period: Days on which the cases are scored.
        known_on: The date whose knowledge gives their outcomes.
        threads: LightGBM's threads.
        feature_hashes: Feature set name to hash of its definitions in this code; None: taken from the code.

    Raises:
        NothingMaturedError: No case of the period had matured.
        FeaturesChangedError: This code defines the model's features otherwise.
        CasesUnknownError: The model's cases are not made from the book.
    """
    spec = model.fitted.spec
    require_same_features([spec], known_feature_hashes() if feature_hashes is None else feature_hashes)
    cases = as_trained(rebuilt(book, spec.label, columns_of(model.fitted), period, known_on), model.fitted)
    raw, stated = scores(model.fitted, cases, threads=threads)
    seen = int((cases.at.astype("datetime64[D]") <= np.datetime64(spec.trained_as_of, "D")).sum())
    return Evaluated(
        name=spec.name,
        version=model.version,
        target=spec.target,
        asked=period,
        evaluation=evaluate(cases, stated, known_on),
        rows=_rows(model, cases, raw, stated),
        seen=seen,
        warnings=overlap(model, period, seen, len(cases)),
        grades=grades_verdict(spec, cases, stated),
    )


def columns_of(fitted: Fitted) -> list[str]:
    """The columns that a version is judged with: its features, and the amount where it knows what is a large one."""
    return [*fitted.spec.feature_names, *([AMOUNT] if LARGE_ABOVE in fitted.training else [])]


def as_trained(cases: Dataset, fitted: Fitted) -> Dataset:
    """The cases divided as those of the training were: what is a large invoice was settled there."""
    above = fitted.training.get(LARGE_ABOVE)
    return cases if above is None else marked_large(cases, float(above))


def scores(fitted: Fitted, cases: Dataset, *, threads: int = 1) -> tuple[Floats, Floats]:
    """Probability before and after calibration, shape (n,) each."""
    model = fitted.model(threads=threads)
    matrix = model.matrix(cases.columns)
    return sigmoid(model.log_odds(matrix)), model.probability(matrix)


def overlap(model: Stored, period: Period, seen: int, cases: int) -> tuple[str, ...]:
    """What is to be said of a period that is not wholly after the training."""
    spec = model.fitted.spec
    title = f"{spec.name} version {model.version}"
    if period.first <= spec.trained_as_of:
        return (
            f"IN SAMPLE: {title} was trained on cases up to {spec.trained_as_of}; {seen} of the {cases} cases of "
            f"{period} are of that time, so these figures flatter it. Cases from "
            f"{max(spec.known_at, spec.trained_as_of + timedelta(days=1))} on are new to it.",
        )
    if period.first < spec.known_at:
        return (
            f"NOT WHOLLY LATER: training of {title} knew what had happened up to {spec.known_at}, and {period} "
            "begins before.",
        )
    return ()


def write_evaluated(found: Evaluated, folder: Path, form: Form = Form.PARQUET) -> tuple[Path, Path]:
    """Write figures and rows side by side.

    Returns:
        Path of the figures (JSON), and of the rows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{found.name}-v{found.version}-{found.asked.first}-{found.asked.last}-known-{found.evaluation.known_on}"
    figures, rows = folder / f"{stem}.json", folder / f"{stem}.{form.value}"
    plain = {**found.as_dict(), "rows": rows.name}
    figures.write_text(json.dumps(plain, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if form is Form.CSV:
        pa_csv.write_csv(found.rows, rows)
    else:
        pq.write_table(found.rows, rows)
    return figures, rows


def _rows(model: Stored, cases: Dataset, raw: Floats, stated: Floats) -> pa.Table:
    n = len(cases)
    return pa.table(
        {
            "case_id": pa.array(cases.case_ids.tolist(), pa.string()),
            "customer_id": pa.array(cases.customer_ids.tolist(), pa.string()),
            "at": pa.array(cases.at.astype("datetime64[us]")).cast(pa.timestamp("us", "UTC")),
            "bad": pa.array(cases.bad),
            "matures_on": pa.array(cases.matures_on.astype("datetime64[D]")),
            "raw_probability": pa.array(raw),
            "probability": pa.array(stated),
            "model": pa.array([model.fitted.spec.name] * n, pa.string()),
            "version": pa.array([model.version] * n, pa.int64()),
        }
    )
