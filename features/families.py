"""The families of features: each is a file of its own, and this is the one list of them.

A family is of the kind that its source asks for. *Item* families are sums over the invoices that a case could
see. *Table* families read other tables of the book, or the items in a way that is no sum. *Derived*
families are arithmetic over features that others made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import ibis

from data.contracts import CONTRACTS
from features import (
    activity,
    aging,
    altman,
    behaviour,
    commitments,
    credit_events,
    customer,
    discounts,
    dispute_rates,
    disputes,
    dso,
    due,
    due_weeks,
    event_kinds,
    exposure,
    exposure_use,
    financials,
    group,
    limits_in_force,
    material_dpd,
    open_items,
    order_behaviour,
    orders,
    payment_index,
    payment_trend,
    payments,
    peers,
    ratings,
    recent_outcomes,
    seasonality,
    securities,
    statement_ratios,
    terms,
    terms_use,
    thin_file,
    unapplied,
)
from features.catalogue import Feature
from features.versions import of_customers, versions

if TYPE_CHECKING:  # the book brings the lake with it, which a service that reads the catalogue does not need
    from data.book import Book


@dataclass(frozen=True)
class Sight:
    """What a table family may look at.

    Attributes:
        book: The book.
        cases: Output of `features.as_of.cases_of`, shape (n_cases, 4).
        items: Output of `features.items.items` for the customers of the cases and their neighbours, or of all.
        seen: Output of `features.seen_items.seen_items`: one row per case and invoice that it could see.
        everyone: Whether the cases are of most of the customers, so that their rows need not be looked for.
    """

    book: "Book"
    cases: ibis.Table
    items: ibis.Table
    seen: ibis.Table
    everyone: bool = False

    def versions(self, name: str) -> ibis.Table:
        """The versions by day of what ever belonged to a customer of the cases; with ``everyone``, of a whole table."""
        key, rows = CONTRACTS[name].key, self.book[name]
        return self.book.held(versions(rows if self.everyone else of_customers(rows, key, self.cases), key))


@dataclass(frozen=True)
class ItemFamily:
    """Sums over the rows of ``seen`` of one case.

    Attributes:
        features: What it makes.
        sums: ``seen`` -> aggregates by name.
        facts: Table of these, one row per case -> its features, float64 columns by name.
    """

    features: tuple[Feature, ...]
    sums: Callable[[ibis.Table], dict[str, Any]]
    facts: Callable[[ibis.Table], dict[str, Any]]


@dataclass(frozen=True)
class TableFamily:
    """Facts from elsewhere: one row per case that has any, ``case_no`` and float64 features.

    Attributes:
        features: What it makes.
        facts: Their rows.
        neighbours: Whose items it reads beside those of the cases: book and cases -> table of ``customer_id``.
    """

    features: tuple[Feature, ...]
    facts: Callable[[Sight], ibis.Table]
    neighbours: "Callable[[Book, ibis.Table], ibis.Table] | None" = None


@dataclass(frozen=True)
class DerivedFamily:
    """Arithmetic over features of other families.

    Attributes:
        features: What it makes.
        inputs: Names of the features that it reads; they may be derived by a family further up the list.
        facts: Columns of the inputs by name -> its features by name. A known customer's counts and sums are filled in.
    """

    features: tuple[Feature, ...]
    inputs: tuple[str, ...]
    facts: Callable[[Mapping[str, Any]], dict[str, Any]]


ITEM_FAMILIES: Final[dict[str, ItemFamily]] = {
    "behaviour": ItemFamily(behaviour.FEATURES, behaviour.sums, behaviour.facts),
    "payment_index": ItemFamily(payment_index.FEATURES, payment_index.sums, payment_index.facts),
    "due": ItemFamily(due.FEATURES, due.sums, due.facts),
    "open_items": ItemFamily(open_items.FEATURES, open_items.sums, open_items.facts),
    "activity": ItemFamily(activity.FEATURES, activity.sums, activity.facts),
    "terms": ItemFamily(terms.FEATURES, terms.sums, terms.facts),
    "aging": ItemFamily(aging.FEATURES, aging.sums, aging.facts),
    "collection": ItemFamily(dso.COLLECTION_FEATURES, dso.sums, dso.facts),
    "payment_trend": ItemFamily(payment_trend.FEATURES, payment_trend.sums, payment_trend.facts),
    "discounts": ItemFamily(discounts.FEATURES, discounts.sums, discounts.facts),
    "seasonality": ItemFamily(seasonality.FEATURES, seasonality.sums, seasonality.facts),
    "overpaid": ItemFamily(unapplied.OVERPAID_FEATURES, unapplied.overpaid_sums, unapplied.overpaid_facts),
    "terms_use": ItemFamily(terms_use.FEATURES, terms_use.sums, terms_use.facts),
    "due_weeks": ItemFamily(due_weeks.FEATURES, due_weeks.sums, due_weeks.facts),
    "recent_outcomes": ItemFamily(recent_outcomes.FEATURES, recent_outcomes.sums, recent_outcomes.facts),
}

TABLE_FAMILIES: Final[dict[str, TableFamily]] = {
    "payments": TableFamily(payments.FEATURES, payments.facts),
    "revenue": TableFamily(financials.REVENUE_FEATURES, financials.revenue_facts),
    "statements": TableFamily(financials.STATEMENT_FEATURES, financials.statement_facts),
    "disputes": TableFamily(disputes.DISPUTE_FEATURES, disputes.dispute_facts),
    "credit_notes": TableFamily(disputes.CREDIT_NOTE_FEATURES, disputes.credit_note_facts),
    "credit_events": TableFamily(credit_events.FEATURES, credit_events.facts),
    "orders": TableFamily(orders.FEATURES, orders.facts),
    "customer": TableFamily(customer.FEATURES, customer.facts),
    "material_dpd": TableFamily(material_dpd.FEATURES, material_dpd.facts),
    "peak": TableFamily(exposure.FEATURES, lambda sight: exposure.facts(sight.seen)),
    "unapplied_cash": TableFamily(unapplied.CASH_FEATURES, unapplied.cash_facts),
    "unassigned_credit": TableFamily(unapplied.CREDIT_FEATURES, unapplied.credit_facts),
    "dispute_rows": TableFamily(dispute_rates.ROW_FEATURES, dispute_rates.row_facts),
    "credit_note_count": TableFamily(dispute_rates.CREDIT_NOTE_FEATURES, dispute_rates.credit_note_facts),
    "dispute_shares": TableFamily(dispute_rates.SHARE_FEATURES, dispute_rates.share_facts),
    "terms_lengthening": TableFamily(
        terms_use.LENGTHENING_FEATURES, lambda sight: terms_use.lengthening_facts(sight.seen)
    ),
    "commitments": TableFamily(commitments.FEATURES, commitments.facts),
    "limits_in_force": TableFamily(limits_in_force.FEATURES, limits_in_force.facts),
    "securities": TableFamily(securities.FEATURES, securities.facts),
    "order_behaviour": TableFamily(order_behaviour.FEATURES, order_behaviour.facts),
    "peers": TableFamily(peers.FEATURES, peers.facts, peers.neighbours),
    "ratings": TableFamily(ratings.FEATURES, ratings.facts),
    "statement_ratios": TableFamily(statement_ratios.FEATURES, statement_ratios.facts),
    "altman": TableFamily(altman.FEATURES, altman.facts),
    "event_kinds": TableFamily(event_kinds.FEATURES, event_kinds.facts),
    "group": TableFamily(group.FEATURES, group.facts, group.neighbours),
}

DERIVED_FAMILIES: Final[dict[str, DerivedFamily]] = {
    "credit_note_share": DerivedFamily(
        disputes.SHARE_FEATURES, ("credited_amount_365d", "invoiced_amount_365d"), disputes.share_facts
    ),
    "dso": DerivedFamily(dso.FEATURES, dso.INPUTS, dso.derived_facts),
    "payment_change": DerivedFamily(payment_trend.CHANGE_FEATURES, payment_trend.INPUTS, payment_trend.change_facts),
    "discount_lapse": DerivedFamily(discounts.LAPSE_FEATURES, discounts.LAPSE_INPUTS, discounts.lapse_facts),
    "exposure_use": DerivedFamily(exposure_use.FEATURES, exposure_use.INPUTS, exposure_use.facts),
    "order_terms": DerivedFamily(
        order_behaviour.TERMS_FEATURES, order_behaviour.TERMS_INPUTS, order_behaviour.terms_facts
    ),
    "beside_peers": DerivedFamily(peers.BESIDE_FEATURES, peers.BESIDE_INPUTS, peers.beside_facts),
    "group_share": DerivedFamily(group.SHARE_FEATURES, group.SHARE_INPUTS, group.share_facts),
    "thin_file": DerivedFamily(thin_file.FEATURES, thin_file.INPUTS, thin_file.facts),
}
