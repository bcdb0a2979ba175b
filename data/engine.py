"""The engines that run the expressions, and DuckDB as every part of the batch side starts it."""

from pathlib import Path
from typing import Any, Final

import ibis
from ibis.backends.duckdb import Backend

ENGINES: Final = ("duckdb", "spark")
"""DuckDB is part of the product; Spark is for books that one machine's memory does not hold."""


class UnknownEngineError(ValueError):
    """An engine of a name that nobody knows."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no engine {name!r}; there are {' and '.join(ENGINES)}.")
        self.name = name


class EngineMissingError(RuntimeError):
    """An engine was asked for that this machine cannot start."""

    def __init__(self, name: str, remedy: str) -> None:
        super().__init__(f"The engine {name} cannot start here. {remedy}")
        self.name = name


def engine(threads: int = 2, *, spill: Path | None = None) -> Backend:
    """An in-memory DuckDB behind Ibis: UTC, no extension from the network, stated threads, joins as they are written.

    Args:
        threads: Threads DuckDB may use, 1 or more.
        spill: Folder for what does not fit into memory; made only when needed. None keeps DuckDB's own choice.

    Returns:
        A backend of its own; tables of two engines cannot be joined.

    Raises:
        ValueError: ``threads`` is below 1.

    Example:
        >>> backend = engine(threads=1)
        >>> setting = lambda name: backend.con.execute(f"SELECT current_setting('{name}')").fetchone()[0]
        >>> setting("threads"), setting("TimeZone"), setting("autoinstall_known_extensions")
        (1, 'UTC', False)
        >>> setting("enable_progress_bar")
        False
    """
    if threads < 1:
        raise ValueError(f"threads must be 1 or more, got {threads}")
    options: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    if spill is not None:
        options["temp_directory"] = str(spill)
    backend = ibis.duckdb.connect(**options)
    backend.con.execute(f"SET threads = {int(threads)}")
    backend.con.execute("SET TimeZone = 'UTC'")
    # DuckDB draws its bar on stdout once a query takes seconds, in the middle of what `--json` prints.
    backend.con.execute("SET enable_progress_bar = false")
    # Each join of large tables has an equality as it is written. Left to reorder them, DuckDB has joined
    # cases with invoices by their dates alone: two minutes and seven gigabytes for what takes a fifth of a second.
    backend.con.execute("SET disabled_optimizers = 'join_order'")
    return backend
