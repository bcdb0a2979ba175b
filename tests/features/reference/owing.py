"""What is owed: open and overdue items, aging, days sales outstanding, money that is not applied."""

from decimal import Decimal

from tests.features.reference.arithmetic import WINDOWS, less, over, total

BUCKETS = {"current": (0, 0), "1_30": (1, 30), "31_60": (31, 60), "61_90": (61, 90), "over_90": (91, 10**6)}


def facts(desk, customer_id):
    items = desk.items(customer_id)
    return (
        _open(items)
        | {"material_dpd": material_dpd(items)}
        | _aging(items)
        | _due_weeks(items)
        | _outstanding(items)
        | unapplied(desk, customer_id, items)
    )


def worst_dpd(items, length):
    reached = [i.dpd for i in items if i.is_settled and i.settled_age < length]
    return max(reached + [i.dpd for i in items if i.is_open], default=None)


def material_dpd(items):
    """The first days past due, from the most downwards, from which on enough is owed to matter."""
    owed = total(i.undisputed for i in items if i.is_open)
    overdue = [i for i in items if i.is_overdue]
    for dpd in sorted({i.dpd for i in overdue}, reverse=True):
        late = [i.undisputed for i in overdue if i.dpd >= dpd]
        if None in late or (total(late) > 500 and total(late) > 0.01 * owed):
            return dpd
    return 0


def _open(items):
    opened = [i for i in items if i.is_open]
    overdue = [i for i in items if i.is_overdue]
    owed, past_due = total(i.left for i in opened), total(i.undisputed for i in overdue)
    found = {
        "open_count": len(opened),
        "open_amount": owed,
        "open_amount_missing_count": sum(i.left is None for i in opened),
        "overdue_count": len(overdue),
        "overdue_amount": past_due,
        "overdue5_count": sum(i.dpd >= 5 for i in overdue),
        "overdue30_count": sum(i.dpd >= 30 for i in overdue),
        "overdue_share": over(past_due, owed),
        "oldest_overdue_days": max((i.dpd for i in overdue), default=0),
        "oldest_open_age_days": max((i.age for i in opened), default=None),
        "due_soon_count": sum(-30 < i.due_age <= 0 for i in opened),
        "disputed_open_amount": total(i.disputed for i in opened),
    }
    return found | {f"worst_dpd_{window}": worst_dpd(items, WINDOWS[window]) for window in ("90d", "365d")}


def _aging(items):
    opened = [i for i in items if i.is_open]
    found = {
        f"aging_{bucket}_amount": total(i.undisputed for i in opened if low <= i.dpd <= high)
        for bucket, (low, high) in BUCKETS.items()
    }
    late = total(i.undisputed for i in opened if i.dpd > 30)
    return found | {"past_due_over_30_share": over(late, total(i.left for i in opened))}


def _due_weeks(items):
    found = {}
    for week in range(8):
        days = range(7 * week + 1, 7 * week + 8)
        here = [i for i in items if i.is_open and i.is_tested and -i.due_age in days]
        found[f"open_count_due_week_{week}"] = len(here)
        found[f"open_amount_due_week_{week}"] = total(i.undisputed for i in here)
    return found


def _outstanding(items):
    opened = [i for i in items if i.is_open]
    owed = total(i.left for i in opened)
    current = total(i.disputed if i.is_overdue and i.left is not None else i.left for i in opened)
    found = {f"dso_{n}d": _days(owed, total(i.amount for i in items if i.age < n), n) for n in (90, 365)}
    best = _days(current, total(i.amount for i in items if i.age < 90), 90)
    delinquent = less(found["dso_90d"], best)
    return found | {
        "dso_countback": _countback(items),
        "best_possible_dso_90d": best,
        "average_days_delinquent_90d": None if delinquent is None else max(0.0, delinquent),
        "collection_effectiveness_90d": _effectiveness(items),
    }


def _days(receivables, sales, days):
    share = over(receivables, sales)
    return None if share is None else share * days


def _countback(items):
    """Days of sales, newest first, that what is owed takes up."""
    owed = [i.left for i in items if i.is_open]
    if total(owed) is None or not any(i.amount is not None for i in items if i.age < 360):
        return None
    days, rest = 0, sum((left for left in owed if left is not None), Decimal(0))
    for period in range(12):
        sold = sum((i.amount for i in items if i.amount is not None and i.age // 30 == period), Decimal(0))
        if rest <= sold:
            return days + (float(30 * rest / sold) if sold else 0.0)
        days, rest = days + 30, rest - sold
    return days


def _effectiveness(items):
    """Of what could have been collected in 90 days, gross, the part that was."""
    priced = [i for i in items if i.amount is not None and (i.is_open or i.is_settled)]
    stood = [i for i in priced if i.age < 90 or i.is_open or i.settled_age < 90]
    begin_and_sold = sum(i.amount for i in stood)
    end = sum(i.amount for i in stood if i.is_open)
    current = sum(i.amount for i in stood if i.is_open and not i.is_overdue)
    share = over(begin_and_sold - end, begin_and_sold - current)
    return None if share is None else 100 * share


def unapplied(desk, customer_id, items):
    """Payments less what was allocated of them, and credit notes that name no invoice."""
    free = [found for found in _free(desk, customer_id) if found[0] is None or found[0] > 0]
    notes = [n for n, _ in desk.ages("credit_notes", customer_id, "issued_on") if n["invoice_id"] is None]
    return {
        "days_since_last_payment": min((age for _, age in desk.ages("payments", customer_id, "paid_on")), default=None),
        "unapplied_cash_amount": total(desk.turned(payment, rest, payment["paid_on"]) for rest, payment, _ in free),
        "unapplied_cash_count": len(free),
        "oldest_unapplied_days": max((age for _, _, age in free), default=None),
        "unassigned_credit_amount": total(desk.turned(n, n["amount"], n["issued_on"]) for n in notes),
        "overpaid_amount": total(i.overpaid for i in items if i.is_settled),
    }


def _free(desk, customer_id):
    """What is left of each payment, None where it cannot be told; an allocation without an amount takes all of it."""
    for payment, age in desk.ages("payments", customer_id, "paid_on"):
        used = [
            row["amount"]
            for row in desk.seen["allocations"]
            if row["payment_id"] == payment["payment_id"] and row["allocated_on"] <= desk.as_of
        ]
        if None in used:
            yield Decimal(0), payment, age
        else:
            received = payment["amount"]
            yield None if received is None else max(Decimal(0), received - sum(used, Decimal(0))), payment, age
