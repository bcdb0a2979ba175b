"""PSI: the sum written out, the boundaries, its laws, and its law under no drift."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitoring.psi import formula_critical, psi, surprise


def counts(*values):
    return np.array(values, dtype=np.float64)


def test_psi_with_the_sum_written_out():
    """Reference 20, 50, 30 of 100; now 30, 50, 20 of 100."""
    expected = (0.3 - 0.2) * math.log(0.3 / 0.2) + (0.5 - 0.5) * math.log(1) + (0.2 - 0.3) * math.log(0.2 / 0.3)
    assert expected == pytest.approx(0.081093)
    assert psi(counts(20, 50, 30), counts(30, 50, 20)) == pytest.approx(expected)


def test_the_size_of_a_sample_does_not_change_psi():
    assert psi(counts(20, 50, 30), counts(300, 500, 200)) == pytest.approx(0.081093, abs=1e-6)


def test_an_empty_bin_counts_half_a_row_everywhere():
    """Now 0 and 9 of 9 become 0.5 and 9.5 of 10, then 4 and 5 become 4.5 and 5.5 of 10."""
    expected = (0.05 - 0.45) * math.log(0.05 / 0.45) + (0.95 - 0.55) * math.log(0.95 / 0.55)
    assert psi(counts(4, 5), counts(0, 9)) == pytest.approx(expected)


def test_many_histograms_at_once_equal_one_by_one():
    reference, current = counts(1, 2, 3, 0, 5, 6).reshape(2, 3), counts(3, 2, 1, 1, 1, 1).reshape(2, 3)
    assert psi(reference, current).tolist() == [psi(*pair) for pair in zip(reference, current, strict=True)]


histograms = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=12)


@given(histograms)
def test_psi_is_never_negative_and_symmetric(pairs):
    reference, current = counts(*(a for a, _ in pairs)), counts(*(b for _, b in pairs))
    assume(reference.sum() > 0 and current.sum() > 0)
    assert psi(reference, current) >= -1e-15
    assert psi(reference, current) == pytest.approx(psi(current, reference), abs=1e-12)


@given(st.lists(st.integers(0, 500), min_size=1, max_size=12).filter(any), st.integers(1, 20))
def test_equal_shares_have_no_psi(rows, times):
    assume(all(rows))
    assert psi(counts(*rows), times * counts(*rows)) == pytest.approx(0, abs=1e-12)


@given(histograms, st.randoms(use_true_random=False))
def test_the_order_of_bins_does_not_matter(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    sides = [(counts(*(a for a, _ in rows)), counts(*(b for _, b in rows))) for rows in (pairs, shuffled)]
    assume(sides[0][0].sum() > 0 and sides[0][1].sum() > 0)
    assert psi(*sides[0]) == pytest.approx(psi(*sides[1]), abs=1e-12)


def test_formula_with_the_numbers_written_out():
    """99 % of chi-squared with 9 degrees of freedom is 21.666; (1/5000 + 1/500) * 21.666 = 0.04767."""
    assert formula_critical(5_000, 500, 10) == pytest.approx(0.0022 * 21.666, rel=1e-4)


@pytest.mark.parametrize(("rows", "within"), [(100, 0.15), (200, 0.1), (500, 0.1), (2_000, 0.1)])
def test_drawn_critical_value_agrees_with_the_formula_where_that_holds(rows, within):
    found = surprise(np.full(10, 500.0), np.full(10, rows / 10), draws=2_000, rng=np.random.default_rng(1))
    assert found.critical == pytest.approx(formula_critical(5_000, rows, 10), rel=within)


def test_with_few_rows_the_critical_value_is_above_the_formula():
    found = surprise(np.full(10, 500.0), np.full(10, 5.0), draws=2_000, rng=np.random.default_rng(1))
    assert found.critical > 1.03 * formula_critical(5_000, 50, 10)


def test_p_values_of_a_stable_column_are_uniform():
    """Under no drift a share u of p-values lies below u: 400 samples, bound of four standard errors."""
    rng = np.random.default_rng(5)
    shares = [0.1] * 10
    pairs = [(rng.multinomial(2_000, shares) * 1.0, rng.multinomial(80, shares) * 1.0) for _ in range(400)]
    p_values = np.array([surprise(*pair, draws=2_000, rng=rng).p_value for pair in pairs])
    for u in (0.05, 0.2, 0.5):
        assert (p_values <= u).mean() == pytest.approx(u, abs=4 * math.sqrt(u * (1 - u) / 400))


def test_no_p_value_is_zero():
    found = surprise(counts(1000, 0), counts(0, 1000), draws=20_000, rng=np.random.default_rng(1))
    assert found.p_value == pytest.approx(1 / 20_001)


def test_one_bin_cannot_drift():
    found = surprise(counts(1000), counts(50), draws=20_000, rng=np.random.default_rng(1))
    assert (found.psi, found.critical, found.p_value) == (0.0, 0.0, 1.0)


def test_equal_states_give_equal_results():
    first, again = (surprise(counts(40, 60), counts(9, 6), draws=5_000, rng=np.random.default_rng(3)) for _ in range(2))
    assert first == again
