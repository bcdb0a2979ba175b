"""The time-to-pay distribution: sums written out, boundaries, laws."""

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.pay_time import CELL, TO_DUE, PayTimeModel, PayTimes, PayTimeSpec, PayTimeText

STARTS, END = (-2, 0, 1, 5), 7
WITHIN = ((0.5, 0.5), (1.0,), (0.25,) * 4, (0.5, 0.5))


def _spec(**changed):
    given = {
        "feature_names": ("habit",), "starts": STARTS, "end": END, "within": WITHIN, "known_at": "2024-01-01",
        "cases": 10, "seeds": (1,),
    }  # fmt: skip
    return PayTimeSpec(**given | changed)


@pytest.fixture(scope="module")
def text():
    """A hazard that depends on the habit and on the cell."""
    rng = np.random.default_rng(5)
    rows = np.column_stack([rng.integers(0, 2, 4000), rng.integers(-5, 5, 4000), rng.integers(0, 4, 4000)]).astype(
        float
    )
    paid = rng.random(4000) < np.where(rows[:, 0] > 0, 0.2, 0.6) * np.where(rows[:, 2] == 1, 1.4, 0.8)
    data = lgb.Dataset(rows, paid.astype(float), feature_name=["habit", TO_DUE, CELL], params={"verbosity": -1})
    parameters = {"objective": "binary", "num_leaves": 6, "verbosity": -1, "num_threads": 1, "seed": 1}
    return PayTimeText(_spec(), (lgb.train(parameters, data, 20).model_to_string(),))


@pytest.fixture(scope="module")
def model(text):
    return text.model()


class Fixed(PayTimeModel):
    """States the hazards it is told, whatever it is asked."""

    def hazards(self, matrix, to_due):
        return np.tile([[0.2, 0.5, 0.5, 0.5]], (len(matrix), 1))


def _fixed(text, to_due):
    model = Fixed(text.spec, text.model().boosters)
    return model.pay_times(np.zeros((1, 1)), np.array([float(to_due)]))


