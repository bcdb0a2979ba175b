"""Whether reasons stay the same when nothing of note has changed: every known fact moved by up to 1 %."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring.model import ReleasedModel
from scoring.reason_codes import ReasonCodes
from training.arrays import Floats
from training.judging.bootstrap import mean_intervals
from training.judging.evaluation import Interval

STEP: Final = 0.01
MOST_CASES: Final = 2_000
"""So many cases, evenly spread, fix the shares to two digits."""


def steadiness(
    model: ReleasedModel, matrix: Floats, customers: NDArray[Any], *, step: float = STEP, seed: int = 0
) -> dict[str, Interval]:
    """How much of the reasons is kept when every known fact is moved a little, each on its own.

    Args:
        model: The model.
        matrix: Shape (n, k), facts in the model's order, NaN where not known; missing facts stay missing.
        customers: Customer of each case, shape (n,).
        step: Largest move, as a share of the fact.
        seed: Of the moves.

    Returns:
        ``first_reason_kept``, the share of cases whose weightiest reason is of the same group, and ``reasons_kept``,
        the mean share of groups that are cited both times of those cited at all. Cases without a reason at either time
        are left out; nothing where none has one.
    """
    chosen = np.unique(np.linspace(0, len(matrix) - 1, min(MOST_CASES, len(matrix))).round().astype(np.intp))
    rows = matrix[chosen]
    moved = rows * (1 + np.random.default_rng(seed).uniform(-step, step, rows.shape))
    before, after = _groups(model, rows), _groups(model, moved)
    told = [place for place, pair in enumerate(zip(before, after, strict=True)) if pair[0] or pair[1]]
    if not told:
        return {}
    shares = {
        "first_reason_kept": np.array([_first_kept(before[at], after[at]) for at in told]),
        "reasons_kept": np.array([_kept(before[at], after[at]) for at in told]),
    }
    return mean_intervals(shares, customers[chosen][told])


def _groups(model: ReleasedModel, rows: Floats) -> list[list[str]]:
    """Prefixes of each case's codes, R-PAY of R-PAY-07, which name the groups; the weightiest first."""
    coded = ReasonCodes(model.spec).of(rows, model.contributions(rows)).codes
    return [["-".join(code.split("-")[:2]) for code in codes if code is not None] for codes in coded]


def _first_kept(before: list[str], after: list[str]) -> float:
    """1 or 0.

    Example:
        >>> _first_kept(["R-PAY", "R-OPEN"], ["R-PAY"]), _first_kept(["R-PAY"], [])
        (1.0, 0.0)
    """
    return float(before[:1] == after[:1])


def _kept(before: list[str], after: list[str]) -> float:
    """Share of the groups cited at all that are cited both times.

    Example:
        >>> _kept(["R-PAY", "R-OPEN"], ["R-OPEN", "R-PAY", "R-SIZE"]) == 2 / 3
        True
    """
    return len({*before} & {*after}) / len({*before} | {*after})
