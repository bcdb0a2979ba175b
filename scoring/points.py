"""Points: a probability on the scale that credit desks read, where so many points double the odds."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scoring.calibration import bounded, sigmoid

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PointsScale:
    """points = offset + factor x ln(odds of good to bad), factor = PDO / ln 2, offset = base - factor x ln(odds).

    Attributes:
        base: Points at the odds.
        odds: Odds of good to bad at the base, > 0.
        to_double: Points that double the odds (PDO), > 0.

    Raises:
        ValueError: A number is not finite, or odds or PDO are not above 0.

    Source:
        Siddiqi, Credit Risk Scorecards: 600 points at odds of 50:1, 20 points to double.

    Example:
        >>> scale = PointsScale()
        >>> scale.points([1 / 51, 1 / 101, 0.5]).round(1).tolist()  # odds 50:1, 100:1 and 1:1
        [600.0, 620.0, 487.1]
        >>> scale.probability([600.0]).round(6).tolist()
        [0.019608]
    """

    base: float = 600.0
    odds: float = 50.0
    to_double: float = 20.0

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.base, self.odds, self.to_double))) or min(self.odds, self.to_double) <= 0:
            raise ValueError(
                f"a scale of points needs a finite base and odds and points to double above 0, "
                f"got {self.base}, {self.odds} and {self.to_double}"
            )

    @property
    def factor(self) -> float:
        """Points per unit of log-odds."""
        return self.to_double / math.log(2)

    @property
    def offset(self) -> float:
        """Points at even odds."""
        return self.base - self.factor * math.log(self.odds)

    def of_log_odds(self, log_odds: Floats) -> Floats:
        """Points of log-odds of the bad outcome, of the shape given."""
        return self.offset - self.factor * log_odds

    def points(self, probability: ArrayLike) -> Floats:
        """Points of probabilities of the bad outcome, of the shape given; more points are less risk.

        Args:
            probability: In [0, 1]; held within [1e-9, 1 - 1e-9] like every probability of a model.

        Raises:
            ValueError: A value is outside [0, 1] or not a number.
        """
        given = np.asarray(probability, dtype=np.float64)
        if not np.all((given >= 0) & (given <= 1)):
            raise ValueError("points are of probabilities in [0, 1]; got a value outside, or not a number")
        p = bounded(given)
        return self.of_log_odds(np.log(p) - np.log1p(-p))

    def probability(self, points: ArrayLike) -> Floats:
        """The probability of the bad outcome that has these points, the inverse of ``points``.

        Raises:
            ValueError: A value is not finite.
        """
        given = np.asarray(points, dtype=np.float64)
        if not np.isfinite(given).all():
            raise ValueError("points must be finite numbers")
        return sigmoid((self.offset - given) / self.factor)
