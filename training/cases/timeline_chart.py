"""A picture of the splits: one row each, time from left to right, in colours that everybody can tell apart."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from training.cases.timeline import HELD_OUT, Line

# Okabe and Ito's palette, told apart by people who do not see red or green; hatches tell the parts apart in grey too.
LEARN: Final = "#0072B2"
JUDGE: Final = "#E69F00"
GAP: Final = "#D9D9D9"
LOOK: Final = "#BFDDF0"
WAIT: Final = "#FBE8C2"
AS_OF: Final = "#000000"
JUDGE_TEXT: Final = "#7A5200"
KNOWN: Final = "#CC79A7"
INK: Final = "#222222"
WIDTH: Final = 15.0
ROW: Final = 0.62
"""Inches."""
BAR: Final = 0.5
"""Height of a bar, as a part of its row."""


def draw(lines: Sequence[Line], path: Path) -> Path:
    """Draw the splits of models as PNG; equal splits give an equal picture.

    Args:
        lines: The splits, those of one model beside each other; at least one.
        path: Where the picture goes; its folder is made.

    Raises:
        ValueError: There is nothing to draw.
    """
    if not lines:
        raise ValueError("There is no split to draw: name at least one model.")
    models = list(dict.fromkeys(each.model for each in lines))
    rows = {model: [each for each in lines if each.model == model] for model in models}
    heights = [len(rows[model]) * ROW + 0.55 for model in models]
    figure = Figure(figsize=(WIDTH, sum(heights) + 1.5), dpi=110, layout="constrained")
    panels = figure.subplots(len(models), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for panel, model in zip(panels, models, strict=True):
        _panel(panel, rows[model])
    _time(panels[-1], lines)
    figure.suptitle(
        "What each model learns from, and what judges it", fontsize=14, fontweight="bold", x=0.01, ha="left"
    )
    figure.legend(handles=_legend(), loc="outside lower center", ncols=4, frameon=False, fontsize=9.5)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})
    return path


def _panel(panel: Any, rows: Sequence[Line]) -> None:
    first = rows[0]
    ever = "; some features look at the whole book" if first.looks_ever else ""
    panel.set_title(
        f"{first.model}: {first.target}   (features look back up to {first.lookback_days} days{ever}; "
        f"an outcome matures within {first.wait_days} days)",
        loc="left",
        fontsize=10.5,
        color=INK,
    )
    for place, row in enumerate(rows):
        _row(panel, row, place)
    panel.set_yticks(range(len(rows)), [_name(row) for row in rows], fontsize=9.5)
    panel.set_ylim(len(rows) - 0.4, -0.6)
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="x", color="#E5E5E5", linewidth=0.8)
    panel.set_axisbelow(True)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)


def _name(row: Line) -> str:
    words = row.split if row.split != "final" else "the model"
    return f"{words}\nas of {row.as_of:%Y-%m-%d}"


def _row(panel: Any, row: Line, place: int) -> None:
    """Lookback, learning, gap, judging and what is waited for, in one row; halves where customers are held out."""
    _bar(panel, row.looks_from, row.learnt.first, place, LOOK, height=BAR / 2)
    if row.how == HELD_OUT:
        _bar(panel, row.judged.last, row.judged.matured_on, place, WAIT, hatch="..")
        _bar(panel, row.learnt.first, row.learnt.last, place - BAR / 4, LEARN, height=BAR / 2)
        _bar(panel, row.judged.first, row.judged.last, place + BAR / 4, JUDGE, height=BAR / 2)
    else:
        _bar(panel, row.learnt.last, row.judged.first, place, GAP, hatch="//")
        _bar(panel, row.judged.last, row.judged.matured_on, place, WAIT, hatch="..")
        _bar(panel, row.learnt.first, row.learnt.last, place, LEARN)
        _bar(panel, row.judged.first, row.judged.last, place, JUDGE)
    panel.plot([row.as_of, row.as_of], [place - 0.36, place + 0.36], color=AS_OF, linewidth=2)
    panel.plot([row.known_on], [place], marker="D", color=KNOWN, markeredgecolor="white", markersize=8, zorder=5)
    _counts(panel, row, place)


def _bar(
    panel: Any, first: date, last: date, place: float, colour: str, *, hatch: str = "", height: float = BAR
) -> None:
    """A bar over whole days, the last one included; cohorts of a single day are drawn three days wide to be seen."""
    days = max((last - first).days + 1, 3)
    panel.barh(place, days, left=date2num(first), height=height, color=colour, hatch=hatch, edgecolor="white", lw=0.6)


def _counts(panel: Any, row: Line, place: int) -> None:
    """Counts of both sides to the right of the panel, each in the colour of its bar."""
    held_out = row.how == HELD_OUT
    apart = "all held out" if held_out else f"{row.held_out:,} of them new; gap {row.gap_days} days"
    lines = ((row.learnt, LEARN, "learns", -0.17, ""), (row.judged, JUDGE_TEXT, "judged", 0.17, f" ({apart})"))
    for side, colour, word, shift, more in lines:
        text = f"{word}: {side.cases:,} cases · {side.bad:,} bad · {side.customers:,} customers{more}"
        at = {"transform": panel.get_yaxis_transform(), "ha": "left", "va": "center"}
        panel.text(1.008, place + shift, text, fontsize=8.5, color=colour, clip_on=False, **at)


def _time(panel: Any, lines: Sequence[Line]) -> None:
    """The common axis of time."""
    first = min(row.looks_from for row in lines)
    last = max(max(row.judged.matured_on, row.known_on) for row in lines)
    panel.set_xlim(date2num(first) - 10, date2num(last) + 12)
    locator = AutoDateLocator(minticks=6, maxticks=14)
    panel.xaxis.set_major_locator(locator)
    panel.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    panel.set_xlabel("day on which a case is scored", fontsize=9.5)


def _legend() -> list[Any]:
    return [
        Patch(facecolor=LOOK, label="lookback of the first case's features"),
        Patch(facecolor=LEARN, label="cases to learn from (matured by as_of)"),
        Patch(facecolor=GAP, hatch="//", edgecolor="white", label="gap: not yet matured at as_of"),
        Patch(facecolor=JUDGE, label="cases that judge"),
        Patch(facecolor=WAIT, hatch="..", edgecolor="white", label="horizon: their outcomes mature"),
        Line2D([], [], color=AS_OF, linewidth=2, label="as_of: training's knowledge ends"),
        Line2D([], [], color=KNOWN, marker="D", linestyle="", markersize=8, label="known_on: outcomes read"),
    ]
