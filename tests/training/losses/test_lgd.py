"""Loss given default: sums by hand, what is left out and said, and the simulator's known truth."""

import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from data.book import book_of
from data.simulation.shape import Shape
from data.simulation.simulator import simulate
from training.cases.facts import folded
from training.losses.defaults import DefaultDay, default_days
from training.losses.estimate import Declared, estimated
from training.losses.lgd import lgd, lgd_of
from training.losses.workout import Item, Receipt, Workout, items_of, worked_out

DECLARED = Declared(0.45, "CRR Art. 161(1)(a)")
ON = date(2023, 6, 1)
DEFAULT = DefaultDay("A", ON)
KNOWN = date(2024, 12, 31)
END = date(2024, 12, 31)


def later(days):
    return ON + timedelta(days=days)


def done(item, **changes):
    how = {"window_days": 365, "discount_rate": 0.10, "known_on": KNOWN}
    return worked_out(DEFAULT, [item] if isinstance(item, Item) else item, **{**how, **changes})


def invoice(**changes):
    return replace(Item(date(2023, 1, 1), None, 1000.0, 1.0), **changes)


def paid(days, amount, *, clears=False):
    return Receipt(later(days), amount, clears)


@pytest.mark.parametrize(
    ("item", "exposure", "lost"),
    [
        pytest.param(invoice(), 1000, 1.0, id="nothing came in"),
        pytest.param(invoice(receipts=(paid(365, 550.0),)), 1000, 0.5, id="550 after a year at 10 % is 500"),
        pytest.param(invoice(receipts=(paid(366, 550.0),)), 1000, 1.0, id="a day after the window is too late"),
        pytest.param(invoice(receipts=(paid(0, 400.0),)), 600, 1.0, id="paid on the day itself was not owed"),
        pytest.param(invoice(receipts=(paid(-30, 400.0), paid(365, 330.0))), 600, 0.5, id="330/1.1 of 1,000 - 400"),
        pytest.param(invoice(receipts=(paid(365, None, clears=True),)), 1000, 1 - 1 / 1.1, id="cleared, no amount"),
        pytest.param(invoice(receipts=(paid(365, None),)), 1000, 1.0, id="no amount and nothing cleared"),
        pytest.param(invoice(receipts=(paid(365, 2000.0),)), 1000, 1 - 1 / 1.1, id="never more than was owed"),
        pytest.param(invoice(receipts=(paid(365, 880.0, clears=True),)), 1000, 0.2, id="short paid and let go"),
        pytest.param(invoice(credits=((later(50), 500.0),)), 500, 1.0, id="credited later: never owed"),
        pytest.param(invoice(credits=((later(366), 500.0),)), 1000, 1.0, id="credited after the window"),
        pytest.param(invoice(rate=2.0, receipts=(paid(365, 550.0),)), 2000, 0.5, id="in another currency"),
    ],
)
def test_one_item(item, exposure, lost):
    found = done(item)
    assert found.exposure == pytest.approx(exposure)
    assert found.lgd == pytest.approx(lost)


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(invoice(issued_on=later(1)), id="issued after the default"),
        pytest.param(invoice(settled_on=ON), id="settled on the day"),
    ],
)
def test_what_was_not_owed_on_the_day(item):
    assert done(item).exposure == 0


def test_an_item_without_an_amount_is_counted_and_left_out():
    found = done([invoice(amount=None), invoice()])
    assert (found.without_amount, found.exposure) == (1, 1000.0)


def test_no_discount_at_a_rate_of_zero():
    assert done(invoice(receipts=(paid(300, 250.0),)), discount_rate=0.0).lgd == pytest.approx(0.75)


@pytest.mark.parametrize(("known_on", "complete"), [(later(365), True), (later(364), False)])
def test_a_workout_is_complete_when_its_window_is_over(known_on, complete):
    assert done(invoice(), known_on=known_on).complete is complete


def workout(customer, exposure, value, *, complete=True):
    return Workout(DefaultDay(customer, ON), exposure, value, value, complete, 0)


def test_means_over_defaults_and_over_money():
    # Losses 1, 0.5 and 0: mean 0.5. Money: (100 + 150 + 0) / (100 + 300 + 600) = 0.25.
    parts = [workout("A", 100.0, 0.0), workout("B", 300.0, 150.0), workout("C", 600.0, 600.0)]
    found = lgd_of(parts, [True, False, False], DECLARED, enough=3)
    assert (found.book.how, found.book.value) == ("estimated", pytest.approx(0.5))
    assert found.by_exposure.value == pytest.approx(0.25)
    assert found.book.low < 0.5 < found.book.high


