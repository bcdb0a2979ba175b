"""How settled invoices were paid: lateness, its trend, the payment index, cash discounts."""

from fractions import Fraction

from tests.features.reference.arithmetic import WINDOWS, average, less, over, share, slope, spread


def facts(items):
    settled = [i for i in items if i.is_settled]
    found = _windows(settled) | _weighted(settled) | _latest(settled) | _due(items) | _trend(settled)
    return found | _discounts(items, settled) | _outcomes(items)


def within(settled, length):
    return [i for i in settled if i.settled_age < length]


def _windows(settled):
    found = {}
    for window, length in WINDOWS.items():
        late = [i.late for i in within(settled, length)]
        found |= {
            f"settled_count_{window}": len(late),
            f"days_late_mean_{window}": average(late),
            f"days_late_worst_{window}": max(late, default=None),
            f"late1_share_{window}": share(d >= 1 for d in late),
            f"late5_share_{window}": share(d >= 5 for d in late),
            f"late30_share_{window}": share(d >= 30 for d in late),
            f"on_due_day_share_{window}": share(d == 0 for d in late),
            f"late5_count_{window}": sum(d >= 5 for d in late),
            f"days_late_std_{window}": spread(late),
        }
    return found


def _weighted(settled):
    priced = [i for i in within(settled, 365) if i.amount is not None]
    weight = sum(i.amount for i in priced)
    return {
        "days_late_weighted_365d": over(sum(i.amount * i.late for i in priced), weight),
        "days_beyond_terms_365d": over(sum(i.amount * max(0, i.late) for i in priced), weight),
        "payment_index_365d": _index(within(settled, 365)),
        "payment_index_90d": _index(within(settled, 90)),
    }


def _index(settled):
    priced = [i for i in settled if i.amount is not None]
    points = sum(Fraction(i.amount) * _points(i.late) for i in priced)
    return over(points, sum(i.amount for i in priced)) if len(priced) >= 3 else None


def _points(late: int) -> Fraction:
    known = {-30: 100, -20: 90, 0: 80, 15: 70, 22: 60, 30: 50, 60: 40, 90: 30, 120: 20, 180: 0}
    if late <= -30 or late >= 180:
        return Fraction(100 if late < 0 else 0)
    below, above = max(d for d in known if d <= late), min(d for d in known if d >= late)
    if below == above:
        return Fraction(known[below])
    return known[below] + Fraction((known[above] - known[below]) * (late - below), above - below)


def _latest(settled):
    latest = min((i.settled_age for i in settled), default=None)
    return {
        "days_late_trend_365d": slope([(-i.settled_age, i.late) for i in within(settled, 365)]),
        "last_days_late": max((i.late for i in settled if i.settled_age == latest), default=None),
        "days_since_late5_payment": min((i.settled_age for i in settled if i.late >= 5), default=None),
    }


def _due(items):
    found = {}
    for window in ("30d", "90d", "180d", "365d"):
        due = [i for i in items if i.is_tested and 5 <= i.due_age < WINDOWS[window]]
        found[f"due_count_{window}"] = len(due)
        found[f"due_late5_share_{window}"] = share(not i.is_settled or i.late >= 5 for i in due)
    return found


def _outcomes(items):
    """How the invoices that fell due turned out, the latest first, of one day the worst first."""
    due = [i for i in items if i.is_tested and i.due_age >= 0 and (i.is_settled or i.dpd > 5)]
    late = [_days_late(i) for i in sorted(due, key=lambda i: (i.due_age, -_days_late(i)))]
    found = {f"days_late_last_{place}": late[place - 1] if len(late) >= place else None for place in (1, 2, 3)}
    weighed = [(_days_late(i), round(2**20 * 0.5 ** (_known_for(i) / 60))) for i in due if _known_for(i) <= 1200]
    for grace in (5, 1):
        behind = sum(weight for days, weight in weighed if days >= grace)
        found[f"late{grace}_share_recent"] = over(behind, sum(weight for _, weight in weighed))
    return found


def _days_late(item):
    return item.late if item.is_settled else item.dpd


def _known_for(item):
    """Days since the outcome was known: since settlement, or since the fifth day past due if that was before."""
    return (item.settled_age if item.is_settled else 0) + max(0, item.dpd - 5)


def _trend(settled):
    quarter, year = within(settled, 90), within(settled, 365)
    season = [i for i in year if i.settled_age >= 275]
    return {
        "payment_index_change": less(_index(quarter), _index(year)),
        "late5_share_change": less(share(i.late >= 5 for i in quarter), share(i.late >= 5 for i in year)),
        "days_late_mean_change": less(average(i.late for i in quarter), average(i.late for i in year)),
        "late5_share_same_season": share(i.late >= 5 for i in season),
    }


def _offers(item):
    """Whether a discount was offered; one of an amount unknown in the book's currency is, one of nothing is none."""
    return item.invoice["discount_until_on"] is not None and item.discount != 0


def _discounts(items, settled):
    found = {"discount_offered_count_365d": sum(i.age < 365 and _offers(i) for i in items)}
    for window in ("90d", "365d"):
        offered = [i for i in within(settled, WINDOWS[window]) if _offers(i)]
        found[f"discount_taken_share_{window}"] = share(i.settled_on <= i.invoice["discount_until_on"] for i in offered)
    found["discount_lapse"] = less(found["discount_taken_share_365d"], found["discount_taken_share_90d"])
    return found
