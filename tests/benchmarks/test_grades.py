"""Grades of a walk: the bounds brought to the half-year, rows of one customer, cohorts that do not overlap."""

import numpy as np
import pytest

from benchmarks.models.grades import judged, scale_of
from scoring.grades import load_scale

MONTHS = np.arange("2020-01", "2021-01", dtype="datetime64[M]")


def test_a_bound_survives_the_way_there_and_back():
    half, whole = scale_of(180), load_scale()
    assert half.probability == "pd_180d"
    for short, long in zip(half.rows, whole.rows, strict=True):
        assert 1 - (1 - short.starts) ** (365 / 180) == pytest.approx(long.starts)
    assert [row.starts for row in scale_of(365).rows] == pytest.approx([row.starts for row in whole.rows])


def walk_of(stated, rate, *, customers=300):
    """As many rows a month as customers; the same share of them, the first ones, is bad in every month."""
    n = len(MONTHS)
    bad = np.tile(np.arange(customers) < rate * customers, n)
    return bad, np.full(customers * n, stated), np.tile(np.arange(customers), n), np.repeat(MONTHS, customers)


def test_one_customer_seen_bad_in_every_month_is_one_default():
    """3 % came where 2 % were stated: beyond chance for 3,600 rows, within it for 9 bad customers."""
    found = judged(*walk_of(0.02, 0.03), 180)
    assert not found["cases_count"]["passed"]
    assert found["customers_count"]["passed"]
    (grade,) = found["customers_count"]["grades"]
    assert grade["bad"] == pytest.approx(9)
    assert grade["n"] == pytest.approx(300)


def test_cohorts_half_a_year_apart_are_counted_back_from_the_last():
    (grade,) = judged(*walk_of(0.02, 0.03), 180)["half_years_apart"]["grades"]
    # December and June: 600 rows with 18 bad ones, of 9 customers.
    assert grade["rate"] == pytest.approx(0.03)
    assert grade["n"] == pytest.approx(600 * 9 / 18)


def test_what_understates_by_far_fails_and_what_overstates_is_said():
    low, high = judged(*walk_of(0.02, 0.2), 180), judged(*walk_of(0.2, 0.02), 180)
    assert not low["customers_count"]["passed"]
    assert high["customers_count"]["passed"]
    assert [row["overstates"] for row in high["customers_count"]["grades"]] == [True]
    assert [row["overstates"] for row in low["customers_count"]["grades"]] == [False]
