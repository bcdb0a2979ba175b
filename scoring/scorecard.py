"""A scorecard: binned features, a weight of evidence per bin, and a logistic sum that can be checked by hand.

log-odds of the bad outcome = intercept - sum over features of coefficient x weight of evidence

The weight of evidence of a bin is ln(share of the good cases / share of the bad cases): above 0 the bin speaks for the
customer, below 0 against. A missing value has a bin of its own.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from scoring.canonical import canonical_json
from scoring.points import PointsScale

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Characteristic(BaseModel):
    """One feature of a scorecard: its bins, what was seen in each, and what each says.

    ``cases``, ``bad`` and ``woe`` have one value per bin from the lowest up, and one more for a missing value.

    Attributes:
        feature: Name of the feature.
        edges: Rising inner edges; bin i is (edges[i-1], edges[i]], the first and last are open-ended.
        cases: Training cases per bin.
        bad: Bad ones among them.
        woe: Weight of evidence per bin.
        coefficient: Weight in the sum, > 0.
    """

    model_config = _STRICT

    feature: str = Field(min_length=1)
    edges: tuple[float, ...]
    cases: tuple[int, ...]
    bad: tuple[int, ...]
    woe: tuple[float, ...]
    coefficient: float = Field(gt=0)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if not all(a < b for a, b in pairwise(self.edges)):
            raise ValueError(f"edges of {self.feature} must rise, got {self.edges}")
        wanted = len(self.edges) + 2
        for name, values in (("cases", self.cases), ("bad", self.bad), ("woe", self.woe)):
            if len(values) != wanted:
                raise ValueError(
                    f"{self.feature} has {wanted - 1} bins and one for a missing value, "
                    f"got {len(values)} values of {name}"
                )
        if any(not 0 <= bad <= cases for bad, cases in zip(self.bad, self.cases, strict=True)):
            raise ValueError(f"{self.feature} needs 0 <= bad <= cases in every bin, got {self.bad} of {self.cases}")
        return self

    def places(self, values: Floats) -> Places:
        """Bin of each value, shape (n,); len(edges) + 1 for a missing one.

        Example:
            >>> made = Characteristic(
            ...     feature="overdue_count", edges=(0.0, 2.0), cases=(9, 9, 9, 9), bad=(0, 1, 2, 1),
            ...     woe=(1.0, 0.0, -1.0, 0.0), coefficient=1.0)
            >>> made.places(np.array([0.0, 0.5, 2.0, 7.0, np.nan])).tolist()
            [0, 1, 1, 2, 3]
        """
        found = np.searchsorted(np.array(self.edges, dtype=np.float64), values, side="left")
        return np.where(np.isnan(values), len(self.edges) + 1, found)

    def log_odds(self, values: Floats) -> Floats:
        """What each value adds to the log-odds of the bad outcome, shape (n,)."""
        return -self.coefficient * np.array(self.woe, dtype=np.float64)[self.places(values)]

    def labels(self) -> tuple[str, ...]:
        """The bins in words, the missing one last.

        Example:
            >>> Characteristic(
            ...     feature="overdue_count", edges=(0.0, 2.5), cases=(9, 9, 9, 9), bad=(0, 1, 2, 1),
            ...     woe=(1.0, 0.0, -1.0, 0.0), coefficient=1.0).labels()
            ('up to 0', 'over 0 up to 2.5', 'over 2.5', 'not known')
        """
        if not self.edges:
            return ("any value", "not known")
        between = [f"over {low:g} up to {high:g}" for low, high in pairwise(self.edges)]
        return (f"up to {self.edges[0]:g}", *between, f"over {self.edges[-1]:g}", "not known")


class ScorecardRow(BaseModel):
    """One line of the scorecard as people read it.

    Attributes:
        feature: Name of the feature.
        bin: The bin in words.
        share: Share of the training cases, in [0, 1].
        bad_rate: Bad cases among them, in [0, 1]; None where the bin held none.
        woe: Weight of evidence.
        points: Points that the bin adds to the score, before calibration and not rounded.
    """

    model_config = ConfigDict(frozen=True)

    feature: str
    bin: str
    share: float
    bad_rate: float | None
    woe: float
    points: float


class Scorecard(BaseModel):
    """A weight-of-evidence logistic model.

    Attributes:
        intercept: Log-odds of the bad outcome where every weight of evidence is 0.
        characteristics: One or more features, each named once, in the order of the model's columns.

    Example:
        >>> card = Scorecard(intercept=-3.0, characteristics=(Characteristic(
        ...     feature="overdue_count", edges=(0.0,), cases=(80, 20, 0), bad=(2, 3, 0),
        ...     woe=(0.5, -1.2, 0.0), coefficient=0.8),))
        >>> card.log_odds(np.array([[0.0], [4.0], [np.nan]])).round(9).tolist()  # -3 - 0.8 * 0.5 and so on
        [-3.4, -2.04, -3.0]
    """

    model_config = _STRICT

    intercept: float
    characteristics: tuple[Characteristic, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        if len(set(self.feature_names)) != len(self.feature_names):
            raise ValueError(f"a scorecard names each feature once, got {', '.join(self.feature_names)}")
        return self

    @property
    def form(self) -> Literal["trees", "scorecard"]:
        """``scorecard``."""
        return "scorecard"

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The columns it reads, in order."""
        return tuple(found.feature for found in self.characteristics)

    def log_odds(self, rows: Floats, *, threads: int = 1) -> Floats:
        """Log-odds of the bad outcome, shape (n,).

        Args:
            rows: Shape (n, k), NaN where a value is not known.
            threads: Makes no difference: the sum takes no time.

        Raises:
            ValueError: The matrix has another width.
        """
        # Column by column, so that the order of the sum, and with it the last bit, is the same for any n.
        parts = self.contributions(rows).T
        total: Floats = parts[-1].copy()
        for part in parts[:-1]:
            total += part
        return total

    def contributions(self, rows: Floats, *, threads: int = 1) -> Floats:
        """Shape (n, k + 1): what each feature adds in log-odds, then the intercept; rows sum to ``log_odds``."""
        if rows.ndim != 2 or rows.shape[1] != len(self.characteristics):
            raise ValueError(f"this scorecard takes a matrix (n, {len(self.characteristics)}), got shape {rows.shape}")
        columns = [found.log_odds(rows[:, place]) for place, found in enumerate(self.characteristics)]
        return np.column_stack([*columns, np.full(len(rows), self.intercept)])

    def cuts(self) -> Sequence[Floats]:
        """Bin edges of each feature, rising; a value at an edge belongs to the bin below it."""
        return tuple(np.array(found.edges, dtype=np.float64) for found in self.characteristics)

    def table(self, scale: PointsScale | None = None) -> tuple[ScorecardRow, ...]:
        """The scorecard for people: the points of one bin of each feature sum to the score before calibration.

        Args:
            scale: Points of odds; the usual 600 at 50:1 and 20 to double unless given.
        """
        scale = scale or PointsScale()
        constant = scale.of_log_odds(np.array([self.intercept]))[0] / len(self.characteristics)
        return tuple(
            _row(found, place, constant, scale) for found in self.characteristics for place in range(len(found.woe))
        )

    def to_json(self) -> bytes:
        """Canonical JSON: equal scorecards give equal bytes."""
        return canonical_json(self.model_dump())

    @classmethod
    def from_json(cls, text: bytes | str) -> "Scorecard":
        """Read back what ``to_json`` wrote; pydantic's ``ValidationError`` says what is wrong with it."""
        return cls.model_validate_json(text)


def _row(found: Characteristic, place: int, constant: float, scale: PointsScale) -> ScorecardRow:
    cases, bad = found.cases[place], found.bad[place]
    return ScorecardRow(
        feature=found.feature,
        bin=found.labels()[place],
        share=cases / max(sum(found.cases), 1),
        bad_rate=bad / cases if cases else None,
        woe=found.woe[place],
        points=float(constant + scale.factor * found.coefficient * found.woe[place]),
    )
