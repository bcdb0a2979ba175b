"""Figures of a model on matured cases, as plain values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval from resampled customers.

    Attributes:
        value: The figure on all cases.
        low: Lower end.
        high: Upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a reliability table; bins hold about equally many cases.

    Attributes:
        low: Smallest probability in the bin.
        high: Largest probability in the bin.
        n: Number of cases.
        bad: Number of them that turned out bad.
        mean_probability: Mean stated probability, in [0, 1].
    """

    low: float
    high: float
    n: int
    bad: int
    mean_probability: float

    @property
    def rate(self) -> float:
        """Share that turned out bad, in [0, 1].

        Example:
            >>> Bin(low=0.1, high=0.2, n=50, bad=10, mean_probability=0.15).rate
            0.2
        """
        return self.bad / self.n


@dataclass(frozen=True, slots=True)
class Segment:
    """How the model did on one part of the cases.

    Attributes:
        name: What the cases were divided by, for instance ``month`` or ``history``.
        value: Which part this is.
        n: Number of cases.
        bad: Number of them that turned out bad.
        mean_probability: Mean stated probability, in [0, 1]; None where the part holds no case.
        auc: Area under the ROC curve; None where the part holds one outcome only, or too few customers.
        customers: Number of customers behind the cases; None where nobody counted.
        bad_customers: Number of customers behind the bad ones.
        rate_low: Lower end of the 95 % interval of the rate, in [0, 1].
        rate_high: Upper end.
        auc_low: Lower end of the AUC's 95 % interval from resampled customers.
        auc_high: Upper end.
        calibration_ratio: Observed rate to mean stated probability; 1 is right, above 1 the model understates.
        note: ``too few`` where ranking figures would say nothing, else empty.
    """

    name: str
    value: str
    n: int
    bad: int
    mean_probability: float | None
    auc: float | None
    customers: int | None = None
    bad_customers: int | None = None
    rate_low: float | None = None
    rate_high: float | None = None
    auc_low: float | None = None
    auc_high: float | None = None
    calibration_ratio: float | None = None
    note: str = ""

    @property
    def rate(self) -> float | None:
        """Share that turned out bad, in [0, 1]; None where the part holds no case.

        Example:
            >>> Segment("month", "2024-05", n=50, bad=10, mean_probability=0.15, auc=None).rate
            0.2
        """
        return self.bad / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How a model did on matured cases that came after its training.

    Attributes:
        period: First and last day of the cases, ``2020-09-01..2020-12-31``.
        known_on: ISO date of the knowledge from which the outcomes were read.
        n: Number of cases.
        bad: Number of them that turned out bad.
        customers: Number of customers behind the cases.
        metrics: Figure by name: ``auc``, ``average_precision``, ``ks``, ``brier``, ``mean_probability``, ``rate``,
            ``ece``, ``calibration_slope``, ``calibration_intercept``. A figure that does not exist (one outcome
            only, a version registered before there was such a figure) is absent, never zero.
        reliability: Stated probability against outcome, by bin.
        segments: The same figures by part of the cases.
    """

    period: str
    known_on: str
    n: int
    bad: int
    customers: int
    metrics: Mapping[str, Interval]
    reliability: tuple[Bin, ...]
    segments: tuple[Segment, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        plain = asdict(self)
        plain["metrics"] = {name: asdict(figure) for name, figure in self.metrics.items()}
        return plain
