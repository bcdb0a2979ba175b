"""Rows that were entered by mistake and are withdrawn days later: invoices, payments and deliveries entered twice."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa

from data.contracts import CONTRACTS, INSTANT
from data.simulation.columns import DAY_US, flags, identifiers
from data.simulation.world import World

ENTERED_TWICE: Final[Mapping[str, str]] = {"invoices": "I", "payments": "P", "deliveries": "L"}
"""Tables in which it happens, and the first letter of their keys."""
SHARE: Final = 0.0005
_WITHDRAWN_WITHIN_DAYS: Final = 10
_FIRST_NUMBER: Final = 900_000_000
"""Keys of rows entered by mistake begin here, beyond those of all others."""


def with_mistakes(world: World, tables: Mapping[str, pa.Table], share: float = SHARE) -> dict[str, pa.Table]:
    """The tables with some rows entered a second time under another key, and withdrawn by the end of the book.

    Args:
        world: The simulation.
        tables: Contract tables by name.
        share: Share of the rows that are entered twice, less those that could not be withdrawn in time.
    """
    return {
        name: pa.concat_tables([rows, _twice(world, name, rows, share)]) if name in ENTERED_TWICE else rows
        for name, rows in tables.items()
    }


def _twice(world: World, name: str, rows: pa.Table, share: float) -> pa.Table:
    """Both versions of each mistake: as it was entered, and as it was withdrawn."""
    rng, key = world.stream(f"mistakes {name}"), CONTRACTS[name].key[0]
    chosen = np.flatnonzero(rng.random(rows.num_rows, dtype=np.float32) < share)
    known = rows["known_at"].combine_chunks().cast(pa.int64()).to_numpy()[chosen]
    gone = known + rng.integers(1, _WITHDRAWN_WITHIN_DAYS + 1, len(chosen)) * DAY_US
    in_time = gone < (np.int64(world.calendar.end) + 1) * DAY_US
    chosen, known, gone = chosen[in_time], known[in_time], gone[in_time]
    number = _FIRST_NUMBER + np.tile(np.arange(len(chosen)), 2)
    wrong = rows.take(np.tile(chosen, 2))
    filled = {
        key: identifiers(ENTERED_TWICE[name], number, 9),
        "is_deleted": flags(np.arange(2 * len(chosen)) >= len(chosen)),
        "known_at": pa.array(np.concatenate([known, gone])).cast(INSTANT),
    }
    for column, values in filled.items():
        place = wrong.schema.get_field_index(column)
        wrong = wrong.set_column(place, wrong.schema.field(place), values)
    return wrong
