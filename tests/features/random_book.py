"""Books drawn at random, with every quirk that the contracts allow, dates aimed at the edges of the windows."""

import random
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from data.contracts import CONTRACTS
from tests.features.rows import AS_OF, Rows, days, instant, row

EDGES = (0, 1, 4, 5, 6, 29, 30, 31, 89, 90, 91, 179, 180, 181, 274, 275, 276, 359, 360, 364, 365, 366, 454, 455)
LATENESS = (-40, -21, -1, 0, 0, 0, 0, 1, 4, 5, 6, 15, 29, 30, 31, 61, 91, 130, 200)
KNOWLEDGE_LAG = (0, 0, 0, 0, 1, 1, 3, 12, -2)
CUSTOMERS = 30


def random_rows(seed: int, customers: int = CUSTOMERS) -> Rows:
    """A book of ``customers`` customers C0, C1, ... around ``AS_OF``, in EUR and some USD and JPY."""
    draw = Draw(seed, customers)
    for number in range(customers):
        _customer(draw, f"C{number}", number)
    _rates(draw)
    for given in draw.rows.values():
        draw.rng.shuffle(given)
    return draw.rows


class Draw:
    """The dice, and the rows drawn so far."""

    def __init__(self, seed: int, customers: int) -> None:
        self.rng = random.Random(seed)
        self.customers = customers
        self.rows: Rows = {name: [] for name in CONTRACTS}
        self.deep = self.maybe(0.4)

    def maybe(self, chance: float) -> bool:
        return self.rng.random() < chance

    def choice(self, *of: Any) -> Any:
        return self.rng.choice(of)

    def ago(self) -> int:
        return self.rng.choice(EDGES) if self.maybe(0.5) else self.rng.randint(-5, self.choice(100, 420, 760))

    def past(self) -> date:
        return AS_OF - days(self.ago())

    def known(self, happened_on: date) -> date:
        """Mostly soon after; one in five at the very edge of what is known at ``AS_OF``, where a leak would show."""
        edge = AS_OF + days(self.choice(0, 1, 1))
        if self.maybe(0.2) and happened_on <= edge:
            return edge
        return happened_on + days(self.rng.choice(KNOWLEDGE_LAG))

    def money(self) -> Decimal | None:
        """A multiple of 0.16, so that quarters of quarters are still money."""
        return None if self.maybe(0.08) else Decimal(self.rng.randint(1, 9999)) * Decimal("0.16")

    def currency(self) -> str:
        return self.rng.choices(("EUR", "USD", "JPY"), (90, 8, 2))[0]

    def someone(self) -> str:
        return f"C{self.rng.randrange(self.customers)}"

    def add(self, table: str, since: date, changes: tuple[Mapping[str, Any], ...] = (), /, **values: Any) -> dict:
        """A row, now and then corrected, moved to another customer or withdrawn, once or twice; returns the first."""
        known_on = self.known(since)
        first = latest = row(table, known_on=known_on, hour=6, **values)
        self.rows[table].append(first)
        moved = {"customer_id": self.someone()} if "customer_id" not in CONTRACTS[table].key else {}
        for hour in (9, 18):
            if not self.maybe(0.12):
                break
            change = self.choice(*changes, moved, {"is_deleted": True})
            known_on += days(self.choice(0, 1, 20, 60))
            latest = latest | {"is_deleted": False} | change | {"known_at": instant(known_on, hour)}
            self.rows[table].append(latest)
        return first


def _customer(draw: Draw, customer_id: str, number: int) -> None:
    _master(draw, customer_id, number)
    orders = [_order(draw, customer_id, f"{customer_id}-O{n}") for n in range(draw.choice(0, 0, 1, 3, 5))]
    for n in range(draw.choice(0, 1, 3, 6, 12, 24)):
        _invoice(draw, customer_id, f"{customer_id}-I{n}", orders)
    for n in range(draw.choice(0, 0, 1, 2)):
        _free_money(draw, customer_id, n)
    _judged(draw, customer_id)
    _stated(draw, customer_id)
    _covered(draw, customer_id)


