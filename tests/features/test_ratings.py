"""Ratings of several agencies, their validity and their moves."""

import pytest

from features.ratings import FEATURES
from tests.features.ledger import AS_OF, days
from tests.features.one_family import MASTER, stated, teller

told = teller(*FEATURES)


def rating(rank=3, *, ranks=10, ago=50, agency="ONE", ends_in=None, **more):
    ends = None if ends_in is None else AS_OF + days(ends_in)
    return stated(
        "ratings", ago=ago, on="rated_on", agency=agency, grade="?", rank=rank, ranks=ranks, valid_to_on=ends, **more
    )


def rated(*ratings, as_of=AS_OF):
    return told({"customers": [MASTER], "ratings": list(ratings)}, as_of=as_of)


def test_two_agencies():
    found = rated(
        rating(2, ago=500, agency="ONE"),
        rating(3, ago=200, agency="ONE"),  # 3/10 after 2/10: worse
        rating(4, ago=40, agency="ONE"),  # 4/10 after 3/10: worse
        rating(6, ranks=8, ago=400, agency="TWO"),  # a year ago 6/8
        rating(5, ranks=8, ago=10, agency="TWO"),  # 5/8: better
    )
    # worst of 0.4 and 0.625; TWO is the newest; two; worst of 0.4 - 0.2 and 0.625 - 0.75; the two of ONE
    assert found == pytest.approx((0.625, 10, 2, 0.2, 2))


@pytest.mark.parametrize(
    ("ratings", "expected"),
    [
        pytest.param([], (None, None, 0, None, 0), id="never rated"),
        pytest.param([rating(ago=0)], (0.3, 0, 1, None, 0), id="on AS_OF"),
        pytest.param([rating(ago=-1)], (None, None, 0, None, 0), id="tomorrow"),
        pytest.param([rating(known_ago=-1)], (None, None, 0, None, 0), id="known tomorrow"),
        pytest.param([rating(ends_in=0)], (0.3, 50, 1, None, 0), id="AS_OF is its last day"),
        pytest.param([rating(ends_in=-1)], (None, None, 0, None, 0), id="it ran out yesterday"),
        pytest.param(
            [rating(2, ago=90), rating(ends_in=-1)],
            (None, None, 0, None, 1),
            id="when the newest has run out the one before does not come back, but the downgrade was one",
        ),
        pytest.param([rating(None)], (None, 50, 1, None, 0), id="a grade without its place"),
        pytest.param([rating(ranks=None)], (None, 50, 1, None, 0), id="a place without its scale"),
        pytest.param([rating(None), rating(5, agency="TWO")], (0.5, 50, 2, None, 0), id="one of two has a place"),
        pytest.param([rating(2, ago=365), rating(4)], (0.4, 50, 1, 0.2, 1), id="365 days ago is a year before"),
        pytest.param([rating(2, ago=364), rating(4)], (0.4, 50, 1, None, 1), id="364 days ago is not"),
        pytest.param([rating(ago=400)], (0.3, 400, 1, 0, 0), id="the same rating still stands: no change"),
        pytest.param([rating(9, ago=900), rating(1, ago=500), rating()], (0.3, 50, 1, 0.2, 1), id="newest of then"),
        pytest.param([rating(4, ago=400), rating(2)], (0.2, 50, 1, -0.2, 0), id="better is no downgrade"),
        pytest.param([rating(3, ago=400), rating(6, ranks=20)], (0.3, 50, 1, 0, 0), id="3 of 10 is 6 of 20"),
        pytest.param([rating(1, ago=500), rating(2, ago=365)], (0.2, 365, 1, 0, 0), id="a downgrade 365 days ago"),
        pytest.param([rating(1, ago=500), rating(2, ago=364)], (0.2, 364, 1, 0.1, 1), id="and 364 days ago"),
        pytest.param([rating(1, ago=90), rating(9, agency="TWO")], (0.9, 50, 2, None, 0), id="another agency's scale"),
        pytest.param([rating(1, ago=90), rating(None, ago=70), rating(9)], (0.9, 50, 1, None, 0), id="no place before"),
    ],
)
def test_the_ratings_of_a_day(ratings, expected):
    assert rated(*ratings) == pytest.approx(expected)


def test_a_corrected_rating_is_seen_as_it_was():
    ratings = (rating(3), rating(7, known_ago=20))
    assert [rated(*ratings, as_of=AS_OF - days(ago))[0] for ago in (51, 50, 21, 20)] == [None, 0.3, 0.3, 0.7]


def test_a_withdrawn_rating_stood_until_then():
    ratings = (rating(1, ago=90), rating(3), rating(3, known_ago=20) | {"is_deleted": True})
    assert [rated(*ratings, as_of=AS_OF - days(ago))[0] for ago in (21, 20)] == [0.3, 0.1]
    assert rated(*ratings) == (0.1, 90, 1, None, 0)


def test_order_of_agencies_and_rows_does_not_matter():
    ratings = [rating(2, ago=500), rating(4), rating(6, ago=400, agency="TWO"), rating(5, agency="TWO")]
    assert rated(*ratings) == rated(*reversed(ratings))
