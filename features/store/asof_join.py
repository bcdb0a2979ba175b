"""The newest facts of many entities at many instants, by DuckDB: first on row numbers, then the features.

Which row counts at an instant t, among the rows of an entity in a file of history:

- only rows that happened at t or before (and, if asked for, were created at t or before);
- of those the one that happened last; of several of one instant the one created last; of those the last in the file;
- none if that row happened longer than the time to live before t: older ones are further off still.

An entity row is never lost and never doubled, whatever the history holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pyarrow as pa

ROW: Final = "__asked_row"
AT: Final = "__asked_at"
# Rows of one file at most, so that (file, row) is one whole number.
FILE_ROWS: Final = 1 << 40


@dataclass(frozen=True)
class History:
    """Dated facts in Parquet files, and what to take from them.

    Attributes:
        files: The files; a row is named by its file and its place in it.
        keys: Key column of the files -> column of the entities.
        happened: Column with the instant from which a row counts.
        created: Column with the instant at which it was written; None without one.
        ttl: How long after it happened a row counts, its last instant included; None for ever.
        features: Name in the result -> column of the files.
    """

    files: tuple[str, ...]
    keys: Mapping[str, str]
    happened: str
    created: str | None
    ttl: timedelta | None
    features: Mapping[str, str]


def entities_with_facts(
    con: Any, entities: pa.Table, at: str, histories: Sequence[History], *, by_created: bool
) -> pa.Table:
    """The entities with the newest facts of each history beside them.

    Args:
        con: A DuckDB connection whose time zone is UTC.
        entities: Shape (n, k); repeated rows are kept.
        at: Its column with the instants; without a zone they are UTC.
        histories: Whose facts, joined one after the other.
        by_created: Whether a row counts only from the instant at which it was created.

    Returns:
        Shape (n, k + number of features), in the order of ``entities``; its columns are the very same arrays.
    """
    keys = sorted({outside for history in histories for outside in history.keys.values()})
    narrow = {ROW: pa.array(range(entities.num_rows), pa.int64()), AT: entities[at]}
    con.register("__given", pa.table(narrow | {key: entities[key] for key in keys}))
    listed = "".join(f", {_name(key)}" for key in keys)
    con.execute(f"CREATE TEMP TABLE __asked AS SELECT {ROW}, CAST({AT} AS TIMESTAMPTZ) AS {AT}{listed} FROM __given")
    result = entities
    for history in histories:
        found = _facts(con, history, by_created=by_created)
        for name in history.features:
            result = result.append_column(name, found[name])
    return result


def _facts(con: Any, history: History, *, by_created: bool) -> pa.Table:
    """The features of one history, one row per asked row, in their order."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE __versions AS {_versions(history, by_created=by_created)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE __found AS {_found(history)}")
    features = "".join(f", {_source(column)} AS {_name(name)}" for name, column in history.features.items())
    query = f"""
        SELECT {ROW}{features} FROM __found LEFT JOIN {_read(history)} AS s
        ON __found.src = {_row_number(history)} ORDER BY {ROW}"""
    return con.sql(query).to_arrow_table()


def _versions(history: History, *, by_created: bool) -> str:
    """SQL: which row of the files is the newest from which instant on, one row per entity and such instant."""
    keys = "".join(f"{_source(inside)} AS {_name(outside)}, " for inside, outside in history.keys.items())
    happened = f"CAST({_source(history.happened)} AS TIMESTAMPTZ)"
    created = f"CAST({_source(history.created)} AS TIMESTAMPTZ)" if history.created else happened
    rows = (
        f"SELECT {keys}{happened} AS happened, {created} AS created, {_row_number(history)} AS src "
        f"FROM {_read(history)} AS s WHERE {happened} IS NOT NULL"
    )
    listed = ", ".join(_name(outside) for outside in history.keys.values())
    if not (by_created and history.created):
        return f"""
            SELECT {listed}, happened AS counts_from, happened, arg_max(src, (coalesce(created, {_BEFORE}), src)) AS src
            FROM ({rows}) GROUP BY {listed}, happened"""
    # A row counts from when it has both happened and been created. Of all that count by then the newest is the one,
    # which need not be the one that began to count last: it may have been written late.
    return f"""
        SELECT {listed}, counts_from, newest.happened AS happened, newest.src AS src FROM (
            SELECT {listed}, counts_from, max(struct_pack(happened := happened, created := created, src := src))
                   OVER (PARTITION BY {listed} ORDER BY counts_from RANGE UNBOUNDED PRECEDING) AS newest
            FROM (SELECT *, greatest(happened, created) AS counts_from FROM ({rows}) WHERE created IS NOT NULL))
        QUALIFY row_number() OVER (PARTITION BY {listed}, counts_from) = 1"""


_BEFORE: Final = "CAST('-infinity' AS TIMESTAMPTZ)"  # a row without an instant of creation yields to one that has it


def _found(history: History) -> str:
    """SQL: the row of the files for each asked row, null where there is none."""
    same = " AND ".join(f"a.{_name(outside)} = v.{_name(outside)}" for outside in history.keys.values())
    fresh = "v.src"
    if history.ttl is not None:
        us = history.ttl // timedelta(microseconds=1)
        fresh = f"CASE WHEN v.happened + to_microseconds({us}) >= a.{AT} THEN v.src END"
    return f"""
        SELECT a.{ROW}, {fresh} AS src FROM __asked AS a ASOF LEFT JOIN __versions AS v
        ON {same} AND a.{AT} >= v.counts_from"""


def _read(history: History) -> str:
    listed = ", ".join(_text(file) for file in history.files)
    return f"read_parquet([{listed}], file_row_number = true, filename = {str(len(history.files) > 1).lower()})"


def _row_number(history: History) -> str:
    """SQL: one whole number that names a row among all files."""
    if len(history.files) == 1:
        return "s.file_row_number"
    listed = ", ".join(_text(file) for file in history.files)
    return f"CAST(list_position([{listed}], s.filename) - 1 AS BIGINT) * {FILE_ROWS} + s.file_row_number"


def _source(column: str | None) -> str:
    return f"s.{_name(str(column))}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
