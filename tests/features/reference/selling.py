"""What was invoiced, on which terms, and how it compares with a year ago."""

from tests.features.reference.arithmetic import WINDOWS, average, less_one, over, share, total


def facts(items):
    return _activity(items) | _terms(items) | _season(items) | {"peak_paid_in_terms_365d": _peak(items)}


def _activity(items):
    found = {"invoice_count_ever": len(items)}
    for window in ("30d", "90d", "180d", "365d"):
        amounts = [i.amount for i in items if i.age < WINDOWS[window]]
        found[f"invoice_count_{window}"] = len(amounts)
        found[f"invoiced_amount_{window}"] = total(amounts)
    known = [a for a in amounts if a is not None]
    return found | {
        "invoice_amount_mean_365d": average(known),
        "invoice_amount_max_365d": float(max(known)) if known else None,
        "amount_missing_count_365d": len(amounts) - len(known),
        "invoiced_trend_90d": less_one(over(found["invoiced_amount_90d"], found["invoiced_amount_365d"]), 365 / 90),
        "days_since_last_invoice": min((i.age for i in items), default=None),
        "tenure_days": max((i.age for i in items), default=None),
    }


def _terms(items):
    year = [i for i in items if i.age < 365]
    before = average(i.terms for i in items if 365 <= i.age < 730)
    usual, recent = average(i.terms for i in year), average(i.terms for i in year if i.age < 90)
    return {
        "terms_mean_365d": usual,
        "terms_distinct_365d": len({i.terms for i in year}),
        "terms_change_90d": None if recent is None else recent - usual,
        "interest_rate_mean_365d": average(
            i.invoice["interest_rate"] for i in year if i.invoice["interest_rate"] is not None
        ),
        "terms_max_365d": max((i.terms for i in year), default=None),
        "terms_lengthening_count_365d": None if before is None else sum(i.terms > before for i in year),
        "instalment_share_365d": share(i.invoice["document_id"] is not None for i in year),
        "order_id_share_365d": share(i.invoice["order_id"] is not None for i in year),
        "prepayment_share_365d": share(
            i.is_settled and i.settled_on <= i.invoice["issued_on"] for i in year if i.is_settled or i.is_open
        ),
    }


def _season(items):
    recent = total(i.amount for i in items if i.age < 90)
    same = total(i.amount for i in items if 365 <= i.age < 455)
    season, year = total(i.amount for i in items if 275 <= i.age < 365), total(i.amount for i in items if i.age < 365)
    return {
        "invoiced_to_last_year_90d": less_one(over(recent, same)),
        "invoiced_same_season_share": over(season, year),
    }


def _peak(items):
    """Highest sum that stood open at the end of a day, of the invoices that were paid in terms."""
    paid = [i for i in items if i.is_settled and i.late <= 0 and i.age < 365 and i.amount is not None]
    days = [i.invoice["issued_on"] for i in paid]
    levels = [sum(i.amount for i in paid if i.invoice["issued_on"] <= on < i.settled_on) for on in days]
    return float(max(levels)) if paid else None
