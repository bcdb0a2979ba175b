"""`o2c-risk walk-forward`: the model made anew each month, judged by the month that followed."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import typer

from cli.clock import business_day
from cli.output import as_json_text, count, say, show_json, show_table, working
from cli.plans import DAYS_PAST_DUE, HORIZON, HORIZONS, LATE, day_before, month_start
from data.book import Book
from data.settings import Settings

if TYPE_CHECKING:
    from training.fitting.learn import Task
    from training.fitting.walk import Labelled, Walk

SHOWN: Final = ("mean_probability", "rate", "auc", "average_precision", "brier")
WARM_UP: Final = 6
KNOWN: Final = (LATE, *DAYS_PAST_DUE)


def register_on(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "walk-forward",
        epilog="Example: o2c-risk walk-forward late-payment --from 2019-07-01 --to 2020-12-31 --as-of 2021-03-01",
    )(walk_forward)


def walk_forward(
    model: Annotated[str, typer.Argument(help=f"One of {', '.join(KNOWN)}.")] = LATE,
    first: Annotated[str | None, typer.Option("--from", help="First month, year-month-day.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last month, year-month-day.")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Day whose knowledge gives the outcomes; today unless given.")
    ] = None,
    warm_up: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="MONTHS",
            help="Months walked before the first, as far as there are cases: they teach the calibrator and are in no "
            "figure. With 0 the first months are not calibrated.",
        ),
    ] = WARM_UP,
    out: Annotated[Path | None, typer.Option(help="Folder for figures, cases and picture.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of a table.")] = False,
) -> None:
    """Retrain as of each month and judge by the next: figures by month and of all months together.

    Writes figures as JSON, one scored row per case as Parquet, and a picture.
    """
    from cli.ledger import the_book
    from training.cases.cohort import month_firsts
    from training.fitting.walk import walk

    if model not in KNOWN:
        raise typer.BadParameter(f"got {model}, known are {', '.join(KNOWN)}.")
    known_on, settings = business_day(as_of), Settings()
    begins, ends = _months(known_on, first, last)
    with working("Walking forward") as step:
        step("opening the lake")
        task, labelled = cases_of(the_book(settings), model, ends, settings, say=step)
        months = [*month_firsts(begins, ends), month_start(ends, 1)]
        found = walk(task, labelled, months, known_on, threads=settings.threads, warm_up=warm_up, say=step)
    folder = out or settings.reports / "walk-forward" / f"{model}-{known_on}"
    written = write(found, folder)
    if as_json:
        show_json({**found.as_dict(), "files": written})
        return
    tell(found)
    say(f"Figures, one row per case and a picture: {folder}")


class NoMonthsError(ValueError):
    """A walk that ends before it begins.

    Attributes:
        first: Its first month.
        last: Its last one.
    """

    def __init__(self, first: date, last: date) -> None:
        self.first, self.last = first, last
        super().__init__(
            f"The months from {first} to {last} are none: the last lies before the first. Give --to a day of the same "
            "month as --from or of a later one; without --to, the walk ends three months before --as-of."
        )


def _months(known_on: date, first: str | None, last: str | None) -> tuple[date, date]:
    """Eighteen months that end three before the day of knowledge, unless given.

    Raises:
        BadDateError: A text is no date.
        NoMonthsError: The last month lies before the first.
    """
    ends = business_day(last) if last else month_start(known_on, -3)
    begins = month_start(business_day(first), 0) if first else month_start(ends, -17)
    if month_start(ends, 0) < begins:
        raise NoMonthsError(begins, ends)
    return begins, ends


def cases_of(
    book: Book, model: str, until: date, settings: Settings, *, say: Callable[[str], None]
) -> "tuple[Task, Labelled]":
    """What a model learns, and its cases with outcomes as known on any date; features are built once.

    Args:
        book: The book.
        model: Name of the model.
        until: The month of this day is the last one judged.
        settings: What is material.
        say: Told of each step.
    """
    from training.cases.facts import from_book
    from training.default_model import Default, labelled_defaults
    from training.default_model import task as default_task
    from training.late_model import labelled_late
    from training.late_model import task as late_task

    end = day_before(month_start(until, 1))
    if model == LATE:
        return late_task(), labelled_late(book, from_book(book), end, grace=5, say=say)
    what = Default(DAYS_PAST_DUE[model], HORIZONS.get(model, HORIZON), settings.materiality)
    return default_task(what), labelled_defaults(book, from_book(book), what, end, say=say)


def write(found: "Walk", folder: Path) -> dict[str, Path]:
    """Figures, cases and picture."""
    from training.judging.walk_chart import draw_walk

    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / file for name, file in (("figures", "figures.json"), ("cases", "cases.parquet"))}
    paths["figures"].write_text(as_json_text(found.as_dict()), encoding="utf-8")
    pq.write_table(_rows(found), paths["cases"])
    months = found.months
    paths["picture"] = draw_walk(
        folder / "walk-forward.png",
        f"{found.target}: made anew each month, judged by the month that followed",
        [month.first for month in months],
        [month.figures for month in months],
        [(month.n, month.bad) for month in months],
    )
    return paths


def _rows(found: "Walk") -> pa.Table:
    cases = found.cases
    return pa.table(
        {
            "case_id": cases.case_ids.tolist(),
            "customer_id": cases.customer_ids.tolist(),
            "at": cases.at,
            "bad": cases.bad,
            "matures_on": cases.matures_on,
            "raw": found.raw,
            "probability": found.stated,
        }
    )


def tell(found: "Walk") -> None:
    """A row per month, and all months together."""
    headings = ("cases", "bad", "stated", "came", "AUC", "AP", "Brier")
    rows = [
        (
            month.first.strftime("%Y-%m"),
            count(month.n),
            count(month.bad),
            *(_figure(month.figures.get(name)) for name in SHOWN),
        )
        for month in found.months
    ]
    show_table(f"{found.target}, walking forward", ("month", *headings), rows, numbers=headings)
    _tell_parts(found)
    say(warmed_up(found))
    say(f"Mean of the months: AUC {found.mean('auc'):.4f}, AP {found.mean('average_precision'):.4f}.")
    pooled = found.pooled()
    told = [
        f"{words} {pooled[name].value:.4f} [{pooled[name].low:.4f}, {pooled[name].high:.4f}]"
        for name, words in (("auc", "AUC"), ("average_precision", "AP"), ("brier", "Brier"))
        if name in pooled
    ]
    say(f"All months together, 95 % intervals by resampling customers: {', '.join(told)}.")


def warmed_up(found: "Walk") -> str:
    """Which months taught the calibrator beforehand."""
    if not found.warm_up:
        return "No month was walked before these to teach the calibrator."
    first, last = (day.strftime("%Y-%m") for day in (found.warm_up[0], found.warm_up[-1]))
    return f"Walked before these, to teach the calibrator, and in no figure: {first} to {last} ({len(found.warm_up)})."


def _tell_parts(found: "Walk") -> None:
    """A row per part of the cases of all months together."""
    headings = ("cases", "bad", "stated", "came", "AUC")
    rows = [
        (
            part.name,
            part.value,
            count(part.n),
            count(part.bad),
            _figure(part.mean_probability),
            _figure(part.bad / part.n if part.n else None),
            part.note or _figure(part.auc),
        )
        for part in found.segments()
    ]
    show_table("By part, all months together", ("by", "part", *headings), rows, numbers=headings)


def _figure(value: Any) -> str | None:
    return None if value is None else f"{value:.3f}"
