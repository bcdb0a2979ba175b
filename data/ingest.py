"""Ingest: an extract and its mapping become rows of the lake, and each row is accounted for.

Rows that break a rule go to the quarantine with their reason; the rest goes to the lake. Ingesting the same extract
again changes nothing, so a run that was killed is completed by running it again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from data.contracts import CONTRACTS
from data.lake import Lake, Written, contract_of, in_types
from data.links import apply_links
from data.mapping import SourceMapping
from data.quarantine import quarantined
from data.rules import apply_rules
from data.sources import read_source
from data.staging import Staged, stage, staged_as_is

Progress = Callable[[str], None]
DELIVERED: Final = "delivered"  # the name under which rows without a source of their own are quarantined


class RowsUnaccountedForError(AssertionError):
    """Rows were read that are neither accepted nor quarantined; nothing was written."""

    def __init__(self, table: str, counts: "Counts") -> None:
        super().__init__(
            f"{table}: {counts.read} rows were read, but {counts.accepted} were accepted "
            f"and {counts.quarantined} quarantined. Nothing was written; please report the file."
        )
        self.table, self.counts = table, counts


@dataclass(frozen=True)
class Counts:
    """What became of the rows read for one table.

    Attributes:
        read: Rows read for the table; accepted + quarantined.
        accepted: Rows that keep all rules; added + corrected + unchanged.
        quarantined: Rows refused.
        added: Rows of keys the lake did not hold.
        corrected: Rows that became a further version of a key it held.
        unchanged: Rows that said nothing new.
    """

    read: int
    accepted: int
    quarantined: int
    added: int = 0
    corrected: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did.

    Attributes:
        counts: Per table, in the order of reading.
        reasons: Per table, how many rows each reason code refused.
        warnings: What a person should know although nothing was refused for it.
    """

    counts: Mapping[str, Counts]
    reasons: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for table, counts in self.counts.items():
            if counts.read != counts.accepted + counts.quarantined:
                raise RowsUnaccountedForError(table, counts)

    def as_dict(self) -> dict[str, Any]:
        """The report in plain types, for JSON."""
        return {
            "counts": {table: asdict(counts) for table, counts in self.counts.items()},
            "reasons": {table: dict(reasons) for table, reasons in self.reasons.items()},
            "warnings": list(self.warnings),
        }


def ingest(
    folder: Path, mapping: SourceMapping, lake: Lake, *, received_at: datetime, progress: Progress | None = None
) -> IngestReport:
    """Read an extract and write what is new in it to the lake.

    Args:
        folder: Where the extract's files lie.
        mapping: What they mean.
        lake: Where to write.
        received_at: When the extract was received, with a zone. For a mapping that states the day of its extract,
            that day takes its place.
        progress: Called with a line of text before each step.

    Returns:
        What became of each row.

    Raises:
        SourceFileError: A file is missing, empty, undecodable or lacks a column; nothing was written.
        DeliveryOutOfOrderError: A correction is older than what it corrects.
    """
    say = progress or _silent
    staged: dict[str, Staged] = {}
    for file in mapping.files:
        read = read_source(folder, mapping, file)
        if read is None:
            continue
        say(f"{read.name}: {read.rows.num_rows} rows read")
        name = Path(file.file).stem
        tables = (
            stage(read, mapping, file)
            if file.tables is not None
            else [staged_as_is(name, in_types(name, read.rows), file=read.name)]
        )
        staged |= {table.table: table for table in tables}
    if not staged:
        raise FileNotFoundError(f"{folder} holds none of {', '.join(file.file for file in mapping.files)}.")
    delivery = _Delivery(mapping.source, received_at, mapping.extracted_on, restates_past=mapping.restates_past)
    return _deliver(staged, lake, delivery, say)


def ingest_tables(
    tables: Mapping[str, pa.Table], lake: Lake, *, received_at: datetime, progress: Progress | None = None
) -> IngestReport:
    """Check contract-shaped tables by the same rules, and write what is new in them to the lake.

    Args:
        tables: Any of the contract tables by name, each row with its own ``known_at``.
        lake: Where to write.
        received_at: When they were received, with a zone; no row can have become known later.
        progress: Called with a line of text before each step.

    Raises:
        NotAContractTableError: A table does not have its contract's columns or types; nothing was written.
    """
    staged = {name: staged_as_is(name, in_types(name, rows), file=name) for name, rows in tables.items()}
    return _deliver(staged, lake, _Delivery(DELIVERED, received_at), progress or _silent)


def _silent(_: str) -> None:
    """No progress is wanted."""


