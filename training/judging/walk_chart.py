"""A walk forward as a picture: how well each month was ranked, and what was stated beside what came."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from training.arrays import Floats
from training.judging.evaluation import Bin
from training.judging.rates import rate_interval


def draw_walk(
    path: Path,
    title: str,
    months: Sequence[date],
    figures: Sequence[dict[str, float]],
    counts: Sequence[tuple[int, int]],
) -> Path:
    """Draw the months.

    Args:
        path: PNG to write.
        title: What was walked.
        months: First of each month.
        figures: Figures of each month, as `training.judging.metrics.measured` gives them.
        counts: Cases and bad ones of each month.

    Returns:
        The path.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    at = np.arange(len(months))
    for name, words, colour, marker in (
        ("auc", "area under the ROC curve", "#0072b2", "o"),
        ("average_precision", "average precision", "#d55e00", "s"),
    ):
        upper.plot(at, _column(figures, name), color=colour, marker=marker, label=words)
    upper.set_ylim(0, 1)
    upper.set_ylabel("ranking, 1 is perfect")
    upper.legend(loc="lower left")
    upper.set_title(title)
    rate, low, high = _rates(counts)
    lower.errorbar(
        at, rate, yerr=[rate - low, high - rate], color="#000000", marker="o", capsize=3, label="came (95 % Jeffreys)"
    )
    lower.plot(at, _column(figures, "mean_probability"), color="#009e73", marker="^", label="stated, mean")
    lower.set_ylim(bottom=0)
    lower.set_ylabel("share of bad cases")
    lower.legend(loc="upper left")
    lower.set_xticks(at, [month.strftime("%Y-%m") for month in months], rotation=60, ha="right")
    for axis in (upper, lower):
        axis.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    return path


def _column(figures: Sequence[dict[str, float]], name: str) -> Floats:
    return np.array([month.get(name, np.nan) for month in figures])


def _rates(counts: Sequence[tuple[int, int]]) -> tuple[Floats, Floats, Floats]:
    rows = [Bin(low=0.0, high=1.0, n=n, bad=bad, mean_probability=0.0) for n, bad in counts]
    ends = [rate_interval(row.n, row.bad) for row in rows]
    return (
        np.array([row.rate for row in rows]),
        np.array([low for low, _ in ends]),
        np.array([high for _, high in ends]),
    )
