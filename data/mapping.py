"""A source mapping: which column of which file becomes which column of which contract table.

A mapping is a YAML file beside this module or at a path. It is checked against the contracts when it is read, so
that an ingest never fails halfway on a misspelt name.
"""

from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import AliasChoices, Field, StringConstraints, ValidationError, model_validator

from data.contracts import CONTRACTS
from data.mapping_checks import problems_of
from data.origin import Condition, DerivedKey, Model, Name, Source

SHIPPED: Final = Path(__file__).parent / "mappings"
Kind = Literal["csv", "parquet", "excel", "sql"]


class MappingError(ValueError):
    """A mapping that cannot be used, with all that is wrong with it."""

    def __init__(self, name: str, problems: list[str]) -> None:
        super().__init__(f"The mapping {name} cannot be used:\n" + "\n".join(f"- {problem}" for problem in problems))
        self.name, self.problems = name, problems


class TableMapping(Model):
    """How rows of a file become rows of one table.

    Attributes:
        columns: Contract column -> where its value comes from. ``source`` is the mapping's name, ``currency`` its
            currency unless mapped.
        rows_with: Only rows in which this column is filled belong to the table.
        rows_where: Only rows in which each of these columns says what is stated belong to the table.
        full_extract: As for the file; None takes the file's word.
    """

    columns: dict[Name, Source]
    rows_with: Name | None = None
    rows_where: dict[Name, Condition] = Field(default_factory=dict)
    full_extract: bool | None = None

    @property
    def conditions(self) -> dict[str, Condition]:
        """What rows of the table must say, by column."""
        filled = {} if self.rows_with is None else {self.rows_with: Condition(filled=True)}
        return filled | self.rows_where

    @property
    def mentioned(self) -> Iterator[str]:
        """Columns of the file, or derived keys, that it needs."""
        for source in self.columns.values():
            yield from source.columns
        yield from self.conditions


class FileMapping(Model):
    """One file of the extract, several of one layout, or one query.

    Attributes:
        file: Name of the file in the folder, or a pattern such as ``payments_*.csv``: all files of one layout, read
            in the order of their names. For a database what the query is called (YAML: ``file`` or ``name``).
        optional: Whether an extract may come without it.
        sheet: Sheet of a workbook, or a pattern such as ``2024-*``; not needed where there is one.
        header: Number of the row or record that holds the names of the columns; what stands above is passed over.
        query: For a database: the SELECT that gives the rows.
        table: The contract table that the rows are already, where the file is not named after it.
        keys: Derived keys by name; table columns refer to them like to columns of the file.
        tables: Contract table -> how to fill it. None: the rows are those of a contract table already.
        full_extract: The file holds all there is: what the lake has of this source and the file lacks is withdrawn.
    """

    file: Name = Field(validation_alias=AliasChoices("file", "name"))
    optional: bool = False
    sheet: Name | None = None
    header: int = Field(default=1, ge=1)
    query: Name | None = None
    table: Name | None = None
    keys: dict[Name, DerivedKey] = Field(default_factory=dict)
    tables: dict[Name, TableMapping] | None = None
    full_extract: bool = False

    @property
    def contract_table(self) -> str:
        """The contract table that the rows are, where nothing is mapped."""
        return self.table or PurePosixPath(self.file).stem

    @property
    def needed(self) -> list[str]:
        """Columns that the file must have, in the order of the mapping."""
        return list(dict.fromkeys(name for name in self._mentioned() if name not in self.keys))

    def _mentioned(self) -> Iterator[str]:
        for key in self.keys.values():
            yield from (part.column for part in (*key.of, key.ordinal_by))
        for table in (self.tables or {}).values():
            yield from table.mentioned


