"""What the refusal of one row means for the rows that belong to it.

An invoice that is refused takes its allocations with it, and a payment all of whose allocations are refused goes too.
A payment with an impossible date is refused alone: its invoice stays, with an outcome that is not known.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection

from data.engine import engine
from data.rules import LONGEST_PREPAYMENT
from data.staging import Reason, Staged

INVOICE_REFUSED: Final = Reason(
    "invoice_refused", "The invoice that it settles was refused, so it was refused with it."
)
PAYMENT_REFUSED: Final = Reason("payment_refused", "The payment of which it is a part was refused.")
PAID_LONG_BEFORE_ISSUE: Final = Reason(
    "paid_long_before_issue",
    "The payment is dated more than 180 days before its invoice was issued, which is no prepayment; "
    "the invoice is kept with an unknown outcome.",
)
EARLY_TO_LATE: Final = (INVOICE_REFUSED, PAID_LONG_BEFORE_ISSUE, PAYMENT_REFUSED)


def apply_links(staged: Mapping[str, Staged], known_invoices: pa.Table, waiting: pa.Table) -> pa.Table:
    """Refuse what cannot stand without a refused row, and mark invoices that lost a payment.

    Rows that withdraw something stand by themselves.

    Args:
        staged: Tables of one delivery by name, their own rules applied; refusals are added, and ``outcome_unknown``
            is set in the invoices.
        known_invoices: Newest versions of invoices that the lake holds already, contract-shaped; may be empty.
        waiting: Allocations that came before their invoice, which this delivery brings; contract-shaped. They stay
            where they are, but an impossible date leaves the outcome of their invoice unknown, too.

    Returns:
        Those of the known invoices that lost a payment of this delivery, with ``outcome_unknown`` set.
    """
    if "invoices" in staged:
        _mark_unknown(staged["invoices"], _paid_long_before(staged["invoices"], waiting))
    if "allocations" not in staged:
        return known_invoices.slice(0, 0)
    with engine().con as connection:
        _register(connection, staged, known_invoices)
        _refuse_allocations(connection, staged["allocations"])
        if "payments" in staged:
            _refuse_payments(connection, staged["payments"], staged["allocations"])
    lost = _invoices_that_lost_a_payment(staged["allocations"])
    if "invoices" in staged:
        _mark_unknown(staged["invoices"], lost)
        delivered = staged["invoices"].rows["invoice_id"].filter(pa.array(staged["invoices"].accepted))
        lost = lost.filter(pc.invert(pc.is_in(lost, delivered)))
    return _with_unknown_outcome(known_invoices.filter(pc.is_in(known_invoices["invoice_id"], lost)))


def _register(connection: DuckDBPyConnection, staged: Mapping[str, Staged], known_invoices: pa.Table) -> None:
    columns = {
        "invoices": ["invoice_id", "issued_on", "known_at"],
        "payments": ["payment_id"],
        "allocations": ["payment_id", "invoice_id", "allocated_on", "is_deleted"],
    }
    empty = {
        "invoices": known_invoices.slice(0, 0).select(columns["invoices"]),
        "payments": pa.table({"payment_id": pa.array([], pa.string())}),
    }
    for name, wanted in columns.items():
        rows = staged[name].rows.select(wanted) if name in staged else empty[name]
        accepted = staged[name].accepted if name in staged else np.zeros(0, dtype=bool)
        rows = rows.append_column("accepted", pa.array(accepted)).append_column(
            "position", pa.array(np.arange(len(accepted)))
        )
        connection.register(name, rows)
    connection.register("known", known_invoices.select(["invoice_id", "issued_on"]))


def _refuse_allocations(connection: DuckDBPyConnection, allocations: Staged) -> None:
    found = connection.sql(f"""
        WITH i AS (SELECT invoice_id, bool_or(accepted) AS accepted,
                          arg_max(issued_on, known_at) FILTER (accepted) AS issued_on
                   FROM invoices GROUP BY invoice_id),
        p AS (SELECT payment_id, bool_or(accepted) AS accepted FROM payments GROUP BY payment_id)
        SELECT a.position,
               coalesce(NOT i.accepted AND k.invoice_id IS NULL, FALSE) AND NOT a.is_deleted AS invoice_refused,
               coalesce(a.allocated_on < coalesce(i.issued_on, k.issued_on) - {LONGEST_PREPAYMENT.days}, FALSE)
                   AND NOT a.is_deleted AS too_early,
               coalesce(NOT p.accepted, FALSE) AND NOT a.is_deleted AS payment_refused
        FROM allocations a LEFT JOIN i USING (invoice_id) LEFT JOIN known k USING (invoice_id)
        LEFT JOIN p USING (payment_id)
        ORDER BY a.position""").to_arrow_table()
    for column, reason in zip(("invoice_refused", "too_early", "payment_refused"), EARLY_TO_LATE, strict=True):
        allocations.refuse(found[column].to_numpy(), reason)


def _refuse_payments(connection: DuckDBPyConnection, payments: Staged, allocations: Staged) -> None:
    """Refuse payments that have allocations, all of them refused, for the reason of the first of those."""
    connection.register(
        "refusal", pa.table({"position": np.arange(len(allocations.refusal)), "why": allocations.refusal})
    )
    found = connection.sql("""
        SELECT p.position, coalesce(a.why, -1) AS why FROM payments p LEFT JOIN (
            SELECT payment_id, min(why) AS why  -- -1 as long as one of them stands
            FROM allocations JOIN refusal USING (position) GROUP BY payment_id) a USING (payment_id)
        ORDER BY p.position""").to_arrow_table()
    why = found["why"].to_numpy()
    for number, reason in enumerate(allocations.reasons):
        payments.refuse(why == number, reason)


def _invoices_that_lost_a_payment(allocations: Staged) -> pa.Array:
    refused = allocations.rows["invoice_id"].filter(pa.array(~allocations.accepted))
    return pc.unique(refused.drop_null()).cast(pa.string())


def _paid_long_before(invoices: Staged, waiting: pa.Table) -> pa.Array:
    """Delivered invoices whose payment, in the lake before them, is dated impossibly early."""
    issued = invoices.rows.select(["invoice_id", "issued_on"]).filter(pa.array(invoices.accepted))
    paid = waiting.select(["invoice_id", "allocated_on"]).join(issued, "invoice_id", join_type="inner")
    age = pc.days_between(paid["allocated_on"], paid["issued_on"])
    return pc.unique(paid.filter(pc.greater(age, LONGEST_PREPAYMENT.days))["invoice_id"])


def _mark_unknown(invoices: Staged, lost: pa.Array) -> None:
    marked = pc.or_(invoices.rows["outcome_unknown"], pc.is_in(invoices.rows["invoice_id"], lost))
    place = invoices.rows.schema.get_field_index("outcome_unknown")
    invoices.rows = invoices.rows.set_column(place, invoices.rows.schema.field(place), marked)


def _with_unknown_outcome(invoices: pa.Table) -> pa.Table:
    news = invoices.filter(pc.invert(invoices["outcome_unknown"]))
    place = news.schema.get_field_index("outcome_unknown")
    return news.set_column(place, news.schema.field(place), pa.array(np.ones(news.num_rows, dtype=bool)))
