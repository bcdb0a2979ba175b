"""`o2c-risk cohorts`: which cases each model learns from and is judged by, drawn and told."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import pyarrow as pa
import typer

from cli.clock import business_day
from cli.errors import EXIT_CODES
from cli.output import count, say, show_json, show_table, working
from cli.plans import DAYS_PAST_DUE, HORIZON, HORIZONS, LATE, MODELS, Plan, plans
from data.settings import Settings

if TYPE_CHECKING:
    from data.book import Book
    from training.cases.facts import Facts
    from training.cases.split import Split
    from training.cases.timeline import Line, Side
    from training.fitting.learn import Say, Task

EVERY: Final = (LATE, *DAYS_PAST_DUE)


def cohorts(
    models: Annotated[list[str] | None, typer.Argument(help="Models; all but default-12m unless given.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Day at which the model's knowledge ends.")] = None,
    evaluate_to: Annotated[str | None, typer.Option(help="Last day of the cases that judge it.")] = None,
    known_on: Annotated[
        str | None, typer.Option(help="Day whose knowledge gives the outcomes; today unless given.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the picture goes; cohorts.png among the reports unless given.")
    ] = None,
    without_natural_persons: Annotated[
        bool, typer.Option("--without-natural-persons", help="Leave natural persons out.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of tables.")] = False,
) -> None:
    """Draw each split of each model as `train` plans it: lookback, as_of, gap, horizon, customers held out, counts."""
    from cli.ledger import the_book
    from training.cases.timeline_chart import draw

    settings, given = Settings(), [business_day(text) if text else None for text in (as_of, evaluate_to)]
    schedule = plans(
        checked(models or MODELS),
        known_on=business_day(known_on),
        as_of=given[0],
        evaluate_to=given[1],
        natural_persons=not without_natural_persons,
    )
    with working("Looking at cohorts") as step:
        step("opening the lake")
        book = the_book(settings)
        lines = []
        for plan in schedule:
            step(plan.name)
            lines += planned(book, settings, plan)
        step("drawing")
        picture = draw(lines, out or settings.reports / "cohorts.png")
    if as_json:
        show_json({"picture": picture, "splits": [each.as_dict() for each in lines]})
        return
    _tell(lines)
    say(f"Picture: {picture}")


def planned(book: "Book", settings: Settings, plan: Plan) -> list["Line"]:
    """The final split of a plan and the folds of its past; nothing is fitted and no feature is built."""
    from training.cases.timeline import HELD_OUT, IN_TIME, line
    from training.fitting.learn import FORWARD, folds_of

    task, parts = outcome_of(book, settings, plan, _no_features)
    told: dict[str, Any] = {"model": plan.name, "target": task.target, "names": task.names}
    lines = [line(parts, **told, split="final", how=IN_TIME, as_of=plan.as_of, known_on=plan.known_on)]
    folds, how = folds_of(task, parts.train, plan.as_of)
    for place, fold in enumerate(folds, start=1):
        begins: date = fold.later.at.min().astype("datetime64[D]").astype(date)
        forward = how == FORWARD
        lines.append(
            line(
                fold,
                **told,
                split=f"fold {place} of {len(folds)}",
                how=IN_TIME if forward else HELD_OUT,
                as_of=begins if forward else plan.as_of,
                known_on=plan.as_of,
            )
        )
    return lines


def outcome_of(
    book: "Book", settings: Settings, plan: Plan, facts: "Facts", *, say: "Say | None" = None
) -> "tuple[Task, Split]":
    """What a plan would learn, and its cases with their outcomes.

    Args:
        book: The book.
        settings: What is material is taken from it.
        plan: The plan.
        facts: Where the features come from.
        say: Told of each step as it begins.
    """
    from training import default_model, late_model
    from training.fitting.learn import silent
    from training.fitting.proxies import chosen

    period, tell = (plan.as_of, plan.evaluate_to), say or silent
    if plan.name == LATE:
        task = late_model.task()
        parts = late_model.late_cases(book, facts, plan.as_of, period, plan.known_on, grace=5, say=tell)
    else:
        what = default_model.Default(DAYS_PAST_DUE[plan.name], HORIZONS.get(plan.name, HORIZON), settings.materiality)
        task = default_model.task(what)
        parts = default_model.default_cases(book, facts, what, plan.as_of, period, plan.known_on, say=tell)
    return chosen(task, parts, natural_persons=plan.natural_persons)


def _no_features(cases: pa.Table, names: Sequence[str]) -> pa.Table:
    """The cases with every feature unknown: a timeline asks for none of them."""
    nothing = pa.nulls(cases.num_rows, pa.float64())
    return pa.table({"case_id": cases["case_id"], **dict.fromkeys(names, nothing)})


class UnknownModelError(ValueError):
    """A model was named that cannot be trained.

    Attributes:
        names: The names.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(f"There is no model {', '.join(names)} to train; there are {', '.join(EVERY)}.")


def checked(names: Sequence[str]) -> Sequence[str]:
    """The names of models, all of which can be trained.

    Raises:
        UnknownModelError: One of them cannot.
    """
    unknown = [name for name in names if name not in EVERY]
    if unknown:
        raise UnknownModelError(unknown)
    return names


def _tell(lines: "Sequence[Line]") -> None:
    """The splits as a table, for a person."""
    rows = [
        (
            each.model,
            each.split,
            each.how,
            _days(each.learnt),
            _counts(each.learnt),
            each.as_of,
            f"{each.gap_days} d" if each.how == "in time" else None,
            _days(each.judged),
            _counts(each.judged),
            count(each.held_out),
            each.known_on,
        )
        for each in lines
    ]
    headings = ("model", "split", "how", "learns from", "cases / bad / customers", "as of", "gap", "judged by",
                "cases / bad / customers ", "held out", "known on")  # fmt: skip
    show_table("Splits", headings, rows, numbers=("gap", "held out"))
    for each in {each.model: each for each in lines}.values():
        ever = ", some to the first day of the book" if each.looks_ever else ""
        say(
            f"{each.model}, {each.target}: features look back up to {each.lookback_days} days{ever}; "
            f"an outcome matures within {each.wait_days} days of its case."
        )


def _days(side: "Side") -> str:
    return f"{side.first}..{side.last}"


def _counts(side: "Side") -> str:
    return f"{count(side.cases)} / {count(side.bad)} / {count(side.customers)}"


def register_on(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=f"Example: o2c-risk cohorts late-payment default --known-on 2021-03-01   |   {EXIT_CODES}")(
        cohorts
    )
