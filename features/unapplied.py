"""Money of the customer that settles no invoice: cash not applied, credit notes not assigned, invoices paid twice.

It is shown apart and never netted into the open items. An allocation that states no amount takes all of its payment:
what is not known to be left is not taken for the customer's money. Of a payment that states no amount nobody knows
what is left; it counts as not wholly allocated, by an amount that is missing.
"""

from typing import TYPE_CHECKING, Any, Final

import ibis

from data.contracts import CONTRACTS
from features.as_of import seen_rows
from features.catalogue import INF, Feature, counted, summed
from features.currency import in_book_currency
from features.versions import known_then, versions
from features.windows import number, sum_of_known

if TYPE_CHECKING:  # the list of families imports this file
    from data.book import Book
    from features.families import Sight

CASH_FEATURES: Final[tuple[Feature, ...]] = (
    summed(
        "unapplied_cash_amount",
        "Amount of the payments less what was allocated of each, never below 0; an allocation without an amount takes "
        "all of it.",
        0,
        "open_items",
    ),
    counted(
        "unapplied_cash_count",
        "Payments that are not known to be wholly allocated.",
        "payments",
        0,
        "open_items",
    ),
    Feature(
        "oldest_unapplied_days",
        "Days since the oldest payment that is not known to be wholly allocated.",
        "days",
        0,
        INF,
        "every payment is wholly allocated",
        0,
        "open_items",
    ),
)

CREDIT_FEATURES: Final[tuple[Feature, ...]] = (
    summed("unassigned_credit_amount", "Amount of the credit notes that reduce no invoice.", 0, "open_items"),
)

OVERPAID_FEATURES: Final[tuple[Feature, ...]] = (
    summed("overpaid_amount", "What was paid on settled invoices beyond their amounts.", 0, "open_items"),
)


def cash_facts(sight: "Sight") -> ibis.Table:
    """One row per case with a payment: ``case_no`` and the features."""
    paid = seen_rows(sight, "payments", "paid_on")
    rows = in_book_currency(sight.book, _with_rest(paid, _allocated(sight.book, paid)), on="paid_on", money=("rest",))
    sums = rows.group_by("case_no").agg(
        left=rows.count(where=rows.is_unapplied),
        money=rows.rest.sum(where=rows.is_unapplied),
        oldest=rows.age.max(where=rows.is_unapplied),
    )
    return sums.select(
        "case_no",
        unapplied_cash_amount=sum_of_known(sums.money, sums.left),
        unapplied_cash_count=number(sums.left),
        oldest_unapplied_days=number(sums.oldest),
    )


def credit_facts(sight: "Sight") -> ibis.Table:
    """One row per case with a credit note that is not assigned: ``case_no`` and the feature."""
    notes = seen_rows(sight, "credit_notes", "issued_on", money=("amount",))
    notes = notes.filter(notes.invoice_id.isnull())
    sums = notes.group_by("case_no").agg(items=notes.count(), money=notes.amount.sum())
    return sums.select("case_no", unassigned_credit_amount=sum_of_known(sums.money, sums["items"]))


def overpaid_sums(seen: ibis.Table) -> dict[str, Any]:
    """Aggregates over the rows of one case."""
    return {
        "settled_so_far": seen.count(where=seen.is_settled),
        "overpaid_so_far": seen.overpaid.sum(where=seen.is_settled),
    }


def overpaid_facts(sums: ibis.Table) -> dict[str, Any]:
    """The feature from the aggregates."""
    return {"overpaid_amount": sum_of_known(sums.overpaid_so_far, sums.settled_so_far)}


def _allocated(book: "Book", paid: ibis.Table) -> ibis.Table:
    """What was allocated of each payment by then, in its own currency, and whether any part states no amount."""
    parts = versions(book["allocations"].semi_join(paid, "payment_id"), CONTRACTS["allocations"].key)
    parts = parts.select("payment_id", "allocated_on", "known_on", "superseded_on", part="amount")
    counted_then = paid.select("case_no", "as_of", paid_with="payment_id").join(
        parts,
        [
            ibis._.paid_with == parts.payment_id,
            parts.allocated_on <= ibis._.as_of,
            known_then(parts, ibis._.as_of),
        ],
    )
    return counted_then.group_by("case_no", "paid_with").agg(
        allocated=counted_then.part.sum(), unstated=counted_then.part.isnull().any()
    )


def _with_rest(paid: ibis.Table, allocated: ibis.Table) -> ibis.Table:
    """Adds ``rest``, what is left of each payment, null when unknown, and ``is_unapplied``."""
    right = allocated.rename(right_case_no="case_no")
    rows = paid.left_join(right, [paid.case_no == right.right_case_no, paid.payment_id == right.paid_with])
    rest = (rows.amount - rows.allocated.fill_null(0)).cast(rows.amount.type())
    is_unapplied = ~rows.unstated.fill_null(False) & (rest.isnull() | (rest > 0))
    return rows.mutate(rest=rest, is_unapplied=is_unapplied)
