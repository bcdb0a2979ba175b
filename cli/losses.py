"""`o2c-risk losses`: what a default costs, by the book or by declaration."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
import yaml

from cli.clock import business_day
from cli.output import percent, say, show_json, show_table, working
from data.settings import Settings

if TYPE_CHECKING:
    from training.losses.ead import Declarations
    from training.losses.estimate import Declared, Estimate

LIMIT_POLICY: Final = Path(__file__).resolve().parents[1] / "policy" / "parameters" / "limits.yaml"
CCF: Final = 0.75
CCF_SOURCE: Final = "Supervisory conversion factor for undrawn credit lines, foundation IRB, CRR Art. 166(8)(d)"
GROWTH_SOURCE: Final = "Exposure as it stands; nobody declared another"


def losses(
    as_of: Annotated[
        str | None, typer.Option(help="Day whose knowledge counts, year-month-day; today unless given.")
    ] = None,
    window: Annotated[int, typer.Option(min=1, help="Days of a workout.")] = 365,
    discount_rate: Annotated[float, typer.Option(min=0, help="Yearly rate at which recoveries are discounted.")] = 0.05,
    floor: Annotated[float, typer.Option(min=0, max=1, help="Least loss given default.")] = 0.0,
    dpd: Annotated[int, typer.Option(min=0, help="Days past due of a default.")] = 90,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of tables.")] = False,
) -> None:
    """Estimate loss given default and exposure at default from the lake; say where a figure had to be declared."""
    from cli.ledger import the_book
    from training.losses.ead import ead
    from training.losses.lgd import lgd

    day, settings = business_day(as_of), Settings()
    with working("Working out defaults") as step:
        step("opening the lake")
        book = the_book(settings)
        step("recoveries")
        lost = lgd(
            book,
            day,
            declared_lgd(day),
            dpd=dpd,
            window_days=window,
            discount_rate=discount_rate,
            floor=floor,
            materiality=settings.materiality,
        )
        step("exposures before default")
        owed = ead(book, day, _declarations(), dpd=dpd, materiality=settings.materiality)
    if as_json:
        show_json({"lgd": lost.as_dict(), "ead": owed.as_dict()})
        return
    _table(f"Losses as known on {day}", [lost.book, lost.by_exposure, *lost.segments, *_factors(owed)])
    say(f"Left out: {lost.incomplete} workouts not complete, {lost.nothing_owed} defaults with nothing owed.")


def declared_lgd(day: date, source: Path = LIMIT_POLICY) -> "Declared":
    """The committee's loss given default in force on a day, with its source."""
    from training.losses.estimate import Declared

    policy = yaml.safe_load(source.read_text(encoding="utf-8"))
    starts = sorted(policy["values"])
    start = max((each for each in starts if each <= day), default=starts[0])
    terms = policy["values"][start]
    return Declared(float(terms["lgd"]), f"{terms['reference']}: {policy['sources']['lgd'].strip()}")


def _declarations() -> "Declarations":
    from training.losses.ead import Declarations
    from training.losses.estimate import Declared

    factor = Declared(CCF, CCF_SOURCE)
    return Declarations(growth=Declared(1.0, GROWTH_SOURCE), orders=factor, headroom=factor)


def _factors(owed: Any) -> tuple["Estimate", ...]:
    return owed.growth, owed.orders, owed.headroom


def _table(title: str, parts: "Iterable[Estimate]") -> None:
    rows = [
        (
            part.name,
            part.how,
            percent(part.value),
            None if part.low is None else f"{percent(part.low)} to {percent(part.high)}",
            part.defaults,
            part.customers,
            f"{part.source.rstrip('.')}. {part.why}".strip(),
        )
        for part in parts
    ]
    headings = ("figure", "how", "value", "95 % interval", "defaults", "customers", "from")
    show_table(title, headings, rows, numbers=("value", "defaults", "customers"))


def register_on(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: o2c-risk losses --as-of 2024-12-31 --window 365   |   exit codes: 0 done, 3 refused")(
        losses
    )
