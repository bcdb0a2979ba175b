"""The shape of the answer about the service itself."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from serving.answers import Shape, VersionsAnswer, no_default


class ServedModelAnswer(Shape):
    """One model of the release in use."""

    version: str | None = Field(description="Version in the registry; null where the release does not say it.")
    target: str = Field(description="The outcome it speaks of, such as default(90, 180).")
    probability: str = Field(description="Name of its probability, the horizon included.")
    trained_as_of: date = Field(description="Day of the last case that it learnt from.")
    feature_set: str = Field(description="Feature set that it reads, with its version.")


class ServedBookAnswer(Shape):
    """The own business."""

    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code of every amount.")
    as_of: date = Field(description="Day of the figures of the own business that limits rest on.")


class StatusAnswer(Shape):
    """What is served, and what was answered since the process began.

    Without a release there are no versions, models, book, stale_after_days and loaded_at.
    """

    ready: bool = Field(description="Whether there is a release to answer with.")
    problem: str | None = Field(description="Why the release in force is not the one in use; null when it is.")
    today: date = Field(description="Business day of a question that names none.")
    versions: VersionsAnswer | SkipJsonSchema[None] = Field(default=None, json_schema_extra=no_default)
    models: dict[str, ServedModelAnswer] | SkipJsonSchema[None] = Field(
        default=None, description="The models of the release, by name.", json_schema_extra=no_default
    )
    book: ServedBookAnswer | SkipJsonSchema[None] = Field(default=None, json_schema_extra=no_default)
    stale_after_days: Annotated[int, Field(ge=1)] | SkipJsonSchema[None] = Field(
        default=None, description="Age in days from which facts are stale.", json_schema_extra=no_default
    )
    loaded_at: datetime | SkipJsonSchema[None] = Field(
        default=None, description="Instant at which the release was taken up, UTC.", json_schema_extra=no_default
    )
    uptime_seconds: float = Field(ge=0, description="Seconds since the process began.")
    answers: dict[str, int] = Field(description="Answers since then, by HTTP status.")
    unexpected_errors: int = Field(ge=0, description="Answers that failed by a fault of the service.")
