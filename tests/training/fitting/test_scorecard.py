"""The fitted scorecard: its sum by hand, its laws, and that it ranks where the truth is known."""

from dataclasses import replace
from datetime import date
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from data.book import book_of
from data.simulation.simulator import Shape, simulate
from scoring.calibration import sigmoid
from scoring.model import ReleasedModel
from scoring.scorecard import Scorecard
from training.cases.dataset import Dataset
from training.cases.facts import from_book
from training.fitting.binning import OneOutcomeError, Rules
from training.fitting.challenger import learn_scorecard
from training.fitting.scorecard import NothingToldError, ScorecardRecipe, fit_scorecard
from training.judging.metrics import measured
from training.late_model import late_cases, task

NAMES = ("overdue_count", "tenure_days", "noise")
MONOTONE = (1, -1, 0)
LOOSE = ScorecardRecipe(rules=Rules(least_of_each=3), least_information=0.001, most_correlated=1.0)


def cases(columns, bad):
    n = len(bad)
    day = np.full(n, np.datetime64("2024-01-01", "us"))
    names = np.array([f"C{i}" for i in range(n)], dtype=object)
    return Dataset(names, names, day, {k: np.asarray(v, float) for k, v in columns.items()}, bad, day.astype("M8[D]"))


def drawn(seed=1, n=2000):
    random = np.random.default_rng(seed)
    overdue, tenure = random.poisson(0.7, n).astype(float), random.uniform(0, 3000, n)
    bad = random.random(n) < sigmoid(-2.5 + 0.9 * overdue - 0.0008 * tenure)
    tenure[random.random(n) < 0.1] = np.nan
    return cases({"overdue_count": overdue, "tenure_days": tenure, "noise": random.normal(size=n)}, bad)


class TestWorkedExample:
    """Two flags, independent of each other: 100 cases of each kind, with 2, 10, 10 and 40 bad ones."""

    BAD = np.concatenate([np.arange(100) < bads for bads in (2, 10, 10, 40)])
    FLAGS = MappingProxyType({"a": np.repeat([0.0, 0.0, 1.0, 1.0], 100), "b": np.repeat([0.0, 1.0, 0.0, 1.0], 100)})
    RECIPE = ScorecardRecipe(rules=Rules(least_of_each=1), ridge=2.0)

    def card(self):
        return fit_scorecard(cases(self.FLAGS, self.BAD), ("a", "b"), (1, 1), self.RECIPE)

    def test_the_sum_written_out(self):
        # 62 bad and 338 good cases; where a flag is 0, 12 and 188 of them, where it is 1, 50 and 150.
        zero = np.log((188 / 338 + 0.5 / 62) / (12 / 62 + 0.5 / 62))
        one = np.log((150 / 338 + 0.5 / 62) / (50 / 62 + 0.5 / 62))
        card = self.card()
        for found in card.characteristics:
            np.testing.assert_allclose(found.woe, [zero, one, 0.0], atol=1e-9)
        a, b = (found.coefficient for found in card.characteristics)
        np.testing.assert_allclose(
            card.log_odds(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [np.nan, 1.0]])),
            card.intercept - np.array([a * zero + b * zero, a * zero + b * one, a * one + b * one, b * one]),
            atol=1e-8,  # evidence is rounded to 9 places
        )

    def test_the_coefficients_are_at_the_top_of_the_penalised_likelihood(self):
        """The same top, found by another search over the cases one by one."""
        card = self.card()
        inputs = card.contributions(np.column_stack([self.FLAGS[name] for name in card.feature_names]))
        inputs[:, :-1] /= [found.coefficient for found in card.characteristics]
        inputs[:, -1] = 1.0

        def loss(at):
            signed = np.where(self.BAD, -1, 1) * (inputs @ at)
            return np.logaddexp(0, signed).sum() + 2.0 / 2 * (at[:-1] ** 2).sum()

        best = optimize.minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
        found = [*(found.coefficient for found in card.characteristics), card.intercept]
        np.testing.assert_allclose(found, best.x, atol=1e-5)


