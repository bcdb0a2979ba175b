"""Parity: what is served equals what the book says, and a planted difference is found and named."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from data.book import book_of
from data.contracts import CONTRACTS
from features.build import as_of_now, build
from features.store.history import EPOCH
from features.store.online import NOTHING, OnlineBlock
from features.store.parity import Offender, compare, parity
from features.store.store import Store

DAY = date(2024, 3, 1)
NAMES = ("open_count", "overdue_share")


def built(*rows):
    return pa.table(
        {
            "customer_id": pa.array([row[0] for row in rows], pa.string()),
            "open_count": pa.array([row[1] for row in rows], pa.float64()),
            "overdue_share": pa.array([row[2] for row in rows], pa.float64()),
        }
    )


def served(*rows, as_of=DAY):
    """What the store holds, from (value, value) each; None for a customer of whom it holds nothing."""
    values = [(math.nan,) * 2 if row is None else tuple(math.nan if v is None else v for v in row) for row in rows]
    days = [NOTHING if row is None else (as_of - EPOCH).days for row in rows]
    return OnlineBlock(
        NAMES, np.array(values).reshape(-1, 2), np.array(days, np.int64), np.array([7] * len(rows), np.int64)
    )


def test_equal_values_and_equal_nothings_hold():
    result = compare(built(("B1", 1.0, None), ("B2", float("nan"), 0.5)), served((1.0, None), (None, 0.5)), NAMES, DAY)
    assert (result.holds, result.compared, result.different, result.share, result.worst) == (True, 4, 0, 0.0, ())


def test_the_last_bit_counts():
    result = compare(built(("B1", 1.0, 0.3)), served((1.0, 0.1 + 0.2)), NAMES, DAY)
    assert (result.holds, result.share) == (False, 0.5)
    assert result.worst == (Offender("overdue_share", 1, "B1", 0.3, 0.30000000000000004),)


@pytest.mark.parametrize(("value", "online"), [(0.0, None), (None, 0.0)])
def test_null_is_not_zero(value, online):
    assert compare(built(("B1", value, 0.5)), served((online, 0.5)), NAMES, DAY).different == 1


def test_a_customer_without_facts_differs_in_everything():
    result = compare(built(("B1", None, None)), served(None), NAMES, DAY)
    assert (result.different, result.missing, result.holds) == (2, 1, False)


def test_facts_of_another_day_do_not_hold_even_if_equal():
    result = compare(built(("B1", 1.0, 0.5)), served((1.0, 0.5), as_of=DAY - timedelta(days=1)), NAMES, DAY)
    assert (result.different, result.other_day, result.holds) == (0, 1, False)


def test_a_customer_online_whom_the_book_does_not_know_does_not_hold():
    result = compare(built(("B1", 1.0, 0.5)), served((1.0, 0.5)), NAMES, DAY, beyond_the_book=1)
    assert (result.different, result.holds) == (0, False)


def test_the_worst_come_first_and_no_more_than_asked_for():
    rows = built(("B1", 1.0, 0.5), ("B2", 1.0, 0.5), ("B3", 1.0, 0.5))
    online = served((8.0, 0.6), (-8.0, 0.5), (2.0, None))
    result = compare(rows, online, NAMES, DAY)
    assert result.worst == (
        Offender("open_count", 3, "B2", 1.0, -8.0),
        Offender("overdue_share", 2, "B3", 0.5, None),
    )
    assert len(compare(rows, online, NAMES, DAY, show=1).worst) == 1


def test_no_customers_hold():
    assert compare(built(), served(), NAMES, DAY).holds


def invoice(number, customer_id, issued_on, days, amount):
    return {
        "invoice_id": f"I{number}",
        "customer_id": customer_id,
        "issued_on": issued_on,
        "due_on": issued_on + timedelta(days=days),
        "amount": Decimal(amount),
        "currency": "EUR",
        "outcome_unknown": False,
        "known_at": datetime(issued_on.year, issued_on.month, issued_on.day, tzinfo=UTC),
        "source": "test",
    }


@pytest.fixture(scope="module")
def book():
    """Two customers: one with an overdue and a young invoice, one with a single invoice of a thirds amount."""
    rows = [
        invoice(1, "B1", date(2024, 1, 5), 30, "100.00"),
        invoice(2, "B1", date(2024, 2, 20), 30, "250.50"),
        invoice(3, "B2", date(2023, 12, 1), 14, "33.3333"),
    ]
    made = book_of({"invoices": pa.Table.from_pylist(rows, CONTRACTS["invoices"].schema)})
    yield made
    made.close()


@pytest.fixture(scope="module")
def kept(book, tmp_path_factory):
    """The store of the code's own feature sets, filled from the book: history of three days, and 1 March online."""
    store = Store(tmp_path_factory.mktemp("kept"))
    store.apply()
    days = [DAY - timedelta(days=n) for n in (2, 1, 0)]
    spine = pa.table(
        {
            "case_id": [f"{day} {customer}" for day in days for customer in ("B1", "B2")],
            "customer_id": ["B1", "B2"] * 3,
            "as_of": pa.array([day for day in days for _ in range(2)], pa.date32()),
        }
    )
    rows = build(book, book.memtable(spine), features=store.names).to_pyarrow()
    store.write_history(rows, computed_at=datetime(2024, 3, 2, 5, tzinfo=UTC))
    store.write_online(as_of_now(book, DAY), computed_at=datetime(2024, 3, 2, 6, tzinfo=UTC))
    return store


def test_online_equals_the_book(book, kept):
    result = parity(book, kept, DAY)
    assert result.holds, result.worst
    assert result.compared == 2 * len(kept.names)


def test_online_equals_the_training_set(kept, entities):
    at = datetime(2024, 3, 2, tzinfo=UTC)
    history = kept.training_set(entities(("B1", at), ("B2", at)), kept.names).to_pylist()
    online = kept.read_online(["B1", "B2"], kept.names)
    assert [{name: row[name] for name in kept.names} for row in history] == [facts.values for facts in online]
    assert online[0].values["overdue_count"] == 1.0


def test_a_planted_difference_is_found_and_named(book, kept):
    rows = as_of_now(book, DAY)
    at = rows.column_names.index("open_amount")
    planted = pc.add(rows["open_amount"], pa.array([0.0, 0.01]))
    kept.write_online(rows.set_column(at, "open_amount", planted), computed_at=datetime(2024, 3, 2, 7, tzinfo=UTC))
    result = parity(book, kept, DAY)
    assert (result.different, result.holds) == (1, False)
    assert (result.worst[0].feature, result.worst[0].customer_id) == ("open_amount", "B2")
