"""The cases of any period, built again from the book for the label that a registered model states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from data.book import Book
from data.materiality import Materiality
from training.cases.about import about
from training.cases.cohort import customer_cohort, invoice_cases, month_firsts
from training.cases.dataset import Dataset, dataset
from training.cases.facts import folded, from_book
from training.cases.label import default, late, unapplied_cash
from training.cases.persons import companies
from training.default_model import Default


@dataclass(frozen=True)
class Period:
    """Days on which cases are scored, both ends included.

    Attributes:
        first: First day of issue, or first cohort.
        last: Last one.
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise EmptyPeriodError(self.first, self.last)

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"


class EmptyPeriodError(ValueError):
    """A period that ends before it begins."""

    def __init__(self, first: date, last: date) -> None:
        self.first, self.last = first, last
        super().__init__(f"The period {first}..{last} ends before it begins: give --to a later day than --from.")


class NothingMaturedError(ValueError):
    """No outcome of a period may be used yet, so that there is nothing to judge a model by.

    Attributes:
        period: The period.
        known_on: The date whose knowledge was asked for.
        cases: Cases of the period, matured or not.
    """

    def __init__(self, period: Period, known_on: date, cases: int) -> None:
        self.period, self.known_on, self.cases = period, known_on, cases
        why = "none of them had matured" if cases else "so there is nothing to judge by"
        super().__init__(
            f"The book holds {cases} cases of {period}; {why} by {known_on}. "
            "Choose an earlier period, or a later --known-on if the book knows that much."
        )


class CasesUnknownError(ValueError):
    """The cases of a label are not made from the book.

    Attributes:
        label: The label, as the model states it.
    """

    def __init__(self, label: Mapping[str, Any]) -> None:
        self.label = dict(label)
        super().__init__(
            f"Cases of label kind {label.get('kind')!r} cannot be rebuilt from the book, only those of late and "
            "default. Judge that model where it was trained."
        )


def rebuilt(book: Book, label: Mapping[str, Any], names: Sequence[str], period: Period, known_on: date) -> Dataset:
    """The matured cases of a period, with features as of each case and outcomes as known on a date.

    Args:
        book: The book.
        label: The label of a model, as ``ModelSpec.label`` states it.
        names: The features wanted.
        period: Days of issue (late), or days whose firsts of month are the cohorts (default).
        known_on: The date whose knowledge gives the outcomes; what the book learnt later is not seen.

    Raises:
        NothingMaturedError: No case of the period had matured.
        CasesUnknownError: The label is neither late payment nor default.
    """
    cases, outcomes = _cases(book, label, period, known_on)
    if not outcomes.num_rows:
        raise NothingMaturedError(period, known_on, cases.num_rows)
    wanted = list(dict.fromkeys(names))
    found = dataset(cases, from_book(book)(cases, wanted), outcomes, wanted, about=about(book, cases))
    return companies(found) if label.get("natural_persons") == "left out" else found


def _cases(book: Book, label: Mapping[str, Any], period: Period, known_on: date) -> tuple[pa.Table, pa.Table]:
    """Every case of the period, and the outcomes of those that had matured."""
    if label.get("kind") == "late":
        return _invoices(book, int(label["grace_days"]), period, known_on)
    if label.get("kind") == "default":
        return _customers(book, default_of(label), period, known_on)
    raise CasesUnknownError(label)


def _invoices(book: Book, grace: int, period: Period, known_on: date) -> tuple[pa.Table, pa.Table]:
    rows = folded(book)
    cases = invoice_cases(rows, issued_from=period.first, issued_to=period.last)
    found = late(rows, grace, known_on)
    outcomes = found.semi_join(cases, found.invoice_id == cases.case_id)
    return cases.to_pyarrow(), outcomes.select("bad", "matures_on", case_id="invoice_id").to_pyarrow()


def _customers(book: Book, what: Default, period: Period, known_on: date) -> tuple[pa.Table, pa.Table]:
    rows, dates = folded(book), month_firsts(period.first, period.last)
    made = customer_cohort(book, rows, dates, dpd=what.dpd, cured_days=what.cured_days).to_pyarrow()
    outcomes = default(
        rows,
        book["credit_events"],
        book.memtable(made),
        dpd=what.dpd,
        horizon=what.horizon,
        known_on=known_on,
        materiality=what.materiality,
        cash=unapplied_cash(book, known_on),
    )
    return made, outcomes.to_pyarrow()


def default_of(label: Mapping[str, Any]) -> Default:
    """The outcome of a default model from its label; the inverse of ``Default.label``.

    Example:
        >>> what = Default(dpd=60, materiality=Materiality(Decimal(500), Decimal("0.01")))
        >>> default_of(what.label) == what
        True
    """
    amount, share = label.get("materiality_amount"), label.get("materiality_share")
    material = None if amount is None or share is None else Materiality(Decimal(amount), Decimal(share))
    return Default(int(label["dpd"]), int(label["horizon_days"]), material, int(label["cured_days"]))
