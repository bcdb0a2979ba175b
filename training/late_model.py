"""The late-payment model: will this invoice, seen before its issue, be settled in time?"""

from collections.abc import Callable
from datetime import date
from typing import Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from data.book import Book
from features.feature_sets import LATE
from training.cases.about import about
from training.cases.cohort import invoice_cases
from training.cases.dataset import Dataset, dataset
from training.cases.facts import Facts, History, facts_of, folded
from training.cases.label import late
from training.cases.split import Split, between, split
from training.fitting.fit import Recipe
from training.fitting.fitted import Fitted
from training.fitting.learn import Say, Task, silent
from training.fitting.proxies import chosen
from training.fitting.run import Run
from training.fitting.tuned import with_tuned
from training.pay_time.learn import with_pay_time

# Chosen by walking forward through issues 2019-09..2020-08 of the Datarisk book as known on 2020-09-01, by mean average
# precision and Brier score of the four quarters.
RECIPE: Final = Recipe(
    trees=400, learning_rate=0.03, leaves=15, smallest_leaf=150, feature_share=0.4, case_share=0.8, ridge=5.0
)
FIRST_DAY: Final = date(1900, 1, 1)


def task(grace: int = 5) -> Task:
    """What the model for a grace of so many days is to learn."""
    return Task(
        name="late-payment" if grace == 5 else f"late-payment-{grace}d",
        target=f"late({grace})",
        label={"kind": "late", "grace_days": grace},
        probability_name=f"late_prob_{grace}d",
        features=LATE,
        recipe=RECIPE,
        weekly=True,
    )


def train_late(book: Book, store: History | None, run: Run, *, grace: int = 5) -> Fitted:
    """Train on invoices matured at a date and judge on those issued later.

    Args:
        book: The book.
        store: The feature store, from which the service will read too; None builds features without it.
        run: Dates, and how it is done.
        grace: Days of grace of the label.

    Returns:
        The model with its figures.

    Raises:
        LeakError: A case is on the wrong side of the split.
        RecipeOfAnotherTaskError: The recipe was tuned for something else.
        RecipeOfOtherPersonsError: The recipe was tuned with natural persons and this training is without, or the other
            way round.
        TunedOnLaterKnowledgeError: The recipe was tuned on what was known only after the run's ``as_of``.
    """
    what = with_tuned(task(grace), run.tuned, run.as_of, natural_persons=run.natural_persons)
    facts = facts_of(book, store, run.computed_at)
    parts = late_cases(book, facts, run.as_of, run.period, run.known_on, grace=grace, say=run.say)
    what, parts = chosen(what, parts, natural_persons=run.natural_persons, proxies=run.proxies)
    fitted = run.learnt(what, parts)
    if run.proxies:  # for research, on the one probability
        return fitted
    run.say(f"{what.name}: learning when invoices are paid")
    only = None if run.natural_persons else {*parts.train.customer_ids, *parts.later.customer_ids}
    dates = {"as_of": run.as_of, "known_on": run.known_on}
    return with_pay_time(book, folded(book), fitted, **dates, period=run.period, threads=run.threads, only=only)


def late_cases(
    book: Book, facts: Facts, as_of: date, period: tuple[date, date], known_on: date, *, grace: int, say: Say = silent
) -> Split:
    """Invoices to learn from and later ones to be judged by.

    Args:
        book: The book.
        facts: Where the features come from.
        as_of: Knowledge for training is frozen at the end of this day.
        period: First and last day of issue of the later invoices.
        known_on: The date whose knowledge gives their outcomes.
        grace: Days of grace of the label.
        say: Told of each step as it begins.

    Raises:
        LeakError: A later invoice was issued before ``as_of``.
    """
    labelled = labelled_late(book, facts, period[1], grace=grace, say=say)
    return split(labelled(as_of), between(labelled(known_on), *period), as_of)


def labelled_late(
    book: Book, facts: Facts, issued_to: date, *, grace: int, say: Say = silent
) -> Callable[[date], Dataset]:
    """Invoices issued by a day, with outcomes as known on any date; their features are built once.

    Args:
        book: The book.
        facts: Where the features come from.
        issued_to: Last day of issue.
        grace: Days of grace of the label.
        say: Told of each step as it begins.

    Returns:
        From a date to the invoices whose outcome had matured by then.
    """
    rows = folded(book)
    cases = invoice_cases(rows, issued_from=FIRST_DAY, issued_to=issued_to).to_pyarrow()
    say(f"late-payment: building features of {cases.num_rows} invoices")
    features, beside = facts(cases, LATE.names), about(book, cases)

    def labelled(on: date) -> Dataset:
        return dataset(cases, features, _outcomes(rows, grace, on, issued_to), LATE.names, about=beside)

    return labelled


def _outcomes(rows: ir.Table, grace: int, known_on: date, issued_to: date) -> pa.Table:
    """Outcomes of the matured invoices issued by a day: ``case_id``, ``bad``, ``matures_on``."""
    found = late(rows, grace, known_on)
    issued = found.filter(found.issued_on <= ibis.date(issued_to))
    return issued.select("bad", "matures_on", case_id="invoice_id").to_pyarrow()