def test_incomplete_workouts_and_those_without_exposure_are_counted_apart():
    parts = [workout("A", 100.0, 0.0), workout("B", 100.0, 100.0), workout("C", 0.0, 0.0)]
    parts += [workout("D", 100.0, 100.0, complete=False)]
    found = lgd_of(parts, [False] * 4, DECLARED, enough=2)
    assert (found.book.value, found.book.defaults) == (pytest.approx(0.5), 2)
    assert (found.incomplete, found.nothing_owed) == (1, 1)


def test_too_few_workouts_are_declared_with_source_and_reason():
    found = lgd_of([workout("A", 100.0, 0.0)], [True], DECLARED)
    assert (found.book.how, found.book.value, found.book.low) == ("declared", 0.45, None)
    assert found.book.source == "CRR Art. 161(1)(a)"
    assert found.book.why == "The book tells of 1, 20 are needed."


def test_segments_and_floor():
    parts = [workout("A", 100.0, 100.0), workout("B", 100.0, 100.0), workout("C", 100.0, 0.0), workout("D", 100.0, 0.0)]
    found = lgd_of(parts, [True, True, False, False], DECLARED, floor=0.1, enough=2)
    assert {part.name: part.value for part in found.segments} == {"lgd secured": 0.1, "lgd unsecured": 1.0}


def test_the_interval_resamples_customers_not_defaults():
    """Twenty defaults of two customers say as much as two."""
    losses, people = np.repeat([0.0, 1.0], 10), ["A"] * 10 + ["B"] * 10
    one = estimated("lgd", losses, np.ones(20), people, DECLARED, defaults=20, source="x")
    many = estimated("lgd", losses, np.ones(20), [str(n) for n in range(20)], DECLARED, defaults=20, source="x")
    assert (one.low, one.high) == (0.0, 1.0)
    assert many.high - many.low < 0.6


def test_a_declaration_needs_a_source():
    with pytest.raises(ValueError, match="needs its source"):
        Declared(0.45, " ")


@pytest.mark.parametrize("wrong", [{"window_days": 0}, {"discount_rate": -0.1}, {"floor": 1.1}])
def test_parameters_out_of_range(wrong):
    with pytest.raises(ValueError, match="window_days has to be at least 1"):
        lgd(book_of({}), END, DECLARED, **wrong)


def test_an_empty_book_is_declared():
    found = lgd(book_of({}), END, DECLARED)
    assert (found.book.how, found.book.defaults, found.book.value) == ("declared", 0, 0.45)
    assert json.loads(json.dumps(found.as_dict()))["known_on"] == "2024-12-31"


@pytest.fixture(scope="module")
def portfolio():
    shape = Shape(customers=500, default_rate=0.15, seed=5, detail="full", start_on=date(2021, 1, 1), end_on=END)
    made = simulate(shape)
    return made, book_of(made.tables)


def test_the_simulators_truth(portfolio):
    """Who becomes insolvent or is written off loses nearly all, who pays again nothing; the mean is the lost share."""
    made, book = portfolio
    truth = {(row["customer_id"], row["default_on"]): row for row in made.truth["episodes"].to_pylist()}
    rows = folded(book)
    days = default_days(book, rows, dpd=90, known_on=END, apart_days=365)
    items = items_of(book, rows, days, END)
    lost, cured = [], []
    for day in days:
        found = worked_out(day, items.get(day.customer_id, []), window_days=365, discount_rate=0.0, known_on=END)
        episode = truth.get((day.customer_id, day.on))
        if episode is None or not found.complete or found.exposure <= 0:
            continue
        if episode["insolvent_on"] or episode["written_off_on"]:
            lost.append(found.lgd)
        elif episode["cured_on"] <= day.on + timedelta(days=365):
            cured.append(found.lgd)
    assert min(len(lost), len(cured)) >= 25
    assert np.mean(lost) > 0.95
    assert np.mean(cured) < 0.01
    share = len(lost) / (len(lost) + len(cured))
    estimate = lgd(book, END, DECLARED, discount_rate=0.0)
    assert estimate.book.value == pytest.approx(share, abs=0.03)
    assert estimate.book.low < share < estimate.book.high
    assert estimate.incomplete > 0


def test_what_is_learnt_later_changes_nothing(portfolio):
    """Cash that came in by a day counts only from the day on which it was known."""
    _, book = portfolio
    early, late = (lgd(book, day, DECLARED) for day in (date(2023, 6, 30), END))
    assert early.book.defaults < late.book.defaults
    assert early.known_on == date(2023, 6, 30)
