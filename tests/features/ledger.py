"""Small books written by hand, and the bench on which their features are built."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from data.book import Book, book_of
from data.contracts import CONTRACTS
from features.build import build
from features.families import DERIVED_FAMILIES, ITEM_FAMILIES, TABLE_FAMILIES
from features.feature_sets import STORED
from tests.features.random_book import random_rows
from tests.features.rows import AS_OF, Rows, day, days, row

__all__ = ["AS_OF", "Rows", "day", "days", "random_rows", "row"]  # of other files, handed on


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


class Bench:
    """One engine for many books, whose tables are filled anew: starting an engine takes longer than a small build."""

    def __init__(self) -> None:
        self.book = book_of({}, currency="EUR")
        self.spine = self.book.backend.create_table("asked", SPINE.empty_table())
        self.filled: set[str] = set()

    def put(self, name: str, rows: pa.Table) -> None:
        connection = self.book.backend.con
        if not rows.num_rows and name not in self.filled:
            return
        self.filled = self.filled | {name} if rows.num_rows else self.filled - {name}
        connection.register("given", rows)
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given")
        connection.unregister("given")

    def features(self, rows: Rows, cases: Sequence[tuple[str, date]], names: Sequence[str]):
        for name, contract in CONTRACTS.items():
            self.put(name, pa.Table.from_pylist(list(rows.get(name, [])), schema=contract.schema))
        self.put("asked", spine_rows(cases))
        made = build(self.book, self.spine, features=names)
        found = self.book.backend.con.sql(f"SELECT * FROM {made.get_name()}").to_arrow_table().to_pylist()
        self.book.backend.con.execute(f"DROP TABLE {made.get_name()}")
        return found


@functools.cache
def bench() -> Bench:
    return Bench()


FAMILIES = {**ITEM_FAMILIES, **TABLE_FAMILIES, **DERIVED_FAMILIES}
FAMILY_OF = {feature.name: name for name, family in FAMILIES.items() for feature in family.features}
TOGETHER = frozenset(ITEM_FAMILIES)  # one pass makes them all, so one compilation serves the tests of all of them


def compiled_with(names: Iterable[str]) -> list[str]:
    """What is built when these features are asked for: whole families, so that few compilations serve many tests."""
    families = {FAMILY_OF[name] for name in names if name in FAMILY_OF}
    families |= TOGETHER if families & TOGETHER or not families else set()
    if len(families - TOGETHER) > 8:
        return STORED.names
    wanted = {feature.name for family in families for feature in FAMILIES[family].features}
    return [name for name in STORED.names if name in wanted or name not in FAMILY_OF]


def features_of(rows, cases, names) -> list[dict[str, float | None]]:
    """The features of each (customer, as_of), in the order of the cases."""
    built = bench().features(rows, cases, compiled_with(names))
    built.sort(key=lambda found: int(found["case_id"]))
    return [{name: found[name] for name in names} for found in built]


def one(rows, *names, customer_id="C1", as_of=AS_OF):
    """The features of one customer at one date: a value for one name, else a tuple."""
    found = features_of(rows, [(customer_id, as_of)], list(names))[0]
    return found[names[0]] if len(names) == 1 else tuple(found[name] for name in names)


def as_it_stood(rows: Rows, as_of: date) -> Rows:
    """The book as printed at the end of ``as_of``: rows that became known later are not in it."""
    return {name: [found for found in given if found["known_at"].date() <= as_of] for name, given in rows.items()}
