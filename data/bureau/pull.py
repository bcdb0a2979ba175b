"""Reports about customers, and changes from an ERP, into the lake by the same rules as every extract."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Protocol

import pyarrow as pa

from data.bureau.waterfall import Asked, Waterfall
from data.contracts import CONTRACTS
from data.ingest import IngestReport, Progress, ingest_tables
from data.lake import Lake

NOTHING_NEW: Final = IngestReport({})
OVERLAP: Final = timedelta(days=1)
"""What is asked for again: a correction that the source did not date is known from its receipt, which may be later
than changes that the source had not written yet."""


@dataclass(frozen=True)
class Pulled:
    """What was asked, and what became of it.

    Attributes:
        asked: One outcome per customer, in the order asked.
        ingested: What became of the rows.
    """

    asked: tuple[Asked, ...]
    ingested: IngestReport


def pull_reports(
    customers: Iterable[str],
    waterfall: Waterfall,
    lake: Lake,
    *,
    as_of: date,
    clock: Callable[[], datetime],
    progress: Progress | None = None,
) -> Pulled:
    """Ask about customers and write what is new to the lake.

    Args:
        customers: Whom to ask about; each once.
        waterfall: The agencies.
        lake: Where to write.
        as_of: The day for which the reports are wanted.
        clock: The present instant; read once, after the last answer.
        progress: Called with a line of text before each step.

    Returns:
        Every answer, failures included; one agency's failure keeps no other report out of the lake.
    """
    asked = []
    for customer_id in dict.fromkeys(customers):
        if progress is not None:
            progress(f"asking about {customer_id}")
        asked.append(waterfall.ask(customer_id, as_of=as_of))
    tables = _tables(asked)
    ingested = ingest_tables(tables, lake, received_at=clock(), progress=progress) if tables else NOTHING_NEW
    return Pulled(tuple(asked), ingested)


def _tables(asked: Sequence[Asked]) -> dict[str, pa.Table]:
    found: dict[str, list[pa.Table]] = {}
    for answer in asked:
        for name, rows in (answer.report.tables() if answer.report is not None else {}).items():
            found.setdefault(name, []).append(rows)
    return {name: pa.concat_tables(parts) for name, parts in found.items()}


class Erp(Protocol):
    """An ERP, or any system of record, that can be asked what has changed.

    To attach one, write a class with these two members; ``pull_changes`` does the rest.
    """

    @property
    def source(self) -> str:
        """What its rows carry as their source."""
        ...

    def changed_since(self, table: str, since: datetime | None) -> pa.Table | None:
        """Rows of a contract table that were made, changed or withdrawn.

        Args:
            table: Name of the contract table.
            since: Changes known at this instant or later; None for all there is. Rows that were sent before may be
                sent again: they change nothing.

        Returns:
            Contract-shaped rows with ``source`` as stated and ``known_at`` as the instant of the change, withdrawn
            ones with ``is_deleted``; None where the system has no such table.
        """
        ...


def pull_changes(
    erp: Erp,
    lake: Lake,
    *,
    received_at: datetime,
    tables: Sequence[str] = tuple(CONTRACTS),
    progress: Progress | None = None,
) -> IngestReport:
    """Ask an ERP what has changed since its newest row in the lake, and write it there.

    There is no bookmark that could be lost: what the lake holds says where to go on, so a pull that was killed is
    completed by the next one.

    Args:
        erp: Who is asked.
        lake: Where to write.
        received_at: The present instant, with a zone.
        tables: The tables to ask for.
        progress: Called with a line of text before each step.
    """
    changed: Mapping[str, pa.Table | None] = {
        name: erp.changed_since(name, _since(lake, name, erp.source)) for name in tables
    }
    delivered = {name: rows for name, rows in changed.items() if rows is not None and rows.num_rows}
    return ingest_tables(delivered, lake, received_at=received_at, progress=progress) if delivered else NOTHING_NEW


def _since(lake: Lake, name: str, source: str) -> datetime | None:
    newest = lake.last_known_at(name, source)
    return None if newest is None else newest - OVERLAP
