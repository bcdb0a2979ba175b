"""Points double the odds every PDO, and turn back into the probability they came from."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.points import PointsScale

SCALE = PointsScale()
scales = st.builds(PointsScale, base=st.floats(0, 1000), odds=st.floats(0.5, 100), to_double=st.floats(5, 100))
probabilities = st.floats(1e-8, 1 - 1e-8)


@pytest.mark.parametrize(
    ("odds", "points"),
    [
        pytest.param(50, 600, id="the base"),
        pytest.param(100, 620, id="odds doubled"),
        pytest.param(25, 580, id="odds halved"),
        pytest.param(1, 600 - 20 * math.log2(50), id="even odds"),
    ],
)
def test_worked_points(odds, points):
    assert SCALE.points(1 / (1 + odds)) == pytest.approx(points, abs=1e-9)


def test_the_scale_of_another_school():
    assert PointsScale(600, 19, 50).points(0.05) == pytest.approx(600)
    assert PointsScale(600, 19, 50).points(1 / 39) == pytest.approx(650)  # odds 38:1


@given(scales, probabilities)
def test_so_many_points_more_double_the_odds(scale, p):
    better = float(scale.probability(scale.points(p) + scale.to_double))
    assert (1 - better) / better == pytest.approx(2 * (1 - p) / p, rel=1e-6)


@given(scales, probabilities)
def test_points_and_probability_turn_into_each_other(scale, p):
    assert float(scale.probability(scale.points(p))) == pytest.approx(p, rel=1e-9)


@given(scales, st.lists(probabilities, min_size=2, max_size=9))
def test_more_risk_is_never_more_points(scale, risks):
    assert np.all(np.diff(scale.points(sorted(risks))) <= 0)


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan])
def test_what_is_no_probability_has_no_points(p):
    with pytest.raises(ValueError, match=r"probabilities in \[0, 1\]"):
        SCALE.points([0.1, p])


@pytest.mark.parametrize("scale", [(600, 0, 20), (600, 50, 0), (math.nan, 50, 20)])
def test_a_scale_that_is_none_is_refused(scale):
    with pytest.raises(ValueError, match="a scale of points needs"):
        PointsScale(*scale)


def test_points_that_are_no_number_have_no_probability():
    with pytest.raises(ValueError, match="points must be finite"):
        SCALE.probability([math.inf])
