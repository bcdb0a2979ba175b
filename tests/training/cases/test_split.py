"""No case crosses the line between past and future; one that tries is named."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.cases.dataset import CasesDoNotMatchError, Dataset, dataset, together
from training.cases.split import LeakError, assert_no_leak, between, matured, split, walk_forward

CUT = date(2024, 6, 1)


def cases(*rows):
    """Rows of (case, scored on, outcome may be used from)."""
    return Dataset(
        case_ids=np.array([row[0] for row in rows], dtype=object),
        customer_ids=np.array(["A"] * len(rows), dtype=object),
        at=np.array([row[1] for row in rows], dtype="datetime64[us]"),
        columns={"x": np.arange(len(rows), dtype=np.float64)},
        bad=np.array([place % 2 == 0 for place in range(len(rows))]),
        matures_on=np.array([row[2] for row in rows], dtype="datetime64[D]"),
    )


def test_matured_on_the_day_may_be_used_and_a_day_later_may_not():
    both = cases(("IN", "2024-03-01", "2024-06-01"), ("OUT", "2024-03-01", "2024-06-02"))
    assert matured(both, CUT).case_ids.tolist() == ["IN"]


def test_a_planted_immature_case_is_refused_by_name():
    planted = cases(("GOOD", "2024-03-01", "2024-05-01"), ("PLANTED", "2024-03-01", "2024-06-02"))
    with pytest.raises(LeakError, match="mature only after 2024-06-01, for instance PLANTED") as refused:
        assert_no_leak(planted, CUT)
    assert refused.value.case_ids == ("PLANTED",)
    assert refused.value.known_on == CUT


def test_a_later_case_scored_before_the_cut_is_refused():
    train, later = cases(("T", "2024-03-01", "2024-05-01")), cases(("EARLY", "2024-05-31", "2024-07-01"))
    with pytest.raises(LeakError, match="scored before 2024-06-01, for instance EARLY"):
        split(train, later, CUT)


def test_one_case_in_both_parts_is_refused():
    train, later = cases(("TWICE", "2024-03-01", "2024-05-01")), cases(("TWICE", "2024-06-01", "2024-07-01"))
    with pytest.raises(LeakError, match="both parts"):
        split(train, later, CUT)


def test_the_gap_is_in_neither_part():
    rows = cases(
        ("OLD", "2024-03-01", "2024-05-01"), ("GAP", "2024-05-01", "2024-06-10"), ("NEW", "2024-06-01", "2024-07-01")
    )
    parts = split(rows, between(rows, CUT, date(2024, 12, 31)), CUT)
    assert (parts.train.case_ids.tolist(), parts.later.case_ids.tolist()) == (["OLD"], ["NEW"])


def test_between_includes_both_days_to_their_last_instant():
    rows = cases(("A", "2024-06-01T00:00:00", "2025-01-01"), ("B", "2024-06-30T23:59:59.999999", "2025-01-01"))
    assert len(between(rows, date(2024, 6, 1), date(2024, 6, 30))) == 2
    assert len(between(rows, date(2024, 6, 2), date(2024, 6, 29))) == 0


days = st.integers(0, 400).map(lambda n: np.datetime64("2023-06-01") + n)


@given(st.lists(st.tuples(days, st.integers(1, 200)), min_size=1, max_size=30))
def test_walking_forward_never_learns_from_what_was_not_known(rows):
    book = cases(*[(f"I{place}", at, at + wait) for place, (at, wait) in enumerate(rows)])
    cuts = [date(2023, 9, 1), date(2023, 12, 1), date(2024, 3, 1)]
    for cut, parts in walk_forward(book, cuts):
        assert (parts.train.matures_on <= np.datetime64(cut)).all()
        assert (parts.later.at >= np.datetime64(cut)).all()
        assert (parts.later.at < np.datetime64(cuts[cuts.index(cut) + 1])).all()


def frames(order=(0, 1, 2)):
    instants = pa.array(
        np.array(["2024-01-02", "2024-01-01", "2024-01-01"], dtype="datetime64[us]"), pa.timestamp("us", tz="UTC")
    )
    given_cases = pa.table({"case_id": ["X", "B", "A"], "customer_id": ["1", "2", "3"], "at": instants})
    features = pa.table({"case_id": ["A", "X", "B"], "f": pa.array([1.0, None, 3.0])})
    outcomes = pa.table(
        {"case_id": ["X", "A", "B"], "bad": [True, False, True], "matures_on": pa.array([date(2024, 2, 1)] * 3)}
    )
    return given_cases.take(list(order)), features.take(list(order)), outcomes.take(list(order))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_dataset_stands_in_order_of_instant_and_case_whatever_came_first(order):
    found = dataset(*frames(order), ["f"])
    assert found.case_ids.tolist() == ["A", "B", "X"]
    assert found.customer_ids.tolist() == ["3", "2", "1"]
    assert found.bad.tolist() == [False, True, True]
    np.testing.assert_array_equal(found.columns["f"], [1.0, 3.0, np.nan])


def test_dataset_refuses_an_outcome_without_features():
    given_cases, features, outcomes = frames()
    with pytest.raises(CasesDoNotMatchError, match="1 cases have an outcome but no features, for instance B"):
        dataset(given_cases, features.filter(pa.array([True, True, False])), outcomes, ["f"])


def test_together_keeps_every_case():
    rows = cases(("A", "2024-03-01", "2024-05-01"), ("B", "2024-03-01", "2024-05-01"))
    assert together([rows, rows.take(np.array([1]))]).case_ids.tolist() == ["A", "B", "B"]
