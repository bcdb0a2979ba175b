"""The shape of an answer that is no result (RFC 9457)."""

from typing import Annotated

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from serving.answers import Shape, no_default


class FieldErrorAnswer(Shape):
    """One thing wrong with one field of a request."""

    field: str = Field(description="Path of the field, parts joined by dots; empty for the body as a whole.")
    got: str = Field(description="What was sent, cut short.")
    allowed: str = Field(description="What may be sent.")


class ProblemAnswer(Shape):
    """Why there is no result, and what to do."""

    type: str = Field(pattern=r"^urn:o2c-risk:problem:[a-z_]+$", description="Name of the problem as an address.")
    code: str = Field(pattern=r"^[a-z_]+$", description="Name of the problem for programs; it keeps its meaning.")
    title: str = Field(description="The problem in a few words, the same every time.")
    status: int = Field(ge=400, le=599, description="HTTP status.")
    detail: str = Field(description="What happened this time.")
    advice: str = Field(description="What to do next.")
    errors: Annotated[list[FieldErrorAnswer], Field(min_length=1)] | SkipJsonSchema[None] = Field(
        default=None,
        description="The fields that are wrong; only where that is the problem.",
        json_schema_extra=no_default,
    )
