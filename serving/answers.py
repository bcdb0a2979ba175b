"""The shape of an answer, for the description of the routes; a test holds every real answer against it."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SpanAnswer(BaseModel):
    """How sure a probability is."""

    model_config = ConfigDict(extra="forbid")

    low: float = Field(ge=0, le=1, description="Lower end.")
    high: float = Field(ge=0, le=1, description="Upper end.")
    level: float = Field(
        gt=0, lt=1, description="Posterior probability that the interval holds the rate of comparable past customers."
    )
    comparable_customers: float = Field(
        ge=0, description="Past customers that it rests on, each counted once; one with a thicker file counts a tenth."
    )
    file: str = Field(description="How thick the customer's own file is: thin, short or full.")


class ReasonAnswer(BaseModel):
    """Why the probability is higher than the mean."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(description="Code of the controlled list.")
    group: str = Field(description="Reason group.")
    feature: str = Field(description="The fact that is cited.")
    value: float | None = Field(description="Its value; null when not known.")
    contribution: float = Field(description="What the group adds, in log-odds.")
    sentence: str = Field(description="The reason in words.")


class ChangeAnswer(BaseModel):
    """A fact that would have to change."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(description="Code of the controlled list.")
    feature: str = Field(description="The fact.")
    before: float = Field(description="Its value now.")
    after: float = Field(description="The value nearest to it that suffices.")
    sentence: str = Field(description="The change in words.")


class NextGradeAnswer(BaseModel):
    """What would have to change for the next better grade: one fact, or two together."""

    model_config = ConfigDict(extra="forbid")

    grade: str | None = Field(description="The grade reached; null where none is.")
    pd_12m: float | None = Field(ge=0, le=1, description="The probability reached.")
    changes: list[ChangeAnswer] = Field(description="What is needed, all of it together.")
    note: str = Field(description="What this is, or why there is none.")


class DefaultScoreAnswer(BaseModel):
    """The probability of default, with grade, points, intervals and reasons.

    Under its own name, horizon included (``pd_180d``), stands the probability of the model; ``distress`` stands beside
    it in releases with a model of distress.
    """

    model_config = ConfigDict(extra="allow")

    customer_id: str
    as_of: date = Field(description="Business day of the request.")
    pd_12m: float | None = Field(ge=0, le=1, description="Within twelve months; limits and expected loss use this one.")
    grade: str | None = Field(description="Grade of pd_12m on the master scale.")
    grade_pd: float | None = Field(
        ge=0,
        le=1,
        description="What past customers of the grade support when few or none defaulted, never below pd_12m; no limit "
        "uses it.",
    )
    points: float = Field(description="Points of the model's own probability: 600 at odds of 50:1, 20 double them.")
    pd_interval: dict[str, SpanAnswer] | None = Field(
        description="Interval of each probability, by its name; null for a model that does not know it."
    )
    reasons: list[ReasonAnswer] = Field(max_length=4)
    next_grade: NextGradeAnswer | None = Field(default=None, description="Only when asked for by explain.")
    outcome: Literal["REVIEW"] | None = Field(description="REVIEW when a person has to look.")
    doubts: list[str] = Field(description="Why a person has to look.")
    notes: list[str] = Field(description="What is to be known of the figures.")
    freshness: dict[str, str | int | None]
    versions: dict[str, object]
