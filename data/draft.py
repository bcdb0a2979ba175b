"""A computation written down: the steps from the tables of a book to an answer, said once and run on any book.

To say a long computation in expressions, and to turn those into SQL, takes seconds, whatever the number of rows. Both
are done once in a process; after that a computation costs what the engine takes for its rows. (Spark's SQL is made in
every run: there it is the small part.)
"""

import functools
import gc
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import ibis
import ibis.expr.operations as ops
from ibis.backends.sql.compilers import DuckDBCompiler

from data.book import Book
from data.contracts import CONTRACTS
from data.materiality import Materiality

Schemas = tuple[tuple[str, ibis.Schema], ...]
_PLANS: Final = 64  # kept in a process; a service asks for two or three
_PREFIX: Final = "o2c_draft_"
"""Begins the names of all tables on the way to an answer, so that they are nobody else's."""
_drafting = threading.Lock()


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
            self.steps[rows.op()] = ibis.table(rows.schema(), name=f"{_PREFIX}{len(self.steps) + 1}")
        return self.steps[rows.op()]


@dataclass(frozen=True)
class Step:
    """One table on the way to the answer.

    Attributes:
        name: What later steps call it.
        rows: Its rows, in terms of the book's tables, of what the plan is given, and of earlier steps; for DuckDB in
            SQL, after the columns with their types.
        ends: Tables that no later step reads.
    """

    name: str
    rows: ibis.Table | tuple[str, str]
    ends: tuple[str, ...]


def computed(book: Book, make: Callable[..., ibis.Table], *choices: Any, **given: ibis.Table) -> ibis.Table:
    """The rows that ``make`` describes, computed now and kept on the book's engine until the book is closed.

    One computation at a time on one book: they share the names of their steps.

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
    plan = _plan_of(make, choices, book, given)
    answer = ibis.util.gen_name("held")
    alive: set[str] = set()
    try:
        for name, rows in given.items():
            alive.add(_PREFIX + name)
            book.backend.create_table(_PREFIX + name, rows, temp=True)
        for step in plan:
            name = answer if step is plan[-1] else step.name
            alive.add(name)
            _compute(book.backend, step.rows, name)
            _let_go(book.backend, alive, step.ends)
        alive.discard(answer)
        return book.backend.table(answer)
    finally:
        _let_go(book.backend, alive, tuple(alive))


def _plan_of(
    make: Callable[..., ibis.Table], choices: tuple[Any, ...], book: Book, given: Mapping[str, ibis.Table]
) -> tuple[Step, ...]:
    with _drafting:  # it changes settings of the process
        return _plan(
            make, choices, book.backend.name, book.currency, book.materiality, _schemas(book.tables), _schemas(given)
        )


def _schemas(tables: Mapping[str, ibis.Table]) -> Schemas:
    return tuple((name, rows.schema()) for name, rows in tables.items())


@functools.lru_cache(_PLANS)
def _plan(
    make: Callable[..., ibis.Table],
    choices: tuple[Any, ...],
    engine: str,
    currency: str,
    materiality: Materiality,
    tables: Schemas,
    given: Schemas,
) -> tuple[Step, ...]:
    with _quick_compilation():
        draft = Draft(_unbound(tables), currency, None, materiality)
        answer = make(draft, *choices, **_unbound(given, _PREFIX))
        steps = {table.get_name(): rows.to_expr() for rows, table in draft.steps.items()} | {"answer": answer}
        ends = _ends([_PREFIX + name for name, _ in given], steps)
        said = _in_sql if engine == "duckdb" else lambda rows: rows
        return tuple(Step(name, said(rows), ends[name]) for name, rows in steps.items())


def _unbound(schemas: Schemas, prefix: str = "") -> dict[str, ibis.Table]:
    return {name: ibis.table(schema, name=prefix + name) for name, schema in schemas}


def _ends(given: Sequence[str], steps: Mapping[str, ibis.Table]) -> dict[str, tuple[str, ...]]:
    """The tables that each step is the last one to read; with the first go given ones that nobody reads."""
    last = dict.fromkeys(given, next(iter(steps))) | {name: name for name in steps}
    for name, rows in steps.items():
        last |= dict.fromkeys(_read_by(rows) & last.keys(), name)
    return {
        name: tuple(table for table, reader in last.items() if reader == name and table != "answer") for name in steps
    }


def _read_by(rows: ibis.Table) -> set[str]:
    return {table.name for table in rows.op().find(ops.UnboundTable)}


def _in_sql(rows: ibis.Table) -> tuple[str, str]:
    columns = (column.sql("duckdb") for column in rows.schema().to_sqlglot_column_defs("duckdb"))
    return ", ".join(columns), DuckDBCompiler().to_sqlglot(rows).sql("duckdb")


def _compute(backend: Any, rows: ibis.Table | tuple[str, str], name: str) -> None:
    if not isinstance(rows, tuple):
        backend.create_table(name, rows, temp=True)
        return
    columns, query = rows
    # Two statements: CREATE ... AS would take the engine's wider type for a sum, not the one that the expressions say.
    backend.con.execute(f"CREATE TEMP TABLE {name} ({columns})")
    backend.con.execute(f"INSERT INTO {name} {query}")


def _let_go(backend: Any, alive: set[str], names: Sequence[str]) -> None:
    for name in names:
        if backend.name == "duckdb":
            # Ibis's own way to drop a table takes milliseconds, and there are a hundred.
            backend.con.execute(f"DROP TABLE IF EXISTS temp.main.{name}")
        else:
            backend.drop_table(name, force=True)
        alive.discard(name)


@contextmanager
def _quick_compilation() -> Iterator[None]:
    """Compilation in half the time.

    Garbage is not looked for, because expressions leave little; selects are not merged, because DuckDB does that.
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
