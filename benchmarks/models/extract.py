"""The extract that the aims are of, read by the product's own mapping."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from data.book import Book, open_book
from data.ingest import ingest
from data.lake import Lake
from data.mapping import load_mapping

KNOWN_ON: Final = date(2021, 3, 1)
"""The day whose knowledge gives every outcome."""


def our_book(folder: Path, home: Path) -> Book:
    """The extract in a lake of its own.

    Args:
        folder: The extract.
        home: Folder of the lake, made unless it is there.
    """
    if not home.is_dir():
        half = home.with_name(f"{home.name}.part")
        shutil.rmtree(half, ignore_errors=True)
        ingest(folder, load_mapping("datarisk"), Lake(half), received_at=datetime(2021, 3, 1, tzinfo=UTC))
        half.rename(home)
    return open_book(Lake(home))
