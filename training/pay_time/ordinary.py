"""How much each case counts for delays as they come in ordinary weeks, so that a shock is not learnt as the normal."""

import zlib
from dataclasses import dataclass, replace
from typing import Any, Final

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from scoring.calibration import sigmoid
from scoring.pay_time import COMMON, TO_DUE
from training.arrays import Flags, Floats
from training.fitting.fit import Recipe, parameters
from training.fitting.shocks import shocks, weeks_of
from training.pay_time.waiting import Waiting

GRACE: Final = 5
"""A week is judged by how many of the invoices that fell due in it were paid so many days late or later."""
GROUPS: Final = 3
FEWEST_BAD: Final = 30
"""With fewer late invoices to learn from, all cases of a group are taken to be alike."""


@dataclass(frozen=True)
class Weeks:
    """What single weeks had of their own, for the learning of delays.

    Attributes:
        weights: How much each case counts, shape (n,): 1 where its invoice's outcome is not known, or its week was
            like most.
        common: Share of the variance of lateness that all invoices due in one week have in common, in [0, 1).
    """

    weights: Floats
    common: float


def told_apart(cases: Waiting, recipe: Recipe, *, threads: int) -> Weeks:
    """Ordinary weeks and others.

    Invoices are told apart by trees that saw other customers alone; what a week of due dates then has more or fewer
    late ones than they foresaw, around what all weeks share, is its shock (`training.fitting.shocks`). An invoice's
    weight is that of its outcome, for its case at issue and for those on later days alike.

    Args:
        cases: The cases to learn from.
        recipe: How the hazards' trees are grown; these are fewer and smaller.
        threads: LightGBM's threads.
    """
    told = cases.take(cases.at_issue & _is_known(cases))
    bad = late(told)
    if not bad.any() or bad.all():
        return Weeks(np.ones(len(cases)), COMMON)
    stated = _stated(told, bad, replace(recipe, trees=recipe.trees // 2, leaves=7), threads)
    found = shocks(bad, stated, told.customer_ids, weeks_of(told.due_on))
    weight = dict(zip(told.invoice_ids.tolist(), found.weights(bad).tolist(), strict=True))
    return Weeks(np.array([weight.get(invoice, 1.0) for invoice in cases.invoice_ids.tolist()]), found.common)


def late(cases: Waiting) -> Flags:
    """Whether each invoice was late by the grace, shape (n,); True as well where it is unpaid."""
    return np.asarray(np.isnan(cases.delay) | (cases.delay >= GRACE), dtype=np.bool_)


def _is_known(cases: Waiting) -> Flags:
    return np.asarray(~np.isnan(cases.delay) | (cases.censored_after >= GRACE - 1), dtype=np.bool_)


def _stated(cases: Waiting, bad: Flags, recipe: Recipe, threads: int) -> Floats:
    """Probability of lateness of each invoice by trees that saw the customers of the other groups, shape (n,)."""
    rows = np.column_stack([cases.matrix, cases.to_due])
    group = np.array([zlib.crc32(str(customer).encode()) % GROUPS for customer in cases.customer_ids.tolist()])
    found = np.full(len(cases), float(bad.mean()))
    for out in range(GROUPS):
        seen, here = group != out, group == out
        if here.any() and min(int(bad[seen].sum()), int((~bad[seen]).sum())) >= FEWEST_BAD:
            found[here] = _grown(rows[seen], bad[seen], [*cases.names, TO_DUE], recipe, threads)(rows[here])
    return found


def _grown(rows: Floats, bad: Flags, names: list[str], recipe: Recipe, threads: int) -> Any:
    data = lgb.Dataset(
        rows,
        bad.astype(np.float64),
        feature_name=names,
        params={"feature_pre_filter": False, "verbosity": -1, "num_threads": threads},
    )
    asked = parameters(recipe, monotone=[0] * len(names), threads=threads, seed=recipe.seeds[0])
    booster = lgb.train(asked, data, recipe.trees)

    def stated(matrix: NDArray[Any]) -> Floats:
        return sigmoid(np.asarray(booster.predict(matrix, raw_score=True, num_threads=threads), dtype=np.float64))

    return stated
