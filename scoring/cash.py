"""Cash expected from open invoices, week by week, with an interval that knows that invoices move together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from scoring.pay_time import PayTimes

Floats = NDArray[np.float64]

WEEK: Final = 7
DRAWS: Final = 1_000
SEED: Final = 17
COMMON: Final = 0.05
"""Share of the variance of payment times that all customers have in common, a declared value: in a bad week everyone
is late. Bank regulation takes 0.03 to 0.24 for the defaults of firms and households (CRR Art. 153 and 154)."""


@dataclass(frozen=True)
class CashWeek:
    """Cash of one week.

    Attributes:
        week: 0 for the first seven days.
        expected: Mean.
        low: Lower end of the interval.
        high: Upper end.
    """

    week: int
    expected: float
    low: float
    high: float


@dataclass(frozen=True)
class OpenItems:
    """Open invoices with their stated delays by week.

    Attributes:
        amounts: Shape (n,), what is still owed.
        clusters: Shape (n,), equal where invoices are paid together: those of one customer due on one day are.
        by_week: Shape (n, weeks), probability of payment within each week from the day of scoring on.
    """

    amounts: Floats
    clusters: NDArray[Any]
    by_week: Floats


def by_week(times: PayTimes, to_due: Floats, weeks: int) -> Floats:
    """Probability that each invoice is paid within each week from the day of scoring on, shape (n, weeks).

    Args:
        times: Their delays.
        to_due: Days from the day of scoring to the due date, shape (n,).
        weeks: How many, at least 1.

    Example:
        >>> times = PayTimes(np.array([0, 3, 9]), np.array([[0.5, 0.2, 0.2]]))
        >>> by_week(times, np.array([2.0]), 2).tolist()  # paid in 2, 5 or 11 days
        [[0.7, 0.2]]
    """
    week = (to_due[:, None] + times.days[None, :]) // WEEK
    return np.column_stack([np.where(week == number, times.mass, 0.0).sum(axis=1) for number in range(weeks)])


def joined(parts: Iterable[OpenItems]) -> OpenItems:
    """All parts as one."""
    every = list(parts)
    return OpenItems(
        *(np.concatenate([getattr(part, name) for part in every]) for name in OpenItems.__dataclass_fields__)
    )


def cash(
    items: OpenItems, *, level: float = 0.8, common: float = COMMON, draws: int = DRAWS, seed: int = SEED
) -> Sequence[CashWeek]:
    """Cash of each week: its mean, and an interval from drawn futures.

    In a drawn future every cluster of invoices has one luck, partly its own and partly that of the week's business as
    a whole (a one-factor Gaussian copula), and its invoices are paid where that luck falls in their distributions.

    Args:
        items: Open invoices, one or more.
        level: Share of the futures inside the interval, in (0, 1).
        common: Share of the variance that is common to all, in [0, 1).
        draws: Number of futures.
        seed: Of the draws.

    Example:
        >>> sure = OpenItems(np.array([100.0]), np.array(["A"]), np.array([[1.0, 0.0]]))
        >>> [(week.expected, week.low, week.high) for week in cash(sure, draws=10)]
        [(100.0, 100.0, 100.0), (0.0, 0.0, 0.0)]
    """
    futures = _futures(items, common, draws, np.random.default_rng(seed))
    low, high = np.quantile(futures, [(1 - level) / 2, (1 + level) / 2], axis=0)
    expected = items.amounts @ items.by_week
    return [CashWeek(week, float(expected[week]), float(low[week]), float(high[week])) for week in range(len(expected))]


def _futures(items: OpenItems, common: float, draws: int, rng: np.random.Generator) -> Floats:
    """Cash by drawn future and week, shape (draws, weeks)."""
    clusters, place = np.unique(items.clusters, return_inverse=True)
    paid_by = np.cumsum(items.by_week, axis=1)
    weeks = items.by_week.shape[1]
    found = np.empty((draws, weeks))
    for draw in range(draws):
        luck = np.sqrt(common) * rng.standard_normal() + np.sqrt(1 - common) * rng.standard_normal(len(clusters))
        drawn = stats.norm.cdf(luck)[place]
        week = (paid_by < drawn[:, None]).sum(axis=1)
        found[draw] = np.bincount(week, items.amounts, minlength=weeks + 1)[:weeks]
    return found
