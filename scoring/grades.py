"""The master scale: fixed bounds that put every probability of default into exactly one grade."""

import math
from itertools import pairwise
from pathlib import Path
from typing import Final, Self

import numpy as np
import yaml
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

SCALE: Final = Path(__file__).with_name("grades.yaml")


class GradeRow(BaseModel):
    """One grade as the configuration states it.

    Attributes:
        name: What people call it.
        starts: Lowest probability of the grade; ``from`` in the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    name: str = Field(min_length=1)
    starts: float = Field(alias="from", ge=0, lt=1)


class Grade(BaseModel):
    """One grade of the scale.

    Attributes:
        place: 0 for the best.
        name: What people call it.
        low: Lowest probability of the grade.
        high: Probability at which the next grade begins; 1 for the worst, which holds 1 too.
    """

    model_config = ConfigDict(frozen=True)

    place: int
    name: str
    low: float
    high: float

    @property
    def midpoint(self) -> float:
        """The probability that stands for the grade: the geometric mean of its bounds; of the best, the upper bound.

        Example:
            >>> Grade(place=1, name="2", low=0.01, high=0.04).midpoint
            0.02
            >>> Grade(place=0, name="1", low=0, high=0.01).midpoint
            0.01
        """
        return math.sqrt(self.low * self.high) if self.low > 0 else self.high


class MasterScale(BaseModel):
    """All grades from the best to the worst, with who owns them.

    Attributes:
        description: What is graded.
        owner: Who may change it.
        probability: Name of the probability that it grades, its horizon included; another has to be converted first.
        rows: Grades from the best, which begins at 0; ``grades`` in the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    description: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    probability: str = Field(min_length=1)
    rows: tuple[GradeRow, ...] = Field(alias="grades", min_length=2)

    @model_validator(mode="after")
    def _rises(self) -> Self:
        starts = [row.starts for row in self.rows]
        if starts[0] != 0 or not all(a < b for a, b in pairwise(starts)):
            raise ValueError(f"grades must begin at 0 and rise, got {starts}")
        if len({row.name for row in self.rows}) != len(self.rows):
            raise ValueError("a name stands for one grade, but one is given twice")
        return self

    @property
    def grades(self) -> tuple[Grade, ...]:
        """The grades from the best to the worst."""
        ends = [*(row.starts for row in self.rows[1:]), 1.0]
        return tuple(
            Grade(place=place, name=row.name, low=row.starts, high=end)
            for place, (row, end) in enumerate(zip(self.rows, ends, strict=True))
        )

    def places(self, probability: ArrayLike) -> NDArray[np.intp]:
        """Place of the grade of each probability, of the shape given, 0 for the best.

        Args:
            probability: In [0, 1], of the horizon that the scale grades.

        Raises:
            ValueError: A value is outside [0, 1] or not a number.

        Example:
            >>> load_scale().places([0.0, 0.00029, 0.0003, 0.5, 1.0]).tolist()
            [0, 0, 1, 11, 11]
        """
        given = np.asarray(probability, dtype=np.float64)
        if not np.all((given >= 0) & (given <= 1)):
            raise ValueError("grades are of probabilities in [0, 1]; got a value outside, or not a number")
        starts = np.array([row.starts for row in self.rows[1:]])
        return np.asarray(np.searchsorted(starts, given, side="right"), dtype=np.intp)

    def grade(self, probability: float) -> Grade:
        """The grade of one probability.

        Raises:
            ValueError: It is outside [0, 1] or not a number.

        Example:
            >>> load_scale().grade(0.0192).name
            '8'
        """
        return self.grades[int(self.places(probability))]


def load_scale(path: Path = SCALE) -> MasterScale:
    """Read the master scale; pydantic's ``ValidationError`` says what is wrong with it."""
    return MasterScale.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
