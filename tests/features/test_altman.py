"""Altman's Z'': the formula, its zones, and the score of a statement."""

import ibis
import pytest

from features.altman import FEATURES, z_double_prime, zone
from tests.features.ledger import AS_OF, day
from tests.features.one_family import MASTER, teller
from tests.features.rows import row

told = teller(*FEATURES)

SHEET = {
    "total_assets": 2000,
    "current_assets": 900,
    "current_liabilities": 500,
    "retained_earnings": 300,
    "ebit": 160,
    "equity": 800,
    "total_liabilities": 1200,
}


def scored(as_of=AS_OF, **figures):
    statement = row(
        "statements",
        customer_id="C1",
        fiscal_year_end_on=day("2023-12-31"),
        known_on=day("02-01"),
        **(SHEET | figures),
    )
    return told({"customers": [MASTER], "statements": [statement]}, as_of=as_of)


@pytest.mark.parametrize(
    ("ratios", "score"),
    [
        # 6.56 x 0.2 + 3.26 x 0.15 + 6.72 x 0.08 + 1.05 x 2/3 = 1.312 + 0.489 + 0.5376 + 0.7
        pytest.param((0.2, 0.15, 0.08, 2 / 3), 3.0386, id="a sound firm"),
        # 6.56 x 0.05 + 3.26 x 0.1 + 6.72 x 0.04 + 1.05 x 0.5 = 0.328 + 0.326 + 0.2688 + 0.525
        pytest.param((0.05, 0.1, 0.04, 0.5), 1.4478, id="a firm in the grey zone"),
        # 6.56 x -0.1 + 3.26 x -0.2 + 6.72 x -0.05 + 1.05 x 0.1 = -0.656 - 0.652 - 0.336 + 0.105
        pytest.param((-0.1, -0.2, -0.05, 0.1), -1.539, id="a firm in distress"),
        pytest.param((0, 0, 0, 0), 0, id="no constant"),
        pytest.param((1, 0, 0, 0), 6.56, id="X1 alone"),
        pytest.param((0, 1, 0, 0), 3.26, id="X2 alone"),
        pytest.param((0, 0, 1, 0), 6.72, id="X3 alone"),
        pytest.param((0, 0, 0, 1), 1.05, id="X4 alone"),
    ],
)
def test_the_formula(ratios, score):
    assert z_double_prime(*map(float, ratios)) == pytest.approx(score, rel=1e-12)


def test_a_column_gives_what_numbers_give():
    ratios = (0.2, 0.15, 0.08, 2 / 3)
    columns = (ibis.literal(value, "float64") for value in ratios)
    assert ibis.duckdb.connect().execute(z_double_prime(*columns)) == z_double_prime(*ratios)


@pytest.mark.parametrize(("score", "expected"), [(2.6001, 2), (2.6, 1), (2.0, 1), (1.1, 1), (1.0999, 0), (-3.0, 0)])
def test_the_zones(score, expected):
    assert zone(score) == expected


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        # 6.56 x 400/2000 + 3.26 x 300/2000 + 6.72 x 160/2000 + 1.05 x 800/1200
        pytest.param({}, (3.0386, 2), id="the sound firm"),
        # 3.0386 - 6.72 x 0.08 = 2.501
        pytest.param({"ebit": 0}, (2.501, 1), id="without earnings it is grey"),
        # 6.56 x -0.3 + 0.489 + 0 + 0.7 = -0.779
        pytest.param({"ebit": 0, "current_liabilities": 1500}, (-0.779, 0), id="without liquidity it is in distress"),
        # 3.0386 + 6.72 x 0.08
        pytest.param({"period_months": 6}, (3.5762, 2), id="160 in half a year are 320"),
        pytest.param({"currency": "USD"}, (3.0386, 2), id="the currency does not matter"),
        pytest.param({"total_assets": 0}, (None, None), id="no assets"),
        pytest.param({"total_liabilities": 0}, (None, None), id="no liabilities"),
        *(pytest.param({name: None}, (None, None), id=f"no {name}") for name in SHEET),
    ],
)
def test_the_score_of_a_statement(figures, expected):
    assert scored(**figures) == pytest.approx(expected)


def test_a_statement_counts_from_the_day_on_which_it_is_known():
    assert scored(as_of=day("01-31")) == (None, None)
    assert scored(as_of=day("02-01"))[1] == 2
