"""`o2c-risk cash`: cash expected from the open invoices of the book, week by week."""

from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.clock import business_day
from cli.output import say, show_json, show_table, working
from data.book import Book
from data.settings import Settings
from features.items import items
from scoring.bundle import load
from scoring.cash import CashWeek, OpenItems, cash
from scoring.model import ReleasedModel
from scoring.open_invoices import open_invoices, with_delays
from scoring.pay_time import PayTimeSpec
from scoring.releases import current
from serving.desk import LATE_MODEL

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTHING_OPEN: Final = 3


class NoDelaysError(LookupError):
    """The release in force has no model that says when invoices are paid.

    Attributes:
        holds: Models of the release.
    """

    def __init__(self, release: str, holds: "Sequence[str]") -> None:
        self.holds = tuple(holds)
        there = f"{LATE_MODEL} without a time to pay" if LATE_MODEL in holds else ", ".join(holds)
        super().__init__(
            f"Release {release}, which is in force, holds {there or 'no model'}; cash needs {LATE_MODEL} with a time "
            f"to pay, as o2c-risk train {LATE_MODEL} makes it from a book with settled invoices. Train and promote it: "
            f"o2c-risk train {LATE_MODEL}, then o2c-risk promote {LATE_MODEL} --by … --reason …"
        )


def register_on(app: typer.Typer) -> None:
    """Add the command."""
    app.command("cash", epilog="Example: o2c-risk cash --as-of 2021-03-01 --weeks 8   |   ... --json")(cash_forecast)


def cash_forecast(
    as_of: Annotated[
        str | None, typer.Option(help="Day at whose end the book is read, year-month-day; today unless given.")
    ] = None,
    weeks: Annotated[int, typer.Option(min=1, max=52, help="How many weeks ahead.")] = 13,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of a table.")] = False,
) -> None:
    """State the cash expected from open invoices by week, with an 80 % interval, by the model in force."""
    from cli.ledger import the_book

    day, settings = business_day(as_of), Settings()
    with working("Stating the cash") as step:
        step("loading the release")
        model, spec = stating_delays(settings)
        step("reading the open invoices")
        book = the_book(settings)
        found, lacking = open_items(book, model, day, weeks)
    if found is None:
        say(f"No invoice with a known amount is open at the end of {day}.")
        raise typer.Exit(NOTHING_OPEN)
    stated = cash(found, common=spec.common, widened=spec.widened)
    later = float(found.amounts.sum() - sum(week.expected for week in stated))
    told = stated, day, later, lacking, book.currency
    show_json(_plain(*told)) if as_json else _tell(*told)


def stating_delays(settings: Settings) -> tuple[ReleasedModel, PayTimeSpec]:
    """The model of the release in force that says when invoices are paid, and what its delays are.

    Raises:
        NoDelaysError: The release has none.
        BundleError: No release is in force, or it is damaged.
    """
    folder = current(settings.releases)
    models = load(folder, verify_key=settings.verify_key).models
    model = models.get(LATE_MODEL)
    if model is None or model.pay_time is None:
        raise NoDelaysError(folder.name, sorted(models))
    return model, model.pay_time.spec


def open_items(book: Book, model: ReleasedModel, day: date, weeks: int) -> tuple[OpenItems | None, int]:
    """The open invoices of a day with the model's delays; and how many were left out for want of an amount.

    Args:
        book: The book.
        model: States delays.
        day: At its end the book is read; the first week begins on the day after.
        weeks: How many.

    Returns:
        None where nothing is open.
    """
    rows = open_invoices(items(book), day)
    known = rows.filter(rows["remaining"].is_valid())
    names = model.pay_time.spec.feature_names if model.pay_time else ()
    delays = partial(model.pay_times, at_issue=False)
    found = with_delays(book, known, names, delays, weeks) if known.num_rows else None
    return found, rows.num_rows - known.num_rows


def _plain(stated: "Sequence[CashWeek]", day: date, later: float, lacking: int, currency: str) -> dict[str, Any]:
    return {
        "as_of": day,
        "currency": currency,
        "weeks": [
            {"from": _begins(day, week), "expected": week.expected, "low": week.low, "high": week.high}
            for week in stated
        ],
        "later_or_never": later,
        "without_amount": lacking,
    }


def _begins(day: date, week: CashWeek) -> date:
    return day + timedelta(days=1 + 7 * week.week)


def _tell(stated: "Sequence[CashWeek]", day: date, later: float, lacking: int, currency: str) -> None:
    headings = ("expected", "80 % from", "to")
    rows = [
        (_begins(day, week).isoformat(), *(f"{value:,.0f}" for value in (week.expected, week.low, week.high)))
        for week in stated
    ]
    title = f"Cash expected from open invoices, {currency}"
    show_table(title, ("week from", *headings), rows, numbers=headings)
    say(f"Later, or not within a year: {later:,.0f} {currency}.")
    if lacking:
        say(f"{lacking} open invoices have no known amount and are not in these sums.")
