"""default(d, 180) walking forward, by ours and by the quick model, on the same customers and dates."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.models.extract import KNOWN_ON
from benchmarks.models.work import Work, say
from scoring.calibration import bounded, sigmoid
from training.arrays import Floats
from training.cases.cohort import month_firsts
from training.default_model import Default, labelled_defaults, task
from training.fitting.learn import Task
from training.fitting.walk import walk

HORIZON: Final = 180
FIRST: Final = date(2019, 1, 1)
"""The quick model has no case before it."""
LAST: Final = date(2020, 9, 1)
"""The last first of a month whose outcome had matured by the day of knowledge."""


def default_months(work: Work, dpd: int) -> pa.Table:
    """Every case that both state.

    Columns ``customer_id``, ``t`` and ``bad``; ``ours`` and ``theirs``, five seeds each, the same with ``_one_seed``,
    and ours before calibration, ``raw``.

    Args:
        work: The run.
        dpd: Days past due of the label.
    """
    months = month_firsts(FIRST, LAST)
    theirs = work.quick.default_by_month(dpd, months, horizon=HORIZON)
    both = our_months(work, dpd).merge(_plain(theirs), on=["customer_id", "t"], suffixes=("", "_theirs"))
    disagree = int((both["bad"] != both["bad_theirs"]).sum())
    say(f"default({dpd}, {HORIZON}): {len(both)} cases of both, outcomes differ in {disagree}")
    return pa.Table.from_pandas(both.assign(bad_theirs=both["bad_theirs"].astype(bool)), preserve_index=False)


def our_months(work: Work, dpd: int) -> pd.DataFrame:
    """Our walk forward, once with each seed of the recipe; `ours` is their mean in log-odds, as a release takes it.

    A customer may come back without a cure, as the quick model has it.
    """
    what = Default(dpd=dpd, horizon=HORIZON, cured_days=0)
    labelled = labelled_defaults(work.book, work.facts, what, LAST, say=say)
    months = [*month_firsts(FIRST, LAST), date(2020, 10, 1)]
    walks = [walk(one, labelled, months, KNOWN_ON, threads=work.threads, say=say) for one in _one_seed_each(task(what))]
    cases = walks[0].cases
    return pd.DataFrame(
        {
            "customer_id": cases.customer_ids.astype(str),
            "t": cases.at.astype("datetime64[D]").astype("datetime64[s]"),
            "bad": cases.bad,
            "ours": mean_in_log_odds([found.stated for found in walks]),
            "ours_one_seed": walks[0].stated,
            "raw": mean_in_log_odds([found.raw for found in walks]),
        }
    )


def _one_seed_each(whole: Task) -> list[Task]:
    return [replace(whole, recipe=replace(whole.recipe, seeds=(seed,))) for seed in whole.recipe.seeds]


def mean_in_log_odds(stated: Sequence[Floats]) -> Floats:
    """Probabilities of several models as one, shape (n,).

    Example:
        >>> mean_in_log_odds([np.array([0.2]), np.array([0.8])]).round(6).tolist()
        [0.5]
    """
    odds = [np.log(p) - np.log1p(-p) for p in map(bounded, stated)]
    return sigmoid(np.asarray(np.mean(odds, axis=0)))


def _plain(theirs: pd.DataFrame) -> pd.DataFrame:
    return theirs.assign(customer_id=theirs["customer_id"].astype(str), t=theirs["t"].astype("datetime64[s]"))
