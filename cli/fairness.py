"""`o2c-risk fairness`: natural persons apart, and what features that stand in for protected traits would buy."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import pyarrow as pa
import typer

from cli.clock import business_day
from cli.cohorts import checked, outcome_of
from cli.errors import EXIT_CODES, Exit
from cli.output import count, percent, say, show_json, show_table, working
from cli.plans import LATE, Plan, plans
from data.settings import Settings

if TYPE_CHECKING:
    from data.book import Book
    from training.cases.split import Split
    from training.fitting.fairness import Fairness
    from training.fitting.learn import Say, Task
    from training.judging.evaluation import Interval

PROBED: Final = 300
"""Cases on which the features are built a second time, without the protected columns."""


def fairness(
    model: Annotated[str, typer.Argument(help="The model: late-payment, default, default-60 or default-12m.")] = LATE,
    as_of: Annotated[str | None, typer.Option(help="Day at which the model's knowledge ends.")] = None,
    evaluate_to: Annotated[str | None, typer.Option(help="Last day of the cases that judge it.")] = None,
    known_on: Annotated[
        str | None, typer.Option(help="Day whose knowledge gives the outcomes; today unless given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of tables.")] = False,
) -> None:
    """Show how a model does on natural persons, and what postcode, e-mail domain and area code would buy it.

    Nothing is registered. Ends with an alert if a feature of the model reads one of these columns.
    """
    from cli.ledger import the_book

    given = [business_day(text) if text else None for text in (as_of, evaluate_to)]
    (plan,) = plans(checked([model]), known_on=business_day(known_on), as_of=given[0], evaluate_to=given[1])
    settings = Settings()
    with working("Fairness") as step:
        step("opening the lake")
        found = report(the_book(settings), settings, plan, step)
    show_json(found.as_dict()) if as_json else _tell(found)
    if not found.clean:
        raise typer.Exit(Exit.ALERT)


def report(book: "Book", settings: Settings, plan: Plan, step: "Say") -> "Fairness":
    """Cases with their features, the check of what the features read, and three models compared."""
    from training.cases.facts import from_book
    from training.cases.proxy_check import features_reading
    from training.fitting.fairness import fairness as compared

    task, parts = outcome_of(book, settings, plan, from_book(book), say=step)
    step("taking the protected columns away")
    reads = features_reading(book, _probed(book, plan, task, parts), task.names)
    return compared(
        task, parts, as_of=plan.as_of, known_on=plan.known_on, threads=settings.threads, reads=reads, say=step
    )


def _probed(book: "Book", plan: Plan, task: "Task", parts: "Split") -> pa.Table:
    """Some of the later cases, evenly spread over time, as the features' builder wants them."""
    from training.cases.cohort import customer_cohort, invoice_cases
    from training.cases.facts import folded

    rows = folded(book)
    if plan.name == LATE:
        made = invoice_cases(rows, issued_from=plan.as_of, issued_to=plan.evaluate_to).to_pyarrow()
    else:
        made = customer_cohort(book, rows, [plan.as_of], dpd=int(str(task.label["dpd"]))).to_pyarrow()
    made = made.sort_by([("as_of", "ascending"), ("case_id", "ascending")])
    return made.take(list(range(0, made.num_rows, max(1, made.num_rows // PROBED))))


def _tell(found: "Fairness") -> None:
    if found.clean:
        say(
            f"{found.model}, {found.target}: none of its {found.features} features changes when postcode, e-mail "
            "domain and area code are not known."
        )
    else:
        say(f"{found.model}, {found.target}: features that read a protected column: {', '.join(found.reads)}.")
    rows = [
        (
            part.value,
            count(part.n),
            count(part.bad),
            percent(part.mean_probability, 2),
            percent(part.rate, 2),
            f"{percent(part.rate_low, 2)} to {percent(part.rate_high, 2)}",
            part.note if part.auc is None else f"{part.auc:.3f} [{part.auc_low:.3f}, {part.auc_high:.3f}]",
        )
        for part in found.persons
    ]
    headings = ("", "cases", "bad", "mean stated", "observed", "95 % interval", "AUC")
    show_table("Natural persons and companies apart", headings, rows, numbers=headings[1:5])
    changes = [_change(change) for change in found.changes]
    columns = ("change", "judged on", "cases", "bad", "AUC", "average precision", "Brier", "by AUC", "by Brier")
    show_table(
        "With the change less without it, on the same cases (95 % intervals by resampling customers)",
        columns,
        changes,
        numbers=("cases", "bad"),
    )
    say(f"Proxies that were tried: {len(found.added)} codes and flags. A model that reads them can never be released.")


def _change(change: Any) -> tuple[Any, ...]:
    figures = [_figure(change.difference.get(name)) for name in ("auc", "average_precision", "brier")]
    verdicts = [change.verdict(name) for name in ("auc", "brier")]
    return (change.what, change.cases, count(change.n), count(change.bad), *figures, *verdicts)


def _figure(interval: "Interval | None") -> str | None:
    return None if interval is None else f"{interval.value:+.4f} [{interval.low:+.4f}, {interval.high:+.4f}]"


def register_on(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=f"Example: o2c-risk fairness late-payment --known-on 2021-03-01   |   {EXIT_CODES}")(fairness)
