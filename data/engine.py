"""The DuckDB engine as every part of the batch side starts it."""

from pathlib import Path
from typing import Any

import ibis
from ibis.backends.duckdb import Backend


def engine(threads: int = 2, *, spill: Path | None = None) -> Backend:
    """An in-memory DuckDB behind Ibis: UTC, no extension from the network, a stated number of threads.

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
    """
    if threads < 1:
        raise ValueError(f"threads must be 1 or more, got {threads}")
    options: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    if spill is not None:
        options["temp_directory"] = str(spill)
    backend = ibis.duckdb.connect(**options)
    backend.con.execute(f"SET threads = {int(threads)}")
    backend.con.execute("SET TimeZone = 'UTC'")
    return backend
