"""Which rows of a table are in force at the end of a day."""

from datetime import date
from typing import Any

from data.contracts import CONTRACTS


def newest(rows: list[dict[str, Any]], name: str, on: date) -> list[dict[str, Any]]:
    """The latest version of each key known by the end of ``on``, without those that it withdraws."""
    found: dict[Any, dict[str, Any]] = {}
    for given in sorted(rows, key=lambda r: r["known_at"]):
        if given["known_at"].date() <= on:
            found[tuple(given[key] for key in CONTRACTS[name].key)] = given
    return [given for given in found.values() if not given["is_deleted"]]


def files(rows: list[dict[str, Any]], name: str, column: str) -> dict[Any, list[dict[str, Any]]]:
    """Every version of what any version once assigned to a value of the column, by that value."""
    by_key: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        by_key.setdefault(tuple(row[key] for key in CONTRACTS[name].key), []).append(row)
    found: dict[Any, list[dict[str, Any]]] = {}
    for versions in by_key.values():
        for value in {row[column] for row in versions}:
            found.setdefault(value, []).extend(versions)
    return found
