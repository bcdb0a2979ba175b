"""The book: all tables of the receivables ledger on one engine, ready for expressions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from data.contracts import CONTRACTS, Contract
from data.engine import ENGINES, EngineMissingError, UnknownEngineError
from data.engine import engine as duckdb_engine
from data.lake import Lake, in_contract, select_of
from data.materiality import STANDARD_MATERIALITY, Materiality
from data.spark_options import SparkOptions


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
        backend: The engine that holds the tables, DuckDB or Spark behind Ibis; relations to be joined with them
            belong on it.
        materiality: Which amounts past due count where a figure asks for it.
    """

    tables: Mapping[str, ibis.Table]
    currency: str
    backend: Any
    materiality: Materiality = STANDARD_MATERIALITY

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

    def last_day(self) -> date | None:
        """The last day on which something of an invoice or a payment became known; None for an empty book.

        Example:
            >>> book_of({}).last_day() is None
            True
        """
        known = (self["invoices"].known_at.max(), self["payments"].known_at.max())
        days = [found.date() for latest in known if (found := latest.to_pyarrow().as_py()) is not None]
        return max(days, default=None)

    def close(self) -> None:
        """Let go of the engine and what it holds in memory."""
        self.backend.disconnect()


def open_book(
    lake: Lake,
    *,
    currency: str | None = None,
    threads: int = 2,
    memory: str | None = None,
    engine: str = "duckdb",
    spark: SparkOptions | None = None,
    materiality: Materiality = STANDARD_MATERIALITY,
) -> Book:
    """The lake's tables as they stand now; a write that follows does not show.

    Args:
        lake: Where the tables are; for Spark on a cluster, at a path that all its machines can read.
        currency: Currency of the figures; None for the one currency of the invoices.
        threads: Threads of this machine, 1 or more.
        memory: Most memory that DuckDB takes, such as 6GB, before it spills; None for its own choice.
        engine: ``duckdb`` or ``spark``; either gives the same values.
        spark: How Spark is started, if it is.
        materiality: Which amounts past due count where a figure asks for it.

    Raises:
        NoCurrencyError: No currency was given and there are no invoices.
        SeveralCurrenciesError: No currency was given and the invoices have several.
        UnknownEngineError: There is no such engine.
        EngineMissingError: This machine cannot start it; the text says what to install.
    """
    backend = _started(engine, threads, lake.root / ".spill", spark)
    if engine == "duckdb":
        # Nothing that is read from a book relies on the order of rows, and keeping it costs memory and a thread.
        backend.con.execute("SET preserve_insertion_order = false")
        if memory is not None:
            backend.con.execute(f"SET memory_limit = '{memory}'")
    tables = {}
    for name, contract in CONTRACTS.items():
        files = lake.files(name)
        tables[name] = _of_files(backend, contract, files) if files else _of_rows(backend, contract, None)
    try:
        return Book(tables, currency or _only_currency(tables["invoices"]), backend, materiality)
    except ValueError:
        backend.disconnect()
        raise


def book_of(
    tables: Mapping[str, pa.Table],
    *,
    currency: str = "EUR",
    engine: str = "duckdb",
    spark: SparkOptions | None = None,
    materiality: Materiality = STANDARD_MATERIALITY,
) -> Book:
    """A book held in memory.

    Args:
        tables: Any of the contract tables by name; those left out are empty.
        currency: ISO 4217 code in which figures are wanted.
        engine: ``duckdb`` or ``spark``.
        spark: How Spark is started, if it is.
        materiality: Which amounts past due count where a figure asks for it.

    Raises:
        NotAContractTableError: A table does not fit its contract.
        UnknownTableError: A name is no contract's.
        UnknownEngineError: There is no such engine.
        EngineMissingError: This machine cannot start it; the text says what to install.

    Example:
        >>> book_of({}).tables["invoices"].count().execute()
        0
    """
    given = {name: in_contract(name, rows) for name, rows in tables.items()}
    backend = _started(engine, 2, None, spark)
    made = {name: _of_rows(backend, contract, given.get(name)) for name, contract in CONTRACTS.items()}
    return Book(made, currency, backend, materiality)


def _started(name: str, threads: int, spill: Path | None, spark: SparkOptions | None) -> Any:
    if name not in ENGINES:
        raise UnknownEngineError(name)
    if name == "duckdb":
        return duckdb_engine(threads, spill=spill)
    try:
        from data.spark import spark_engine
    except ModuleNotFoundError as problem:
        if (problem.name or "").split(".")[0] not in {"pyspark", "py4j"}:
            raise
        raise EngineMissingError(name, "Install the extra: pip install 'o2c-risk[spark]'.") from problem
    return spark_engine(threads, spill=spill, options=spark)


def _of_files(backend: Any, contract: Contract, files: list[str]) -> ibis.Table:
    if backend.name == "pyspark":
        return backend.read_files(contract, files)
    backend.con.execute(f"CREATE VIEW {contract.name} AS {select_of(contract, files, backend.con)}")
    return backend.table(contract.name)


def _of_rows(backend: Any, contract: Contract, rows: pa.Table | None) -> ibis.Table:
    made = contract.book_schema.empty_table() if rows is None else rows.cast(contract.book_schema)
    # All tables of a Spark session are temporary; those of DuckDB live as long as its memory does.
    return backend.create_table(contract.name, made, temp=backend.name == "pyspark")


def _only_currency(invoices: ibis.Table) -> str:
    found = sorted(invoices.select("currency").distinct().to_pyarrow()["currency"].to_pylist())
    if not found:
        raise NoCurrencyError
    if len(found) > 1:
        raise SeveralCurrenciesError(found)
    return str(found[0])
