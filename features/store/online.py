"""The online side: today's facts of every customer, read one customer at a time.

Rows go in by `write_to_online_store`, never by `materialize`: that takes the view down while it runs, and for
good if it is killed.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.store.definitions import AS_OF_DAY, COMPUTED_AT, CREATED_AT, CUSTOMER_ID, EVENT_AT, VIEW
from features.store.feast_api import FeatureStore
from features.store.folder import put_in_place
from features.store.history import EPOCH, NotNewerError, RowsRefusedError, check_rows, instant, microseconds

# Rows per transaction: readers wait for none, a killed writer loses at most one.
BATCH: Final = 500
# Well under the number of parameters one SQLite statement takes.
READ_BATCH: Final = 500
WRITTEN_AT: Final = "online-written-at.json"


@dataclass(frozen=True)
class OnlineFacts:
    """What the store knows about one customer.

    Attributes:
        customer_id: Whom it is about.
        values: One entry per name asked for, in that order; None where the value is null or there are no facts.
        as_of: Day at whose end the values were true; None when the store holds nothing on the customer.
        computed_at: Instant of computation; None likewise.
    """

    customer_id: str
    values: dict[str, float | None]
    as_of: date | None
    computed_at: datetime | None


def read_facts(feast: FeatureStore, customer_ids: Sequence[str], names: Sequence[str]) -> list[OnlineFacts]:
    """Facts of the customers in the order asked for, repeated ones included."""
    found: list[OnlineFacts] = []
    for start in range(0, len(customer_ids), READ_BATCH):
        found += _read_batch(feast, list(customer_ids[start : start + READ_BATCH]), names)
    return found


def _read_batch(feast: FeatureStore, customer_ids: list[str], names: Sequence[str]) -> list[OnlineFacts]:
    asked = [f"{VIEW}:{name}" for name in (AS_OF_DAY, COMPUTED_AT, *names)]
    columns = feast.get_online_features(asked, {CUSTOMER_ID: customer_ids}).to_dict()
    days, computed = columns[AS_OF_DAY], columns[COMPUTED_AT]
    return [
        OnlineFacts(
            customer_id=customer_id,
            values={name: _number(columns[name][i]) for name in names},
            as_of=None if days[i] is None else EPOCH + timedelta(days=days[i]),
            computed_at=None if computed[i] is None else instant(computed[i]),
        )
        for i, customer_id in enumerate(customer_ids)
    ]


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def check_online_rows(rows: pa.Table, names: Sequence[str]) -> None:
    """Refuses rows that are not one per customer with every feature of the view.

    Raises:
        RowsRefusedError: A column is absent, a key is null, or a customer comes twice.
    """
    check_rows(rows, names)
    counts = pc.value_counts(rows.column(CUSTOMER_ID))
    twice = [c["values"] for c in counts.to_pylist() if c["counts"] > 1]
    if twice:
        raise RowsRefusedError(f"{len(twice)} customers come more than once, the first is {twice[0]}")


def write_rows(feast: FeatureStore, rows: pa.Table, names: Sequence[str], *, computed_at: datetime) -> None:
    """Puts rows in place of what the store holds on these customers, each customer's facts in one step."""
    for start in range(0, rows.num_rows, BATCH):
        feast.write_to_online_store(VIEW, _frame(rows.slice(start, BATCH), names, computed_at))


def _frame(rows: pa.Table, names: Sequence[str], computed_at: datetime) -> pd.DataFrame:
    columns: dict[str, Any] = {CUSTOMER_ID: rows.column(CUSTOMER_ID).to_pandas()}
    columns[AS_OF_DAY] = rows.column("as_of").cast(pa.int32()).cast(pa.int64()).to_pandas()
    columns |= {name: rows.column(name).cast(pa.float64()).to_pandas() for name in names}
    frame = pd.DataFrame(columns)
    frame[COMPUTED_AT] = microseconds(computed_at)
    frame[EVENT_AT] = frame[CREATED_AT] = pd.Timestamp(computed_at)
    return frame


def last_written_at(folder: Path, project: str) -> datetime | None:
    """Instant of computation of the last write that was begun, None before the first."""
    us = _written(folder).get(project)
    return None if us is None else instant(us)


def claim_instant(folder: Path, project: str, computed_at: datetime) -> None:
    """Notes a write before it begins, so that no two writes share an instant.

    Redis drops a row that is not newer than the one it holds, SQLite takes any; neither says so.

    Raises:
        NotNewerError: A write of this instant or a later one was begun before.
    """
    held = last_written_at(folder, project)
    if held is not None and held >= computed_at:
        raise NotNewerError(computed_at, held)
    unfinished = folder / f".{WRITTEN_AT}"
    unfinished.write_text(json.dumps(_written(folder) | {project: microseconds(computed_at)}), encoding="utf-8")
    put_in_place(unfinished, folder / WRITTEN_AT)


def _written(folder: Path) -> dict[str, int]:
    path = folder / WRITTEN_AT
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
