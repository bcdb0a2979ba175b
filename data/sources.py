"""Reading the files of an extract: all file access of the batch side.

Text files are read as text: no number, date or null is guessed, so a 19-digit identifier stays what it is.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from data.mapping import FileMapping, SourceMapping


class SourceFileError(ValueError):
    """A file of an extract that cannot be read as its mapping says."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(f"{file}: {problem}")
        self.file = file


@dataclass(frozen=True)
class SourceFile:
    """What a file holds.

    Attributes:
        name: File name.
        rows: Its rows, shape (n_rows, n_columns); texts for a text file, an empty value being an empty text.
        lines: Where each row stands, shape (n_rows,): for text the number of the record, the header being 1; for
            Parquet the number of the row, the first being 1.
        ragged: Records with another number of values than the header, as (line, text); not among the rows.
        blank: Number of records without any value; not among the rows.
    """

    name: str
    rows: pa.Table
    lines: pa.Int64Array
    ragged: tuple[tuple[int, str], ...] = ()
    blank: int = 0


def read_source(folder: Path, mapping: SourceMapping, file: FileMapping) -> SourceFile | None:
    """Read one file of an extract.

    Args:
        folder: Where the extract lies.
        mapping: How its files are written.
        file: Which file.

    Returns:
        The file's rows; None if the mapping calls the file optional and it is not there.

    Raises:
        SourceFileError: The file is missing, empty, not in the stated encoding, or lacks a column.
    """
    path = folder / file.file
    if not path.is_file():
        if file.optional:
            return None
        raise SourceFileError(
            file.file,
            f"it is not in {folder}, which holds {_listed(folder)}. Put it there, or ask for the right folder.",
        )
    read = _read_parquet(path) if mapping.kind == "parquet" else _read_csv(path, mapping)
    _check_columns(read, file)
    return read


def _listed(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return ", ".join(names[:20]) or "no file"


def _read_parquet(path: Path) -> SourceFile:
    try:
        # Read as one file: a folder name such as a=1 above it must not become a column.
        rows = pq.ParquetFile(path).read()
    except (pa.ArrowInvalid, OSError) as problem:
        raise SourceFileError(
            path.name, f"it is not a readable Parquet file ({problem}). Have it written again."
        ) from problem
    return SourceFile(path.name, rows, pa.array(np.arange(1, rows.num_rows + 1), pa.int64()))


def _read_csv(path: Path, mapping: SourceMapping) -> SourceFile:
    names, has_records = _header(path, mapping)
    if not has_records:
        return SourceFile(path.name, pa.table({name: pa.array([], pa.string()) for name in names}), _lines(0, []))
    ragged: list[tuple[int, str]] = []

    def note(row: Any) -> str:
        ragged.append((row.number, row.text))
        return "skip"

    try:
        rows = pyarrow.csv.read_csv(
            path,
            # One thread: only then does Arrow know the line of a ragged record.
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, column_names=names, skip_rows=1, encoding=mapping.encoding, block_size=1 << 24
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=mapping.delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                strings_can_be_null=False, column_types=dict.fromkeys(names, pa.string())
            ),
        )
    except (pa.ArrowInvalid, UnicodeError) as problem:
        raise _unreadable(path, mapping, problem) from problem
    lines = _lines(rows.num_rows, [line for line, _ in ragged])
    return _without_blanks(SourceFile(path.name, rows, lines, tuple(sorted(r for r in ragged if r[1].strip()))))


def _header(path: Path, mapping: SourceMapping) -> tuple[list[str], bool]:
    """Column names and whether anything follows; the second of a name is ``NAME (2)``, so that each can be mapped."""
    try:
        with path.open(encoding=mapping.encoding, newline="") as file:
            first = next(csv.reader(file, delimiter=mapping.delimiter), [])
            has_records = next(file, None) is not None
    except (UnicodeError, LookupError) as problem:
        raise _unreadable(path, mapping, problem) from problem
    names = [name.removeprefix("\ufeff").strip() for name in first]
    if not any(names):
        raise SourceFileError(path.name, "it is empty, without even a header. Have the extract made again.")
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return numbered, has_records


def _unreadable(path: Path, mapping: SourceMapping, problem: Exception) -> SourceFileError:
    return SourceFileError(
        path.name,
        f"it cannot be read as {mapping.encoding} text with {mapping.delimiter!r} between values ({problem}). "
        "State its encoding and separator in the mapping (utf-8, latin-1, cp1252), or have it exported again.",
    )


def _lines(count: int, ragged: list[int]) -> pa.Int64Array:
    """Record numbers of the rows that were read: all from 2 on, without the ragged ones."""
    every = np.arange(2, 2 + count + len(ragged))
    return pa.array(every[~np.isin(every, ragged)], pa.int64())


def _without_blanks(read: SourceFile) -> SourceFile:
    texts = [pc.not_equal(pc.utf8_trim_whitespace(column), "") for column in read.rows.itercolumns()]
    filled = reduce(pc.or_, texts)
    blank = read.rows.num_rows - (pc.sum(filled).as_py() or 0)
    if not blank:
        return read
    return SourceFile(
        read.name, read.rows.filter(filled), read.lines.filter(filled.combine_chunks()), read.ragged, blank
    )


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
