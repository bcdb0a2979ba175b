"""The late-payment model: will this invoice, seen before its issue, be settled in time?"""

from datetime import date, datetime, timedelta
from typing import Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from data.book import Book
from data.settings import Settings
from features.feature_sets import LATE
from features.items import items
from training.cohort import invoice_cases
from training.dataset import Dataset, dataset
from training.facts import Facts, History, facts_of
from training.fit import Recipe
from training.fitted import Fitted
from training.label import late
from training.learn import Say, Task, learn, silent
from training.split import split

# Chosen by walking forward through 2019-09..2020-08 of the Datarisk book, never by later cases.
RECIPE: Final = Recipe(
    trees=400, learning_rate=0.03, leaves=15, smallest_leaf=50, feature_share=0.3, case_share=0.8, ridge=5.0
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

    Returns:
        The model with its figures.

    Raises:
        LeakError: A case is on the wrong side of the split.
    """
    say, rows = progress or silent, folded(book)
    cases = book_cases(rows, evaluate_to)
    facts = facts_of(book, store, computed_at)
    say(f"features of {cases.num_rows} invoices")
    features = facts(cases, LATE.names)
    learnt = _labelled(rows, cases, features, grace, as_of)
    judged = _labelled(rows, cases, features, grace, known_on)
