"""Which rows of a delivery are news: the SQL behind the two clocks of the lake.

The newest version of a key is the one with the latest ``known_at``. A delivered row whose content equals it
is unchanged. A row that differs becomes a further version, known later than the present one, so that what was
true of the book on an earlier day stays readable. ``known_at`` and ``source`` are not content.
"""

from collections.abc import Iterable
from typing import Final

from data.contracts import INSTANT, Column, Contract

NOT_CONTENT: Final = frozenset({"known_at", "source"})


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


def _same_key(contract: Contract, left: str, right: str) -> str:
    return " AND ".join(f'{left}."{name}" = {right}."{name}"' for name in contract.key)


def news(contract: Contract, *, restates_past: bool) -> str:
    """SQL that finds the versions to add, from the relations ``present`` and ``delivered``.

    Per key, rows known later than the newest present version *follow* it in order of ``known_at``, without those
    that repeat the row before. A key without such a row is *restated*: its last row is compared with the newest
    version and, if it differs, becomes a version known at ``$received_at``.

    Args:
        contract: Contract of both relations.
        restates_past: The source tells the past as it sees it today, its ``known_at`` being an assumption of
            the mapping. Then rows of a known key never follow, and an old version that comes again is a change
            of mind. Otherwise the source keeps a clock of its own, and an old version that comes again is history.

    Returns:
        A SELECT of the contract's columns with ``follows`` (bool), ``is_correction`` (bool) and
        ``newest_known_at`` (null for a new key), ordered by key and ``known_at``.
    """
    columns = quoted((name for name in contract.names if name != "known_at"), "s")
    follows = "n.known_at IS NULL" if restates_past else "(n.known_at IS NULL OR d.known_at > n.known_at)"
    is_history = "FALSE" if restates_past else "s.is_present"
    return f"""
    WITH d AS (
        SELECT DISTINCT ON ({quoted((*contract.key, "known_at"), "delivered")})
               *, {row_hash(contract, content_only=True)} AS content
        FROM delivered),
    p AS (
        SELECT {quoted((*contract.key, "known_at"), "present")}, {row_hash(contract, content_only=True)} AS content
        FROM present SEMI JOIN d ON {_same_key(contract, "present", "d")}),
    n AS (
        SELECT {quoted(contract.key, "p")}, max(known_at) AS known_at, arg_max(content, known_at) AS content
        FROM p GROUP BY {quoted(contract.key, "p")}),
    f AS (
        SELECT d.*, {follows} AS follows, n.known_at AS newest_known_at, n.content AS newest_content,
               h.content IS NOT NULL AS is_present
        FROM d LEFT JOIN n ON {_same_key(contract, "d", "n")}
        LEFT JOIN p AS h ON {_same_key(contract, "d", "h")} AND h.known_at = d.known_at AND h.content = d.content),
    s AS (
        SELECT f.*, coalesce(lag(content) OVER (PARTITION BY {quoted(contract.key, "f")}, follows ORDER BY known_at),
                             newest_content) AS content_before,
               bool_or(follows) OVER same_key AS some_follow,
               row_number() OVER (PARTITION BY {quoted(contract.key, "f")} ORDER BY known_at DESC) = 1 AS is_last
        FROM f WINDOW same_key AS (PARTITION BY {quoted(contract.key, "f")}))
    SELECT {columns}, CASE WHEN follows THEN s.known_at ELSE $received_at END AS known_at,
           follows, content_before IS NOT NULL AS is_correction, newest_known_at
    FROM s
    WHERE CASE WHEN follows THEN content IS DISTINCT FROM content_before
               ELSE is_last AND NOT some_follow AND content <> newest_content AND NOT {is_history} END
    ORDER BY {quoted(contract.key, "s")}, known_at
    """
