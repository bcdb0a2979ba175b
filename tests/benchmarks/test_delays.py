"""Figures of delays: means over invoices, coverage over those not paid on the due date, quarter by quarter."""

from datetime import date

import pyarrow as pa
import pytest

from benchmarks.models.delays import by_quarter, figures

FIRST, SECOND = date(2020, 1, 1), date(2020, 4, 1)


@pytest.fixture
def rows():
    return pa.table(
        {
            "as_of": [FIRST, FIRST, SECOND, SECOND],
            "customer_id": ["A", "B", "A", "C"],
            "crps": [1.0, 3.0, 2.0, 2.0],
            "own_crps": [2.0, 3.0, 4.0, 3.0],
            "pit": [0.05, 0.35, 0.65, 0.95],
            "inside": [1.0, 1.0, 0.0, 1.0],
            "on_due": [1.0, 0.0, 0.0, 0.0],
        }
    )


def test_means_and_the_coverage_of_those_not_paid_on_the_due_date(rows):
    found = figures(rows)
    assert found["crps"]["value"] == pytest.approx((1 + 3 + 2 + 2) / 4)
    assert found["crps_difference"]["value"] == pytest.approx((-1 + 0 - 2 - 1) / 4)
    assert found["coverage_80_not_on_due"]["value"] == pytest.approx((1 + 0 + 1) / 3)
    assert (found["cases"], found["not_on_due"]) == (4, 3)


def test_quarters_stand_in_order_and_add_up(rows):
    quarters = by_quarter(rows.take([3, 0, 2, 1]))
    assert [quarter["as_of"] for quarter in quarters] == ["2020-01-01", "2020-04-01"]
    assert [quarter["crps"]["value"] for quarter in quarters] == pytest.approx([2.0, 2.0])
    assert sum(quarter["cases"] for quarter in quarters) == 4
