"""The lake: one Delta table per contract, to which versions are only ever added."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from duckdb import DuckDBPyConnection

from data.contracts import CONTRACTS, COUNT, DAY, EXCHANGE, FLAG, INSTANT, MONEY, RATE, TEXT, Contract
from data.engine import engine
from data.quarantine import QUARANTINE
from data.versions import news, quoted, row_hash

HEX_DIGITS: Final = 15  # of a hash, as one integer: the sum of 2^68 of them still fits into 128 bits
_SQL_TYPES: Final = {
    TEXT: "VARCHAR",
    DAY: "DATE",
    INSTANT: "TIMESTAMPTZ",
    MONEY: "DECIMAL(20, 4)",
    RATE: "DECIMAL(12, 6)",
    EXCHANGE: "DECIMAL(20, 10)",
    FLAG: "BOOLEAN",
    COUNT: "BIGINT",
}
ALL_TABLES: Final[Mapping[str, Contract]] = {**CONTRACTS, QUARANTINE.name: QUARANTINE}


@dataclass(frozen=True)
class Written:
    """What a delivery changed: rows of new keys, further versions of known keys, and rows that said nothing new."""

    added: int = 0
    corrected: int = 0
    unchanged: int = 0


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


class DeliveryOutOfOrderError(ValueError):
    """A correction that would be known no later than the version it corrects."""

    def __init__(self, name: str, rows: int, key: tuple[str, ...], received_at: datetime | None) -> None:
        when = "no time of receipt was stated" if received_at is None else f"it was received at {received_at}"
        super().__init__(
            f"{rows} rows of {name} differ from a version that is already known, and {when}, which is not later "
            f"(first: {', '.join(key)}). Deliver extracts in the order of their dates, and say when each was received."
        )
        self.name, self.rows, self.key = name, rows, key


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
        cast = rows.select(contract.names).cast(pa.schema([field.with_nullable(True) for field in contract.schema]))
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


def contract_of(name: str) -> Contract:
    """The contract of a table of the lake.

    Raises:
        UnknownTableError: There is none of that name.
    """
    if name not in ALL_TABLES:
        raise UnknownTableError(name)
    return ALL_TABLES[name]


class Lake:
    """Delta tables below one folder, one per contract plus the quarantine.

    Each write is one transaction per table: a run that was killed halfway leaves whole tables, and running it
    again adds what is missing. One process writes at a time; any number read.

    Args:
        root: Folder of the tables; made on the first write.
        threads: Threads for DuckDB, 1 or more.
    """

    def __init__(self, root: Path, *, threads: int = 2) -> None:
        if "%" in str(root.absolute()):
            raise ValueError(
                f"The lake's path {root} holds a '%', which delta-rs cannot address: choose another folder."
            )
        self.root = root
        self.threads = threads

    def write(
        self, name: str, rows: pa.Table, *, received_at: datetime | None = None, restates_past: bool = False
    ) -> Written:
        """Add what is new in the rows; a row that is known already changes nothing.

        Args:
            name: A contract's name.
            rows: Contract-shaped, shape (n_rows, n_columns); several versions of a key differ in ``known_at``.
            received_at: When the delivery was received, with a zone; the ``known_at`` of a row that corrects a
                version known later than the row itself claims. May be left out where no correction is expected.
            restates_past: The source tells the past as it sees it today and its ``known_at`` is assumed (an
                extract without a second clock), so each correction is known from ``received_at``.

        Returns:
            added + corrected + unchanged == n_rows.

        Raises:
            DeliveryOutOfOrderError: A correction would be known no later than what it corrects.
        """
        contract, delivered = contract_of(name), in_contract(name, rows)
        if delivered.num_rows == 0:
            return Written()
        with self._connection() as connection:
            self._attach(connection, name, "present")
            connection.register("delivered", delivered)
            query = news(contract, restates_past=restates_past)
            found = connection.sql(query, params={"received_at": received_at}).to_arrow_table()
        _check_order(contract, found, received_at)
        self._add(name, found.select(contract.names).cast(contract.schema))
        corrected = sum(found["is_correction"].to_pylist())
        return Written(found.num_rows - corrected, corrected, delivered.num_rows - found.num_rows)

    def append_quarantine(self, rows: pa.Table) -> Written:
        """Add quarantined rows, those already there aside; in the shape of ``data.quarantine.QUARANTINE``."""
        known = self.quarantine()["quarantine_id"]
        # By identity alone: where a row stands in a file that was sorted anew, and when it came, is no news.
        fresh = rows.filter(pc.invert(pc.is_in(rows["quarantine_id"], known)))
        written = self.write(QUARANTINE.name, fresh)
        return Written(written.added, written.corrected, rows.num_rows - written.added - written.corrected)

    def quarantine(self) -> pa.Table:
        """All quarantined rows, in the shape of ``data.quarantine.QUARANTINE``."""
        return self.read(QUARANTINE.name)

    def read(self, name: str) -> pa.Table:
        """All versions of all rows of a table, ordered by key and ``known_at``; without rows if never written."""
        contract = contract_of(name)
        with self._connection() as connection:
            self._attach(connection, name, "present")
            order = quoted((*contract.key, "known_at"), "present")
            found = connection.sql(f"SELECT {quoted(contract.names, 'present')} FROM present ORDER BY {order}")
            return found.to_arrow_table().cast(contract.schema)

    def newest(self, name: str, keys: pa.Table) -> pa.Table:
        """The newest versions of some rows.

        Args:
            name: A contract's name.
            keys: Its key columns, shape (n_keys, n_key_columns); keys the lake does not hold have no row.

        Returns:
            Contract-shaped, one row per key that is held, ordered by key.
        """
        contract = contract_of(name)
        with self._connection() as connection:
            self._attach(connection, name, "present")
            connection.register("wanted", keys)
            key = quoted(contract.key, "present")
            found = connection.sql(f"""
                SELECT {quoted(contract.names, "present")} FROM present SEMI JOIN wanted
                ON {" AND ".join(f'present."{c}" = wanted."{c}"' for c in contract.key)}
                QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY known_at DESC) = 1 ORDER BY {key}""")
            return found.to_arrow_table().cast(contract.schema)

    def files(self, name: str) -> list[str]:
        """Paths of the Parquet files that make up a table now, sorted; none if it was never written."""
        contract_of(name)
        address = (self.root / name).absolute()
        if not DeltaTable.is_deltatable(address.as_uri()):
            return []
        # The tables are not partitioned, so a file's name is all of its address that varies (and needs no decoding).
        return sorted(str(address / PurePosixPath(uri).name) for uri in DeltaTable(address.as_uri()).file_uris())

    def data_version(self) -> str:
        """Twelve hexadecimal digits that name the content of all contract tables.

        Equal content gives equal digits on any machine, whatever the order of rows, files and writes: the
        sum over the rows of sha256 of each row, so no sort is needed. The quarantine is not part of it.
        """
        with self._connection() as connection:
            parts = [f"{name} {self._digest(connection, contract)}" for name, contract in sorted(CONTRACTS.items())]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]

    def _digest(self, connection: DuckDBPyConnection, contract: Contract) -> str:
        self._attach(connection, contract.name, "present")
        sums = ", ".join(
            f"sum(CAST('0x' || substr(row, {1 + HEX_DIGITS * part}, {HEX_DIGITS}) AS BIGINT))" for part in range(4)
        )
        rows = f"SELECT {row_hash(contract, content_only=False)} AS row FROM present"
        return str(connection.execute(f"SELECT count(*), {sums} FROM ({rows})").fetchall())

    def _connection(self) -> DuckDBPyConnection:
        connection: DuckDBPyConnection = engine(self.threads, spill=self.root / ".spill").con
        return connection

    def _attach(self, connection: DuckDBPyConnection, name: str, view: str) -> None:
        files = self.files(name)
        if files:
            connection.execute(f"CREATE OR REPLACE VIEW {view} AS {select_of(contract_of(name), files, connection)}")
        else:
            connection.register(f"{view}_empty", contract_of(name).schema.empty_table())
            connection.execute(f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {view}_empty")

    def _add(self, name: str, rows: pa.Table) -> None:
        address = (self.root / name).absolute()
        if rows.num_rows == 0:
            return
        address.mkdir(parents=True, exist_ok=True)
        if not DeltaTable.is_deltatable(address.as_uri()):
            write_deltalake(address.as_uri(), rows, mode="error")
            return
        key = (*contract_of(name).key, "known_at")
        same = " AND ".join(f'present."{column}" = delivered."{column}"' for column in key)
        merge = DeltaTable(address.as_uri()).merge(
            rows, same, source_alias="delivered", target_alias="present", merge_schema=True
        )
        merge.when_not_matched_insert_all().execute()


def select_of(contract: Contract, files: list[str], connection: DuckDBPyConnection) -> str:
    """SQL that reads a table's files in its contract's columns.

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
    columns = [
        f'"{name}"' if name in present else f'CAST(NULL AS {_SQL_TYPES[kind]}) AS "{name}"'
        for name, kind in ((c.name, c.type) for c in contract.columns)
        if name != "is_deleted"
    ]
    if "is_deleted" in contract.names:
        columns.append(f"{'coalesce(is_deleted, false)' if 'is_deleted' in present else 'false'} AS is_deleted")
    return f"SELECT {', '.join(columns)} FROM {source}"


def _check_order(contract: Contract, found: pa.Table, received_at: datetime | None) -> None:
    """Refuse corrections that would be known no later than what they correct."""
    late = [
        row
        for row in found.filter(pc.invert(found["follows"])).to_pylist()
        if row["known_at"] is None or row["known_at"] <= row["newest_known_at"]
    ]
    if late:
        key = tuple(f"{name} {late[0][name]}" for name in contract.key)
        raise DeliveryOutOfOrderError(contract.name, len(late), key, received_at)
