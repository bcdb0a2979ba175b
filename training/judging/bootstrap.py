"""Intervals from resampled customers.

The invoices of one customer share its habits, so that whole customers are drawn, with replacement, never
single cases. A paired difference uses the same draws for both models, and so leaves out what is common to both.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.arrays import Flags, Floats
from training.judging.evaluation import Interval
from training.judging.metrics import FIGURES, Scored, figures, scored

RESAMPLES: Final = 1_000
TAILS: Final = (2.5, 97.5)
# Keeps the working arrays of one step near 10 MB at 10,000 cases.
CELLS_AT_ONCE: Final = 1_000_000


def customer_weights(customers: NDArray[Any], *, resamples: int, seed: int) -> Iterator[Floats]:
    """How often each case counts in each resample of customers.

    Args:
        customers: Customer of each case, shape (n,).
        resamples: How many resamples in all.
        seed: Start of the random draws; equal seeds give equal draws.

    Yields:
        Weights, shape (some, n), whole numbers; together ``resamples`` rows.

    Example:
        >>> draws = np.vstack(list(customer_weights(np.array(["A", "A", "B"]), resamples=4, seed=1)))
        >>> bool((draws[:, 0] == draws[:, 1]).all()), draws[:, [0, 2]].sum(axis=1).tolist()
        (True, [2.0, 2.0, 2.0, 2.0])
    """
    names, place = np.unique(customers, return_inverse=True)
    random, chance = np.random.default_rng(seed), np.full(len(names), 1 / len(names))
    step = max(1, CELLS_AT_ONCE // len(customers))
    for start in range(0, resamples, step):
        drawn = random.multinomial(len(names), chance, size=min(step, resamples - start))
        yield drawn.astype(np.float64)[:, place]


def intervals(
    bad: Flags, probability: Floats, customers: NDArray[Any], *, resamples: int = RESAMPLES, seed: int = 0
) -> Mapping[str, Interval]:
    """Every figure with its 95 % interval.

    Args:
        bad: Whether each case turned out bad, shape (n,).
        probability: Stated probability, shape (n,), in [0, 1].
        customers: Customer of each case, shape (n,).
        resamples: How many resamples of the customers.
        seed: Start of the random draws.

    Returns:
        Figure by name. One that does not exist on these cases is absent.
    """
    cases = scored(bad, probability)
    drawn = _resampled([cases], customers, resamples, seed)[0]
    return _with_tails(figures(cases, np.ones((1, len(bad)))), drawn)


def paired_difference(
    bad: Flags, ours: Floats, theirs: Floats, customers: NDArray[Any], *, resamples: int = RESAMPLES, seed: int = 0
) -> Mapping[str, Interval]:
    """Our figure minus theirs on the same cases, with its 95 % interval from the same resamples of customers.

    Args:
        bad: Whether each case turned out bad, shape (n,).
        ours: Our probability, shape (n,), in [0, 1].
        theirs: The other's probability, shape (n,), in [0, 1].
        customers: Customer of each case, shape (n,).
        resamples: How many resamples of the customers.
        seed: Start of the random draws.
    """
    both = [scored(bad, ours), scored(bad, theirs)]
    drawn_ours, drawn_theirs = _resampled(both, customers, resamples, seed)
    one = np.ones((1, len(bad)))
    point = {name: figures(both[0], one)[name] - figures(both[1], one)[name] for name in FIGURES}
    return _with_tails(point, {name: drawn_ours[name] - drawn_theirs[name] for name in FIGURES})


def mean_interval(values: Floats, customers: NDArray[Any], *, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """Mean of a figure of each case, with its 95 % interval from resampled customers.

    Args:
        values: Shape (n,), finite; a paired difference case by case, for instance.
        customers: Customer of each case, shape (n,).
        resamples: How many resamples of the customers.
        seed: Start of the random draws.

    Example:
        >>> mean_interval(np.array([1.0, 1.0, 1.0]), np.array(["A", "A", "B"]), resamples=20)
        Interval(value=1.0, low=1.0, high=1.0)
    """
    return mean_intervals({"mean": values}, customers, resamples=resamples, seed=seed)["mean"]


def mean_intervals(
    values: Mapping[str, Floats], customers: NDArray[Any], *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Interval]:
    """Means of several figures of each case, each with its interval as from `mean_interval`, from the same resamples.

    Args:
        values: Figure by name, shape (n,) each, finite.
        customers: Customer of each case, shape (n,).
        resamples: How many resamples of the customers.
        seed: Start of the random draws.
    """
    steps = [
        [weights @ each / weights.sum(axis=1) for each in values.values()]
        for weights in customer_weights(customers, resamples=resamples, seed=seed)
    ]
    tails = [np.percentile(np.concatenate(drawn), TAILS) for drawn in zip(*steps, strict=True)]
    return {
        name: Interval(float(each.mean()), float(low), float(high))
        for (name, each), (low, high) in zip(values.items(), tails, strict=True)
    }


def _resampled(models: list[Scored], customers: NDArray[Any], resamples: int, seed: int) -> list[dict[str, Floats]]:
    """The figures of each model under every resample, by name, shape (resamples,)."""
    steps = [
        [figures(cases, weights) for cases in models]
        for weights in customer_weights(customers, resamples=resamples, seed=seed)
    ]
    return [
        {name: np.concatenate([step[place][name] for step in steps]) for name in FIGURES}
        for place in range(len(models))
    ]


def _with_tails(point: Mapping[str, Floats], drawn: Mapping[str, Floats]) -> dict[str, Interval]:
    """Intervals of the figures that exist; resamples with one outcome only are left out of the ranking ones."""
    found = {}
    for name in FIGURES:
        value = float(point[name][0])
        seen = drawn[name][np.isfinite(drawn[name])]
        if np.isfinite(value) and len(seen):
            low, high = np.percentile(seen, TAILS)
            found[name] = Interval(value, float(low), float(high))
    return found
