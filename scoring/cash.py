"""Cash expected from open invoices, week by week, with an interval that knows that invoices move together.

Three things make a week's cash differ from its mean: the luck of each customer, that of all invoices that fall due in
one week, and times that change after the model was learnt. The first two are drawn; the third cannot be drawn from
the model, and widens the interval by as much as the model's own past forecasts missed (`training.pay_time.past_cash`).
"""

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


@dataclass(frozen=True)
class CashWeek:
    """Cash of one week.

    Attributes:
        week: 0 for the first seven days.
        expected: Mean.
        low: Lower end of the interval.
        middle: Median of the drawn futures, from which the interval is widened; the mean may lie outside of it.
        high: Upper end.
    """

    week: int
    expected: float
    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class OpenItems:
    """Open invoices with their stated delays by week.

    Attributes:
        amounts: Shape (n,), what is still owed.
        clusters: Shape (n,), equal where invoices are paid together: those of one customer due on one day are.
        due_week: Shape (n,), week of the due date, counted from the day of scoring, negative when past due; invoices
            that are paid together are due together.
        by_week: Shape (n, weeks), probability of payment within each week from the day of scoring on.
    """

    amounts: Floats
    clusters: NDArray[Any]
    due_week: NDArray[np.int64]
    by_week: Floats

    def take(self, chosen: NDArray[Any]) -> "OpenItems":
        """The chosen items, by flags of shape (n,) or places of shape (m,)."""
        return OpenItems(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


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


def due_week(to_due: Floats) -> NDArray[np.int64]:
    """Week of each due date, counted from the day of scoring, shape (n,).

    Args:
        to_due: Days from the day of scoring to the due date, shape (n,).

    Example:
        >>> due_week(np.array([-1.0, 0.0, 6.0, 7.0])).tolist()
        [-1, 0, 0, 1]
    """
    return np.floor_divide(to_due, WEEK).astype(np.int64)


def cash(
    items: OpenItems,
    *,
    common: float,
    widened: float = 1.0,
    level: float = 0.8,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Sequence[CashWeek]:
    """Cash of each week: its mean, and an interval from drawn futures.

    In a drawn future every cluster of invoices has one luck, partly its own and partly that of the week in which it
    falls due (a one-factor Gaussian copula for each week), and its invoices are paid where that luck falls in
    their distributions.

    Args:
        items: Open invoices, one or more.
        common: Share of the variance of payment times that all invoices due in one week have in common, in [0, 1).
        widened: How many times as far from the middle as those of the drawn futures the ends lie, at least 1.
        level: Share of the futures inside the interval before it is widened, in (0, 1).
        draws: Number of futures.
        seed: Of the draws.

    Example:
        >>> sure = OpenItems(np.array([100.0]), np.array(["A"]), np.array([0]), np.array([[1.0, 0.0]]))
        >>> [(week.expected, week.low, week.high) for week in cash(sure, common=0.05, draws=10)]
        [(100.0, 100.0, 100.0), (0.0, 0.0, 0.0)]
    """
    futures = _futures(items, common, draws, np.random.default_rng(seed))
    drawn = np.quantile(futures, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
    wide = np.clip(drawn[1] + widened * (drawn - drawn[1]), 0.0, float(items.amounts.sum()))
    rows = np.column_stack([items.amounts @ items.by_week, wide.T]).tolist()
    return [CashWeek(week, *row) for week, row in enumerate(rows)]


def _futures(items: OpenItems, common: float, draws: int, rng: np.random.Generator) -> Floats:
    """Cash by drawn future and week, shape (draws, weeks)."""
    _, first, place = np.unique(items.clusters, return_index=True, return_inverse=True)
    due, of_week = np.unique(items.due_week[first], return_inverse=True)
    paid_by = np.cumsum(items.by_week, axis=1)
    weeks = items.by_week.shape[1]
    found = np.empty((draws, weeks))
    for draw in range(draws):
        of_all = rng.standard_normal(len(due))[of_week]
        luck = np.sqrt(common) * of_all + np.sqrt(1 - common) * rng.standard_normal(len(first))
        drawn = stats.norm.cdf(luck)[place]
        week = (paid_by < drawn[:, None]).sum(axis=1)
        found[draw] = np.bincount(week, items.amounts, minlength=weeks + 1)[:weeks]
    return found
