"""The features once more, slow and plain, from the rows as a clerk reads them on one day. No code is shared."""

import math
from datetime import date
from decimal import Decimal
from fractions import Fraction
from statistics import mean
from typing import Any

from data.contracts import CONTRACTS

WINDOWS = {"30d": 30, "90d": 90, "180d": 180, "365d": 365, "ever": 10**6}


def newest(rows: dict[str, list[dict[str, Any]]], name: str, as_of: date) -> list[dict[str, Any]]:
    """The latest version of each key known by the end of ``as_of``."""
    found: dict[Any, dict[str, Any]] = {}
    for given in sorted(rows.get(name, []), key=lambda r: r["known_at"]):
        if given["known_at"].date() <= as_of:
            found[tuple(given[key] for key in CONTRACTS[name].key)] = given
    return list(found.values())


def clerk(rows, customer_id: str, as_of: date, currency: str) -> list[dict[str, Any]]:
    """The customer's invoices as they stand at the end of ``as_of``."""
    seen = {name: newest(rows, name, as_of) for name in CONTRACTS}
    money_of = {p["payment_id"]: p["currency"] for p in seen["payments"]}
    found = []
    for i in seen["invoices"]:
        if i["customer_id"] == customer_id and i["issued_on"] <= as_of:
            found.append(_stand(i, seen, money_of, as_of, currency))
    return found


def _stand(i, seen, money_of, as_of, currency):
    parts = [
        (a["allocated_on"], a["amount"], money_of.get(a["payment_id"], i["currency"]), a["clears_invoice"])
        for a in seen["allocations"]
        if a["invoice_id"] == i["invoice_id"]
    ] + [
        (n["issued_on"], n["amount"], n["currency"], False)
        for n in seen["credit_notes"]
        if n["invoice_id"] == i["invoice_id"]
    ]
    reduced, settled_on = Decimal(0), None
    for on in sorted({part[0] for part in parts if part[0] <= as_of}):
        todays = [part for part in parts if part[0] == on]
        reduced += sum((p[1] for p in todays if p[1] is not None and p[2] == i["currency"]), Decimal(0))
        enough = i["amount"] is not None and reduced >= i["amount"]
        if settled_on is None and (enough or any(p[3] for p in todays)):
            settled_on = on
    raised = [
        d
        for d in seen["disputes"]
        if d["invoice_id"] == i["invoice_id"]
        and d["opened_on"] <= as_of
        and (d["closed_on"] is None or d["closed_on"] > as_of)
    ]
    ours = i["currency"] == currency
    left = None if i["amount"] is None else i["amount"] - reduced
    disputed = sum(
        (d["amount"] for d in raised if d["amount"] is not None and d["currency"] == i["currency"]), Decimal(0)
    )
    whole = any(d["amount"] is None for d in raised) or (left is not None and disputed >= left)
    if left is not None:
        disputed = left if whole else disputed
    known = not i["outcome_unknown"]
    is_open = known and settled_on is None
    return {
        "amount": i["amount"] if ours else None,
        "left": left if ours else None,
        "disputed": (left if whole else disputed) if ours else None,
        "rate": i["interest_rate"],
        "terms": (i["due_on"] - i["issued_on"]).days,
        "age": (as_of - i["issued_on"]).days,
        "due_age": (as_of - i["due_on"]).days,
        "open": is_open,
        "contested": is_open and whole,
        "overdue": is_open and not whole and i["due_on"] < as_of,
        "settled": known and settled_on is not None,
        "settled_age": None if settled_on is None else (as_of - settled_on).days,
        "late": None if settled_on is None else (settled_on - i["due_on"]).days,
        "tested": known and not (is_open and whole),
        "settled_on": settled_on,
        "issued_on": i["issued_on"],
    }


def average(values):
    values = list(values)
    return float(sum(map(Fraction, values)) / len(values)) if values else None


def share(flags):
    return average(int(flag) for flag in flags)


def total(values):
    """Sum of the amounts that are known: 0 for none at all, None when all are missing."""
    values = list(values)
    known = [value for value in values if value is not None]
    return 0.0 if not values else float(sum(known)) if known else None


def over(numerator, denominator):
    return None if numerator is None or not denominator else numerator / denominator


def features(rows, customer_id: str, as_of: date, currency: str = "EUR") -> dict[str, float | None]:
    """Every customer feature; None where it is absent."""
    items = clerk(rows, customer_id, as_of, currency)
    masters = [c for c in newest(rows, "customers", as_of) if c["customer_id"] == customer_id]
    found = _behaviour(items) | _due(items) | _open(items) | _activity(items) | _terms(items)
    found |= _beside(rows, customer_id, as_of, currency) | _master(masters, as_of)
    found["credit_note_share_365d"] = over(found["credited_amount_365d"], found["invoiced_amount_365d"])
    found["peak_paid_in_terms_365d"] = _peak(items)
    known = bool(items or masters)
    return {name: value if known else None for name, value in found.items()} | {"is_known_customer": float(known)}


