"""One verdict on a period: OK, WATCH or ALERT, with a stated chance of a false alarm."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.ageing import ages
from monitoring.bins import Histogram, codes, from_sketch
from monitoring.clusters import design_effect, numbered
from monitoring.drift import ColumnDrift, Kind, Thresholds, adjusted, column_drift
from monitoring.errors import ColumnsMissingError, NothingToCompareError
from scoring.sketch import Sketch, sketches_of

Floats = NDArray[np.float64]
Keys = NDArray[np.object_]


class Status(StrEnum):
    """What a period or a column is called."""

    OK = "OK"
    WATCH = "WATCH"
    ALERT = "ALERT"
    TOO_FEW = "TOO FEW"
    AGEING = "AGEING"
    """Of a column only: it moved as it must when the book grows older (``monitoring.ageing``)."""


@dataclass(frozen=True)
class ColumnVerdict:
    """One column with its place in the whole family of tests."""

    drift: ColumnDrift
    adjusted: float
    """Smallest of the column's adjusted p-values, times the number of families."""
    status: Status
    moved: tuple[str, ...]
    """What moved: ``distribution``, ``missing``, both or nothing."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "name": self.drift.name,
            "status": str(self.status),
            "moved": list(self.moved),
            "adjusted_p_value": self.adjusted,
            "band": self.drift.band,
            **{key: value for key, value in asdict(self.drift).items() if key != "name"},
        }


@dataclass(frozen=True)
class Verdict:
    """What a period is called, and everything that led there.

    A stable book is called WATCH or ALERT in at most ``thresholds.watch_rate`` of the periods, and ALERT in at
    most ``thresholds.alert_rate``.
    """

    status: Status
    reference_rows: int
    current_rows: int
    columns: tuple[ColumnVerdict, ...]
    """All columns, the most surprising first."""
    thresholds: Thresholds
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def drifted(self) -> tuple[ColumnVerdict, ...]:
        """Columns that are not OK, the most surprising first."""
        return tuple(column for column in self.columns if column.status in (Status.WATCH, Status.ALERT))

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        if self.status is Status.TOO_FEW:
            return (
                f"Too few rows for a verdict: {self.current_rows} current and {self.reference_rows} reference rows; "
                f"{self.thresholds.minimum_rows} independent ones are needed on each side."
            )
        judged = sum(column.drift.kind != "ageing" for column in self.columns)
        if not self.drifted:
            return f"None of {judged} columns moved by more than chance explains."
        names = ", ".join(column.drift.name for column in self.drifted[:3])
        more = f" and {len(self.drifted) - 3} more" if len(self.drifted) > 3 else ""
        return f"{len(self.drifted)} of {judged} columns moved by more than chance explains: {names}{more}."

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "status": str(self.status),
            "sentence": self.sentence,
            "reference_rows": self.reference_rows,
            "current_rows": self.current_rows,
            "thresholds": asdict(self.thresholds),
            "false_alarm_rate": {"WATCH": self.thresholds.watch_rate, "ALERT": self.thresholds.alert_rate},
            "notes": list(self.notes),
            "versions": dict(self.versions),
            "columns": [column.as_dict() for column in self.columns],
        }


def monitor(
    reference: Mapping[str, Floats],
    current: Mapping[str, Floats],
    *,
    scores: Sequence[str] = (),
    reference_customers: Keys | None = None,
    current_customers: Keys | None = None,
    thresholds: Thresholds | None = None,
    versions: Mapping[str, str] | None = None,
) -> Verdict:
    """Compare two periods, column by column.

    Args:
        reference: Column by name, each of shape (n,), NaN is missing.
        current: The same columns, each of shape (m,). Columns that the reference lacks are left out and named.
        scores: Names of the columns that are scores rather than features.
        reference_customers: Customer of each reference row, shape (n,); None: rows are independent.
        current_customers: Customer of each current row, shape (m,).
        thresholds: What counts as drift.
        versions: Versions to print beside those of the libraries, for instance of the model.

    Raises:
        NothingToCompareError: A period has no rows.
        ColumnsMissingError: The current period lacks a column of the reference.
    """
    _require_rows(reference, "reference")
    sketches = sketches_of(reference)
    return judge(
        sketches,
        current,
        scores=scores,
        reference_effects=_effects(sketches, reference, reference_customers),
        current_customers=current_customers,
        thresholds=thresholds,
        versions=versions,
    )


def judge(
    sketches: Mapping[str, Sketch],
    current: Mapping[str, Floats],
    *,
    scores: Sequence[str] = (),
    reference_effects: Mapping[str, float] | None = None,
    current_customers: Keys | None = None,
    thresholds: Thresholds | None = None,
    versions: Mapping[str, str] | None = None,
) -> Verdict:
    """Compare a period with histograms kept since training.

    Args:
        sketches: Sketch of each column at training.
        current: Column by name, each of shape (m,), NaN is missing.
        scores: Names of the columns that are scores rather than features.
        reference_effects: Design effect of each sketch, >= 1; None: its rows are independent.
        current_customers: Customer of each current row, shape (m,); None: rows are independent.
        thresholds: What counts as drift.
        versions: Versions to print beside those of the libraries.

    Raises:
        NothingToCompareError: A period has no rows.
        ColumnsMissingError: The current period lacks a column of the sketches.
    """
    limits = thresholds or Thresholds()
    _require_comparable(sketches, current)
    owners = None if current_customers is None else numbered(current_customers)
    drifts = [
        column_drift(
            name,
            from_sketch(sketch),
            np.asarray(current[name], dtype=np.float64),
            thresholds=limits,
            kind=_kind(name, scores),
            reference_effect=(reference_effects or {}).get(name, 1.0),
            customers=owners,
        )
        for name, sketch in sketches.items()
    ]
    columns = _verdicts(drifts, limits)
    return Verdict(
        status=_overall(columns),
        reference_rows=int(max(sketch.n for sketch in sketches.values())),
        current_rows=len(next(iter(current.values()))),
        columns=columns,
        thresholds=limits,
        notes=_notes(sketches, current, columns, independent=owners is None),
        versions={**_library_versions(), **(versions or {})},
    )


def _effects(
    sketches: Mapping[str, Sketch], reference: Mapping[str, Floats], customers: Keys | None
) -> dict[str, float] | None:
    """Design effect of every reference column; None where no customer is known."""
    if customers is None:
        return None
    owners = numbered(customers)
    histograms: dict[str, Histogram] = {name: from_sketch(sketch) for name, sketch in sketches.items()}
    return {name: design_effect(codes(histograms[name].edges, values), owners) for name, values in reference.items()}


def _verdicts(drifts: Sequence[ColumnDrift], limits: Thresholds) -> tuple[ColumnVerdict, ...]:
    """Every column's verdict; features and scores are two families that share the false-alarm rate."""
    by_kind = {kind: [drift for drift in drifts if drift.kind == kind] for kind in ("score", "feature", "ageing")}
    ageing = [_aged(column) for column in _family(by_kind.pop("ageing"), limits, 1)]
    present = [family for family in by_kind.values() if family]
    columns = ageing + [column for family in present for column in _family(family, limits, len(present))]
    return tuple(sorted(columns, key=lambda column: (-_severity(column.status), column.adjusted, -column.drift.psi)))


