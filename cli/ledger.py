"""Getting a ledger in: an extract through its mapping, or a simulated portfolio."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cli.output import count, say, show_table
from data.book import Book, open_book
from data.ingest import IngestReport, ingest
from data.lake import Lake
from data.mapping import load_mapping
from data.settings import Settings
from data.simulator import Shape, simulate

if TYPE_CHECKING:
    from collections.abc import Callable

SIMULATED: Final = "contract"
"""The mapping of files that already have the shape of the contracts."""


def take_in(
    settings: Settings, folder: Path, mapping: str, *, received_at: datetime, say: "Callable[[str], None] | None" = None
) -> IngestReport:
    """Ingest an extract into the home folder's lake.

    Args:
        settings: The installation.
        folder: Folder of the extract's files.
        mapping: Name of a mapping that ships, or the path of one.
        received_at: When the extract was received.
        say: Called with what is being done.
    """
    return ingest(folder, load_mapping(mapping), Lake(settings.lake), received_at=received_at, progress=say)


def write_portfolio(folder: Path, *, customers: int, seed: int, say: "Callable[[str], None] | None" = None) -> Shape:
    """Simulate a portfolio and write it as an ERP would drop it.

    Args:
        folder: Where its files go, one per table.
        customers: Number of customers.
        seed: Seed of the simulation.
        say: Called with what is being done.

    Returns:
        The shape that was simulated; ``end_on`` is the last day the files know of.
    """
    shape = Shape(customers=customers, seed=seed)
    simulate(shape, progress=None if say is None else (lambda step, _, __: say(step))).write(folder)
    return shape


def end_of(day: date) -> datetime:
    """The last instant of a business day, at which an extract of that day is taken to arrive."""
    return datetime.combine(day, time.max, UTC)


def the_book(settings: Settings) -> Book:
    """The lake as it stands, on one engine."""
    return open_book(Lake(settings.lake), threads=settings.threads)


def tell(report: IngestReport) -> None:
    """What became of the rows, for a person."""
    rows = [
        (name, *(count(number) for number in (c.read, c.accepted, c.quarantined, c.added, c.corrected, c.unchanged)))
        for name, c in report.counts.items()
    ]
    headings = ("read", "accepted", "quarantined", "added", "corrected", "unchanged")
    show_table("Rows", ("table", *headings), rows, numbers=headings)
    reasons = [(table, code, count(n)) for table, codes in report.reasons.items() for code, n in codes.items()]
    if reasons:
        show_table("Why rows went to quarantine", ("table", "reason", "rows"), reasons, numbers=("rows",))
    for warning in report.warnings:
        say(f"Note: {warning}")
