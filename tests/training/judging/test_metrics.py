"""Figures by hand, ties, weights, and agreement with scikit-learn."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score, roc_curve

from training.judging import metrics
from training.judging.metrics import auc, figures, measured, reliability, scored

# Falling: 0.9 bad, 0.8 good, 0.7 bad, 0.1 good.
BAD = np.array([True, False, True, False])
STATED = np.array([0.9, 0.8, 0.7, 0.1])


def test_figures_of_four_cases_by_hand():
    found = measured(BAD, STATED)
    assert found["auc"] == pytest.approx(3 / 4)  # of 2 x 2 pairs, only (0.7 bad, 0.8 good) is the wrong way round
    assert found["average_precision"] == pytest.approx(1 / 2 * 1 + 1 / 2 * 2 / 3)
    assert found["ks"] == pytest.approx(1 / 2)  # after the first: recall 1/2, fallout 0
    assert found["brier"] == pytest.approx((0.1**2 + 0.8**2 + 0.3**2 + 0.1**2) / 4)
    assert found["mean_probability"] == pytest.approx(0.625)
    assert found["rate"] == pytest.approx(0.5)
    assert found["ece"] == pytest.approx((0.1 + 0.8 + 0.3 + 0.1) / 4)  # four cases, so four bins of one


def test_equal_probabilities_are_ties_whatever_the_order_of_rows():
    first = measured(np.array([True, False, False]), np.array([0.5, 0.5, 0.1]))
    second = measured(np.array([False, True, False]), np.array([0.5, 0.5, 0.1]))
    assert first == second
    assert first["auc"] == pytest.approx((0.5 + 1) / 2)
    assert first["average_precision"] == pytest.approx(0.5)


def test_one_outcome_has_no_ranking_figure():
    found = measured(np.array([False, False]), np.array([0.2, 0.4]))
    assert set(found) == {"brier", "mean_probability", "rate", "ece"}


def test_weight_two_is_a_case_twice():
    weighted = figures(scored(BAD, STATED), np.array([[2.0, 1.0, 0.0, 3.0]]))
    again = np.repeat(np.arange(4), [2, 1, 0, 3])
    for name, value in measured(BAD[again], STATED[again]).items():
        # The bins are those of the cases as given; a recalibration under weights is one step from theirs.
        if name != "ece" and name not in ("calibration_slope", "calibration_intercept"):
            assert weighted[name][0] == pytest.approx(value), name


@st.composite
def outcomes(draw):
    n = draw(st.integers(2, 60))
    bad = draw(st.lists(st.booleans(), min_size=n, max_size=n).filter(lambda b: any(b) and not all(b)))
    stated = draw(st.lists(st.integers(0, 12).map(lambda k: k / 12), min_size=n, max_size=n))
    return np.array(bad), np.array(stated)


@given(outcomes())
def test_agrees_with_scikit_learn(case):
    bad, stated = case
    found = measured(bad, stated)
    fallout, recall, _ = roc_curve(bad, stated)
    assert found["auc"] == pytest.approx(roc_auc_score(bad, stated))
    assert found["average_precision"] == pytest.approx(average_precision_score(bad, stated))
    assert found["brier"] == pytest.approx(brier_score_loss(bad, stated))
    assert found["ks"] == pytest.approx(np.abs(recall - fallout).max())


@given(outcomes(), st.integers(1, 12))
def test_reliability_bins_hold_every_case_once_and_rise(case, bins):
    bad, stated = case
    table = reliability(bad, stated, bins=bins)
    assert sum(b.n for b in table) == len(bad)
    assert sum(b.bad for b in table) == bad.sum()
    assert all(below.high < above.low for below, above in pairwise(table))
    assert len(table) <= bins


def test_refuses_what_is_no_probability():
    with pytest.raises(ValueError, match="outside"):
        measured(BAD, np.array([0.1, 0.2, np.nan, 0.3]))
    with pytest.raises(ValueError, match="as many of both"):
        measured(BAD, STATED[:3])


@pytest.mark.parametrize("cells", [1, 700, 5_000])
def test_figures_are_the_same_to_the_last_bit_however_many_weightings_are_worked_on_at_once(monkeypatch, cells):
    random = np.random.default_rng(3)
    cases = scored(random.random(300) < 0.3, random.random(300).round(2))
    weights = np.asfortranarray(random.multinomial(300, np.full(300, 1 / 300), size=41).astype(np.float64))
    found, ranked = figures(cases, weights), auc(cases, weights)
    monkeypatch.setattr(metrics, "CELLS_AT_ONCE", cells)
    again = figures(cases, weights)
    for name, values in found.items():
        np.testing.assert_array_equal(again[name], values, err_msg=name)
    np.testing.assert_array_equal(auc(cases, weights), ranked)
