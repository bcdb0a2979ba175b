"""The lake: one Delta table per contract, to which versions are only ever added."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from duckdb import DuckDBPyConnection

from data.contracts import CONTRACTS, TEXT, Contract
from data.engine import engine
from data.lake_files import select_of
from data.plan import DeliveryOutOfOrderError, Plan, Written, check_order, counted
from data.quarantine import QUARANTINE
from data.shape import NotAContractTableError, UnknownTableError, contract_of, in_contract
from data.versions import absent, news, quoted, row_hash

__all__ = [
    "DeliveryOutOfOrderError",
    "Lake",
    "NotAContractTableError",
    "Plan",
    "UnknownTableError",
    "Written",
    "in_contract",
    "select_of",
]

HEX_DIGITS: Final = 15  # of a hash, as one integer: the sum of 2^68 of them still fits into 128 bits


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

        Arguments, counts and errors are those of ``plan``.
        """
        return self.carry_out(self.plan(name, rows, received_at=received_at, restates_past=restates_past))

    def plan(
        self,
        name: str,
        rows: pa.Table,
        *,
        received_at: datetime | None = None,
        restates_past: bool = False,
        full_extract: bool = False,
    ) -> Plan:
        """What is new in the rows.

        Args:
            name: A contract's name.
            rows: Contract-shaped, shape (n_rows, n_columns); several versions of a key differ in ``known_at``.
            received_at: When the delivery was received, with a zone; the ``known_at`` of a row that corrects a
                version without a clock of its own. May be left out where no correction is expected.
            restates_past: The source tells the past as it sees it today and its ``known_at`` is assumed (an
                extract without a second clock), so each correction is known from ``received_at``.
            full_extract: The rows are all there are, so one whose key was withdrawn has returned.

        Returns:
            The plan, where added + corrected + deleted + unchanged == n_rows.

        Raises:
            DeliveryOutOfOrderError: A correction would be known no later than what it corrects.
        """
        contract, delivered = contract_of(name), in_contract(name, rows)
        if delivered.num_rows == 0:
            return Plan(name, contract.schema.empty_table(), pa.array([], pa.bool_()), Written())
        with self._connection() as connection:
            self._attach(connection, name, "present")
            connection.register("delivered", delivered)
            query = news(contract, restates_past=restates_past, full_extract=full_extract)
            found = connection.sql(query, params={"received_at": received_at}).to_arrow_table()
        check_order(contract, found, received_at)
        added = found.select(contract.names).cast(contract.schema)
        return Plan(
            name, added, found["is_correction"].combine_chunks(), counted(delivered, added, found["is_correction"])
        )

    def carry_out(self, plan: Plan) -> Written:
        """Add a plan's versions to the table: one transaction."""
        self._add(plan.name, plan.rows)
        return plan.written

    def absent(
        self, name: str, delivered: pa.Table, *, sources: Sequence[str], extracted_at: datetime
    ) -> tuple[pa.Table, int]:
        """What the lake holds of some sources and a full extract of them lacks.

        Args:
            name: A contract's name.
            delivered: Key columns of the extract, shape (n_rows, n_key_columns).
            sources: Whose rows the extract should hold: those whose newest version came from one of them.
            extracted_at: When the extract was made; what became known later is not missed in it.

        Returns:
            The newest version of each missing key, contract-shaped, and the number of keys held of these sources.
        """
        contract = contract_of(name)
        with self._connection() as connection:
            self._attach(connection, name, "present")
            connection.register("delivered", delivered.select(contract.key))
            connection.register("sources", pa.table({"source": pa.array(sources, TEXT)}))
            found = connection.sql(absent(contract), params={"extracted_at": extracted_at}).to_arrow_table()
        missing = found.filter(found["is_absent"])
        return missing.select(contract.names).cast(contract.schema), found.num_rows

    def append_quarantine(self, rows: pa.Table) -> Written:
        """Add quarantined rows, those already there aside; in the shape of ``data.quarantine.QUARANTINE``."""
        if not rows.num_rows:
            return Written()
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

    def newest(self, name: str, keys: pa.Table, *, columns: Sequence[str] | None = None) -> pa.Table:
        """The newest versions of some rows.

        Args:
            name: A contract's name.
            keys: Its key columns, shape (n_keys, n_key_columns); keys the lake does not hold have no row.
            columns: Which columns of the contract; all unless given.

        Returns:
            Contract-shaped, one row per key that is held, ordered by key; a withdrawn row has ``is_deleted``.
        """
        by_key = quoted(contract_of(name).key, "present")
        newest = f"QUALIFY row_number() OVER (PARTITION BY {by_key} ORDER BY known_at DESC) = 1"
        return self._where(name, keys, newest, columns or contract_of(name).names)

    def matching(self, name: str, wanted: pa.Table) -> pa.Table:
        """All versions that agree with one of the wanted rows in the columns of those.

        Args:
            name: A contract's name.
            wanted: Shape (n, any columns of the contract).

        Returns:
            Contract-shaped, ordered by key and ``known_at``.
        """
        return self._where(name, wanted, "", contract_of(name).names)

    def held(self, name: str, keys: pa.Table) -> pa.Table:
        """Those of the keys that the lake holds and that are not withdrawn; key columns only."""
        newest = self.newest(name, keys, columns=(*contract_of(name).key, "is_deleted"))
        return newest.filter(pc.invert(newest["is_deleted"])).drop_columns(["is_deleted"])

    def tally(self, name: str, column: str) -> dict[str, int]:
        """How many versions of rows say each value of a text column."""
        with self._connection() as connection:
            self._attach(connection, name, "present")
            found = connection.sql(f'SELECT "{column}", count(*) FROM present GROUP BY ALL ORDER BY ALL').fetchall()
        return dict(found)

    def last_known_at(self, name: str, source: str) -> datetime | None:
        """When the newest version from a source became known; None if there is none."""
        with self._connection() as connection:
            self._attach(connection, name, "present")
            newest = (
                connection.sql(
                    "SELECT max(known_at) AS at FROM present WHERE source = $source", params={"source": source}
                )
                .to_arrow_table()["at"][0]
                .as_py()
            )
        return None if newest is None else newest.astimezone(UTC)

    def _where(self, name: str, wanted: pa.Table, qualify: str, columns: Sequence[str]) -> pa.Table:
        contract = contract_of(name)
        with self._connection() as connection:
            self._attach(connection, name, "present")
            connection.register("wanted", wanted)
            agree = " AND ".join(f'present."{column}" = wanted."{column}"' for column in wanted.column_names)
            found = connection.sql(f"""
                SELECT {quoted(columns, "present")} FROM present SEMI JOIN wanted ON {agree} {qualify}
                ORDER BY {quoted((*contract.key, "known_at"), "present")}""")
            return found.to_arrow_table().cast(pa.schema([contract.schema.field(column) for column in columns]))

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
