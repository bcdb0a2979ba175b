"""From 180 days to twelve months, and expected loss: worked sums, boundaries, laws."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.expected_loss import expected_loss
from policy.horizon import twelve_months_from_180_days

shares = st.decimals(0, 1, places=9)


@pytest.mark.parametrize(
    ("pd_180d", "pd_12m"),
    [
        pytest.param("0", "0.000000", id="never"),
        pytest.param("1", "1.000000", id="certain"),
        pytest.param("0.5", "0.754768", id="1 - 0.5^2.02778 = 0.7547672.., rounded up"),
        pytest.param("0.02", "0.040139", id="1 - 0.98^2.02778 = 0.0401387.., rounded up"),
        pytest.param("0.000000001", "0.000001", id="rounded up, never to zero"),
    ],
)
def test_conversion(pd_180d, pd_12m):
    assert twelve_months_from_180_days(Decimal(pd_180d)).pd_12m == Decimal(pd_12m)


def test_the_conversion_is_said():
    note = twelve_months_from_180_days(Decimal("0.02")).note
    assert "pd_12m 0.040139 is converted from pd_180d 0.02" in note


@pytest.mark.parametrize("wrong", ["-0.1", "1.1", "NaN", "Infinity"])
def test_no_share_no_conversion(wrong):
    with pytest.raises(ValueError, match=r"pd_180d must lie in \[0, 1\]"):
        twelve_months_from_180_days(Decimal(wrong))


@given(shares)
def test_a_longer_horizon_is_never_safer(pd_180d):
    assert pd_180d <= twelve_months_from_180_days(pd_180d).pd_12m <= 1


@given(shares, shares)
def test_the_order_of_customers_stays(one, other):
    low, high = sorted([one, other])
    assert twelve_months_from_180_days(low).pd_12m <= twelve_months_from_180_days(high).pd_12m


def test_expected_loss_is_written_out_and_rounded_up():
    loss = expected_loss(pd_12m=Decimal("0.040139"), lgd=Decimal("0.45"), ead=Decimal("12000"))
    assert loss.amount == Decimal("216.76")  # 216.7506
    assert loss.formula == "216.76 = 4.0139 % x 45 % x 12,000.00"


@given(shares, shares, st.decimals(0, 10**9, places=2))
def test_expected_loss_lies_between_nothing_and_everything(pd_12m, lgd, ead):
    assert 0 <= expected_loss(pd_12m=pd_12m, lgd=lgd, ead=ead).amount <= ead


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        pytest.param({"pd_12m": Decimal("1.1")}, "pd_12m must lie in", id="pd"),
        pytest.param({"lgd": Decimal("-0.1")}, "lgd must lie in", id="lgd"),
        pytest.param({"ead": Decimal("-1")}, "ead must not be negative", id="ead"),
    ],
)
def test_expected_loss_refuses_what_cannot_be(wrong, message):
    with pytest.raises(ValueError, match=message):
        expected_loss(**{"pd_12m": Decimal("0.1"), "lgd": Decimal("0.4"), "ead": Decimal(1), **wrong})
