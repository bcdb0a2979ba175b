"""How stated delays did: CRPS, randomised PIT, coverage of intervals."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring.pay_time import PayTimes
from training.arrays import Flags, Floats

SEED: Final = 11


def crps(times: PayTimes, delay: Floats) -> Floats:
    """Continuous ranked probability score of each case, days: 0 is a sure and right statement.

    The sum over days of the squared difference between the stated probability of "paid by that day" and whether it
    was. For a statement of one day it is the absolute error.

    Args:
        times: Stated delays of n invoices.
        delay: What they were, shape (n,), days; beyond the last day counts as after it.

    Source:
        Gneiting, Raftery (2007), Journal of the American Statistical Association 102.

    Example:
        >>> sure = PayTimes(np.arange(0, 5), np.array([[0.0, 1.0, 0.0, 0.0, 0.0]]))
        >>> crps(sure, np.array([3.0])).tolist()
        [2.0]
    """
    by_then = np.cumsum(times.mass, axis=1)
    was = delay[:, None] <= times.days[None, :]
    found: Floats = ((by_then - was) ** 2).sum(axis=1)
    return found


def randomised_pit(times: PayTimes, delay: Floats, *, seed: int = SEED) -> Floats:
    """Where each outcome fell in its stated distribution, shape (n,), in [0, 1]; even if the statements are right.

    A delay of one day carries a lump of probability; the value is drawn evenly within the lump.

    Args:
        times: Stated delays.
        delay: What they were, shape (n,).
        seed: Of the draws.

    Source:
        Czado, Gneiting, Held (2009), Biometrics 65.
    """
    by_then = np.column_stack([np.zeros(len(delay)), np.cumsum(times.mass, axis=1)])
    places = np.searchsorted(times.days, delay, side="left")
    inside = (places < len(times.days)) & (times.days[np.minimum(places, len(times.days) - 1)] == delay)
    row = np.arange(len(delay))
    low = by_then[row, places]
    high = np.where(inside, by_then[row, np.minimum(places + 1, len(times.days))], np.where(places > 0, 1.0, 0.0))
    drawn = np.random.default_rng(seed).random(len(delay))
    found: Floats = low + drawn * np.maximum(high - low, 0.0)
    return found


def pit_distance(pit: Floats, bins: int = 10) -> float:
    """Mean distance of the bins' shares from even, as a share of even; 0 is even.

    Example:
        >>> pit_distance(np.arange(0.05, 1, 0.1))
        0.0
    """
    shares = np.histogram(pit, bins=bins, range=(0, 1))[0] / len(pit) * bins
    return float(np.abs(shares - 1).mean())


def covered(times: PayTimes, delay: Floats, level: float = 0.8) -> Flags:
    """Whether each delay fell into its interval, shape (n,); see `PayTimes.interval`."""
    low, high = times.interval(level)
    return np.asarray((delay >= low) & (delay <= high), dtype=np.bool_)


@dataclass(frozen=True)
class OwnDelays:
    """What each customer's own past says: the delays of its invoices that were settled before.

    Attributes:
        days: Shape (d,), the delays that a statement may name.
        least: With fewer settled invoices the portfolio's delays stand in.
    """

    days: NDArray[np.int64]
    least: int = 3

    def stated(self, customers: NDArray[Any], at: NDArray[Any], past: "Past") -> PayTimes:
        """The empirical distribution of every case.

        Args:
            customers: Customer of each case, shape (n,).
            at: Day of each case, shape (n,), datetime64[D]; only what was settled before counts.
            past: Settled invoices.
        """
        mass = np.array([self._one(customer, day, past) for customer, day in zip(customers, at, strict=True)])
        return PayTimes(self.days, mass)

    def _one(self, customer: Any, day: Any, past: "Past") -> Floats:
        mine = (past.customers == customer) & (past.settled_on < day)
        used = mine if mine.sum() >= self.least else past.settled_on < day
        delays = np.clip(past.delay[used], self.days[0], self.days[-1])
        counted = np.bincount((delays - self.days[0]).astype(np.int64), minlength=len(self.days))
        return np.asarray(counted / max(counted.sum(), 1), dtype=np.float64)


@dataclass(frozen=True)
class Past:
    """Settled invoices.

    Attributes:
        customers: Shape (m,).
        settled_on: Shape (m,), datetime64[D].
        delay: Shape (m,), days.
    """

    customers: NDArray[Any]
    settled_on: NDArray[Any]
    delay: Floats
