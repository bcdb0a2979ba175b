"""A calibrator bends probabilities and never turns their order round."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.calibration import FLOOR, Calibrator, CalibratorError, sigmoid

slopes = st.floats(0.01, 20)
shifts = st.floats(-20, 20)
calibrators = st.one_of(
    st.just(Calibrator("identity")),
    st.builds(lambda a, b: Calibrator("platt", {"a": a, "b": b}), slopes, shifts),
    st.builds(lambda a, b, c: Calibrator("beta", {"a": a, "b": b, "c": c}), slopes, st.floats(0, 20), shifts),
    st.builds(lambda b, c: Calibrator("beta", {"a": 0.0, "b": b, "c": c}), slopes, shifts),
)
probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_platt_worked_example():
    # p = 0.2: logit = ln(0.2/0.8) = -1.386294; 0.5 x -1.386294 + 1 = 0.306853; 1 / (1 + e^-0.306853) = 0.576117
    assert Calibrator("platt", {"a": 0.5, "b": 1.0}).apply(np.array([0.2]))[0] == pytest.approx(0.576117, abs=1e-6)


def test_beta_worked_example():
    # p = 0.2: 2 x ln 0.2 = -3.218876; -0.5 x ln 0.8 = +0.111572; + 0.3 -> -2.807304; sigmoid = 0.056931
    calibrator = Calibrator("beta", {"a": 2.0, "b": 0.5, "c": 0.3})
    expected = 1 / (1 + math.exp(2.807304))
    assert expected == pytest.approx(0.056931, abs=1e-6)
    assert calibrator.apply(np.array([0.2]))[0] == pytest.approx(expected, abs=1e-7)


def test_identity_keeps_the_probability():
    given_ = np.array([0.001, 0.2, 0.999])
    np.testing.assert_array_equal(Calibrator("identity").apply(given_), given_)


@pytest.mark.parametrize("method", ["identity", "platt", "beta"])
def test_certainty_is_never_claimed(method):
    params = {"identity": {}, "platt": {"a": 50.0, "b": 0.0}, "beta": {"a": 50.0, "b": 50.0, "c": 0.0}}[method]
    out = Calibrator(method, params).apply(np.array([0.0, 1.0]))
    assert out.tolist() == [FLOOR, 1 - FLOOR]


@pytest.mark.parametrize(
    ("method", "params", "says"),
    [
        pytest.param("spline", {}, "is not one of identity, platt, beta, isotonic", id="unknown method"),
        pytest.param("platt", {"a": 1.0}, r"needs the parameters \['a', 'b'\], got \['a'\]", id="parameter absent"),
        pytest.param("identity", {"a": 1.0}, r"needs the parameters \[\]", id="parameter too many"),
        pytest.param("platt", {"a": 0.0, "b": 1.0}, "does not rise", id="flat platt"),
        pytest.param("platt", {"a": -1.0, "b": 1.0}, "does not rise", id="falling platt"),
        pytest.param("beta", {"a": 0.0, "b": 0.0, "c": 1.0}, "does not rise", id="flat beta"),
        pytest.param("beta", {"a": -0.1, "b": 1.0, "c": 1.0}, "does not rise", id="beta that falls near 0"),
        pytest.param("beta", {"a": 1.0, "b": -0.1, "c": 1.0}, "does not rise", id="beta that falls near 1"),
        pytest.param("platt", {"a": math.nan, "b": 1.0}, "must be finite", id="not a number"),
        pytest.param("platt", {"a": math.inf, "b": 1.0}, "must be finite", id="infinite"),
    ],
)
def test_a_calibrator_that_is_none_is_refused(method, params, says):
    with pytest.raises(CalibratorError, match=says):
        Calibrator(method, params)


@pytest.mark.parametrize("value", [-0.001, 1.001, math.nan])
def test_what_is_no_probability_is_refused(value):
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        Calibrator("identity").apply(np.array([0.5, value]))


def test_text_that_is_no_calibrator_is_refused():
    with pytest.raises(CalibratorError, match="the keys method and params"):
        Calibrator.from_json(b'{"method": "identity"}')


def test_equal_parameters_give_equal_bytes():
    first = Calibrator("platt", {"a": 1, "b": 0.1})
    second = Calibrator("platt", {"b": 0.1, "a": 1.0})
    assert first.to_json() == second.to_json()


@given(calibrators, probabilities)
def test_a_higher_probability_never_comes_out_lower(calibrator, values):
    out = calibrator.apply(np.sort(np.array(values)))
    assert np.all(np.diff(out) >= 0)
    assert np.all((out >= FLOOR) & (out <= 1 - FLOOR))


@given(calibrators)
def test_json_gives_back_the_same_calibrator(calibrator):
    again = Calibrator.from_json(calibrator.to_json())
    assert again == calibrator
    assert again.to_json() == calibrator.to_json()


@given(calibrators, probabilities)
def test_one_value_alone_and_among_others_gives_equal_bits(calibrator, values):
    batch = calibrator.apply(np.array(values))
    alone = [calibrator.apply(np.array([value]))[0] for value in values]
    np.testing.assert_array_equal(batch, alone)


@given(st.floats(-700, 700))
def test_sigmoid_is_symmetric(x):
    assert sigmoid(np.array(x)) + sigmoid(np.array(-x)) == pytest.approx(1.0, abs=1e-15)


def test_isotonic_points_read_back_and_are_a_line():
    found = Calibrator("isotonic", {}, ((0.1, 0.05), (0.5, 0.45)))
    assert Calibrator.from_json(found.to_json()) == found
    assert found.apply(np.array([0.0, 0.1, 0.3, 0.5, 1.0])).tolist() == pytest.approx([0.05, 0.05, 0.25, 0.45, 0.45])


@pytest.mark.parametrize(
    "points", [(), ((0.1, 0.1),), ((0.5, 0.1), (0.5, 0.2)), ((0.1, 0.3), (0.5, 0.2)), ((0.1, 0.3), (0.5, 1.2))]
)
def test_points_that_are_no_rising_line_are_refused(points):
    with pytest.raises(CalibratorError):
        Calibrator("isotonic", {}, points)


def test_points_belong_to_isotonic_alone():
    with pytest.raises(CalibratorError, match="isotonic alone"):
        Calibrator("identity", {}, ((0.1, 0.1), (0.2, 0.2)))
