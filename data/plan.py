"""What a write to the lake would add, found out before anything is written."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from data.contracts import Contract


@dataclass(frozen=True)
class Written:
    """What a delivery changed.

    Attributes:
        added: Rows of new keys.
        corrected: Rows that became a further version of a known key.
        deleted: Rows that withdraw a key.
        unchanged: Rows that said nothing new.
    """

    added: int = 0
    corrected: int = 0
    unchanged: int = 0
    deleted: int = 0


@dataclass(frozen=True)
class Plan:
    """What a write would add to a table; nothing is written by making one.

    Attributes:
        name: The table.
        rows: Versions to add, contract-shaped, shape (n_rows, n_columns).
        is_correction: Whether each is a further version of a key, shape (n_rows,).
        written: The counts.
    """

    name: str
    rows: pa.Table
    is_correction: pa.BooleanArray
    written: Written


class DeliveryOutOfOrderError(ValueError):
    """A correction that would be known no later than the version it corrects."""

    def __init__(self, name: str, rows: int, key: tuple[str, ...], received_at: datetime | None) -> None:
        when = "no time of receipt was stated" if received_at is None else f"it was received at {received_at}"
        super().__init__(
            f"{rows} rows of {name} differ from a version that is already known, and {when}, which is not later "
            f"(first: {', '.join(key)}). Deliver extracts in the order of their dates, and say when each was received."
        )
        self.name, self.rows, self.key = name, rows, key


def counted(delivered: pa.Table, added: pa.Table, is_correction: pa.ChunkedArray) -> Written:
    """The counts of a plan that adds some rows of those delivered; ``is_correction`` of each row added."""
    withdraws = added["is_deleted"] if "is_deleted" in added.column_names else pa.repeat(False, added.num_rows)
    deleted = int(pc.sum(withdraws).as_py() or 0)
    corrected = int(pc.sum(pc.and_not(is_correction, withdraws)).as_py() or 0)
    fresh = added.num_rows - deleted - corrected
    return Written(fresh, corrected, unchanged=delivered.num_rows - added.num_rows, deleted=deleted)


def check_order(contract: Contract, found: pa.Table, received_at: datetime | None) -> None:
    """Refuse corrections that would be known no later than what they correct."""
    late = [
        row
        for row in found.filter(pc.invert(found["is_placed"])).to_pylist()
        if row["known_at"] is None or row["known_at"] <= row["newest_known_at"]
    ]
    if late:
        key = tuple(f"{name} {late[0][name]}" for name in contract.key)
        raise DeliveryOutOfOrderError(contract.name, len(late), key, received_at)
