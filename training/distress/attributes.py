"""The attributes of the Polish bankruptcy files, and which of the product's features they are."""

from functools import cache
from pathlib import Path
from typing import Annotated, Final, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

FILE: Final = Path(__file__).with_name("attributes.yaml")


class Attribute(BaseModel):
    """One attribute of the files.

    Attributes:
        meaning: Its definition as the source states it.
        feature: The product's feature of the same definition; None if there is none.
        less: What is taken off the attribute to make the feature.
        later: Whether a statement as the contract has it holds all of its parts, though no feature computes it.
        because: Why it cannot be had; empty if it can.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    meaning: Annotated[str, Field(min_length=1)]
    feature: str | None = None
    less: float = 0.0
    later: bool = False
    because: str = ""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if [self.feature is not None, self.later, bool(self.because)].count(True) != 1:
            raise ValueError(f"{self.meaning!r} needs exactly one of feature, later and because")
        return self


class Attributes(BaseModel):
    """All attributes by name, with the source of their meanings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    attributes: dict[str, Attribute]

    @property
    def matched(self) -> dict[str, str]:
        """Feature to attribute, in the order of the attributes.

        Example:
            >>> known_attributes().matched["current_ratio"]
            'Attr4'
        """
        return {found.feature: name for name, found in self.attributes.items() if found.feature is not None}

    @property
    def later(self) -> tuple[str, ...]:
        """Attributes that statements could give and no feature computes."""
        return tuple(name for name, found in self.attributes.items() if found.later)


@cache
def known_attributes(path: Path = FILE) -> Attributes:
    """Read the table; pydantic's ``ValidationError`` says what is wrong with it."""
    return Attributes.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
