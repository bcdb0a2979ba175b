"""Ratios of the latest annual statement: liquidity, gearing, cover, profit, and growth on the one before.

Both sides of a ratio come from one statement, so its currency does not matter. Flows of a shorter or longer period are
brought to a year. A denominator of 0 or less gives no ratio: debt over negative equity would look like little debt.
"""

from typing import TYPE_CHECKING, Any, Final

import ibis

from features.as_of import seen_rows
from features.catalogue import INF, Feature
from features.windows import number

if TYPE_CHECKING:  # the list of families imports this file
    from features.families import Sight

_NO_PART: Final = "there is no statement, or the latest lacks a part of it"


def _of(name: str, meaning: str, whole: str, risk: int, low: float = -INF) -> Feature:
    unit = "days" if name.startswith("days_") else "ratio"
    null_means = f"{_NO_PART}, or {whole} is not above 0"
    return Feature(name, f"{meaning}, latest statement.", unit, low, INF, null_means, risk, "financials")


FEATURES: Final[tuple[Feature, ...]] = (
    _of("current_ratio", "Current assets over current liabilities", "current liabilities", -1, low=0),
    _of("quick_ratio", "Current assets less inventories over current liabilities", "current liabilities", -1),
    _of("equity_share", "Equity over total assets", "total assets", -1),
    _of("debt_to_equity", "Interest-bearing debt over equity", "equity", 1, low=0),
    _of("interest_cover", "Earnings before interest and tax over interest paid", "interest paid", -1),
    _of("net_margin", "Net income over revenue", "revenue", -1),
    _of("return_on_assets", "Net income of a year over total assets", "total assets", -1),
    _of("days_payables_outstanding", "Trade payables over the cost of sales of a day", "cost of sales", 0, low=0),
    _of("cash_flow_to_debt", "Operating cash flow of a year over interest-bearing debt", "debt", -1),
    Feature(
        "revenue_growth",
        "Revenue of a year, latest statement, over that of the statement before it, less 1.",
        "ratio",
        -1,
        INF,
        f"{_NO_PART}, there is none before it, it is in another currency, or its revenue is not above 0",
        -1,
        "financials",
    ),
    Feature(
        "is_audited",
        "1 when an auditor signed the latest statement, else 0.",
        "flag",
        0,
        1,
        "there is no statement, or it does not say",
        0,
        "financials",
    ),
)


def facts(sight: "Sight") -> ibis.Table:
    """One row per case with a statement: ``case_no`` and the features."""
    rows = latest_statement(sight)
    a_year = rows.to_a_year
    grown = over(number(rows.revenue) * a_year, number(rows.revenue_before) * rows.to_a_year_before) - 1.0
    is_same_money = (rows.currency == rows.currency_before).fill_null(False)
    return rows.select(
        "case_no",
        current_ratio=over(rows.current_assets, rows.current_liabilities),
        quick_ratio=over(rows.current_assets - rows.inventories, rows.current_liabilities),
        equity_share=over(rows.equity, rows.total_assets),
        debt_to_equity=over(rows.financial_debt, rows.equity),
        interest_cover=over(rows.ebit, rows.interest_expense),
        net_margin=over(rows.net_income, rows.revenue),
        return_on_assets=over(rows.net_income, rows.total_assets) * a_year,
        days_payables_outstanding=over(rows.payables, rows.cost_of_sales) / a_year * 365.0,
        cash_flow_to_debt=over(rows.operating_cash_flow, rows.financial_debt) * a_year,
        revenue_growth=ibis.ifelse(is_same_money, grown, ibis.null("float64")),
        is_audited=rows.is_audited.cast("int8").cast("float64"),
    )


def latest_statement(sight: "Sight") -> ibis.Table:
    """The statement with the latest balance sheet date of each case that has any.

    Returns:
        The columns of the table of statements as seen, ``to_a_year`` (float64: a flow times this is that of twelve
        months), and ``revenue_before``, ``currency_before``, ``to_a_year_before`` of the statement before it.
    """
    rows = seen_rows(sight, "statements", "fiscal_year_end_on")
    rows = rows.mutate(to_a_year=12.0 / number(rows.period_months.fill_null(12)).nullif(0.0))
    history = ibis.window(group_by="case_no", order_by="fiscal_year_end_on")
    carried = ("revenue", "currency", "to_a_year")
    rows = rows.mutate(
        newest_age=rows.age.min().over(ibis.window(group_by="case_no")),
        **{f"{name}_before": rows[name].lag().over(history) for name in carried},
    )
    return rows.filter(rows.age == rows.newest_age)


def over(part: Any, whole: Any) -> Any:
    """Part over whole as float64, null where the whole is 0 or less, or either is null."""
    whole = number(whole)
    return number(part) / ibis.ifelse(whole > 0.0, whole, ibis.null("float64"))