def test_a_distribution_worked_by_hand(text):
    found = _fixed(text, 10)
    # Cell by cell: 0.2; 0.8 * 0.5 = 0.4; 0.4 * 0.5 = 0.2; 0.2 * 0.5 = 0.1; left over 0.1.
    np.testing.assert_allclose(found.mass[0], [0.1, 0.1, 0.4, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05])
    assert found.days.tolist() == [-2, -1, 0, 1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(found.never, [0.1])
    np.testing.assert_allclose([found.late_prob(g)[0] for g in (0, 1, 3, 5)], [0.8, 0.4, 0.3, 0.2])
    # (-2 - 1) * 0.1 + (1 + 2 + 3 + 4 + 5 + 6) * 0.05 = 0.75 over 0.9 that pay
    np.testing.assert_allclose(found.expected(), [0.75 / 0.9])


def test_an_invoice_two_days_past_due_has_no_earlier_day(text):
    found = _fixed(text, -2)
    # Half of the cell 1 to 4 is ahead (3 and 4 are, and so is 2: three of four days). Its hazard of 0.5 means 0.375 in
    # the days ahead and 0.125 in the day gone by: 0.375 / 0.875 for who is still there.
    chance = 0.375 / 0.875
    np.testing.assert_allclose(found.mass[0, :4], 0)
    np.testing.assert_allclose(found.mass[0, 4:7], chance / 3)
    np.testing.assert_allclose(found.mass[0, 7:], (1 - chance) * 0.5 / 2)


def test_an_invoice_older_than_every_cell_is_not_paid(text):
    assert _fixed(text, -7).never.tolist() == [1.0]
    assert _fixed(text, -6).mass[0, -1] > 0


def test_those_not_paid_on_the_due_date_are_made_whole(text):
    others = _fixed(text, 10).not_on(0)
    np.testing.assert_allclose(others.mass[0], np.array([0.1, 0.1, 0, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05]) / 0.6)
    np.testing.assert_allclose(others.never, [0.1 / 0.6])


def test_an_interval_leaves_out_what_brings_it_nearer_to_its_level():
    times = PayTimes(np.array([-1, 0, 1, 2]), np.array([[0.08, 0.2, 0.4, 0.32]]))
    # Without the due date 0.1, 0.5 and 0.4 are left: all of it is 1.0, without the first day 0.9, nearer to 0.8.
    assert [side.tolist() for side in times.interval(0.8)] == [[0], [2]]


def test_the_anchor_moves_both_sides_and_keeps_their_shape(text):
    before = _fixed(text, 10)
    after = before.with_late_prob(np.array([0.5]), 5)
    np.testing.assert_allclose(after.late_prob(5), [0.5])
    np.testing.assert_allclose(after.mass[0, :7] / before.mass[0, :7], 0.5 / 0.8)
    np.testing.assert_allclose(after.mass[0, 7:] / before.mass[0, 7:], 0.5 / 0.2)


@settings(max_examples=60, deadline=None)
@given(
    habit=st.one_of(st.just(float("nan")), st.floats(-3, 3)),
    to_due=st.integers(-10, 40),
    grace=st.integers(-3, 8),
)
def test_every_distribution_is_one(model, habit, to_due, grace):
    found = model.pay_times(np.array([[habit]]), np.array([float(to_due)]))
    assert (found.mass >= 0).all()
    assert found.mass.sum() <= 1 + 1e-9
    assert (found.mass[0, found.days < -to_due] == 0).all()
    assert found.late_prob(grace)[0] >= found.late_prob(grace + 1)[0] - 1e-12
    low, high = found.interval()
    assert low[0] <= high[0]


def test_a_row_alone_and_in_a_batch_give_equal_bits(model):
    rows, to_due = np.array([[0.0], [1.0], [np.nan], [0.5]]), np.array([30.0, 0.0, -3.0, 2.0])
    together = model.pay_times(rows, to_due).mass
    for place in range(4):
        alone = model.pay_times(rows[[place]], to_due[[place]]).mass
        assert alone.tobytes() == together[[place]].tobytes()


def test_the_files_read_back_to_the_same(text):
    again = PayTimeText.from_contents(text.contents())
    assert again == text
    assert PayTimeText.from_contents({"model.json": b"{}"}) is None


def test_a_missing_text_is_named(text):
    with pytest.raises(ValueError, match=r"lacks pay_time_0\.txt"):
        PayTimeText.from_contents({"pay_time.json": text.spec.to_json()})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"starts": (0, 0, 1, 5)}, "cells must rise"),
        ({"within": WITHIN[:3]}, "one share per day"),
        ({"within": ((0.5, 0.6), *WITHIN[1:])}, "sum to 1"),
    ],
)
def test_a_spec_that_does_not_agree_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        _spec(**changed)


def test_other_features_than_the_spec_names_are_refused(text):
    with pytest.raises(ValueError, match="other features than its spec"):
        PayTimeText(_spec(feature_names=("custom",)), text.texts).model()


def test_a_spec_from_before_the_past_was_looked_at_keeps_its_bytes():
    before = _spec().to_json()
    assert not {b"common", b"level", b"widened"} & set(before.replace(b'"', b" ").split())
    assert PayTimeSpec.from_json(before).to_json() == before
    since = _spec(common=0.1, level=0.86, widened=1.5)
    assert PayTimeSpec.from_json(since.to_json()) == since


def test_the_interval_is_taken_at_the_level_that_the_past_asks_for(text):
    asked = PayTimeText(_spec(level=0.9), text.texts).model()
    rows, to_due = np.array([[0.0], [1.0]]), np.array([3.0, 3.0])
    plain, wider = (model.pay_times(rows, to_due) for model in (text.model(), asked))
    assert [side.tolist() for side in wider.interval()] == [side.tolist() for side in plain.interval(0.9)]
    assert [side.tolist() for side in wider.interval(0.8)] == [side.tolist() for side in plain.interval()]
    assert wider.with_late_prob(np.array([0.3, 0.4]), 1).level == 0.9
