"""A released model scores the same alone, in a batch and from many threads, and explains what it scored."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import lightgbm as lgb
import numpy as np
import pytest
from pydantic import ValidationError

from scoring.calibration import Calibrator
from scoring.model import MissingFeaturesError, ModelSpec, ReleasedModel, baseline_of
from scoring.trees import Trees


def columns(rows, model):
    return dict(zip(model.spec.feature_names, rows.T, strict=True))


class TestMatrix:
    def test_columns_come_in_the_models_order_and_others_are_left_out(self, model):
        given = {
            "tenure_days": [400, 10],
            "customer_id": ["A", "B"],
            "late5_share_365d": [0.5, None],
            "oldest_overdue_days": np.array([7.0, np.nan]),
            "overdue_count": [1, 0],
        }
        np.testing.assert_array_equal(model.matrix(given), [[1, 7, 0.5, 400], [0, np.nan, np.nan, 10]])

    def test_missing_columns_are_named(self, model):
        with pytest.raises(MissingFeaturesError, match=r"2 column.* not given: overdue_count, tenure_days") as error:
            model.matrix({"oldest_overdue_days": [1], "late5_share_365d": [0.1]})
        assert error.value.missing == ("overdue_count", "tenure_days")

    @pytest.mark.parametrize(
        ("values", "says"),
        [
            pytest.param(["3", "4"], "must hold numbers", id="text"),
            pytest.param([1.0, "4"], "must hold numbers", id="text among numbers"),
            pytest.param(
                np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]"), "must hold numbers", id="dates"
            ),
            pytest.param([1.0, np.inf], "holds an infinite value", id="infinite"),
            pytest.param([1.0], "differ in length", id="too short"),
            pytest.param([[1.0], [2.0]], "must be one-dimensional", id="a table"),
        ],
    )
    def test_what_is_no_column_of_numbers_is_refused(self, model, rows, values, says):
        with pytest.raises(ValueError, match=says):
            model.matrix({**columns(rows[:2], model), "overdue_count": values})

    def test_decimals_and_flags_are_numbers(self, model, rows):
        given = {**columns(rows[:2], model), "overdue_count": [Decimal("1.50"), None], "tenure_days": [True, False]}
        np.testing.assert_array_equal(model.matrix(given)[:, [0, 3]], [[1.5, 1], [np.nan, 0]])

    def test_no_rows_give_no_scores(self, model):
        empty = model.matrix({name: np.empty(0) for name in model.spec.feature_names})
        assert empty.shape == (0, 4)
        assert model.probability(empty).shape == (0,)
        assert model.contributions(empty).shape == (0, 5)

    def test_a_matrix_of_another_width_is_refused(self, model):
        with pytest.raises(ValueError, match=r"takes a matrix \(n, 4\), got shape \(2, 3\)"):
            model.probability(np.zeros((2, 3)))


class TestScore:
    def test_the_probability_is_the_calibrated_sigmoid_of_the_mean_log_odds(self, model, rows):
        raw = [booster.predict(rows[:5], raw_score=True) for booster in model.boosters]
        mean = (raw[0] + raw[1]) / 2
        assert not np.array_equal(raw[0], raw[1])
        np.testing.assert_allclose(model.log_odds(rows[:5]), mean, rtol=1e-15)
        # Platt with a = 0.9, b = 0.1 works on the very log-odds.
        np.testing.assert_allclose(model.probability(rows[:5]), 1 / (1 + np.exp(-(0.9 * mean + 0.1))), rtol=1e-12)

    def test_more_overdue_items_never_lower_the_probability(self, model, rows):
        worse = rows.copy()
        worse[:, 0] += 2
        assert np.all(model.probability(worse) >= model.probability(rows))
        assert model.probability(worse).mean() > model.probability(rows).mean()

    def test_a_row_alone_and_in_a_batch_gives_equal_bits(self, model, rows):
        batch, explained = model.probability(rows[:200]), model.contributions(rows[:200])
        for i in range(200):
            assert model.probability(rows[i : i + 1])[0] == batch[i]
            np.testing.assert_array_equal(model.contributions(rows[i : i + 1])[0], explained[i])

    def test_the_memory_layout_makes_no_difference(self, model, rows):
        np.testing.assert_array_equal(model.probability(np.asfortranarray(rows)), model.probability(rows))
        np.testing.assert_array_equal(model.probability(rows[::-2]), model.probability(rows)[::-2])

    def test_many_threads_give_what_one_gives(self, model, rows):
        parts = [rows[i : i + 1] for i in range(100)] * 20
        serial = [(model.probability(part), model.contributions(part)) for part in parts[:100]] * 20
        with ThreadPoolExecutor(16) as pool:
            concurrent = list(pool.map(lambda part: (model.probability(part), model.contributions(part)), parts))
        for (p, c), (expected_p, expected_c) in zip(concurrent, serial, strict=True):
            np.testing.assert_array_equal(p, expected_p)
            np.testing.assert_array_equal(c, expected_c)

    def test_two_threads_in_one_call_give_equal_bits(self, model, rows):
        wide = replace(model, threads=2)
        np.testing.assert_array_equal(wide.probability(rows), model.probability(rows))
        np.testing.assert_array_equal(wide.contributions(rows), model.contributions(rows))

    def test_contributions_sum_to_the_log_odds(self, model, rows):
        np.testing.assert_allclose(model.contributions(rows).sum(axis=1), model.log_odds(rows), atol=1e-9)

    def test_the_model_text_gives_the_same_model(self, model, rows):
        again = ReleasedModel.from_text(model.spec, model.texts(), model.calibrator)
        np.testing.assert_array_equal(again.probability(rows), model.probability(rows))


class TestFit:
    """A spec and boosters that do not belong together are refused."""

    def test_a_booster_short(self, model):
        with pytest.raises(ValueError, match=r"states 2 seed\(s\) but has 1 booster"):
            ReleasedModel(model.spec, Trees(model.boosters[:1]), model.calibrator)

    def test_features_in_another_order(self, model):
        names = model.spec.feature_names[::-1]
        spec = model.spec.model_copy(update={"feature_names": names})
        with pytest.raises(ValueError, match="the trees of model default read other features"):
            ReleasedModel(spec, model.learner, model.calibrator)

    def test_more_than_two_classes(self, model, rows):
        data = lgb.Dataset(rows, np.arange(len(rows)) % 3, feature_name=list(model.spec.feature_names))
        booster = lgb.train({"objective": "multiclass", "num_class": 3, "verbosity": -1}, data, num_boost_round=1)
        with pytest.raises(ValueError, match="is not a binary model"):
            ReleasedModel(model.spec, Trees((booster, booster)), Calibrator("identity"))

    def test_boosters_of_different_features(self, model, rows):
        data = lgb.Dataset(rows[:, :2], np.arange(len(rows)) % 2, feature_name=["a", "b"])
        other = lgb.train({"objective": "binary", "verbosity": -1}, data, num_boost_round=1)
        with pytest.raises(ValueError, match="booster 1 has other features than booster 0"):
            Trees((model.boosters[0], other))

    def test_no_booster(self):
        with pytest.raises(ValueError, match="at least one booster"):
            Trees(())

    def test_trees_under_the_name_of_a_scorecard(self, model):
        spec = model.spec.model_copy(update={"form": "scorecard"})
        with pytest.raises(ValueError, match="is said to be scorecard but was given trees"):
            ReleasedModel(spec, model.learner, model.calibrator)


class TestCuts:
    def test_the_score_changes_only_above_a_cut(self, model, rows):
        """Between two neighbouring cuts, ends included above, every value gives equal bits."""
        for place, cuts in enumerate(model.learner.cuts()):
            assert len(cuts) > 0
            assert np.all(np.diff(cuts) > 0)
            walk = np.repeat(rows[:1], 3 * (len(cuts) - 1), axis=0)
            walk[:, place] = np.ravel([[np.nextafter(a, np.inf), (a + b) / 2, b] for a, b in pairwise(cuts)])
            scores = model.log_odds(walk).reshape(-1, 3)
            assert np.array_equal(scores, np.repeat(scores[:, :1], 3, axis=1))


class TestSpec:
    def test_json_gives_back_the_same_spec(self, model):
        text = model.spec.to_json()
        assert ModelSpec.from_json(text) == model.spec
        assert ModelSpec.from_json(text).to_json() == text

    def test_what_is_as_by_default_leaves_no_trace_in_the_bytes(self, model):
        for word in (b"form", b"held", b"typical", b"tendency"):
            assert b'"' + word + b'":' not in model.spec.to_json()

    def test_what_is_not_as_by_default_is_kept(self, model):
        spec = model.spec.model_copy(update={"typical": {"overdue_count": 0.0}, "tendency": {"tenure_days": -1}})
        assert ModelSpec.from_json(spec.to_json()) == spec

    def test_a_model_that_was_not_held_to_its_directions_promises_none(self, model):
        free = model.spec.model_copy(update={"held": False})
        assert ModelSpec.from_json(free.to_json()) == free
        assert (model.spec.promised, free.promised) == (model.spec.monotone, (0, 0, 0, 0))
        assert free.monotone == model.spec.monotone, "and still declares them"

    def test_it_holds_no_time_of_day(self, model):
        assert b"T00:" not in model.spec.to_json()
        assert b'"trained_as_of": "2020-09-01"' in model.spec.to_json()

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            pytest.param({"name": "../x"}, "name", id="name that is a path"),
            pytest.param({"feature_names": ("a", "a", "b", "c")}, "names a feature twice", id="feature twice"),
            pytest.param({"monotone": (1, 1, 1)}, "one of -1, 0", id="direction short"),
            pytest.param({"monotone": (1, 1, 1, 2)}, "one of -1, 0", id="no direction"),
            pytest.param({"groups": {"overdue_count": "open_items"}}, "groups of model default", id="group absent"),
            pytest.param({"baseline": {}}, "baseline of model default", id="baseline absent"),
            pytest.param({"typical": {"weather": 1.0}}, "typical of model default names what", id="median of nothing"),
            pytest.param({"tendency": {"weather": 1}}, "tendency of model default names", id="tendency of nothing"),
            pytest.param({"seeds": ()}, "trees need seeds", id="trees without a seed"),
            pytest.param({"form": "scorecard"}, "a scorecard has neither", id="scorecard with seeds"),
            pytest.param({"form": "forest"}, "form", id="unknown form"),
            pytest.param({"train_bad": 10**6}, "more bad cases than cases", id="more bad than all"),
            pytest.param({"run_id": "abc"}, "Extra inputs are not permitted", id="unknown field"),
        ],
    )
    def test_a_spec_that_contradicts_itself_is_refused(self, model, change, says):
        with pytest.raises(ValidationError, match=says):
            ModelSpec(**{**model.spec.model_dump(), **change})

    def test_a_group_without_reasons_is_refused(self, model):
        groups = {**model.spec.groups, "tenure_days": "weather"}
        with pytest.raises(ValidationError, match="has groups other than"):
            ModelSpec(**{**model.spec.model_dump(), "groups": groups})


def test_the_baseline_is_the_mean_over_the_training_population(model, rows):
    baseline, log_odds = baseline_of(model.spec.feature_names, model.contributions(rows))
    assert baseline == model.spec.baseline
    assert log_odds == pytest.approx(model.log_odds(rows).mean(), abs=1e-9)
    assert sum(model.spec.group_baseline.values()) == pytest.approx(sum(baseline.values()))
    assert set(model.spec.group_baseline) == {"open_items", "payment_behaviour", "tenure"}


def test_a_baseline_of_nobody_is_refused():
    with pytest.raises(ValueError, match="with n >= 1"):
        baseline_of(["a"], np.empty((0, 2)))
