"""Whether a model holds up in every part of the cases that is large enough to tell."""

from collections.abc import Sequence
from typing import Final

from training.judging.evaluation import Segment
from training.judging.rates import rate_interval
from training.judging.segments import TOO_FEW
from training.lifecycle.measures import Measures

DOUBT: Final = 0.05
"""Chance that one interval or more of all segments together misses a true rate (Bonferroni)."""


def segment_figures(segments: Sequence[Segment], measures: Measures) -> dict[str, float | None]:
    """The worst segment in each respect; None where no segment is large enough, or a large one lacks its figure.

    Args:
        segments: Parts of the cases, with their figures.
        measures: Which of them are large enough.

    Returns:
        ``worst_segment_auc``: the lowest AUC. ``segment_understated``: the largest ratio of the lower end of a
        segment's observed rate to its mean stated probability; above 1 more happened than was stated, beyond chance.
        ``segment_overstated``: the largest ratio of the mean stated probability to the upper end of the rate. The
        intervals are Jeffreys', jointly at 95 %, and take the cases of one customer as hanging together.

    Example:
        >>> good = Segment("month", "2024-05", 500, 100, 0.2, 0.8)
        >>> bad = Segment("month", "2024-06", 500, 100, 0.1, 0.6)
        >>> found = segment_figures([good, bad], Measures())
        >>> found["worst_segment_auc"], round(found["segment_understated"], 2)
        (0.6, 1.62)
    """
    large = _large(segments, measures)
    return {
        "worst_segment_auc": _worst_auc(to_rank(segments, measures)),
        "segment_understated": max((low / stated for low, _, stated in _rates(large)), default=None),
        "segment_overstated": max((stated / high for _, high, stated in _rates(large)), default=None),
    }


def to_rank(segments: Sequence[Segment], measures: Measures) -> list[Segment]:
    """The parts that a model must be able to rank: large, with enough bad and good cases, of enough customers."""
    # A part whose bad cases are of too few customers says so; it has no AUC that could be trusted.
    return [
        part
        for part in _large(segments, measures)
        if min(part.bad, part.n - part.bad) >= measures.segment_bad and part.note != TOO_FEW
    ]


def _large(segments: Sequence[Segment], measures: Measures) -> list[Segment]:
    return [part for part in segments if part.n >= measures.segment_cases]


def _worst_auc(parts: Sequence[Segment]) -> float | None:
    found = [part.auc for part in parts]
    known = [auc for auc in found if auc is not None]
    return min(known) if known and len(known) == len(found) else None


def _rates(parts: Sequence[Segment]) -> list[tuple[float, float, float]]:
    """Both ends of each part's rate, and its mean stated probability, which is never 0."""
    level = 1 - DOUBT / max(len(parts), 1)
    return [(*_ends(part, level), part.mean_probability) for part in parts if part.mean_probability]


def _ends(part: Segment, level: float) -> tuple[float, float]:
    """Jeffreys interval of a part's rate; bad cases count as much as there are customers behind them, where told."""
    return rate_interval(part.n, part.bad, part.bad_customers, level)
