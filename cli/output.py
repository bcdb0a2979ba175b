"""How the command line speaks: tables for people on stdout, JSON for machines, progress on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

NOTHING: Final = "-"
WIDTH: Final = 150
OUT: Final = Console(width=None if sys.stdout.isatty() else WIDTH, soft_wrap=False)
ERR: Final = Console(stderr=True)


@contextmanager
def working(title: str) -> Iterator["Steps"]:
    """A running line on stderr for long work, with what it is at and how long it has taken.

    Args:
        title: What is being done, as a person would say it.
    """
    columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=ERR, transient=False) as progress:
        task = progress.add_task(title, total=None)
        yield Steps(progress, task, title)
        progress.update(task, description=title, total=1, completed=1)


@contextmanager
def counting(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr for work that is counted, with how much is done and how long the rest will take.

    Args:
        title: What is being done, as a person would say it.
        total: How many pieces there are.

    Yields:
        To be called with how many more are done.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=ERR) as progress:
        task = progress.add_task(title, total=total)
        yield lambda more: progress.advance(task, more)


class Steps:
    """The running line of one piece of work; called with what it is at."""

    def __init__(self, progress: Progress, task: Any, title: str) -> None:
        self._progress, self._task, self._title = progress, task, title

    def __call__(self, step: str) -> None:
        """Say what the work is at."""
        self._progress.update(self._task, description=f"{self._title}: {step}")


def for_machines_only() -> None:
    """From here on nothing is printed for people: stdout is for the JSON."""
    OUT.quiet = True


def say(text: str = "") -> None:
    """A line for a person."""
    OUT.print(text, highlight=False)


def as_json_text(value: Any) -> str:
    """A value as JSON, indented, with a line end."""
    return json.dumps(to_jsonable_python(value), indent=2, ensure_ascii=False) + "\n"


def show_json(value: Any) -> None:
    """The value as JSON on stdout, and nothing else."""
    sys.stdout.write(as_json_text(value))


def show_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, numbers: Sequence[str] = ()
) -> None:
    """A table for a person.

    Args:
        title: What the table shows.
        columns: Headings, shape (n_columns,).
        rows: Cells, shape (n_rows, n_columns); None is shown as a dash.
        numbers: Headings of columns to align to the right.
    """
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(NOTHING if cell is None else str(cell) for cell in row))
    OUT.print(table)


def percent(share: float | None, digits: int = 1) -> str | None:
    """A share as a person reads it.

    Example:
        >>> percent(0.0213)
        '2.1 %'
        >>> percent(None) is None
        True
    """
    return None if share is None else f"{100 * share:.{digits}f} %"


def count(number: int) -> str:
    """A count with thousands set apart.

    Example:
        >>> count(67686)
        '67,686'
    """
    return f"{number:,}"
