"""How one invoice stands at the end of a day."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.features.reference.versions import newest

if TYPE_CHECKING:
    from tests.features.reference.desk import Desk

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Item:
    """An invoice as it stands; money in the currency of the book, ages in days before the day."""

    invoice: dict[str, Any]
    amount: Decimal | None
    left: Decimal | None
    disputed: Decimal | None
    overpaid: Decimal | None
    discount: Decimal | None
    settled_on: date | None
    is_open: bool
    is_settled: bool
    is_overdue: bool
    is_tested: bool
    age: int
    due_age: int
    settled_age: int | None
    terms: int
    late: int | None
    dpd: int

    @property
    def undisputed(self) -> Decimal | None:
        return None if self.left is None else self.left - self.disputed


def stand(desk: "Desk", invoice: dict[str, Any]) -> Item:
    """The invoice version in force on the desk, as a clerk reads its file on that day."""
    as_of, due_on = desk.as_of, invoice["due_on"]
    reduced, settled_on, disputed, whole = _view(desk, invoice, as_of)
    known = not invoice["outcome_unknown"]
    is_open, is_settled = known and settled_on is None, known and settled_on is not None
    owed = invoice["amount"]
    left = None if owed is None else owed - reduced
    overpaid = None if owed is None else max(NOTHING, reduced - owed)

    def turned(amount):
        return desk.turned(invoice, amount, invoice["issued_on"])

    is_overdue = is_open and not whole and due_on < as_of
    dpd = 0
    if is_overdue:
        dpd = (as_of - due_on).days - _paused(desk, invoice, as_of)
    if is_settled:
        dpd = max(0, (settled_on - due_on).days - _paused(desk, invoice, settled_on))
    return Item(
        invoice=invoice,
        amount=turned(owed),
        left=turned(left),
        disputed=turned(left if whole else disputed),
        overpaid=turned(overpaid),
        discount=turned(invoice["discount_amount"]),
        settled_on=settled_on if is_settled else None,
        is_open=is_open,
        is_settled=is_settled,
        is_overdue=is_overdue,
        is_tested=known and not (is_open and whole),
        age=(as_of - invoice["issued_on"]).days,
        due_age=(as_of - due_on).days,
        settled_age=(as_of - settled_on).days if is_settled else None,
        terms=(due_on - invoice["issued_on"]).days,
        late=(settled_on - due_on).days if is_settled else None,
        dpd=dpd,
    )


def _view(desk, invoice, on):
    """What had been taken off the invoice by ``on``, when that settled it, and what of the rest was in dispute."""
    reduced, settled_on = NOTHING, None
    parts = _parts(desk, invoice, on)
    for counts_on in sorted({part[0] for part in parts}):
        todays = [part for part in parts if part[0] == counts_on]
        reduced += sum((part[1] for part in todays), NOTHING)
        enough = invoice["amount"] is not None and reduced >= invoice["amount"]
        if settled_on is None and (enough or any(part[2] for part in todays)):
            settled_on = counts_on
    disputed, whole = _dispute(desk, invoice, on, reduced)
    return reduced, settled_on, disputed, whole


def _parts(desk, invoice, on):
    """Day, amount and whether it clears, of each allocation and assigned credit note that counts by ``on``."""
    found = []
    for row in filed(desk, "allocations", invoice, on):
        payments = newest(desk.files["payments"].get(row["payment_id"], []), "payments", on)
        ours = all(payment["currency"] == invoice["currency"] for payment in payments)
        taken = (row["amount"] or NOTHING) + (row["discount_amount"] or NOTHING)
        if row["allocated_on"] <= on:
            found.append((row["allocated_on"], taken if ours else NOTHING, row["clears_invoice"]))
    for row in filed(desk, "credit_notes", invoice, on):
        ours = row["currency"] == invoice["currency"]
        if row["issued_on"] <= on:
            found.append((row["issued_on"], (row["amount"] or NOTHING) if ours else NOTHING, False))
    return found


def _dispute(desk, invoice, on, reduced):
    """The disputed part of what is left, and whether that is all of it."""
    raised = [
        row
        for row in filed(desk, "disputes", invoice, on)
        if row["opened_on"] <= on and (row["closed_on"] is None or row["closed_on"] > on)
    ]
    named = [r["amount"] for r in raised if r["amount"] is not None and r["currency"] == invoice["currency"]]
    disputed = sum(named, NOTHING)
    covered = invoice["amount"] is not None and disputed >= invoice["amount"] - reduced
    return disputed, covered or any(row["amount"] is None for row in raised)


def _paused(desk, invoice, until):
    """Days after due, up to ``until``, at whose end the whole invoice was seen to be open and in dispute."""
    if not desk.files["disputes"].get(invoice["invoice_id"]):
        return 0
    days = ((until - invoice["due_on"]).days if until > invoice["due_on"] else 0) + 1
    return sum(_stopped(desk, invoice, invoice["due_on"] + timedelta(days=ago)) for ago in range(1, days))


def _stopped(desk, invoice, on):
    for then in filed(desk, "invoices", invoice, on):
        if then["issued_on"] <= on:
            _, settled_on, _, whole = _view(desk, then, on)
            return settled_on is None and whole
    return False


def filed(desk, name, invoice, on):
    """The rows of a table that, as known at the end of ``on``, belong to the invoice."""
    rows = newest(desk.files[name].get(invoice["invoice_id"], []), name, on)
    return [row for row in rows if row["invoice_id"] == invoice["invoice_id"]]
