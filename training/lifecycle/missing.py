"""Why a figure that a gate asks for does not exist, in words for whoever has to decide."""

from typing import Final

from training.fitting.fitted import Fitted
from training.judging.evaluation import Evaluation
from training.lifecycle.measures import Measures
from training.lifecycle.segments import to_rank

RANKING: Final = ("auc", "average_precision", "ks", "calibration_slope", "calibration_intercept")
"""Figures that need good and bad cases; both ends of their intervals are figures too."""
DIRECTIONS: Final = "monotone_violations"
LONGER: Final = "judge it by a longer period"
NOT_STATED: Final = "the version's record holds no such figure"


def why_missing(figure: str, fitted: Fitted, measures: Measures) -> str:
    """Why a figure of a model alone is missing, and what would mend it where that is known.

    Args:
        figure: Name of the figure, as gates name it.
        fitted: The model that lacks it.
        measures: From how many cases on a part of them counts.
    """
    if figure == DIRECTIONS:
        return _unprobed(fitted)
    if figure == "worst_segment_auc":
        return _unranked(fitted.evaluation, measures)
    if figure.startswith("segment_"):
        return f"{_no_part(fitted.evaluation, measures)}; {LONGER}"
    return _of_one_outcome(figure, fitted.evaluation) or NOT_STATED


def _unprobed(fitted: Fitted) -> str:
    if not any(fitted.spec.monotone):
        return "no direction is declared of any of its features, so that none could be probed; train it anew"
    return "the sketches of its features, from which probes are drawn, are not in its record; train it anew"


def _unranked(evaluation: Evaluation, measures: Measures) -> str:
    """The large part that lacks its ranking figure, or that there is no large one."""
    lacking = [part for part in to_rank(evaluation.segments, measures) if part.auc is None]
    if lacking:
        part = lacking[0]
        return f"{part.name} {part.value}, {part.n:,} cases of {evaluation.period}, has no ranking figure; {LONGER}"
    bad = measures.segment_bad
    return f"{_no_part(evaluation, measures)}, with {bad} bad and {bad} good ones among them; {LONGER}"


def _no_part(evaluation: Evaluation, measures: Measures) -> str:
    return f"no part of the {_cases(evaluation)} has {measures.segment_cases} cases"


def _of_one_outcome(figure: str, evaluation: Evaluation) -> str:
    """Why a figure that needs good and bad cases is missing; empty where that is not the reason."""
    base = figure.removesuffix("_low").removesuffix("_high")
    if base not in (*RANKING, "brier_skill") or 0 < evaluation.bad < evaluation.n:
        return ""
    kind = "bad" if evaluation.bad else "good"
    return f"all of the {_cases(evaluation)} came out {kind}, and it takes both kinds; {LONGER}"


def _cases(evaluation: Evaluation) -> str:
    """What judged a model.

    Example:
        >>> _cases(Evaluation("2024-12-01..2024-12-02", "2024-12-31", 1480, 0, 9, {}, (), ()))
        '1,480 cases of 2024-12-01..2024-12-02'
    """
    return f"{evaluation.n:,} cases of {evaluation.period}"
