"""From the share of bankruptcies in a sample to that in the population that is scored."""

import math
from dataclasses import dataclass

from pydantic import JsonValue

from scoring.calibration import Calibrator


class BaseRateError(ValueError):
    """A base rate that cannot be one, or that nobody vouches for."""


@dataclass(frozen=True)
class BaseRate:
    """How often the event happens in the population, and who says so.

    Attributes:
        rate: Share of companies that go bankrupt within the horizon, in (0, 1).
        source: Where the figure is from: a statistic with its year, or the person who declared it.

    Raises:
        BaseRateError: The rate is no share, or the source is empty.
    """

    rate: float
    source: str

    def __post_init__(self) -> None:
        if not 0.0 < self.rate < 1.0:
            raise BaseRateError(f"The base rate is {self.rate}; it must lie between 0 and 1, 0.015 for 1.5 %.")
        if not self.source.strip():
            raise BaseRateError("The base rate needs its source: a statistic and its year, or who declared it.")

    @property
    def record(self) -> dict[str, JsonValue]:
        """Plain values for the record."""
        return {"rate": self.rate, "source": self.source.strip()}


def shift(sample_rate: float, rate: float) -> float:
    """What is added to log-odds that are right at one rate, so that they are right at another.

    Args:
        sample_rate: Share of bad cases where the log-odds were learnt, in (0, 1).
        rate: Share of bad cases where they are used, in (0, 1).

    Returns:
        ln([rate / (1 - rate)] / [sample_rate / (1 - sample_rate)]); below 0 where bad cases are rarer.

    Raises:
        BaseRateError: One of them is no share.

    Source:
        King and Zeng (2001), prior correction; Saerens, Latinne, Decaestecker (2002). Right where good companies of
        the sample look like good ones of the population, and bad like bad: only their numbers differ.

    Example:
        Learnt at 20 % (odds 1 : 4), used at 2 % (odds 1 : 49): odds are multiplied by (1/49) / (1/4) = 4/49. A
        company of 50 % (odds 1) comes to odds of 4/49, that is 4/53 = 7.55 %.

        >>> round(math.exp(shift(0.20, 0.02)), 6) == round(4 / 49, 6)
        True
        >>> odds = 1.0 * math.exp(shift(0.20, 0.02))
        >>> round(odds / (1 + odds), 4)
        0.0755
    """
    for share in (sample_rate, rate):
        if not 0.0 < share < 1.0:
            raise BaseRateError(f"A rate must lie between 0 and 1, got {share}.")
    return math.log(rate / (1.0 - rate)) - math.log(sample_rate / (1.0 - sample_rate))


def corrected(calibrator: Calibrator, sample_rate: float, rate: float) -> Calibrator:
    """The calibrator followed by the shift, as one calibrator.

    Args:
        calibrator: Right at the sample's rate.
        sample_rate: Share of bad cases in the sample, in (0, 1).
        rate: Share in the population, in (0, 1).

    Example:
        >>> import numpy as np
        >>> corrected(Calibrator("identity"), 0.20, 0.02).apply(np.array([0.5, 0.2])).round(4).tolist()
        [0.0755, 0.02]
    """
    by = shift(sample_rate, rate)
    if calibrator.method == "identity":
        return Calibrator("platt", {"a": 1.0, "b": by})
    last = "b" if calibrator.method == "platt" else "c"
    return Calibrator(calibrator.method, {**calibrator.params, last: calibrator.params[last] + by})
