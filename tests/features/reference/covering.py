"""The limit in force and the securities: what may be owed, and what somebody else would pay."""

from tests.features.reference.arithmetic import less_one, lowest, over, total


def facts(desk, customer_id):
    return _limit(desk, customer_id) | _securities(desk, customer_id)


def _stands(row, as_of):
    return row["valid_to_on"] is None or row["valid_to_on"] >= as_of


def _limit(desk, customer_id):
    limits = sorted(desk.ages("limits", customer_id, "valid_from_on"), key=lambda found: -found[1])
    values = [desk.turned(row, row["amount"], row["valid_from_on"]) for row, _ in limits]
    valid = [place for place, (row, _) in enumerate(limits) if _stands(row, desk.as_of)]
    changes = [place for place in range(1, len(limits)) if limits[place][1] < 365]
    stated = [(row["amount"], row["currency"]) for row, _ in limits]
    found = {"limit_amount": None, "limit_age_days": None, "limit_days_to_expiry": None, "limit_change": None}
    if valid:
        place = valid[-1]
        row, age = limits[place]
        ends_on, value = row["valid_to_on"], values[place]
        found = {
            "limit_amount": None if value is None else float(value),
            "limit_age_days": age,
            "limit_days_to_expiry": None if ends_on is None else (ends_on - desk.as_of).days,
            "limit_change": _change(limits, values, place) if place else None,
        }
    return found | {"limit_change_count_365d": sum(stated[p] != stated[p - 1] for p in changes)}


def _change(limits, values, place):
    """As stated where the currency is the same, else as turned."""
    (now, _), (before, _) = limits[place], limits[place - 1]
    if now["currency"] == before["currency"]:
        return less_one(over(now["amount"], before["amount"]))
    return less_one(over(values[place], values[place - 1]))


def _securities(desk, customer_id):
    held = [row for row, _ in desk.ages("securities", customer_id, "valid_from_on") if _stands(row, desk.as_of)]
    return {
        "secured_amount": total(_cover(desk, row) for row in held),
        "insured_amount": total(_cover(desk, row) for row in held if row["kind"] == "INSURANCE"),
        "security_count": len(held),
        "security_days_to_expiry": lowest(
            (row["valid_to_on"] - desk.as_of).days for row in held if row["valid_to_on"] is not None
        ),
    }


def _cover(desk, row):
    value = desk.turned(row, row["amount"], row["valid_from_on"])
    percent = 100 if row["covered_percent"] is None else row["covered_percent"]
    return None if value is None else value * percent / 100


def exposure(found):
    """What is at stake, against the limit and the cover: arithmetic over other features."""
    parts = [found[name] for name in ("open_amount", "open_order_amount", "unbilled_delivery_amount")]
    gross = None if None in parts else sum(parts)
    free = [found[name] for name in ("unapplied_cash_amount", "unassigned_credit_amount")]
    net = None if gross is None or None in free else max(0.0, gross - sum(free))
    limit, secured = found["limit_amount"], found["secured_amount"]
    return {
        "exposure_amount": gross,
        "net_exposure_amount": net,
        "limit_utilisation": over(net, limit),
        "headroom_amount": None if None in (limit, net) else limit - net,
        "is_over_limit": None if None in (limit, net) else float(net > limit),
        "uncovered_amount": None if None in (secured, net) else max(0.0, net - secured),
        "exposure_to_peak_paid": over(gross, found["peak_paid_in_terms_365d"]),
    }
