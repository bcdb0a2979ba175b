"""The grade of a customer by one model or by two, and what would have to change for the next better one."""

from dataclasses import replace

import numpy as np
import pytest

from scoring.counterfactual import next_better
from scoring.rating import grade_places, twelve_months
from scoring.year_grade import YearGrade
from tests.scoring.test_counterfactual import characteristic, scored


@pytest.fixture
def half(model):
    """Log-odds -3 is 4.7 % over 180 days, 9.4 % within twelve months: grade 10."""
    return scored(
        model.spec.model_copy(update={"name": "default", "probability_name": "pd_180d"}),
        characteristic("overdue_amount", (0.0, 5000.5), (0.8, 0.2, -1.0, 0.0)),
        characteristic("late5_share_90d", (0.1,), (0.5, -0.2, 0.0)),
    )


@pytest.fixture
def year(model):
    """Of the same customers within twelve months, by the overdue amount and the days of the oldest item."""
    return scored(
        model.spec.model_copy(update={"name": "default-12m", "probability_name": "pd_12m"}),
        characteristic("overdue_amount", (0.0, 900.0), (0.8, 0.2, -1.0, 0.0)),
        characteristic("oldest_overdue_days", (30.0,), (0.5, -0.2, 0.0)),
        intercept=-2.5,
    )


ROWS = np.array([[20_000.0, 0.3, 45.0], [4_000.0, 0.0, 2.0], [0.0, 0.0, 0.0], [np.nan, np.nan, np.nan]])


class TestOneModel:
    def test_the_grade_is_that_of_the_converted_probability(self, half):
        graded, rows = YearGrade(half), ROWS[:, :2]
        assert graded.probability(rows).tolist() == twelve_months("pd_180d", half.probability(rows)).tolist()
        assert graded.places(rows).tolist() == grade_places(graded.probability(rows)).tolist()

    def test_the_change_reaches_the_better_grade(self, half):
        graded = YearGrade(half)
        found = next_better(graded, ROWS[0, :2], currency="EUR")
        assert found.grade_after.place < found.grade_before.place
        assert found.probability_after < found.probability_before
        assert found.grade_after == graded.grades[grade_places(np.array([found.probability_after]))[0]]

    def test_a_horizon_that_is_not_converted_has_no_grade(self, half):
        other = scored(half.spec.model_copy(update={"probability_name": "pd_90d"}), *half.learner.characteristics)
        with pytest.raises(ValueError, match="pd_90d has no grade"):
            YearGrade(other)


class TestTwoModels:
    @pytest.fixture
    def graded(self, half, year):
        return YearGrade(half, year)

    def test_columns_of_both_and_directions_that_both_keep(self, graded):
        assert graded.feature_names == ("overdue_amount", "late5_share_90d", "oldest_overdue_days")
        assert graded.monotone == (1, 1, 1)
        assert [cuts.tolist() for cuts in graded.cuts()] == [[0.0, 900.0, 5000.5], [0.1], [30.0]]

    def test_directions_that_differ_promise_nothing(self, half, year):
        free = scored(year.spec, *year.learner.characteristics, monotone=(0, 1))
        assert YearGrade(half, free).monotone == (0, 1, 1)

    def test_one_model_that_was_not_held_to_its_directions_promises_nothing(self, half, year):
        free = replace(year, spec=year.spec.model_copy(update={"held": False}))
        assert YearGrade(half, free).monotone == (0, 1, 0)

    def test_the_higher_probability_counts_and_nothing_is_converted(self, graded, half, year):
        higher = np.maximum(half.probability(ROWS[:, :2]), year.probability(ROWS[:, [0, 2]]))
        assert graded.probability(ROWS).tolist() == higher.tolist()
        assert graded.places(ROWS).tolist() == grade_places(higher).tolist()

    def test_a_change_helps_by_both(self, graded):
        found = next_better(graded, ROWS[0])
        names = [change.feature for change in found.changes]
        assert found.grade_after.place < found.grade_before.place
        assert set(names) <= set(graded.feature_names)

    def test_a_row_is_made_of_named_columns(self, graded):
        columns = dict(zip(graded.feature_names, ROWS.T, strict=True))
        np.testing.assert_array_equal(graded.matrix({**columns, "more": np.zeros(4)}), ROWS)
