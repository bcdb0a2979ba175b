"""The same book told otherwise: in another unit of money, under other names, with invoices split in two."""

import random
from collections.abc import Callable
from decimal import Decimal

from data.contracts import CONTRACTS, MONEY
from tests.features.rows import Rows

NAMED = {
    "customer_id": "customer",
    "parent_id": "customer",
    "invoice_id": "invoice",
    "payment_id": "payment",
    "credit_note_id": "note",
    "dispute_id": "dispute",
    "order_id": "order",
    "delivery_id": "delivery",
    "document_id": "document",
    "security_id": "security",
    "agency": "agency",
}


def in_other_money(rows: Rows, times: int) -> Rows:
    """Every amount of money times a factor, in whatever currency; rates of exchange stay."""
    money = {name: [c.name for c in contract.columns if c.type == MONEY] for name, contract in CONTRACTS.items()}
    return {
        name: [row | {c: row[c] * times for c in money[name] if row[c] is not None} for row in given]
        for name, given in rows.items()
    }


def at_whole_rates(rows: Rows) -> Rows:
    """The book with whole numbers as rates of exchange, so that turned amounts need no rounding."""
    quoted = [row | {"rate": 1 + row["rate"] // Decimal("0.97")} for row in rows["exchange_rates"]]
    return rows | {"exchange_rates": quoted}


def renamed(rows: Rows) -> tuple[Rows, Callable[[str], str]]:
    """Every customer, document and agency under another name, in no order that the old names had."""
    said: dict[str, str] = {}

    def other(value: str | None) -> str | None:
        if value is None:
            return None
        return said.setdefault(value, f"{hash_of(value):08x}-{value[::-1]}")

    changed = {
        name: [row | {c: other(row[c]) for c in NAMED if c in row} for row in given] for name, given in rows.items()
    }
    return changed, other


def hash_of(text: str) -> int:
    """A number that follows from the text alone, unlike ``hash``."""
    return random.Random(text).getrandbits(32)


HANGING = {
    "invoices": ("invoice_id",),
    "allocations": ("payment_id", "invoice_id"),
    "credit_notes": ("credit_note_id",),
    "disputes": ("dispute_id",),
}


def split_in_two(rows: Rows, seed: int) -> Rows:
    """Half of the invoices in the book's currency as two, a quarter and the rest, with whatever hangs on them.

    Where anything is in another currency they stay whole: each part would be rounded after it is turned.
    """
    hanging = [row for name in HANGING for row in rows[name]]
    foreign = {row["invoice_id"] for row in hanging if row.get("currency", "EUR") != "EUR"}
    every = sorted({row["invoice_id"] for row in rows["invoices"]} - foreign)
    chosen = set(random.Random(seed).sample(every, len(every) // 2))
    return rows | {name: list(_split(rows[name], key, chosen)) for name, key in HANGING.items()}


def _split(given, key, chosen):
    """All versions of what any version assigns to a chosen invoice, in two."""
    theirs = {tuple(row[k] for k in key) for row in given if row["invoice_id"] in chosen}
    for row in given:
        if tuple(row[k] for k in key) in theirs:
            yield _part(row, key, "a", Decimal("0.25"), chosen)
            yield _part(row, key, "b", Decimal("0.75"), chosen)
        else:
            yield row


def _part(row, key, letter, share, chosen):
    """A share of a row's money. A payment stays one, whatever it is allocated to."""
    money = {c: row[c] * share for c in ("amount", "discount_amount") if row.get(c) is not None}
    names = {name: f"{row[name]}{letter}" for name in key if name not in ("payment_id", "invoice_id")}
    if row["invoice_id"] in chosen:
        names["invoice_id"] = f"{row['invoice_id']}{letter}"
    return row | money | names
