"""A source mapping: which column of which file becomes which column of which contract table.

A mapping is a YAML file beside this module or at a path. It is checked against the contracts when it is read, so
that an ingest never fails halfway on a misspelt name.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from data.contracts import CONTRACTS, COUNT, DAY, FLAG, INSTANT, MONEY, RATE, TEXT, Contract

SHIPPED: Final = Path(__file__).parent / "mappings"
ISO_DAY: Final = "%Y-%m-%d"
TYPES: Final = {"text": TEXT, "day": DAY, "money": MONEY, "rate": RATE, "count": COUNT}

Name = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class MappingError(ValueError):
    """A mapping that cannot be used, with all that is wrong with it."""

    def __init__(self, name: str, problems: list[str]) -> None:
        super().__init__(f"The mapping {name} cannot be used:\n" + "\n".join(f"- {problem}" for problem in problems))
        self.name, self.problems = name, problems


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Source(_Model):
    """Where one value comes from: a column of the file, or a constant.

    Attributes:
        column: Column of the file, or a derived key (YAML: ``from``).
        value: The same value for every row.
        format: strptime form of a day or an instant; ISO days unless stated.
        pattern: Regular expression that the whole text must match.
        malformed: What to do with a text that does not fit: refuse the row, or take the value as unknown and count it.
        equals: For a flag: the text that means yes; everything else, nothing included, means no.
        words: The source's word -> ours; a word that is not listed does not fit (YAML: ``map``).
        prefix: Put before a text.
        pad_to: Text is filled up with zeros on the left to this length.
    """

    column: Name | None = Field(default=None, alias="from")
    value: str | bool | None = None
    format: str = ISO_DAY
    pattern: str | None = None
    malformed: Literal["refuse", "unknown"] = "refuse"
    equals: str | None = None
    words: dict[str, str] | None = Field(default=None, alias="map")
    prefix: str = ""
    pad_to: int | None = Field(default=None, ge=1, le=64)

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.column is None) == (self.value is None):
            raise ValueError("state either 'from' (a column) or 'value' (a constant)")
        if self.pattern is not None:
            re.compile(self.pattern)
        return self


class KeyPart(_Model):
    """One column that takes part in a derived key, read as a type so that 10.5 and 10.50 are one value."""

    column: Name = Field(alias="from")
    type: Literal["text", "day", "money", "rate", "count"] = "text"
    format: str = ISO_DAY

    @property
    def arrow_type(self) -> pa.DataType:
        """The contract type as which the part is read."""
        return TYPES[self.type]


class DerivedKey(_Model):
    """A key for a source that sends none: a hash of the parts and the ordinal among rows that are equal in them.

    It is stable from run to run and does not depend on the order of rows; full extracts only.

    Attributes:
        of: The parts.
        ordinal_by: Rows equal in all parts are numbered by this, those without it last.
    """

    of: tuple[KeyPart, ...] = Field(min_length=1)
    ordinal_by: KeyPart


class TableMapping(_Model):
    """How rows of a file become rows of one table.

    Attributes:
        columns: Contract column -> where its value comes from. ``source`` is the mapping's name, ``currency`` its
            currency unless mapped.
        rows_with: Only rows in which this column is filled belong to the table.
    """

    columns: dict[Name, Source]
    rows_with: Name | None = None


class FileMapping(_Model):
    """One file of the extract.

    Attributes:
        file: Name of the file in the folder.
        optional: Whether an extract may come without it.
        keys: Derived keys by name; table columns refer to them like to columns of the file.
        tables: Contract table -> how to fill it. None: the file is a contract table of the file's name already.
    """

    file: Name
    optional: bool = False
    keys: dict[Name, DerivedKey] = Field(default_factory=dict)
    tables: dict[Name, TableMapping] | None = None

    @property
    def needed(self) -> list[str]:
        """Columns that the file must have, in the order of the mapping."""
        return list(dict.fromkeys(name for name in self._mentioned() if name not in self.keys))

    def _mentioned(self) -> Iterator[str]:
        for key in self.keys.values():
            yield from (part.column for part in (*key.of, key.ordinal_by))
        for table in (self.tables or {}).values():
            yield from (source.column for source in table.columns.values() if source.column is not None)
            if table.rows_with is not None:
                yield table.rows_with


class SourceMapping(_Model):
    """A source: its files, how they are written and what it does not say itself.

    Attributes:
        source: Name that rows of this source carry.
        description: What the source is, for a person.
        kind: Text with separated values, or Parquet files that are contract tables already.
        delimiter: Separator of values, one character.
        encoding: Encoding of the text.
        decimal_mark: Point or comma.
        currency: ISO 4217 code of all amounts, where no column says it.
        extracted_on: Date of the extract, for a source that restates its past: nothing in it can have happened
            later, and what it corrects is known from then on. None: the day on which it was received.
        restates_past: The source has no second clock; ``known_at`` is an assumption of the mapping.
        files: The files, in the order in which they are read.
    """

    source: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    description: str
    kind: Literal["csv", "parquet"] = "csv"
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ";"
    encoding: str = "utf-8"
    decimal_mark: Literal[".", ","] = "."
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    extracted_on: date | None = None
    restates_past: bool = False
    files: tuple[FileMapping, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_the_contracts(self) -> Self:
        problems = [problem for file in self.files for problem in _problems(self, file)]
        filled = Counter(table for file in self.files for table in file.tables or [Path(file.file).stem])
        problems += [
            f"{table}: {count} files fill it; one file fills a table." for table, count in filled.items() if count > 1
        ]
        if problems:
            raise ValueError("\n- ".join(problems))
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
        return SourceMapping.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as problem:
        raise MappingError(str(name_or_path), [f"it is not YAML: {problem}"]) from problem
    except ValidationError as problem:
        raise MappingError(str(name_or_path), [_in_words(dict(error)) for error in problem.errors()]) from problem


def _in_words(error: dict[str, object]) -> str:
    place = error["loc"] if isinstance(error["loc"], tuple) else ()
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{'.'.join(map(str, place))}: {message}" if place else message


def _problems(mapping: SourceMapping, file: FileMapping) -> Iterator[str]:
    if file.tables is None:
        yield from _problems_of_contract_file(mapping, file)
        return
    if mapping.kind == "parquet":
        yield f"{file.file}: Parquet files are contract tables already and take no 'tables'."
    for table, mapped in file.tables.items():
        if table in CONTRACTS:
            yield from _problems_of_table(mapping, file, CONTRACTS[table], mapped)
        else:
            yield f"{file.file}: no contract describes a table {table!r}; there are {', '.join(CONTRACTS)}."


def _problems_of_contract_file(mapping: SourceMapping, file: FileMapping) -> Iterator[str]:
    if mapping.kind == "csv":
        yield f"{file.file}: say under 'tables' what its columns become."
    elif Path(file.file).stem not in CONTRACTS:
        yield f"{file.file}: a contract file is named after its table, one of {', '.join(CONTRACTS)}."


def _problems_of_table(
    mapping: SourceMapping, file: FileMapping, contract: Contract, mapped: TableMapping
) -> Iterator[str]:
    where = f"{file.file}, {contract.name}"
    sources = mapping.columns_of(contract.name, mapped)
    for name in sorted(set(sources) - set(contract.names)):
        yield f"{where}: the contract has no column {name!r}; it has {', '.join(contract.names)}."
    for column in contract.columns:
        source = sources.get(column.name)
        if source is None and not column.nullable:
            yield f"{where}: nothing fills {column.name!r}, which must not be null."
        elif source is not None and source.equals is not None and column.type != FLAG:
            yield f"{where}: 'equals' makes a yes or no, but {column.name!r} is {column.type}."
        elif (
            source is not None and column.type == FLAG and source.equals is None and not isinstance(source.value, bool)
        ):
            yield f"{where}: {column.name!r} is a yes or no: state 'equals' or a 'value' of true or false."
        elif source is not None and column.type not in {TEXT, FLAG} and source.column is None:
            yield f"{where}: {column.name!r} is {column.type} and needs a column."
        elif source is not None and column.type not in {DAY, INSTANT} and source.format != ISO_DAY:
            yield f"{where}: 'format' is for days and instants, but {column.name!r} is {column.type}."