def _aged(column: ColumnVerdict) -> ColumnVerdict:
    return replace(column, status=Status.AGEING) if column.moved else column


def _kind(name: str, scores: Sequence[str]) -> Kind:
    if name in scores:
        return "score"
    return "ageing" if ages(name) else "feature"


def _family(drifts: Sequence[ColumnDrift], limits: Thresholds, families: int) -> list[ColumnVerdict]:
    tests = [(drift.name, "distribution", drift.p_value) for drift in drifts]
    # A column that never lacks a value says nothing about missing rates: no test, and no share of the error rate.
    tests += [(d.name, "missing", d.missing_p_value) for d in drifts if d.missing_p_value is not None]
    values = np.minimum(1.0, adjusted(np.array([p_value for _, _, p_value in tests])) * families)
    by_test = {(name, what): float(value) for (name, what, _), value in zip(tests, values, strict=True)}
    return [_column(drift, by_test, limits) for drift in drifts]


def _column(drift: ColumnDrift, values: Mapping[tuple[str, str], float], limits: Thresholds) -> ColumnVerdict:
    sizes = {
        "distribution": (drift.psi, limits.watch_psi, limits.alert_psi),
        "missing": (abs(drift.missing_change), limits.watch_missing, limits.alert_missing),
    }
    found = {what: _status(values.get((drift.name, what), 1.0), *size, limits=limits) for what, size in sizes.items()}
    few = min(drift.reference_rows, drift.current_rows) < limits.minimum_rows
    return ColumnVerdict(
        drift=drift,
        adjusted=min(values.get((drift.name, what), 1.0) for what in sizes),
        status=Status.TOO_FEW if few else max(found.values(), key=_severity),
        moved=() if few else tuple(what for what, status in found.items() if status is not Status.OK),
    )


