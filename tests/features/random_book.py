"""Books drawn at random, with every quirk that the contracts allow."""

from datetime import date
from decimal import Decimal
from typing import Any

from tests.features.dice import Draw
from tests.features.random_surroundings import covered, judged, rates, stated
from tests.features.rows import AS_OF, Rows, days, row

LATENESS = (-40, -21, -1, 0, 0, 0, 0, 1, 4, 5, 6, 15, 29, 30, 31, 61, 91, 130, 200)
CUSTOMERS = 30


def random_rows(seed: int, customers: int = CUSTOMERS) -> Rows:
    """A book of ``customers`` customers C0, C1, ... around ``AS_OF``, in EUR and some USD and JPY."""
    draw = Draw(seed, customers)
    for number in range(customers):
        _customer(draw, f"C{number}", number)
    rates(draw)
    for given in draw.rows.values():
        draw.rng.shuffle(given)
    return draw.rows


def _customer(draw: Draw, customer_id: str, number: int) -> None:
    _master(draw, customer_id, number)
    orders = [_order(draw, customer_id, f"{customer_id}-O{n}") for n in range(draw.choice(0, 0, 1, 3, 5))]
    for n in range(draw.choice(0, 1, 3, 6, 12, 24)):
        _invoice(draw, customer_id, f"{customer_id}-I{n}", orders)
    for n in range(draw.choice(0, 0, 1, 2)):
        _free_money(draw, customer_id, n)
    judged(draw, customer_id)
    stated(draw, customer_id)
    covered(draw, customer_id)


LOOP = {1: "C2", 2: "C3", 3: "C1", 4: "C4"}


def _master(draw: Draw, customer_id: str, number: int) -> None:
    """A master record for most. In odd books twenty own each other in a row, in even ones three in a circle."""
    chain = f"C{number + 1}" if 5 <= number < 24 else None
    owner = chain if draw.is_odd else LOOP.get(number)
    if owner:
        known_on = AS_OF - days(draw.choice(950, 950, 950, 30))
        owned = {"customer_id": customer_id, "parent_id": owner, "industry": draw.choice(None, "STEEL")}
        draw.rows["customers"].append(row("customers", known_on=known_on, hour=3, **owned))
    if draw.maybe(0.99 if owner else 0.12):
        return

    def said() -> dict[str, Any]:
        return {
            "is_natural_person": draw.maybe(0.3),
            "parent_id": draw.choice(None, None, chain, LOOP.get(number), draw.someone(), "NOT-A-CUSTOMER"),
            "industry": draw.choice(None, "STEEL", "STEEL", "RETAIL"),
            "region": draw.choice(None, "NORTH", "SOUTH"),
            "size_class": draw.choice(None, "SMALL", "MEDIUM", "LARGE"),
        }

    signed_up_on = AS_OF - days(draw.rng.randint(0, 900))
    changes = (said(), said(), {"signed_up_on": None})
    draw.add("customers", signed_up_on, changes, customer_id=customer_id, signed_up_on=signed_up_on, **said())


def _order(draw: Draw, customer_id: str, order_id: str) -> dict[str, Any]:
    ordered_on, amount, currency = draw.past(), draw.money(), draw.currency()
    cancelled_on = ordered_on + days(draw.choice(0, 10, 90)) if draw.maybe(0.2) else None
    changes = ({"amount": draw.money()}, {"cancelled_on": ordered_on + days(5)}, {"terms_days": 14})
    order = draw.add(
        "orders",
        ordered_on,
        changes,
        order_id=order_id,
        customer_id=customer_id,
        ordered_on=ordered_on,
        amount=amount,
        currency=currency,
        terms_days=draw.choice(None, 0, 30, 60),
        cancelled_on=cancelled_on,
    )
    for part in range(draw.choice(0, 0, 1, 2)):
        _delivery(draw, order, f"{order_id}-L{part}", amount)
    return order


def _delivery(draw: Draw, order: dict[str, Any], delivery_id: str, amount: Decimal | None) -> None:
    delivered_on = order["ordered_on"] + days(draw.choice(-1, 0, 3, 30))
    value = draw.choice(amount, draw.money(), None if amount is None else amount / 4)
    draw.add(
        "deliveries",
        delivered_on,
        ({"amount": draw.money()}, {"order_id": None}),
        delivery_id=delivery_id,
        customer_id=order["customer_id"],
        order_id=order["order_id"] if draw.maybe(0.8) else None,
        delivered_on=delivered_on,
        amount=value,
        currency=draw.choice(order["currency"], draw.currency()),
    )


