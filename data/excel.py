"""Excel workbooks, read as the texts that a person sees in the cells."""

from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, load_workbook

from data.source_file import SourceFile, SourceFileError, numbered, together
from data.text_files import without_blanks

MOST_DIGITS: Final = 15
"""Digits of a number that Excel keeps and shows."""


def read_workbook(
    path: Path, name: str, *, sheet: str | None = None, header: int = 1, decimal_mark: str = "."
) -> SourceFile:
    """Read a sheet of a workbook, or several of one layout.

    Args:
        path: The workbook (.xlsx, .xlsm, .xlsb, .xls, .ods).
        name: What rows and errors call it.
        sheet: Name of the sheet, or a pattern (``2024-*``; no sheet can have a ``*`` in its name). None: the only one.
        header: Number of the row that holds the names of the columns, as Excel counts, 1 or more.
        decimal_mark: Numbers are written with it, so that they read like the texts of the same column.

    Returns:
        Texts, an empty cell being an empty text; lines are Excel's row numbers.

    Raises:
        SourceFileError: It is no workbook, is protected by a password, or lacks the sheet or the header.
    """
    try:
        with load_workbook(path) as workbook:
            wanted = _sheets(workbook, name, sheet)
            several = len(workbook.sheet_names) > 1
            parts = [
                _read_sheet(
                    workbook.get_sheet_by_name(one), f"{name}, sheet {one}" if several else name, header, decimal_mark
                )
                for one in wanted
            ]
    except (CalamineError, OSError) as problem:
        raise SourceFileError(
            name,
            f"it is not a readable workbook ({str(problem).rstrip('.')}). Open it in Excel, remove its password if it "
            "has one, save it as .xlsx and try again.",
        ) from problem
    return together(name, parts)


def _sheets(workbook: CalamineWorkbook, name: str, sheet: str | None) -> list[str]:
    present = workbook.sheet_names
    if sheet is None:
        if len(present) == 1:
            return present
        raise SourceFileError(name, f"it has the sheets {', '.join(present)}: say which one under 'sheet'.")
    found = [one for one in present if one == sheet] or [one for one in present if fnmatchcase(one, sheet)]
    if not found:
        raise SourceFileError(name, f"it has no sheet {sheet!r}; it has {', '.join(present)}.")
    return found


def _read_sheet(sheet: CalamineSheet, name: str, header: int, decimal_mark: str) -> SourceFile:
    # Empty rows and columns at the start are kept: a person counts them.
    rows = sheet.to_python(skip_empty_area=False)
    titles = [cell_text(cell).strip() for cell in rows[header - 1]] if len(rows) >= header else []
    if not any(titles):
        raise SourceFileError(
            name, f"row {header} holds no names of columns. Say under 'header' in which row of the sheet they stand."
        )
    body = rows[header:]
    width = max(map(len, rows))
    columns = [[_cell(row, place, decimal_mark) for row in body] for place in range(width)]
    titles += [""] * (width - len(titles))
    # A column without a name is kept only where it holds something, under its letter.
    kept = [place for place in range(width) if titles[place] or any(columns[place])]
    names = numbered(titles[place] or f"column {letters(place)}" for place in kept)
    arrays = [pa.array(columns[place], pa.string()) for place in kept]
    lines = pa.array(range(header + 1, header + 1 + len(body)), pa.int64())
    return without_blanks(SourceFile(name, pa.table(arrays, names=names), lines))


def _cell(row: list[Any], place: int, decimal_mark: str) -> str:
    return cell_text(row[place], decimal_mark) if place < len(row) else ""


def letters(place: int) -> str:
    """Excel's name of a column, the first having place 0.

    Example:
        >>> letters(0), letters(25), letters(26), letters(701), letters(702)
        ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def cell_text(value: object, decimal_mark: str = ".") -> str:
    """The exact text that a person would expect of a cell.

    A number has the 15 digits that Excel keeps, so no noise of binary floats; a whole number has no ``.0``. One too
    long for a binary float has a power of ten, which is taken neither as an amount nor as an identifier.

    Args:
        value: As the workbook's reader gives it.
        decimal_mark: Point or comma.

    Example:
        >>> [cell_text(value) for value in (1929003413.0, 0.1 + 0.2, 1e-7, True, "  0042", None)]
        ['1929003413', '0.3', '0.0000001', 'TRUE', '  0042', '']
        >>> cell_text(datetime(2019, 4, 5)), cell_text(datetime(2019, 4, 5, 13, 30)), cell_text(1234.5, ",")
        ('2019-04-05', '2019-04-05 13:30:00', '1234,5')
    """
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return str(value).upper()
        case int() | float():
            return _number_text(value).replace(".", decimal_mark)
        case datetime():
            return _instant_text(value)
        case date():
            return value.isoformat()
        case time():
            return value.isoformat(timespec="seconds")
        case timedelta():
            return _duration_text(value)
        case _:
            raise TypeError(f"a cell holds {value!r}, of a type that no workbook has")


def _number_text(value: float) -> str:
    if abs(value) >= 10**MOST_DIGITS:
        return str(int(value)) if abs(value) < 2**53 else f"{value:.16e}"
    text = f"{value:.{MOST_DIGITS}g}"
    if "e" in text:
        digits, power = text.split("e")
        places = max(0, -int(power) + len(digits.partition(".")[2]))
        text = f"{float(text):.{places}f}"
    return "0" if text == "-0" else text


def _instant_text(value: datetime) -> str:
    # A day's fraction as a binary float is exact to some microseconds only.
    rounded = (value + timedelta(microseconds=500)).replace(microsecond=0)
    if abs(value - rounded) > timedelta(milliseconds=1):
        rounded = value
    text = rounded.strftime("%Y-%m-%d %H:%M:%S") if rounded.year >= 1000 else rounded.isoformat(" ")
    text += f".{rounded.microsecond:06d}" if rounded.microsecond else ""
    return text.removesuffix(" 00:00:00")


def _duration_text(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
