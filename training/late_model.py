"""The late-payment model: will this invoice, seen before its issue, be settled in time?"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from data.book import Book
from data.settings import Settings
from features.feature_sets import LATE
from training.cases.about import about, with_large_invoices
from training.cases.cohort import invoice_cases
from training.cases.dataset import Dataset, dataset
from training.cases.facts import Facts, History, facts_of, folded
from training.cases.label import late
from training.cases.split import Split, between, split
from training.fitting.challenger import with_scorecard
from training.fitting.fit import HERE, Engine, Recipe
from training.fitting.fitted import Fitted
from training.fitting.learn import Say, Task, learn, silent
from training.fitting.proxies import chosen
from training.fitting.tuned import Tuned, with_tuned
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


def train_late(
    book: Book,
    store: History | None,
    settings: Settings,
    *,
    as_of: date,
    evaluate_from: date,
    evaluate_to: date,
    known_on: date,
    grace: int = 5,
    computed_at: datetime | None = None,
    data_version: str = "unknown",
    progress: Say | None = None,
    natural_persons: bool = True,
    proxies: bool = False,
    engine: Engine = HERE,
    tuned: Tuned | None = None,
    challenger: bool = False,
) -> Fitted:
    """Train on invoices matured at a date and judge on later ones.

    Args:
        book: The book.
        store: The feature store, from which the service will read too; None builds features without it.
        settings: Threads are taken from it.
        as_of: Knowledge for training is frozen at the end of this day.
        evaluate_from: First day of issue of the invoices to judge by, not before ``as_of``.
        evaluate_to: Their last day of issue.
        known_on: The date whose knowledge gives their outcomes.
        grace: Days of grace of the label.
        computed_at: The instant of this computation, with a zone; needed with a store.
        data_version: Which data the book holds.
        progress: Called with a line of text before each step.
        natural_persons: Whether natural persons are among the cases.
        proxies: Research only: whether the model may read what stands in for protected traits.
        engine: Where trees are grown; in this process unless given.
        tuned: A recipe in place of the product's own.
        challenger: Whether a scorecard is learnt from the same cases, to stand beside the model.

    Returns:
        The model with its figures.

    Raises:
        LeakError: A case is on the wrong side of the split.
        RecipeOfAnotherTaskError: The recipe was tuned for something else.
        RecipeOfOtherPersonsError: The recipe was tuned with natural persons and this training is without, or the other
            way round.
        TunedOnLaterKnowledgeError: The recipe was tuned on what was known only after ``as_of``.
    """
    say, period = progress or silent, (evaluate_from, evaluate_to)
    what = with_tuned(task(grace), tuned, as_of, natural_persons=natural_persons)
    parts = late_cases(book, facts_of(book, store, computed_at), as_of, period, known_on, grace=grace, say=say)
    what, parts = chosen(what, parts, natural_persons=natural_persons, proxies=proxies)
    fitted = learn(
        what,
        parts,
        as_of=as_of,
        known_on=known_on,
        threads=settings.threads,
        data_version=data_version,
        say=say,
        engine=engine,
    )
    if proxies:  # for research, on the one probability
        return fitted
    if challenger:
        how = {"as_of": as_of, "known_on": known_on}
        fitted = with_scorecard(fitted, what, parts, **how, data_version=data_version, say=say)
    say(f"{what.name}: learning when invoices are paid")
    only = None if natural_persons else {*parts.train.customer_ids, *parts.later.customer_ids}
    return with_pay_time(
        book, folded(book), fitted, as_of=as_of, period=period, known_on=known_on, threads=settings.threads, only=only
    )


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
    return with_large_invoices(split(labelled(as_of), between(labelled(known_on), *period), as_of))


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
