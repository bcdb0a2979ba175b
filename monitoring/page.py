"""The page a risk team reads: what moved, by how much, and what it may mean."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from features.catalogue import Feature
from features.feature_sets import FEATURES
from monitoring.verdict import ColumnVerdict, Status, Verdict

MEANING: Final = {
    Status.OK: "No action. The models see what they were trained on.",
    Status.WATCH: "Look at the columns below and at the next period before acting.",
    Status.ALERT: "Have the columns below explained before relying on scores and limits; consider retraining.",
    Status.TOO_FEW: "Wait for more cases, or compare a longer period.",
}
BAR_WIDTH: Final = 14
BAR_HEIGHT: Final = 44
SHIFT: Final = 0.02
"""Shift of the middle, as a share of pairs beyond one half, below which the page speaks of no direction."""


@dataclass(frozen=True)
class Bar:
    """One bin of the small chart: heights in pixels."""

    left: float
    before: float
    after: float
    label: str


@dataclass(frozen=True)
class Line:
    """One column as the page shows it."""

    column: ColumnVerdict
    title: str
    unit: str
    typical: str
    """Median before and now."""
    what_moved: str
    may_mean: str
    bars: tuple[Bar, ...]


def write_page(
    verdict: Verdict,
    folder: Path,
    *,
    as_of: date,
    medians: Mapping[str, tuple[float, float]] | None = None,
    catalogue: Mapping[str, Feature] = FEATURES,
    report: str | None = None,
) -> Path:
    """Write the summary as one self-contained HTML file.

    Args:
        verdict: What is shown.
        folder: Where to write; created if need be.
        as_of: Last day of the current period.
        medians: Median of each column, reference and current; NaN where no row has a value.
        catalogue: Meaning, unit and risk direction of each feature, by name.
        report: Name of the Evidently report beside it, if there is one.

    Returns:
        Path of ``index.html``.
    """
    lines = [
        line(column, catalogue.get(column.drift.name), (medians or {}).get(column.drift.name))
        for column in verdict.columns
    ]
    environment = Environment(loader=PackageLoader("monitoring"), autoescape=True, undefined=StrictUndefined)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "index.html"
    path.write_text(
        environment.get_template("drift.html").render(
            verdict=verdict,
            meaning=MEANING[verdict.status],
            lines=lines,
            moved=[shown for shown in lines if shown.column in verdict.drifted],
            as_of=as_of.isoformat(),
            report=report,
            bar_width=BAR_WIDTH,
            bar_height=BAR_HEIGHT,
        ),
        encoding="utf-8",
    )
    return path


def line(column: ColumnVerdict, feature: Feature | None, median: tuple[float, float] | None) -> Line:
    """One column in words."""
    drift = column.drift
    return Line(
        column=column,
        title=feature.meaning if feature else drift.name,
        unit=feature.unit if feature else "",
        typical=f"{_number(median[0])} → {_number(median[1])}" if median else "",
        what_moved=_what_moved(column),
        may_mean=_may_mean(column, feature),
        bars=_bars(column),
    )


def _what_moved(column: ColumnVerdict) -> str:
    drift = column.drift
    shifted = abs(drift.higher - 0.5) >= SHIFT
    parts = []
    if "distribution" in column.moved and shifted:
        word, relation = ("higher", "exceeds") if drift.higher > 0.5 else ("lower", "lies below")
        share = max(drift.higher, 1 - drift.higher)
        parts.append(f"values are {word}: a case of now {relation} one of then in {share:.0%} of pairs")
    if "missing" in column.moved:
        parts.append(f"missing in {drift.missing_current:.1%} of the cases instead of {drift.missing_reference:.1%}")
    if column.moved and not parts:
        parts.append("the spread changed, the middle did not")
    return "; ".join(parts)


def _may_mean(column: ColumnVerdict, feature: Feature | None) -> str:
    """A reading for a risk team; the field's own direction of risk decides, no guess where it states none."""
    if "missing" in column.moved:
        return "A source may have stopped delivering, or new customers lack this field. Check the last ingest first."
    if not column.moved:
        return ""
    risk = 1 if column.drift.kind == "score" else feature.risk if feature else 0
    towards = risk * (column.drift.higher - 0.5)
    if abs(towards) < SHIFT:
        return "A change in mix. Compare by segment before drawing a conclusion."
    if column.drift.kind == "score":
        return f"The models see {'more' if towards > 0 else 'less'} risk in the book than at training."
    return f"Points to {'more' if towards > 0 else 'less'} risk: scores of many customers move with it."


def _bars(column: ColumnVerdict) -> tuple[Bar, ...]:
    drift = column.drift
    shares = list(zip(drift.reference_shares, drift.current_shares, strict=True))
    tallest = max(max(pair) for pair in shares)
    names = [*_bin_names(drift.edges), "missing"]
    return tuple(
        Bar(
            left=place * BAR_WIDTH,
            before=BAR_HEIGHT * before / tallest,
            after=BAR_HEIGHT * after / tallest,
            label=f"{name}: {before:.1%} → {after:.1%}",
        )
        for place, (name, (before, after)) in enumerate(zip(names, shares, strict=True))
    )


def _bin_names(edges: Sequence[float]) -> list[str]:
    if not edges:
        return ["any value"]
    inner = [f"{_number(low)} to {_number(high)}" for low, high in pairwise(edges)]
    return [f"up to {_number(edges[0])}", *inner, f"above {_number(edges[-1])}"]


def _number(value: float) -> str:
    """A figure for reading: four significant digits, thousands set apart.

    Example:
        >>> _number(1234567.0), _number(0.01234), _number(float("nan"))
        ('1,234,567', '0.01234', 'none')
    """
    if math.isnan(value):
        return "none"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