def _behaviour(items):
    found = {}
    settled = [i for i in items if i["settled"]]
    for window, length in WINDOWS.items():
        late = [i["late"] for i in settled if i["settled_age"] < length]
        found |= {
            f"settled_count_{window}": len(late),
            f"days_late_mean_{window}": average(late),
            f"days_late_worst_{window}": max(late, default=None),
            f"late1_share_{window}": share(d >= 1 for d in late),
            f"late5_share_{window}": share(d >= 5 for d in late),
            f"late30_share_{window}": share(d >= 30 for d in late),
            f"on_due_day_share_{window}": share(d == 0 for d in late),
            f"late5_count_{window}": sum(d >= 5 for d in late),
            f"days_late_std_{window}": _std(late),
        }
    year = [i for i in settled if i["settled_age"] < 365]
    priced = [i for i in year if i["amount"] is not None]
    weight = sum(i["amount"] for i in priced)
    points = sum(i["amount"] * Decimal(_points(i["late"]).numerator) / _points(i["late"]).denominator for i in priced)
    latest = min((i["settled_age"] for i in settled), default=None)
    found |= {
        "days_late_weighted_365d": float(sum(i["amount"] * i["late"] for i in priced) / weight) if priced else None,
        "days_late_trend_365d": _slope([(-i["settled_age"], i["late"]) for i in year]),
        "last_days_late": max((i["late"] for i in settled if i["settled_age"] == latest), default=None),
        "days_since_late5_payment": min((i["settled_age"] for i in settled if i["late"] >= 5), default=None),
        "payment_index_365d": float(points / weight) if len(priced) >= 3 else None,
    }
    return found


def _std(values):
    if len(values) < 2:
        return None
    middle = Fraction(sum(values), len(values))
    return math.sqrt(sum((v - middle) ** 2 for v in values) / (len(values) - 1))


def _slope(points):
    if len(points) < 3 or len({x for x, _ in points}) < 2:
        return None
    mx, my = mean(Fraction(x) for x, _ in points), mean(Fraction(y) for _, y in points)
    return float(30 * sum((x - mx) * (y - my) for x, y in points) / sum((x - mx) ** 2 for x, _ in points))


def _points(late: int) -> Fraction:
    known = {-30: 100, -20: 90, 0: 80, 15: 70, 22: 60, 30: 50, 60: 40, 90: 30, 120: 20, 180: 0}
    if late <= -30 or late >= 180:
        return Fraction(100 if late < 0 else 0)
    below, above = max(d for d in known if d <= late), min(d for d in known if d >= late)
    if below == above:
        return Fraction(known[below])
    return known[below] + Fraction((known[above] - known[below]) * (late - below), above - below)


def _due(items):
    found = {}
    for window in ("30d", "90d", "180d", "365d"):
        due = [i for i in items if i["tested"] and 5 <= i["due_age"] < WINDOWS[window]]
        found[f"due_count_{window}"] = len(due)
        found[f"due_late5_share_{window}"] = share(not i["settled"] or i["late"] >= 5 for i in due)
    return found


def _open(items):
    opened = [i for i in items if i["open"]]
    overdue = [i for i in items if i["overdue"]]
    owed = total(i["left"] for i in opened)
    past_due = total(None if i["left"] is None else i["left"] - i["disputed"] for i in overdue)
    found = {
        "open_count": len(opened),
        "open_amount": owed,
        "open_amount_missing_count": sum(i["left"] is None for i in opened),
        "overdue_count": len(overdue),
        "overdue_amount": past_due,
        "overdue5_count": sum(i["due_age"] >= 5 for i in overdue),
        "overdue30_count": sum(i["due_age"] >= 30 for i in overdue),
        "overdue_share": over(past_due, owed),
        "oldest_overdue_days": max((i["due_age"] for i in overdue), default=0),
        "oldest_open_age_days": max((i["age"] for i in opened), default=None),
        "due_soon_count": sum(-30 < i["due_age"] <= 0 for i in opened),
        "disputed_open_amount": total(i["disputed"] for i in opened),
    }
    for window in ("90d", "365d"):
        reached = [max(0, i["late"]) for i in items if i["settled"] and i["settled_age"] < WINDOWS[window]]
        reached += [i["due_age"] if i["overdue"] else 0 for i in opened]
        found[f"worst_dpd_{window}"] = max(reached, default=None)
    return found


