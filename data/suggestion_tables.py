"""Which tables a file can fill, and by what: the contracts as a proposal sees them."""

from collections.abc import Collection, Mapping
from typing import Final

from data.contracts import CONTRACTS

ATTRIBUTES: Final = frozenset(
    {
        "signed_up_on", "is_natural_person", "parent_id", "country", "region", "industry", "size_class", "email_domain",
        "area_code", "postcode_prefix",
    }
)  # fmt: skip
"""Concepts that describe a customer."""

DAYS: Final = frozenset(
    {
        "issued_on", "created_on", "baseline_on", "due_on", "paid_on", "discount_until_on", "signed_up_on",
        "period_start_on", "valid_from_on", "valid_to_on", "rated_on", "ordered_on", "opened_on", "closed_on",
        "quoted_on", "delivered_on",
    }
)  # fmt: skip
NUMBERS: Final = frozenset(
    {"amount", "interest_rate", "discount_amount", "revenue", "employees", "limit_amount", "score", "net_days", "rate"}
)
IDENTIFIERS: Final = frozenset(
    {"customer_id", "invoice_id", "payment_id", "order_id", "parent_id", "credit_note_id", "dispute_id", "delivery_id"}
)
NEVER_READ: Final = frozenset({"customer_name"})
"""Concepts that are confidential and that no feature needs."""

OTHER_CONCEPTS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("invoices", "issued_on"): ("issued_on", "created_on"),
    ("invoices", "due_on"): ("due_on", "baseline_on"),
    ("invoices", "document_id"): (),
    ("allocations", "allocated_on"): ("paid_on",),
    ("allocations", "discount_amount"): (),
    ("limits", "amount"): ("limit_amount", "amount"),
    ("credit_notes", "issued_on"): ("issued_on", "created_on"),
    ("orders", "terms_days"): ("net_days",),
    ("disputes", "reason"): (),
}
"""Concepts by which a column is filled, where it is not the one of its name."""

KNOWN_BY: Final[Mapping[str, str]] = {
    "customers": "signed_up_on",
    "invoices": "issued_on",
    "payments": "paid_on",
    "allocations": "allocated_on",
    "credit_notes": "issued_on",
    "disputes": "opened_on",
    "orders": "ordered_on",
    "deliveries": "delivered_on",
    "customer_financials": "period_start_on",
    "ratings": "rated_on",
    "limits": "valid_from_on",
    "exchange_rates": "quoted_on",
}
"""The day from which a row counts as known, where the source does not say."""

CONSTANT_FLAGS: Final[Mapping[tuple[str, str], str]] = {
    ("invoices", "outcome_unknown"): "false",
    ("allocations", "clears_invoice"): "true",
    ("customers", "is_natural_person"): "false",
    ("payment_terms", "is_prepayment"): "false",
}

_SIGNS: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    ("invoices", frozenset({"customer_id", "due_on"})),
    ("invoices", frozenset({"customer_id", "baseline_on", "issued_on"})),
    ("credit_notes", frozenset({"credit_note_id", "amount"})),
    ("disputes", frozenset({"dispute_id", "opened_on"})),
    ("deliveries", frozenset({"delivery_id", "delivered_on"})),
    ("limits", frozenset({"customer_id", "limit_amount"})),
    ("exchange_rates", frozenset({"rate", "into_currency"})),
    ("payment_terms", frozenset({"terms_code", "net_days"})),
    ("ratings", frozenset({"customer_id", "grade"})),
    ("customer_financials", frozenset({"customer_id", "period_start_on", "revenue"})),
    ("orders", frozenset({"order_id", "ordered_on"})),
    ("payments", frozenset({"customer_id", "paid_on"})),
    ("invoices", frozenset({"customer_id", "issued_on"})),
    ("invoices", frozenset({"invoice_id", "due_on"})),
)


def tables_for(concepts: Collection[str]) -> list[str]:
    """The tables that a file with these concepts fills; none if it is not seen what it is.

    Example:
        >>> tables_for({"customer_id", "due_on", "paid_on", "amount"})
        ['invoices', 'payments', 'allocations']
        >>> tables_for({"customer_id", "industry"}), tables_for({"score"})
        (['customers'], [])
    """
    found = next((table for table, signs in _SIGNS if signs <= set(concepts)), None)
    if found is None:
        return ["customers"] if "customer_id" in concepts and ATTRIBUTES & set(concepts) else []
    if found == "invoices" and "paid_on" in concepts:
        return ["invoices", "payments", "allocations"]
    if found == "payments" and "invoice_id" in concepts:
        return ["payments", "allocations"]
    return [found]


def concepts_of(table: str, column: str) -> tuple[str, ...]:
    """The concepts that can fill a column, the best first."""
    return OTHER_CONCEPTS.get((table, column), (column,))


def wanted_by(tables: Collection[str]) -> set[str]:
    """All concepts that can fill a column of these tables."""
    return {concept for table in tables for c in CONTRACTS[table].columns for concept in concepts_of(table, c.name)}
