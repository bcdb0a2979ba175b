"""Ratios of annual statements, with the sums written out."""

from decimal import Decimal

import pytest

from features.statement_ratios import FEATURES
from tests.features.ledger import AS_OF, day, days
from tests.features.one_family import MASTER, teller
from tests.features.rows import row

told = teller(*FEATURES)

SHEET = {
    "current_assets": 600,
    "current_liabilities": 400,
    "inventories": 150,
    "total_assets": 1000,
    "equity": 250,
    "financial_debt": 500,
    "ebit": 90,
    "interest_expense": 30,
    "net_income": 40,
    "revenue": 2000,
    "payables": 120,
    "cost_of_sales": 1460,
    "operating_cash_flow": 75,
    "is_audited": True,
}
FACTS = {
    "current_ratio": 1.5,  # 600 / 400
    "quick_ratio": 1.125,  # (600 - 150) / 400
    "equity_share": 0.25,  # 250 / 1000
    "debt_to_equity": 2,  # 500 / 250
    "interest_cover": 3,  # 90 / 30
    "net_margin": 0.02,  # 40 / 2000
    "return_on_assets": 0.04,  # 40 / 1000
    "days_payables_outstanding": 30,  # 120 / 1460 x 365
    "cash_flow_to_debt": 0.15,  # 75 / 500
    "revenue_growth": None,
    "is_audited": 1,
}


def statement(year=2023, *, known="2024-02-01", **figures):
    values = {n: Decimal(v) if type(v) is int and n != "period_months" else v for n, v in (SHEET | figures).items()}
    ended_on = day(f"{year}-12-31")
    return row("statements", customer_id="C1", fiscal_year_end_on=ended_on, known_on=day(known), **values)


def ratios(*statements, wanted=(), as_of=AS_OF):
    return told({"customers": [MASTER], "statements": list(statements)}, *wanted, as_of=as_of)


def test_a_statement():
    assert ratios(statement()) == pytest.approx(tuple(FACTS.values()))
    assert list(FACTS) == [feature.name for feature in FEATURES]


def test_a_statement_of_half_a_year():
    doubled = {"return_on_assets": 0.08, "days_payables_outstanding": 15, "cash_flow_to_debt": 0.3}
    assert ratios(statement(period_months=6)) == pytest.approx(tuple((FACTS | doubled).values()))


def test_twelve_months_are_what_is_meant_when_none_are_stated():
    assert ratios(statement(period_months=12)) == ratios(statement(period_months=None))


def test_the_currency_does_not_matter():
    assert ratios(statement(currency="USD")) == ratios(statement())


@pytest.mark.parametrize(
    ("before", "latest", "growth"),
    [
        pytest.param({"revenue": 1600}, {}, 0.25, id="2000 / 1600 - 1"),
        pytest.param({"revenue": 1000, "period_months": 6}, {}, 0, id="1000 in half a year are 2000"),
        pytest.param({"revenue": 1500}, {"period_months": 18, "revenue": 1800}, -0.2, id="1200 a year / 1500 - 1"),
        pytest.param({"revenue": 0}, {}, None, id="from nothing"),
        pytest.param({"revenue": None}, {}, None, id="not stated before"),
        pytest.param({}, {"revenue": None}, None, id="not stated now"),
        pytest.param({"currency": "USD"}, {}, None, id="in another currency before"),
        pytest.param(
            {"currency": "USD", "revenue": 1600}, {"currency": "USD"}, 0.25, id="both in the same foreign one"
        ),
        pytest.param({"revenue": 1600, "year": 2021}, {}, 0.25, id="the one before, however long ago"),
    ],
)
def test_growth_on_the_statement_before(before, latest, growth):
    earlier = statement(**({"year": 2022} | before), known="2023-02-01")
    assert ratios(earlier, statement(**latest), wanted=["revenue_growth"]) == (
        growth if growth is None else pytest.approx(growth)
    )


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("current_ratio", "current_assets"),
        ("quick_ratio", "inventories"),
        ("equity_share", "equity"),
        ("debt_to_equity", "financial_debt"),
        ("interest_cover", "ebit"),
        ("net_margin", "net_income"),
        ("return_on_assets", "net_income"),
        ("days_payables_outstanding", "payables"),
        ("cash_flow_to_debt", "operating_cash_flow"),
        ("is_audited", "is_audited"),
    ],
)
def test_a_missing_part_leaves_no_ratio(name, part):
    assert ratios(statement(**{part: None}), wanted=[name]) is None


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("current_ratio", "current_liabilities"),
        ("quick_ratio", "current_liabilities"),
        ("equity_share", "total_assets"),
        ("debt_to_equity", "equity"),
        ("interest_cover", "interest_expense"),
        ("net_margin", "revenue"),
        ("return_on_assets", "total_assets"),
        ("days_payables_outstanding", "cost_of_sales"),
        ("cash_flow_to_debt", "financial_debt"),
    ],
)
def test_a_whole_that_is_missing_or_0_leaves_no_ratio(name, whole):
    assert ratios(statement(**{whole: None}), wanted=[name]) is None
    assert ratios(statement(**{whole: 0}), wanted=[name]) is None


def test_debt_over_negative_equity_is_no_ratio_but_the_share_of_equity_is():
    assert ratios(statement(equity=-100), wanted=["debt_to_equity", "equity_share"]) == (None, -0.1)


def test_losses_are_negative():
    wanted = ["interest_cover", "net_margin", "return_on_assets", "cash_flow_to_debt"]
    poor = statement(ebit=-60, net_income=-100, operating_cash_flow=-25)
    assert ratios(poor, wanted=wanted) == pytest.approx((-2, -0.05, -0.1, -0.05))


def test_the_latest_statement_known_counts():
    old, new = statement(2022, known="2023-02-01", equity=100), statement(2023, known="2024-03-01", equity=200)
    wanted = ["equity_share"]
    assert ratios(old, new, wanted=wanted, as_of=AS_OF - days(1)) == 0.1
    assert ratios(old, new, wanted=wanted) == 0.2


def test_a_corrected_and_a_withdrawn_statement_are_seen_as_they_were():
    known = [statement(known="2024-02-01"), statement(known="2024-02-10", equity=300), statement(known="2024-02-20")]
    known[2]["is_deleted"] = True
    shares = [ratios(*known, wanted=["equity_share"], as_of=day(f"02-{on}")) for on in ("09", "10", "19", "20")]
    assert shares == [0.25, 0.3, 0.3, None]


def test_no_statement():
    assert ratios() == (None,) * len(FEATURES)
