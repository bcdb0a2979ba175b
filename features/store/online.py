"""Today's facts of customers: what they are, and how rows of a table become them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.store.backend import OnlineBackend, Rows
from features.store.definitions import AS_OF_DAY, COMPUTED_AT, CUSTOMER_ID
from features.store.history import EPOCH, RowsRefusedError, check_rows, instant
from features.store.wire import Floats, entity_key, read_doubles, read_int

# Customers that are turned into arrays at once.
BATCH = 2000
NOTHING = np.iinfo(np.int64).min
"""Stands for "no day" and "no instant" in arrays of whole numbers."""


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


@dataclass(frozen=True)
class OnlineBlock:
    """What the store knows about many customers, as arrays.

    Attributes:
        names: Features, shape (k,).
        values: Shape (n, k); not-a-number where the value is null or there are no facts.
        days: Day at whose end they are true, in days since 1970, shape (n,); `NOTHING` without facts.
        computed_us: Instant of computation, in microseconds since 1970, shape (n,); `NOTHING` without facts.
    """

    names: tuple[str, ...]
    values: Floats
    days: npt.NDArray[np.int64]
    computed_us: npt.NDArray[np.int64]

    @property
    def is_there(self) -> npt.NDArray[np.bool_]:
        """Which customers the store knows, shape (n,)."""
        there: npt.NDArray[np.bool_] = self.days != NOTHING
        return there


@dataclass(frozen=True)
class Written:
    """What a write did.

    Attributes:
        customers: Customers whose facts were put in place.
        not_newer: Customers that kept what they had, because somebody had written later facts (Redis only).
        carried_over: Customers whose facts were pushed while the whole book was computed, and kept.
        generation: Number of the complete set that is read now.
    """

    customers: int
    not_newer: int
    carried_over: int
    generation: int


def read_block(backend: OnlineBackend, project: str, keys: Sequence[bytes], names: Sequence[str]) -> OnlineBlock:
    """Facts of customers as arrays, all from one complete set.

    Args:
        backend: Where they are.
        project: Whose.
        keys: Entity keys, shape (n,).
        names: Features, shape (k,).
    """
    stored = backend.read(project, keys, (*names, AS_OF_DAY, COMPUTED_AT))
    days = [read_int(row[-2]) for row in stored]
    computed = [read_int(row[-1]) for row in stored]
    values = read_doubles([value for row in stored for value in row[:-2]])
    return OnlineBlock(
        tuple(names),
        values.reshape(len(stored), len(names)),
        np.array([NOTHING if day is None else day for day in days], np.int64),
        np.array([NOTHING if us is None else us for us in computed], np.int64),
    )


def read_facts(
    backend: OnlineBackend, project: str, customer_ids: Sequence[str], names: Sequence[str]
) -> list[OnlineFacts]:
    """Facts of the customers in the order asked for, repeated ones included; all from one complete set."""
    block = read_block(backend, project, [entity_key(customer) for customer in customer_ids], names)
    days, computed = block.days.tolist(), block.computed_us.tolist()
    return [
        OnlineFacts(
            customer_id=customer_id,
            values=dict(zip(names, map(_number, values), strict=True)),
            as_of=None if days[i] == NOTHING else EPOCH + timedelta(days=days[i]),
            computed_at=None if computed[i] == NOTHING else instant(computed[i]),
        )
        for i, (customer_id, values) in enumerate(zip(customer_ids, block.values.tolist(), strict=True))
    ]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def check_online_rows(rows: pa.Table, names: Sequence[str]) -> None:
    """Refuses rows that are not one per customer with every feature of the view.

    Raises:
        RowsRefusedError: A column is absent, a key is null, or a customer comes twice.
    """
    check_rows(rows, names)
    counts = pc.value_counts(rows.column(CUSTOMER_ID))
    twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist()
    if twice:
        raise RowsRefusedError(f"{len(twice)} customers come more than once, the first is {twice[0]}")


def rows_of(table: pa.Table, names: Sequence[str], computed_us: int) -> Iterator[Rows]:
    """The rows of a table as arrays, a few thousand customers at once and those of one day together.

    Args:
        table: Shape (n, 2 + k): ``customer_id``, ``as_of`` and the features.
        names: The features, shape (k,).
        computed_us: Instant of computation, in microseconds since 1970.
    """
    for start in range(0, table.num_rows, BATCH):
        some = table.slice(start, BATCH)
        keys = np.array([entity_key(customer) for customer in some[CUSTOMER_ID].to_pylist()], object)
        values = np.empty((len(keys), len(names)))
        for i, name in enumerate(names):
            column = some[name]
            values[:, i] = (column if column.type == pa.float64() else column.cast(pa.float64())).to_numpy()
        days = some["as_of"].cast(pa.int32()).to_numpy()
        for day in np.unique(days).tolist():
            here = np.flatnonzero(days == day)
            yield Rows(keys[here].tolist(), values[here], tuple(names), day, computed_us)


def rows_in(block: OnlineBlock, keys: Sequence[bytes]) -> Iterator[Rows]:
    """Facts that were read, as rows to be written again; customers without facts are left out."""
    pairs = sorted(set(zip(block.days.tolist(), block.computed_us.tolist(), strict=True)))
    for day, computed_us in pairs:
        if day == NOTHING:
            continue
        here = np.flatnonzero((block.days == day) & (block.computed_us == computed_us))
        yield Rows([keys[i] for i in here.tolist()], block.values[here], block.names, day, computed_us)
