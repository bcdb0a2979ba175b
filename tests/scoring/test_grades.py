"""Every probability has exactly one grade, and the bounds are where the configuration says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from scoring.grades import SCALE, MasterScale, load_scale
from scoring.points import PointsScale

MASTER = load_scale()
ROWS = {"description": "Scale", "owner": "Committee", "probability": "pd_12m"}


@pytest.mark.parametrize(
    ("probability", "name"),
    [
        pytest.param(0.0, "1", id="nought"),
        pytest.param(np.nextafter(0.0003, 0), "1", id="just below the first bound"),
        pytest.param(0.0003, "2", id="at a bound: the worse grade"),
        pytest.param(0.0191999, "7", id="below another"),
        pytest.param(0.0192, "8", id="at another"),
        pytest.param(0.3072, "12", id="at the last"),
        pytest.param(1.0, "12", id="certain"),
    ],
)
def test_grade_at_its_bounds(probability, name):
    assert MASTER.grade(probability).name == name


def test_the_shipped_scale_doubles_from_grade_to_grade_which_is_20_points():
    bounds = [grade.low for grade in MASTER.grades[1:]]
    assert len(MASTER.grades) == 12
    np.testing.assert_allclose(np.divide(bounds[1:], bounds[:-1]), 2.0)
    points = PointsScale().points(bounds[:5])
    np.testing.assert_allclose(np.diff(points), -20, atol=0.1)  # odds double where the probability is small


def test_it_says_whose_it_is_and_what_it_grades():
    assert (MASTER.owner, MASTER.probability) == ("Credit Committee", "pd_12m")
    assert "owner" in SCALE.read_text(encoding="utf-8")


@given(st.floats(0, 1))
def test_every_probability_belongs_to_exactly_one_grade(p):
    holding = [g for g in MASTER.grades if g.low <= p < g.high or (g.high == 1 and p == 1)]
    assert holding == [MASTER.grade(p)]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_more_risk_is_never_a_better_grade(probabilities):
    assert np.all(np.diff(MASTER.places(sorted(probabilities))) >= 0)


def test_the_midpoint_lies_in_its_grade_and_the_best_grade_takes_its_bound():
    assert MASTER.grades[0].midpoint == 0.0003
    for grade in MASTER.grades[1:]:
        assert MASTER.grade(grade.midpoint) == grade
    assert MASTER.grades[1].midpoint == pytest.approx(0.0003 * 2**0.5)


@pytest.mark.parametrize("p", [-1e-9, 1.0001, float("nan")])
def test_what_is_no_probability_has_no_grade(p):
    with pytest.raises(ValueError, match=r"probabilities in \[0, 1\]"):
        MASTER.grade(p)


@pytest.mark.parametrize(
    ("grades", "says"),
    [
        pytest.param([("A", 0), ("B", 0.2), ("C", 0.1)], "must begin at 0 and rise", id="not rising"),
        pytest.param([("A", 0.01), ("B", 0.2)], "must begin at 0", id="a gap at nought"),
        pytest.param([("A", 0), ("A", 0.2)], "one is given twice", id="a name twice"),
        pytest.param([("A", 0), ("B", 1.0)], "less than 1", id="a grade of nobody"),
        pytest.param([("A", 0)], "at least 2 items", id="one grade"),
    ],
)
def test_a_scale_that_contradicts_itself_is_refused(grades, says):
    with pytest.raises(ValidationError, match=says):
        MasterScale.model_validate({**ROWS, "grades": [{"name": name, "from": low} for name, low in grades]})
