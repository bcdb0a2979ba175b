"""Getting a ledger in: an extract through its mapping, or a simulated portfolio."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cli.output import NOTHING, count, say, show_table
from data.book import Book, open_book
from data.delivery import AS_USUAL, Options
from data.ingest import IngestReport, ingest
from data.lake import Lake
from data.mapping import load_mapping
from data.settings import Settings
from data.simulation.shape import Detail
from data.simulation.simulator import Shape, simulate
from data.spark_options import SparkOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SIMULATED: Final = "contract"
"""The mapping of files that already have the shape of the contracts."""


def take_in(
    settings: Settings,
    folder: Path | None,
    mapping: str,
    *,
    received_at: datetime,
    say: "Callable[[str], None] | None" = None,
    url: str | None = None,
    options: Options = AS_USUAL,
) -> IngestReport:
    """Ingest an extract into the home folder's lake.

    Args:
        settings: The installation.
        folder: Folder of the extract's files; None for a database.
        mapping: Name of a mapping that ships, or the path of one.
        received_at: When the extract was received.
        say: Called with what is being done.
        url: SQLAlchemy address of the database, for a mapping of kind sql.
        options: Whether anything is written, how much may be withdrawn, how long to wait for another ingest.
    """
    return ingest(
        folder,
        load_mapping(mapping),
        Lake(settings.lake),
        received_at=received_at,
        progress=say,
        options=options,
        url=url,
    )


def write_portfolio(
    folder: Path,
    *,
    customers: int,
    seed: int,
    detail: Detail = "ledger",
    say: "Callable[[str], None] | None" = None,
) -> Shape:
    """Simulate a portfolio and write it as an ERP would drop it.

    Args:
        folder: Where its files go, one per table.
        customers: Number of customers.
        seed: Seed of the simulation.
        detail: ``ledger`` or ``full``, which fills every table.
        say: Called with what is being done.

    Returns:
        The shape that was simulated; ``end_on`` is the last day the files know of.
    """
    shape = Shape(customers=customers, seed=seed, detail=detail)
    simulate(shape, progress=None if say is None else (lambda step, _, __: say(step))).write(folder)
    return shape


def end_of(day: date) -> datetime:
    """The last instant of a business day, at which an extract of that day is taken to arrive."""
    return datetime.combine(day, time.max, UTC)


def the_book(settings: Settings, engine: str = "duckdb") -> Book:
    """The lake as it stands, on one engine, as the settings have it."""
    return open_book(
        Lake(settings.lake),
        currency=settings.currency,
        threads=settings.threads,
        memory=settings.memory,
        engine=engine,
        spark=SparkOptions(settings.spark_master, settings.spark_memory),
        materiality=settings.materiality,
    )


def tell(report: IngestReport) -> None:
    """What became of the rows, or would become of them, for a person."""
    headings = ("read", "accepted", "quarantined", "added", "corrected", "unchanged", "deleted")
    rows = [(name, *(count(getattr(c, heading)) for heading in headings)) for name, c in report.counts.items()]
    show_table("Rows, nothing written" if report.dry_run else "Rows", ("table", *headings), rows, numbers=headings)
    reasons = [(table, code, count(n)) for table, codes in report.reasons.items() for code, n in codes.items()]
    if reasons:
        show_table("Why rows went to quarantine", ("table", "reason", "rows"), reasons, numbers=("rows",))
    if report.dry_run:
        _tell_examples(report)
    for warning in report.warnings:
        say(f"Note: {warning}")


def _tell_examples(report: IngestReport) -> None:
    refused = [
        (table, f"{row.file}:{row.line}", row.reason, row.raw)
        for table, by_code in report.refusals.items()
        for found in by_code.values()
        for row in found
    ]
    if refused:
        show_table("The first of each reason", ("table", "where", "why", "what it said"), refused)
    changes = [
        (table, _named(change.key), change.known_at.date(), _named(change.before), _named(change.after))
        for table, found in report.corrections.items()
        for change in found
    ]
    if changes:
        show_table("The first corrections", ("table", "key", "known on", "before", "after"), changes)
    gone = [(table, _named(key)) for table, keys in report.deletions.items() for key in keys]
    if gone:
        show_table("The first withdrawals", ("table", "key"), gone)


def _named(values: "Mapping[str, Any]") -> str:
    return ", ".join(f"{name} {NOTHING if value is None else value}" for name, value in values.items())
