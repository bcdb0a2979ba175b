"""What is known of a case beside its features: to divide cases by, never to learn from."""

from typing import Final

import numpy as np
import pyarrow as pa

from data.book import Book
from data.contracts import CONTRACTS
from features.versions import known_then, versions
from training.cases.dataset import Dataset
from training.cases.split import Split

PROXIES: Final = ("email_domain", "area_code", "postcode_prefix")
"""Columns of the master record that may stand in for protected traits; no model reads them by default."""
MASTER: Final = ("size_class", "industry", *PROXIES)
PERSON: Final = "is_natural_person"
LARGE: Final = "is_large_invoice"
LARGE_QUANTILE: Final = 0.9
AMOUNT: Final = "amount"
"""The feature that says how large an invoice is."""


def about(book: Book, cases: pa.Table) -> pa.Table:
    """The master record of each case's customer as the book had it on the case's day.

    Args:
        book: The book.
        cases: ``case_id``, ``customer_id`` and ``as_of``, one row per case, as `training.cases.cohort` makes them.

    Returns:
        One row per case: ``case_id``, ``is_natural_person`` (1 or 0, null without a master record), ``size_class``,
        ``industry``, ``email_domain``, ``area_code`` and ``postcode_prefix`` (text, null where not known).
    """
    spine = book.memtable(cases.select(["case_id", "customer_id", "as_of"]))
    wanted = ("customer_id", PERSON, *MASTER, "known_on", "superseded_on")
    master = versions(book["customers"], CONTRACTS["customers"].key).select(*wanted).rename(master_id="customer_id")
    then = spine.join(master, [spine.customer_id == master.master_id, known_then(master, spine.as_of)])
    known = then.select("case_id", *MASTER, **{PERSON: then[PERSON].cast("int8").cast("float64")})
    told = spine.select("case_id").left_join(known, "case_id").drop("case_id_right")
    return told.select("case_id", PERSON, *(told[name].cast("string").name(name) for name in MASTER)).to_pyarrow()


def with_large_invoices(parts: Split) -> Split:
    """Adds ``is_large_invoice``: whether an invoice's amount is in the top tenth of those to learn from.

    1 or 0, NaN where the amount is not known; both parts are held against the amounts of the first one. It is settled
    where a model is judged, when the cases to learn from are: without natural persons they are others.

    Args:
        parts: Cases with the feature ``amount``; without it, or without a known amount, nothing is added.
    """
    limit = large_above(parts.train)
    if limit is None:
        return parts
    return Split(marked_large(parts.train, limit), marked_large(parts.later, limit))


def large_above(cases: Dataset) -> float | None:
    """The amount above which an invoice is among the largest tenth of the cases; None where no amount is known.

    Args:
        cases: Cases with the feature ``amount``, in the currency of the book.
    """
    amounts = cases.columns.get(AMOUNT)
    if amounts is None or not np.isfinite(amounts).any():
        return None
    return float(np.nanquantile(amounts, LARGE_QUANTILE))


def marked_large(cases: Dataset, limit: float) -> Dataset:
    """The cases with ``is_large_invoice``: 1 above the limit, 0 up to it, NaN where the amount is not known."""
    amounts = cases.columns[AMOUNT]
    large = np.where(np.isfinite(amounts), (amounts > limit).astype(np.float64), np.nan)
    return cases.beside({LARGE: large})
