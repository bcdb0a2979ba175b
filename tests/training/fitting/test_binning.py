"""Bins by hand, at the boundaries, and by their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.fitting.binning import OneOutcomeError, Rules, Totals, binned

NAN = np.nan
SMALL = Rules(least_share=0.05, least_of_each=1)


def outcomes(*bins):
    """Values and outcomes of (value, good, bad) triples."""
    values = np.concatenate([np.full(good + bad, value, dtype=float) for value, good, bad in bins])
    bad = np.concatenate([np.arange(good + bad) < bad for _, good, bad in bins])
    return values, bad


class TestWorkedExample:
    VALUES, BAD = outcomes((0, 80, 5), (1, 60, 10), (2, 40, 15), (NAN, 20, 10))  # 200 good, 40 bad

    def test_bins_counts_and_evidence(self):
        found = binned(self.VALUES, self.BAD, 1, SMALL)
        assert (found.edges, found.cases, found.bad) == ((0.0, 1.0), (85, 70, 55, 30), (5, 10, 15, 10))
        # Half a bad case and the good cases that go with it: 0.5 / 40 of either.
        by_hand = [
            np.log((80 / 200 + 0.5 / 40) / (5 / 40 + 0.5 / 40)),
            np.log((60 / 200 + 0.5 / 40) / (10 / 40 + 0.5 / 40)),
            np.log((40 / 200 + 0.5 / 40) / (15 / 40 + 0.5 / 40)),
        ]
        np.testing.assert_allclose(found.woe[:3], by_hand, atol=1e-9)
        # 30 cases hold 5 bad ones on average, more than the least: the bin is not filled up.
        assert found.woe[3] == pytest.approx(np.log((20 / 200 + 0.5 / 40) / (10 / 40 + 0.5 / 40)), abs=1e-9)
        shares = np.array([80, 60, 40, 20]) / 200 - np.array([5, 10, 15, 10]) / 40
        assert found.information == pytest.approx(float(shares @ found.woe), abs=1e-8)

    def test_a_contradiction_is_pooled(self):
        values, bad = outcomes((0, 80, 5), (1, 50, 15), (2, 60, 10), (3, 30, 20))
        assert binned(values, bad, 1, SMALL).edges == (0.0, 2.0)
        assert binned(values, bad, 0, SMALL).edges == (0.0, 1.0, 2.0)

    def test_against_its_direction_a_feature_is_one_bin(self):
        found = binned(self.VALUES, self.BAD, -1, SMALL)
        assert (found.edges, found.cases) == ((), (210, 30))

    def test_few_missing_ones_say_little(self):
        """2 missing cases, both bad: filled up to 5 expected bad cases, they speak against the customer, but softly."""
        values, bad = outcomes((0, 150, 20), (1, 50, 18), (NAN, 0, 2))
        found = binned(values, bad, 1, Rules(least_share=0.05, least_of_each=5))
        extra = 5 - 2 * 40 / 240
        assert found.woe[-1] == pytest.approx(np.log((extra / 40) / (2 / 40 + extra / 40)), abs=1e-9)
        assert -0.4 < found.woe[-1] < 0

    def test_nothing_missing_says_nothing(self):
        assert binned(*outcomes((0, 9, 1), (1, 5, 5)), 1, SMALL).woe[-1] == 0.0

    def test_nothing_known_is_one_empty_bin(self):
        found = binned(*outcomes((NAN, 90, 10)), 1, SMALL)
        assert (found.edges, found.cases, found.woe, found.information) == ((), (0, 100), (0.0, 0.0), 0.0)


class TestBoundaries:
    @pytest.mark.parametrize(
        ("few", "edges"), [pytest.param(5, (0.0,), id="5 % of 100"), pytest.param(4, (), id="4 % of 100")]
    )
    def test_least_share(self, few, edges):
        values, bad = outcomes((0, 90 - few, 10), (1, few - 2, 2))
        assert binned(values, bad, 1, Rules(least_share=0.05, least_of_each=1)).edges == edges

    @pytest.mark.parametrize(("bads", "edges"), [pytest.param(5, (0.0,), id="5 bad"), pytest.param(4, (), id="4 bad")])
    def test_least_bad(self, bads, edges):
        values, bad = outcomes((0, 500, 20), (1, 60, bads))
        assert binned(values, bad, 1, Rules(least_of_each=5)).edges == edges

    def test_few_good_ones_are_too_few_as_well(self):
        assert binned(*outcomes((0, 500, 20), (1, 4, 60)), 1, Rules(least_of_each=5)).edges == ()

    def test_a_small_bin_joins_the_neighbour_it_is_like(self):
        values, bad = outcomes((0, 500, 5), (1, 10, 3), (2, 300, 100))
        assert binned(values, bad, 1, Rules(least_of_each=5)).edges == (0.0,)

    def test_most_bins_keeps_what_tells_most(self):
        values, bad = outcomes((0, 95, 5), (1, 94, 6), (2, 60, 40), (3, 58, 42))
        assert binned(values, bad, 1, Rules(least_of_each=1, most_bins=2)).edges == (1.0,)

    def test_a_frequent_value_has_a_bin_of_its_own(self):
        values = np.concatenate([np.zeros(700), np.arange(1.0, 301.0)])
        bad = (np.arange(1000) % 10 == 0) | ((values > 0) & (np.arange(1000) % 3 == 0))
        assert binned(values, bad, 1).edges[0] == 0.0


@pytest.mark.parametrize("bad", [np.zeros(5, bool), np.ones(5, bool)], ids=["good", "bad"])
def test_one_outcome_alone_is_refused(bad):
    with pytest.raises(OneOutcomeError, match="5 training cases hold one outcome only"):
        binned(np.arange(5.0), bad, 0)


@pytest.mark.parametrize(
    ("values", "direction", "says"),
    [
        ([0.0], 0, "one value per outcome"),
        ([0.0, np.inf], 0, "infinite value"),
        ([0.0, 1.0], 2, "direction must be"),
    ],
)
def test_bad_input_is_refused(values, direction, says):
    with pytest.raises(ValueError, match=says):
        binned(np.array(values), np.array([True, False]), direction)


@pytest.mark.parametrize("rule", [{"least_share": 0}, {"least_of_each": 0}, {"most_bins": 0}, {"finest": 3}])
def test_rules_out_of_range_are_refused(rule):
    with pytest.raises(ValueError, match="binning needs a least share"):
        Rules(**rule)


@st.composite
def cases(draw):
    """60 to 400 cases of few different values with any outcome, both outcomes present."""
    n = draw(st.integers(60, 400))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = random.choice([-3.5, -0.0, 0.0, 1.0, 2.0, 4.5, 9.0, NAN], n, p=random.dirichlet(np.ones(8)))
    noise = random.random(n) < draw(st.floats(0, 1))
    values = np.where(noise, random.normal(size=n), values)
    bad = random.random(n) < draw(st.floats(0.05, 0.95))
    bad[:2] = [True, False]
    return values, bad


rules = st.builds(Rules, least_share=st.floats(0.01, 0.3), least_of_each=st.integers(1, 9), most_bins=st.integers(1, 8))


class TestLaws:
    @given(cases(), st.sampled_from([-1, 0, 1]), rules, st.randoms(use_true_random=False))
    def test_row_order_does_not_matter(self, given_cases, direction, rule, random):
        values, bad = given_cases
        order = list(range(len(values)))
        random.shuffle(order)
        assert binned(values[order], bad[order], direction, rule) == binned(values, bad, direction, rule)

    @given(cases(), st.sampled_from([-1, 1]), rules)
    def test_the_evidence_moves_against_the_risk(self, given_cases, direction, rule):
        found = binned(*given_cases, direction, rule)
        assert np.all(direction * np.diff(found.woe[:-1]) < 0)

    @given(cases(), st.sampled_from([-1, 0, 1]), rules)
    def test_every_case_is_in_a_bin_and_every_bin_is_full_enough(self, given_cases, direction, rule):
        values, bad = given_cases
        found = binned(values, bad, direction, rule)
        assert (sum(found.cases), sum(found.bad)) == (len(values), bad.sum())
        assert found.cases[-1] == np.isnan(values).sum()
        assert len(found.edges) < rule.most_bins
        if found.edges:
            for count, bads in zip(found.cases[:-1], found.bad[:-1], strict=True):
                assert count >= rule.least_share * len(values)
                assert min(bads, count - bads) >= rule.least_of_each

    @given(st.integers(1, 99), st.integers(1, 99), st.floats(0.5, 50))
    def test_adding_average_cases_never_turns_the_evidence(self, good, bad, extra):
        totals = Totals(100, 100)
        bare, softened = totals.evidence(good, bad, extra=0.0), totals.evidence(good, bad, extra=extra)
        assert bare * softened >= 0
        assert abs(softened) <= abs(bare)
