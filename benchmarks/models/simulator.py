"""On the simulator, where hazards are known: the error of our probabilities beside the least that any could have."""

from typing import Any, Final

import numpy as np
import pyarrow as pa

from benchmarks.models.aims import Line, figure
from benchmarks.models.best import best
from benchmarks.models.kept import own_code
from benchmarks.models.simulated import TARGETS, our_statements
from benchmarks.models.truth import differences, errors
from benchmarks.models.work import Work
from training.arrays import Floats

MAKERS: Final = ("simulated", "best")
CODE: Final = (*MAKERS, "simulator", "truth")
STATED: Final = ("true", "ours", "best", "best_of_half", "portfolio")


def measure(work: Work) -> dict[str, Any]:
    """All figures, as plain values."""
    return {target: _measured(work, target) for target in TARGETS}


def _measured(work: Work, target: str) -> dict[str, Any]:
    name = f"simulated-{target.split('(')[0]}"
    rows = work.kept.table(name, own_code(*MAKERS), lambda: _statements(work, target))
    every = {who: rows[who].to_numpy() for who in STATED}
    customers = np.array(rows["customer_id"].to_pylist())
    return judged(every, customers)


def _statements(work: Work, target: str) -> pa.Table:
    cases, many = our_statements(work, target)
    names = TARGETS[target].names
    told = {"best": best(many, cases, names, threads=work.threads)}
    told["best_of_half"] = best(many, cases, names, threads=work.threads, share=2)
    told["portfolio"] = np.full(cases.num_rows, many["true"].to_numpy().mean())
    kept = {name: cases[name] for name in ("customer_id", "true", "ours")}
    return pa.table(kept | {name: pa.array(values) for name, values in told.items()})


def judged(stated: dict[str, Floats], customers: Any) -> dict[str, Any]:
    """Errors of every way of stating, and ours less the best's, as plain values."""
    true = stated["true"]
    found: dict[str, Any] = {who: errors(stated[who], true, customers) for who in STATED[1:]}
    found["cases"], found["customers"] = len(true), len(np.unique(customers))
    found["ours_less_best"] = differences(stated["ours"], stated["best"], true, customers)
    found["explained"] = explained(found)
    return found


def explained(found: dict[str, Any]) -> float:
    """The share that ours tells of what features can tell, in squares: 1 is the best, 0 the portfolio's rate."""
    ours, least, most = (found[who]["brier_excess"]["value"] for who in ("ours", "best", "portfolio"))
    return float((most - ours) / (most - least))


def lines(found: dict[str, Any]) -> list[Line]:
    """What the aims say of it."""
    return [line for target, parts in found.items() for line in _lines(target, parts)]


def _lines(target: str, found: dict[str, Any]) -> list[Line]:
    ours, least, half = (found[who] for who in ("ours", "best", "best_of_half"))
    off = figure(found["ours_less_best"]["mean_absolute"], signed=True)
    return [
        Line(
            f"simulator, {target}: mean absolute error against the truth, {found['cases']} cases",
            f"{ours['mean_absolute']['value']:.4f}; best given the features {least['mean_absolute']['value']:.4f}, "
            f"ours less it {off}",
        ),
        Line("  log-odds, RMSE", f"{ours['rmse_log_odds']:.3f}; best {least['rmse_log_odds']:.3f}"),
        Line("  rank correlation with the truth", f"{ours['rank']:.3f}; best {least['rank']:.3f}"),
        Line(
            "  Brier above the truth's",
            f"{ours['brier_excess']['value']:.5f}; best {least['brier_excess']['value']:.5f} (of half the customers "
            f"{half['brier_excess']['value']:.5f}): {found['explained']:.0%} of what can be told is told",
        ),
    ]
