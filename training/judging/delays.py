"""How stated delays did: CRPS, randomised PIT, coverage of intervals."""

from typing import Final

import numpy as np

from scoring.pay_time import PayTimes
from training.arrays import Flags, Floats

SEED: Final = 11


UNTIL: Final = 60
"""Delays are judged up to here, days: cases matured so far have all been seen to the end."""


def crps(times: PayTimes, delay: Floats, *, until: int = UNTIL) -> Floats:
    """Continuous ranked probability score of each case, days: 0 is a sure and right statement.

    The sum over days of the squared difference between the stated probability of "paid by that day" and whether it
    was. For a statement of one day it is the absolute error.

    Args:
        times: Stated delays of n invoices.
        delay: What they were, shape (n,), days; infinite if not paid.
        until: Days past due up to which is summed, so that all cases are seen equally long.

    Source:
        Gneiting, Raftery (2007), Journal of the American Statistical Association 102.

    Example:
        >>> sure = PayTimes(np.arange(0, 5), np.array([[0.0, 1.0, 0.0, 0.0, 0.0]]))
        >>> crps(sure, np.array([3.0])).tolist()
        [2.0]
    """
    seen = times.days <= until
    by_then = np.cumsum(times.mass, axis=1)[:, seen]
    was = delay[:, None] <= times.days[None, seen]
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


def covered(times: PayTimes, delay: Floats, level: float | None = None) -> Flags:
    """Whether each delay fell into its interval, shape (n,); see `PayTimes.interval`."""
    low, high = times.interval(level)
    return np.asarray((delay >= low) & (delay <= high), dtype=np.bool_)
