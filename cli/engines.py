"""`o2c-risk features compute`: the facts of a day as a file, by either engine."""

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.clock import business_day
from cli.features import AsOf, Json, features_app
from cli.output import count, say, show_json, working
from data.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa


class Engine(StrEnum):
    """What runs the expressions: either gives the same values."""

    DUCKDB = "duckdb"
    SPARK = "spark"


@features_app.command(epilog="Example: o2c-risk features compute --as-of 2021-03-01 --engine spark --out facts.parquet")
def compute(
    out: Annotated[Path, typer.Option(help="Parquet file to write: one row per customer.", dir_okay=False)],
    as_of: AsOf = None,
    engine: Annotated[Engine, typer.Option(help="What computes; the values are the same.")] = Engine.DUCKDB,
    as_json: Json = False,
) -> None:
    """Compute every customer's facts at the end of a day into a file; nothing is put online."""
    day = business_day(as_of)
    with working("Computing") as step:
        step(f"computing with {engine.value}")
        rows = facts_of_the_day(Settings(), day, engine)
        step("writing")
        _write(rows, out)
    told = {"as_of": day, "customers": rows.num_rows, "features": rows.num_columns - 3, "file": str(out)}
    if as_json:
        show_json(told | {"engine": engine.value})
    else:
        say(f"{out}: {count(rows.num_rows)} customers x {rows.num_columns - 3} facts at the end of {day}.")


def facts_of_the_day(settings: Settings, as_of: date, engine: Engine) -> "pa.Table":
    """The facts of every customer known at the end of a day, from the lake as it stands.

    Args:
        settings: The installation.
        as_of: The business day.
        engine: What computes them.

    Returns:
        Shape (n_customers, 3 + n_features), sorted by ``customer_id``.
    """
    from cli.ledger import the_book  # late, as all that brings an engine with it
    from features.build import as_of_now

    book = the_book(settings, engine.value)
    try:
        return as_of_now(book, as_of)
    finally:
        book.close()


def _write(rows: "pa.Table", out: Path) -> None:
    """A whole file or none: the rows are written beside it first."""
    import pyarrow.parquet as pq

    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(f".{out.name}.part")
    pq.write_table(rows, beside)
    beside.replace(out)
