"""Everyone pays as on average: one distribution of delays for the whole portfolio, from what was known on a day."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.pay_time import END, STARTS, PayTimes
from training.arrays import Floats


@dataclass(frozen=True)
class AverageDelays:
    """The portfolio's delays.

    Attributes:
        days: Shape (d,), delays, rising.
        mass: Shape (d,), share of the invoices that are paid with each; what is missing to 1 is not paid within a year.
    """

    days: NDArray[np.int64]
    mass: Floats

    def waiting(self, to_due: Floats) -> PayTimes:
        """The delays of invoices that are still unpaid, shape (n, d): what is past is left out, the rest made whole.

        Args:
            to_due: Days from the day of scoring to the due date, shape (n,), negative when past due.

        Example:
            >>> average = AverageDelays(np.array([-1, 0, 5]), np.array([0.2, 0.6, 0.1]))
            >>> average.waiting(np.array([-1.0])).mass.round(6).tolist()  # a day past due: 0.1 of the 0.2 left
            [[0.0, 0.0, 0.5]]
        """
        ahead = self.days[None, :] >= -to_due[:, None]
        left = np.where(ahead, self.mass, 0.0)
        unpaid = 1 - np.where(ahead, 0.0, self.mass).sum(axis=1, keepdims=True)
        return PayTimes(self.days, np.divide(left, unpaid, out=np.zeros_like(left), where=unpaid > 1e-12))


def average_delays(delay: Floats, censored_after: Floats, *, days: Sequence[int] | None = None) -> AverageDelays:
    """The portfolio's delays with open invoices counted as long as they were seen (Kaplan and Meier).

    Args:
        delay: Days from due date to settlement, shape (n,), NaN while open.
        censored_after: The last delay on which it was known whether an invoice was paid, shape (n,).
        days: Delays that may be named; those of the time-to-pay model unless given.

    Source:
        Kaplan, Meier (1958), Journal of the American Statistical Association 53.

    Example:
        >>> seen = average_delays(np.array([0, 0, 2, np.nan]), np.array([9, 9, 9, 1]), days=range(0, 4))
        >>> seen.mass.round(6).tolist()  # 2 of 4 on day 0; the open one was seen to day 1; 1 of 1 left on day 2
        [0.5, 0.0, 0.5, 0.0]
    """
    named = np.arange(STARTS[0], END) if days is None else np.array(days)
    paid = np.maximum(delay, named[0])
    lasts = np.where(np.isnan(delay), censored_after, paid)
    alive, mass = 1.0, np.zeros(len(named))
    for place, day in enumerate(named):
        at_risk = int((lasts >= day).sum())
        share = int((paid == day).sum()) / at_risk if at_risk else 0.0
        mass[place] = alive * share
        alive -= mass[place]
    return AverageDelays(named, mass)
