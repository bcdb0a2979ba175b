"""The parts of a training as nested runs: what was fitted on the way, and how the model did by month."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from training.fitting.fitted import Fitted

if TYPE_CHECKING:
    from mlflow import MlflowClient

PARENT: Final = "mlflow.parentRunId"
"""Tag by which MLflow shows a run below another one."""
NAMES: Final = ("name", "period", "month", "fold", "cut", "as_of")
LONGEST: Final = 500
"""Characters of a parameter that MLflow keeps."""


@dataclass(frozen=True)
class Part:
    """One part of a training.

    Attributes:
        kind: What it is one of: the name of a list in ``Fitted.training``, or ``judged``.
        name: Which one.
        metrics: Its figures.
        parameters: Everything else that it says.
    """

    kind: str
    name: str
    metrics: Mapping[str, float]
    parameters: Mapping[str, str]


def parts_of(fitted: Fitted) -> tuple[Part, ...]:
    """Every list of records in ``Fitted.training``, and the months of the evaluation."""
    lists = {kind: rows for kind, rows in fitted.training.items() if _is_records(rows)}
    told = [_part(kind, place, row) for kind, rows in lists.items() for place, row in enumerate(rows)]
    months = [part for part in fitted.evaluation.segments if part.name == "month"]
    judged = [
        Part("judged", month.value, _numbers({"cases": month.n, "bad": month.bad, "auc": month.auc,
                                              "mean_probability": month.mean_probability}), {})
        for month in months
    ]  # fmt: skip
    return (*told, *judged)


def log_parts(client: MlflowClient, experiment_id: str, parent: str, parts: Sequence[Part]) -> list[str]:
    """Write each part as a run below the run of the training.

    Returns:
        Ids of the runs.
    """
    from mlflow.entities import Metric, Param

    made = []
    for part in parts:
        run = client.create_run(
            experiment_id, tags={PARENT: parent, "part": part.kind}, run_name=f"{part.kind} {part.name}"
        )
        run_id, at = str(run.info.run_id), int(run.info.start_time)
        client.log_batch(
            run_id,
            metrics=[Metric(key, value, at, 0) for key, value in part.metrics.items()],
            params=[Param(key, value) for key, value in part.parameters.items()],
        )
        client.set_terminated(run_id)
        made.append(run_id)
    return made


def _is_records(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _part(kind: str, place: int, row: Mapping[str, Any]) -> Part:
    flat = _flat(row)
    name = next((str(row[key]) for key in NAMES if key in row), str(place + 1))
    metrics = _numbers(flat)
    texts = {key: _text(value)[:LONGEST] for key, value in flat.items() if key not in metrics and value is not None}
    return Part(kind.replace("_", " "), name, metrics, texts)


def _flat(row: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested values as one level.

    Example:
        >>> _flat({"auc": {"value": 0.9, "low": 0.8}, "n": 5})
        {'auc.value': 0.9, 'auc.low': 0.8, 'n': 5}
    """
    found: dict[str, Any] = {}
    for key, value in row.items():
        found |= _flat(value, f"{before}{key}.") if isinstance(value, Mapping) else {f"{before}{key}": value}
    return found


def _numbers(row: Mapping[str, Any]) -> dict[str, float]:
    """The finite numbers; what is missing has no entry."""
    return {
        key: float(value)
        for key, value in row.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
