"""What was agreed with each customer: payment terms, cash discounts, prepayment, instalments and the currency."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from data.contracts import PAYMENT_TERMS
from data.simulation.columns import Days, Flags, Floats, Indices, choice, counts, flags, instants, rate, shaped, stream
from data.simulation.customers import TERMS
from data.simulation.shape import Shape

PLAIN: Final = len(TERMS)
"""Terms below this position are net days alone, those up to twice it are the same with a cash discount."""
PREPAYMENT: Final = 2 * PLAIN
CODES: Final = (
    *(f"N{days:03}" for days in TERMS),
    *(f"D{days:03}" for days in TERMS),
    "PREP",
    "I060",
    "I090",
)
NET_DAYS: Final = np.array([*TERMS, *TERMS, 0, 60, 90], np.int32)
DISCOUNT_DAYS: Final = np.array([0] * PLAIN + [7, 10, 14, 14, 30] + [0, 0, 0], np.int32)
DISCOUNT_PERCENT: Final = np.array([0] * PLAIN + [1, 2, 2, 3, 3] + [0, 0, 0])
INSTALMENTS: Final = np.array([1] * (2 * PLAIN + 1) + [2, 3])
INSTALMENT_DAYS: Final = 30
"""Days from issue to the first instalment, and from each to the next."""
_DISCOUNT_SHARE: Final = 0.22
_TAKING_MEAN: Final = 0.6
_TAKING_SPREAD: Final = 1.5
_PREPAYMENT_SHARE: Final = 0.02
_INSTALMENTS_SHARE: Final = 0.04
"""Of the invoices with plain terms of 60 days or more."""
_SECOND_SHARE: Final = 0.75
"""Of the customers invoiced in another currency, those in the first of the two."""


@dataclass(frozen=True)
class Agreements:
    """What was agreed with each customer, each of shape (customers,).

    Attributes:
        currency: Position among ``Shape.currencies``.
        has_discount: Whether its terms allow a cash discount.
        taking: Log odds of taking the discount at strain 0.
        prepays: Whether it has to pay in advance.
    """

    currency: Indices
    has_discount: Flags
    taking: Floats
    prepays: Flags


@dataclass(frozen=True)
class Sales:
    """What is invoiced, each column of shape (items,).

    Attributes:
        customer: Position of the customer.
        issued: Issue day.
        terms: Position in ``CODES``.
        document: Number of the document of which it is an instalment, 0 for none.
        due_after: Days from issue to the due day, weekends aside.
    """

    customer: Indices
    issued: Days
    terms: Indices
    document: Indices
    due_after: Days


def draw_agreements(shape: Shape) -> Agreements:
    """Draw them; with the detail ``ledger`` everybody pays net in the book's currency."""
    n = shape.customers
    if not shape.is_full:
        nobody = np.zeros(n, bool)
        return Agreements(np.zeros(n, np.int8), nobody, np.zeros(n), nobody)
    rng = stream(shape.seed, "agreements")
    is_foreign = rng.random(n) < shape.foreign_share
    which = np.where(rng.random(n) < _SECOND_SHARE, 1, 2)
    prepays = rng.random(n) < _PREPAYMENT_SHARE
    return Agreements(
        currency=np.where(is_foreign, which, 0).astype(np.int8),
        has_discount=(rng.random(n) < _DISCOUNT_SHARE) & ~prepays,
        taking=_TAKING_MEAN + _TAKING_SPREAD * rng.standard_normal(n),
        prepays=prepays,
    )


def agreed(shape: Shape, agreements: Agreements, customer: Indices, issued: Days, terms: Indices) -> Sales:
    """Invoices under the terms that were agreed; one in instalments becomes an invoice each.

    Args:
        shape: The portfolio.
        agreements: What was agreed.
        customer: Shape (invoices,).
        issued: Shape (invoices,).
        terms: Position in ``TERMS``, shape (invoices,).
    """
    if not shape.is_full:
        return Sales(customer, issued, terms.astype(np.int8), np.zeros(len(terms), np.int32), TERMS[terms])
    rng = stream(shape.seed, "sales")
    terms = np.where(agreements.has_discount[customer], terms + PLAIN, terms)
    terms = np.where(agreements.prepays[customer], PREPAYMENT, terms)
    is_split = (terms < PLAIN) & (NET_DAYS[terms] >= 60) & (rng.random(len(terms)) < _INSTALMENTS_SHARE)
    terms = np.where(is_split, np.where(NET_DAYS[terms] == 60, PREPAYMENT + 1, PREPAYMENT + 2), terms).astype(np.int8)
    rows = np.repeat(np.arange(len(terms), dtype=np.int32), INSTALMENTS[terms])
    document = (np.cumsum(is_split, dtype=np.int32) * is_split)[rows]
    part = np.zeros(len(rows), np.int32)
    part[1:] = (np.diff(rows) == 0) * 1
    part[2:] += (rows[2:] == rows[:-2]) * 1
    terms = terms[rows]
    due_after = np.where(document > 0, INSTALMENT_DAYS * (part + 1), NET_DAYS[terms]).astype(np.int32)
    return Sales(customer[rows], issued[rows], terms, document, due_after)


def payment_terms_table(start: int) -> pa.Table:
    """The terms by code, known on the first day of the book."""
    none = DISCOUNT_DAYS == 0
    n = len(CODES)
    columns = {
        "terms_code": choice(np.arange(n), CODES),
        "net_days": counts(NET_DAYS),
        "discount_days": counts(DISCOUNT_DAYS, none),
        "discount_percent": rate(DISCOUNT_PERCENT * 1_000_000, none),
        "instalments": counts(INSTALMENTS),
        "is_prepayment": flags(np.arange(n) == PREPAYMENT),
    }
    return shaped(PAYMENT_TERMS, columns, instants(np.full(n, start, np.int32), np.zeros(n, np.int32)))
