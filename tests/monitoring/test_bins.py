"""Bins: where a value falls, what is merged, and how much evidence clustered rows hold."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitoring.bins import codes, from_sketch, histogram, merged_bins, regroup
from monitoring.clusters import design_effect, numbered
from scoring.sketch import sketch_of

NAN = float("nan")
values = st.lists(st.floats(-50, 50) | st.just(NAN), min_size=1, max_size=60)
edge_lists = st.lists(st.integers(-40, 40), min_size=0, max_size=8, unique=True).map(sorted)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        pytest.param(-9e9, 0, id="below everything"),
        pytest.param(10.0, 0, id="an edge belongs to the bin below it"),
        pytest.param(np.nextafter(10.0, 11), 1, id="just above the edge"),
        pytest.param(20.0, 1, id="last edge"),
        pytest.param(9e9, 2, id="above everything"),
        pytest.param(NAN, 3, id="missing has the bin after the last"),
    ],
)
def test_place_of_a_value(value, place):
    assert codes(np.array([10.0, 20.0]), np.array([value])).tolist() == [place]


@given(values, edge_lists)
def test_every_row_is_counted_once(rows, edges):
    found = histogram(np.array(edges, dtype=float), np.array(rows))
    assert found.rows == len(rows)
    assert found.missing == sum(np.isnan(rows))
    assert len(found.counts) == len(edges) + 1


@given(values)
def test_a_sketch_counts_its_own_rows_as_it_says(rows):
    assume(not np.isnan(rows).all())
    reference = from_sketch(sketch_of(rows))
    assert histogram(reference.edges, np.array(rows)).all_counts.tolist() == reference.all_counts.tolist()


def test_a_constant_column_notices_another_value_on_either_side():
    reference = from_sketch(sketch_of([3.0] * 50))
    assert histogram(reference.edges, np.array([2.0, 3.0, 3.0, 4.0])).counts.tolist() == [1, 2, 1]


@pytest.mark.parametrize(
    ("together", "groups"),
    [
        pytest.param([5, 5, 5, 0], [0, 1, 2, -1], id="large enough: nothing merged, no missing bin"),
        pytest.param([4, 1, 5, 0], [0, 0, 1, -1], id="joined to the right until there are five"),
        pytest.param([9, 5, 4, 0], [0, 1, 1, -1], id="a short end joins the bin before"),
        pytest.param([1, 1, 1, 1], [0, 0, 0, 1], id="too few for any cut; missing stays apart"),
        pytest.param([0, 0, 0, 7], [-1, -1, -1, 0], id="nothing but missing"),
    ],
)
def test_merged_bins(together, groups):
    assert merged_bins(np.array(together, dtype=float), smallest=5).tolist() == groups


@given(st.lists(st.integers(0, 30), min_size=2, max_size=12).filter(any))
def test_merging_loses_no_row_and_leaves_no_small_bin(rows):
    counts = np.array(rows, dtype=float)
    left = regroup(counts, merged_bins(counts, smallest=5))
    assert left.sum() == counts.sum()
    of_values = left[: len(left) - (counts[-1] > 0)]
    assert len(of_values) <= 1 or of_values.min() >= 5


def test_design_effect_with_the_sum_written_out():
    """Three customers, each with two equal rows in bins 0, 0, 1: shares 2/3 and 1/3.

    Residual of each customer in bin 0: 2 - 4/3, 2 - 4/3, 0 - 4/3, squares sum to 24/9. Variance of the share
    24/9 * 3/2 / 36 = 1/9; of six independent rows (2/9) / 6 = 1/27. Their ratio is 3; bin 1 mirrors bin 0.
    """
    assert design_effect(np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 2, 2])) == pytest.approx(3.0)


@given(st.lists(st.integers(0, 4), min_size=2, max_size=40))
def test_a_row_per_customer_is_independent(places):
    assert design_effect(np.array(places), np.arange(len(places))) == 1.0


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40))
def test_one_customer_is_one_observation(places):
    assert design_effect(np.array(places), np.zeros(len(places), dtype=int)) == len(places)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ABCD")), min_size=2, max_size=40))
def test_design_effect_is_at_least_one(rows):
    places, owners = zip(*rows, strict=True)
    assert design_effect(np.array(places), numbered(np.array(owners, dtype=object))) >= 1.0
