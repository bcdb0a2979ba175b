"""Exposure at default: sums by hand, missing facts, and a simulated book."""

import json
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from data.book import book_of
from data.simulation.shape import Shape
from data.simulation.simulator import simulate
from features.build import build
from training.cases.facts import folded
from training.losses.defaults import DefaultDay, apart, default_days
from training.losses.ead import Declarations, Observations, ead, ead_of
from training.losses.estimate import Declared

END = date(2024, 12, 31)
DAY = date(2024, 1, 1)
OTHERWISE = Declarations(Declared(1.0, "as it stands"), Declared(0.75, "CRR 166"), Declared(0.75, "CRR 166"))
TOLD = {"dpd": 90, "months": 12, "known_on": END, "defaults": 2, "unknown": 0}


def seen(*rows):
    """Rows of exposure at default, exposure before, orders, limit; one customer each."""
    columns = np.array(rows, dtype=np.float64).T
    names = tuple(f"C{place}" for place in range(len(rows)))
    return Observations(names, tuple(DefaultDay(name, DAY) for name in names), *columns)


def test_worked_example():
    # Growth (160 + 80) / (100 + 100) = 1.2. Rises 60 and 0 (80 < 100): orders (min(60, 40) + 0) / (40 + 10) = 0.8;
    # headroom (60 + 0) / ((300 - 100) + (200 - 100)) = 0.2.
    found = ead_of(seen((160, 100, 40, 300), (80, 100, 10, 200)), OTHERWISE, enough=2, **TOLD)
    assert found.growth.value == pytest.approx(1.2)
    assert found.orders.value == pytest.approx(0.8)
    assert found.headroom.value == pytest.approx(0.2)


def test_no_order_no_limit_and_no_headroom_are_left_out():
    nan = float("nan")
    rows = seen((160, 100, nan, nan), (160, 100, 0, 100), (160, 100, 60, 220), (160, 100, 60, 220))
    found = ead_of(rows, OTHERWISE, enough=2, **TOLD)
    assert (found.orders.value, found.orders.defaults) == (pytest.approx(1.0), 2)
    assert (found.headroom.value, found.headroom.defaults) == (pytest.approx(0.5), 2)
    assert (found.growth.value, found.growth.defaults) == (pytest.approx(1.6), 4)


def test_each_factor_is_declared_for_itself():
    nan = float("nan")
    found = ead_of(seen((160, 100, nan, 300), (160, 100, 10, 300)), OTHERWISE, enough=2, **TOLD)
    assert (found.headroom.how, found.orders.how) == ("estimated", "declared")
    assert (found.orders.value, found.orders.source) == (0.75, "CRR 166")
    assert found.orders.why == "The book tells of 1, 2 are needed."


def test_a_default_seen_twelve_times_is_one_default():
    one = DefaultDay("A", DAY)
    rows = Observations(("A",) * 12, (one,) * 12, np.full(12, 9.0), np.ones(12), np.ones(12), np.full(12, 2.0))
    assert ead_of(rows, OTHERWISE, enough=2, **TOLD).growth.how == "declared"


def test_what_follows_soon_belongs_to_the_first_default():
    days = [
        DefaultDay("A", DAY),
        DefaultDay("A", DAY + timedelta(days=365)),
        DefaultDay("A", DAY + timedelta(days=366)),
    ]
    assert [day.on for day in apart(days, 365)] == [DAY, DAY + timedelta(days=366)]


def test_an_empty_book_is_declared():
    found = ead(book_of({}), END, OTHERWISE)
    assert {part.how for part in (found.growth, found.orders, found.headroom)} == {"declared"}
    assert json.loads(json.dumps(found.as_dict()))["known_on"] == "2024-12-31"


def test_months_have_to_be_some():
    with pytest.raises(ValueError, match="months has to be at least 1"):
        ead(book_of({}), END, OTHERWISE, months=0)


def test_growth_on_a_simulated_book_is_the_ratio_of_its_open_amounts():
    shape = Shape(customers=300, default_rate=0.2, seed=5, start_on=date(2022, 1, 1), end_on=END)
    book = book_of(simulate(shape).tables)
    found = ead(book, END, OTHERWISE, months=1)
    days = default_days(book, folded(book), dpd=90, known_on=END, apart_days=365)
    asked = [(day.customer_id, day.on - timedelta(days=back)) for day in days for back in (0, 30)]
    spine = pa.table(
        {
            "case_id": [str(place) for place in range(len(asked))],
            "customer_id": [customer for customer, _ in asked],
            "as_of": pa.array([on for _, on in asked], pa.date32()),
        }
    )
    rows = build(book, book.memtable(spine), features=["open_amount"]).to_pyarrow().to_pylist()
    owed = {int(row["case_id"]): row["open_amount"] for row in rows}
    pairs = [(owed[place], owed[place + 1]) for place in range(0, len(asked), 2)]
    pairs = [(at, before) for at, before in pairs if at is not None and before]
    assert found.growth.how == "estimated"
    assert found.growth.value == pytest.approx(sum(at for at, _ in pairs) / sum(before for _, before in pairs))
    assert found.growth.low < found.growth.value < found.growth.high
