"""What past customers say of each grade: a probability that few defaults, or none, do not bring near zero."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from scoring.grades import MasterScale


class GradeRecord(BaseModel):
    """One grade and the past customers who had it.

    Attributes:
        grade: Name of the grade.
        starts: Where the grade begins, of the probability that the scale grades.
        customers: Past customers who had the grade.
        bad: Defaults among them, as many as their cases' rate makes of so many customers.
        pooled_to: The worst grade that had to be counted with it, so that there are customers enough; its own name
            where it has enough by itself.
        pooled_customers: Customers of all grades from this one to that one.
        rate: Mean of the posterior of their rate, within the model's horizon, in (0, 1).
        bound: Pluto-Tasche upper bound of the grade's rate, pooled with all worse grades, in (0, 1].
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    grade: str = Field(min_length=1)
    starts: float = Field(ge=0, lt=1)
    customers: float = Field(ge=0)
    bad: float = Field(ge=0)
    pooled_to: str = Field(min_length=1)
    pooled_customers: float = Field(ge=0)
    rate: float = Field(gt=0, lt=1)
    bound: float = Field(gt=0, le=1)


class GradeRecords(BaseModel):
    """All grades, from the best to the worst.

    Attributes:
        confidence: Confidence of the bounds.
        grades: One record per grade of the scale.

    Raises:
        ValueError: A worse grade has a lower rate or bound than a better one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    confidence: float = Field(gt=0, lt=1)
    grades: tuple[GradeRecord, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _rises(self) -> Self:
        for what in ("rate", "bound"):
            values = [getattr(record, what) for record in self.grades]
            if values != sorted(values):
                raise ValueError(f"the {what} of a worse grade is never lower, got {values}")
        return self

    def are_of(self, scale: MasterScale) -> bool:
        """Whether they are records of this very scale's grades."""
        return [(record.grade, record.starts) for record in self.grades] == [
            (row.name, row.starts) for row in scale.rows
        ]
