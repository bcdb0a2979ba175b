"""The walk forward: every month knows only what was known, and its calibrator only the months before."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from training.cases.cohort import month_firsts
from training.cases.facts import from_book
from training.fitting.fit import Recipe
from training.fitting.walk import WARM_UP, NothingToWalkError, walk
from training.judging.walk_chart import draw_walk
from training.late_model import labelled_late
from training.late_model import task as late_task

KNOWN_ON = date(2024, 3, 1)
MONTHS = month_firsts(date(2022, 9, 1), date(2023, 11, 1))
SMALL = Recipe(
    trees=15, learning_rate=0.2, leaves=4, smallest_leaf=20, feature_share=0.5, case_share=0.8, ridge=1.0, seeds=(1, 2)
)


@pytest.fixture(scope="module")
def task():
    return replace(late_task(), recipe=SMALL)


@pytest.fixture(scope="module")
def labelled(small_portfolio):
    return labelled_late(small_portfolio, from_book(small_portfolio), date(2023, 10, 31), grace=5)


@pytest.fixture(scope="module")
def walked(task, labelled):
    return walk(task, labelled, MONTHS, KNOWN_ON, threads=1)


@pytest.fixture(scope="module")
def cold(task, labelled):
    """The same, begun with the first month that is judged."""
    return walk(task, labelled, MONTHS, KNOWN_ON, threads=1, warm_up=0)


def test_every_invoice_of_the_months_is_judged_once(walked):
    assert len(walked.months) == 14
    assert len(walked.cases) == 14 * 40 == len(set(walked.cases.case_ids))
    assert sum(month.bad for month in walked.months) == walked.cases.bad.sum()
    assert ((walked.stated > 0) & (walked.stated < 1)).all()


def test_a_month_learns_only_from_what_had_matured(walked, labelled):
    for month in walked.months:
        known = labelled(month.first)
        assert month.train_rows == (known.matures_on <= np.datetime64(month.first)).sum()


def test_what_is_learnt_after_a_month_does_not_change_it(task, labelled, walked):
    fewer = walk(task, labelled, MONTHS[:7], date(2023, 6, 1), threads=1)
    n = len(fewer.cases)
    assert fewer.cases.case_ids.tolist() == walked.cases.case_ids[:n].tolist()
    np.testing.assert_array_equal(fewer.stated, walked.stated[:n])


def test_without_warming_up_the_first_months_state_what_the_model_says(cold):
    assert cold.warm_up == ()
    assert [month.calibrator for month in cold.months[:3]] == ["identity"] * 3
    first = cold.cases.at < np.datetime64("2022-12-01")
    np.testing.assert_allclose(cold.stated[first], cold.raw[first], atol=1e-9)


def test_months_walked_before_teach_the_first_one(walked):
    assert walked.warm_up == month_firsts(date(2022, 3, 1), date(2022, 8, 1))
    assert len(walked.warm_up) == WARM_UP
    assert walked.months[0].calibrator != "identity"


def test_warming_up_changes_calibrators_alone(walked, cold):
    assert walked.cases.case_ids.tolist() == cold.cases.case_ids.tolist()
    np.testing.assert_array_equal(walked.raw, cold.raw)
    assert not np.allclose(walked.stated, cold.stated, atol=1e-3)


def test_months_walked_before_are_in_no_figure(walked, cold):
    assert walked.cases.at.min() >= np.datetime64("2022-09-01")
    counts = [[(month.first, month.train_rows, month.n, month.bad) for month in each.months] for each in (walked, cold)]
    assert counts[0] == counts[1]
    assert len(walked.stated) == len(walked.raw) == len(walked.cases) == sum(month.n for month in walked.months)
    assert walked.as_dict()["warm_up"] == [day.isoformat() for day in walked.warm_up]


@pytest.mark.parametrize(
    ("begin", "before"),
    [
        pytest.param(date(2022, 6, 1), [3, 4, 5], id="in January and February there is nothing to learn from"),
        pytest.param(date(2022, 3, 1), [], id="the first month possible"),
    ],
)
def test_too_early_a_start_warms_up_less(task, labelled, cold, begin, before):
    months = month_firsts(begin, date(2022, 10, 1))
    told = walk(task, labelled, months, KNOWN_ON, threads=1, warm_up=40)
    assert [day.month for day in told.warm_up] == before
    assert told.months[0].first == begin
    september = told.cases.at >= np.datetime64("2022-09-01")
    np.testing.assert_array_equal(told.raw[september], cold.raw[: september.sum()])


def test_a_start_before_all_cases_is_walked_as_without(task, labelled):
    early = month_firsts(date(2021, 6, 1), date(2022, 8, 1))
    warmed, cold = (walk(task, labelled, early, KNOWN_ON, threads=1, warm_up=count) for count in (WARM_UP, 0))
    assert warmed.warm_up == ()
    np.testing.assert_array_equal(warmed.stated, cold.stated)


def test_fewer_than_no_months_before_are_refused(task, labelled):
    with pytest.raises(ValueError, match="at least 0 months, got -1"):
        walk(task, labelled, MONTHS, KNOWN_ON, threads=1, warm_up=-1)


@pytest.mark.parametrize("place", [1, 6], ids=["taught by months walked before", "taught by judged ones too"])
def test_an_outcome_is_not_used_before_it_has_matured(task, labelled, walked, place):
    """All outcomes that mature after a first of a month turned round: nothing stated until then changes."""
    day, after = (np.datetime64(MONTHS[at]) for at in (place, place + 1))

    def turned(on):
        cases = labelled(on)
        return replace(cases, bad=cases.bad ^ (cases.matures_on > day))

    told = walk(task, turned, MONTHS[: place + 4], KNOWN_ON, threads=1)
    until = told.cases.at < after
    np.testing.assert_array_equal(told.stated[until], walked.stated[: until.sum()])
    assert not np.allclose(told.stated[~until], walked.stated[until.sum() : len(told.stated)]), "later they teach"


def test_an_outcome_corrected_later_teaches_as_it_was_known_then(task, labelled, walked):
    def corrected(on):
        cases = labelled(on)
        return replace(cases, bad=~cases.bad) if on == KNOWN_ON else cases

    told = walk(task, corrected, MONTHS[:6], KNOWN_ON, threads=1)
    assert [month.bad + before.bad for month, before in zip(told.months, walked.months, strict=False)] == [40] * 5
    np.testing.assert_array_equal(told.stated, walked.stated[: len(told.stated)])


def test_months_whose_model_had_seen_few_bad_customers_calibrate_no_later_one(task, labelled):
    """Until 2023 only five customers are known; from then on all forty, so that five times as many turn out bad."""
    few, cut = [f"C{number}" for number in range(35, 40)], np.datetime64("2023-01-01")

    def shy(on):
        cases = labelled(on)
        return cases.take((cases.at >= cut) | np.isin(cases.customer_ids, few))

    found = walk(task, shy, MONTHS[:10], KNOWN_ON, threads=1, warm_up=0)
    told = {month.first: month.calibrator for month in found.months}
    assert told[date(2023, 1, 1)] != "identity", "still a model of few, as those before it were"
    # From March on many teach; of months whose model had, no three have matured before June.
    assert [told[date(2023, month, 1)] for month in (4, 5)] == ["identity"] * 2


def test_outcomes_that_have_not_matured_teach_nothing_even_when_handed_over(task, labelled, walked):
    every = labelled(KNOWN_ON)
    told = walk(task, lambda on: every, MONTHS[:5], KNOWN_ON, threads=1)
    assert [month.train_rows for month in told.months] == [month.train_rows for month in walked.months[:4]]
    np.testing.assert_array_equal(told.raw, walked.raw[: len(told.raw)])
    np.testing.assert_array_equal(told.stated, walked.stated[: len(told.stated)])


def test_months_before_the_first_invoices_have_nothing_to_walk(task, labelled):
    with pytest.raises(NothingToWalkError, match="Choose months"):
        walk(task, labelled, month_firsts(date(2021, 1, 1), date(2021, 6, 1)), KNOWN_ON, threads=1)


def test_every_way_of_dividing_the_cases_counts_each_once(walked):
    parts = walked.segments()
    assert {"history", "tenure", "record", "invoice"} <= {part.name for part in parts}
    for name in {part.name for part in parts}:
        mine = [part for part in parts if part.name == name]
        assert sum(part.n for part in mine) == len(walked.cases), name
        assert sum(part.bad for part in mine) == walked.cases.bad.sum(), name


def test_figures_are_plain_and_the_picture_is_drawn(walked, tmp_path):
    told = walked.as_dict()
    assert told["months"][0]["first"] == "2022-09-01"
    assert 0 < told["pooled"]["brier"]["value"] < 1
    path = draw_walk(
        tmp_path / "new" / "walk.png",
        "late(5)",
        [month.first for month in walked.months],
        [month.figures for month in walked.months],
        [(month.n, month.bad) for month in walked.months],
    )
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_mean_of_no_months_is_null_for_machines(walked):
    bare = replace(walked, months=tuple(replace(month, figures={"brier": 0.1}) for month in walked.months))
    means = bare.as_dict()["mean_of_months"]
    assert means == {"auc": None, "average_precision": None, "brier": pytest.approx(0.1)}
