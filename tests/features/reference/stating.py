"""What the customer's own books say: monthly revenue, staff, and the latest statement with its ratios."""

from fractions import Fraction

from tests.features.reference.arithmetic import average, less, less_one, over, over_positive


def facts(desk, customer_id):
    months = desk.ages("customer_financials", customer_id, "period_start_on")
    statements = sorted(desk.ages("statements", customer_id, "fiscal_year_end_on"), key=lambda found: found[1])
    latest, age = statements[0] if statements else ({}, None)
    before = statements[1][0] if len(statements) > 1 else {}
    return (
        _revenue([(desk.turned(row, row["revenue"], row["period_start_on"]), row, age) for row, age in months])
        | _worth(desk, latest)
        | _balance(latest)
        | _flows(latest, before)
        | _altman(latest)
        | {"statement_age_days": age, "is_audited": _flag(latest.get("is_audited"))}
    )


def _revenue(months):
    stated = sorted((age, revenue) for revenue, _, age in months if revenue is not None)
    year = [revenue for age, revenue in stated if age < 365]
    usual = average(year) if len(year) >= 3 else None
    staff = sorted((age, r["employees"]) for _, r, age in months if r["employees"] is not None)
    return {
        "revenue_latest": float(stated[0][1]) if stated else None,
        "revenue_age_days": stated[0][0] if stated else None,
        "revenue_12m": None if usual is None else usual * 12,
        "revenue_trend": less_one(over(average(revenue for age, revenue in stated if age < 90), usual)),
        "employees": staff[0][1] if staff else None,
    }


def _flag(value):
    return None if value is None else float(value)


def _worth(desk, stated):
    def turned(name):
        return desk.turned(stated, stated[name], stated["fiscal_year_end_on"]) if stated else None

    return {
        "tangible_net_worth": less(turned("equity"), turned("intangible_assets")),
        "working_capital": less(turned("current_assets"), turned("current_liabilities")),
    }


def _balance(stated):
    quick = less(stated.get("current_assets"), stated.get("inventories"))
    equity = stated.get("equity")
    return {
        "current_ratio": over_positive(stated.get("current_assets"), stated.get("current_liabilities")),
        "quick_ratio": over_positive(quick, stated.get("current_liabilities")),
        "equity_share": over_positive(equity, stated.get("total_assets")),
        "debt_to_equity": over_positive(stated.get("financial_debt"), equity),
    }


def _yearly(stated, name):
    value = stated.get(name)
    return None if value is None else Fraction(value) * 12 / (stated["period_months"] or 12)


def _flows(stated, before):
    before = before if before.get("currency") == stated.get("currency") else {}
    days = over_positive(stated.get("payables"), _yearly(stated, "cost_of_sales"))
    return {
        "interest_cover": over_positive(stated.get("ebit"), stated.get("interest_expense")),
        "net_margin": over_positive(stated.get("net_income"), stated.get("revenue")),
        "return_on_assets": over_positive(_yearly(stated, "net_income"), stated.get("total_assets")),
        "days_payables_outstanding": None if days is None else days * 365,
        "cash_flow_to_debt": over_positive(_yearly(stated, "operating_cash_flow"), stated.get("financial_debt")),
        "revenue_growth": less_one(over_positive(_yearly(stated, "revenue"), _yearly(before, "revenue"))),
    }


def _altman(stated):
    assets = stated.get("total_assets")
    parts = [
        over_positive(less(stated.get("current_assets"), stated.get("current_liabilities")), assets),
        over_positive(stated.get("retained_earnings"), assets),
        over_positive(_yearly(stated, "ebit"), assets),
        over_positive(stated.get("equity"), stated.get("total_liabilities")),
    ]
    if None in parts:
        return {"altman_z2": None, "altman_zone": None}
    z = sum(weight * part for weight, part in zip((6.56, 3.26, 6.72, 1.05), parts, strict=True))
    return {"altman_z2": z, "altman_zone": 2 if z > 2.6 else 0 if z < 1.1 else 1}
