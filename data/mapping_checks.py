"""Whether a mapping fits the contracts: all that is wrong with it, in words."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from data.contracts import CONTRACTS, DAY, FLAG, INSTANT, TEXT, Column, Contract
from data.date_forms import ISO_INSTANT
from data.origin import Source

if TYPE_CHECKING:
    from data.mapping import FileMapping, SourceMapping, TableMapping

MAPPED_SUFFIXES: Final = {
    "excel": (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
    "parquet": (".parquet", ".pq"),
}
_NUMBER: Final = r"-?[0-9]+([.][0-9]+)?"


def problems_of(mapping: "SourceMapping") -> list[str]:
    """All that keeps a mapping from being used, one sentence each."""
    found = [problem for file in mapping.files for problem in _problems_of_file(mapping, file)]
    return list(dict.fromkeys([*found, *_problems_of_shared_tables(mapping)]))


def _problems_of_file(mapping: "SourceMapping", file: "FileMapping") -> Iterator[str]:
    yield from _problems_of_place(mapping, file)
    if file.tables is None:
        yield from _problems_of_contract_file(mapping, file)
        return
    if file.table is not None:
        yield f"{file.file}: state 'table' (the rows are that table already) or 'tables' (what they become), not both."
    for table, mapped in file.tables.items():
        if table in CONTRACTS:
            yield from _problems_of_table(mapping, file, CONTRACTS[table], mapped)
        else:
            yield f"{file.file}: no contract describes a table {table!r}; there are {', '.join(CONTRACTS)}."


def _problems_of_place(mapping: "SourceMapping", file: "FileMapping") -> Iterator[str]:
    """Whether the file is named in the way of its kind."""
    path = PurePosixPath(file.file)
    if mapping.kind != "sql" and (path.is_absolute() or ".." in path.parts or "\\" in file.file):
        yield f"{file.file}: name the file within the extract's folder, without '..' and with '/' between folders."
    if mapping.kind == "sql" and file.query is None:
        yield f"{file.file}: state the 'query' that gives its rows."
    if mapping.kind != "sql" and file.query is not None:
        yield f"{file.file}: 'query' is for kind sql, but this mapping is of kind {mapping.kind}."
    if mapping.kind != "excel" and file.sheet is not None:
        yield f"{file.file}: 'sheet' is for kind excel, but this mapping is of kind {mapping.kind}."
    if mapping.kind not in {"csv", "excel"} and file.header != 1:
        yield f"{file.file}: 'header' is for texts and workbooks, but this mapping is of kind {mapping.kind}."
    suffixes = MAPPED_SUFFIXES.get(mapping.kind, ())
    if suffixes and path.suffix.lower() not in suffixes:
        yield f"{file.file}: a mapping of kind {mapping.kind} reads files that end in {', '.join(suffixes)}."


def _problems_of_contract_file(mapping: "SourceMapping", file: "FileMapping") -> Iterator[str]:
    if mapping.kind in {"csv", "excel"}:
        yield f"{file.file}: say under 'tables' what its columns become."
    elif file.contract_table not in CONTRACTS:
        yield (
            f"{file.file}: a contract file is named after its table or says it under 'table', "
            f"one of {', '.join(CONTRACTS)}."
        )
    if file.keys:
        yield f"{file.file}: 'keys' are for rows that are mapped under 'tables'."


def _problems_of_shared_tables(mapping: "SourceMapping") -> Iterator[str]:
    """Derived keys are numbered within one file: two that fill one table could give two rows one key."""
    derived = defaultdict(list)
    for file in mapping.files:
        for table, mapped in (file.tables or {}).items():
            for name in CONTRACTS[table].key if table in CONTRACTS else ():
                source = mapped.columns.get(name)
                if source is not None and set(source.columns) & set(file.keys):
                    derived[table, name, source.prefix].append(file.file)
    for (table, name, prefix), files in derived.items():
        if len(files) > 1:
            yield (
                f"{table}: {', '.join(files)} each derive {name!r} with the prefix {prefix!r}, so rows of two files "
                "could get one key. Give each a 'prefix' of its own, or read them as one file by a pattern."
            )


def _problems_of_table(
    mapping: "SourceMapping", file: "FileMapping", contract: Contract, mapped: "TableMapping"
) -> Iterator[str]:
    where = f"{file.file}, {contract.name}"
    sources = mapping.columns_of(contract.name, mapped)
    for name in sorted(set(sources) - set(contract.names)):
        yield f"{where}: the contract has no column {name!r}; it has {', '.join(contract.names)}."
    for column in contract.columns:
        source = sources.get(column.name)
        if source is None:
            if not column.nullable:
                yield f"{where}: nothing fills {column.name!r}, which must not be null."
        else:
            problem = _problem_of_flag(column, source) or _problem_of_option(column, source)
            if problem:
                yield f"{where}: {problem}"
    for name in sorted(set(mapped.conditions) & set(file.keys)):
        yield f"{where}: {name!r} is a derived key and always filled; choose rows by a column of the file."


def _problem_of_flag(column: Column, source: Source) -> str | None:
    if source.equals is not None and column.type != FLAG:
        return f"'equals' makes a yes or no, but {column.name!r} is {column.type}."
    if column.type == FLAG and source.equals is None and not isinstance(source.value, bool):
        return f"{column.name!r} is a yes or no: state 'equals' or a 'value' of true or false."
    if column.type != FLAG and isinstance(source.value, bool):
        return f"{column.name!r} is {column.type} and cannot be true or false."
    return None


def _problem_of_option(column: Column, source: Source) -> str | None:
    """An option that does not go with the column's type."""
    is_date, is_text = column.type in (DAY, INSTANT), column.type == TEXT
    if source.formats and not is_date:
        return f"'format' is for days and instants, but {column.name!r} is {column.type}."
    if source.pick is not None and not is_date:
        return f"'pick' is for days and instants, but {column.name!r} is {column.type}."
    if (source.pad_to is not None or source.prefix or source.join is not None) and not is_text:
        return f"'pad_to', 'prefix' and 'join' make texts, but {column.name!r} is {column.type}."
    if source.negate and (is_date or is_text or column.type == FLAG):
        return f"'negate' is for numbers, but {column.name!r} is {column.type}."
    if isinstance(source.value, str) and not _fits(column, source.value):
        kind = "a date of the form year-month-day" if is_date else "a number with a decimal point"
        return f"the value {source.value!r} of {column.name!r} is not {kind}."
    return None


def _fits(column: Column, value: str) -> bool:
    if column.type in (TEXT, FLAG):
        return True
    if column.type == DAY:
        return re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) is not None
    return re.fullmatch(ISO_INSTANT if column.type == INSTANT else _NUMBER, value) is not None
