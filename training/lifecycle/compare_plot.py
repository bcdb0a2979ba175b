"""A comparison as a picture: what each figure gains, and both models' stated probabilities against outcomes."""

from pathlib import Path
from typing import Any, Final

from training.judging.evaluation import Evaluation
from training.judging.rates import rate_interval
from training.lifecycle.compare import Comparison

WORDS: Final = {
    "auc": "AUC", "average_precision": "Average precision", "ks": "KS", "brier": "Brier (turned)",
    "ece": "Calibration error (turned)",
}  # fmt: skip
COLOURS: Final = {"champion": "#4c6a92", "challenger": "#c1622d"}


def draw(comparison: Comparison, path: Path) -> Path:
    """Write the picture as PNG.

    Args:
        comparison: What is drawn.
        path: Where; its folder is made.

    Returns:
        The path.
    """
    from matplotlib.figure import Figure  # late: it takes a second to import

    figure = Figure(figsize=(11, 4.6), dpi=120, layout="constrained")
    left, right = figure.subplots(1, 2)
    _gains(left, comparison)
    _reliability(right, comparison)
    evaluation = comparison.of_champion
    figure.suptitle(
        f"{comparison.name}: challenger v{comparison.challenger} against champion v{comparison.champion}, "
        f"{evaluation.n:,} cases of {evaluation.customers:,} customers, {evaluation.period}"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})
    return path


def _gains(axes: Any, comparison: Comparison) -> None:
    gains = comparison.gains
    for place, (name, gain) in enumerate(reversed(gains.items())):
        colour = "#2a7f46" if gain.low > 0 else "#b3261e" if gain.high < 0 else "#777777"
        axes.plot([gain.low, gain.high], [place, place], color=colour, linewidth=3, solid_capstyle="round")
        axes.plot([gain.value], [place], "o", color=colour)
        axes.annotate(f"{gain.value:+.4f}", (gain.value, place), xytext=(0, 8), textcoords="offset points", ha="center")
        axes.text(-0.02, place, WORDS[name], transform=axes.get_yaxis_transform(), ha="right", va="center")
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks([])
    axes.set_ylim(-0.6, len(gains) - 0.3)
    axes.set_xlabel("gain of the challenger, right is better (95 % interval, customers resampled)")


def _reliability(axes: Any, comparison: Comparison) -> None:
    for name, evaluation in (("champion", comparison.of_champion), ("challenger", comparison.of_challenger)):
        _line(axes, name, evaluation)
    top = max(axes.get_xlim()[1], axes.get_ylim()[1])
    axes.plot([0, top], [0, top], color="black", linewidth=0.8, linestyle=":")
    axes.set_xlabel("stated probability, mean of each tenth of the cases")
    axes.set_ylabel("observed rate, 95 % interval")
    axes.legend(frameon=False)


def _line(axes: Any, name: str, evaluation: Evaluation) -> None:
    bins = evaluation.reliability
    ends = [rate_interval(row.n, row.bad) for row in bins]
    errors = [[row.rate - end[0] for row, end in zip(bins, ends, strict=True)],
              [end[1] - row.rate for row, end in zip(bins, ends, strict=True)]]  # fmt: skip
    axes.errorbar(
        [row.mean_probability for row in bins],
        [row.rate for row in bins],
        yerr=errors,
        fmt="o-",
        color=COLOURS[name],
        label=name,
        capsize=2,
        linewidth=1,
        markersize=4,
    )
