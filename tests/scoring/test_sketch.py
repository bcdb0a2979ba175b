"""A sketch keeps what drift figures need, and frequent values stay visible."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.canonical import canonical_json
from scoring.sketch import Sketch, counts, sketch_of, sketches_of

values = st.lists(
    st.one_of(st.none(), st.sampled_from([0.0, 1.0, -1.0]), st.floats(-1e6, 1e6), st.integers(-3, 30).map(float)),
    max_size=300,
)


def test_deciles_of_a_hundred_different_values():
    sketch = sketch_of(list(range(1, 101)))
    assert sketch.edges == (10, 20, 30, 40, 50, 60, 70, 80, 90)
    assert sketch.counts == (10,) * 10
    assert (sketch.low, sketch.high, sketch.n, sketch.missing) == (1, 100, 100, 0)


def test_a_frequent_value_in_the_middle_is_alone_in_its_bin():
    negatives, zeros, positives = np.linspace(-10, -1, 30), np.zeros(40), np.linspace(1, 10, 30)
    sketch = sketch_of(np.concatenate([negatives, zeros, positives]))
    # 10 per bin below and above; the 40 zeros lie between -0.5, halfway to -1, and 0 itself.
    assert sketch.counts == (10, 10, 10, 40, 10, 10, 10)
    assert sketch.edges[2:4] == (-0.5, 0.0)
    assert counts(sketch, [0.0]).bins.tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert counts(sketch, [1e-9]).bins.tolist() == [0, 0, 0, 0, 1, 0, 0]


def test_rare_positives_beside_a_frequent_zero_have_their_bin():
    sketch = sketch_of([0.0] * 990 + [1.0] * 6 + [2.0] * 4)
    assert sketch.edges == (0.0,)
    assert sketch.counts == (990, 10)


def test_too_few_rows_make_no_bin():
    assert sketch_of([0.0] * 996 + [1.0] * 4).counts == (1000,)


@pytest.mark.parametrize("rest", [[100.0] * 85, [-100.0] * 85], ids=["below the frequent one", "at the top"])
def test_no_edge_leaves_a_bin_empty(rest):
    # 15 rows make two parts of 7.5, and the cut falls on 7, the last of them: above it nothing is left.
    sketch = sketch_of([1.0, 2.0, 3.0, 4.0, 5.0, 6.0] + [7.0] * 9 + rest)
    assert sorted(sketch.counts) == [15, 85]


def test_a_constant_is_one_bin_and_another_value_is_outside_it():
    sketch = sketch_of([1.0] * 50)
    assert (sketch.edges, sketch.counts) == ((), (50,))
    assert counts(sketch, [1.0, 0.0, 2.0]).outside == 2


def test_nothing_known():
    sketch = sketch_of([None, None])
    assert sketch == Sketch((), (0,), 2, None, None)
    assert counts(sketch, [3.0, None]) == (np.array([1]), 1, 0)


def test_missing_is_not_zero():
    now = counts(sketch_of([0.0] * 50 + [1.0] * 50), [None, np.nan, 0.0])
    assert now.missing == 2
    assert now.bins.tolist() == [1, 0]
    assert now.n == 3


def test_sketches_are_of_the_columns_asked_for():
    made = sketches_of({"a": [1.0], "b": [2.0]}, ["b"])
    assert list(made) == ["b"]


@pytest.mark.parametrize(
    ("given_", "says"), [([np.inf], "needs finite values"), ([[1.0]], "of one column")], ids=["infinite", "table"]
)
def test_what_is_no_column_is_refused(given_, says):
    with pytest.raises(ValueError, match=says):
        sketch_of(given_)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"counts": [1]}, "1 edges make 2 bins"),
        ({"edges": [2.0, 1.0], "counts": [1, 1, 1]}, "edges must rise"),
        ({"missing": -1}, "must not be negative"),
    ],
)
def test_a_sketch_that_contradicts_itself_is_refused(change, says):
    value = {"edges": [1.0], "counts": [1, 1], "missing": 0, "low": 0.0, "high": 2.0}
    with pytest.raises(ValueError, match=says):
        Sketch.from_dict({**value, **change})


@given(values, st.integers(2, 20))
def test_the_training_values_fall_as_counted(given_, bins):
    sketch = sketch_of(given_, bins=bins)
    again = counts(sketch, given_)
    assert tuple(again.bins.tolist()) == sketch.counts
    assert again.missing == sketch.missing
    assert again.outside == 0
    assert sketch.n == len(given_)


@given(values)
def test_every_bin_held_somebody(given_):
    sketch = sketch_of(given_)
    assert min(sketch.counts) >= 1 or sketch.low is None
    assert len(sketch.counts) <= 21


@given(values, st.randoms(use_true_random=False))
def test_row_order_makes_no_difference(given_, random):
    shuffled = list(given_)
    random.shuffle(shuffled)
    assert sketch_of(shuffled) == sketch_of(given_)


@given(values)
def test_json_gives_back_the_same_sketch(given_):
    sketch = sketch_of(given_)
    assert Sketch.from_dict(json.loads(canonical_json(sketch.to_dict()))) == sketch


def test_a_frequent_value_beside_its_neighbour_among_the_floats_still_gets_a_bin_of_its_own():
    below = np.nextafter(80.0, 0.0)
    sketch = sketch_of([70.0] * 10 + [below] * 2 + [80.0] * 60 + [90.0] * 10, bins=10)
    assert 80.0 in sketch.edges
    assert list(sketch.edges) == sorted(set(sketch.edges))
