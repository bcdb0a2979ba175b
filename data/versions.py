"""Which rows of a delivery are news: the SQL behind the two clocks of the lake.

The newest version of a key is the one with the latest ``known_at``. A row that says what is known already changes
nothing; any other becomes a further version, and no version is ever changed, so that what was true of the book on an
earlier day stays readable. ``known_at`` and ``source`` are not content, and a withdrawn row has none.

Where a further version goes depends on whether the source keeps a clock of its own:

* With a clock, a row goes where its clock puts it, whether it comes in time or late. So deliveries may come in any
  order. A row that differs from a version *of the same instant* is a correction without a new clock: it is known
  from its receipt. A row that says again what some later version said is history and changes nothing.
* Without one (the source tells the past as it sees it today), each change is known from its receipt.

One thing cannot be told from the order of arrival: a row that repeats the version before it is not kept, so a change
that belongs between the two and comes after both counts as newer than both.
"""

from collections.abc import Iterable
from typing import Final

from data.contracts import INSTANT, Column, Contract

NOT_CONTENT: Final = frozenset({"known_at", "source"})
WITHDRAWN: Final = "'withdrawn'"
"""SQL: the content of every version that withdraws its row, whatever its other columns say."""


def quoted(names: Iterable[str], table: str) -> str:
    """Column names of one relation as an SQL list.

    Example:
        >>> quoted(["a", "b"], "t")
        't."a", t."b"'
    """
    return ", ".join(f'{table}."{name}"' for name in names)


def row_hash(contract: Contract, *, content_only: bool) -> str:
    """SQL expression: sha256 of a row in a form that is the same on every machine.

    Each value is written as its length and its text, so that no two different rows read alike; decimals carry
    their four or six places, instants their microseconds since 1970, a null is a dash.

    Args:
        contract: Whose columns, in the contract's order.
        content_only: Leave out ``known_at`` and ``source``.

    Returns:
        An expression of 64 hexadecimal digits over columns with the contract's names.
    """
    columns = [c for c in contract.columns if not (content_only and c.name in NOT_CONTENT)]
    return f"sha256(concat({', '.join(map(_canonical, columns))}))"


def _canonical(column: Column) -> str:
    value = f'epoch_us("{column.name}")' if column.type == INSTANT else f'"{column.name}"'
    text = f"CAST({value} AS VARCHAR)"
    return f"coalesce(strlen({text}) || ':' || {text}, '-')"


def same_key(contract: Contract, left: str, right: str) -> str:
    """SQL condition: two relations name the same thing."""
    return " AND ".join(f'{left}."{name}" = {right}."{name}"' for name in contract.key)


def is_deleted(contract: Contract, table: str) -> str:
    """SQL condition: the row withdraws what it names (never, in a table without such rows)."""
    return f'{table}."is_deleted"' if "is_deleted" in contract.names else "FALSE"


def _content(contract: Contract, table: str) -> str:
    hashed = row_hash(contract, content_only=True)
    return f"CASE WHEN {is_deleted(contract, table)} THEN {WITHDRAWN} ELSE {hashed} END AS content"


