"""The way back after a shock, and the verdicts of the table."""

import numpy as np
import pytest

from benchmarks.models.aims import Line, table
from benchmarks.models.late import back, halved
from benchmarks.models.paired import Pair

APRIL, MAY = np.array(["2020-04", "2020-05"], dtype="datetime64[M]")


def pair_of(ours, theirs):
    """April: 1 late of 10; May: 2 of 10; each month stated as one probability."""
    bad = np.concatenate([np.arange(10) < 1, np.arange(10) < 2])
    stated = [np.repeat(values, 10).astype(float) for values in (ours, theirs)]
    return Pair(bad, *stated, np.tile(np.arange(10), 2), np.repeat([APRIL, MAY], 10))


def test_the_distance_is_the_mean_over_months_of_what_was_off():
    found = back(pair_of((0.2, 0.2), (0.1, 0.5)), resamples=50)
    assert found["ours"]["value"] == pytest.approx((0.1 + 0.0) / 2)
    assert found["theirs"]["value"] == pytest.approx((0.0 + 0.3) / 2)
    assert found["difference"]["value"] == pytest.approx(-0.1)


def test_months_off_to_either_side_do_not_cancel():
    found = back(pair_of((0.0, 0.3), (0.1, 0.2)), resamples=50)
    assert found["ours"]["value"] == pytest.approx(0.1)
    assert found["theirs"]["value"] == pytest.approx(0)


@pytest.mark.parametrize(
    ("ours", "high", "verdict"),
    [
        pytest.param(0.01, -0.001, True, id="half as far, surely"),
        pytest.param(0.01, 0.001, False, id="half as far, perhaps"),
        pytest.param(0.015, -0.001, False, id="nearer, but not by half"),
    ],
)
def test_far_faster(ours, high, verdict):
    assert halved({"ours": {"value": ours}, "theirs": {"value": 0.02}, "difference": {"high": high}}) is verdict


def test_the_table_says_whether_each_aim_was_reached():
    told = table([Line("AUC", "0.9", True), Line("AP", "0.1", False), Line("shape", "round")]).splitlines()
    assert [line.split()[-1] for line in told[1:]] == ["reached", "reached", "round"]
    assert told[2].endswith("not reached")
