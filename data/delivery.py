"""A delivery: who sent it, when it came, and how it is to be taken in."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

LARGEST_DELETION: Final = 0.20


@dataclass(frozen=True)
class Options:
    """How an ingest goes about its work.

    Attributes:
        dry_run: Do everything but write: the same path, the same counts.
        allow_deletions: Withdraw what a full extract lacks, however much that is.
        largest_deletion: Without that, the largest share of a table, 0 to 1, that one full extract may withdraw.
        wait_seconds: How long to wait for another ingest into the same lake.
        currency: Currency in which figures are wanted; None for the one most invoices are in.
    """

    dry_run: bool = False
    allow_deletions: bool = False
    largest_deletion: float = LARGEST_DELETION
    wait_seconds: float = 60.0
    currency: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.largest_deletion <= 1:
            raise ValueError(f"largest_deletion is a share from 0 to 1, got {self.largest_deletion}")


AS_USUAL: Final = Options()


@dataclass(frozen=True)
class Delivery:
    """What one delivery says of itself.

    Attributes:
        source: Name of the source.
        received_at: When it came, with a zone.
        extracted_on: Day of the extract, where it states one.
        restates_past: Whether the source tells the past as it sees it today.
        full: Tables that it holds in full, so that what it lacks was withdrawn.
        partly: Tables that it should hold in full, and why it does not.
    """

    source: str
    received_at: datetime
    extracted_on: date | None = None
    restates_past: bool = False
    full: frozenset[str] = frozenset()
    partly: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.received_at.tzinfo is None:
            raise ValueError(f"received_at must have a zone, got {self.received_at}")

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
