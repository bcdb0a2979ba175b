"""What past customers say of each grade: few or no defaults never make a rate near zero."""

import numpy as np
import pytest
from pydantic import ValidationError

from scoring.grade_records import GradeRecords
from scoring.grades import load_scale
from scoring.model import ModelSpec
from training.cases.dataset import Dataset
from training.judging.grade_records import grade_records

PLACE = {row.name: place for place, row in enumerate(load_scale().rows)}


def cases(customers, bad):
    n = len(customers)
    return Dataset(
        case_ids=np.array([f"{place}" for place in range(n)], dtype=object),
        customer_ids=np.array(customers, dtype=object),
        at=np.zeros(n, dtype="datetime64[us]"),
        columns={},
        bad=np.array(bad, dtype=bool),
        matures_on=np.zeros(n, dtype="datetime64[D]"),
    )


def of(records, grade):
    return records.grades[PLACE[grade]]


def portfolio(*parts):
    """Parts of (customers, defaults among them, stated pd_12m), each customer seen once."""
    names = [f"C{part}-{n}" for part, (customers, _, _) in enumerate(parts) for n in range(customers)]
    bad = [n < defaults for customers, defaults, _ in parts for n in range(customers)]
    return cases(names, bad), np.concatenate([np.full(customers, stated) for customers, _, stated in parts])


class TestByHand:
    def test_a_grade_that_speaks_for_itself(self):
        # 300 customers at 3 %, 12 defaults: grade 8, (12 + 1/2) / 301.
        found = of(grade_records(*portfolio((300, 12, 0.03)), "pd_12m"), "8")
        assert (found.customers, found.bad, found.pooled_to) == (300, 12, "8")
        assert found.rate == pytest.approx(12.5 / 301)

    def test_a_grade_of_which_no_default_was_to_be_expected_is_counted_with_worse_ones(self):
        # 200 customers at 0.02 % should show 0.04 defaults, with the 300 at 3 % nine: (9 + 1/2) / 501.
        records = grade_records(*portfolio((200, 0, 0.0002), (300, 9, 0.03)), "pd_12m")
        found = of(records, "1")
        assert (found.customers, found.bad, found.pooled_to, found.pooled_customers) == (200, 0, "8", 500)
        assert found.rate == pytest.approx(9.5 / 501)

    def test_no_default_at_all_still_leaves_a_rate(self):
        records = grade_records(*portfolio((50, 0, 0.0001)), "pd_12m")
        assert [record.rate for record in records.grades] == pytest.approx([0.5 / 51] + [0.5] * 11)
        assert of(records, "1").bound == pytest.approx(1 - 0.1 ** (1 / 50))

    def test_a_customer_seen_on_twenty_dates_is_one(self):
        seen, stated = portfolio((300, 12, 0.03))
        often = cases(seen.customer_ids.tolist() * 20, seen.bad.tolist() * 20)
        assert grade_records(often, np.tile(stated, 20), "pd_12m") == grade_records(seen, stated, "pd_12m")

    def test_the_worse_grade_never_has_the_lower_rate(self):
        records = grade_records(*portfolio((400, 30, 0.03), (400, 10, 0.06)), "pd_12m")
        assert of(records, "9").rate == of(records, "8").rate == pytest.approx(30.5 / 401)

    def test_a_horizon_of_180_days_is_put_on_the_scale_of_twelve_months(self):
        # 1.5 % over 180 days is 3.02 % within twelve months, grade 8; the rate stays one of 180 days.
        found = of(grade_records(*portfolio((300, 12, 0.015)), "pd_180d"), "8")
        assert (found.customers, found.rate) == (300, pytest.approx(12.5 / 301))


def test_without_cases_or_with_a_horizon_that_is_not_converted_there_are_none():
    some, stated = portfolio((300, 12, 0.03))
    assert grade_records(some, stated, "pd_90d") is None
    assert grade_records(some.take(np.zeros(300, dtype=bool)), np.empty(0), "pd_12m") is None


def test_of_a_grade_that_states_nearly_nothing_the_rate_is_above_what_is_stated():
    """A portfolio in which 5 of 1,000 default, spread by a model that calls half of it safe."""
    records = grade_records(*portfolio((500, 0, 0.0001), (500, 5, 0.01)), "pd_12m")
    assert of(records, "1").rate > 0.005


class TestRecords:
    @pytest.fixture
    def records(self):
        return grade_records(*portfolio((500, 0, 0.0001), (500, 5, 0.01)), "pd_12m")

    def test_they_are_read_back_as_written(self, records, fitted_spec):
        spec = fitted_spec.model_copy(update={"grades": records})
        assert ModelSpec.from_json(spec.to_json()).grades == records

    def test_they_know_the_scale_that_they_are_of(self, records):
        scale = load_scale()
        rows = [row.model_dump(by_alias=True) for row in scale.rows]
        moved = scale.model_validate({**scale.model_dump(exclude={"rows"}), "grades": [rows[0], *rows[2:]]})
        assert records.are_of(scale)
        assert not records.are_of(moved)

    @pytest.mark.parametrize("what", ["rate", "bound"])
    def test_a_file_whose_worse_grade_is_the_safer_one_is_refused(self, records, what):
        plain = records.model_dump()
        plain["grades"][-1][what] = 1e-6
        with pytest.raises(ValidationError, match=f"the {what} of a worse grade is never lower"):
            GradeRecords.model_validate(plain)


@pytest.fixture
def fitted_spec():
    from tests.serving.conftest import DEFAULT_FEATURES, spec

    return spec("default", "pd_12m", "default(90, 365)", DEFAULT_FEATURES)
