"""Weekly cash: errors by hand, the average that everyone pays by, and what lies in an interval."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.models.average_delays import average_delays
from benchmarks.models.cash import judged
from benchmarks.models.cash_weeks import WEEKS


def row(customer, amount, came, ours, average, *, as_of="2020-06-01", widened=1.0):
    """An open invoice; what is stated is put into the first weeks, the others have nothing."""
    stated = {
        f"{who}_{week}": (given[week] if week < len(given) else 0.0)
        for who, given in (("ours", ours), ("average", average))
        for week in range(WEEKS)
    }
    day = date.fromisoformat(as_of)
    known = {"as_of": day, "customer_id": customer, "due_on": day, "amount": float(amount), "came": came}
    return known | {"common": 0.05, "widened": widened} | stated


def table(*rows):
    return pa.Table.from_pylist(list(rows))


def test_errors_by_hand():
    """A pays 100 in week 0, B 300 in week 1. Ours is off by 30 and 30, the average by 100 and 0, of 400 that came."""
    found = judged(table(row("A", 100, 0, [0.7], [0.0]), row("B", 300, 1, [0.0, 0.9], [0.0, 1.0])))
    assert found["wape"]["ours"]["value"] == pytest.approx(60 / 400)
    assert found["wape"]["average"]["value"] == pytest.approx(100 / 400)
    assert found["mae"]["ours"]["value"] == pytest.approx(60 / 8)
    assert found["mae"]["difference"]["value"] == pytest.approx((60 - 100) / 8)
    assert found["by_day"][0]["came"][:3] == [100.0, 300.0, 0.0]


def test_errors_of_one_week_cancel_but_those_of_two_days_do_not():
    """Two invoices of one day off by +50 and -50 make no error of their week; of two days they make two of 50."""
    early, late = [1.0], [0.0]
    same = judged(table(row("A", 50, -1, early, late), row("B", 50, 0, late, late)))
    apart = judged(table(row("A", 50, -1, early, late), row("B", 50, 0, late, late, as_of="2020-07-01")))
    assert same["mae"]["ours"]["value"] == pytest.approx(0)
    assert apart["mae"]["ours"]["value"] == pytest.approx(100 / 16)


def test_what_comes_as_stated_lies_inside():
    found = judged(table(row("A", 100, 0, [1.0], [1.0]), row("B", 70, 3, [1.0], [1.0])))
    # Week 0 was to bring 170 for sure and brought 100; week 3 was to bring nothing and brought 70; six weeks as stated.
    assert found["coverage_80"]["inside"] == WEEKS - 2


def test_a_widened_interval_is_told_beside_the_one_that_was_drawn():
    """Fifty of 10 each are as likely to come in week 0 as not; 34 come, beyond what is drawn and within twice that."""
    book = [row(f"C{place}", 10, 0 if place < 34 else -1, [0.5], [0.5], widened=3.0) for place in range(50)]
    found = judged(table(*book))["coverage_80"]
    assert (found["inside"], found["as_drawn"]["inside"], found["times"]) == (WEEKS, WEEKS - 1, 3.0)


def test_an_open_invoice_counts_as_long_as_it_was_seen():
    """Of 4 at risk on day 0 two are paid; the open one was seen to day 5 only, so that on day 9 one of one is paid."""
    seen = average_delays(np.array([0, 0, 9, np.nan]), np.array([30, 30, 30, 5.0]), days=range(0, 12))
    assert seen.mass[[0, 9]].tolist() == pytest.approx([0.5, 0.5])
    ever_open = average_delays(np.array([0, 0, 9, np.nan]), np.array([30, 30, 30, 30.0]), days=range(0, 12))
    assert ever_open.mass[[0, 9]].tolist() == pytest.approx([0.5, 0.25])


def test_an_invoice_past_due_pays_as_those_do_that_are_left():
    average = average_delays(np.array([0, 0, 3, 8.0]), np.full(4, 30.0), days=range(-2, 12))
    found = average.waiting(np.array([5.0, -1.0, -9.0]))
    assert found.mass[0].sum() == pytest.approx(1)
    assert found.mass[1][found.days == 3] == pytest.approx(0.5)
    assert found.mass[2].sum() == 0
