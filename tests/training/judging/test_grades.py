"""Grades against outcomes: examples by formula, boundaries, and how often a right scale is refused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from scoring.grades import MasterScale
from training.judging.grades import holm, jeffreys, judge_grades, posterior_bound, prudent_bounds

SCALE = MasterScale.model_validate(
    {
        "description": "Three grades",
        "owner": "Tests",
        "probability": "pd_12m",
        "grades": [{"name": "A", "from": 0}, {"name": "B", "from": 0.02}, {"name": "C", "from": 0.1}],
    }
)


def test_jeffreys_is_the_posterior_mass_up_to_the_stated_rate():
    def density(p):
        return p ** (3 + 0.5 - 1) * (1 - p) ** (200 - 3 + 0.5 - 1)

    mass = integrate.quad(density, 0, 0.01)[0] / integrate.quad(density, 0, 1)[0]
    assert jeffreys(200, 3, 0.01) == pytest.approx(mass, abs=1e-5)


class TestPrudent:
    @pytest.mark.parametrize("confidence", [0.5, 0.75, 0.9, 0.95, 0.99, 0.999])
    def test_no_defaults(self, confidence):
        """100, 400 and 300 obligors, none in default: 1 - (1 - confidence)^(1/n) of the pools of 800, 700 and 300."""
        found = prudent_bounds([100, 400, 300], [0, 0, 0], confidence=confidence)
        np.testing.assert_allclose(found, [1 - (1 - confidence) ** (1 / n) for n in (800, 700, 300)], rtol=1e-9)

    def test_no_defaults_in_percent(self):
        found = prudent_bounds([100, 400, 300], [0, 0, 0], confidence=0.5)
        assert (100 * found).round(2).tolist() == [0.09, 0.1, 0.23]

    @pytest.mark.parametrize("confidence", [0.5, 0.9, 0.99])
    def test_few_defaults(self, confidence):
        """0, 2 and 1 defaults: pools of 3 in 800, 3 in 700 and 1 in 300, each as rare at its bound as stated."""
        found = prudent_bounds([100, 400, 300], [0, 2, 1], confidence=confidence)
        np.testing.assert_allclose(stats.binom.cdf([3, 3, 1], [800, 700, 300], found), 1 - confidence, rtol=1e-9)

    def test_defaults_that_contradict_the_order_never_lower_a_worse_grade(self):
        found = prudent_bounds([100, 100], [20, 0])
        assert found[1] == found[0] > 0.1

    @given(st.lists(st.tuples(st.integers(0, 300), st.floats(0, 1)), min_size=1, max_size=6), st.floats(0.05, 0.99))
    def test_bounds_never_fall_and_hold_the_binomial_tail(self, grades, confidence):
        n = np.array([count for count, _ in grades])
        bad = np.array([int(count * share) for count, share in grades])
        found = prudent_bounds(n, bad, confidence=confidence)
        assert np.all(np.diff(found) >= 0)
        assert np.all((found > 0) & (found <= 1))
        if n.sum() and bad.sum() < n.sum():
            # At the bound of the whole portfolio, so few defaults or fewer come about with 1 - confidence.
            assert stats.binom.cdf(bad.sum(), n.sum(), found[0]) == pytest.approx(1 - confidence, abs=1e-6)

    def test_where_nobody_was_seen_nothing_is_ruled_out(self):
        assert prudent_bounds([100, 0], [0, 0])[1] == 1.0


def test_the_posterior_bound_covers_as_it_says():
    random = np.random.default_rng(5)
    rate = random.beta(0.5, 0.5, 20_000)  # drawn from the prior, the bound holds the rate in 9 of 10
    bad = random.binomial(50, rate)
    assert (rate <= posterior_bound(np.full(20_000, 50), bad)).mean() == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        pytest.param([0.02], [0.02], id="one grade needs no correction"),
        pytest.param([0.01, 0.02, 0.9], [0.03, 0.04, 0.9], id="times 3, 2 and 1"),
        pytest.param([0.5, 0.4, 0.6], [1.0, 1.0, 1.0], id="never above 1"),
    ],
)
def test_holm(p_values, adjusted):
    np.testing.assert_allclose(holm(np.array(p_values)), adjusted)


def portfolio(random, *, factor=1.0, n=3000):
    stated = random.choice([0.01, 0.05, 0.2], n, p=[0.5, 0.3, 0.2])
    return stated, random.random(n) < stated * factor


class TestVerdict:
    def test_figures_of_one_grade_by_hand(self):
        stated = np.repeat([0.01, 0.05, 0.3], [200, 100, 50])
        bad = np.concatenate([np.arange(200) < 3, np.arange(100) < 12, np.arange(50) < 10])
        verdict = judge_grades(SCALE, stated, bad)
        a, b, c = verdict.grades
        assert (a.grade, a.n, a.bad, a.rate) == ("A", 200, 3, 0.015)
        assert a.stated == pytest.approx(0.01)
        assert b.p_value == pytest.approx(stats.beta(12.5, 88.5).cdf(0.05))
        assert b.p_adjusted == pytest.approx(3 * b.p_value)
        assert (a.understates, b.understates, c.understates) == (False, True, False)
        assert not verdict.passed
        assert a.posterior_mean == pytest.approx(3.5 / 201)
        assert a.prudent_bound == pytest.approx(stats.beta.ppf(0.9, 26, 325))
        assert json.loads(json.dumps(verdict.as_dict()))["grades"][1]["grade"] == "B"

    def test_a_right_scale_is_refused_no_more_often_than_the_level(self):
        random = np.random.default_rng(8)
        refused = [not judge_grades(SCALE, *portfolio(random)).passed for _ in range(400)]
        assert np.mean(refused) < 0.075

    def test_a_scale_that_states_too_little_is_refused(self):
        random = np.random.default_rng(8)
        refused = [not judge_grades(SCALE, *portfolio(random, factor=1.5)).passed for _ in range(50)]
        assert np.mean(refused) > 0.95

    def test_stating_too_much_is_not_what_this_test_refuses(self):
        assert judge_grades(SCALE, *portfolio(np.random.default_rng(8), factor=0.3)).passed

    def test_a_customer_seen_bad_on_six_dates_is_one_default(self):
        stated, once = portfolio(np.random.default_rng(2), n=600)
        names = np.arange(600)
        single = judge_grades(SCALE, stated, once)
        repeated = judge_grades(SCALE, np.tile(stated, 6), np.tile(once, 6), customers=np.tile(names, 6))
        for one, six in zip(single.grades, repeated.grades, strict=True):
            assert (six.n, six.bad) == (pytest.approx(one.n), pytest.approx(one.bad))
            assert six.p_value == pytest.approx(one.p_value)

    def test_an_empty_grade_has_no_p_value_and_does_not_fail(self):
        verdict = judge_grades(SCALE, np.full(500, 0.01), np.arange(500) < 5)
        assert verdict.passed
        assert (verdict.grades[2].n, verdict.grades[2].p_value, verdict.grades[2].stated) == (0, None, None)

    def test_without_a_case_nothing_is_shown(self):
        assert not judge_grades(SCALE, np.empty(0), np.empty(0, bool)).passed


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"bad": np.zeros(2, bool)}, "one stated probability and one outcome per case"),
        ({"customers": np.array(["A"])}, "one stated probability and one outcome per case"),
        ({"stated": np.full(3, 1.5)}, r"probabilities in \[0, 1\]"),
        ({"level": 0.0}, "level must lie between"),
        ({"confidence": 1.0}, "confidence must lie between"),
    ],
)
def test_bad_input_is_refused(change, says):
    good = {"stated": np.full(3, 0.1), "bad": np.zeros(3, bool)}
    with pytest.raises(ValueError, match=says):
        judge_grades(SCALE, **{**good, **change})


def test_counts_that_contradict_are_refused():
    with pytest.raises(ValueError, match="0 <= bad <= n"):
        jeffreys([10], [11], [0.1])


def test_no_default_among_customers_seen_often_is_no_more_proof_than_seen_once():
    stated, quiet = np.full(50, 0.01), np.zeros(50, dtype=bool)
    names = np.array([f"C{n}" for n in range(50)])
    once = judge_grades(SCALE, stated, quiet, customers=names)
    often = judge_grades(SCALE, np.tile(stated, 24), np.tile(quiet, 24), customers=np.tile(names, 24))
    assert [grade.prudent_bound for grade in often.grades] == pytest.approx(
        [grade.prudent_bound for grade in once.grades]
    )
