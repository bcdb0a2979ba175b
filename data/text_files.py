"""Text files with separated values, read as texts: nothing is guessed, a 19-digit identifier stays what it is."""

import csv
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from data.source_file import Ragged, SourceFile, SourceFileError, numbered


def read_text(path: Path, name: str, *, encoding: str, delimiter: str, header: int = 1) -> SourceFile:
    """Read a text file.

    Args:
        path: The file.
        name: What rows and errors call it.
        encoding: Its encoding.
        delimiter: What stands between values, one character.
        header: Number of the record that holds the names of the columns, 1 or more.

    Raises:
        SourceFileError: It is empty, ends before the header or cannot be decoded.
    """
    try:
        names, skipped, has_records = _header(path, name, encoding, delimiter, header)
        if not has_records:
            empty = pa.table({column: pa.array([], pa.string()) for column in names})
            return SourceFile(name, empty, _lines(header, 0, []))
        rows, ragged = _records(path, names, skipped, encoding, delimiter)
    except (pa.ArrowInvalid, UnicodeError, LookupError, csv.Error) as problem:
        raise SourceFileError(
            name,
            f"it cannot be read as {encoding} text with {delimiter!r} between values ({problem}). "
            "State its encoding and separator in the mapping (utf-8, latin-1, cp1252), or have it exported again.",
        ) from problem
    shift = header - skipped  # a record above may take several lines
    known = sorted((line + shift, text) for line, text in ragged)
    lines = _lines(header, rows.num_rows, [line for line, _ in known])
    told = tuple(Ragged(name, line, text) for line, text in known if text.strip())
    return without_blanks(SourceFile(name, rows, lines, told))


def _header(path: Path, name: str, encoding: str, delimiter: str, header: int) -> tuple[list[str], int, bool]:
    """Column names, the number of physical lines that they end with, and whether anything follows."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        first = next(islice(reader, header - 1, None), None)
        skipped = reader.line_num
        has_records = next(file, None) is not None
    names = [column.removeprefix("\ufeff").strip() for column in first or []]
    if not any(names):
        told = "it is empty, without even a header." if header == 1 else f"it has no header in record {header}."
        raise SourceFileError(name, f"{told} Have the extract made again.")
    return numbered(names), skipped, has_records


def _records(
    path: Path, names: list[str], skipped: int, encoding: str, delimiter: str
) -> tuple[pa.Table, list[tuple[int, str]]]:
    ragged: list[tuple[int, str]] = []

    def note(row: Any) -> str:
        ragged.append((row.number, row.text))
        return "skip"

    rows = pyarrow.csv.read_csv(
        path,
        # One thread: only then does Arrow know the line of a ragged record.
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False, column_names=names, skip_rows=skipped, encoding=encoding, block_size=1 << 24
        ),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            strings_can_be_null=False, column_types=dict.fromkeys(names, pa.string())
        ),
    )
    return rows, ragged


def _lines(header: int, count: int, ragged: list[int]) -> pa.Int64Array:
    """Record numbers of the rows that were read: all below the header, without the ragged ones."""
    every = np.arange(header + 1, header + 1 + count + len(ragged))
    return pa.array(every[~np.isin(every, ragged)], pa.int64())


def without_blanks(read: SourceFile) -> SourceFile:
    """The file without the records that hold no value at all; they are counted."""
    texts = [pc.not_equal(pc.utf8_trim_whitespace(column), "") for column in read.rows.itercolumns()]
    filled = reduce(pc.or_, texts)
    blank = read.rows.num_rows - (pc.sum(filled).as_py() or 0)
    if not blank:
        return read
    return SourceFile(
        read.name, read.rows.filter(filled), read.lines.filter(filled.combine_chunks()), read.ragged, blank
    )