def _master(draw: Draw, customer_id: str, number: int) -> None:
    """A master record for most, some corrected; owners in a long chain, in a loop, unknown, or anybody."""
    chain = f"C{number + 1}" if 5 <= number < 24 else None
    owner = chain if draw.deep and chain else draw.choice(None, None, chain, draw.someone(), "NOT-A-CUSTOMER")
    loop = {1: "C2", 2: "C3", 3: "C1", 4: "C4"}.get(number)
    if draw.maybe(0.03 if draw.deep else 0.12):
        return

    def said() -> dict[str, Any]:
        return {
            "is_natural_person": draw.maybe(0.3),
            "parent_id": draw.choice(owner, owner, owner, loop or owner, draw.someone()),
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
    due_on = max(issued_on, draw.past()) if draw.maybe(0.5) else issued_on + days(draw.rng.randint(0, 60))
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


def _judged(draw: Draw, customer_id: str) -> None:
    for ago in draw.rng.sample(EDGES, draw.choice(0, 0, 1, 3)):
        happened_on, kind = AS_OF - days(ago), draw.choice("DUNNING", "DUNNING", "LEGAL", "WRITE_OFF", "INSOLVENCY")
        event = {"happened_on": happened_on, "kind": kind, "amount": draw.money()}
        changes = ({"amount": draw.money()},)
        draw.add("credit_events", happened_on, changes, customer_id=customer_id, currency=draw.currency(), **event)
    for agency in draw.rng.sample(("INTERNAL", "ONE", "TWO"), draw.choice(0, 1, 2)):
        for ago in draw.rng.sample((*EDGES, 500, 730), draw.choice(1, 2, 4)):
            rated_on, ranks = AS_OF - days(ago), draw.choice(None, 10, 10, 7)
            rated = {
                "rated_on": rated_on,
                "agency": agency,
                "grade": "A",
                "ranks": ranks,
                "rank": draw.choice(None, *range(1, 1 + (ranks or 7))),
                "valid_to_on": draw.choice(None, None, rated_on + days(draw.choice(0, 180, ago, ago + 1))),
            }
            draw.add("ratings", rated_on, ({"rank": 1},), customer_id=customer_id, **rated)


SUMS = (
    "total_assets",
    "current_assets",
    "current_liabilities",
    "total_liabilities",
    "intangible_assets",
    "cash",
    "receivables",
    "inventories",
    "payables",
    "financial_debt",
    "revenue",
    "cost_of_sales",
    "depreciation",
    "interest_expense",
)
SIGNED = ("retained_earnings", "equity", "ebit", "net_income", "operating_cash_flow")


def _stated(draw: Draw, customer_id: str) -> None:
    months = [date(2023, month, 1) for month in range(2, 13)] + [date(2024, month, 1) for month in (1, 2, 3)]
    for month in draw.rng.sample(months, draw.choice(0, 2, 3, 9)):
        stated = {"revenue": draw.money(), "employees": draw.choice(None, 3, 40), "currency": draw.currency()}
        changes = ({"revenue": draw.money()}, {"employees": 7})
        draw.add("customer_financials", month, changes, customer_id=customer_id, period_start_on=month, **stated)
    for year in draw.rng.sample((2020, 2021, 2022, 2023), draw.choice(0, 1, 2, 3)):
        ended_on, rarely = date(year, 12, 31), 0.07
        figures = {name: None if draw.maybe(rarely) else Decimal(draw.rng.randint(0, 500)) for name in SUMS}
        figures |= {name: None if draw.maybe(rarely) else Decimal(draw.rng.randint(-100, 400)) for name in SIGNED}
        kept = {"period_months": draw.choice(None, 12, 6, 18), "is_audited": draw.choice(None, True, False)}
        known_on = ended_on + timedelta(days=draw.choice(30, 61, 100))
        changes = ({"equity": Decimal(50)}, {"revenue": Decimal(900)}, {"total_assets": None})
        named = {"customer_id": customer_id, "fiscal_year_end_on": ended_on, "currency": draw.currency()}
        draw.add("statements", known_on, changes, **named, **kept, **figures)


def _covered(draw: Draw, customer_id: str) -> None:
    """Limits and securities, with the day they begin or end at the edge."""
    for ago in draw.rng.sample(EDGES, draw.choice(0, 0, 1, 2, 3)):
        valid_from_on = AS_OF - days(ago)
        amount = draw.choice(Decimal(0), *(Decimal(draw.rng.randint(1, 99)) * 160 for _ in range(5)))
        known_on = valid_from_on - days(draw.choice(0, 30))
        limit = {"valid_from_on": valid_from_on, "valid_to_on": _end(draw, valid_from_on), "amount": amount}
        changes = ({"amount": amount * 2}, {"valid_to_on": AS_OF})
        draw.add("limits", known_on, changes, customer_id=customer_id, currency=draw.currency(), **limit)
    for number in range(draw.choice(0, 0, 1, 2)):
        valid_from_on = draw.past()
        security = {
            "security_id": f"{customer_id}-S{number}",
            "customer_id": customer_id,
            "kind": draw.choice("INSURANCE", "INSURANCE", "GUARANTEE", "LETTER_OF_CREDIT", "DEPOSIT"),
            "valid_from_on": valid_from_on,
            "valid_to_on": _end(draw, valid_from_on),
            "amount": Decimal(draw.rng.randint(0, 99)) * 160,
            "currency": draw.currency(),
            "covered_percent": draw.choice(None, Decimal(90), Decimal("66.666667")),
        }
        draw.add("securities", valid_from_on, ({"valid_to_on": AS_OF - days(1)},), **security)


def _end(draw: Draw, begin: date) -> date | None:
    return draw.choice(None, None, max(begin, AS_OF + days(draw.choice(-46, -45, -1, 0, 1, 200))))


def _rates(draw: Draw) -> None:
    """Quotes for USD with gaps longer than a month, corrected now and then; the other way round too; none for JPY."""
    ago = 800
    while ago > -10:
        quoted_on = AS_OF - days(ago)
        for pair in (("USD", "EUR"), ("EUR", "USD"), ("GBP", "EUR")):
            rate = {"currency": pair[0], "into_currency": pair[1], "quoted_on": quoted_on}
            value = Decimal(draw.rng.randint(8 * 10**7, 11 * 10**7)) / 10**8
            draw.add("exchange_rates", quoted_on, ({"rate": value * 2},), rate=value, **rate)
        ago -= draw.choice(1, 7, 31, 32, 60)
