"""Which steps of a query are worth computing on their own, so that it is planned in reasonable time.

Spark puts a step that several others read into the plan once for each of them, and so on down to the tables: what
reads its input twice, five steps deep, scans them thirty-two times, in the plan if not in the run.
"""

from typing import Any, Final

import ibis.expr.operations as ops
from ibis.common.graph import Graph

WORTH: Final = 4
"""Scans in a step from which computing it on its own costs less than planning it a second time."""

# What a value says of a relation it reads from: the relation is the step's input already.
_MENTIONS: Final = (ops.Field, ops.CountStar, ops.CountDistinctStar)
_NO_STEPS: Final = (ops.PhysicalTable, ops.Reference)


def shared_steps(query: Any, *, worth: int = WORTH) -> list[Any]:
    """The steps that several others read and that scan ``worth`` tables or more, in the order of computation.

    Args:
        query: A relation of Ibis, ``table.op()``.
        worth: Scans from which a shared step is listed; a listed step counts as one scan for those that read it.

    Returns:
        Relations below ``query``, each before those that read it.

    Example:
        >>> import ibis
        >>> rows = ibis.table({"a": "int64"}, name="rows")
        >>> twice = rows.union(rows.filter(rows.a > 0))
        >>> [len(shared_steps(twice.union(twice.distinct()).op(), worth=worth)) for worth in (2, 3)]
        [1, 0]
    """
    graph = Graph.from_bfs(query, filter=lambda node: not isinstance(node, _MENTIONS))
    if any(isinstance(node, ops.ExistsSubquery) for node in graph):
        return []  # its inner rows are told by the outer ones, and are no step of their own
    ordered, readers = graph.toposort()
    scans: dict[Any, int] = {}
    found = []
    for node in ordered:
        inputs = sum(scans[child] for child in ordered[node])
        scans[node] = 1 if isinstance(node, ops.PhysicalTable) else inputs
        is_step = isinstance(node, ops.Relation) and not isinstance(node, _NO_STEPS)
        if is_step and len(readers[node]) > 1 and scans[node] >= worth:
            found.append(node)
            scans[node] = 1
    return found
