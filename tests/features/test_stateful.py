"""A credit department at work, step by step: after any sequence of bookings the features equal the plain reference.

The book only grows: a correction, a withdrawal or a closed dispute is a further version of a row. So what was built on
an earlier day must come out again on every later one.
"""

import functools
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition
from hypothesis.stateful import rule as rule_of

from data.contracts import CONTRACTS
from features.feature_sets import STORED
from tests.features.ledger import features_of
from tests.features.reference.customer import features_on
from tests.features.reference.desk import Desk
from tests.features.rows import days, row
from tests.features.test_laws import differences

NAMES = STORED.names
WHO = ("A", "B", "C")
BEGIN = date(2023, 11, 1)
STEPS = 15
COMPARED = (5, STEPS)  # after how many steps what was built so far is compared

customers = st.sampled_from(WHO)
amounts = st.sampled_from([None, Decimal(40), Decimal(100), Decimal("250.50")])
currencies = st.sampled_from(["EUR", "EUR", "EUR", "USD", "JPY"])
picks = st.integers(0, 10**6)


def rule(**strategies):
    """A rule before which some days may pass."""

    def made(step):
        @functools.wraps(step)
        def later(self, wait=0, **given):
            self.pass_days(wait)
            step(self, **given)

        del later.__wrapped__  # so that the waiting is among its arguments
        return rule_of(wait=st.sampled_from([0, 0, 1, 6, 31]), **strategies)(later)

    return made


