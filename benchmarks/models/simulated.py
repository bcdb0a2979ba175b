"""Cases of a simulated book with their true probabilities, and what our models state for them.

Two books are drawn from the same hazards: one of the simulator's own size, on whose past our models learn as they would
in a firm, and a far larger one of other customers, on whose true probabilities the bound is learnt (`best.py`).
The stress lies in the past of both; the months that judge are calm.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.models.work import Work, say
from data.book import Book, book_of
from data.simulation.simulator import Shape, Simulated, simulate
from features.feature_sets import DEFAULT, LATE, FeatureSet
from training import default_model, late_model
from training.cases.cohort import customer_cohort, invoice_cases, month_firsts
from training.cases.dataset import at_rows
from training.cases.facts import folded, from_book
from training.default_model import Default
from training.fitting.fitted import Fitted
from training.fitting.learn import learn

AS_OF: Final = date(2024, 6, 1)
LAST: Final = date(2024, 12, 31)
MATURED: Final = date(2024, 7, 2)
"""The last day whose half-year is over by the end of the book: these cohorts give the training its evaluation."""
SMALL: Final = Shape()
LARGE: Final = Shape(customers=12_000, seed=8)
WHAT: Final = Default(90, 180)
TARGETS: Final = {"default(90, 180)": DEFAULT, "late(5)": LATE}
TRUTHS: Final = {"default(90, 180)": "pd_90_180d", "late(5)": "late5_prob"}


@dataclass(frozen=True)
class Drawn:
    """A simulated book.

    Attributes:
        portfolio: With its truth.
        book: In our own terms.
        rows: Its folded invoices.
    """

    portfolio: Simulated
    book: Book
    rows: ir.Table


def drawn(shape: Shape) -> Drawn:
    """Draw a book."""
    made = simulate(shape)
    book = book_of(made.tables)
    return Drawn(made, book, folded(book))


def judged_cases(here: Drawn, target: str) -> pa.Table:
    """The cases of the months that judge: ``case_id``, ``customer_id``, ``true`` and the target's facts."""
    features: FeatureSet = TARGETS[target]
    cases = _customers(here) if target.startswith("default") else _invoices(here)
    say(f"{target}: building facts of {cases.num_rows} simulated cases")
    facts = from_book(here.book)(cases, features.names)
    facts = facts.take(at_rows(cases["case_id"], facts))
    columns = {name: facts[name].cast(pa.float64()) for name in features.names}
    return pa.table({name: cases[name] for name in ("case_id", "customer_id", "true")} | columns)


def _customers(here: Drawn) -> pa.Table:
    dates = month_firsts(AS_OF, LAST)
    made = customer_cohort(here.book, here.rows, dates, dpd=WHAT.dpd, cured_days=WHAT.cured_days).to_pyarrow()
    truth = here.portfolio.truth["default"].to_pandas()
    return _with_truth(made, truth.rename(columns={"pd_90_180d": "true"}), ["customer_id", "as_of"])


def _invoices(here: Drawn) -> pa.Table:
    made = invoice_cases(here.rows, issued_from=AS_OF, issued_to=LAST).to_pyarrow()
    truth = here.portfolio.truth["late"].to_pandas()
    return _with_truth(made, truth.rename(columns={"invoice_id": "case_id", "late5_prob": "true"}), ["case_id"])


def _with_truth(cases: pa.Table, truth: pd.DataFrame, key: list[str]) -> pa.Table:
    """Cases in order with their true probability; those that have none are left out."""
    wanted = cases.select(key).to_pandas().assign(place=np.arange(cases.num_rows))
    both = wanted.merge(truth[[*key, "true"]], on=key, validate="one_to_one").dropna(subset=["true"])
    return cases.take(pa.array(both["place"])).append_column("true", pa.array(both["true"].to_numpy(np.float64)))


def trained(here: Drawn, target: str, *, threads: int) -> Fitted:
    """Our model, learnt from what was known of the book on the day, by the lines that a service runs."""
    facts, known_on = from_book(here.book), LAST
    if target.startswith("default"):
        task = default_model.task(WHAT)
        parts = default_model.default_cases(here.book, facts, WHAT, AS_OF, (AS_OF, MATURED), known_on, say=say)
    else:
        task = late_model.task()
        ends = AS_OF + timedelta(days=60)
        parts = late_model.late_cases(here.book, facts, AS_OF, (AS_OF, ends), known_on, grace=5, say=say)
    return learn(task, parts, as_of=AS_OF, known_on=known_on, threads=threads, data_version="simulated", say=say)


def stated(fitted: Fitted, cases: pa.Table) -> Any:
    """What our model states of cases, shape (n,)."""
    model = fitted.model()
    columns = {name: cases[name].to_numpy() for name in fitted.spec.feature_names}
    return model.probability(model.matrix(columns))


def our_statements(work: Work, target: str) -> tuple[pa.Table, pa.Table]:
    """Cases of the small book with ``ours`` beside their truth and facts, and those of the large one."""
    small = drawn(SMALL)
    cases = judged_cases(small, target)
    ours = stated(trained(small, target, threads=work.threads), cases)
    return cases.append_column("ours", pa.array(ours)), judged_cases(drawn(LARGE), target)