def _status(value: float, size: float, watch: float, alert: float, *, limits: Thresholds) -> Status:
    """Drift needs both: more than chance explains, and large enough to matter."""
    if value <= limits.alert_rate and size >= alert:
        return Status.ALERT
    return Status.WATCH if value <= limits.watch_rate and size >= watch else Status.OK


def _severity(status: Status) -> int:
    return [Status.TOO_FEW, Status.AGEING, Status.OK, Status.WATCH, Status.ALERT].index(status)


def _overall(columns: Sequence[ColumnVerdict]) -> Status:
    """The most severe status; columns that grow with the book have no say."""
    return max((column.status for column in columns if column.drift.kind != "ageing"), key=_severity, default=Status.OK)


def _require_rows(columns: Mapping[str, Any], period: str) -> None:
    if not columns or any(len(values) == 0 for values in columns.values()):
        raise NothingToCompareError(period)


def _require_comparable(sketches: Mapping[str, Sketch], current: Mapping[str, Floats]) -> None:
    if not sketches or any(sketch.n == 0 for sketch in sketches.values()):
        raise NothingToCompareError("reference")
    _require_rows(current, "current")
    lacking = [name for name in sketches if name not in current]
    if lacking:
        raise ColumnsMissingError(lacking)


def _notes(
    sketches: Mapping[str, Sketch],
    current: Mapping[str, Floats],
    columns: Sequence[ColumnVerdict],
    *,
    independent: bool,
) -> tuple[str, ...]:
    """What a reader must know to weigh the verdict."""
    merged = [column.drift.name for column in columns if column.drift.bins_merged]
    extra = [name for name in current if name not in sketches]
    few = [column.drift.name for column in columns if column.status is Status.TOO_FEW]
    older = [column.drift.name for column in columns if column.status is Status.AGEING]
    notes = {
        f"Moved as they must when the book grows older, and count for nothing here: {', '.join(older)}.": bool(older),
        f"Bins with too few rows were merged with a neighbour in {len(merged)} column(s).": bool(merged),
        f"Not compared, because the reference lacks them: {', '.join(extra)}.": bool(extra),
        f"Too few independent rows for a verdict in {len(few)} of {len(columns)} column(s).": bool(few),
        "Rows are taken as independent: no customer was given for them.": independent,
    }
    return tuple(note for note, applies in notes.items() if applies)


def _library_versions() -> dict[str, str]:
    return {"python": platform.python_version(), "numpy": version("numpy"), "scipy": version("scipy")}
