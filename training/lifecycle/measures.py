"""What the figures of the gates are taken from, as the gates' file sets it."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field


class Measures(BaseModel):
    """What the figures of the gates are taken from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    segment_cases: int = Field(default=200, ge=1, description="A segment is large enough from so many cases on.")
    segment_bad: int = Field(default=20, ge=1, description="Its AUC counts from so many bad and good cases on.")
    limit_move: float = Field(default=0.25, ge=0, description="A limit moves if it changes by more than this share.")


STANDARD: Final = Measures()
