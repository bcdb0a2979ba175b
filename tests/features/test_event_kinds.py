"""Credit events by kind, with the sums written out."""

import pytest

from features.event_kinds import FEATURES
from tests.features.ledger import AS_OF, days, features_of, random_rows
from tests.features.one_family import MASTER, money, stated, teller, told_of_all

told = teller(*FEATURES)


def event(kind, *, ago=10, amount=None, currency="EUR", **more):
    return stated(
        "credit_events", ago=ago, on="happened_on", kind=kind, amount=money(amount), currency=currency, **more
    )


def befell(*events, as_of=AS_OF):
    return told({"customers": [MASTER], "credit_events": list(events)}, as_of=as_of)


def test_eight_events():
    found = befell(
        event("INSOLVENCY", ago=900),
        event("WRITE_OFF", ago=800, amount="1000"),
        event("WRITE_OFF", ago=20, amount="250.50"),
        event("LEGAL", ago=400),  # out of the year
        event("LEGAL", ago=100),
        event("DUNNING", ago=200),
        event("DUNNING", ago=50),
        event("DUNNING", ago=20),
    )
    assert found == (1, 1250.5, 1, 2, 3)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([], (0, 0, 0, 0, 0), id="none"),
        pytest.param([event("DUNNING", ago=0)], (0, 0, 0, 1, 1), id="on AS_OF"),
        pytest.param([event("DUNNING", ago=-1)], (0, 0, 0, 0, 0), id="tomorrow"),
        pytest.param([event("INSOLVENCY", known_ago=-1)], (0, 0, 0, 0, 0), id="known tomorrow"),
        pytest.param([event("DUNNING", ago=89)], (0, 0, 0, 1, 1), id="89 days ago"),
        pytest.param([event("DUNNING", ago=90)], (0, 0, 0, 0, 1), id="90 days ago"),
        pytest.param([event("DUNNING", ago=365)], (0, 0, 0, 0, 0), id="365 days ago"),
        pytest.param([event("LEGAL", ago=364)], (0, 0, 1, 0, 0), id="legal, 364 days ago"),
        pytest.param([event("LEGAL", ago=365)], (0, 0, 0, 0, 0), id="legal, 365 days ago"),
        pytest.param([event("LEGAL", amount="500")], (0, 0, 1, 0, 0), id="its amount is not written off"),
        pytest.param([event("WRITE_OFF")], (0, None, 0, 0, 0), id="written off, nobody says how much"),
        pytest.param([event("WRITE_OFF", amount="9", currency="USD")], (0, None, 0, 0, 0), id="no rate"),
        pytest.param([event("WRITE_OFF", amount="9", currency=None)], (0, None, 0, 0, 0), id="no currency"),
        pytest.param(
            [event("WRITE_OFF"), event("WRITE_OFF", ago=9, amount="9")], (0, 9, 0, 0, 0), id="one of two is known"
        ),
    ],
)
def test_the_events_of_a_day(events, expected):
    assert befell(*events) == expected


def test_a_withdrawn_event_counted_until_then():
    events = (event("INSOLVENCY"), event("INSOLVENCY", known_ago=4) | {"is_deleted": True})
    assert [befell(*events, as_of=AS_OF - days(ago))[0] for ago in (11, 10, 5, 4, 0)] == [0, 1, 1, 0, 0]


def test_a_corrected_amount_is_seen_as_it_was():
    events = (event("WRITE_OFF", amount="100"), event("WRITE_OFF", amount="40", known_ago=4))
    assert [befell(*events, as_of=AS_OF - days(ago))[1] for ago in (5, 4)] == [100, 40]


def test_no_kind_is_more_than_all_events():
    rows, cases = random_rows(13), [(f"C{number}", AS_OF) for number in range(30)]
    kinds = told_of_all(rows, cases, FEATURES)
    every = features_of(rows, cases, ["credit_event_count_365d"])
    known = [(k, e["credit_event_count_365d"]) for k, e in zip(kinds, every, strict=True) if None not in e.values()]
    assert any(count for _, count in known)
    assert all(k["legal_count_365d"] + k["dunning_count_365d"] <= count for k, count in known)
