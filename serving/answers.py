"""The shape of the answers about a customer's default, and of the parts that every answer has.

Shapes are for the description of the routes and cost no answer anything; tests hold every real answer against them.
"""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema

Share = Annotated[float, Field(ge=0, le=1)]
"""A probability or another share, 0 to 1."""


def no_default(schema: JsonDict) -> None:
    """A field that may be absent, and is never null: the description states no value for it."""
    schema.pop("default", None)


class Shape(BaseModel):
    """A part of an answer that has these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class SpanAnswer(Shape):
    """How sure a probability is."""

    low: float = Field(ge=0, le=1, description="Lower end.")
    high: float = Field(ge=0, le=1, description="Upper end.")
    level: float = Field(
        gt=0, lt=1, description="Posterior probability that the interval holds the rate of comparable past customers."
    )
    comparable_customers: float = Field(
        ge=0, description="Past customers that it rests on, each counted once; one with a thicker file counts a tenth."
    )
    file: str = Field(description="How thick the customer's own file is: thin, short or full.")


class ReasonAnswer(Shape):
    """Why the probability is higher than the mean."""

    code: str = Field(description="Code of the controlled list; it ends in -MISSING where the value is not known.")
    group: str = Field(description="Reason group.")
    feature: str = Field(description="The fact that is cited.")
    value: float | None = Field(
        description="Its value in the unit of the catalogue of features, money in the currency of the book; null when "
        "not known."
    )
    contribution: float = Field(gt=0, description="What the group adds, in log-odds.")
    sentence: str = Field(description="The reason in words.")


class ChangeAnswer(Shape):
    """A fact that would have to change."""

    code: str = Field(description="Code of the controlled list.")
    feature: str = Field(description="The fact.")
    before: float = Field(description="Its value now.")
    after: float = Field(description="The value nearest to it that suffices.")
    sentence: str = Field(description="The change in words.")


class NextGradeAnswer(Shape):
    """What would have to change for the next better grade: one fact, or two together."""

    grade: str | None = Field(description="The grade reached; null where none is.")
    pd_12m: float | None = Field(ge=0, le=1, description="The probability reached.")
    changes: list[ChangeAnswer] = Field(description="What is needed, all of it together.")
    note: str = Field(description="What this is, or why there is none.")


class DistressAnswer(Shape):
    """What its annual statement says of a customer without a payment history; always with REVIEW, and in no limit."""

    distress_prob_12m: float = Field(ge=0, le=1, description="Probability of bankruptcy within horizon_months.")
    horizon_months: int = Field(ge=1, description="Months within which the bankruptcy would fall.")
    what_it_is: str = Field(description="What the probability is learnt from, and what it is not.")
    reasons: list[ReasonAnswer] = Field(max_length=4, description="What raises it, the weightiest first.")
    ratios: dict[str, float | None] = Field(
        description="The ratios it was made of, by name: shares, not percent; null where not known."
    )
    statement_age_days: float = Field(description="Age of the balance sheet, days.")


class RiskAnswer(BaseModel):
    """The probability of default, with grade, points, intervals and reasons.

    A model of default with another horizon than 180 days states its probability under that name, such as pd_360d.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Share] = Field(init=False)

    pd_180d: Share | SkipJsonSchema[None] = Field(
        default=None,
        description="Probability of default within 180 days, as the model states it; absent where the model of default "
        "has another horizon.",
        json_schema_extra=no_default,
    )
    pd_12m: float | None = Field(
        ge=0,
        le=1,
        description="Probability of default within twelve months; limits and expected loss use this one. Null where no "
        "rule converts the model's horizon.",
    )
    grade: str | None = Field(description="Grade of pd_12m on the master scale, 1 the best; null without pd_12m.")
    grade_pd: float | None = Field(
        ge=0,
        le=1,
        description="What past customers of the grade support when few or none defaulted, never below pd_12m; no limit "
        "uses it. Null where the model does not know.",
    )
    points: float = Field(description="Points of the model's own probability: 600 at odds of 50:1, 20 double them.")
    pd_interval: dict[str, SpanAnswer] | None = Field(
        description="Interval of each probability, by its name; null for a model that does not know it."
    )
    reasons: list[ReasonAnswer] = Field(
        max_length=4, description="What raises the probability above the mean, the weightiest first; empty if nothing."
    )


class FreshnessAnswer(Shape):
    """How fresh the facts are that an answer rests on."""

    status: Literal["FRESH", "STALE"] = Field(description="STALE facts are for a person to look at.")
    as_of: date = Field(description="Day at whose end the facts were true.")
    age_days: int = Field(description="Days from the facts to the day of the request; negative if they are the later.")
    computed_at: datetime | None = Field(description="Instant of their computation, UTC; null where it is not known.")


class VersionsAnswer(Shape):
    """What an answer rests on; with these it can be found again."""

    release: str = Field(description="The release in use.")
    models: dict[str, str] = Field(description="Version of each model of the release, by its name.")
    feature_sets: dict[str, str] = Field(description="Hash of the definitions of each feature set, by its name.")
    data_version: str = Field(description="Data that the release was made of.")
    code_version: str = Field(description="Code that made the release.")
    policy: str | None = Field(description="Decision of the credit committee in force on the day; null without one.")


class CustomerAnswer(Shape):
    """What every answer about a customer has."""

    customer_id: str = Field(description="The customer as it was asked for.")
    as_of: date = Field(description="Business day of the question; of an invoice its day of issue.")
    outcome: Literal["REVIEW"] | None = Field(
        description="REVIEW when a person has to look before anybody relies on the answer, else null; nothing here "
        "approves."
    )
    doubts: list[str] = Field(description="Why a person has to look; empty unless outcome is REVIEW.")
    notes: list[str] = Field(description="What is to be known of the figures.")
    freshness: FreshnessAnswer
    versions: VersionsAnswer


class DefaultScoreAnswer(RiskAnswer, CustomerAnswer):
    """How likely the customer is to default, and how sure that is."""

    model_config = ConfigDict(extra="allow")

    distress: DistressAnswer | None = Field(
        default=None,
        description="Of a customer without a payment history; null for any other. Only in releases with such a model.",
        json_schema_extra=no_default,
    )
    next_grade: NextGradeAnswer | None = Field(
        default=None,
        description="Only when asked for by explain; null where the model gives no grade.",
        json_schema_extra=no_default,
    )
