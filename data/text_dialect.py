"""How an unknown text file is written: its encoding, its separator and where its header stands."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DELIMITERS: Final = (";", ",", "\t", "|")
SAMPLE_ROWS: Final = 20_000
_SNIFFED: Final = 400  # records that are looked at to find the separator and the header
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class UnreadableFileError(ValueError):
    """A file of which no mapping can be proposed."""


@dataclass(frozen=True)
class TextDialect:
    """How a text file is written.

    Attributes:
        encoding: A name that Python knows.
        delimiter: What stands between values.
        header: Number of the record with the names of the columns, the first being 1.
        notes: What a person should know of how this was found out.
    """

    encoding: str
    delimiter: str
    header: int
    notes: tuple[str, ...] = ()


def dialect_of(path: Path) -> TextDialect:
    """Find out how a text file is written.

    Raises:
        UnreadableFileError: It is empty, or no text.
    """
    encoding, note = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        text = "".join(line for _, line in zip(range(_SNIFFED), file, strict=False))
    if not text.strip():
        raise UnreadableFileError(f"{path.name} is empty: there is nothing to propose a mapping from.")
    delimiter = _delimiter(text)
    header = header_of(_records(text, delimiter))
    notes = [note] if note else []
    if header > 1:
        notes.append(f"the names of the columns stand in record {header}; what stands above is passed over")
    return TextDialect(encoding, delimiter, header, tuple(notes))


def sample(path: Path, dialect: TextDialect) -> tuple[list[str], list[list[str]], bool]:
    """Names of the columns, the first rows, and whether there are more of them.

    Returns:
        names (n_columns,), rows (n_rows <= 20,000, n_columns) of those with as many values as the header.
    """
    with path.open(encoding=dialect.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=dialect.delimiter)
        names: list[str] = []
        rows: list[list[str]] = []
        for number, record in enumerate(reader, start=1):
            if number == dialect.header:
                names = [name.removeprefix("\ufeff").strip() for name in record]
            elif number > dialect.header and len(record) == len(names) and any(record):
                rows.append(record)
                if len(rows) == SAMPLE_ROWS:
                    return names, rows, True
    return names, rows, False


def _encoding(path: Path) -> tuple[str, str | None]:
    with path.open("rb") as file:
        head = file.read(4)
        for mark, name in _MARKS:
            if head.startswith(mark):
                return name, None
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        high: set[int] = set()
        is_utf8 = True
        while block := file.read(1 << 20):
            if b"\x00" in block:
                raise UnreadableFileError(
                    f"{path.name} is no text with values: it holds zero bytes. Give a CSV, Excel or Parquet file."
                )
            high |= set(block) - set(range(128))
            if is_utf8:
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    is_utf8 = False
        try:
            decoder.decode(b"", final=is_utf8)
        except UnicodeDecodeError:
            is_utf8 = False
    if is_utf8:
        return "utf-8", None
    # These five are no letters in Windows' Western code page.
    name = "latin-1" if high & {0x81, 0x8D, 0x8F, 0x90, 0x9D} else "cp1252"
    return name, f"it is not utf-8, so {name} (Western European) is assumed: look at names with accents"


def _records(text: str, delimiter: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)][:_SNIFFED]
    except csv.Error:
        return []


def _delimiter(text: str) -> str:
    """The separator by which most records have the same number of values, and the more the better."""

    def fit(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in _records(text, delimiter) if any(row))
        width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]), default=(1, 0))
        return (0.0, 0) if width < 2 else (round(count / max(1, widths.total()), 1), width)

    best = max(DELIMITERS, key=fit)
    return best if fit(best)[1] else DELIMITERS[0]


def header_of(rows: Sequence[Sequence[str]]) -> int:
    """Number of the first record as wide as most, of which no value is a number and most are filled."""
    widths = Counter(len(row) for row in rows if any(row))
    width = max(widths, key=lambda w: (widths[w], w), default=1)
    for number, row in enumerate(rows, start=1):
        filled = [value for value in row if value.strip()]
        if len(row) == width and len(filled) > width / 2 and not any(_is_number(value) for value in filled):
            return number
    return 1


def _is_number(value: str) -> bool:
    return value.strip().replace(".", "").replace(",", "").replace("-", "").replace("/", "").isdigit()
