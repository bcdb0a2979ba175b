"""What is ordered and delivered but not invoiced yet, and how the customer orders."""

from decimal import Decimal

from tests.features.reference.arithmetic import average, highest, less, less_one, over, share, total


def facts(desk, customer_id):
    orders = desk.ages("orders", customer_id, "ordered_on")
    return _habits(desk, orders) | _terms(desk, customer_id, orders) | _commitments(desk, customer_id, orders)


def _value(desk, order):
    return desk.turned(order, order["amount"], order["ordered_on"])


def _habits(desk, orders):
    year = [(order, age) for order, age in orders if age < 365]
    values = [value for value in (_value(desk, order) for order, _ in year) if value is not None]
    ages = sorted(age for _, age in year)
    last = [_value(desk, order) for order, age in year if age == ages[0]]
    quarter = total(_value(desk, order) for order, age in year if age < 90)
    return {
        "order_count_90d": sum(age < 90 for age in ages),
        "order_count_365d": len(ages),
        "order_amount_mean_365d": average(values),
        "order_amount_max_365d": float(max(values)) if values else None,
        "days_since_last_order": min((age for _, age in orders), default=None),
        "order_interval_mean_365d": over(ages[-1] - ages[0], len(ages) - 1) if len(ages) > 1 else None,
        "last_order_to_mean_365d": over(highest(last), average(values)),
        "cancelled_order_share_365d": share(_cancelled(desk, order) for order, _ in year),
        "order_amount_trend_90d": less_one(over(quarter, total(_value(desk, order) for order, _ in year)), 365 / 90),
    }


def _cancelled(desk, order):
    return order["cancelled_on"] is not None and order["cancelled_on"] <= desk.as_of


def _terms(desk, customer_id, orders):
    asked = average(o["terms_days"] for o, age in orders if age < 365 and o["terms_days"] is not None)
    usual = average(i.terms for i in desk.items(customer_id) if i.age < 365)
    return {"order_terms_mean_365d": asked, "order_terms_to_usual": less(asked, usual)}


def _commitments(desk, customer_id, orders):
    deliveries = [row for row, _ in desk.ages("deliveries", customer_id, "delivered_on")]
    opened, unbilled = [], []
    for order, age in orders:
        rest = _rest(_value(desk, order), _delivered(desk, deliveries, order), _billed(desk, order))
        if not _cancelled(desk, order) and rest != 0:
            opened.append((rest, age))
    for order_id in {row["order_id"] for row in deliveries if row["order_id"] is not None}:
        order = {"order_id": order_id}
        unbilled.append(_rest(_delivered(desk, deliveries, order), _billed(desk, order)))
    unbilled += [_worth(desk, row) for row in deliveries if row["order_id"] is None]
    return {
        "open_order_amount": total(rest for rest, _ in opened),
        "open_order_count": len(opened),
        "oldest_open_order_days": max((age for _, age in opened), default=None),
        "unbilled_delivery_amount": total(rest for rest in unbilled if rest != 0),
    }


def _rest(value, *taken):
    """The value less the largest of what was taken: nothing where one of it is known to reach it."""
    if value is not None and any(part is not None and part >= value for part in taken):
        return Decimal(0)
    return None if value is None or None in taken else value - max(taken)


def _sum(values):
    values = list(values)
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if known or not values else None


def _worth(desk, delivery):
    return desk.turned(delivery, delivery["amount"], delivery["delivered_on"])


def _delivered(desk, deliveries, order):
    return _sum(_worth(desk, row) for row in deliveries if row["order_id"] == order["order_id"])


def _billed(desk, order):
    bills = [row for row in desk.seen["invoices"] if row["order_id"] == order["order_id"]]
    return _sum(desk.turned(r, r["amount"], r["issued_on"]) for r in bills if r["issued_on"] <= desk.as_of)
