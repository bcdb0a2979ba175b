"""A minimal .xls file (BIFF8 in a compound file), which no library here writes: texts, numbers, days."""

import struct
from datetime import date, datetime
from pathlib import Path

SECTOR = 512
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
DAY_FORMAT = 14


def record(number: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", number, len(body)) + body


def xls(path: Path, rows: list[list[object]], sheet: str = "Sheet1") -> None:
    """Write rows of str, int, float, date or None."""
    beginning = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    formats = record(0x00E0, xf(0)) + record(0x00E0, xf(DAY_FORMAT))
    name = sheet.encode("latin-1")
    bound_length = 4 + 8 + len(name)
    place = len(beginning) + len(formats) + bound_length + 4
    bound = record(0x0085, struct.pack("<IBBBB", place, 0, 0, len(name), 0) + name)
    cells = b"".join(
        cell(r, c, value) for r, row in enumerate(rows) for c, value in enumerate(row) if value is not None
    )
    body = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0)) + cells + record(0x000A)
    path.write_bytes(compound(beginning + formats + bound + record(0x000A) + body))


def xf(number_format: int) -> bytes:
    return struct.pack("<HHH", 0, number_format, 0) + bytes(14)


def cell(row: int, column: int, value: object) -> bytes:
    if isinstance(value, str):
        text = value.encode("utf-16-le")
        return record(0x0204, struct.pack("<HHHHB", row, column, 0, len(value), 1) + text)
    if isinstance(value, datetime | date):
        days = (value if not isinstance(value, datetime) else value.date()) - date(1899, 12, 30)
        return record(0x0203, struct.pack("<HHHd", row, column, 1, float(days.days)))
    return record(0x0203, struct.pack("<HHHd", row, column, 0, float(value)))


def compound(stream: bytes) -> bytes:
    """A compound file with the stream ``Workbook``, above the size below which streams are kept elsewhere."""
    stream = stream.ljust(4096, b"\0")
    stream += bytes(-len(stream) % SECTOR)
    sectors = len(stream) // SECTOR
    fat = [FAT, END] + [place + 3 for place in range(sectors - 1)] + [END]
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(SECTOR, b"\xff")
    assert len(table) == SECTOR, "too large for one table of sectors"
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack("<HHHHH", 0x003E, 0x0003, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, END, 0, END, 0)
    header += struct.pack("<109I", 0, *[FREE] * 108)
    root = entry("Root Entry", 5, END, 0, child=1)
    directory = (root + entry("Workbook", 2, 2, len(stream))).ljust(SECTOR, b"\0")
    return header + table + directory + stream


def entry(name: str, kind: int, start: int, size: int, child: int = FREE) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(text), kind, 1, FREE, FREE, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )
