"""Rows in the shape of a contract: its columns, their order and their types."""

from collections.abc import Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from data.contracts import CONTRACTS, FLAG, Contract
from data.quarantine import QUARANTINE

ALL_TABLES: Final[Mapping[str, Contract]] = {**CONTRACTS, QUARANTINE.name: QUARANTINE}


class UnknownTableError(ValueError):
    """A table that no contract describes."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No contract describes a table {name!r}; there are {', '.join(CONTRACTS)}.")
        self.name = name


class NotAContractTableError(ValueError):
    """Rows whose columns cannot be cast to the contract's."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"The rows for {name} do not fit its contract: {problem}")
        self.name = name


def contract_of(name: str) -> Contract:
    """The contract of a table of the lake.

    Raises:
        UnknownTableError: There is none of that name.
    """
    if name not in ALL_TABLES:
        raise UnknownTableError(name)
    return ALL_TABLES[name]


def in_contract(name: str, rows: pa.Table) -> pa.Table:
    """The rows with exactly the contract's columns, order and types.

    Args:
        name: A contract's name.
        rows: Arrow table, shape (n_rows, <= n_columns); further columns are refused. A column that may be unknown
            may be left out, and so may ``is_deleted``: nothing is deleted unless it is said.

    Returns:
        Arrow table, shape (n_rows, n_columns of the contract), same row order.

    Raises:
        NotAContractTableError: A column is missing or unknown, a value does not fit its type (a decimal with
            too many places included), or a value is null that may not be.
    """
    contract, cast = contract_of(name), in_types(name, rows)
    for column in contract.columns:
        if not column.nullable and cast[column.name].null_count:
            raise NotAContractTableError(name, f"{column.name} is null in {cast[column.name].null_count} rows.")
    return cast.cast(contract.schema)


def in_types(name: str, rows: pa.Table) -> pa.Table:
    """The rows with the contract's columns, order and types, where any value may still be null.

    Raises:
        NotAContractTableError: A column is missing or unknown, or a value does not fit its type.
    """
    contract = contract_of(name)
    rows = with_defaults(contract, rows)
    missing, unknown = set(contract.names) - set(rows.column_names), set(rows.column_names) - set(contract.names)
    if missing or unknown:
        problem = f"it lacks {sorted(missing)} and has {sorted(unknown)} beside it; it has {', '.join(contract.names)}."
        raise NotAContractTableError(name, problem)
    try:
        cast = rows.select(contract.names).cast(contract.book_schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as problem:
        raise NotAContractTableError(name, f"{problem}.") from problem
    return cast


def with_defaults(contract: Contract, rows: pa.Table) -> pa.Table:
    """The rows with every column that may be left out: unknown values as null, ``is_deleted`` as false."""
    for column in contract.columns:
        if column.name not in rows.column_names and (column.nullable or column.name == "is_deleted"):
            value = pa.scalar(False if column.name == "is_deleted" else None, column.type)
            rows = rows.append_column(column.name, pa.repeat(value, rows.num_rows))
    place = rows.column_names.index("is_deleted") if "is_deleted" in contract.names else -1
    if place < 0 or rows["is_deleted"].null_count == 0:
        return rows
    return rows.set_column(place, "is_deleted", pc.fill_null(rows["is_deleted"].cast(FLAG), False))
