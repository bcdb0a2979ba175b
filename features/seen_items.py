"""Every invoice that each case could see, with what the families count: one narrow row per case and invoice."""

from typing import Any

import ibis

from features.as_of import seen
from features.payment_index import points_84ths
from features.versions import day_number


def seen_items(cases: ibis.Table, items: ibis.Table) -> ibis.Table:
    """Joins the cases with the items known and issued by then, and says how each stood.

    Args:
        cases: Output of ``features.as_of.cases_of``, shape (n_cases, 4).
        items: Output of ``features.items.items``.

    Returns:
        One row per case and visible invoice. Ages in days before ``as_of``: ``age`` since issue, ``due_age`` since
        the due date (negative before it), ``settled_age``, null while open. ``is_settled`` and ``is_open`` (both
        false when the outcome is unknown). ``dpd``: days past due of an open item less those it stood in dispute, 0
        while it does; ``is_overdue``: 1 or more of them. ``days_late`` of settled items, negative when early, disputes
        or not; ``settled_dpd``: the days past due that it had reached, less those in dispute. ``discounted`` and
        ``overpaid`` hold where ``is_settled``. Products for weighted means.
    """
    rows = seen(cases, _narrow(items), "issued_on")
    due_age = rows.as_of_day - rows.due_day
    is_known_outcome = ~rows.outcome_unknown
    is_settled = (rows.settled_known_day <= rows.as_of_day).fill_null(False) & is_known_outcome
    is_open = ~is_settled & is_known_outcome
    # An open dispute over all of it stops the clock; one over a part leaves the rest overdue.
    stopped = is_open & rows.contested
    past_due = ibis.greatest(due_age - rows.paused_days, 0)
    is_overdue = is_open & (past_due > 0) & ~rows.contested
    return rows.mutate(
        due_age=due_age,
        settled_age=rows.as_of_day - rows.settled_day,
        is_settled=is_settled,
        is_open=is_open,
        is_overdue=is_overdue,
        is_tested=is_known_outcome & ~stopped,
        dpd=ibis.ifelse(is_overdue, past_due, 0),
        settled_dpd=ibis.greatest(rows.days_late - rows.settled_paused_days, 0),
    )


def _narrow(items: ibis.Table) -> ibis.Table:
    settled_day = day_number(items.settled_on)
    due_day = day_number(items.due_on)
    days_late = settled_day - due_day
    return items.select(
        "customer_id",
        "invoice_id",
        "document_id",
        "order_id",
        "issued_on",
        "discount_until_on",
        "discount_amount",
        "discounted",
        "overpaid",
        "paused_days",
        "settled_paused_days",
        "known_on",
        "superseded_on",
        "outcome_unknown",
        "contested",
        "terms_days",
        "interest_rate",
        "amount",
        "remaining",
        "disputed_amount",
        due_day=due_day,
        settled_day=settled_day,
        settled_known_day=day_number(items.settled_known_on),
        days_late=days_late,
        undisputed=_decimal(items.remaining - items.disputed_amount, items.amount),
        amount_days=items.amount * days_late.cast("int64"),
        amount_points=items.amount * points_84ths(days_late).cast("int64"),
    )


def _decimal(value: Any, like: Any) -> Any:
    return value.cast(like.type())
