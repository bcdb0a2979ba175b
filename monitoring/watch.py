"""One watch over one period: verdict, summary page and report, written side by side."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from features.catalogue import Feature
from features.feature_sets import FEATURES
from monitoring.drift import Thresholds
from monitoring.errors import NothingToCompareError
from monitoring.page import write_page
from monitoring.report import write_report
from monitoring.verdict import Floats, Verdict, monitor

CUSTOMER: Final = "customer_id"
NOT_COMPARED: Final = frozenset({CUSTOMER, "case_id", "as_of"})


@dataclass(frozen=True)
class Watched:
    """What a watch found, and where it was written."""

    verdict: Verdict
    folder: Path
    verdict_json: Path
    page: Path
    report: Path | None
    """The Evidently report; None where no column has two values to draw, or none was asked for."""


def watch(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    folder: Path,
    *,
    as_of: date,
    scores: Sequence[str] = (),
    catalogue: Mapping[str, Feature] = FEATURES,
    thresholds: Thresholds | None = None,
    versions: Mapping[str, str] | None = None,
    evidently: bool = True,
) -> Watched:
    """Compare a period with the reference and write ``verdict.json``, ``index.html`` and ``report.html``.

    Args:
        reference: Cases the models learnt from, one row each: numeric columns are compared, ``customer_id`` (if
            there is one) says which rows belong together, ``case_id`` and ``as_of`` are left alone.
        current: Cases of the period, with the same columns.
        folder: Folder of the drift reports; the files lie in its sub-folder named by ``as_of``.
        as_of: Last day of the period.
        scores: Names of the columns that are scores.
        catalogue: Meaning, unit and risk direction of each feature, by name.
        thresholds: What counts as drift.
        versions: Versions to print, for instance of the models.
        evidently: Whether to draw the Evidently report (some 10 s).

    Raises:
        NothingToCompareError: A period holds no rows.
        ColumnsMissingError: The current period lacks a column of the reference.
    """
    verdict = monitor(
        _columns(reference, "reference"),
        _columns(current, "current"),
        scores=scores,
        reference_customers=_customers(reference),
        current_customers=_customers(current),
        thresholds=thresholds,
        versions=versions,
    )
    target = folder / as_of.isoformat()
    target.mkdir(parents=True, exist_ok=True)
    report = _report(reference, current, verdict, target) if evidently else None
    page = write_page(
        verdict,
        target,
        as_of=as_of,
        medians=_medians(reference, current, verdict),
        catalogue=catalogue,
        report=report.name if report else None,
    )
    return Watched(verdict, target, _write_json(verdict, target, as_of), page, report)


def _columns(frame: pd.DataFrame, period: str) -> dict[str, Floats]:
    if frame.empty:
        raise NothingToCompareError(period)
    numeric = frame.drop(columns=NOT_COMPARED, errors="ignore").select_dtypes(include=["number", "bool"])
    return {str(name): numeric[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in numeric}


def _customers(frame: pd.DataFrame) -> "np.ndarray[tuple[int], np.dtype[np.object_]] | None":
    return frame[CUSTOMER].to_numpy(dtype=object) if CUSTOMER in frame else None


def _medians(reference: pd.DataFrame, current: pd.DataFrame, verdict: Verdict) -> dict[str, tuple[float, float]]:
    names = [column.drift.name for column in verdict.columns]
    then, now = (frame[names].median(skipna=True) for frame in (reference, current))
    return {name: (float(then[name]), float(now[name])) for name in names}


def _report(reference: pd.DataFrame, current: pd.DataFrame, verdict: Verdict, target: Path) -> Path | None:
    """The Evidently report; None where there is nothing to draw, which is no reason to lose the verdict."""
    try:
        return write_report(reference, current, verdict, target)
    except NothingToCompareError:
        return None


def _write_json(verdict: Verdict, target: Path, as_of: date) -> Path:
    path = target / "verdict.json"
    content = {"as_of": as_of.isoformat(), **verdict.as_dict()}
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return path
