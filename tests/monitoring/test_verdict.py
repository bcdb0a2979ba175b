"""The verdict: what is promised of false alarms is kept at every size, and planted drift is found."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.drift import Thresholds, adjusted
from monitoring.errors import ColumnsMissingError, NothingToCompareError
from monitoring.verdict import Status, judge, monitor
from scoring.sketch import sketches_of

SCORE = "late_prob_5d"
BOOKS = 100
"""Stable books per size; the bounds below leave room for three standard errors of that number."""


def book(rng, rows, *, times=1.0, missing=0.1):
    """A book of correlated, skewed, counted, rare and partly missing columns, and a score."""
    health = rng.normal(size=rows)
    columns = {f"amount_{k}": np.exp(0.6 * health + 0.8 * rng.normal(size=rows)) for k in range(8)}
    columns |= {f"count_{k}": rng.poisson(np.exp(0.5 * health)).astype(float) for k in range(6)}
    columns |= {f"flag_{k}": (rng.random(rows) < 0.05).astype(float) for k in range(3)}
    columns |= {f"gappy_{k}": np.where(rng.random(rows) < missing, np.nan, rng.normal(size=rows)) for k in range(3)}
    columns["amount_0"] = columns["amount_0"] * times
    columns[SCORE] = 1 / (1 + np.exp(2 - health))
    return columns


@pytest.fixture(scope="module")
def reference():
    return sketches_of(book(np.random.default_rng(11), 5_000))


@pytest.mark.parametrize("rows", [50, 100, 500])
def test_a_stable_book_raises_no_more_alarms_than_promised(reference, rows):
    rng = np.random.default_rng(rows)
    found = [judge(reference, book(rng, rows), scores=[SCORE]).status for _ in range(BOOKS)]
    alarms, alerts = (sum(status in wanted for status in found) for wanted in (("WATCH", "ALERT"), ("ALERT",)))
    assert alarms / BOOKS <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / BOOKS)
    assert alerts / BOOKS <= 0.01 + 3 * np.sqrt(0.01 * 0.99 / BOOKS)


@pytest.mark.parametrize(("rows", "power"), [(50, 0.2), (100, 0.8), (500, 1.0)])
def test_a_column_that_doubled_is_found(reference, rows, power):
    rng = np.random.default_rng(rows + 1)
    verdicts = [judge(reference, book(rng, rows, times=2.0), scores=[SCORE]) for _ in range(25)]
    named = ["amount_0" in [column.drift.name for column in verdict.drifted] for verdict in verdicts]
    assert np.mean(named) >= power


def test_rows_of_one_customer_are_not_taken_for_many():
    """40 customers of 25 equal rows each: taken as 1,000 rows every book drifts, as 40 customers none should."""
    rng = np.random.default_rng(8)

    def clustered(customers):
        columns = {f"x_{k}": np.repeat(rng.normal(size=customers), 25) for k in range(5)}
        return columns, np.repeat(np.arange(customers), 25).astype(object)

    kept, naive = [], []
    for _ in range(25):
        (then, owners_then), (now, owners_now) = clustered(200), clustered(40)
        verdict = monitor(then, now, reference_customers=owners_then, current_customers=owners_now)
        kept.append(verdict.status is not Status.OK)
        naive.append(monitor(then, now).status is not Status.OK)
    assert np.mean(naive) > 0.9
    assert np.mean(kept) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 25)


def test_missing_values_that_appear_are_found_and_named(reference):
    verdict = judge(reference, book(np.random.default_rng(2), 300, missing=0.35), scores=[SCORE])
    assert verdict.status is Status.ALERT
    assert {column.drift.name for column in verdict.drifted} == {"gappy_0", "gappy_1", "gappy_2"}
    assert all("missing" in column.moved for column in verdict.drifted)


def test_a_constant_column_that_changes_is_found():
    verdict = monitor({"flag": np.zeros(500)}, {"flag": np.r_[np.zeros(80), np.full(20, -1.0)]})
    assert verdict.status is Status.ALERT
    assert verdict.columns[0].drift.higher < 0.5


def test_drift_that_is_real_but_tiny_is_not_an_alarm():
    """200,000 rows whose mean moved by a twentieth of a standard deviation: PSI 0.0025."""
    rng = np.random.default_rng(4)
    verdict = monitor({"x": rng.normal(size=200_000)}, {"x": rng.normal(0.05, size=200_000)})
    assert verdict.columns[0].adjusted < 0.001
    assert verdict.columns[0].drift.psi < 0.02
    assert verdict.status is Status.OK


@pytest.mark.parametrize(("rows", "status"), [(29, Status.TOO_FEW), (30, Status.OK)])
def test_below_thirty_rows_there_is_no_verdict(rows, status):
    then, now = np.linspace(0, 1, 500), np.linspace(0, 1, rows)
    verdict = monitor({"x": then}, {"x": now})
    assert verdict.status is status
    assert ("Too few rows for a verdict: 29 current" in verdict.sentence) == (rows == 29)


def test_thirty_rows_of_three_customers_are_too_few():
    now = {"x": np.repeat([0.1, 0.5, 0.9], 10)}
    owners = np.repeat(["A", "B", "C"], 10).astype(object)
    assert monitor({"x": np.linspace(0, 1, 500)}, now, current_customers=owners).status is Status.TOO_FEW


@pytest.mark.parametrize(
    ("then", "now", "period"),
    [
        pytest.param({"x": np.empty(0)}, {"x": np.ones(50)}, "reference", id="empty reference"),
        pytest.param({"x": np.ones(50)}, {"x": np.empty(0)}, "current", id="empty period"),
        pytest.param({}, {"x": np.ones(50)}, "reference", id="no reference column"),
        pytest.param({"x": np.ones(50)}, {}, "current", id="no current column"),
    ],
)
def test_a_period_without_rows_is_named(then, now, period):
    with pytest.raises(NothingToCompareError, match=f"The {period} period holds no rows"):
        monitor(then, now)


def test_a_column_that_is_gone_is_named():
    with pytest.raises(ColumnsMissingError, match=r"lacks 1 column\(s\) of the reference: y"):
        monitor({"x": np.ones(50), "y": np.ones(50)}, {"x": np.ones(50)})


def test_a_column_of_missing_values_alone_is_judged():
    lost = monitor({"x": np.arange(500.0)}, {"x": np.full(60, np.nan)})
    assert (lost.status, lost.columns[0].moved) == (Status.ALERT, ("distribution", "missing"))
    assert monitor({"x": np.full(500, np.nan)}, {"x": np.full(60, np.nan)}).status is Status.OK


def test_the_result_of_a_column_does_not_depend_on_the_others(reference):
    now = book(np.random.default_rng(6), 100)
    alone = judge({"count_1": reference["count_1"]}, {"count_1": now["count_1"]}).columns[0].drift
    among = next(c.drift for c in judge(reference, now, scores=[SCORE]).columns if c.drift.name == "count_1")
    assert alone == among


def test_equal_inputs_give_equal_verdicts(reference):
    now = book(np.random.default_rng(6), 100)
    assert judge(reference, now).as_dict() == judge(reference, now).as_dict()


def test_the_verdict_can_be_checked_by_its_reader(reference):
    """JSON holds thresholds, sizes and versions, and the shares from which each PSI was computed."""
    plain = json.loads(json.dumps(judge(reference, book(np.random.default_rng(6), 800), scores=[SCORE]).as_dict()))
    assert plain["false_alarm_rate"] == {"WATCH": 0.05, "ALERT": 0.01}
    assert plain["thresholds"]["minimum_rows"] == 30
    assert set(plain["versions"]) == {"python", "numpy", "scipy"}
    column = next(one for one in plain["columns"] if one["name"] == "amount_3")
    then, now = np.array(column["reference_shares"][:-1]), np.array(column["current_shares"][:-1])
    assert column["bins_merged"] == 0
    assert column["psi"] == pytest.approx(((now - then) * np.log(now / then)).sum())


def test_bands_are_shown_and_decide_nothing():
    """50 rows: PSI lies above the customary 0.25 by chance alone and the verdict is OK."""
    rng = np.random.default_rng(3)
    verdict = monitor({"x": rng.normal(size=5_000)}, {"x": rng.normal(size=40)})
    assert (verdict.columns[0].drift.band, verdict.status) == ("above 0.25", Status.OK)


def test_other_thresholds_are_used_and_printed(reference):
    strict = Thresholds(minimum_rows=400)
    verdict = judge(reference, book(np.random.default_rng(6), 100), thresholds=strict)
    assert verdict.status is Status.TOO_FEW
    assert verdict.as_dict()["thresholds"]["minimum_rows"] == 400


def test_adjusted_with_the_numbers_written_out():
    """0.01 * 4/1, 0.02 * 4/2, 0.03 * 4/3, 0.5 * 4/4: 0.04, 0.04, 0.04, 0.5."""
    assert adjusted(np.array([0.5, 0.01, 0.03, 0.02])) == pytest.approx([0.5, 0.04, 0.04, 0.04])


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=30))
def test_adjusted_values_keep_the_order_and_never_fall(p_values):
    values = np.array(p_values)
    result = adjusted(values)
    assert ((result >= values - 1e-15) & (result <= 1)).all()
    assert (np.diff(result[np.argsort(values, kind="stable")]) >= -1e-15).all()


def test_features_and_scores_share_the_false_alarm_rate():
    """Each family may use half of it: the adjusted value of a lone score doubles once there are features beside it."""
    rng = np.random.default_rng(9)
    then, now = rng.normal(size=1_000), rng.normal(0.3, size=60)
    alone = monitor({"score": then}, {"score": now}, scores=["score"]).columns[0].adjusted
    columns = monitor({"score": then, "x": then}, {"score": now, "x": then[:60]}, scores=["score"]).columns
    assert next(c.adjusted for c in columns if c.drift.name == "score") == pytest.approx(2 * alone)


def test_a_column_that_grows_with_the_book_is_shown_and_raises_no_alarm():
    rng = np.random.default_rng(9)
    then, now = rng.normal(size=1_000), rng.normal(2.0, size=200)
    steady = {"overdue_amount": then[:200]}
    verdict = monitor({"tenure_days": then, "overdue_amount": then}, {"tenure_days": now, **steady})
    assert verdict.status is Status.OK
    assert verdict.sentence == "None of 1 columns moved by more than chance explains."
    assert {column.drift.name: str(column.status) for column in verdict.columns} == {
        "overdue_amount": "OK", "tenure_days": "AGEING",
    }  # fmt: skip
    assert monitor({"tenure_days": then}, {"tenure_days": now}).status is Status.OK
    assert any("grows older" in note and "tenure_days" in note for note in verdict.notes)
