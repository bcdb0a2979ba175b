"""Small books, written as a clerk would say them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from data.book import book_of
from data.contracts import CONTRACTS


def day(text):
    return None if text is None else date.fromisoformat(text)


def instant(text):
    return datetime.combine(day(text), datetime.min.time(), UTC)


def table(name, rows):
    contract = CONTRACTS[name]
    return pa.table(
        {column.name: pa.array([row.get(column.name) for row in rows], column.type) for column in contract.columns},
        schema=contract.schema,
    )


class Clerk:
    """Writes invoices, payments, disputes and credit events, each known on its day unless said otherwise."""

    def __init__(self):
        self.rows = {name: [] for name in ("invoices", "payments", "allocations", "disputes", "credit_events")}

    def invoice(
        self,
        invoice_id,
        *,
        due,
        paid=None,
        issued="2024-01-01",
        customer="A",
        amount="1000",
        known=None,
        payment_known=None,
        outcome_unknown=False,
    ):
        self.rows["invoices"].append(
            {
                "invoice_id": invoice_id,
                "customer_id": customer,
                "issued_on": day(issued),
                "due_on": day(due),
                "amount": None if amount is None else Decimal(amount),
                "currency": "EUR",
                "outcome_unknown": outcome_unknown,
                "known_at": instant(known or issued),
                "source": "test",
            }
        )
        if paid is not None:
            self.pays(invoice_id, paid, customer, payment_known or paid)
        return self

    def pays(self, invoice_id, paid, customer, known):
        common = {
            "payment_id": f"P-{invoice_id}",
            "customer_id": customer,
            "known_at": instant(known),
            "source": "test",
        }
        self.rows["payments"].append({**common, "paid_on": day(paid), "currency": "EUR"})
        self.rows["allocations"].append(
            {**common, "invoice_id": invoice_id, "allocated_on": day(paid), "clears_invoice": True}
        )

    def cash(self, payment_id, paid, amount, *, customer="A", known=None, currency="EUR"):
        row = {"payment_id": payment_id, "customer_id": customer, "paid_on": day(paid), "currency": currency}
        money = None if amount is None else Decimal(amount)
        self.rows["payments"].append({**row, "amount": money, "known_at": instant(known or paid), "source": "test"})
        return self

    def dispute(self, invoice_id, *, opened, closed, customer="A"):
        common = {"dispute_id": f"D-{invoice_id}-{opened}", "customer_id": customer, "invoice_id": invoice_id}
        row = {**common, "opened_on": day(opened), "currency": "EUR", "source": "test"}
        self.rows["disputes"].append({**row, "closed_on": None, "known_at": instant(opened)})
        if closed is not None:
            self.rows["disputes"].append({**row, "closed_on": day(closed), "known_at": instant(closed)})
        return self

    def event(self, kind, on, *, customer="A", known=None):
        row = {"customer_id": customer, "kind": kind, "happened_on": day(on), "known_at": instant(known or on)}
        self.rows["credit_events"].append({**row, "source": "test"})
        return self

    def book(self):
        return book_of({name: table(name, rows) for name, rows in self.rows.items() if rows})


@pytest.fixture
def clerk():
    """An empty ledger to write in."""
    return Clerk()


@pytest.fixture(scope="module")
def small_portfolio():
    """40 customers over two years, from well-behaved to slow: one invoice a month, due in 30 days."""
    clerk = Clerk()
    for number in range(40):
        for month in range(24):
            issued = date(2022 + month // 12, month % 12 + 1, 1 + number % 25)
            due = issued + timedelta(days=30)
            slow = (number * 7 + month * 3) % 20 < number // 4
            paid = due + timedelta(days=(number * 5 + month) % 40 if slow else 0)
            clerk.invoice(
                f"I{number}-{month}",
                customer=f"C{number:02}",
                issued=issued.isoformat(),
                due=due.isoformat(),
                paid=paid.isoformat(),
                amount=str(100 + 10 * number + month),
            )
    return clerk.book()
