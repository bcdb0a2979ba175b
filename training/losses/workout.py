"""What was owed on the day of a default and what came in for it afterwards."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from data.book import Book
from data.contracts import CONTRACTS
from features.items import as_known
from features.versions import known_then, versions
from training.losses.defaults import DefaultDay


@dataclass(frozen=True)
class Receipt:
    """Money allocated to an item.

    Attributes:
        on: Day of the allocation.
        amount: In the item's currency; None where the source states none.
        clears: Whether nothing is owed after it.
    """

    on: date
    amount: float | None
    clears: bool


@dataclass(frozen=True)
class Item:
    """An invoice with all that was ever set against it.

    Attributes:
        issued_on: Issue date.
        settled_on: Day from which nothing is owed; None while it is open.
        amount: In its own currency; None where it is not known.
        rate: From its own currency into the book's, at issue.
        receipts: Allocations.
        credits: Credit notes and cash discounts: day and amount, no money.
    """

    issued_on: date
    settled_on: date | None
    amount: float | None
    rate: float
    receipts: tuple[Receipt, ...] = ()
    credits: tuple[tuple[date, float], ...] = ()


@dataclass(frozen=True)
class Workout:
    """One default, worked out over a window.

    Attributes:
        default: Who and when.
        exposure: Owed on that day for items issued until it, in the book's currency, without what was credited
            later within the window: that was never owed.
        recovered: What came in for these items within the window, not discounted.
        present_value: The same, discounted to the day of the default.
        complete: Whether the whole window lies before the day of knowledge.
        without_amount: Open items whose amount is not known; they are left out of the sums.
    """

    default: DefaultDay
    exposure: float
    recovered: float
    present_value: float
    complete: bool
    without_amount: int

    @property
    def lgd(self) -> float:
        """Share of the exposure that was lost, 1 - present value / exposure, in [0, 1].

        Example:
            >>> Workout(DefaultDay("A", date(2024, 1, 1)), 1000.0, 440.0, 400.0, True, 0).lgd
            0.6
        """
        return 1.0 - self.present_value / self.exposure


def worked_out(
    default: DefaultDay, items: Iterable[Item], *, window_days: int, discount_rate: float, known_on: date
) -> Workout:
    """Follow what was owed on the day of a default through the window ``(default, default + window_days]``.

    Args:
        default: Who and when.
        items: The customer's items.
        window_days: Days within which money counts as recovered, at least 1.
        discount_rate: Yearly, 0.05 for 5 %, compounded by days of a year of 365.
        known_on: The day whose knowledge the items hold.

    Example:
        Owed: 1,000 less 200 paid before = 800. Recovered after 365 days: 420, worth 420 / 1.05 = 400 on the day of
        the default. Lost: 1 - 400 / 800 = 50 %.

        >>> item = Item(date(2023, 1, 1), None, 1000.0, 1.0,
        ...             (Receipt(date(2023, 2, 1), 200.0, False), Receipt(date(2024, 5, 31), 420.0, False)))
        >>> found = worked_out(DefaultDay("A", date(2023, 6, 1)), [item], window_days=365, discount_rate=0.05,
        ...                    known_on=date(2024, 12, 31))
        >>> found.exposure, round(found.present_value, 6), round(found.lgd, 6)
        (800.0, 400.0, 0.5)
    """
    end = default.on + timedelta(days=window_days)
    exposure = recovered = present = 0.0
    without_amount = 0
    for item in items:
        if item.issued_on > default.on or (item.settled_on is not None and item.settled_on <= default.on):
            continue
        if item.amount is None:
            without_amount += 1
            continue
        owed = _owed(item, item.amount, default.on, end)
        came_in = list(_received(item, owed, default.on, end))
        exposure += owed * item.rate
        recovered += sum(amount for _, amount in came_in) * item.rate
        present += sum(_discounted(amount, discount_rate, (on - default.on).days) for on, amount in came_in) * item.rate
    return Workout(default, exposure, recovered, present, end <= known_on, without_amount)


def _owed(item: Item, amount: float, on: date, end: date) -> float:
    paid = sum(receipt.amount or 0.0 for receipt in item.receipts if receipt.on <= on)
    credited = sum(credit for day, credit in item.credits if day <= end)
    return max(amount - paid - credited, 0.0)


def _received(item: Item, owed: float, on: date, end: date) -> Iterable[tuple[date, float]]:
    """What came in within the window, never more than was owed; a clearing payment without an amount pays the rest."""
    left = owed
    for receipt in sorted(item.receipts, key=lambda receipt: receipt.on):
        if not on < receipt.on <= end:
            continue
        rest = left if receipt.clears else 0.0
        amount = min(rest if receipt.amount is None else receipt.amount, left)
        left -= amount
        yield receipt.on, amount


def _discounted(amount: float, rate: float, days: int) -> float:
    factor: float = (1.0 + rate) ** (-days / 365.0)
    return amount * factor


def items_of(book: Book, rows: ir.Table, defaults: Sequence[DefaultDay], known_on: date) -> dict[str, list[Item]]:
    """The items of the customers in default, by customer, as known on a day.

    Args:
        book: The book.
        rows: Invoice states as `features.items.items` folds them.
        defaults: Whose items are wanted.
        known_on: The day whose knowledge counts.
    """
    who = book.memtable(pa.table({"customer_id": pa.array(sorted({day.customer_id for day in defaults}), pa.string())}))
    view = as_known(rows, known_on)
    view = view.filter(~view.outcome_unknown).semi_join(who, "customer_id")
    stated = _newest(book, "invoices", known_on).select("invoice_id", stated=ibis._.amount)
    joined = view.left_join(stated, "invoice_id")
    receipts, credits = _receipts(book, who, known_on), _credits(book, who, known_on)
    found: dict[str, list[Item]] = defaultdict(list)
    wanted = joined.select("customer_id", "invoice_id", "issued_on", "settled_on", "amount", "stated")
    for row in wanted.to_pyarrow().to_pylist():
        item = _item(row, receipts[row["invoice_id"]], credits[row["invoice_id"]])
        found[row["customer_id"]].append(item)
    return found


def _item(row: dict[str, Any], paid: list[dict[str, Any]], noted: list[dict[str, Any]]) -> Item:
    amount = None if row["amount"] is None or row["stated"] is None else float(row["stated"])
    discounts = [(r["allocated_on"], float(r["discount_amount"])) for r in paid if r["discount_amount"] is not None]
    return Item(
        issued_on=row["issued_on"],
        settled_on=row["settled_on"],
        amount=amount,
        rate=float(row["amount"]) / amount if amount else 1.0,
        receipts=tuple(
            Receipt(r["allocated_on"], None if r["amount"] is None else float(r["amount"]), bool(r["clears_invoice"]))
            for r in paid
        ),
        credits=(*discounts, *((r["issued_on"], float(r["amount"])) for r in noted if r["amount"] is not None)),
    )


def _newest(book: Book, name: str, known_on: date) -> ir.Table:
    rows = versions(book[name], CONTRACTS[name].key)
    return rows.filter(known_then(rows, ibis.date(known_on)))


def _receipts(book: Book, who: ir.Table, known_on: date) -> dict[str, list[dict[str, Any]]]:
    rows = _newest(book, "allocations", known_on).semi_join(who, "customer_id")
    return _by_invoice(rows.select("invoice_id", "allocated_on", "amount", "discount_amount", "clears_invoice"))


def _credits(book: Book, who: ir.Table, known_on: date) -> dict[str, list[dict[str, Any]]]:
    rows = _newest(book, "credit_notes", known_on).semi_join(who, "customer_id")
    return _by_invoice(rows.filter(rows.invoice_id.notnull()).select("invoice_id", "issued_on", "amount"))


def _by_invoice(rows: ir.Table) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.to_pyarrow().to_pylist():
        found[row["invoice_id"]].append(row)
    return found