class SourceMapping(Model):
    """A source: its files, how they are written and what it does not say itself.

    Attributes:
        source: Name that rows of this source carry.
        description: What the source is, for a person.
        kind: Text with separated values, Parquet files, Excel workbooks, or queries to a database. Where the
            database is never stands here: its address holds a password.
        delimiter: Separator of values, one character.
        encoding: Encoding of the text.
        decimal_mark: Point or comma.
        thousands_mark: What stands between groups of three digits; none unless stated.
        time_zone: Zone of timestamps that state none.
        currency: ISO 4217 code of all amounts, where no column says it.
        extracted_on: Date of the extract, for a source that restates its past: nothing in it can have happened
            later, and what it corrects is known from then on. None: the day on which it was received.
        restates_past: The source has no second clock; ``known_at`` is an assumption of the mapping.
        files: The files, in the order in which they are read. Several may fill one table.
    """

    source: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    description: str
    kind: Kind = "csv"
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ";"
    encoding: str = "utf-8"
    decimal_mark: Literal[".", ","] = "."
    thousands_mark: Literal[".", ",", " ", "'"] | None = None
    time_zone: str = "UTC"
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    extracted_on: date | None = None
    restates_past: bool = False
    files: tuple[FileMapping, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_the_contracts(self) -> Self:
        problems = problems_of(self)
        if problems:
            raise ValueError("\n- ".join(problems))
        return self

    @model_validator(mode="after")
    def _marks_and_zone(self) -> Self:
        if self.thousands_mark == self.decimal_mark:
            raise ValueError(f"decimal_mark and thousands_mark are both {self.decimal_mark!r}: no number could be read")
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError) as problem:
            raise ValueError(f"there is no time zone {self.time_zone!r}: name one such as Europe/Berlin") from problem
        return self

    def extracted(self, on: date) -> "SourceMapping":
        """The same mapping for an extract of another date."""
        return self.model_copy(update={"extracted_on": on})

    def columns_of(self, table: str, mapped: TableMapping) -> dict[str, Source]:
        """Where each column of the contract comes from, constants of the mapping included."""
        constants = {"source": Source(value=self.source), "is_deleted": Source(value=False)}
        if self.currency is not None and "currency" in CONTRACTS[table].names:
            constants["currency"] = Source(value=self.currency)
        return constants | dict(mapped.columns)


def load_mapping(name_or_path: str | Path) -> SourceMapping:
    """Read and check a mapping.

    Args:
        name_or_path: Name of a shipped mapping (``datarisk``), or path of a YAML file.

    Raises:
        FileNotFoundError: There is no such mapping.
        MappingError: It cannot be used; the message says all that is wrong.

    Example:
        >>> [file.file for file in load_mapping("datarisk").files]
        ['base_cadastral.csv', 'base_pagamentos.csv', 'base_info.csv']
    """
    path = Path(name_or_path)
    if path.suffix not in {".yaml", ".yml"}:
        path = SHIPPED / f"{name_or_path}.yaml"
    if not path.is_file():
        shipped = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.yaml")))
        raise FileNotFoundError(f"There is no mapping {name_or_path}: name a YAML file, or one of {shipped}.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return SourceMapping.model_validate(content)
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise MappingError(str(name_or_path), [f"it is not YAML: {problem}"]) from problem
    except ValidationError as problem:
        raise MappingError(str(name_or_path), _all_problems(content, problem)) from problem


def _all_problems(content: Any, found: ValidationError) -> list[str]:
    """All that is wrong: an option that cannot be read must not hide that a column is not filled."""
    problems = [_in_words(error["loc"], error["msg"]) for error in found.errors()]
    rest, removed = deepcopy(content), set[str]()
    for error in found.errors():
        _without(rest, error["loc"], removed)
    if found.errors()[0]["loc"] and isinstance(rest, dict):
        try:
            SourceMapping.model_validate({**rest, "source": "unnamed", "description": ""})
        except ValidationError as further:
            told = [line for error in further.errors() for line in _in_words(error["loc"], error["msg"]).split("\n- ")]
            problems += [line for line in told if not any(f"nothing fills {name!r}" in line for name in removed)]
    return list(dict.fromkeys(problems))


def _without(content: Any, place: tuple[int | str, ...], removed: set[str]) -> None:
    """Take out what stands at a place; of a column's source the whole column, whose name is added to ``removed``."""
    if "columns" in place:
        place = place[: place.index("columns") + 2]
        removed.add(str(place[-1]))
    for step in place[:-1]:
        inside = isinstance(content, dict) and step in content
        if not inside and not (isinstance(content, list) and isinstance(step, int) and step < len(content)):
            return
        content = content[step]
    if isinstance(content, dict) and place:
        content.pop(place[-1], None)


def _in_words(place: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    return f"{'.'.join(map(str, place))}: {message}" if place else message
