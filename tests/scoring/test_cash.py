"""Cash by week: sums written out, and intervals that widen as invoices hang together."""

import numpy as np
import pytest

from scoring.cash import OpenItems, by_week, cash, joined
from scoring.pay_time import PayTimes


def _items(clusters, share=0.5):
    n = len(clusters)
    return OpenItems(np.full(n, 10.0), np.array(clusters), np.tile([[share, 0.3]], (n, 1)))


def test_weeks_begin_on_the_day_of_scoring():
    times = PayTimes(np.arange(-1, 15), np.tile([[0.05]], (1, 16)))
    # Due in 3 days: delays -1 to 3 are days 2 to 6 (five of them), 4 to 10 days 7 to 13, 11 to 14 days 14 to 17.
    np.testing.assert_allclose(by_week(times, np.array([3.0]), 3), [[0.25, 0.35, 0.2]])


def test_what_is_expected_is_the_sum_of_amount_times_probability():
    items = OpenItems(np.array([100.0, 50.0]), np.array(["A", "B"]), np.array([[0.5, 0.3], [0.2, 0.8]]))
    found = cash(items, draws=50)
    # 100 * 0.5 + 50 * 0.2 = 60; 100 * 0.3 + 50 * 0.8 = 70
    assert [week.expected for week in found] == pytest.approx([60.0, 70.0])
    assert all(week.low <= week.high for week in found)


def test_invoices_that_hang_together_make_a_wider_interval():
    apart = cash(_items(range(200)), common=0.0)[0]
    together = cash(_items([0] * 200), common=0.0)[0]
    shared = cash(_items(range(200)), common=0.3)[0]
    assert apart.high - apart.low < shared.high - shared.low < together.high - together.low
    assert (together.low, together.high) == (0.0, 2000.0)


def test_the_interval_holds_its_share_of_what_comes():
    rng = np.random.default_rng(4)
    week = cash(_items(range(100)), common=0.0, draws=4_000)[0]
    came = 10.0 * rng.binomial(100, 0.5, size=4_000)
    assert ((came >= week.low) & (came <= week.high)).mean() == pytest.approx(0.8, abs=0.07)


def test_parts_are_joined_in_order():
    both = joined([_items(["A"]), _items(["B", "C"], share=0.1)])
    assert both.clusters.tolist() == ["A", "B", "C"]
    assert both.by_week[:, 0].tolist() == [0.5, 0.1, 0.1]
