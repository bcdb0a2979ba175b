"""A computation is said once, run on any book, and leaves nothing behind but its answer."""

import duckdb
import ibis
import pyarrow as pa
import pytest

from data.draft import Draft, _plan, computed
from tests.features.ledger import book_from, invoice

ASKED = pa.table({"customer_id": pa.array(["C1", "C2"])})
said = []


def per_customer(book, least, *, asked):
    """Invoices of each asked customer, ``least`` or more of them."""
    said.append(least)
    counts = book.held(book["invoices"].group_by("customer_id").agg(n=ibis._.count()))
    mine = book.held(counts.semi_join(asked, "customer_id"))
    return mine.filter(mine.n >= least)


def failing(book, *, asked):
    kept = book.held(asked)
    return kept.mutate(number=kept.customer_id.cast("int64"))


def book(*customer_ids):
    invoices = [invoice(f"I{number}", customer_id=who) for number, who in enumerate(customer_ids)]
    return book_from({"invoices": invoices})


def tables_of(made):
    return {name for (name,) in made.backend.con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


def answer(made, least):
    rows = computed(made, per_customer, least, asked=made.memtable(ASKED)).to_pyarrow()
    return dict(zip(rows["customer_id"].to_pylist(), rows["n"].to_pylist(), strict=True))


def test_the_answer_is_that_of_the_rows():
    assert answer(book("C1", "C1", "C2", "C3"), 1) == {"C1": 2, "C2": 1}


def test_what_was_said_once_holds_for_another_book():
    said.clear()
    _plan.cache_clear()
    assert [answer(book("C1", "C2"), 7), answer(book(*["C1"] * 7), 7), answer(book(*["C2"] * 9), 8)] == [
        {},
        {"C1": 7},
        {"C2": 9},
    ]
    assert said == [7, 8]


def test_only_the_answer_stays():
    made = book("C1")
    before = tables_of(made)
    computed(made, per_customer, 1, asked=made.memtable(ASKED))
    assert len(tables_of(made) - before) == 2  # the answer, and what was given as a table of its own


def test_nothing_stays_when_the_engine_fails():
    made = book("C1")
    asked = made.memtable(ASKED)
    before = tables_of(made)
    with pytest.raises(duckdb.ConversionException, match="C1"):
        computed(made, failing, asked=asked)
    assert tables_of(made) == before
    assert answer(made, 1) == {"C1": 1}


def test_the_same_rows_are_one_step():
    draft = Draft.of_contracts("EUR")
    first, again = (draft.held(draft["invoices"].select("customer_id")) for _ in range(2))
    assert first.equals(again)
    assert len(draft.steps) == 1
    assert not draft.held(first.distinct()).equals(first)


def test_settings_of_the_expressions_are_left_as_they_were():
    before = ibis.options.sql.fuse_selects
    answer(book("C1"), 5)
    assert ibis.options.sql.fuse_selects == before
