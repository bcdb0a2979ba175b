"""The default model: will this customer be severely past due, or worse, within the horizon?"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

import ibis.expr.types as ir
import pyarrow as pa
from pydantic import JsonValue

from data.book import Book
from data.materiality import Materiality
from features.feature_sets import DEFAULT
from training.cases.about import about
from training.cases.cohort import CURED_DAYS, customer_cohort, month_firsts
from training.cases.dataset import Dataset, dataset
from training.cases.facts import Facts, History, facts_of, folded
from training.cases.label import default, unapplied_cash
from training.cases.split import Split, between, split
from training.fitting.fit import Recipe
from training.fitting.fitted import Fitted
from training.fitting.learn import Say, Task, silent
from training.fitting.proxies import chosen
from training.fitting.run import Run
from training.fitting.tuned import with_tuned

# Chosen by leaving customers out of the cohorts of the Datarisk book that had matured by 2020-04-01.
RECIPE: Final = Recipe(
    trees=150,
    learning_rate=0.03,
    leaves=5,
    smallest_leaf=60,
    feature_share=0.25,
    case_share=0.7,
    ridge=10.0,
    seeds=(1, 2, 3, 4, 5),
)
STANDARD_DPD: Final = 90
YEAR: Final = 365
"""The horizon whose probability is called ``pd_12m``, which limits and expected loss use without conversion."""


@dataclass(frozen=True)
class Default:
    """The outcome of a default model.

    Attributes:
        dpd: Days past due that must be exceeded.
        horizon: Days within which that must happen.
        materiality: What makes an amount material; None lets every amount count.
        cured_days: Days since a customer was last past due that far before it enters a cohort again.
    """

    dpd: int = STANDARD_DPD
    horizon: int = 180
    materiality: Materiality | None = None
    cured_days: int = CURED_DAYS

    @property
    def label(self) -> dict[str, JsonValue]:
        """Plain values for the record."""
        return {
            "kind": "default",
            "dpd": self.dpd,
            "horizon_days": self.horizon,
            "cured_days": self.cured_days,
            "technical_past_due": "excluded",
            "materiality_amount": None if self.materiality is None else str(self.materiality.amount),
            "materiality_share": None if self.materiality is None else str(self.materiality.share),
        }


def task(what: Default) -> Task:
    """What the model of an outcome is to learn."""
    base, year = "default" if what.dpd == STANDARD_DPD else f"default-{what.dpd}", what.horizon == YEAR
    return Task(
        name=f"{base}-12m" if year else base,
        target=f"default({what.dpd}, {what.horizon})",
        label=what.label,
        probability_name="pd_12m" if year else f"pd_{what.horizon}d",
        features=DEFAULT,
        recipe=RECIPE,
        fold_days=what.horizon,
    )


def train_default(book: Book, store: History | None, what: Default, run: Run) -> Fitted:
    """Train on customer cohorts matured at a date and judge on later ones; cohorts are the firsts of months.

    Args:
        book: The book.
        store: The feature store, from which the service will read too; None builds features without it.
        what: The outcome.
        run: Dates, and how it is done.

    Returns:
        The model with its figures.

    Raises:
        LeakError: A case is on the wrong side of the split.
        NoInvoicesError: The book has no invoice by the end of the run's cases.
        RecipeOfAnotherTaskError: The recipe was tuned for something else.
        RecipeOfOtherPersonsError: The recipe was tuned with natural persons and this training is without, or the other
            way round.
        TunedOnLaterKnowledgeError: The recipe was tuned on what was known only after the run's ``as_of``.
    """
    asked = with_tuned(task(what), run.tuned, run.as_of, natural_persons=run.natural_persons)
    facts = facts_of(book, store, run.computed_at)
    parts = default_cases(book, facts, what, run.as_of, run.period, run.known_on, say=run.say)
    return run.learnt(*chosen(asked, parts, natural_persons=run.natural_persons, proxies=run.proxies))


def default_cases(
    book: Book,
    facts: Facts,
    what: Default,
    as_of: date,
    period: tuple[date, date],
    known_on: date,
    *,
    say: Say = silent,
) -> Split:
    """Customers at the firsts of months to learn from, and later ones to be judged by.

    Args:
        book: The book.
        facts: Where the features come from.
        what: The outcome.
        as_of: Knowledge for training is frozen at the end of this day.
        period: First and last day of the later cohorts.
        known_on: The date whose knowledge gives their outcomes.
        say: Told of each step as it begins.

    Raises:
        LeakError: A later cohort lies before ``as_of``.
        NoInvoicesError: The book has no invoice by the end of the period.
    """
    labelled = labelled_defaults(book, facts, what, period[1], say=say)
    return split(labelled(as_of), between(labelled(known_on), *period), as_of)


def labelled_defaults(
    book: Book, facts: Facts, what: Default, until: date, *, say: Say = silent
) -> Callable[[date], Dataset]:
    """Customers at the firsts of months, with outcomes as known on any date; their features are built once.

    Args:
        book: The book.
        facts: Where the features come from.
        what: The outcome.
        until: No cohort lies after this day.
        say: Told of each step as it begins.

    Returns:
        From a date to the cases whose outcome had matured by then.

    Raises:
        NoInvoicesError: The book has no invoice by ``until``.
    """
    rows = folded(book)
    dates = month_firsts(_first_issue(rows, until), until)
    made = customer_cohort(book, rows, dates, dpd=what.dpd, cured_days=what.cured_days).to_pyarrow()
    say(f"default({what.dpd}, {what.horizon}): building features of {made.num_rows} customers at a date")
    cohort, features, beside = book.memtable(made), facts(made, DEFAULT.names), about(book, made)

    def labelled(on: date) -> Dataset:
        return dataset(made, features, _outcomes(book, rows, cohort, what, on), DEFAULT.names, about=beside)

    return labelled


def _outcomes(book: Book, rows: ir.Table, cohort: ir.Table, what: Default, known_on: date) -> pa.Table:
    """Outcomes of the matured cases: ``case_id``, ``bad``, ``matures_on``."""
    found = default(
        rows,
        book["credit_events"],
        cohort,
        dpd=what.dpd,
        horizon=what.horizon,
        known_on=known_on,
        materiality=what.materiality,
        cash=unapplied_cash(book, known_on),
    )
    return found.to_pyarrow()


class NoInvoicesError(ValueError):
    """There is nothing to make cohorts of."""

    def __init__(self, before: date) -> None:
        self.before = before
        super().__init__(f"The book holds no invoice issued by {before}: ingest some, or choose a later period.")


def _first_issue(rows: ir.Table, before: date) -> date:
    first = rows.issued_on.min().to_pyarrow().as_py()
    if first is None or first > before:
        raise NoInvoicesError(before)
    found: date = first
    return found
