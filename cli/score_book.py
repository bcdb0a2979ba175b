"""`o2c-risk score-book`: every customer of the book scored into a file, on this machine or on Spark."""

import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.clock import business_day
from cli.output import count, counting, percent, say, show_json, show_table, working
from data.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

    from data.book import Book
    from scoring.batch import BookScorer

ROWS_AT_ONCE: Final = 20_000
"""Customers per batch: what is in memory at a time, whatever the size of the book."""


class Engine(StrEnum):
    """What computes the facts and scores them."""

    LOCAL = "local"
    SPARK = "spark"


@dataclass
class Tally:
    """Counts over the scores as they pass.

    Attributes:
        rows: Scores of each model.
        sums: Sum of each model's probabilities.
        grades: Customers by model and grade; None where there is no grade.
        doubts: Customers by model and doubt.
    """

    rows: Counter[str] = field(default_factory=Counter)
    sums: Counter[str] = field(default_factory=Counter)
    grades: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    doubts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, scores: "pa.RecordBatch") -> None:
        """Count a batch."""
        models = scores["model"].to_pylist()
        self.rows.update(models)
        for model, probability in zip(models, scores["probability"].to_pylist(), strict=True):
            self.sums[model] += probability
        self.grades.update(zip(models, scores["grade"].to_pylist(), strict=True))
        self.doubts.update(
            (model, doubt) for model, doubt in zip(models, scores["doubt"].to_pylist(), strict=True) if doubt
        )

    def of(self, model: str) -> dict[str, Any]:
        """What is told of a model, for JSON."""
        n = self.rows[model]
        return {
            "model": model,
            "customers": n,
            "mean_probability": self.sums[model] / n if n else None,
            "grades": {grade: n for (name, grade), n in sorted(self.grades.items(), key=str) if name == model},
            "doubts": {doubt: n for (name, doubt), n in sorted(self.doubts.items()) if name == model},
        }


def score_book(
    out: Annotated[Path, typer.Option(help="Parquet file to write: a row per customer and model.", dir_okay=False)],
    as_of: Annotated[
        str | None, typer.Option(help="Business day, year-month-day; today unless given.", show_default=False)
    ] = None,
    engine: Annotated[Engine, typer.Option(help="What computes and scores.")] = Engine.LOCAL,
    models: Annotated[
        list[str] | None, typer.Option("--model", help="Models of default; all of the release unless given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of tables.")] = False,
) -> None:
    """Score every customer of the book by the release in force: probability, grade, points, reason codes."""
    from scoring.batch import opened
    from scoring.bundle import current, verify

    day, settings, began = business_day(as_of), Settings(), time.monotonic()
    folder = current(settings.releases)
    with working("Opening") as step:
        step("verifying the release")
        scorer = opened(folder, verify(folder).release_id, models or (), threads=settings.threads)
    run = _on_spark if engine is Engine.SPARK else _here
    tally = run(settings, scorer, folder, day, out)
    told = [tally.of(model) for model in scorer.models]
    if as_json:
        seconds = round(time.monotonic() - began, 3)
        answer = {"as_of": day, "release": scorer.release_id, "engine": engine.value, "file": str(out)}
        show_json(answer | {"seconds": seconds, "rows": tally.rows.total(), "models": told})
    else:
        _tell(told, scorer.release_id, day, out)


def _here(settings: Settings, scorer: "BookScorer", folder: Path, day: date, out: Path) -> Tally:
    """Facts by DuckDB into a file, read again in batches, each scored and written before the next is read."""
    import pyarrow.parquet as pq

    from features.build import facts_now

    with _beside(out, "facts") as kept:
        with _book(settings, "duckdb") as book, working("Facts") as step:
            step(f"computing {len(scorer.features)} of every customer")
            facts_now(book, day, features=scorer.features).order_by("customer_id").to_parquet(kept)
        with pq.ParquetFile(kept) as facts:
            rows = facts.metadata.num_rows * len(scorer.models)
            return _written(scorer.all_scores(facts.iter_batches(ROWS_AT_ONCE)), out, rows)


def _on_spark(settings: Settings, scorer: "BookScorer", folder: Path, day: date, out: Path) -> Tally:
    """Facts and scores by Spark's workers into parts beside the file, which then become the file."""
    import pyarrow.parquet as pq

    from features.build import facts_now
    from scoring.spark_batch import scored, write_parts

    with _beside(out, "parts") as parts:
        with _book(settings, "spark") as book, working("Spark") as step:
            step("computing the facts")
            facts = book.backend.frame(facts_now(book, day, features=scorer.features))
            step("scoring")
            files = write_parts(scored(facts, folder, scorer.release_id, scorer.models), parts)
        opened = [pq.ParquetFile(path) for path in files]
        batches = (batch for file in opened for batch in file.iter_batches(ROWS_AT_ONCE))
        return _written(batches, out, sum(file.metadata.num_rows for file in opened))


@contextmanager
def _beside(out: Path, what: str) -> Iterator[Path]:
    """A path beside a file for what is only needed on the way to it."""
    path = out.with_name(f".{out.name}.{what}")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.rmtree(path, ignore_errors=True)
        yield path
    finally:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


@contextmanager
def _book(settings: Settings, engine: str) -> Iterator["Book"]:
    from cli.ledger import the_book  # late, as all that brings an engine with it

    book = the_book(settings, engine)
    try:
        yield book
    finally:
        book.close()


def _written(batches: "Iterable[pa.RecordBatch]", out: Path, rows: int) -> Tally:
    """Write scores to a whole file or none, counting them."""
    import pyarrow.parquet as pq

    from scoring.batch import SCORES

    tally = Tally()
    with _beside(out, "part") as beside:
        with counting("Scoring", rows) as done, pq.ParquetWriter(beside, SCORES) as file:
            for batch in batches:
                tally.add(batch)
                file.write_batch(batch.cast(SCORES))
                done(batch.num_rows)
        beside.replace(out)
    return tally


def _tell(told: Sequence[dict[str, Any]], release: str, day: date, out: Path) -> None:
    rows = [
        (
            model["model"],
            count(model["customers"]),
            percent(model["mean_probability"], 2),
            ", ".join(f"{grade}: {count(n)}" for grade, n in model["grades"].items()),
            ", ".join(f"{doubt}: {count(n)}" for doubt, n in model["doubts"].items()) or None,
        )
        for model in told
    ]
    headings = ("model", "customers", "mean", "grades", "doubts")
    show_table(f"Release {release} at the end of {day}", headings, rows, numbers=("customers", "mean"))
    say(f"Written: {out}")


def register_on(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "score-book",
        epilog="Example: o2c-risk score-book --as-of 2024-12-31 --out scores.parquet   |   ... --engine spark   |   "
        "exit codes: 0 done, 3 refused",
    )(score_book)
