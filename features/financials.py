"""What the customer earns and owns: monthly revenue, staff, and the latest annual statement."""

from typing import TYPE_CHECKING, Final

import ibis

from features.as_of import seen_rows, within
from features.catalogue import INF, Feature
from features.windows import at_least, number, ratio

if TYPE_CHECKING:  # the list of families imports this file
    from features.families import Sight

MONTHS_NEEDED: Final = 3
_NO_REVENUE: Final = "no revenue is known, or no rate turns it into the book's currency"
_NO_STATEMENT: Final = "the latest statement lacks it, no rate turns it into the book's currency, or there is none"

REVENUE_FEATURES: Final = (
    Feature("revenue_latest", "Latest monthly revenue.", "money", 0, INF, _NO_REVENUE, 0, "financials"),
    Feature(
        "revenue_12m",
        "Yearly revenue: mean of the months stated in the last 365 days, times 12.",
        "money",
        0,
        INF,
        "fewer than three months are stated",
        0,
        "financials",
    ),
    Feature(
        "revenue_trend",
        "Mean monthly revenue of the last 90 days over that of the last 365, less 1.",
        "ratio",
        -1,
        INF,
        "no month in the last 90 days, fewer than three in the year, or no revenue at all",
        0,
        "financials",
    ),
    Feature("revenue_age_days", "Age of the latest monthly revenue.", "days", 0, INF, _NO_REVENUE, 0, "financials"),
    Feature("employees", "Number of employees as last stated.", "people", 0, INF, "never stated", 0, "financials"),
)
STATEMENT_FEATURES: Final = (
    Feature(
        "tangible_net_worth",
        "Equity less intangible assets, latest statement.",
        "money",
        -INF,
        INF,
        _NO_STATEMENT,
        -1,
        "financials",
    ),
    Feature(
        "working_capital",
        "Current assets less current liabilities, latest statement.",
        "money",
        -INF,
        INF,
        _NO_STATEMENT,
        -1,
        "financials",
    ),
    Feature(
        "statement_age_days",
        "Age of the latest statement's balance sheet.",
        "days",
        0,
        INF,
        "there is none",
        0,
        "financials",
    ),
)


def revenue_facts(sight: "Sight") -> ibis.Table:
    """One row per case with any monthly figure: ``case_no`` and the features."""
    rows = seen_rows(sight, "customer_financials", "period_start_on", money=("revenue",))
    stated = rows.revenue.notnull()
    year, quarter = stated & within(rows.age, 365), stated & within(rows.age, 90)
    sums = rows.group_by("case_no").agg(
        latest=rows.revenue.argmin(rows.age, where=stated),
        age=rows.age.min(where=stated),
        year_sum=rows.revenue.sum(where=year),
        year_months=rows.count(where=year),
        quarter_sum=rows.revenue.sum(where=quarter),
        quarter_months=rows.count(where=quarter),
        staff=rows.employees.argmin(rows.age, where=rows.employees.notnull()),
    )
    mean = at_least(MONTHS_NEEDED, sums.year_months, ratio(sums.year_sum, sums.year_months))
    return sums.select(
        "case_no",
        revenue_latest=number(sums.latest),
        revenue_12m=mean * 12.0,
        revenue_trend=ratio(sums.quarter_sum, sums.quarter_months) / mean.nullif(0.0) - 1.0,
        revenue_age_days=number(sums.age),
        employees=number(sums.staff),
    )


_PARTS: Final = ("equity", "intangible_assets", "current_assets", "current_liabilities")


def statement_facts(sight: "Sight") -> ibis.Table:
    """One row per case with a statement: ``case_no`` and the features."""
    rows = seen_rows(sight, "statements", "fiscal_year_end_on", money=_PARTS)
    rows = rows.mutate(
        net_worth=number(rows.equity - rows.intangible_assets),
        liquid=number(rows.current_assets - rows.current_liabilities),
    )
    newest = rows.age == rows.age.min().over(ibis.window(group_by="case_no"))
    latest = rows.filter(newest)
    return latest.select(
        "case_no",
        tangible_net_worth=latest.net_worth,
        working_capital=latest.liquid,
        statement_age_days=number(latest.age),
    )
