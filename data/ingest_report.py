"""What became of each row of a delivery, with the first examples of what was refused and changed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


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
        accepted: Rows that keep all rules; added + corrected + unchanged + (deleted - absent).
        quarantined: Rows refused.
        added: Rows of keys the lake did not hold.
        corrected: Rows that became a further version of a key it held.
        unchanged: Rows that said nothing new.
        deleted: Keys that were withdrawn.
        absent: Those of them that were withdrawn because a full extract lacks them; no row was read for these.
    """

    read: int
    accepted: int
    quarantined: int
    added: int = 0
    corrected: int = 0
    unchanged: int = 0
    deleted: int = 0
    absent: int = 0


@dataclass(frozen=True)
class Refusal:
    """A row that was refused.

    Attributes:
        file: Name of its file.
        line: Where it stands in it.
        reason: Why, as a sentence.
        raw: What it said, as a JSON object.
    """

    file: str
    line: int
    reason: str
    raw: str


@dataclass(frozen=True)
class Change:
    """A further version of a key.

    Attributes:
        key: Columns that name the thing, with their values.
        known_at: From when on the version counts.
        before: The columns that change, with what the version before it says.
        after: The same columns with what it says itself.
    """

    key: Mapping[str, Any]
    known_at: datetime
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did, or would do.

    Attributes:
        counts: Per table, in the order of reading.
        reasons: Per table, how many rows each reason code refused.
        warnings: What a person should know although nothing was refused for it.
        refusals: Per table and reason code, the first rows refused.
        corrections: Per table, the first corrections.
        deletions: Per table, the keys of the first rows withdrawn.
        dry_run: Whether nothing was written.
    """

    counts: Mapping[str, Counts]
    reasons: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    refusals: Mapping[str, Mapping[str, tuple[Refusal, ...]]] = field(default_factory=dict)
    corrections: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    deletions: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    dry_run: bool = False

    def __post_init__(self) -> None:
        for table, counts in self.counts.items():
            if counts.read != counts.accepted + counts.quarantined:
                raise RowsUnaccountedForError(table, counts)

    def as_dict(self) -> dict[str, Any]:
        """The report in plain types, for JSON."""
        return {
            "dry_run": self.dry_run,
            "counts": {table: asdict(counts) for table, counts in self.counts.items()},
            "reasons": {table: dict(reasons) for table, reasons in self.reasons.items()},
            "warnings": list(self.warnings),
            "examples": {
                "refused": {
                    table: {code: [asdict(row) for row in rows] for code, rows in by_code.items()}
                    for table, by_code in self.refusals.items()
                },
                "corrected": {table: [asdict(change) for change in rows] for table, rows in self.corrections.items()},
                "deleted": {table: [dict(key) for key in keys] for table, keys in self.deletions.items()},
            },
        }
