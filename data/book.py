"""The book: all tables of the receivables ledger on one engine, ready for expressions."""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from data.contracts import CONTRACTS
from data.engine import engine
from data.lake import Lake, in_contract, select_of


class NoCurrencyError(ValueError):
    """A book without invoices states no currency."""

    def __init__(self) -> None:
        super().__init__("The lake holds no invoices, so no currency: ingest invoices first, or set O2C_RISK_CURRENCY.")


class SeveralCurrenciesError(ValueError):
    """Invoices in several currencies: which one the figures are in is a choice."""

    def __init__(self, currencies: list[str]) -> None:
        super().__init__(
            f"The invoices are in {', '.join(currencies)}: set O2C_RISK_CURRENCY to the one the figures are wanted in."
        )
        self.currencies = currencies


@dataclass(frozen=True)
class Book:
    """All contract tables, with every version of every row, on one engine.

    Attributes:
        tables: One Ibis table per contract, all of them present, in the contract's columns; all nullable.
        currency: ISO 4217 code in which figures are wanted.
        backend: The engine that holds the tables; relations to be joined with them belong on it.
    """

    tables: Mapping[str, ibis.Table]
    currency: str
    backend: Backend

    def __getitem__(self, name: str) -> ibis.Table:
        return self.tables[name]

    def memtable(self, rows: pa.Table) -> ibis.Table:
        """The rows as a temporary table on the book's engine, for joins with its tables."""
        return self.backend.create_table(ibis.util.gen_name("rows"), rows, temp=True)

    def held(self, rows: ibis.Table) -> ibis.Table:
        """The rows computed now and kept on the engine until the book is closed.

        Between steps of a long computation: the engine then plans each step with true row counts. Left to plan all
        of them as one query it guesses, and has joined every invoice with every dispute.
        """
        return self.backend.create_table(ibis.util.gen_name("held"), rows, temp=True)

    def close(self) -> None:
        """Let go of the engine and what it holds in memory."""
        self.backend.disconnect()


def open_book(lake: Lake, *, currency: str | None = None, threads: int = 2) -> Book:
    """The lake's tables as they stand now; a write that follows does not show.

    Args:
        lake: Where the tables are.
        currency: Currency of the figures; None for the one currency of the invoices.
        threads: Threads for DuckDB, 1 or more.

    Raises:
        NoCurrencyError: No currency was given and there are no invoices.
        SeveralCurrenciesError: No currency was given and the invoices have several.
    """
    backend = engine(threads, spill=lake.root / ".spill")
    tables = {}
    for name, contract in CONTRACTS.items():
        files = lake.files(name)
        empty = _nullable(contract.schema.empty_table())
        if files:
            backend.con.execute(f"CREATE VIEW {name} AS {select_of(contract, files, backend.con)}")
            tables[name] = backend.table(name)
        else:
            tables[name] = backend.create_table(name, empty)
    return Book(tables, currency or _only_currency(tables["invoices"]), backend)


def book_of(tables: Mapping[str, pa.Table], *, currency: str = "EUR") -> Book:
    """A book held in memory.

    Args:
        tables: Any of the contract tables by name; those left out are empty.
        currency: ISO 4217 code in which figures are wanted.

    Raises:
        NotAContractTableError: A table does not fit its contract.
        UnknownTableError: A name is no contract's.

    Example:
        >>> book_of({}).tables["invoices"].count().execute()
        0
    """
    given = {name: in_contract(name, rows) for name, rows in tables.items()}
    backend = engine()
    made = {
        name: backend.create_table(name, _nullable(given.get(name, contract.schema.empty_table())))
        for name, contract in CONTRACTS.items()
    }
    return Book(made, currency, backend)


def _nullable(rows: pa.Table) -> pa.Table:
    """Without the not-null marks, which Parquet files do not keep: tables of both origins are of one type."""
    return rows.cast(pa.schema([field.with_nullable(True) for field in rows.schema]))


def _only_currency(invoices: ibis.Table) -> str:
    found = sorted(invoices.select("currency").distinct().to_pyarrow()["currency"].to_pylist())
    if not found:
        raise NoCurrencyError
    if len(found) > 1:
        raise SeveralCurrenciesError(found)
    return str(found[0])
