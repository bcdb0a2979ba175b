"""From stored facts to the inputs of the limit policy, exact and with nothing filled in."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from policy.limit_inputs import LimitInputError, LimitInputs
from policy.released import OwnBook

FEATURE_OF: Final = {
    "invoiced_90d": "invoiced_amount_90d",
    "invoiced_365d": "invoiced_amount_365d",
    "terms_days": "terms_mean_365d",
    "revenue_12m": "revenue_12m",
    "tangible_net_worth": "tangible_net_worth",
    "working_capital": "working_capital",
    "peak_paid_in_terms": "peak_paid_in_terms_365d",
}
"""Input of the policy → feature that holds it."""


@dataclass(frozen=True)
class LimitFacts:
    """Inputs of the policy, with what was noticed on the way.

    Attributes:
        inputs: What is known.
        doubts: Why a person has to look.
        notes: What the record should say.
    """

    inputs: LimitInputs
    doubts: tuple[str, ...]
    notes: tuple[str, ...]


def limit_facts(
    values: Mapping[str, float | None], book: OwnBook, *, pd_12m: Decimal | None, limit_in_force: Decimal | None
) -> LimitFacts:
    """The policy's inputs from a customer's facts.

    Args:
        values: Features by name, money in the book's currency.
        book: The own business.
        pd_12m: Probability of default within twelve months, None when not known.
        limit_in_force: The limit the customer has, None when not known.

    Returns:
        The inputs; a value that cannot be what it says is left out and noted, as not known.
    """
    known: dict[str, Decimal] = {}
    refused: list[str] = []
    for name, feature in FEATURE_OF.items():
        value = values.get(feature)
        if value is None:
            continue
        try:
            LimitInputs(book.currency, **{name: Decimal(repr(value))})
        except LimitInputError as error:
            refused.append(f"{feature} is not used: {error}")
        else:
            known[name] = Decimal(repr(value))
    inputs = LimitInputs(
        book.currency,
        pd_12m=pd_12m,
        book_sales_365d=book.sales_365d,
        limit_in_force=limit_in_force,
        **known,
    )
    return LimitFacts(inputs, _doubts(values), (*refused, *_notes(values, book)))


def _doubts(values: Mapping[str, float | None]) -> tuple[str, ...]:
    found = []
    if values.get("is_natural_person"):
        found.append("The customer is a natural person; what is decided about it is for a person to decide.")
    if events := values.get("credit_event_count_365d"):
        found.append(f"Credit events of the last 365 days: {events:.0f}.")
    return tuple(found)


def _notes(values: Mapping[str, float | None], book: OwnBook) -> tuple[str, ...]:
    found = []
    if lacking := values.get("amount_missing_count_365d"):
        found.append(f"Invoices of the last 365 days without an amount: {lacking:.0f}; the need may be understated.")
    if book.sales_365d is not None:
        found.append(f"Own sales are those of the 365 days to {book.as_of}.")
    return tuple(found)
