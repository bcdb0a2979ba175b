"""How the customer orders, with the sums written out."""

from datetime import date

import pytest

from features.order_behaviour import FEATURES, TERMS_FEATURES
from tests.features.ledger import AS_OF, days, invoice
from tests.features.one_family import MASTER, money, stated, teller

told = teller(*FEATURES, *TERMS_FEATURES)


def order(order_id="O1", *, ago=20, amount="100", terms=None, **more):
    return stated("orders", ago=ago, on="ordered_on", order_id=order_id, amount=money(amount), terms_days=terms, **more)


def placed(*orders, wanted=(), as_of=AS_OF, **more):
    return told({"customers": [MASTER], "orders": list(orders), **more}, *wanted, as_of=as_of)


def billed(terms, number=1):
    issued = AS_OF - days(50)
    return invoice(f"I{number}", issued=issued.isoformat(), due=(issued + days(terms)).isoformat())


def test_four_orders():
    found = placed(
        order("O1", ago=300, amount="100", terms=30),
        order("O2", ago=120, amount="200", terms=60),
        order("O3", ago=30, amount="300", terms=45, cancelled_on=AS_OF - days(29)),
        order("O4", ago=400, amount="999", terms=90),  # out of the year
        invoices=[billed(20, 1), billed(30, 2)],
    )
    assert found == pytest.approx(
        (
            3,  # O1, O2, O3
            30,  # O3
            135,  # (300 - 30) / 2
            1.5,  # 300 / ((100 + 200 + 300) / 3)
            45,  # (30 + 60 + 45) / 3
            1 / 3,  # O3 of three
            300 / 600 * 365 / 90 - 1,
            20,  # 45 - (20 + 30) / 2
        )
    )


@pytest.mark.parametrize(
    ("orders", "name", "value"),
    [
        pytest.param([], "order_count_365d", 0, id="none: a count of 0"),
        pytest.param([], "days_since_last_order", None, id="none: no days"),
        pytest.param([order(ago=364)], "order_count_365d", 1, id="364 days ago"),
        pytest.param([order(ago=365)], "order_count_365d", 0, id="365 days ago"),
        pytest.param([order(ago=365)], "days_since_last_order", 365, id="the last one counts however old"),
        pytest.param([order(ago=0)], "days_since_last_order", 0, id="on AS_OF"),
        pytest.param([order(ago=-1)], "days_since_last_order", None, id="tomorrow"),
        pytest.param([order(known_ago=-1)], "order_count_365d", 0, id="known tomorrow"),
        pytest.param([order()], "order_interval_mean_365d", None, id="one order has no interval"),
        pytest.param([order(), order("O2")], "order_interval_mean_365d", 0, id="two on a day"),
        pytest.param([order(ago=0), order("O2", ago=364)], "order_interval_mean_365d", 364, id="the longest"),
        pytest.param([order(ago=10), order("O2", ago=370)], "order_interval_mean_365d", None, id="one in the year"),
        pytest.param([order(ago=400)], "last_order_to_mean_365d", None, id="last order before the year"),
        pytest.param(
            [order(), order("O2", amount="300")], "last_order_to_mean_365d", 1.5, id="the largest of the latest day"
        ),
        pytest.param(
            [order(ago=5, amount=None), order("O2")], "last_order_to_mean_365d", None, id="the latest has no amount"
        ),
        pytest.param(
            [order(ago=5, currency="USD"), order("O2")], "last_order_to_mean_365d", None, id="nor one without a rate"
        ),
        pytest.param([order(terms=0), order("O2")], "order_terms_mean_365d", 0, id="0 days are terms, none are not"),
        pytest.param([order()], "order_terms_mean_365d", None, id="no terms stated"),
        pytest.param([order(terms=30)], "order_terms_to_usual", None, id="no invoice to compare"),
        pytest.param([order()], "cancelled_order_share_365d", 0, id="none cancelled"),
        pytest.param([order(cancelled_on=AS_OF)], "cancelled_order_share_365d", 1, id="cancelled on AS_OF"),
        pytest.param([order(cancelled_on=AS_OF + days(1))], "cancelled_order_share_365d", 0, id="cancelled tomorrow"),
        pytest.param([order(ago=365)], "cancelled_order_share_365d", None, id="no order in the year"),
        pytest.param([order(ago=89)], "order_amount_trend_90d", 365 / 90 - 1, id="all of it in the quarter"),
        pytest.param([order(ago=90)], "order_amount_trend_90d", -1, id="none of it: 90 days ago is outside"),
        pytest.param(
            [order(amount=None), order("O2", ago=200)], "order_amount_trend_90d", None, id="the quarter's is unknown"
        ),
        pytest.param([order(amount=None)], "order_amount_trend_90d", None, id="no amount at all"),
    ],
)
def test_one_fact(orders, name, value):
    assert placed(*orders, wanted=[name]) == (value if value is None else pytest.approx(value))


def test_a_correction_and_a_withdrawal_count_from_the_day_on_which_they_are_known():
    orders = (order(), order(known_ago=9, amount="400", terms=60), order(known_ago=4) | {"is_deleted": True})
    wanted = ["order_count_365d", "order_terms_mean_365d"]
    assert [placed(*orders, wanted=wanted, as_of=AS_OF - days(ago)) for ago in (10, 9, 5, 4)] == [
        (1, None),
        (1, 60),
        (1, 60),
        (0, None),
    ]


def test_an_order_of_another_day_changes_the_rhythm_alone():
    assert placed(order(), order("O2", ago=50), wanted=["order_interval_mean_365d"], as_of=date(2024, 3, 1)) == 30
