"""Small books written by hand, and larger ones drawn at random, for the tests of the features."""

import functools
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from data.book import Book, book_of
from data.contracts import CONTRACTS
from features.build import build
from features.feature_sets import STORED

Rows = dict[str, list[dict[str, Any]]]

AS_OF = date(2024, 3, 1)

FILLED = {
    "currency": "EUR",
    "source": "test",
    "is_natural_person": False,
    "outcome_unknown": False,
    "clears_invoice": False,
    "is_deleted": False,
}


def day(text: str) -> date:
    """A date in 2024 as MM-DD, or any as YYYY-MM-DD."""
    return date.fromisoformat(text if len(text) == 10 else f"2024-{text}")


def days(count: int) -> timedelta:
    return timedelta(days=count)


def row(table: str, *, known_on: date, hour: int = 12, **values: Any) -> dict[str, Any]:
    """One row of a table: what is not given is null, or the plainest value where the contract wants one."""
    blank = {name: FILLED.get(name) for name in CONTRACTS[table].names}
    return blank | values | {"known_at": datetime.combine(known_on, time(hour), tzinfo=UTC)}


def invoice(invoice_id="I1", *, issued="2024-01-01", due="2024-01-31", amount="100", customer_id="C1", **more):
    issued_on, due_on = day(issued), day(due)
    more.setdefault("known_on", issued_on)
    money = None if amount is None else Decimal(amount)
    return row(
        "invoices",
        invoice_id=invoice_id,
        customer_id=customer_id,
        issued_on=issued_on,
        due_on=due_on,
        amount=money,
        **more,
    )


def allocation(invoice_id="I1", *, on, amount=None, clears=False, payment_id=None, customer_id="C1", **more):
    more.setdefault("known_on", day(on))
    return row(
        "allocations",
        payment_id=payment_id or f"P-{invoice_id}-{on}",
        invoice_id=invoice_id,
        customer_id=customer_id,
        allocated_on=day(on),
        amount=None if amount is None else Decimal(amount),
        clears_invoice=clears,
        **more,
    )


def tables_of(rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, pa.Table]:
    return {name: pa.Table.from_pylist(list(given), schema=CONTRACTS[name].schema) for name, given in rows.items()}


