"""A sample of a file of which nothing is known yet: its columns as texts, and how it is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineError, load_workbook

from data.engine import engine
from data.excel import cell_text, read_workbook
from data.expressions import exact_text
from data.source_file import SourceFileError, numbered
from data.text_dialect import SAMPLE_ROWS, UnreadableFileError, dialect_of, header_of, sample

WORKBOOKS: Final = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})


@dataclass(frozen=True)
class UnknownFile:
    """A file's sample.

    Attributes:
        name: Its name.
        kind: How it has to be read.
        columns: Texts by column, in the order of the file; the first 20,000 rows.
        encoding: Of a text file.
        delimiter: Of a text file.
        sheet: Of a workbook with several sheets, the one that was looked at.
        header: Number of the row or record with the names.
        notes: What a person should know of how this was found out.
    """

    name: str
    kind: Literal["csv", "excel", "parquet"]
    columns: Mapping[str, Sequence[str | None]]
    encoding: str = "utf-8"
    delimiter: str = ";"
    sheet: str | None = None
    header: int = 1
    notes: tuple[str, ...] = ()


def unknown_file(path: Path, *, decimal_mark: str = ".") -> UnknownFile:
    """Read a sample of a file.

    Args:
        path: A CSV, Excel or Parquet file; told apart by the ending, or by the first bytes.
        decimal_mark: With which the numbers of a workbook are written.

    Raises:
        UnreadableFileError: It holds nothing to go by.
    """
    try:
        if path.suffix.lower() in WORKBOOKS:
            return _workbook(path, decimal_mark)
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
        return _parquet(path) if is_parquet else _text(path)
    except SourceFileError as problem:
        raise UnreadableFileError(str(problem)) from problem
    except CalamineError as problem:
        raise UnreadableFileError(
            f"{path.name} is not a readable workbook ({str(problem).rstrip('.')}). Open it in Excel, remove its "
            "password if it has one, save it as .xlsx and try again."
        ) from problem


def _text(path: Path) -> UnknownFile:
    dialect = dialect_of(path)
    names, rows, is_part = sample(path, dialect)
    columns = {name: [row[place] for row in rows] for place, name in enumerate(numbered(names)) if name}
    notes = (*dialect.notes, *_notes_of_size(len(rows), is_part=is_part))
    return UnknownFile(
        path.name,
        "csv",
        columns,
        encoding=dialect.encoding,
        delimiter=dialect.delimiter,
        header=dialect.header,
        notes=notes,
    )


def _notes_of_size(rows: int, *, is_part: bool) -> list[str]:
    if not rows:
        return ["it holds no rows: all is proposed by the names of the columns alone"]
    return [f"looked at the first {rows:,} rows only"] if is_part else []


def _workbook(path: Path, decimal_mark: str) -> UnknownFile:
    with load_workbook(path) as workbook:
        names = workbook.sheet_names
        sizes = {name: workbook.get_sheet_by_name(name) for name in names}
        largest = max(names, key=lambda name: (sizes[name].total_height, -names.index(name)))
        first = sizes[largest].to_python(skip_empty_area=False, nrows=50)
    header = header_of([[cell_text(cell) for cell in row] for row in first])
    read = read_workbook(path, path.name, sheet=largest, header=header, decimal_mark=decimal_mark)
    rows = read.rows.slice(0, SAMPLE_ROWS)
    notes = _notes_of_size(rows.num_rows, is_part=rows.num_rows < read.rows.num_rows)
    if len(names) > 1:
        notes.append(f"it has the sheets {', '.join(names)}; the largest, {largest}, was looked at")
    if header > 1:
        notes.append(f"the names of the columns stand in row {header}; what stands above is passed over")
    return UnknownFile(
        path.name,
        "excel",
        rows.to_pydict(),
        sheet=largest if len(names) > 1 else None,
        header=header,
        notes=tuple(notes),
    )


def _parquet(path: Path) -> UnknownFile:
    try:
        file = pq.ParquetFile(path)
        batch = next(file.iter_batches(batch_size=SAMPLE_ROWS), None)
        rows = file.schema_arrow.empty_table() if batch is None else pa.Table.from_batches([batch])
    except (pa.ArrowInvalid, OSError) as problem:
        raise UnreadableFileError(f"{path.name} is not a readable Parquet file ({problem}).") from problem
    names = rows.column_names
    with engine(1).con as connection:
        connection.register("raw", rows.rename_columns([f"c{place}" for place in range(len(names))]))
        texts = [exact_text(f"c{place}", rows.schema.field(place).type, ".") for place in range(len(names))]
        selected = ", ".join(f"{text} AS c{place}" for place, text in enumerate(texts))
        found = connection.sql(f"SELECT {selected} FROM raw").to_arrow_table()
    columns = {name: found[place].to_pylist() for place, name in enumerate(names)}
    is_part = rows.num_rows < file.metadata.num_rows
    return UnknownFile(path.name, "parquet", columns, notes=tuple(_notes_of_size(rows.num_rows, is_part=is_part)))
