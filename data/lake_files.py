"""The files of the lake, read in the columns of their contract, whichever version of the product wrote them."""

from typing import Final

from duckdb import DuckDBPyConnection

from data.contracts import COUNT, DAY, EXCHANGE, FLAG, INSTANT, MONEY, RATE, TEXT, Column, Contract

_SQL_TYPES: Final = {
    TEXT: "VARCHAR",
    DAY: "DATE",
    INSTANT: "TIMESTAMPTZ",
    MONEY: "DECIMAL(20, 4)",
    RATE: "DECIMAL(12, 6)",
    EXCHANGE: "DECIMAL(16, 8)",
    FLAG: "BOOLEAN",
    COUNT: "BIGINT",
}


def select_of(contract: Contract, files: list[str], connection: DuckDBPyConnection) -> str:
    """SQL that reads a table's files in its contract's columns and order.

    Files that an earlier version of the product wrote lack the columns that the contract has gained since; those
    are unknown in their rows, and nothing in them was deleted.

    Args:
        contract: The table's contract.
        files: Its Parquet files, at least one.
        connection: Any connection; used to look at the columns.
    """
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    source = f"read_parquet([{listed}], union_by_name = true)"
    present = set(connection.sql(f"SELECT * FROM {source} LIMIT 0").columns)
    return f"SELECT {', '.join(_value(column, present) for column in contract.columns)} FROM {source}"


def _value(column: Column, present: set[str]) -> str:
    value = f'"{column.name}"' if column.name in present else f"CAST(NULL AS {_SQL_TYPES[column.type]})"
    return f'coalesce({value}, FALSE) AS "is_deleted"' if column.name == "is_deleted" else f'{value} AS "{column.name}"'
