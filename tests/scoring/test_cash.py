"""Cash by week: sums written out, and intervals that widen as invoices hang together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.cash import OpenItems, by_week, cash, due_week, joined
from scoring.pay_time import PayTimes


def _items(clusters, share=0.5, due=0):
    n = len(clusters)
    return OpenItems(np.full(n, 10.0), np.array(clusters), np.full(n, due), np.tile([[share, 0.3]], (n, 1)))


def _width(week):
    return week.high - week.low


def test_weeks_begin_on_the_day_of_scoring():
    times = PayTimes(np.arange(-1, 15), np.tile([[0.05]], (1, 16)))
    # Due in 3 days: delays -1 to 3 are days 2 to 6 (five of them), 4 to 10 days 7 to 13, 11 to 14 days 14 to 17.
    np.testing.assert_allclose(by_week(times, np.array([3.0]), 3), [[0.25, 0.35, 0.2]])


def test_what_is_expected_is_the_sum_of_amount_times_probability():
    shares = np.array([[0.5, 0.3], [0.2, 0.8]])
    items = OpenItems(np.array([100.0, 50.0]), np.array(["A", "B"]), np.array([0, 0]), shares)
    found = cash(items, common=0.05, draws=50)
    # 100 * 0.5 + 50 * 0.2 = 60; 100 * 0.3 + 50 * 0.8 = 70
    assert [week.expected for week in found] == pytest.approx([60.0, 70.0])
    assert all(week.low <= week.high for week in found)


def test_invoices_that_hang_together_make_a_wider_interval():
    apart = cash(_items(range(200)), common=0.0)[0]
    together = cash(_items([0] * 200), common=0.0)[0]
    shared = cash(_items(range(200)), common=0.3)[0]
    assert _width(apart) < _width(shared) < _width(together)
    assert (together.low, together.high) == (0.0, 2000.0)


def test_what_a_week_has_in_common_it_has_with_no_other():
    one_week = cash(_items(range(200)), common=0.3)[0]
    two_weeks = joined([_items(range(100)), _items(range(100, 200), due=1)])
    assert _width(cash(two_weeks, common=0.3)[0]) < 0.85 * _width(one_week)  # 1 / sqrt(2) = 0.71 where all is common


def test_a_widened_interval_lies_so_many_times_as_far_from_the_middle_and_never_below_nothing():
    once, twice, tenfold = (cash(_items(range(200)), common=0.1, widened=by)[0] for by in (1.0, 2.0, 10.0))
    assert twice.expected == once.expected == 1000.0
    assert once.middle == twice.middle == pytest.approx(1000.0, rel=0.03)
    assert twice.high - once.middle == pytest.approx(2 * (once.high - once.middle))
    assert once.middle - twice.low == pytest.approx(2 * (once.middle - once.low))
    assert (tenfold.low, tenfold.high) == (0.0, 2000.0), "no more can come than is owed, and no less than nothing"


@settings(max_examples=25, deadline=None)
@given(
    amounts=st.lists(st.floats(1, 1_000), min_size=1, max_size=8),
    share=st.floats(0.02, 0.98),
    widened=st.floats(1, 5),
)
def test_widening_never_leaves_out_what_was_held(amounts, share, widened):
    items = OpenItems(np.array(amounts), np.arange(len(amounts)), np.zeros(len(amounts), dtype=np.int64),
                      np.full((len(amounts), 1), share))  # fmt: skip
    drawn, wide = (cash(items, common=0.05, widened=by, draws=200)[0] for by in (1.0, widened))
    assert drawn.low <= drawn.middle <= drawn.high
    assert wide.low <= drawn.low + 1e-9  # rounding
    assert wide.high >= drawn.high - 1e-9


def test_past_due_weeks_count_backwards():
    assert due_week(np.array([-8.0, -7.0, -1.0, 0.0, 13.0])).tolist() == [-2, -1, -1, 0, 1]


def test_the_interval_holds_its_share_of_what_comes():
    rng = np.random.default_rng(4)
    week = cash(_items(range(100)), common=0.0, draws=4_000)[0]
    came = 10.0 * rng.binomial(100, 0.5, size=4_000)
    assert ((came >= week.low) & (came <= week.high)).mean() == pytest.approx(0.8, abs=0.07)


def test_parts_are_joined_in_order():
    both = joined([_items(["A"]), _items(["B", "C"], share=0.1)])
    assert both.clusters.tolist() == ["A", "B", "C"]
    assert both.by_week[:, 0].tolist() == [0.5, 0.1, 0.1]
