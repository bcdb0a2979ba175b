"""late(5) walking forward: ranking and statements month by month, calm months, and the way back after March 2020."""

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.models.aims import Line, figure
from benchmarks.models.kept import own_code
from benchmarks.models.late_months import GRACE, late_months
from benchmarks.models.paired import Pair, compared, interval_of
from benchmarks.models.perfect import calibration
from benchmarks.models.work import Work
from training.arrays import Flags, Floats
from training.fitting.shocks import shocks, weeks_of
from training.judging.bootstrap import RESAMPLES, customer_weights

MAKERS: Final = ("late_months", "quick", "extract")
CODE: Final = (*MAKERS, "late", "paired", "perfect")
SHAKEN: Final = np.array(["2020-02", "2020-03", "2020-04", "2020-05"], dtype="datetime64[M]")
"""Not calm, named by rule: the two months that were paid late, and the two that followed while outcomes matured."""
AFTER: Final = np.array(["2020-04", "2020-05", "2020-06", "2020-07"], dtype="datetime64[M]")
"""The months after March 2020 in which the return to calibration is judged."""
WHO: Final = ("ours", "theirs")
AIMS: Final = {"auc": 0.935, "average_precision": 0.68, "brier": 0.042}


def measure(work: Work) -> dict[str, Any]:
    """All figures, as plain values."""
    rows = work.kept.table("late", own_code(*MAKERS), lambda: late_months(work))
    pair = pair_of(rows)
    calm = pair.take(~np.isin(pair.months, SHAKEN))
    return {
        **compared(pair),
        "calm": {who: calibration(calm.bad, getattr(calm, who), calm.customers) for who in WHO},
        "after": back(pair.take(np.isin(pair.months, AFTER))),
        "hindsight": compared(replace(pair, ours=hindsight(rows), theirs=pair.ours)),
    }


def hindsight(rows: pa.Table) -> Floats:
    """What our walk would have stated had it known each week's own shift beforehand, shape (n,): no model can.

    Slope, common shift and the weeks' shifts are fitted on the very cases that judge, so that the figures of it are
    an upper end of what calendar effects could bring to the same ranking.
    """
    weeks = weeks_of(rows["matures_on"].to_numpy().astype("datetime64[D]"))
    customers = np.array(rows["customer_id"].to_pylist())
    return shocks(rows["bad"].to_numpy().astype(np.bool_), rows["raw"].to_numpy(), customers, weeks).shifted


def pair_of(rows: pa.Table) -> Pair:
    """Ours and theirs side by side."""
    return Pair(
        bad=rows["bad"].to_numpy().astype(np.bool_),
        ours=rows["ours"].to_numpy(),
        theirs=rows["theirs"].to_numpy(),
        customers=np.array(rows["customer_id"].to_pylist()),
        months=rows["month"].to_numpy().astype("datetime64[M]"),
    )


def back(pair: Pair, *, resamples: int = RESAMPLES) -> dict[str, Any]:
    """Mean over the months of the distance between what was stated and what came, of both and their difference.

    Args:
        pair: The cases of the months after the shock.
        resamples: How many resamples of the customers.
    """
    months = [pair.months == month for month in np.unique(pair.months)]
    one = np.ones((1, len(pair.bad)))
    point = [gap(stated, pair.bad, months, one) for stated in (pair.ours, pair.theirs)]
    drawn = [
        [gap(stated, pair.bad, months, weights) for stated in (pair.ours, pair.theirs)]
        for weights in customer_weights(pair.customers, resamples=resamples, seed=0)
    ]
    ours, theirs = (np.concatenate([step[at] for step in drawn]) for at in (0, 1))
    return {
        "ours": interval_of(float(point[0][0]), ours),
        "theirs": interval_of(float(point[1][0]), theirs),
        "difference": interval_of(float(point[0][0] - point[1][0]), ours - theirs),
    }


def gap(stated: Floats, bad: Flags, months: list[NDArray[np.bool_]], weights: Floats) -> Floats:
    """Mean over months of the distance between mean statement and rate, under every weighting, shape (r,)."""
    off = [weights[:, here] @ (stated[here] - bad[here]) / weights[:, here].sum(axis=1) for here in months]
    return np.asarray(np.abs(off).mean(axis=0))


def lines(found: dict[str, Any]) -> list[Line]:
    """What the aims say of it."""
    mean, pooled = found["mean_of_months"], found["pooled"]
    return [
        Line(
            f"late({GRACE}), {found['months'][0]['month']}..{found['months'][-1]['month']}, beside the quick model on "
            f"the same cases: {found['cases']} cases, {found['bad']} late",
            "",
        ),
        _wanted("  mean of the months' AUC at least", mean, "auc"),
        _wanted("  mean of the months' AP at least", mean, "average_precision"),
        _wanted("  pooled Brier at most", pooled, "brier"),
        _hindsight(found["hindsight"]),
        _calm(found["calm"]["ours"]),
        _after(found),
    ]


def _wanted(words: str, found: dict[str, Any], name: str) -> Line:
    ours, theirs, off = (found[who][name] for who in ("ours", "theirs", "difference"))
    reached = ours["value"] <= AIMS[name] if name == "brier" else ours["value"] >= AIMS[name]
    measured = f"{figure(ours)}; quick model {theirs['value']:.4f}, {figure(off, signed=True)}"
    return Line(f"{words} {AIMS[name]}", measured, reached)


def _hindsight(found: dict[str, Any]) -> Line:
    mean, pooled = found["mean_of_months"]["ours"], found["pooled"]["ours"]
    measured = (
        f"AUC {mean['auc']['value']:.4f}, AP {mean['average_precision']['value']:.4f}, Brier "
        f"{pooled['brier']['value']:.4f}: fitted on the cases that judge it"
    )
    return Line("  the same three, had each week's own shift been known beforehand, which no model can", measured)


def _calm(found: dict[str, Any]) -> Line:
    measured = (
        f"ECE {found['ece']:.4f}; a perfect model's up to {found['perfect_by_customer']:.4f} with customers hanging "
        f"together, {found['perfect_independent']:.4f} if not; stated {found['stated']:.4f}, came {found['came']:.4f}, "
        f"slope {found['slope']:.2f}"
    )
    return Line("  calm months (all but 2020-02..05) calibrated as a perfect model would be", measured, found["within"])


def _after(found: dict[str, Any]) -> Line:
    after, months = found["after"], {row["month"]: row for row in found["months"]}
    told = ", ".join(f"{month[5:]}: {_stated_and_came(months[month])}" for month in AFTER.astype(str).tolist())
    measured = (
        f"distance of stated from came, mean of 2020-04..07: {after['ours']['value']:.4f} against "
        f"{after['theirs']['value']:.4f} of the quick model refitted monthly, "
        f"{figure(after['difference'], signed=True)} (ours/quick/came {told})"
    )
    return Line("  after March 2020 a far faster return than monthly refits alone", measured, halved(after))


def _stated_and_came(row: dict[str, Any]) -> str:
    return "/".join(f"{value:.3f}" for value in (*(row[who]["mean_probability"] for who in WHO), row["came"]))


def halved(after: dict[str, Any]) -> bool:
    """Far faster: the distance is at most half of theirs, and the interval of the difference lies below 0."""
    return bool(after["ours"]["value"] <= after["theirs"]["value"] / 2 and after["difference"]["high"] < 0)
