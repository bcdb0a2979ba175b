"""What is promised but not yet invoiced: open orders, and deliveries without a bill.

An order is used up by what was delivered or billed on it, whichever is more, so that nothing is counted twice whether
the goods or the invoice come first. An invoice counts for the order that it names, whoever it was made out to, a
delivery for that of the customer who received it.
"""

from typing import TYPE_CHECKING, Any, Final

import ibis

from data.contracts import CONTRACTS
from features.as_of import seen_rows
from features.catalogue import INF, Feature, counted, summed
from features.currency import in_book_currency
from features.versions import day_number, known_then, versions
from features.windows import number, sum_of_known

if TYPE_CHECKING:  # the list of families imports this file, and the book brings the lake with it
    from data.book import Book
    from features.families import Sight

_ORDER: Final = "order"
_DELIVERY: Final = "delivery"
_BILL: Final = "bill"

FEATURES: Final[tuple[Feature, ...]] = (
    summed(
        "open_order_amount",
        "What is left of the orders that are not cancelled: per order its value less what was delivered or invoiced on "
        "it, whichever is more.",
        0,
        "exposure",
    ),
    counted(
        "open_order_count",
        "Orders that are not cancelled and of which something is left, or it is not known whether.",
        "orders",
        0,
        "exposure",
    ),
    summed(
        "unbilled_delivery_amount",
        "Value delivered and not yet invoiced: per order what was delivered less what was invoiced on it; deliveries "
        "that name no order in full.",
        0,
        "exposure",
    ),
    Feature(
        "oldest_open_order_days",
        "Days since the order date of the oldest open order.",
        "days",
        0,
        INF,
        "no order is open",
        0,
        "exposure",
    ),
)


def facts(sight: "Sight") -> ibis.Table:
    """One row per case with an order or a delivery: ``case_no`` and the features."""
    orders = _with_rest(_by_order(sight))
    sums = orders.group_by("case_no").agg(
        open_count=orders.count(where=orders.is_open),
        open_money=orders.rest.sum(where=orders.is_open),
        oldest=orders.age.max(where=orders.is_open),
        unbilled_count=orders.count(where=orders.is_unbilled),
        unbilled_money=orders.unbilled.sum(where=orders.is_unbilled),
    )
    return sums.select(
        "case_no",
        open_order_amount=sum_of_known(sums.open_money, sums.open_count),
        open_order_count=number(sums.open_count),
        unbilled_delivery_amount=sum_of_known(sums.unbilled_money, sums.unbilled_count),
        oldest_open_order_days=number(sums.oldest),
    )


def _by_order(sight: "Sight") -> ibis.Table:
    """One row per case and order, and one for its deliveries without an order: what was ordered, delivered, billed."""
    rows = _moves(sight)
    is_order, is_delivery, is_bill = (rows.kind == kind for kind in (_ORDER, _DELIVERY, _BILL))
    return rows.group_by("case_no", "order_id").agg(
        standing=rows.count(where=is_order & rows.stands),
        ordered=rows.amount.sum(where=is_order),
        age=rows.age.max(where=is_order),
        deliveries=rows.count(where=is_delivery),
        delivered=rows.amount.sum(where=is_delivery),
        bills=rows.count(where=is_bill),
        billed=rows.amount.sum(where=is_bill),
    )


def _moves(sight: "Sight") -> ibis.Table:
    """Orders, deliveries and invoices on an order that each case could see, in one table."""
    orders = seen_rows(sight, "orders", "ordered_on", money=("amount",))
    deliveries = seen_rows(sight, "deliveries", "delivered_on", money=("amount",))
    stands = orders.cancelled_on.isnull() | (orders.cancelled_on > orders.as_of)
    moves = sight.book.held(ibis.union(_move(orders, _ORDER, stands), _move(deliveries, _DELIVERY, False)))
    asked = moves.filter(moves.order_id.notnull()).select("case_no", "as_of", "as_of_day", "order_id").distinct()
    return ibis.union(moves, _move(_bills(sight.book, sight.book.held(asked)), _BILL, False))


def _move(rows: ibis.Table, kind: str, stands: Any) -> ibis.Table:
    words = rows.mutate(kind=ibis.literal(kind), stands=stands)
    return words.select("case_no", "as_of", "as_of_day", "order_id", "kind", "stands", "amount", "age")


def _bills(book: "Book", asked: ibis.Table) -> ibis.Table:
    """The invoices that each case could see on the orders that it asks for, of whatever customer."""
    rows = book["invoices"]
    theirs = rows.semi_join(asked, "order_id").select("invoice_id")
    bills = versions(rows.semi_join(theirs, "invoice_id"), CONTRACTS["invoices"].key)
    bills = in_book_currency(book, bills, on="issued_on", money=("amount",))
    wanted = asked.rename(asked_order_id="order_id")
    found = wanted.join(
        bills,
        [
            wanted.asked_order_id == bills.order_id,
            bills.issued_on <= wanted.as_of,
            known_then(bills, wanted.as_of),
        ],
    )
    return found.mutate(age=found.as_of_day - day_number(found.issued_on))


def _with_rest(orders: ibis.Table) -> ibis.Table:
    """Adds what is left of each order, ``rest`` (null when not known), ``unbilled``, and which of them count."""
    delivered = _known_sum(orders.delivered, orders.deliveries)
    billed = _known_sum(orders.billed, orders.bills)
    is_told = delivered.notnull() & billed.notnull()
    used = ibis.ifelse(is_told, ibis.greatest(delivered, billed), ibis.null(delivered.type()))
    # One known sum that reaches the value is enough to say that nothing is left, whatever the other may be.
    is_used_up = (delivered >= orders.ordered).fill_null(False) | (billed >= orders.ordered).fill_null(False)
    return orders.mutate(
        rest=orders.ordered - used,
        is_open=(orders.standing > 0) & ~is_used_up,
        unbilled=delivered - billed,
        is_unbilled=(orders.deliveries > 0) & ~(billed >= delivered).fill_null(False),
    )


def _known_sum(total: Any, count: Any) -> Any:
    """0 where there is nothing to add, null where there is something but no amount is known; in DECIMAL."""
    return ibis.ifelse(count == 0, ibis.literal(0).cast(total.type()), total)
