"""The limit in force on a day, with its end, its age and its changes."""

from decimal import Decimal

import pytest

from features.limits_in_force import FEATURES
from tests.features.ledger import AS_OF, days
from tests.features.one_family import MASTER, stated, teller

told = teller(*FEATURES)


def limit(amount="1000", *, ago=100, ends_in=None, **more):
    ends = None if ends_in is None else AS_OF + days(ends_in)
    return stated("limits", ago=ago, on="valid_from_on", amount=Decimal(amount), valid_to_on=ends, **more)


def in_force(*limits, as_of=AS_OF, **more):
    return told({"customers": [MASTER], "limits": list(limits), **more}, as_of=as_of)


def test_three_limits():
    # 2000 in force; 100 days old; 30 days left; 2000 / 1600 - 1; of the changes 1000 -> 1600 is 400 days ago
    assert in_force(limit("1000", ago=700), limit("1600", ago=400), limit("2000", ago=100, ends_in=30)) == (
        2000,
        100,
        30,
        0.25,
        1,
    )


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        pytest.param([], (None, None, None, None, 0), id="none"),
        pytest.param([limit()], (1000, 100, None, None, 0), id="the first, until further notice"),
        pytest.param([limit("0")], (0, 100, None, None, 0), id="a limit of 0 is a limit"),
        pytest.param([limit(ago=0)], (1000, 0, None, None, 0), id="from AS_OF on"),
        pytest.param([limit(ago=-1)], (None, None, None, None, 0), id="from tomorrow on"),
        pytest.param([limit(known_ago=-1)], (None, None, None, None, 0), id="known tomorrow"),
        pytest.param([limit(ends_in=0)], (1000, 100, 0, None, 0), id="AS_OF is its last day"),
        pytest.param([limit(ends_in=-1)], (None, None, None, None, 0), id="it ended yesterday"),
        pytest.param(
            [limit(), limit("1500", ago=40, ends_in=10)], (1500, 40, 10, 0.5, 1), id="a limit for a season in front"
        ),
        pytest.param(
            [limit(), limit("1500", ago=40, ends_in=-1)],
            (1000, 100, None, None, 1),
            id="and the standing one again when it is over",
        ),
        pytest.param([limit("0"), limit("500", ago=50)], (500, 50, None, None, 1), id="from 0 there is no ratio"),
        pytest.param([limit(), limit(ago=50)], (1000, 50, None, 0, 0), id="renewed as it was: no change"),
        pytest.param([limit(), limit("0", ago=50)], (0, 50, None, -1, 1), id="taken away"),
        pytest.param([limit(ago=800), limit("900", ago=364)], (900, 364, None, -0.1, 1), id="364 days ago counts"),
        pytest.param([limit(ago=800), limit("900", ago=365)], (900, 365, None, -0.1, 0), id="365 days ago does not"),
    ],
)
def test_the_limit_of_a_day(limits, expected):
    assert in_force(*limits) == pytest.approx(expected)


def test_the_limit_changes_at_the_start_of_its_first_day():
    limits = (limit(ago=100), limit("500", ago=10, known_ago=60))
    assert in_force(*limits, as_of=AS_OF - days(11))[0] == 1000
    assert in_force(*limits, as_of=AS_OF - days(10))[0] == 500


def test_a_corrected_amount_is_seen_as_it_was():
    limits = (limit(ago=100), limit("700", ago=100, known_ago=10))
    assert [in_force(*limits, as_of=AS_OF - days(ago))[0] for ago in (11, 10, 0)] == [1000, 700, 700]


def test_a_withdrawn_limit_was_in_force_until_then():
    limits = (limit(ago=100), limit("400", ago=50), limit("400", ago=50, known_ago=10) | {"is_deleted": True})
    assert in_force(*limits, as_of=AS_OF - days(11))[:2] == (400, 39)
    assert in_force(*limits) == (1000, 100, None, None, 0)


def rate(value, *, ago):
    found = stated("exchange_rates", ago=ago, on="quoted_on", currency="USD", into_currency="EUR", rate=Decimal(value))
    del found["customer_id"]
    return found


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        pytest.param([limit(currency="USD")], (900, 100, None, None, 0), id="1000 x 0.9"),
        pytest.param([limit(currency="GBP")], (None, 100, None, None, 0), id="no rate: a limit of unknown amount"),
        pytest.param(
            [limit(currency="USD"), limit(ago=50, currency="USD")],
            (800, 50, None, 0, 0),
            id="renewed in its own currency: no change, though 0.9 fell to 0.8",
        ),
        pytest.param(
            [limit("800"), limit(ago=50, currency="USD")],
            (800, 50, None, 0, 1),
            id="1000 x 0.8 over 800, another money",
        ),
        pytest.param(
            [limit(currency="GBP"), limit("500", ago=50, currency="GBP")],
            (None, 50, None, -0.5, 1),
            id="halved in a currency without a rate",
        ),
    ],
)
def test_limits_in_other_currencies(limits, expected):
    assert in_force(*limits, exchange_rates=[rate("0.9", ago=101), rate("0.8", ago=50)]) == pytest.approx(expected)