@dataclass(frozen=True)
class _Delivery:
    source: str
    received_at: datetime
    extracted_on: date | None = None
    restates_past: bool = False

    @property
    def last_day(self) -> date:
        """The last day on which something in the delivery can have happened."""
        return self.extracted_on or self.received_at.astimezone(UTC).date()

    @property
    def known_at(self) -> datetime:
        """When its corrections are known: at receipt, or by the end of the day of the extract."""
        if self.extracted_on is None:
            return self.received_at
        return datetime.combine(self.extracted_on, time.max, UTC)


def _deliver(staged: dict[str, Staged], lake: Lake, delivery: _Delivery, say: Progress) -> IngestReport:
    if delivery.received_at.tzinfo is None:
        raise ValueError(f"received_at must have a zone, got {delivery.received_at}")
    for name, table in staged.items():
        say(f"{name}: checking {table.rows.num_rows} rows")
        apply_rules(
            table, last_day=delivery.last_day, received_at=delivery.known_at, restates_past=delivery.restates_past
        )
    marked = apply_links(staged, _invoices_in_lake(staged, lake))
    refused = {
        name: quarantined(t, source=delivery.source, received_at=delivery.received_at) for name, t in staged.items()
    }
    # Counted before anything is written: a row that is lost must not be found out afterwards.
    counts = {name: _counted(table, refused[name]) for name, table in staged.items()}
    IngestReport(counts)
    warnings = [*_warnings(staged, lake), *_warning_of_marked(marked)]
    # The quarantine first: a killed run may leave it ahead of the tables, never the other way round.
    say("quarantine: writing")
    lake.append_quarantine(pa.concat_tables(refused.values()))
    for name, table in _in_order(staged):
        say(f"{name}: writing")
        accepted = table.rows.filter(pa.array(table.accepted))
        written = lake.write(name, accepted, received_at=delivery.known_at, restates_past=delivery.restates_past)
        counts[name] = Counts(**(asdict(counts[name]) | asdict(written)))
    _write_marked(marked, lake, delivery)
    reasons = {name: dict(sorted(Counter(rows["reason_code"].to_pylist()).items())) for name, rows in refused.items()}
    return IngestReport({name: counts[name] for name in staged}, reasons, tuple(warnings))


def _in_order(staged: Mapping[str, Staged]) -> Iterator[tuple[str, Staged]]:
    """In the order of the contracts: what is referred to before what refers to it."""
    return ((name, staged[name]) for name in CONTRACTS if name in staged)


def _counted(table: Staged, refused: pa.Table) -> Counts:
    return Counts(table.rows.num_rows + len(table.ragged), int(table.accepted.sum()), refused.num_rows)


def _invoices_in_lake(staged: Mapping[str, Staged], lake: Lake) -> pa.Table:
    """Newest versions of the invoices in the lake to which the delivery allocates something."""
    if "allocations" not in staged or not lake.files("invoices"):
        return contract_of("invoices").schema.empty_table()
    return lake.newest("invoices", pa.table({"invoice_id": pc.unique(staged["allocations"].rows["invoice_id"])}))


def _write_marked(marked: pa.Table, lake: Lake, delivery: _Delivery) -> Written:
    return lake.write("invoices", marked, received_at=delivery.known_at, restates_past=True)


def _warning_of_marked(marked: pa.Table) -> list[str]:
    if not marked.num_rows:
        return []
    return [
        f"{marked.num_rows} invoices of earlier deliveries lost a payment to the quarantine; their outcome is unknown."
    ]


def _warnings(staged: Mapping[str, Staged], lake: Lake) -> list[str]:
    found = [warning for table in staged.values() for warning in table.warnings]
    for name, column, target in (("invoices", "customer_id", "customers"), ("allocations", "invoice_id", "invoices")):
        count = _strangers(staged, lake, name, column, target) if name in staged else 0
        if count:
            found.append(
                f"{count} rows of {name} refer to {target} that neither the delivery nor the lake holds; they are kept."
            )
    return found


def _strangers(staged: Mapping[str, Staged], lake: Lake, name: str, column: str, target: str) -> int:
    """Accepted rows of a table whose reference leads nowhere."""
    named = staged[name].rows[column].filter(pa.array(staged[name].accepted))
    if target in staged:
        held = staged[target].rows[column].filter(pa.array(staged[target].accepted))
        named = named.filter(pc.invert(pc.is_in(named, held.combine_chunks())))
    if not len(named):
        return 0
    held = lake.newest(target, pa.table({column: pc.unique(named)}))[column].combine_chunks()
    return int(pc.sum(pc.invert(pc.is_in(named, held))).as_py() or 0)
