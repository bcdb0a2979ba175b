"""Why a model does not speak of a customer, so that a person has to look: one place for one customer and for many."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.model import ModelSpec

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

OLDEST: Final = "oldest_overdue_days"
INVOICES: Final = "invoice_count_365d"
PERSON: Final = "is_natural_person"

IN_DEFAULT: Final = "in_default"
NATURAL_PERSON: Final = "natural_person"
NO_INVOICE: Final = "no_invoice_365d"

_PERSON_SAID: Final = "The customer is a natural person; the model learnt from companies alone."
_NO_INVOICE_SAID: Final = "The customer had no invoice in the last 365 days; the model learnt from customers that had."


def facts_for_doubts(spec: ModelSpec) -> list[str]:
    """The facts that decide whether a model speaks of a customer."""
    person = [PERSON] if _companies_only(spec) else []
    return ([] if _of_invoices(spec) else [OLDEST, INVOICES]) + person


def doubted(spec: ModelSpec, columns: Mapping[str, Floats]) -> dict[str, Flags]:
    """Which customers a model does not speak of, by the word for the reason, the weightiest first.

    A model of default knows customers that do business and are not in default. Of one that is, or that had no
    invoice for a year, its probability is an extrapolation. A model that learnt from companies alone says nothing of
    a natural person, whatever it is asked.

    Args:
        spec: The model.
        columns: The facts that ``facts_for_doubts`` names, shape (n,) each, NaN where not known.

    Returns:
        ``in_default``, it is past due already by more than the model's days; ``no_invoice_365d``, it had no invoice
        for a year; ``natural_person``. Shape (n,) each; what cannot be so with this model is absent.
    """
    found, dpd = {}, spec.label.get("dpd")
    if not _of_invoices(spec):
        if isinstance(dpd, int):
            found[IN_DEFAULT] = columns[OLDEST] > dpd
        found[NO_INVOICE] = columns[INVOICES] == 0
    if _companies_only(spec):
        found[NATURAL_PERSON] = columns[PERSON] == 1
    return found


def doubts_of(spec: ModelSpec, values: Mapping[str, float | None]) -> tuple[str, ...]:
    """Why a model does not speak of one customer, a sentence for each reason; empty where it does.

    Args:
        spec: The model.
        values: The customer's facts, None where not known.
    """
    columns = {name: np.array([np.nan if (fact := values.get(name)) is None else fact]) for name in _FACTS}
    return tuple(_said(word, spec, columns) for word, so in doubted(spec, columns).items() if so[0])


def weightiest(spec: ModelSpec, columns: Mapping[str, Floats], n: int) -> NDArray[np.object_]:
    """The word for the weightiest reason of each of n customers, shape (n,), None where there is none."""
    found = np.full(n, None, dtype=np.object_)
    for word, so in reversed(doubted(spec, columns).items()):
        found[so] = word
    return found


_FACTS: Final = (OLDEST, INVOICES, PERSON)


def _said(word: str, spec: ModelSpec, columns: Mapping[str, Floats]) -> str:
    if word == IN_DEFAULT:
        return (
            f"The customer is in default: its oldest overdue item is {columns[OLDEST][0]:.0f} days past due, more than "
            f"{spec.label['dpd']}. The probability is that of a customer who is not."
        )
    return {NO_INVOICE: _NO_INVOICE_SAID, NATURAL_PERSON: _PERSON_SAID}[word]


def _companies_only(spec: ModelSpec) -> bool:
    return spec.label.get("natural_persons") == "left out"


def _of_invoices(spec: ModelSpec) -> bool:
    """Whether the model is of single invoices, which a customer in default gets too."""
    return spec.label.get("kind") == "late"
