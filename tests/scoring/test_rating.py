"""Grade, points and intervals: one scale for every horizon, and nothing invented where it is absent."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policy.horizon import least_180_days_of, twelve_months_from_180_days
from scoring.grade_records import GradeRecord, GradeRecords
from scoring.grades import load_scale
from scoring.model import ModelSpec
from scoring.pd_interval import SETTLED, TENURE
from scoring.rating import grade_places, master_scale, ratings, scale_of, supported, twelve_months
from tests.scoring.test_pd_interval import ONE_KNOT

SCALE = load_scale()
STARTS = [row.starts for row in SCALE.rows]
FILES = {SETTLED: np.array([20.0, 1.0]), TENURE: np.array([900.0, 30.0])}


def records(rates, bound=0.9):
    return GradeRecords(
        confidence=0.9,
        grades=tuple(
            GradeRecord(grade=row.name, starts=row.starts, customers=9, bad=0, pooled_to=row.name, pooled_customers=9,
                        rate=rate, bound=bound)
            for row, rate in zip(SCALE.rows, rates, strict=True)
        ),
    )  # fmt: skip


@pytest.fixture
def spec(model):
    values = {"probability_name": "pd_180d", "interval": ONE_KNOT, "grades": records(np.linspace(0.01, 0.4, 12))}
    return ModelSpec.model_validate(model.spec.model_dump() | values)


@given(st.floats(0, 1))
@example(0.0)
@example(1.0)
def test_a_grade_is_the_same_by_180_days_and_by_twelve_months(probability):
    by_year = grade_places(twelve_months("pd_180d", np.array([probability])))
    assert scale_of("pd_180d", SCALE).places([probability]).tolist() == by_year.tolist()


EDGES = [float(least_180_days_of(Decimal(place) / 10**6)) for place in (1, 2, 40_139, 500_000, 999_999)]


@given(st.one_of(st.floats(0, 1), st.sampled_from(EDGES), st.integers(1, 10**6).map(lambda n: n / 10**6)))
@example(0.0)
@example(1.0)
@example(1e-9)
@example(1 - 1e-9)
def test_twelve_months_are_those_of_the_exact_decimals(probability):
    around = [probability, np.nextafter(probability, 0), np.nextafter(probability, 1)]
    exact = [float(twelve_months_from_180_days(Decimal(repr(float(one)))).pd_12m) for one in around]
    assert twelve_months("pd_180d", np.array(around)).tolist() == exact


@pytest.mark.parametrize("place", range(1, len(STARTS)))
def test_the_edge_of_a_grade_is_the_same_to_the_last_bit(place):
    edge = scale_of("pd_180d", SCALE).rows[place].starts
    around = np.array([np.nextafter(edge, 0), edge, np.nextafter(edge, 1)])
    by_year = [float(twelve_months_from_180_days(Decimal(repr(float(one)))).pd_12m) for one in around]
    assert scale_of("pd_180d", SCALE).places(around).tolist() == SCALE.places(by_year).tolist()


@pytest.mark.parametrize("wrong", ["1", "-0.1", "0.0000001", "NaN"])
def test_an_edge_is_of_a_share_of_six_places(wrong):
    with pytest.raises(ValueError, match="pd_12m must lie in"):
        least_180_days_of(Decimal(wrong))


def test_a_horizon_without_a_rule_has_no_grade():
    assert scale_of("pd_90d", SCALE) is None
    assert grade_places(np.array([np.nan, 0.0192])).tolist() == [-1, 7]


class TestRatings:
    def test_all_of_a_probability(self, spec):
        found = ratings(spec, np.array([0.02, 0.02]), FILES)
        assert found.year.tolist() == [0.040139] * 2
        assert found.grades == ["9", "9"]
        assert found.points.round(1).tolist() == [599.4, 599.4]
        assert found.interval.low.round(6).tolist() == [0.015, 0.01]
        assert found.interval.high.round(6).tolist() == [0.03, 0.1]
        assert found.interval.year_high[0] == pytest.approx(1 - 0.97 ** (365 / 180))
        assert found.interval.customers.tolist() == [300.0, 12.0]

    @given(st.floats(1e-9, 1 - 1e-9), st.floats(0, 40), st.floats(0, 900))
    def test_the_interval_within_twelve_months_holds_that_probability(self, probability, settled, days):
        plain = _PLAIN | {"interval": ONE_KNOT.model_dump()}
        file = {SETTLED: np.array([settled]), TENURE: np.array([days])}
        found = ratings(ModelSpec.model_validate(plain), np.array([probability]), file)
        assert 0 <= found.interval.year_low[0] <= found.year[0] <= found.interval.year_high[0] <= 1

    def test_the_grade_is_worth_what_its_past_supports_and_never_less_than_the_customer(self, spec):
        # The best grade's past supports 1 % over 180 days, that is 2.0174 % within twelve months.
        safe = ratings(spec, np.array([1e-6, 1e-6]), FILES)
        assert safe.grade_pd.tolist() == [0.020174] * 2
        bad = ratings(spec, np.array([0.95, 0.95]), FILES)
        assert bad.grade_pd.tolist() == bad.year.tolist()

    def test_a_model_without_them_states_none(self, spec):
        bare = spec.model_copy(update={"interval": None, "grades": None})
        found = ratings(bare, np.array([0.02]), {})
        assert found.grades == ["9"]
        for absent in (found.interval.low, found.interval.year_high, found.interval.customers, found.grade_pd):
            assert np.isnan(absent).all()

    def test_a_horizon_that_is_not_converted_keeps_its_own_interval(self, spec):
        found = ratings(spec.model_copy(update={"probability_name": "pd_90d"}), np.array([0.02, 0.02]), FILES)
        assert found.grades == [None, None]
        assert found.interval.low.round(6).tolist() == [0.015, 0.01]
        assert np.isnan([*found.year, *found.interval.year_low, *found.grade_pd]).all()

    def test_records_of_another_scale_are_not_believed(self, spec):
        plain = spec.grades.model_dump()
        plain["grades"][3]["starts"] = 0.0013
        other = spec.model_copy(update={"grades": GradeRecords.model_validate(plain)})
        assert np.isnan(supported(other, np.array([0, 5]))).all()
        assert not np.isnan(supported(spec, np.array([0, 5]))).any()
        assert np.isnan(supported(spec, np.array([-1]))).all()
        assert master_scale() == SCALE


_PLAIN = {
    "name": "default", "target": "default(90, 180)", "label": {}, "probability_name": "pd_180d",
    "feature_names": ["overdue_count"], "feature_set": "default", "feature_set_version": 1, "feature_set_hash": "0",
    "monotone": [1], "groups": {"overdue_count": "open_items"}, "trained_as_of": "2024-01-01", "known_at": "2024-06-01",
    "train_rows": 1, "train_bad": 0, "base_rate": 0.0, "baseline": {"overdue_count": 0.0}, "baseline_log_odds": 0.0,
    "parameters": {}, "seeds": [1], "lightgbm_version": "4.7.0",
}  # fmt: skip