def news(contract: Contract, *, restates_past: bool, full_extract: bool = False) -> str:
    """SQL that finds the versions to add, from the relations ``present`` and ``delivered``.

    A delivered row is either *placed* at its own ``known_at``, unless it repeats the version before that instant; or
    it *restates* the newest version: then the last delivered row of its key, if it differs, is known at
    ``$received_at``.

    Args:
        contract: Contract of both relations.
        restates_past: The source tells the past as it sees it today, its ``known_at`` being an assumption of
            the mapping. Then only rows of new keys are placed, and an old version that comes again is a change
            of mind. Otherwise the source keeps a clock of its own, and an old version that comes again is history.
        full_extract: The delivery holds all there is, so a row of a withdrawn key has returned.

    Returns:
        A SELECT of the contract's columns with ``is_placed`` (bool), ``is_correction`` (bool: of a key that the lake
        or the delivery has before it) and ``newest_known_at`` (null for a new key), ordered by key and ``known_at``.
    """
    key, columns = contract.key, (name for name in contract.names if name != "known_at")
    returned = f"(n.content = {WITHDRAWN} AND d.known_at <= n.known_at)" if full_extract else "FALSE"
    placed = "n.known_at IS NULL" if restates_past else f"(same.known_at IS NULL AND NOT coalesce({returned}, FALSE))"
    history = "FALSE" if restates_past else f"coalesce(again.known_at >= d.known_at AND NOT {returned}, FALSE)"
    return f"""
    WITH d AS (
        SELECT DISTINCT ON ({quoted((*key, "known_at"), "delivered")}) *, {_content(contract, "delivered")}
        FROM delivered),
    p AS (
        SELECT {quoted((*key, "known_at"), "present")}, {_content(contract, "present")}
        FROM present SEMI JOIN d ON {same_key(contract, "present", "d")}),
    n AS (
        SELECT {quoted(key, "p")}, max(known_at) AS known_at, arg_max(content, known_at) AS content
        FROM p GROUP BY {quoted(key, "p")}),
    again AS (SELECT {quoted((*key, "content"), "p")}, max(known_at) AS known_at FROM p GROUP BY ALL),
    f AS (
        SELECT d.*, n.known_at AS newest_known_at, n.content AS newest_content, {placed} AS is_placed,
               {history} AS is_history
        FROM d LEFT JOIN n ON {same_key(contract, "d", "n")}
        LEFT JOIN p AS same ON {same_key(contract, "d", "same")} AND same.known_at = d.known_at
        LEFT JOIN again ON {same_key(contract, "d", "again")} AND again.content = d.content),
    timeline AS (
        SELECT {quoted((*key, "known_at", "content"), "p")} FROM p
        UNION ALL SELECT {quoted((*key, "known_at", "content"), "f")} FROM f WHERE is_placed),
    before AS (
        SELECT *, lag(content) OVER (PARTITION BY {quoted(key, "timeline")} ORDER BY known_at) AS content_before
        FROM timeline),
    s AS (
        SELECT f.*, before.content_before,
               row_number() OVER (PARTITION BY {quoted(key, "f")} ORDER BY f.known_at DESC) = 1 AS is_last
        FROM f LEFT JOIN before ON f.is_placed AND {same_key(contract, "f", "before")}
                                AND before.known_at = f.known_at)
    SELECT {quoted(columns, "s")}, CASE WHEN is_placed THEN s.known_at ELSE $received_at END AS known_at, is_placed,
           newest_known_at IS NOT NULL OR content_before IS NOT NULL AS is_correction, newest_known_at
    FROM s
    WHERE CASE WHEN is_placed THEN content IS DISTINCT FROM content_before
               ELSE is_last AND content <> newest_content AND NOT is_history END
    ORDER BY {quoted(key, "s")}, known_at
    """


def absent(contract: Contract) -> str:
    """SQL that finds what a full extract lacks, from the relations ``present``, ``delivered`` (keys) and ``sources``.

    Returns:
        A SELECT of the contract's columns with ``is_absent`` (bool): the newest version of each key whose newest
        version came from one of the ``sources`` and is not withdrawn. Absent is one that is not delivered and was
        known by ``$extracted_at``.
    """
    return f"""
    WITH newest AS (
        SELECT {quoted(contract.names, "present")} FROM present
        QUALIFY row_number() OVER (PARTITION BY {quoted(contract.key, "present")} ORDER BY known_at DESC) = 1),
    keys AS (SELECT DISTINCT * FROM delivered)
    SELECT {quoted(contract.names, "newest")},
           keys."{contract.key[0]}" IS NULL AND newest.known_at <= $extracted_at AS is_absent
    FROM newest SEMI JOIN sources ON newest.source = sources.source
    LEFT JOIN keys ON {same_key(contract, "newest", "keys")}
    WHERE NOT {is_deleted(contract, "newest")}
    ORDER BY {quoted(contract.key, "newest")}
    """