class CreditDepartment(RuleBasedStateMachine):
    """What is booked today counts from today, or from some days ago."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = {name: [] for name in CONTRACTS}
        self.today = BEGIN
        self.booked = 0
        self.days = [BEGIN]
        self.then: dict[tuple[str, date], dict[str, float | None]] = {}

    def book(self, table, **values):
        """A row, or a further version of one, at an instant of its own."""
        self.booked += 1
        made = row(table, known_on=self.today, **values)
        made["known_at"] = datetime.combine(self.today, time(8), tzinfo=made["known_at"].tzinfo)
        made["known_at"] += timedelta(minutes=self.booked)
        self.rows[table].append(made)

    def in_force(self, table):
        """The newest version of each row, in the order in which they were first booked."""
        found = {}
        for given in self.rows[table]:
            found[tuple(given[name] for name in CONTRACTS[table].key)] = given
        return list(found.values())

    def pick(self, table, pick):
        rows = self.in_force(table)
        return rows[pick % len(rows)]

    def again(self, table, old, **changes):
        self.book(table, **{name: value for name, value in old.items() if name != "known_at"} | changes)

    @initialize(parents=st.tuples(*(st.sampled_from([None, "A", "B", "C"]) for _ in WHO)))
    def master_data(self, parents):
        for who, parent in zip(WHO[:2], parents, strict=False):  # C is known by its invoices only
            industry = {"industry": "STEEL", "region": "NORTH", "size_class": "SMALL"}
            self.book("customers", customer_id=who, signed_up_on=BEGIN, parent_id=parent, **industry)
        for ago, rate in ((40, "0.5"), (3, "0.9123")):
            pair = {"currency": "USD", "into_currency": "EUR", "rate": Decimal(rate)}
            self.book("exchange_rates", quoted_on=BEGIN - days(ago), **pair)

    @rule_of(count=st.sampled_from([5, 29, 95, 370]))
    def nothing_happens(self, count):
        self.pass_days(count)

    def pass_days(self, count):
        if count:
            self.today += days(count)
            self.days.append(self.today)

    @rule(who=customers, amount=amounts, currency=currencies, terms=st.sampled_from([None, 0, 30]))
    def order(self, who, amount, currency, terms):
        number = {"order_id": f"O{self.booked}", "terms_days": terms}
        self.book("orders", customer_id=who, ordered_on=self.today, amount=amount, currency=currency, **number)

    @precondition(lambda self: self.rows["orders"])
    @rule(pick=picks, part=st.sampled_from([Decimal("0.25"), Decimal(1)]), named=st.booleans())
    def deliver(self, pick, part, named):
        order = self.pick("orders", pick)
        value = None if order["amount"] is None else order["amount"] * part
        whose = {"customer_id": order["customer_id"], "order_id": order["order_id"] if named else None}
        what = {"delivery_id": f"L{self.booked}", "amount": value, "currency": order["currency"]}
        self.book("deliveries", delivered_on=self.today, **whose, **what)

    @precondition(lambda self: self.rows["orders"])
    @rule(pick=picks)
    def cancel_order(self, pick):
        self.again("orders", self.pick("orders", pick), cancelled_on=self.today)

    @rule(
        who=customers,
        amount=amounts,
        currency=currencies,
        terms=st.sampled_from([0, 10, 30]),
        ago=st.sampled_from([0, 2]),
        pick=picks,
        offers=st.booleans(),
    )
    def invoice(self, who, amount, currency, terms, ago, pick, offers):
        issued_on = self.today - days(ago)
        orders = [order for order in self.in_force("orders") if order["customer_id"] == who]
        billed = {"order_id": orders[pick % len(orders)]["order_id"]} if orders and pick % 3 else {}
        offer = {"discount_until_on": issued_on + days(7), "discount_amount": Decimal(2)} if offers else {}
        dated = {"issued_on": issued_on, "due_on": issued_on + days(terms)}
        named = {"invoice_id": f"I{self.booked}", "customer_id": who}
        self.book("invoices", amount=amount, currency=currency, **named, **dated, **billed, **offer)

    @precondition(lambda self: self.rows["invoices"])
    @rule(
        pick=picks,
        part=st.sampled_from([Decimal("0.5"), Decimal(1), Decimal("1.5")]),
        discount=st.sampled_from([None, Decimal(2)]),
        clears=st.booleans(),
        currency=currencies,
    )
    def pay(self, pick, part, discount, clears, currency):
        """In part, in full or too much; from a payment in this currency or another."""
        invoice = self.pick("invoices", pick)
        amount = None if invoice["amount"] is None else invoice["amount"] * part
        self.receive(who=invoice["customer_id"], amount=amount, currency=currency)
        self.allocate(pick=pick, ago=0, amount=amount, discount=discount, clears=clears)

    @rule(who=customers, amount=amounts, currency=currencies)
    def receive(self, who, amount, currency):
        """A payment that nobody has applied yet."""
        named = {"payment_id": f"P{self.booked}", "customer_id": who}
        self.book("payments", paid_on=self.today, amount=amount, currency=currency, **named)

    @precondition(lambda self: self.rows["invoices"] and self.rows["payments"])
    @rule(pick=picks, ago=st.sampled_from([0, 1, 5]), amount=amounts)
    def allocate(self, pick, ago, amount, discount=None, clears=False):
        """A part of the newest payment to an invoice, now and then booked late."""
        invoice, payment = self.pick("invoices", pick), self.in_force("payments")[-1]
        named = {"payment_id": payment["payment_id"], "invoice_id": invoice["invoice_id"]}
        money = {"amount": amount, "discount_amount": discount, "clears_invoice": clears}
        self.book(
            "allocations",
            customer_id=payment["customer_id"],
            allocated_on=self.today - days(ago),
            **named,
            **money,
        )

    @rule(who=customers, amount=amounts, currency=currencies, pick=picks)
    def credit_note(self, who, amount, currency, pick):
        rows = self.in_force("invoices")
        invoice_id = rows[pick % len(rows)]["invoice_id"] if rows and pick % 4 else None
        named = {"credit_note_id": f"N{self.booked}", "customer_id": who, "invoice_id": invoice_id}
        self.book("credit_notes", issued_on=self.today, amount=amount, currency=currency, **named)

    @precondition(lambda self: self.rows["invoices"])
    @rule(pick=picks, amount=st.sampled_from([None, None, Decimal(40), Decimal(300)]))
    def dispute(self, pick, amount):
        invoice = self.pick("invoices", pick)
        named = {"dispute_id": f"D{self.booked}", "customer_id": invoice["customer_id"]}
        what = {"invoice_id": invoice["invoice_id"], "amount": amount, "currency": invoice["currency"]}
        self.book("disputes", opened_on=self.today, **named, **what)

    @precondition(lambda self: self.rows["disputes"])
    @rule(pick=picks)
    def close_dispute(self, pick):
        self.again("disputes", self.pick("disputes", pick), closed_on=self.today)

    @precondition(lambda self: self.rows["invoices"])
    @rule(
        pick=picks,
        change=st.sampled_from(
            [
                {"amount": Decimal(77)},
                {"customer_id": "B"},
                {"order_id": None},
                {"is_deleted": True},
                {"is_deleted": False},
            ]
        ),
    )
    def correct_invoice(self, pick, change):
        """Another amount or customer, withdrawn, or stated again after that."""
        self.again("invoices", self.pick("invoices", pick), **change)

    @precondition(lambda self: self.rows["allocations"])
    @rule(pick=picks, change=st.sampled_from([{"is_deleted": True}, {"amount": Decimal(0), "clears_invoice": False}]))
    def take_allocation_back(self, pick, change):
        self.again("allocations", self.pick("allocations", pick), **change)

    @precondition(lambda self: self.rows["payments"])
    @rule(pick=picks, change=st.sampled_from([{"is_deleted": True}, {"currency": "USD"}, {"customer_id": "A"}]))
    def correct_payment(self, pick, change):
        self.again("payments", self.pick("payments", pick), **change)

    @rule(who=customers, rank=st.integers(1, 10), agency=st.sampled_from(["INTERNAL", "ONE"]), lasts=st.booleans())
    def rating(self, who, rank, agency, lasts):
        named = {"customer_id": who, "agency": agency, "rated_on": self.today}
        until = None if lasts else self.today + days(6)
        self.book("ratings", grade=str(rank), rank=rank, ranks=10, valid_to_on=until, **named)

    @rule(who=customers, amount=st.sampled_from([Decimal(0), Decimal(150), Decimal(1000)]), currency=currencies)
    def limit(self, who, amount, currency):
        self.book("limits", customer_id=who, valid_from_on=self.today, amount=amount, currency=currency)

    @rule(who=customers, kind=st.sampled_from(["DUNNING", "LEGAL", "WRITE_OFF", "INSOLVENCY"]), amount=amounts)
    def credit_event(self, who, kind, amount):
        self.book("credit_events", customer_id=who, kind=kind, happened_on=self.today, amount=amount)

    @rule(who=customers, parent=st.sampled_from([None, "A", "B", "C"]))
    def change_owner(self, who, parent):
        self.book("customers", customer_id=who, parent_id=parent, industry="STEEL")

    @rule(rate=st.sampled_from(["0.5", "1.25"]))
    def quote(self, rate):
        pair = {"currency": "USD", "into_currency": "EUR", "rate": Decimal(rate)}
        self.book("exchange_rates", quoted_on=self.today, **pair)

    @invariant()
    def the_features_are_right(self):
        if self.steps_taken() in COMPARED:
            self.compare()

    def steps_taken(self):
        self.taken = getattr(self, "taken", -1) + 1
        return self.taken

    def compare(self):
        """Today, the last days on which anything was booked, and the first: against the reference and against then."""
        dates = sorted({BEGIN, *self.days[-4:]})
        cases = [(who, on) for on in dates for who in WHO]
        desks = {on: Desk(self.rows, on) for on in dates}
        built = features_of(self.rows, cases, NAMES)
        assert differences(cases, built, [features_on(desks[on], who) for who, on in cases], exact=False) == []
        # What was built before the day was over may still change on it.
        said = [(case, found, self.then[case]) for case, found in zip(cases, built, strict=True) if case in self.then]
        assert differences(*zip(*said, strict=True)) == [] if said else True
        self.then |= {case: found for case, found in zip(cases, built, strict=True) if case[1] < self.today}


TestCreditDepartment = CreditDepartment.TestCase
TestCreditDepartment.settings = settings(
    max_examples=12, stateful_step_count=STEPS, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)