def book_from(rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> Book:
    return book_of(tables_of(rows), currency="EUR")


SPINE = pa.schema({"case_id": pa.string(), "customer_id": pa.string(), "as_of": pa.date32()})


def spine_rows(cases: Sequence[tuple[str, date]]) -> pa.Table:
    return pa.Table.from_pylist(
        [{"case_id": f"{index}", "customer_id": who, "as_of": on} for index, (who, on) in enumerate(cases)],
        schema=SPINE,
    )


class LazyBook(Book):
    """A book that computes nothing before the end, so that one query serves whatever its tables hold later."""

    def held(self, rows):
        return rows


class Bench:
    """One engine for many books: an expression is compiled once and run on whatever the tables hold."""

    def __init__(self) -> None:
        empty = book_of({}, currency="EUR")
        self.book = LazyBook(empty.tables, empty.currency, empty.backend)
        self.spine = self.book.backend.create_table("spine", SPINE.empty_table())
        self.compiled: dict[Any, str] = {}

    def put(self, name: str, rows: pa.Table) -> None:
        connection = self.book.backend.con
        connection.register("given", rows)
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given")
        connection.unregister("given")

    def query(self, make: Callable[..., Any], names: Sequence[str]) -> str:
        key = (make, tuple(names))
        if key not in self.compiled:
            self.compiled[key] = str(self.book.backend.compile(make(self.book, self.spine, features=names)))
        return self.compiled[key]

    def features(self, rows: Rows, cases: Sequence[tuple[str, date]], names: Sequence[str], make: Callable[..., Any]):
        query = self.query(make, names)
        for name, contract in CONTRACTS.items():
            self.put(name, pa.Table.from_pylist(list(rows.get(name, [])), schema=contract.schema))
        self.put("spine", spine_rows(cases))
        result = self.book.backend.con.execute(query)
        columns = [column[0] for column in result.description]
        return [dict(zip(columns, values, strict=True)) for values in result.fetchall()]


@functools.cache
def bench() -> Bench:
    return Bench()


def features_of(rows, cases, names, *, make=build) -> list[dict[str, float | None]]:
    """The features of each (customer, as_of), in the order of the cases."""
    # All are built whichever are asked for, so that one compilation serves every test.
    built = bench().features(rows, cases, STORED.names, make)
    built.sort(key=lambda found: int(found["case_id"]))
    return [{name: found[name] for name in names} for found in built]


def one(rows, *names, customer_id="C1", as_of=AS_OF):
    """The features of one customer at one date: a value for one name, else a tuple."""
    found = features_of(rows, [(customer_id, as_of)], list(names))[0]
    return found[names[0]] if len(names) == 1 else tuple(found[name] for name in names)


def as_it_stood(rows: Rows, as_of: date) -> Rows:
    """The book as printed at the end of ``as_of``: rows that became known later are not in it."""
    return {name: [found for found in given if found["known_at"].date() <= as_of] for name, given in rows.items()}


# --- books drawn at random -------------------------------------------------------------------------------------------

EDGES = (0, 1, 4, 5, 6, 29, 30, 31, 89, 90, 91, 179, 180, 181, 364, 365, 366)
LATENESS = (-40, -21, -1, 0, 0, 0, 0, 1, 4, 5, 6, 15, 29, 30, 31, 61, 95, 130, 200)
KNOWLEDGE_LAG = (0, 0, 0, 0, 1, 1, 3, 12, -2)


def random_rows(seed: int, customers: int = 30) -> Rows:
    """A book with every quirk the contracts allow, dates aimed at the edges of the windows around ``AS_OF``."""
    rng = random.Random(seed)
    rows: Rows = {name: [] for name in CONTRACTS}
    for number in range(customers):
        _customer(rng, rows, f"C{number}")
    for given in rows.values():
        rng.shuffle(given)
    return rows


def _ago(rng: random.Random) -> int:
    return rng.choice(EDGES) if rng.random() < 0.5 else rng.randint(-5, 420)


def _known(rng: random.Random, happened_on: date) -> date:
    """Mostly soon after; one in four at the very edge of what is known at ``AS_OF``, where a leak would show."""
    edge = AS_OF + days(rng.choice((0, 1, 1)))
    if rng.random() < 0.25 and happened_on <= edge:
        return edge
    return happened_on + days(rng.choice(KNOWLEDGE_LAG))


def _money(rng: random.Random) -> Decimal | None:
    return None if rng.random() < 0.1 else Decimal(rng.randint(1, 9999)) / 4


def _currency(rng: random.Random) -> str:
    return "USD" if rng.random() < 0.06 else "EUR"


def _customer(rng: random.Random, rows: Rows, customer_id: str) -> None:
    for version in range(rng.choice((0, 1, 1, 1, 2))):
        signed_up = AS_OF - days(rng.randint(0, 900))
        rows["customers"].append(
            row(
                "customers",
                customer_id=customer_id,
                signed_up_on=rng.choice((None, signed_up)),
                is_natural_person=rng.random() < 0.3,
                size_class=rng.choice((None, "SMALL", "MEDIUM", "LARGE")),
                known_on=_known(rng, signed_up) + days(200 * version),
                hour=9 + version,  # the lake keeps no two versions of one instant
            )
        )
    for number in range(rng.choice((0, 1, 3, 6, 12))):
        _invoice(rng, rows, customer_id, f"{customer_id}-I{number}")
    _beside(rng, rows, customer_id)


def _invoice(rng: random.Random, rows: Rows, customer_id: str, invoice_id: str) -> None:
    issued_on = AS_OF - days(_ago(rng))
    # Half of the due dates lie at the edge of a window rather than the issue dates.
    due_on = max(issued_on, AS_OF - days(_ago(rng))) if rng.random() < 0.5 else issued_on + days(rng.randint(0, 60))
    due_on = min(due_on, issued_on + days(400))
    amount, known_on = _money(rng), _known(rng, issued_on)
    first = row(
        "invoices",
        invoice_id=invoice_id,
        customer_id=customer_id,
        issued_on=issued_on,
        due_on=due_on,
        amount=amount,
        currency=_currency(rng),
        interest_rate=rng.choice((None, Decimal("1.5"), Decimal("6.99"))),
        outcome_unknown=rng.random() < 0.04,
        known_on=known_on,
    )
    rows["invoices"].append(first)
    if rng.random() < 0.2:
        changed = rng.choice(({"amount": _money(rng)}, {"due_on": due_on + days(7)}, {"customer_id": "C0"}))
        later = known_on + days(rng.choice((0, 1, 20, 60)))
        rows["invoices"].append(first | changed | {"known_at": datetime.combine(later, time(18), tzinfo=UTC)})
    _settlement(rng, rows, first, amount or Decimal(100))
    if rng.random() < 0.25:
        _dispute(rng, rows, first, amount or Decimal(100))


def _settlement(rng: random.Random, rows: Rows, of: dict[str, Any], amount: Decimal) -> None:
    way = rng.choice(("open", "clears", "clears", "clears", "amount", "parts", "part", "note", "part and note"))
    first_on = of["due_on"] + days(rng.choice(LATENESS))
    second_on = first_on + days(rng.choice((0, 1, 10, 30)))
    if way == "clears":
        _allocate(rng, rows, of, first_on, rng.choice((None, amount, amount / 2)), clears=True)
    if way == "amount":
        _allocate(rng, rows, of, first_on, amount)
    if way in ("parts", "part", "part and note"):
        _allocate(rng, rows, of, first_on, amount / 4)
    if way == "parts":
        _allocate(rng, rows, of, second_on, rng.choice((amount / 4, amount - amount / 4, amount)))
    if way in ("note", "part and note"):
        note = row(
            "credit_notes",
            credit_note_id=f"{of['invoice_id']}-N",
            customer_id=of["customer_id"],
            invoice_id=of["invoice_id"],
            issued_on=second_on,
            amount=rng.choice((amount / 4, amount * 3 / 4, amount)),
            currency=_currency(rng),
            known_on=_known(rng, second_on),
        )
        rows["credit_notes"].append(note)


def _allocate(rng, rows, of, on, amount, *, clears=False) -> None:
    payment_id = f"{of['invoice_id']}-P{len(rows['allocations'])}"
    known_on = _known(rng, on)
    first = row(
        "allocations",
        payment_id=payment_id,
        invoice_id=of["invoice_id"],
        customer_id=of["customer_id"],
        allocated_on=on,
        amount=amount,
        clears_invoice=clears,
        known_on=known_on,
    )
    rows["allocations"].append(first)
    paid = {"payment_id": payment_id, "customer_id": of["customer_id"], "paid_on": on, "amount": amount}
    rows["payments"].append(row("payments", **paid, known_on=known_on, currency=rng.choice((of["currency"], "EUR"))))
    if rng.random() < 0.15:
        changed = rng.choice(({"clears_invoice": False, "amount": None}, {"allocated_on": on + days(3)}))
        later = known_on + days(rng.choice((1, 5, 30)))
        rows["allocations"].append(first | changed | {"known_at": datetime.combine(later, time(18), tzinfo=UTC)})


def _dispute(rng: random.Random, rows: Rows, of: dict[str, Any], amount: Decimal) -> None:
    opened_on = of["due_on"] + days(rng.randint(-10, 10))
    known_on = _known(rng, opened_on)
    first = row(
        "disputes",
        dispute_id=f"{of['invoice_id']}-D",
        customer_id=of["customer_id"],
        invoice_id=of["invoice_id"],
        opened_on=opened_on,
        closed_on=rng.choice((None, opened_on + days(rng.randint(0, 60)))),
        amount=rng.choice((None, amount, amount / 4, amount * 2)),
        currency=_currency(rng),
        known_on=known_on,
    )
    rows["disputes"].append(first)
    if rng.random() < 0.4:
        closed_on = opened_on + days(rng.randint(0, 90))
        later = max(_known(rng, closed_on), known_on + days(1))
        closed = {"closed_on": closed_on, "known_at": datetime.combine(later, time(9), tzinfo=UTC)}
        rows["disputes"].append(first | closed)


def _beside(rng: random.Random, rows: Rows, customer_id: str) -> None:
    """Everything of a customer that hangs on no invoice."""
    months = [date(2023, month, 1) for month in range(2, 13)] + [date(2024, month, 1) for month in (1, 2, 3)]
    for month in rng.sample(months, rng.choice((0, 2, 3, 9))):
        stated = {"revenue": _money(rng), "employees": rng.choice((None, 3, 40)), "currency": _currency(rng)}
        known_on = _known(rng, month)
        rows["customer_financials"].append(
            row("customer_financials", customer_id=customer_id, period_start_on=month, known_on=known_on, **stated)
        )
    for year in rng.sample((2021, 2022, 2023), rng.choice((0, 1, 2))):
        ended_on = date(year, 12, 31)
        figures = {
            name: rng.choice((None, Decimal(rng.randint(-50, 500))))
            for name in ("equity", "intangible_assets", "current_assets", "current_liabilities")
        }
        known_on = ended_on + days(rng.choice((30, 61, 100)))
        kept = {"fiscal_year_end_on": ended_on, "currency": _currency(rng), "known_on": known_on}
        rows["statements"].append(row("statements", customer_id=customer_id, **kept, **figures))
    for number in range(rng.choice((0, 0, 1, 3))):
        ordered_on = AS_OF - days(_ago(rng))
        order = {"order_id": f"{customer_id}-O{number}", "ordered_on": ordered_on, "amount": _money(rng)}
        known_on = _known(rng, ordered_on)
        rows["orders"].append(
            row("orders", customer_id=customer_id, currency=_currency(rng), known_on=known_on, **order)
        )
    for ago in rng.sample(EDGES, rng.choice((0, 0, 1, 2))):
        happened_on = AS_OF - days(ago)
        event = {"kind": rng.choice(("DUNNING", "LEGAL")), "happened_on": happened_on}
        rows["credit_events"].append(
            row("credit_events", customer_id=customer_id, known_on=_known(rng, happened_on), **event)
        )
