"""A counterfactual is exact: with the change the grade is better, with a step less it is not."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue import INF
from features.feature_sets import FEATURES
from scoring.calibration import Calibrator
from scoring.counterfactual import counterfactual, entailed
from scoring.counterfactual_texts import LEVERS, ONE_STATE
from scoring.grades import MasterScale, load_scale
from scoring.model import ModelSpec, ReleasedModel
from scoring.reason_texts import GROUP_SENTENCES
from scoring.scorecard import Characteristic, Scorecard

SCALE = load_scale()
BY_NAME = {lever.feature: lever for lever in LEVERS}
NAN = math.nan


def characteristic(feature, edges, woe, coefficient=1.0):
    counts = (1,) * len(woe)
    return Characteristic(
        feature=feature, edges=edges, cases=counts, bad=(0,) * len(woe), woe=woe, coefficient=coefficient
    )


def scored(base, *characteristics, monotone=None, calibrator=None, intercept=-3.0):
    """A released scorecard of these characteristics."""
    names = tuple(found.feature for found in characteristics)
    values = base.model_dump() | {
        "form": "scorecard",
        "feature_names": names,
        "monotone": monotone or (1,) * len(names),
        "groups": {name: FEATURES[name].group for name in names},
        "baseline": dict.fromkeys(names, 0.0),
        "seeds": (),
        "lightgbm_version": "",
    }
    card = Scorecard(intercept=intercept, characteristics=characteristics)
    return ReleasedModel(ModelSpec(**values), card, calibrator or Calibrator("identity"))


def grade_of(model, row):
    return int(SCALE.places(model.probability(np.asarray(row, dtype=float)[None]))[0])


def after(model, row, changes):
    names = model.spec.feature_names
    values = entailed(dict(zip(names, row, strict=True)), changes)
    return [values[name] for name in names]


class TestWorkedExample:
    """Log-odds -3 and nothing else is 4.7 %, grade 9 (3.84 to 7.68 %)."""

    @pytest.fixture
    def model(self, model):
        return scored(
            model.spec,
            characteristic("overdue_amount", (0.0, 5000.5), (0.8, 0.2, -1.0, 0.0)),
            characteristic("late5_share_90d", (0.1,), (0.5, -0.2, 0.0)),
        )

    def test_one_change_at_the_models_own_threshold(self, model):
        # -3 + 1 + 0.2 = -1.8: 14.2 %, grade 10. At 5,000 overdue -3 - 0.2 + 0.2 = -3: 4.7 %, grade 9.
        found = counterfactual(model, np.array([20_000.0, 0.6]), SCALE, currency="EUR")
        assert [(c.feature, c.before, c.after) for c in found.changes] == [("overdue_amount", 20_000.0, 5000.0)]
        assert found.changes[0].sentence == "At most 5,000 EUR is overdue instead of 20,000 EUR."
        assert found.changes[0].code == "C-OPEN-05"
        assert (found.grade_before.name, found.grade_after.name) == ("10", "9")
        assert found.probability_before == pytest.approx(1 / (1 + math.exp(1.8)))
        assert found.probability_after == pytest.approx(1 / (1 + math.exp(3.0)))

    def test_the_change_that_is_nearer_to_what_is_now_is_chosen(self, model):
        # The share alone goes from -1.8 to -2.5, 7.6 %, grade 9: 0.11 to 0.1 is a smaller part of the way.
        found = counterfactual(model, np.array([20_000.0, 0.11]), SCALE)
        assert [(c.feature, c.after) for c in found.changes] == [("late5_share_90d", 0.1)]
        assert found.changes[0].sentence == (
            "Over 90 days, at most 10 % of the invoices are paid 5 or more days late instead of 11 %."
        )

    def test_two_changes_where_one_is_not_enough(self, model):
        # 5,000 overdue and a share of 0.3: -3, 4.7 %. Nothing overdue: -3.6, 2.7 %, grade 8. Both: -4.3, 1.3 %.
        strict = MasterScale.model_validate(
            {"description": "s", "owner": "o", "probability": "pd_180d",
             "grades": [{"name": "good", "from": 0}, {"name": "bad", "from": 0.02}]}
        )  # fmt: skip
        found = counterfactual(model, np.array([5000.0, 0.3]), strict)
        assert [(c.feature, c.after) for c in found.changes] == [("overdue_amount", 0.0), ("late5_share_90d", 0.1)]
        assert found.changes[0].sentence == "Nothing is overdue."

    def test_none_where_no_change_is_enough(self, model):
        impossible = MasterScale.model_validate(
            {"description": "s", "owner": "o", "probability": "pd_180d",
             "grades": [{"name": "good", "from": 0}, {"name": "bad", "from": 0.001}]}
        )  # fmt: skip
        assert counterfactual(model, np.array([5000.0, 0.3]), impossible) is None

    def test_none_for_the_best_grade(self, model):
        calm = scored(model.spec, characteristic("overdue_amount", (0.0,), (0.8, -1.0, 0.0)), intercept=-9.5)
        row = np.array([10.0])
        assert grade_of(calm, row) == 0
        assert counterfactual(calm, row, SCALE) is None

    def test_what_is_not_known_cannot_be_changed(self, model):
        assert counterfactual(model, np.array([NAN, NAN]), SCALE) is None

    def test_what_is_promised_nothing_of_is_not_asked_for(self, model):
        free = scored(model.spec, *model.learner.characteristics, monotone=(0, 0), calibrator=Calibrator("identity"))
        assert counterfactual(free, np.array([20_000.0, 0.3]), SCALE) is None

    def test_nor_what_a_model_was_not_held_to(self, model):
        free = replace(model, spec=model.spec.model_copy(update={"held": False}))
        assert counterfactual(model, np.array([20_000.0, 0.3]), SCALE) is not None
        assert counterfactual(free, np.array([20_000.0, 0.3]), SCALE) is None

    def test_a_row_of_another_length_is_refused(self, model):
        with pytest.raises(ValueError, match=r"needs a row \(2,\), got \(3,\)"):
            counterfactual(model, np.zeros(3), SCALE)


def test_a_lever_stops_where_what_it_entails_suffices(model):
    """Two overdue items at most are two at most that are 5 or more days overdue, which is what the model looks at."""
    made = scored(
        model.spec,
        characteristic("overdue_count", (20.0,), (0.0, 0.0, 0.0)),
        characteristic("overdue5_count", (2.0,), (1.0, -1.0, 0.0)),
    )
    found = counterfactual(made, np.array([9.0, 6.0]), SCALE, levers=[BY_NAME["overdue_count"]])
    assert [(c.feature, c.after) for c in found.changes] == [("overdue_count", 2.0)]
    assert found.changes[0].sentence == "Overdue is at most 2 items instead of 9 items."


class TestEntailed:
    def test_nothing_overdue_is_nothing_overdue_in_every_fact(self):
        values = dict.fromkeys([*ONE_STATE, "overdue5_count", "overdue30_count"], 7.0)
        assert set(entailed(values, {"overdue_share": 0.0}).values()) == {0.0}

    def test_a_count_is_never_above_the_count_that_it_is_part_of(self):
        values = {"overdue_count": 9.0, "overdue5_count": 6.0, "overdue30_count": 4.0, "oldest_overdue_days": 80.0}
        assert entailed(values, {"overdue_count": 3.0}) == {
            "overdue_count": 3.0, "overdue5_count": 3.0, "overdue30_count": 3.0, "oldest_overdue_days": 80.0,
        }  # fmt: skip

    def test_what_is_not_known_stays_so(self):
        assert math.isnan(
            entailed({"overdue_count": 1.0, "overdue_amount": NAN}, {"overdue_count": 0.0})["overdue_amount"]
        )


def assert_exact(model, row, found):
    """The definition, checked apart from the search: better with it, not with a step less of any of it."""
    changes = {change.feature: change.after for change in found.changes}
    assert grade_of(model, after(model, row, changes)) == found.grade_after.place < grade_of(model, row)
    for change in found.changes:
        less = change.after + BY_NAME[change.feature].step
        if less < change.before:
            assert grade_of(model, after(model, row, {**changes, change.feature: less})) >= grade_of(model, row)
        others = {name: value for name, value in changes.items() if name != change.feature}
        assert grade_of(model, after(model, row, others)) >= grade_of(model, row)


class TestTrees:
    """The real model of the fixture: it reads two levers, overdue items and the days of the oldest."""

    def test_every_counterfactual_is_exact(self, model, rows):
        found = [(row, counterfactual(model, row, SCALE)) for row in rows[:300]]
        for row, answer in found:
            if answer is not None:
                assert_exact(model, row, answer)
        given_ = [answer for _, answer in found if answer is not None]
        assert len(given_) > 50
        assert {len(answer.changes) for answer in given_} >= {1}

    def test_none_means_that_even_the_best_does_not_suffice(self, model, rows):
        for row in rows[:300]:
            if counterfactual(model, row, SCALE) is None:
                best = after(model, row.tolist(), {"overdue_count": 0.0, "oldest_overdue_days": 0.0})
                assert grade_of(model, best) >= grade_of(model, row)

    def test_no_smaller_single_change_exists(self, model, rows):
        """Every whole number below the value, tried one by one."""
        for row in rows[:60]:
            found = counterfactual(model, row, SCALE)
            for place, name in enumerate(("overdue_count", "oldest_overdue_days")):
                tried = [
                    value
                    for value in range(int(row[place]) - 1, -1, -1)
                    if grade_of(model, after(model, row.tolist(), {name: float(value)})) < grade_of(model, row)
                ]
                if tried:
                    assert len(found.changes) == 1
                    change = found.changes[0]
                    assert (change.before - change.after) / change.before <= (row[place] - tried[0]) / row[place] + 1e-9

    def test_twice_the_same(self, model, rows):
        assert counterfactual(model, rows[3], SCALE) == counterfactual(model, rows[3], SCALE)


falling = st.lists(st.floats(-2, 2), min_size=3, max_size=3).map(lambda woe: (*sorted(woe, reverse=True), 0.0))


@given(falling, falling, falling, st.integers(0, 20), st.integers(0, 90), st.floats(0, 60), st.floats(-5, 0))
def test_exact_for_any_scorecard(model, one, two, three, count, days, mean, intercept):
    made = scored(
        model.spec,
        characteristic("overdue_count", (0.0, 3.0), one),
        characteristic("oldest_overdue_days", (0.0, 30.0), two),
        characteristic("days_late_mean_30d", (1.25, 10.0), three),
        intercept=intercept,
    )
    row = [float(count), float(days), mean]
    found = counterfactual(made, np.array(row), SCALE)
    if found is not None:
        assert_exact(made, row, found)
        return
    values = [(row[0], 3.0, 0.0), (row[1], 30.0, 0.0), (row[2], 10.0, 1.2)]
    for several in itertools.product(*values):
        moved = [k for k in range(3) if several[k] < row[k]]
        if len(moved) <= 2:
            changes = {made.spec.feature_names[k]: several[k] for k in moved}
            assert grade_of(made, after(made, row, changes)) >= grade_of(made, row)


@given(falling, falling, falling, st.integers(0, 90), st.integers(0, 20), st.floats(0, 1), st.floats(-5, 0))
def test_exact_where_one_fact_bounds_another(model, one, two, three, worst, count, share, intercept):
    """The worst days of 90 bound those of the oldest open item, and with it what is 5 days overdue."""
    made = scored(
        model.spec,
        characteristic("worst_dpd_90d", (0.0, 30.0), one),
        characteristic("overdue5_count", (0.0, 3.0), two),
        characteristic("late5_share_recent", (0.125, 0.5), three),
        characteristic("oldest_overdue_days", (4.0, 20.0), two),
        intercept=intercept,
    )
    row = [float(worst), float(count) if worst >= 5 else 0.0, share, float(worst)]
    found = counterfactual(made, np.array(row), SCALE)
    if found is not None:
        assert_exact(made, row, found)


def test_no_invoice_past_due_over_90_days_leaves_nothing_overdue():
    values = {"worst_dpd_90d": 40.0, "oldest_overdue_days": 40.0, "overdue_count": 2.0, "overdue5_count": 1.0,
              "days_late_mean_90d": 3.0, "days_late_worst_ever": 80.0}  # fmt: skip
    assert entailed(values, {"worst_dpd_90d": 0.0}) == {**dict.fromkeys(values, 0.0), "days_late_worst_ever": 80.0}


def test_a_fact_that_is_not_changed_bounds_none():
    values = {"worst_dpd_90d": 10.0, "oldest_overdue_days": 40.0, "overdue_count": 2.0}
    assert entailed(values, {"overdue_count": 1.0})["oldest_overdue_days"] == 40.0


class TestControlledList:
    def test_a_lever_is_a_feature_of_which_more_is_riskier_and_that_can_come_to_nought(self):
        for lever in LEVERS:
            feature = FEATURES[lever.feature]
            assert feature.risk == 1
            assert feature.low <= 0 < feature.high <= INF
            assert lever.step > 0

    def test_a_code_means_one_thing_and_names_a_group(self):
        assert len({lever.code for lever in LEVERS}) == len(LEVERS)
        prefixes = {prefix.replace("R-", "C-") for prefix, _ in GROUP_SENTENCES.values()}
        assert all("-".join(lever.code.split("-")[:2]) in prefixes for lever in LEVERS)

    @pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever.feature)
    @pytest.mark.parametrize("to", [0.0, 1.0])
    def test_every_sentence_can_be_filled(self, model, lever, to):
        # 30 % now; at most `to` is needed for 2 %.
        made = scored(model.spec, characteristic(lever.feature, (to,), (3.0, 0.0, 0.0)), intercept=-0.8)
        found = counterfactual(made, np.array([7.0]), SCALE, currency="EUR").changes[0]
        assert found.after == to
        assert found.sentence.endswith(".")
        assert found.sentence[0].isupper()
        assert "{" not in found.sentence
        assert "no item" not in found.sentence
