"""What lies on a clerk's desk at the end of one day: the rows in force, the rates, the invoices as they stand."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from data.contracts import CONTRACTS
from tests.features.reference.item import Item, stand
from tests.features.reference.versions import files, newest

OLDEST_RATE = timedelta(days=31)
FILED = {
    "invoices": "invoice_id",
    "allocations": "invoice_id",
    "credit_notes": "invoice_id",
    "disputes": "invoice_id",
    "payments": "payment_id",
}


class Desk:
    """The whole book at the end of ``as_of``, in ``currency``."""

    def __init__(self, rows: dict[str, list[dict[str, Any]]], as_of: date, currency: str = "EUR") -> None:
        self.rows, self.as_of, self.currency = rows, as_of, currency
        self.seen = {name: newest(rows.get(name, []), name, as_of) for name in CONTRACTS}

    def ages(self, name: str, customer_id: str, happened_on: str) -> list[tuple[dict[str, Any], int]]:
        """The customer's rows of a table that had happened, each with its age in days."""
        mine = [row for row in self.seen[name] if row["customer_id"] == customer_id]
        return [(row, (self.as_of - row[happened_on]).days) for row in mine if row[happened_on] <= self.as_of]

    def turned(self, row: dict[str, Any], amount: Decimal | None, on: date) -> Decimal | None:
        """An amount of the row in the currency of the book, with the newest rate of the document's day."""
        if amount is None or row["currency"] == self.currency:
            return amount
        by = max(on, row["known_at"].date())
        quotes = {
            quote["quoted_on"]: quote["rate"]
            for quote in newest(self.rows.get("exchange_rates", []), "exchange_rates", by)
            if (quote["currency"], quote["into_currency"]) == (row["currency"], self.currency)
            and on - OLDEST_RATE <= quote["quoted_on"] <= on
        }
        if not quotes:
            return None
        return (amount * quotes[max(quotes)]).quantize(Decimal("0.0001"), ROUND_HALF_UP)

    @cached_property
    def masters(self) -> dict[str, dict[str, Any]]:
        """Master records in force, by customer."""
        return {row["customer_id"]: row for row in self.seen["customers"]}

    @cached_property
    def _items(self) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = {}
        for invoice in self.seen["invoices"]:
            if invoice["issued_on"] <= self.as_of:
                found.setdefault(invoice["customer_id"], []).append(stand(self, invoice))
        return found

    def items(self, customer_id: str) -> list[Item]:
        """The customer's invoices as they stand."""
        return self._items.get(customer_id, [])

    @cached_property
    def known(self) -> set[str]:
        """The customers that a master record or an invoice tells of."""
        return {*self.masters, *self._items}

    @cached_property
    def files(self) -> dict[str, dict[str, list[dict[str, Any]]]]:
        """Everything ever said of an invoice or a payment: what any version once assigned to it is in its file."""
        return {name: files(self.rows.get(name, []), name, column) for name, column in FILED.items()}
