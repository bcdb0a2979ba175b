"""Reading the files of an extract: the one door to the batch side's files and databases."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.excel import read_workbook
from data.mapping import FileMapping, SourceMapping
from data.source_file import Ragged, SourceFile, SourceFileError, together
from data.sql_source import Database
from data.text_files import read_text

HIDDEN: Final = (".", "~$")
"""How names of files begin that no program exported: hidden ones, and the locks of an open workbook."""
LOST_DIGITS: Final = r"^-?[0-9][.,][0-9]{16}e[+][0-9]+$"
"""How a number of a workbook is written that is too long for a binary float."""


def read_sources(
    folder: Path | None, mapping: SourceMapping, *, url: str | None = None
) -> Iterator[tuple[FileMapping, SourceFile]]:
    """Read an extract, one entry of its mapping after the other.

    Args:
        folder: Where the extract's files lie; not needed for a database.
        mapping: How they are written.
        url: SQLAlchemy address of the database, for a mapping of kind sql.

    Yields:
        Each entry with its rows; optional files that are not there are passed over. All queries to a database see
        it in one state where it can promise that (PostgreSQL).

    Raises:
        SourceFileError: A file is missing, cannot be read as its mapping says, or lacks a column.
        DatabaseError: The database cannot be reached, or a query fails.
        ValueError: The folder, or the address of the database, is not stated.
    """
    if mapping.kind == "sql":
        with Database(url) as database:
            for file in mapping.files:
                read = database.read(file.file, file.query or "", contract=None if file.tables else file.contract_table)
                _check_columns(read, file)
                yield file, read
        return
    if folder is None:
        raise ValueError(f"The mapping {mapping.source} reads files: say in which folder the extract lies.")
    for file in mapping.files:
        found = read_source(folder, mapping, file)
        if found is not None:
            yield file, found


def read_source(folder: Path, mapping: SourceMapping, file: FileMapping) -> SourceFile | None:
    """Read one entry of a mapping: one file of an extract, or all that match a pattern.

    Args:
        folder: Where the extract lies.
        mapping: How its files are written.
        file: Which file.

    Returns:
        The rows; None if the mapping calls the file optional and it is not there.

    Raises:
        SourceFileError: The file is missing, empty, not in the stated encoding, or lacks a column.
    """
    names = matching(folder, file.file)
    if not names:
        if file.optional:
            return None
        raise SourceFileError(
            file.file,
            f"it is not in {folder}, which holds {_listed(folder)}. Put it there, or ask for the right folder.",
        )
    parts = [_read_one(folder / name, name, mapping, file) for name in names]
    for part in parts:
        _check_columns(part, file)
    return together(file.file, parts)


def matching(folder: Path, pattern: str) -> list[str]:
    """Names of the files in a folder that a mapping's entry means, sorted.

    Args:
        folder: The extract's folder.
        pattern: A name, or a pattern such as ``payments_*.csv``; a file of exactly that name wins.
    """
    if (folder / pattern).is_file():
        return [pattern]
    if not any(mark in pattern for mark in "*?[") or not folder.is_dir():
        return []
    found = (path for path in folder.glob(pattern) if path.is_file() and not path.name.startswith(HIDDEN))
    return sorted(path.relative_to(folder).as_posix() for path in found)


def _listed(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return ", ".join(names[:20]) or "no file"


def _read_one(path: Path, name: str, mapping: SourceMapping, file: FileMapping) -> SourceFile:
    if mapping.kind == "parquet":
        return read_parquet(path, name)
    if mapping.kind == "excel":
        return read_workbook(path, name, sheet=file.sheet, header=file.header, decimal_mark=mapping.decimal_mark)
    return read_text(path, name, encoding=mapping.encoding, delimiter=mapping.delimiter, header=file.header)


def read_parquet(path: Path, name: str) -> SourceFile:
    """Read a Parquet file with its types.

    Raises:
        SourceFileError: It is no readable Parquet file.
    """
    try:
        # Read as one file: a folder name such as a=1 above it must not become a column.
        rows = pq.ParquetFile(path).read()
    except (pa.ArrowInvalid, OSError) as problem:
        raise SourceFileError(
            name, f"it is not a readable Parquet file ({problem}). Have it written again."
        ) from problem
    return SourceFile(name, rows, pa.array(np.arange(1, rows.num_rows + 1), pa.int64()))


def _check_columns(read: SourceFile, file: FileMapping) -> None:
    present = read.rows.column_names
    missing = [name for name in file.needed if name not in present]
    if missing:
        raise SourceFileError(
            read.name,
            f"it lacks the column {', '.join(missing)}; it has {', '.join(present)}. "
            "Check the separator and the names in the mapping, or have the extract made again.",
        )
    clash = sorted(set(file.keys) & set(present))
    if clash:
        raise SourceFileError(
            read.name, f"it has a column {clash[0]}, which is the name of a derived key: rename the key."
        )


def check_exact(read: SourceFile, wanted: Collection[str]) -> None:
    """Refuse identifiers that were written as numbers too long for a binary float: their last digits are lost.

    Args:
        read: The file.
        wanted: Columns that become texts.

    Raises:
        SourceFileError: One of them holds such a number.
    """
    for name in wanted:
        column = read.rows[name]
        if pa.types.is_floating(column.type):
            long = pc.greater_equal(pc.abs(column), pa.scalar(2.0**53, column.type))
        elif pa.types.is_string(column.type):
            long = pc.match_substring_regex(column, LOST_DIGITS)
        else:
            continue
        found = column.filter(pc.fill_null(long, False))
        if len(found):
            raise SourceFileError(
                read.name,
                f"the column {name} holds {found[0].as_py()}, a number too long for a binary float, of which the last "
                "digits are lost. Have the column written as text.",
            )


__all__ = ["Ragged", "SourceFile", "SourceFileError", "check_exact", "matching", "read_source", "read_sources"]
