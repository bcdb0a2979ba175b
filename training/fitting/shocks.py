"""Weeks that went otherwise than the rest: found, and taken out of what a calibrator learns from.

In a shock, customers who always paid stop for three weeks, and then pay again. A calibrator fitted on all cases alike
takes such weeks for the new normal and overstates for months. Here every week has a shift of its own around a common
one; the shifts are drawn from a heavy-tailed distribution, so that a few wild weeks move the common one little.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring.calibration import bounded, sigmoid
from training.arrays import Flags, Floats, Places

TAIL: Final = 3.0
"""Degrees of freedom of the distribution of weekly shifts: heavy enough to let a few weeks be wild."""
SPREAD: Final = 0.5
"""Where the search for the spread of weekly shifts begins, log-odds."""
LEAST_SPREAD: Final = 0.03
SLOPE_SPREAD: Final = 0.2
"""How far a slope may stand from 1 before any case is seen: one standard deviation."""
ROUNDS: Final = 200
CLOSE: Final = 1e-6


def weeks_of(days: NDArray[np.datetime64]) -> Places:
    """The calendar week of each day, shape (n,), counted from the first one; a week begins on Monday.

    Example:
        >>> weeks_of(np.array(["2020-03-01", "2020-03-02", "2020-03-09"], dtype="datetime64[D]")).tolist()
        [0, 1, 2]
    """
    number = (days.astype("datetime64[D]").astype(np.int64) + 3) // 7  # 1970-01-01 was a Thursday
    return np.asarray(number - number.min(), dtype=np.intp) if len(number) else number.astype(np.intp)


@dataclass(frozen=True)
class Shocks:
    """What the weeks had of their own.

    Attributes:
        ordinary: Probability of each case in a week like most, shape (n,).
        shifted: Its probability in the week that it had, shape (n,).
        shifts: Shift of each week, log-odds, shape (weeks,); 0 where a week has no case.
        spread: Scale of the distribution that the shifts are drawn from, log-odds; 0 where nothing was learnt.
    """

    ordinary: Floats
    shifted: Floats
    shifts: Floats
    spread: float = 0.0

    @property
    def common(self) -> float:
        """Share of the variance of a latent log-odds that the cases of a week have in common, in [0, 1).

        The variance of a case's own part is that of the logistic distribution, pi^2 / 3; that of the shifts is their
        squared scale times ``TAIL / (TAIL - 2)``.

        Source:
            Intraclass correlation of a logistic model with random intercepts: Snijders, Bosker (2012), ch. 17.

        Example:
            >>> nothing = np.empty(0)
            >>> round(Shocks(nothing, nothing, nothing, spread=0.4).common, 3)  # 3 * 0.16 / (3 * 0.16 + 3.29)
            0.127
        """
        shared = self.spread**2 * TAIL / (TAIL - 2)
        return shared / (shared + math.pi**2 / 3)

    def weights(self, bad: Flags) -> Floats:
        """How much each case counts for what would have come in ordinary weeks, shape (n,).

        A bad case of a week with many counts less, a good one more: the ratio of its outcome's probability in an
        ordinary week to that in its own.

        Source:
            Importance weighting: Shimodaira (2000), here of the outcome given the score.
        """
        good = (1 - self.ordinary) / (1 - self.shifted)
        return np.asarray(np.where(bad, self.ordinary / self.shifted, good), dtype=np.float64)


def shocks(bad: Flags, probability: Floats, customers: NDArray[Any], weeks: Places) -> Shocks:
    """The shift of every week, most probable given the cases, around a slope and a shift that all weeks share.

    Args:
        bad: Whether each case turned out bad, shape (n,).
        probability: Probability stated without having seen the case, shape (n,), in [0, 1].
        customers: Customer of each case, shape (n,). Bad cases of a customer in a week hang together, and so count
            as one.
        weeks: Week of each case, shape (n,), from 0.

    Returns:
        The shifts and what they mean for each case; no shifts where all outcomes are alike.

    Source:
        Logistic regression with random intercepts by penalised quasi-likelihood: Breslow, Clayton (1993); its spread by
        the EM algorithm of the t distribution: Lange, Little, Taylor (1989).
    """
    p = bounded(probability)
    log_odds = np.log(p) - np.log1p(-p)
    count = int(weeks.max()) + 1 if len(weeks) else 0
    if not bad.any() or bad.all():
        return Shocks(p, p, np.zeros(count))
    found = _Search(bad, log_odds, weeks, count, _counts_for(bad, customers, weeks)).run()
    shifted = sigmoid(found.common + found.shifts[weeks])
    return Shocks(sigmoid(found.common), shifted, found.shifts, math.sqrt(found.spread))


def _counts_for(bad: Flags, customers: NDArray[Any], weeks: Places) -> float:
    """How much one case counts, in (0, 1]: weeks of bad customers per bad case."""
    pairs = {*zip(customers[bad].tolist(), weeks[bad].tolist(), strict=True)}
    return len(pairs) / int(bad.sum())


class _Search:
    """Alternates between the weeks' shifts, the common slope and shift, and the spread of the shifts."""

    def __init__(self, bad: Flags, log_odds: Floats, weeks: Places, count: int, counts_for: float) -> None:
        self.bad, self.weeks, self.count, self.counts_for = bad.astype(np.float64), weeks, count, counts_for
        self.centred = log_odds - log_odds.mean()
        self.slope, self.shift = 1.0, float(log_odds.mean())
        self.shifts = np.zeros(count)
        self.spread = SPREAD**2
        self.variances = np.full(count, self.spread)

    @property
    def common(self) -> Floats:
        """Log-odds of each case in an ordinary week, shape (n,)."""
        found: Floats = self.slope * self.centred + self.shift
        return found

    def run(self) -> "_Search":
        """Until nothing moves."""
        for _ in range(ROUNDS):
            before = np.array([self.slope, self.shift, self.spread])
            information = self._weekly()
            self._common()
            self._spread(information)
            if np.abs(np.array([self.slope, self.shift, self.spread]) - before).max() < CLOSE:
                break
        return self

    def _told(self) -> tuple[Floats, Floats]:
        """Slope and curvature of the log-likelihood in each case's log-odds, shape (n,) each."""
        p = sigmoid(self.common + self.shifts[self.weeks])
        return self.counts_for * (self.bad - p), self.counts_for * p * (1 - p)

    def _weekly(self) -> Floats:
        slope, curvature = self._told()
        information = self._by_week(curvature)
        step = (self._by_week(slope) - self.shifts / self.variances) / (information + 1 / self.variances)
        self.shifts = self.shifts + step
        return information

    def _common(self) -> None:
        slope, curvature = self._told()
        inputs = np.column_stack([self.centred, np.ones(len(self.centred))])
        prior = np.diag([1 / SLOPE_SPREAD**2, 0.0])
        pull = np.array([(self.slope - 1.0) / SLOPE_SPREAD**2, 0.0])
        step = np.linalg.solve((inputs * curvature[:, None]).T @ inputs + prior, inputs.T @ slope - pull)
        self.slope, self.shift = self.slope + float(step[0]), self.shift + float(step[1])

    def _spread(self, information: Floats) -> None:
        seen = information > 0
        squares = self.shifts**2 + 1 / (information + 1 / self.variances)
        trust = (TAIL + 1) / (TAIL + squares / self.spread)
        self.spread = max(float((trust * squares)[seen].mean()), LEAST_SPREAD**2)
        self.variances = self.spread / trust
        middle = float(np.average(self.shifts[seen], weights=trust[seen]))
        self.shift, self.shifts = self.shift + middle, np.where(seen, self.shifts - middle, 0.0)

    def _by_week(self, values: Floats) -> Floats:
        return np.asarray(np.bincount(self.weeks, values, self.count), dtype=np.float64)
