"""Ingest: an extract and its mapping become rows of the lake, and each row is accounted for.

Rows that break a rule go to the quarantine with their reason; the rest goes to the lake. All that is to be written is
found out before the first of it is, so a refused delivery changes nothing, and a dry run is the same path without the
last step. Ingesting the same extract again changes nothing either, so a run that was killed is completed by running
it again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow as pa

from data.deletions import held_in_full, remember, take_content
from data.delivery import AS_USUAL, Delivery, Options
from data.examples import corrections, deletions, refusals
from data.ingest_report import Change, Counts, IngestReport, Refusal, RowsUnaccountedForError
from data.lake import Lake
from data.links import apply_links
from data.lock import one_at_a_time
from data.mapping import SourceMapping
from data.notes import notes
from data.quarantine import quarantined
from data.rules import apply_rules
from data.shape import in_types
from data.sources import read_sources
from data.staging import Staged, joined, stage, staged_as_is
from data.work import Linked, Work, linked_with, planned

__all__ = [
    "Change",
    "Counts",
    "IngestReport",
    "Options",
    "Progress",
    "Refusal",
    "RowsUnaccountedForError",
    "ingest",
    "ingest_tables",
]

Progress = Callable[[str], None]
DELIVERED: Final = "delivered"  # the name under which rows without a source of their own are quarantined
LOCK: Final = ".ingest.lock"  # in the lake's folder


def ingest(
    folder: Path | None,
    mapping: SourceMapping,
    lake: Lake,
    *,
    received_at: datetime,
    progress: Progress | None = None,
    url: str | None = None,
    options: Options = AS_USUAL,
) -> IngestReport:
    """Read an extract and write what is new in it to the lake.

    Args:
        folder: Where the extract's files lie; not needed for a database.
        mapping: What they mean.
        lake: Where to write.
        received_at: When the extract was received, with a zone. For a mapping that states the day of its extract,
            that day takes its place.
        progress: Called with a line of text before each step.
        url: SQLAlchemy address of the database, for a mapping of kind sql.
        options: Whether anything is written, how much may be withdrawn, how long to wait for another ingest.

    Returns:
        What became of each row.

    Raises:
        SourceFileError: A file is missing, empty, undecodable or lacks a column; nothing was written.
        DeliveryOutOfOrderError: A correction is older than what it corrects; nothing was written.
        TooManyDeletionsError: A full extract lacks more than it may withdraw; nothing was written.
        LockedError: Another ingest into the same lake was not done in time; nothing was written.
    """
    say = progress or _silent
    parts: list[Staged] = []
    came: set[str] = set()
    for file, read in read_sources(folder, mapping, url=url):
        say(f"{read.name}: {read.rows.num_rows} rows read")
        came.add(file.file)
        if file.tables is not None:
            parts += stage(read, mapping, file)
        else:
            name = file.contract_table
            parts.append(staged_as_is(name, in_types(name, read.rows), file=read.name, read=read))
    staged = joined(parts)
    if not staged:
        raise FileNotFoundError(f"{folder} holds none of {', '.join(file.file for file in mapping.files)}.")
    full, partly = held_in_full(mapping, came)
    delivery = Delivery(mapping.source, received_at, mapping.extracted_on, mapping.restates_past, full, partly)
    return _deliver(staged, lake, delivery, options, say)


def ingest_tables(
    tables: Mapping[str, pa.Table],
    lake: Lake,
    *,
    received_at: datetime,
    progress: Progress | None = None,
    options: Options = AS_USUAL,
) -> IngestReport:
    """Check contract-shaped tables by the same rules, and write what is new in them to the lake.

    Args:
        tables: Any of the contract tables by name, each row with its own ``known_at``.
        lake: Where to write.
        received_at: When they were received, with a zone; no row can have become known later.
        progress: Called with a line of text before each step.
        options: Whether anything is written, how long to wait for another ingest.

    Raises:
        NotAContractTableError: A table does not have its contract's columns or types; nothing was written.
        DeliveryOutOfOrderError: A correction is older than what it corrects; nothing was written.
        LockedError: Another ingest into the same lake was not done in time; nothing was written.
    """
    delivery = Delivery(DELIVERED, received_at)
    staged = {name: staged_as_is(name, in_types(name, rows), file=name) for name, rows in tables.items()}
    return _deliver(staged, lake, delivery, options, progress or _silent)


def _silent(_: str) -> None:
    """No progress is wanted."""


def _deliver(
    staged: Mapping[str, Staged], lake: Lake, delivery: Delivery, options: Options, say: Progress
) -> IngestReport:
    with _alone(lake, options, say):
        linked = _judge(staged, lake, delivery, say)
        refused = {
            name: quarantined(t, source=delivery.source, received_at=delivery.received_at) for name, t in staged.items()
        }
        counts = {name: _counted(table, refused[name]) for name, table in staged.items()}
        # Counted before anything is written: a row that is lost must not be found out afterwards.
        IngestReport(counts)
        work = planned(staged, linked, lake, delivery, options)
        report = _report(counts, refused, work, notes(staged, lake, waiting=linked.waiting, options=options), lake)
        if options.dry_run:
            return IngestReport(**(vars(report) | {"dry_run": True}))
        _write(refused, work, lake, delivery, say)
    return report


@contextmanager
def _alone(lake: Lake, options: Options, say: Progress) -> Iterator[None]:
    """Keep other ingests out of the lake; a dry run writes nothing, the lock included, and waits for nobody."""
    if options.dry_run:
        yield
        return
    what = f"taking rows into {lake.root}"
    with one_at_a_time(lake.root / LOCK, what=what, wait_seconds=options.wait_seconds) as died:
        if died is not None:
            say(f"process {died} was ended while it took rows in; what it left undone is done now")
        yield


def _judge(staged: Mapping[str, Staged], lake: Lake, delivery: Delivery, say: Progress) -> Linked:
    """Refuse the rows that break a rule, and those that cannot stand without a refused one."""
    for name, table in staged.items():
        say(f"{name}: checking {table.rows.num_rows} rows")
        take_content(table, lake)
        apply_rules(
            table, last_day=delivery.last_day, received_at=delivery.known_at, restates_past=delivery.restates_past
        )
    linked = linked_with(staged, lake)
    marked = apply_links(staged, linked.known, linked.waiting)
    return Linked(linked.known, linked.waiting, marked)


def _write(refused: Mapping[str, pa.Table], work: Work, lake: Lake, delivery: Delivery, say: Progress) -> None:
    # The quarantine first: a killed run may leave it ahead of the tables, never the other way round.
    say("quarantine: writing")
    if refused:
        lake.append_quarantine(pa.concat_tables(refused.values()))
    remember(delivery, lake)
    for plan in work.all():
        if plan.rows.num_rows or plan.name in work.plans:
            say(f"{plan.name}: writing")
        lake.carry_out(plan)


def _counted(table: Staged, refused: pa.Table) -> Counts:
    return Counts(table.rows.num_rows + len(table.ragged), int(table.accepted.sum()), refused.num_rows)


def _report(
    counts: Mapping[str, Counts], refused: Mapping[str, pa.Table], work: Work, found: list[str], lake: Lake
) -> IngestReport:
    every = {name: asdict(counted) | asdict(work.plans[name].written) for name, counted in counts.items()}
    for name, plan in work.absent.items():
        every[name]["absent"] = plan.written.deleted
        every[name]["deleted"] += plan.written.deleted
    codes = {name: sorted(Counter(rows["reason_code"].to_pylist()).items()) for name, rows in refused.items()}
    return IngestReport(
        counts={name: Counts(**values) for name, values in every.items()},
        reasons={name: dict(counted) for name, counted in codes.items()},
        warnings=(*found, *work.notes),
        refusals=refusals(refused),
        corrections=corrections(work.all(), lake),
        deletions=deletions(work.all()),
    )
