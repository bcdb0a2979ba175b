"""default(60, 180) and default(90, 180): the gain over the quick model month by month, and whether the grades hold."""

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from benchmarks.models import grades
from benchmarks.models.aims import Line, figure
from benchmarks.models.default_months import HORIZON, default_months
from benchmarks.models.kept import own_code
from benchmarks.models.paired import Pair, compared
from benchmarks.models.perfect import calibration
from benchmarks.models.quick_early import default_months_early
from benchmarks.models.work import Work

DAYS_PAST_DUE: Final = (60, 90)
MAKERS: Final = ("default_months", "quick", "extract")
CODE: Final = (*MAKERS, "quick_early", "default", "paired", "perfect", "grades")


def measure(work: Work) -> dict[str, Any]:
    """All figures, as plain values."""
    return {str(dpd): _measured(_months(work, dpd)) | {"quick_as_early": _as_early(work, dpd)} for dpd in DAYS_PAST_DUE}


def _as_early(work: Work, dpd: int) -> dict[str, Any]:
    """Beside the quick model with cohorts as early as ours: on the same cases, and on those the recipe never saw."""
    rows = work.kept.table(
        f"default-early-{dpd}", own_code(*MAKERS, "quick_early"), lambda: default_months_early(work, dpd)
    )
    both = _months(work, dpd).to_pandas().merge(rows.to_pandas(), on=["customer_id", "t"], validate="one_to_one")
    pair = pair_of(pa.Table.from_pandas(both, preserve_index=False), "ours", "theirs_early")
    return {"all": compared(pair), "unseen": compared(pair.take(pair.months >= UNSEEN_FROM))}


def _months(work: Work, dpd: int) -> pa.Table:
    return work.kept.table(f"default-{dpd}", own_code(*MAKERS), lambda: default_months(work, dpd))


def _measured(rows: pa.Table) -> dict[str, Any]:
    pair = pair_of(rows, "ours", "theirs")
    how = pair.bad, pair.ours, pair.customers
    return {
        **compared(pair),
        "one_seed": compared(pair_of(rows, "ours_one_seed", "theirs_one_seed")),
        "grades": grades.judged(*how, pair.months, HORIZON),
        "calibration": calibration(*how),
        "unseen": compared(pair.take(pair.months >= UNSEEN_FROM)),
    }


UNSEEN_FROM: Final = np.datetime64("2019-11", "M")
"""The recipe was chosen on cohorts whose half-year was over by 2020-04-01; those from here on it has never seen."""


def pair_of(rows: pa.Table, ours: str, theirs: str) -> Pair:
    """Two columns of a walk side by side."""
    column = {name: rows[name].to_numpy() for name in ("bad", ours, theirs, "t")}
    return Pair(
        bad=column["bad"].astype(np.bool_),
        ours=column[ours],
        theirs=column[theirs],
        customers=np.array(rows["customer_id"].to_pylist()),
        months=column["t"].astype("datetime64[M]"),
    )


def lines(found: dict[str, Any]) -> list[Line]:
    """What the aims say of it."""
    return [line for dpd in found for line in (*_gains(dpd, found[dpd]), _grades(dpd, found[dpd]))]


def _gains(dpd: str, found: dict[str, Any]) -> list[Line]:
    months = found["months"]
    span = f"{months[0]['month']}..{months[-1]['month']}"
    pooled, mean = found["pooled"], found["mean_of_months"]
    size = f"{found['cases']} cases, {found['bad']} bad of {found['bad_customers']} customers"
    return [
        Line(f"default({dpd}, {HORIZON}) against the quick model, {span}, {size}", ""),
        _gain("  AUC, all months together", pooled, "auc", +1),
        _gain("  AP, all months together", pooled, "average_precision", +1),
        _gain("  Brier, all months together", pooled, "brier", -1),
        _gain("  AUC, mean of the months", mean, "auc", +1),
        _gain("  AP, mean of the months", mean, "average_precision", +1),
        *_checks(found),
    ]


def _checks(found: dict[str, Any]) -> list[Line]:
    """What the gain rests on; no aim, and no verdict."""
    early = found["quick_as_early"]
    asked = {
        f"  AUC, months from {UNSEEN_FROM} on, which the recipe never saw": found["unseen"],
        "  AUC, the quick model given cohorts as early as ours": early["all"],
        f"  the same, months from {UNSEEN_FROM} on": early["unseen"],
    }
    return [replace(_gain(words, figures["pooled"], "auc", +1), reached=None) for words, figures in asked.items()]


def _gain(aim: str, found: dict[str, Any], name: str, better: int) -> Line:
    ours, theirs, off = (found[who][name] for who in ("ours", "theirs", "difference"))
    excludes_zero = min(better * off["low"], better * off["high"]) > 0
    measured = f"{ours['value']:.4f} against {theirs['value']:.4f}, {figure(off, signed=True)}"
    return Line(f"{aim}: gain whose interval excludes 0", measured, excludes_zero)


def _grades(dpd: str, found: dict[str, Any]) -> Line:
    told = "; ".join(f"{words} {_failing(found['grades'][name])}" for name, words in COUNTED.items())
    return Line(
        f"  grades of default({dpd}, {HORIZON}) pass Jeffreys family-wise", told, found["grades"][VERDICT]["passed"]
    )


VERDICT: Final = "customers_count"
COUNTED: Final = {
    "customers_count": "customers count:",
    "half_years_apart": "half-years apart:",
    "cases_count": "every row a case:",
}


def _failing(verdict: dict[str, Any]) -> str:
    rows = verdict["grades"]
    told = [f"{words} {_named(rows, words)}" for words in ("understates", "overstates")]
    return f"of {len(rows)} grades " + ", ".join(told)


def _named(rows: list[dict[str, Any]], words: str) -> str:
    wrong = [row for row in rows if row[words]]
    return ", ".join(f"{row['grade']} ({row['stated']:.4f} for {row['rate']:.4f})" for row in wrong) or "none"
