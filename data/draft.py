"""A computation written down: the steps from the tables of a book to an answer, said once and run on any book.

To say a long computation in expressions, and to turn those into SQL, takes seconds, whatever the number of rows. A plan
is made once in a process; after that a computation costs what the engine takes for its rows.
"""

import functools
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.operations as ops
from ibis.backends.sql.compilers import DuckDBCompiler

from data.book import Book
from data.contracts import CONTRACTS

Schemas = tuple[tuple[str, ibis.Schema], ...]
_PLANS = 64  # kept in a process; a service asks for two or three


@dataclass(frozen=True)
class Draft(Book):
    """A book without rows: what it is asked to hold is written down as a step."""

    steps: dict[Any, ibis.Table] = field(default_factory=dict)

    @classmethod
    def of_contracts(cls, currency: str) -> "Draft":
        """A draft for any book that keeps to the contracts."""
        schemas = {name: ibis.Schema.from_pyarrow(contract.book_schema) for name, contract in CONTRACTS.items()}
        return cls(_unbound(tuple(schemas.items())), currency, None)

    def held(self, rows: ibis.Table) -> ibis.Table:
        """A name for the rows, which will be computed once, however often they are asked for."""
        if rows.op() not in self.steps:
            self.steps[rows.op()] = ibis.table(rows.schema(), name=f"step_{len(self.steps) + 1}")
        return self.steps[rows.op()]


@dataclass(frozen=True)
class Step:
    """One table on the way to the answer.

    Attributes:
        name: What later steps call it.
        rows: Its rows, in terms of the book's tables, of what the plan is given, and of earlier steps.
        sql: The same for DuckDB: the columns with their types, and the query. None for the other engine.
        ends: Tables that no later step reads.
    """

    name: str
    rows: ibis.Table
    sql: tuple[str, str] | None
    ends: tuple[str, ...]


def computed(book: Book, make: Callable[..., ibis.Table], *choices: Any, **given: ibis.Table) -> ibis.Table:
    """The rows that ``make`` describes, computed now and kept on the book's engine until the book is closed.

    Args:
        book: The book.
        make: Says the rows: called with a book, the choices, and the given tables by name. It has no other source, and
            looks at no rows, so that what it said once holds for every book.
        *choices: What else it takes, hashable.
        **given: Tables on the book's engine.

    Returns:
        The rows. What was computed on the way there is let go as soon as nothing needs it any more, and also when the
        engine fails.
    """
    plan = _plan(make, choices, book.backend.name, book.currency, _schemas(book.tables), _schemas(given))
    answer = ibis.util.gen_name("held")
    alive: set[str] = set()
    try:
        for name, rows in given.items():
            alive.add(name)
            book.backend.create_table(name, rows, temp=True)
        for step in plan:
            name = answer if step is plan[-1] else step.name
            alive.add(name)
            _compute(book.backend, step, name)
            _let_go(book.backend, alive, step.ends)
        alive.discard(answer)
        return book.backend.table(answer)
    finally:
        _let_go(book.backend, alive, tuple(alive))


def _schemas(tables: Mapping[str, ibis.Table]) -> Schemas:
    return tuple((name, rows.schema()) for name, rows in tables.items())


@functools.lru_cache(_PLANS)
def _plan(
    make: Callable[..., ibis.Table],
    choices: tuple[Any, ...],
    engine: str,
    currency: str,
    tables: Schemas,
    given: Schemas,
) -> tuple[Step, ...]:
    with _quick_compilation():
        draft = Draft(_unbound(tables), currency, None)
        answer = make(draft, *choices, **_unbound(given))
        rows = {name.get_name(): step.to_expr() for step, name in draft.steps.items()} | {"answer": answer}
        ends = _ends([name for name, _ in given], rows)
        return tuple(
            Step(name, step, _in_sql(step) if engine == "duckdb" else None, ends[name]) for name, step in rows.items()
        )


def _unbound(schemas: Schemas) -> dict[str, ibis.Table]:
    return {name: ibis.table(schema, name=name) for name, schema in schemas}


def _ends(given: Sequence[str], steps: Mapping[str, ibis.Table]) -> dict[str, tuple[str, ...]]:
    """The tables that each step is the last one to read."""
    last = dict.fromkeys(given, next(iter(steps))) | {name: name for name in steps}
    for name, rows in steps.items():
        last |= dict.fromkeys(_read_by(rows) & last.keys(), name)
    return {name: tuple(table for table, reader in last.items() if reader == name != table) for name in steps}


def _read_by(rows: ibis.Table) -> set[str]:
    return {table.name for table in rows.op().find(ops.UnboundTable)}


def _in_sql(rows: ibis.Table) -> tuple[str, str]:
    columns = (column.sql("duckdb") for column in rows.schema().to_sqlglot_column_defs("duckdb"))
    return ", ".join(columns), DuckDBCompiler().to_sqlglot(rows).sql("duckdb")


def _compute(backend: Any, step: Step, name: str) -> None:
    if step.sql is None:
        backend.create_table(name, step.rows, temp=True)
        return
    columns, query = step.sql
    # Not as one statement: a sum is then of the type that the expressions say, not of the engine's wider one.
    backend.con.execute(f"CREATE TEMP TABLE {name} ({columns})")
    backend.con.execute(f"INSERT INTO {name} {query}")


def _let_go(backend: Any, alive: set[str], names: Sequence[str]) -> None:
    for name in names:
        if backend.name == "duckdb":
            # What Ibis takes for it adds up over a hundred steps.
            backend.con.execute(f"DROP TABLE IF EXISTS {name}")
        else:
            backend.drop_table(name, force=True)
        alive.discard(name)


@contextmanager
def _quick_compilation() -> Iterator[None]:
    """Half the time: without looking for garbage, of which expressions make little, and for selects to merge.

    DuckDB merges them itself.
    """
    was_on, fused = gc.isenabled(), ibis.options.sql.fuse_selects
    gc.disable()
    ibis.options.sql.fuse_selects = False
    try:
        yield
    finally:
        ibis.options.sql.fuse_selects = fused
        if was_on:
            gc.enable()
