"""How sure a probability of default is: an interval that widens where few comparable customers were ever seen."""

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from scoring.calibration import bounded, sigmoid

Floats = NDArray[np.float64]

SETTLED: Final = "settled_count_365d"
TENURE: Final = "tenure_days"
THICKNESS: Final = (SETTLED, TENURE)
"""What says how thick a customer's file is: invoices settled in the last 365 days, and days since the first one."""


class FileBand(BaseModel):
    """Customers whose files are alike in thickness, and the interval's ends for them.

    Attributes:
        name: What people call it.
        settled: Invoices settled in 365 days that a file of this band has at least.
        tenure_days: Days since the first invoice that it has at least.
        low: Lower end at each knot, in log-odds.
        high: Upper end at each knot, in log-odds.
        customers: Past customers that each knot's ends rest on; a fraction where some count in part.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(min_length=1)
    settled: float = Field(ge=0)
    tenure_days: float = Field(ge=0)
    low: tuple[float, ...] = Field(min_length=1)
    high: tuple[float, ...] = Field(min_length=1)
    customers: tuple[float, ...] = Field(min_length=1)


class PdInterval(BaseModel):
    """Ends of the interval at some probabilities, by thickness of the file; between them a line in log-odds.

    The interval is of the rate at which customers defaulted whom a model gave about this probability, on as thin a
    file, without having seen them. It does not cover how one of them differs from the others, nor times unlike those
    that the model learnt from.

    Below the first knot the upper end stays where it is, and above the last one the lower end: a probability lower than
    any that was put to the test is not known to be safer.

    Attributes:
        level: Posterior probability that the interval holds the rate of the comparable customers.
        knots: Log-odds of the probabilities, rising.
        bands: From the thinnest, which asks for nothing, to the thickest.

    Raises:
        ValueError: An end leaves out its own probability, or a thinner file has the narrower interval.

    Example:
        >>> band = {"settled": 0, "tenure_days": 0, "low": [-5.0], "high": [-3.0], "customers": [40]}
        >>> made = PdInterval(level=0.9, knots=[-4.0], bands=[{"name": "any", **band}])
        >>> [ends.round(4).tolist() for ends in made.ends([0.018, 0.0001], [3, 3], [400, 400])]
        [[0.0067, 0.0], [0.0475, 0.0474]]
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    level: float = Field(gt=0, lt=1)
    knots: tuple[float, ...] = Field(min_length=1)
    bands: tuple[FileBand, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _holds(self) -> Self:
        if any(later <= earlier for earlier, later in pairwise(self.knots)):
            raise ValueError(f"knots of an interval must rise, got {list(self.knots)}")
        if (self.bands[0].settled, self.bands[0].tenure_days) != (0, 0):
            raise ValueError(f"the thinnest band must take every file, {self.bands[0].name} does not")
        for band in self.bands:
            if not len(band.low) == len(band.high) == len(band.customers) == len(self.knots):
                raise ValueError(f"band {band.name} needs both ends and a count at each of {len(self.knots)} knots")
            if any(not low <= knot <= high for low, knot, high in zip(band.low, self.knots, band.high, strict=True)):
                raise ValueError(f"an interval of band {band.name} leaves out the probability that it is of")
        for thin, thick in pairwise(self.bands):
            _check_wider(thin, thick)
        return self

    def places(self, settled: ArrayLike, tenure_days: ArrayLike) -> NDArray[np.intp]:
        """Place of the band of each file, shape (n,), 0 for the thinnest; what is not known makes it thin.

        Args:
            settled: Invoices settled in the last 365 days, shape (n,), NaN where not known.
            tenure_days: Days since the first invoice, shape (n,), NaN where not known.
        """
        return file_places([(band.settled, band.tenure_days) for band in self.bands], settled, tenure_days)

    def ends(self, probability: ArrayLike, settled: ArrayLike, tenure_days: ArrayLike) -> tuple[Floats, Floats]:
        """Both ends of each probability's interval, shape (n,) each, in [0, 1]; they hold the probability.

        Args:
            probability: What the model states, shape (n,), in [0, 1].
            settled: Invoices settled in the last 365 days, shape (n,), NaN where not known.
            tenure_days: Days since the first invoice, shape (n,), NaN where not known.
        """
        stated = np.asarray(probability, dtype=np.float64)
        at, place, (knots, lows, highs, _) = log_odds(stated), self.places(settled, tenure_days), self._tables
        below, above = np.minimum(at - knots[0], 0.0), np.maximum(at - knots[-1], 0.0)
        low, high = _between(at, place, knots, lows) + below, _between(at, place, knots, highs) + above
        return np.minimum(sigmoid(low), stated), np.maximum(sigmoid(high), stated)

    def customers(self, probability: ArrayLike, settled: ArrayLike, tenure_days: ArrayLike) -> Floats:
        """Past customers that each interval rests on, shape (n,); arguments as of ``ends``."""
        at, (knots, _, _, counts) = log_odds(np.asarray(probability, dtype=np.float64)), self._tables
        return _between(at, self.places(settled, tenure_days), knots, counts)

    @cached_property
    def _tables(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Knots, shape (k,); lower ends, upper ends and customers, shape (bands, k) each."""
        low, high, customers = (
            np.array([getattr(band, what) for band in self.bands], dtype=np.float64)
            for what in ("low", "high", "customers")
        )
        return np.array(self.knots), low, high, customers


def file_places(least: Sequence[tuple[float, float]], settled: ArrayLike, tenure_days: ArrayLike) -> NDArray[np.intp]:
    """Place of each file among bands, shape (n,), given the least of settled invoices and of days that each asks for.

    Example:
        >>> file_places([(0, 0), (3, 180), (12, 365)], [2, 5, 40, 40, np.nan], [900, 900, 200, 900, 900]).tolist()
        [0, 1, 1, 2, 0]
    """
    counted, days = (np.asarray(values, dtype=np.float64) for values in (settled, tenure_days))
    reached = [(counted >= needed) & (days >= old) for needed, old in least[1:]]
    return np.sum(reached, axis=0, dtype=np.intp) if reached else np.zeros(counted.shape, dtype=np.intp)


def log_odds(probability: Floats) -> Floats:
    """Log-odds of probabilities in [0, 1], held within those that a model can state."""
    p = bounded(probability)
    return np.asarray(np.log(p) - np.log1p(-p), dtype=np.float64)


def _check_wider(thin: FileBand, thick: FileBand) -> None:
    if thick.settled < thin.settled or thick.tenure_days < thin.tenure_days:
        raise ValueError(f"bands must go from thin to thick, {thick.name} asks for less than {thin.name}")
    wider = all(a <= b for a, b in zip(thin.low, thick.low, strict=True))
    if not wider or any(a < b for a, b in zip(thin.high, thick.high, strict=True)):
        raise ValueError(f"the interval of {thin.name} files is narrower than that of {thick.name} ones")


def _between(at: Floats, place: NDArray[np.intp], knots: Floats, by_band: Floats) -> Floats:
    """Values on the lines between knots, each of its own band; beyond the outermost knots those of the knot."""
    found = np.empty(at.shape)
    for band in range(len(by_band)):
        here = place == band
        if here.any():
            found[here] = np.interp(at[here], knots, by_band[band])
    return found
