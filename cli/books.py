"""Three ledgers side by side: what ingest made of each, and which facts of the catalogue each can tell."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from cli import ledger
from cli.output import count, percent, say, show_table, working
from data.book import open_book
from data.ingest import IngestReport
from data.lake import Lake
from data.settings import Settings
from features.build import as_of_now
from features.feature_sets import STORED

SAP_CURRENCY: Final = "USD"
SAP_ENDS: Final = date(2020, 5, 31)
DATARISK_ENDS: Final = date(2021, 3, 1)


@dataclass(frozen=True)
class Ledger:
    """A ledger to take in.

    Attributes:
        name: For a person.
        folder: Its extract.
        mapping: What the files mean.
        as_of: Its last day.
        currency: In which its figures are wanted; None for the only one it has.
    """

    name: str
    folder: Path
    mapping: str
    as_of: date
    currency: str | None = None


@dataclass(frozen=True)
class Told:
    """What became of a ledger.

    Attributes:
        report: What ingest made of its rows.
        customers: Customers with facts on its last day.
        present: Per feature, the share of customers of whom it tells a value.
    """

    report: IngestReport
    customers: int
    present: Mapping[str, float]

    def as_dict(self) -> dict[str, Any]:
        """In plain types, for JSON."""
        return {**self.report.as_dict(), "customers": self.customers, "present": dict(self.present)}


def ledgers(settings: Settings, datarisk: Path | None, sap: Path | None, customers: int) -> Iterator[Ledger]:
    """The ledgers that were asked for; a simulated one always."""
    if datarisk is not None:
        yield Ledger("datarisk", datarisk, "datarisk", DATARISK_ENDS)
    if sap is not None:
        yield Ledger("sap", sap, "sap", SAP_ENDS, SAP_CURRENCY)
    folder = settings.home / "books" / "extract"
    shutil.rmtree(folder, ignore_errors=True)
    with working("Simulating") as step:
        shape = ledger.write_portfolio(folder, customers=customers, seed=7, detail="full", say=step)
    yield Ledger("simulated", folder, ledger.SIMULATED, shape.end_on, shape.currency)


def taken(settings: Settings, source: Ledger) -> Told:
    """Take one ledger into a lake of its own, made anew, and compute all facts of its customers."""
    home = settings.home / "books" / source.name
    shutil.rmtree(home, ignore_errors=True)
    own = settings.model_copy(update={"home": home})
    with working(f"{source.name}: ingesting") as step:
        report = ledger.take_in(own, source.folder, source.mapping, received_at=ledger.end_of(source.as_of), say=step)
    with working(f"{source.name}: computing {len(STORED.names)} features"):
        book = open_book(
            Lake(own.lake), currency=source.currency, threads=settings.threads, materiality=settings.materiality
        )
        facts = as_of_now(book, source.as_of)
        book.close()
    return Told(report, facts.num_rows, {name: _present(facts, name) for name in STORED.names})


def _present(facts: pa.Table, name: str) -> float:
    return pc.count(facts[name]).as_py() / facts.num_rows if facts.num_rows else 0.0


def tell(told: Mapping[str, Told]) -> None:
    """The counts of each ledger and the catalogue, for a person."""
    for name, found in told.items():
        say(f"\n{name}: {count(found.customers)} customers")
        ledger.tell(found.report)
    rows = [
        (
            feature.name,
            feature.meaning,
            feature.unit,
            *(percent(found.present[feature.name], 0) for found in told.values()),
        )
        for feature in STORED.features
    ]
    title = f"{len(rows)} features, and the share of customers for whom each ledger tells them"
    show_table(title, ("feature", "meaning", "unit", *told), rows, numbers=tuple(told))