def _activity(items):
    found = {"invoice_count_ever": len(items)}
    for window in ("30d", "90d", "180d", "365d"):
        amounts = [i["amount"] for i in items if i["age"] < WINDOWS[window]]
        found[f"invoice_count_{window}"] = len(amounts)
        found[f"invoiced_amount_{window}"] = total(amounts)
    known = [a for a in amounts if a is not None]
    return found | {
        "invoice_amount_mean_365d": float(sum(known) / len(known)) if known else None,
        "invoice_amount_max_365d": float(max(known)) if known else None,
        "amount_missing_count_365d": len(amounts) - len(known),
        "invoiced_trend_90d": _less_one(over(found["invoiced_amount_90d"], found["invoiced_amount_365d"]), 365 / 90),
        "days_since_last_invoice": min((i["age"] for i in items), default=None),
        "tenure_days": max((i["age"] for i in items), default=None),
    }


def _less_one(value, times=1.0):
    return None if value is None else value * times - 1


def _terms(items):
    year = [i for i in items if i["age"] < 365]
    usual, recent = average(i["terms"] for i in year), average(i["terms"] for i in year if i["age"] < 90)
    return {
        "terms_mean_365d": usual,
        "terms_distinct_365d": len({i["terms"] for i in year}),
        "terms_change_90d": None if recent is None else recent - usual,
        "interest_rate_mean_365d": average(i["rate"] for i in year if i["rate"] is not None),
    }


def _peak(items):
    paid = [i for i in items if i["settled"] and i["late"] <= 0 and i["age"] < 365 and i["amount"] is not None]
    ends = [i["issued_on"] for i in paid]
    levels = [sum(i["amount"] for i in paid if i["issued_on"] <= on < i["settled_on"]) for on in ends]
    return float(max(levels)) if paid else None


def _beside(rows, customer_id, as_of, currency):
    def seen(name, happened_on):
        mine = [r for r in newest(rows, name, as_of) if r["customer_id"] == customer_id]
        return [(r, (as_of - r[happened_on]).days) for r in mine if r[happened_on] <= as_of]

    paid = [age for _, age in seen("payments", "paid_on")]
    notes = [r for r, age in seen("credit_notes", "issued_on") if age < 365]
    events = [age for _, age in seen("credit_events", "happened_on")]
    orders = seen("orders", "ordered_on")
    values = [r["amount"] for r, age in orders if age < 365 and r["amount"] is not None and r["currency"] == currency]
    return {
        "days_since_last_payment": min(paid, default=None),
        "dispute_count_365d": sum(age < 365 for _, age in seen("disputes", "opened_on")),
        "credited_amount_365d": total(r["amount"] if r["currency"] == currency else None for r in notes),
        "credit_event_count_365d": sum(age < 365 for age in events),
        "days_since_credit_event": min(events, default=None),
        "order_count_90d": sum(age < 90 for _, age in orders),
        "order_amount_mean_365d": float(sum(values) / len(values)) if values else None,
        "order_amount_max_365d": float(max(values)) if values else None,
        **_revenue(seen("customer_financials", "period_start_on"), currency),
        **_statement(seen("statements", "fiscal_year_end_on"), currency),
    }


def _revenue(months, currency):
    stated = sorted((age, r["revenue"]) for r, age in months if r["revenue"] is not None and r["currency"] == currency)
    year = [revenue for age, revenue in stated if age < 365]
    usual = average(year) if len(year) >= 3 else None
    staff = sorted((age, r["employees"]) for r, age in months if r["employees"] is not None)
    return {
        "revenue_latest": float(stated[0][1]) if stated else None,
        "revenue_age_days": stated[0][0] if stated else None,
        "revenue_12m": None if usual is None else usual * 12,
        "revenue_trend": _less_one(over(average(revenue for age, revenue in stated if age < 90), usual)),
        "employees": staff[0][1] if staff else None,
    }


def _statement(statements, currency):
    latest, age = min(statements, key=lambda found: found[1], default=(None, None))

    def less(left, right):
        ours = latest is not None and latest["currency"] == currency and None not in (latest[left], latest[right])
        return float(latest[left] - latest[right]) if ours else None

    return {
        "tangible_net_worth": less("equity", "intangible_assets"),
        "working_capital": less("current_assets", "current_liabilities"),
        "statement_age_days": age,
    }


def _master(masters, as_of):
    if not masters:
        return {"relation_days": None, "is_natural_person": None, "size_class_rank": None}
    master = masters[0]
    related = None if master["signed_up_on"] is None else (as_of - master["signed_up_on"]).days
    return {
        "relation_days": related if related is not None and related >= 0 else None,
        "is_natural_person": float(master["is_natural_person"]),
        "size_class_rank": {"SMALL": 1, "MEDIUM": 2, "LARGE": 3}.get(master["size_class"]),
    }
