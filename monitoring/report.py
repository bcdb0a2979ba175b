"""The Evidently report: distributions of the columns that moved most, drawn with our verdict on them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pandas as pd

from data.telemetry import switch_off
from monitoring.errors import NothingToCompareError
from monitoring.verdict import ColumnVerdict, Verdict

ROWS: Final = 5_000
"""Rows drawn of each period: more change nothing that the eye can see, and cost minutes."""
COLUMNS: Final = 20
TEST: Final = "o2c_risk_psi"


def write_report(reference: pd.DataFrame, current: pd.DataFrame, verdict: Verdict, folder: Path) -> Path:
    """Write Evidently's report as one HTML file that needs no network.

    Evidently draws; it does not judge. Its own thresholds do not depend on the sample size, so the PSI and the
    verdict of each column are handed to it.

    Args:
        reference: Reference cases, one row each; holds the columns of the verdict.
        current: Current cases, with the same columns.
        verdict: What is shown of each column.
        folder: Where to write; created if need be.

    Returns:
        Path of ``report.html``.

    Raises:
        NothingToCompareError: A period holds no rows, or no column has two values to draw.
    """
    for frame, period in ((reference, "reference"), (current, "current")):
        if frame.empty:
            raise NothingToCompareError(period)
    shown = [column for column in verdict.columns if _drawable(reference, current, column.drift.name)][:COLUMNS]
    if not shown:
        raise NothingToCompareError("current")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.html"
    _render(_sampled(reference, shown), _sampled(current, shown), shown).save_html(str(path))
    return path


def _drawable(reference: pd.DataFrame, current: pd.DataFrame, name: str) -> bool:
    """Evidently divides by zero on a column that is empty or constant."""
    return all(frame[name].min() < frame[name].max() for frame in (reference, current))


def _sampled(frame: pd.DataFrame, shown: list[ColumnVerdict]) -> pd.DataFrame:
    columns = frame[[column.drift.name for column in shown]].astype("float64")
    return columns.sample(ROWS, random_state=7) if len(columns) > ROWS else columns


def _render(reference: pd.DataFrame, current: pd.DataFrame, shown: list[ColumnVerdict]) -> Any:
    switch_off()  # before the import: Evidently reads the switch then
    with _without_known_warnings():
        from evidently import DataDefinition, Dataset, Report
        from evidently.metrics import ValueDrift

        _use_our_verdict(shown)
        definition = DataDefinition(numerical_columns=list(reference.columns))
        metrics = [
            ValueDrift(column=column.drift.name, method=TEST, threshold=column.drift.critical) for column in shown
        ]
        then, now = (Dataset.from_pandas(frame, data_definition=definition) for frame in (reference, current))
        return Report(metrics, include_tests=False).run(now, then)


def _use_our_verdict(shown: list[ColumnVerdict]) -> None:
    """Register a test under our name that answers with the verdict already reached."""
    from evidently.legacy.calculations.stattests.registry import StatTest, register_stattest
    from evidently.legacy.core import ColumnType

    by_name = {column.drift.name: column for column in shown}

    def answer(_reference: Any, current: Any, _kind: Any, _threshold: float) -> tuple[float, bool]:
        column = by_name[str(current.name)]
        return column.drift.psi, bool(column.moved)

    title = "PSI, against its 99 % critical value at this sample size"
    register_stattest(StatTest(name=TEST, display_name=title, allowed_feature_types=[ColumnType.Numerical]), answer)


@contextmanager
def _without_known_warnings() -> Iterator[None]:
    """Silence what Evidently 0.7 and its own dependencies say of themselves on import; nothing else."""
    with warnings.catch_warnings():
        # Evidently 0.7 imports numpy.core and compiles regular expressions with unknown escapes.
        warnings.filterwarnings("ignore", message="numpy.core is deprecated", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="invalid escape sequence", category=DeprecationWarning)
        # Litestar, which Evidently imports for its web page, calls what it deprecates.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"litestar\..*")
        yield