def _invoice(draw: Draw, customer_id: str, invoice_id: str, orders: list[dict[str, Any]]) -> None:
    issued_on = draw.past()
    # Half of the due dates lie at the edge of a window rather than the issue dates.
    due_on = max(issued_on, draw.past()) if draw.maybe(0.5) else issued_on + days(draw.choice(0, 30, 30, 45))
    if draw.maybe(0.15):
        due_on = max(issued_on, draw.ahead())
    due_on = min(due_on, issued_on + days(400))
    order = draw.rng.choice(orders) if orders and draw.maybe(0.6) else None
    amount = draw.choice(order["amount"], draw.money()) if order else draw.money()
    offered = {}
    if draw.maybe(0.4):
        part = draw.choice(None, Decimal(0), (amount or Decimal(16)) / 16)
        offered = {"discount_until_on": issued_on + days(draw.choice(0, 7, 14)), "discount_amount": part}
    changes = ({"amount": draw.money()}, {"due_on": min(due_on + days(7), issued_on + days(400))}, {"order_id": None})
    first = draw.add(
        "invoices",
        issued_on,
        changes,
        invoice_id=invoice_id,
        customer_id=customer_id,
        issued_on=issued_on,
        due_on=due_on,
        amount=amount,
        currency=order["currency"] if order and draw.maybe(0.8) else draw.currency(),
        interest_rate=draw.choice(None, Decimal("1.5"), Decimal("6.99")),
        outcome_unknown=draw.maybe(0.04),
        order_id=order["order_id"] if order else None,
        document_id=draw.choice(None, None, f"{customer_id}-DOC"),
        **offered,
    )
    _settlement(draw, first, amount or Decimal(160))
    for number in range(draw.choice(0, 0, 0, 1, 1, 2)):
        _dispute(draw, first, amount or Decimal(160), number)


def _settlement(draw: Draw, of: dict[str, Any], amount: Decimal) -> None:
    ways = ("open", "clears", "clears", "clears", "clears", "amount", "parts", "part", "note", "part and note", "more")
    way = draw.choice(*ways, "discount", "discount")
    first_on = of["due_on"] + days(draw.rng.choice(LATENESS))
    second_on = first_on + days(draw.choice(0, 1, 10, 30))
    if way == "clears":
        _allocate(draw, of, first_on, draw.choice(None, amount, amount / 4), clears=True)
    if way == "amount":
        _allocate(draw, of, first_on, amount)
    if way == "more":
        _allocate(draw, of, first_on, amount * draw.choice(2, Decimal("1.25")))
    if way in ("parts", "part", "part and note"):
        _allocate(draw, of, first_on, amount / 4)
    if way == "parts":
        _allocate(draw, of, second_on, draw.choice(amount / 4, amount - amount / 4, amount))
    if way == "discount":
        on = draw.choice(first_on, (of["discount_until_on"] or first_on) + days(draw.choice(-1, 0, 1)))
        _allocate(draw, of, on, amount - amount / 16, discount=draw.choice(amount / 16, amount / 16, None))
    if way in ("note", "part and note"):
        part = draw.choice(amount / 4, amount * 3 / 4, amount)
        _note(draw, of["customer_id"], f"{of['invoice_id']}-N", of["invoice_id"], second_on, part)


def _allocate(draw: Draw, of, on, amount, *, clears=False, discount=None) -> None:
    payment_id = f"{of['invoice_id']}-P{len(draw.rows['allocations'])}"
    changes = ({"clears_invoice": False, "amount": None}, {"allocated_on": on + days(3)}, {"amount": Decimal(0)})
    draw.add(
        "allocations",
        on,
        changes,
        payment_id=payment_id,
        invoice_id=of["invoice_id"],
        customer_id=of["customer_id"],
        allocated_on=on,
        amount=amount,
        discount_amount=discount,
        clears_invoice=clears,
    )
    if draw.maybe(0.9):
        received = draw.choice(amount, amount, None if amount is None else amount * 5 / 4)
        currency = of["currency"] if draw.maybe(0.9) else draw.currency()
        _pay(draw, of["customer_id"], payment_id, on, received, currency)


def _pay(draw: Draw, customer_id: str, payment_id: str, on: date, amount: Decimal | None, currency: str) -> None:
    changes = ({"amount": draw.money()}, {"paid_on": on + days(1)}, {"currency": "USD"})
    paid = {"payment_id": payment_id, "customer_id": customer_id, "paid_on": on, "amount": amount}
    draw.add("payments", on, changes, currency=currency, **paid)


def _note(draw: Draw, customer_id, credit_note_id, invoice_id, on, amount) -> None:
    changes = ({"amount": draw.money()}, {"invoice_id": None}, {"invoice_id": f"{customer_id}-I0"})
    named = {"credit_note_id": credit_note_id, "customer_id": customer_id, "invoice_id": invoice_id}
    draw.add("credit_notes", on, changes, issued_on=on, amount=amount, currency=draw.currency(), **named)


def _dispute(draw: Draw, of: dict[str, Any], amount: Decimal, number: int) -> None:
    opened_on = of["due_on"] + days(draw.rng.randint(-10, 40))
    closed_on = opened_on + days(draw.rng.randint(0, 60))
    changes = ({"closed_on": closed_on}, {"closed_on": closed_on}, {"amount": amount}, {"closed_on": None})
    draw.add(
        "disputes",
        opened_on,
        changes,
        dispute_id=f"{of['invoice_id']}-D{number}",
        customer_id=of["customer_id"],
        invoice_id=of["invoice_id"],
        opened_on=opened_on,
        closed_on=draw.choice(None, None, closed_on),
        amount=draw.choice(None, None, amount, amount / 4, amount * 2),
        currency=of["currency"] if draw.maybe(0.9) else draw.currency(),
    )


def _free_money(draw: Draw, customer_id: str, number: int) -> None:
    """A payment that is allocated to nothing, and a credit note that names no invoice."""
    _pay(draw, customer_id, f"{customer_id}-U{number}", draw.past(), draw.money(), draw.currency())
    if draw.maybe(0.5):
        _note(draw, customer_id, f"{customer_id}-F{number}", None, draw.past(), draw.money())