class TestChoice:
    def test_what_says_little_is_left_out(self):
        assert fit_scorecard(drawn(), NAMES, MONOTONE).feature_names == ("overdue_count", "tenure_days")

    def test_of_two_that_say_the_same_the_first_by_name_is_taken(self):
        twins = drawn()
        twins = replace(twins, columns={**twins.columns, "another": twins.columns["overdue_count"]})
        names = ("overdue_count", "another", "tenure_days")
        assert fit_scorecard(twins, names, (1, 1, -1)).feature_names == ("another", "tenure_days")
        assert fit_scorecard(twins, names[::-1], (-1, 1, 1)).feature_names == ("another", "tenure_days")

    def test_no_more_than_wanted(self):
        assert fit_scorecard(drawn(), NAMES, MONOTONE, replace(LOOSE, most_features=1)).feature_names == (
            "overdue_count",
        )

    def test_a_feature_that_would_count_the_wrong_way_is_dropped(self):
        """`echo` follows `true` and lowers the risk a little: alone it tells, beside `true` it tells the reverse."""
        random = np.random.default_rng(4)
        true = random.integers(0, 2, 4000)
        echo = np.where(random.random(4000) < 0.8, true, 1 - true)
        bad = random.random(4000) < np.where(true == 1, 0.5, 0.1) - 0.05 * echo
        found = fit_scorecard(cases({"true": true, "echo": echo}, bad), ("true", "echo"), (0, 0), LOOSE)
        assert found.feature_names == ("true",)
        assert fit_scorecard(cases({"echo": echo}, bad), ("echo",), (0,), LOOSE).feature_names == ("echo",)

    def test_when_nothing_tells_it_says_so(self):
        with pytest.raises(NothingToldError, match=r"the best, noise, has an information value of 0\.0"):
            fit_scorecard(drawn(), ("noise",), (0,))

    def test_one_outcome_is_refused(self):
        with pytest.raises(OneOutcomeError, match="one outcome only"):
            fit_scorecard(cases({"noise": np.zeros(9)}, np.zeros(9, bool)), ("noise",), (0,))


seeds = st.integers(0, 2**32 - 1)


class TestLaws:
    @settings(max_examples=15)
    @given(seeds, seeds)
    def test_row_order_does_not_matter_to_a_byte(self, seed, shuffle):
        book = drawn(seed, 1500)
        order = np.random.default_rng(shuffle).permutation(1500)
        card = fit_scorecard(book, NAMES, MONOTONE, LOOSE)
        assert fit_scorecard(book.take(order), NAMES, MONOTONE, LOOSE).to_json() == card.to_json()
        assert Scorecard.from_json(card.to_json()) == card

    @settings(max_examples=15)
    @given(seeds, st.floats(0, 6), st.floats(0, 4000))
    def test_more_of_what_can_only_harm_never_lowers_the_risk(self, seed, more_overdue, more_tenure):
        book = drawn(seed, 1500)
        card = fit_scorecard(book, NAMES, MONOTONE, LOOSE)
        rows = book.matrix(card.feature_names)
        for name, more, direction in (("overdue_count", more_overdue, 1), ("tenure_days", more_tenure, -1)):
            if name in card.feature_names:
                worse = rows.copy()
                worse[:, card.feature_names.index(name)] += direction * more
                known = ~np.isnan(worse).any(axis=1)
                assert np.all(card.log_odds(worse[known]) >= card.log_odds(rows[known]))

    def test_the_mean_probability_is_the_rate(self):
        """Classes are not weighted: the intercept has no penalty, so that the mean is right before calibration."""
        book = drawn()
        card = fit_scorecard(book, NAMES, MONOTONE)
        assert sigmoid(card.log_odds(book.matrix(card.feature_names))).mean() == pytest.approx(
            book.bad.mean(), abs=1e-6
        )


AS_OF, KNOWN_ON = date(2024, 1, 1), date(2024, 12, 31)


@pytest.fixture(scope="module")
def parts():
    """Invoices of 300 simulated customers over three years; the later cases are those of the last year."""
    book = book_of(simulate(Shape(customers=300, seed=5)).tables)
    return late_cases(book, from_book(book), AS_OF, (AS_OF, date(2024, 9, 30)), KNOWN_ON, grace=5)


@pytest.fixture(scope="module")
def fitted(parts):
    return learn_scorecard(task(), parts, as_of=AS_OF, known_on=KNOWN_ON, data_version="simulated")


class TestSimulated:
    def test_it_ranks_well_above_chance(self, fitted):
        assert fitted.evaluation.metrics["auc"].low > 0.7
        assert fitted.evaluation.metrics["auc"].value > 0.75

    def test_twice_the_same(self, parts, fitted):
        again = learn_scorecard(task(), parts, as_of=AS_OF, known_on=KNOWN_ON, data_version="simulated")
        assert again.scorecard.to_json() == fitted.scorecard.to_json()
        assert again.spec.to_json() == fitted.spec.to_json()
        assert again.calibrator.to_json() == fitted.calibrator.to_json()

    def test_it_is_a_model_like_any_other(self, parts, fitted):
        model = ReleasedModel(fitted.spec, fitted.scorecard, fitted.calibrator)
        stated = model.probability(model.matrix(parts.later.columns))
        assert measured(parts.later.bad, stated)["auc"] == pytest.approx(fitted.evaluation.metrics["auc"].value)
        assert fitted.spec.form == "scorecard"
        assert set(fitted.sketches) == {*fitted.spec.feature_names, "score"}
        assert set(fitted.spec.typical) == set(fitted.spec.feature_names)
