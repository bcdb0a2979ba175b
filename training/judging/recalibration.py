"""Calibration intercept and slope: what a logistic recalibration of the stated log-odds would have to change.

Cox, "Two further applications of a model for binary regression", Biometrika 45 (1958) 562-565: outcomes are
regressed on the log-odds that were stated. Van Calster, McLernon, van Smeden, Wynants, Steyerberg, "Calibration: the
Achilles heel of predictive analytics", BMC Medicine 17:230 (2019): the slope of that regression says whether the
stated risks are spread rightly, the intercept of the same regression with its slope held at 1, calibration in the
large, whether they are right on the whole. Both are taken from the cases themselves, not from bins.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.calibration import bounded, sigmoid
from training.arrays import Floats

STEPS: Final = 50
CLOSE: Final = 1e-10


@dataclass(frozen=True)
class Recalibration:
    """The two regressions on all cases, and what each case does to them.

    Attributes:
        intercept: Calibration in the large, log-odds; 0 is right, above 0 the stated risks are too low. NaN where
            the cases hold one outcome only.
        intercept_terms: Shape (n, 2): each case's score and curvature at that intercept.
        slope: 1 is right; below 1 the stated risks are too extreme, above 1 too timid. NaN where it does not exist:
            one outcome or one probability only, or outcomes that are parted perfectly.
        slope_terms: Shape (n, 5): each case's two scores and three curvatures at the intercept and slope found.
    """

    intercept: float
    intercept_terms: Floats
    slope: float
    slope_terms: Floats

    def figures(self, weights: Floats) -> dict[str, Floats]:
        """Slope and intercept under every weighting, by one step of Newton's method from those of all cases.

        One step is what makes a thousand resamples cost no more than a sum; it is exact for weights of one, and of
        the order 1/n from a whole fit else: Moulton and Zeger, "Bootstrapping generalized linear models",
        Computational Statistics & Data Analysis 11 (1991) 53-63.

        Args:
            weights: Shape (r, n), in the order of the terms, not negative.

        Returns:
            ``calibration_slope`` and ``calibration_intercept``, shape (r,) each; NaN where there is none.
        """
        return {"calibration_slope": self._slopes(weights), "calibration_intercept": self._intercepts(weights)}

    def _intercepts(self, weights: Floats) -> Floats:
        score, curvature = (weights @ self.intercept_terms).T
        return self.intercept + _over(score, curvature)

    def _slopes(self, weights: Floats) -> Floats:
        first, second, a, b, c = (weights @ self.slope_terms).T
        return self.slope + _over(a * second - b * first, a * c - b * b)


def recalibration(bad: Floats, probability: Floats) -> Recalibration:
    """Regress outcomes on the stated log-odds.

    Args:
        bad: 1.0 where the case turned out bad, else 0.0, shape (n,).
        probability: Stated probability, shape (n,), in [0, 1]; 0 and 1 are held away from the ends.

    Example:
        Of the cases stated at 10 % a quarter were bad, of those at 50 % a half: half the spread, and too low.

        >>> stated = np.repeat([0.1, 0.5], 100)
        >>> bad = np.repeat([1.0, 0.0, 1.0, 0.0], [25, 75, 50, 50])
        >>> found = recalibration(bad, stated)
        >>> round(found.slope, 6), found.intercept > 0
        (0.5, True)
    """
    p = bounded(probability)
    stated = np.log(p) - np.log1p(-p)
    shift, tilt = _intercept(stated, bad), _line(stated, bad)
    at_shift, at_tilt = sigmoid(shift + stated), sigmoid(tilt[0] + tilt[1] * stated)
    curve = at_tilt * (1 - at_tilt)
    gap = bad - at_tilt
    return Recalibration(
        intercept=shift,
        intercept_terms=np.column_stack([bad - at_shift, at_shift * (1 - at_shift)]),
        slope=float(tilt[1]),
        slope_terms=np.column_stack([gap, gap * stated, curve, curve * stated, curve * stated**2]),
    )


def _intercept(stated: Floats, bad: Floats) -> float:
    """The shift of all log-odds at which as many bad cases are stated as came; NaN without an end."""
    return float(_fitted(np.ones((len(stated), 1)), stated, bad)[0])


def _line(stated: Floats, bad: Floats) -> NDArray[np.float64]:
    """Intercept and slope of the regression on the stated log-odds; NaN without an end."""
    if np.ptp(stated) == 0:
        return np.full(2, np.nan)
    return _fitted(np.column_stack([np.ones(len(stated)), stated]), np.zeros(len(stated)), bad, start=(0.0, 1.0))


def _fitted(design: Floats, offset: Floats, bad: Floats, start: tuple[float, ...] = (0.0,)) -> NDArray[np.float64]:
    """Newton's method for a logistic regression; NaN where there is one outcome only or it finds no end."""
    at: NDArray[np.float64] = np.array(start)
    for _ in range(STEPS if 0 < bad.sum() < len(bad) else 0):
        mean = sigmoid(offset + design @ at)
        weight = mean * (1 - mean)
        curvature = design.T @ (design * weight[:, None])
        if not np.linalg.cond(curvature) < 1 / CLOSE:  # NaN as well: outcomes that are parted perfectly have no end
            break
        whole = np.asarray(np.linalg.solve(curvature, design.T @ (bad - mean)), dtype=np.float64)
        step = _uphill(design, offset, bad, at, whole)
        at = at + step
        if np.abs(step).max() < CLOSE:
            return at
    return np.full(len(start), np.nan)


def _uphill(
    design: Floats, offset: Floats, bad: Floats, at: NDArray[np.float64], step: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The step, halved until the cases become no less likely: a whole one may leap over the top and away."""
    here = _log_likelihood(offset + design @ at, bad)
    for _ in range(STEPS):
        if _log_likelihood(offset + design @ (at + step), bad) >= here - CLOSE:
            break
        step = step / 2
    return step


def _log_likelihood(log_odds: Floats, bad: Floats) -> float:
    return float((bad * log_odds - np.logaddexp(0.0, log_odds)).sum())


def _over(upper: Floats, lower: Floats) -> Floats:
    """Upper by lower; NaN where the lower is not above 0."""
    found: Floats = np.full(upper.shape, np.nan)
    np.divide(upper, lower, out=found, where=lower > 0)
    return found
