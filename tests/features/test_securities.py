"""Cover that is valid on a day, with the sums written out."""

from decimal import Decimal

import pytest

from features.securities import FEATURES
from tests.features.ledger import AS_OF, days, random_rows
from tests.features.one_family import MASTER, stated, teller, told_of_all

told = teller(*FEATURES)


def security(security_id="S1", *, amount="1000", percent=None, kind="INSURANCE", ago=100, ends_in=None, **more):
    return stated(
        "securities",
        ago=ago,
        on="valid_from_on",
        security_id=security_id,
        kind=kind,
        amount=Decimal(amount),
        covered_percent=None if percent is None else Decimal(percent),
        valid_to_on=None if ends_in is None else AS_OF + days(ends_in),
        **more,
    )


def covered(*securities, as_of=AS_OF):
    return told({"customers": [MASTER], "securities": list(securities)}, as_of=as_of)


def test_four_securities():
    found = covered(
        security("S1", amount="1000", percent="90", ends_in=60),  # 1000 x 90 % = 900, insurance
        security("S2", amount="300", percent="66.666667"),  # 300 x 66.666667 % = 200.000001, insurance
        security("S3", amount="500", kind="GUARANTEE", ends_in=20),  # all of 500
        security("S4", amount="50", kind="DEPOSIT", percent="0"),  # 50 x 0 % = 0
    )
    # 900 + 200.000001 + 500 + 0; 900 + 200.000001; four; S3 ends first
    assert found == (1600.000001, 1100.000001, 4, 20)


@pytest.mark.parametrize(
    ("securities", "expected"),
    [
        pytest.param([], (0, 0, 0, None), id="none"),
        pytest.param([security()], (1000, 1000, 1, None), id="until further notice"),
        pytest.param([security(kind="LETTER_OF_CREDIT")], (1000, 0, 1, None), id="no insurance"),
        pytest.param([security(ago=0)], (1000, 1000, 1, None), id="from AS_OF on"),
        pytest.param([security(ago=-1)], (0, 0, 0, None), id="from tomorrow on"),
        pytest.param([security(known_ago=-1)], (0, 0, 0, None), id="known tomorrow"),
        pytest.param([security(ends_in=0)], (1000, 1000, 1, 0), id="AS_OF is its last day"),
        pytest.param([security(ends_in=-1)], (0, 0, 0, None), id="it ended yesterday"),
        pytest.param([security(currency="USD")], (None, None, 1, None), id="another currency without a rate"),
        pytest.param(
            [security(currency="USD"), security("S2", kind="DEPOSIT")], (1000, None, 2, None), id="and a known deposit"
        ),
    ],
)
def test_the_cover_of_a_day(securities, expected):
    assert covered(*securities) == expected


def test_a_cover_cut_short_is_seen_as_it_was():
    securities = (security(), security(ends_in=-5, known_ago=20))
    assert covered(*securities, as_of=AS_OF - days(21)) == (1000, 1000, 1, None)
    assert covered(*securities, as_of=AS_OF - days(20)) == (1000, 1000, 1, 15)
    assert covered(*securities) == (0, 0, 0, None)


def test_a_withdrawn_security_covered_until_then():
    securities = (security(), security(known_ago=20) | {"is_deleted": True})
    assert [covered(*securities, as_of=AS_OF - days(ago))[2] for ago in (21, 20)] == [1, 0]


def test_insurance_is_part_of_all_cover():
    found = told_of_all(random_rows(12), [(f"C{number}", AS_OF) for number in range(30)], FEATURES)
    both = [(f["insured_amount"], f["secured_amount"]) for f in found if None not in f.values()]
    assert both
    assert all(insured <= secured for insured, secured in both)
