"""Where the values of a column come from: a column of the file, a constant, or several joined."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final, Literal, Self

import pyarrow as pa
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from data.contracts import COUNT, DAY, MONEY, RATE, TEXT
from data.date_forms import contradiction, shape_of

TYPES: Final = {"text": TEXT, "day": DAY, "money": MONEY, "rate": RATE, "count": COUNT}

Name = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


def _in_quotes(value: Any) -> Any:
    """YAML reads 010 as 8 and no as false: what is compared with a text has to be one."""
    if isinstance(value, bool):
        raise ValueError(
            "put the word in quotes, as 'no': without them YAML reads yes, no, on and off as true or false"
        )
    if isinstance(value, int | float | date):
        raise ValueError(f"put it in quotes, as '{value}': without them YAML does not read it as a text")
    return value


Word = Annotated[str, BeforeValidator(_in_quotes)]


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Forms = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class Model(BaseModel):
    """A part of a mapping: it cannot be changed, and a misspelt option is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _check_forms(forms: tuple[str, ...]) -> None:
    for form in forms:
        shape_of(form)
    clash = contradiction(forms)
    if clash:
        raise ValueError(f"{clash}. Keep the one that the source uses")


class Source(Model):
    """Where one value comes from.

    The steps are taken in this order: the text is trimmed, read as a whole number, translated, filled up, matched,
    read as its column's type, turned in sign, prefixed.

    Attributes:
        column: Column of the file, or a derived key (YAML: ``from``).
        value: The same value for every row.
        join: Several sources whose texts make one text, with ``separator`` between them. A part that holds the
            separator itself does not fit, so that no two rows get one key.
        separator: Stands between joined texts.
        formats: strptime forms of a day or an instant, one or several (YAML: ``format``). Empty: ISO.
        pattern: Regular expression that the whole text must match.
        malformed: What to do with a text that does not fit: refuse the row, or take the value as unknown and count it.
        equals: For a flag: the text that means yes; everything else, nothing included, means no.
        words: The source's word -> ours; a word that is not listed does not fit (YAML: ``map``).
        prefix: Put before a text.
        pad_to: A text of digits alone is filled up with zeros on the left to this length; one with letters stays.
        whole_number: The text is a whole number that was written as a decimal: ``1929003413.0`` is 1929003413. What
            is no whole number does not fit.
        negate: The source writes the amount with the other sign.
        pick: Of all rows of the table with the same key, the earliest or the latest value stands for each.
    """

    column: Name | None = Field(default=None, alias="from")
    value: Word | bool | None = None
    join: "tuple[Source, ...] | None" = None
    separator: str = Field(default="-", min_length=1)
    formats: Forms = Field(default=(), alias="format")
    pattern: str | None = None
    malformed: Literal["refuse", "unknown"] = "refuse"
    equals: Word | None = None
    words: dict[Word, Word] | None = Field(default=None, alias="map")
    prefix: str = ""
    pad_to: int | None = Field(default=None, ge=1, le=64)
    whole_number: bool = False
    negate: bool = False
    pick: Literal["earliest", "latest"] | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if [self.column, self.value, self.join].count(None) != 2:
            raise ValueError("state either 'from' (a column), 'value' (a constant) or 'join' (several)")
        if self.join is not None and len(self.join) < 2:
            raise ValueError("'join' needs two parts or more; for one, state 'from'")
        if any(part.join is not None for part in self.join or ()):
            raise ValueError("a part of 'join' cannot be a 'join' itself: list its parts")
        if self.pattern is not None:
            re.compile(self.pattern)
        _check_forms(self.formats)
        return self

    @property
    def columns(self) -> Iterator[str]:
        """The columns of the file that it needs."""
        if self.column is not None:
            yield self.column
        for part in self.join or ():
            yield from part.columns

    @property
    def named(self) -> str:
        """What a person calls it: the column's name, or the names of the joined ones."""
        return ", ".join(self.columns) or str(self.value)


class Condition(Model):
    """What a row must say to belong to a table; all that is stated must hold.

    Attributes:
        equals: The trimmed text.
        one_of: Any of these texts (YAML: ``in``).
        none_of: None of these texts; an empty value is none of them (YAML: ``not_in``).
        filled: Whether there must be a value.
    """

    equals: Word | None = None
    one_of: tuple[Word, ...] | None = Field(default=None, alias="in", min_length=1)
    none_of: tuple[Word, ...] | None = Field(default=None, alias="not_in", min_length=1)
    filled: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self == Condition.model_construct():
            raise ValueError("state 'equals', 'in', 'not_in' or 'filled'")
        return self


class KeyPart(Model):
    """One column that takes part in a derived key, read as a type so that 10.5 and 10.50 are one value."""

    column: Name = Field(alias="from")
    type: Literal["text", "day", "money", "rate", "count"] = "text"
    formats: Forms = Field(default=(), alias="format")

    @model_validator(mode="after")
    def _forms_can_stand(self) -> Self:
        _check_forms(self.formats)
        return self

    @property
    def arrow_type(self) -> pa.DataType:
        """The contract type as which the part is read."""
        return TYPES[self.type]


class DerivedKey(Model):
    """A key for a source that sends none: a hash of the parts and the ordinal among rows that are equal in them.

    It is stable from run to run and does not depend on the order of rows; full extracts only.

    Attributes:
        of: The parts.
        ordinal_by: Rows equal in all parts are numbered by this, those without it last.
    """

    of: tuple[KeyPart, ...] = Field(min_length=1)
    ordinal_by: KeyPart
