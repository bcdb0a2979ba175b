"""The features on a real book: every invoice at its issue, against the plain reference on a sample."""

import math
import random
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from data.book import open_book
from data.contracts import CONTRACTS
from data.ingest import ingest
from data.lake import Lake
from data.mapping import load_mapping
from features.build import build
from features.feature_sets import FEATURES, LATE, STORED
from tests.features.reference.customer import features as plain


@pytest.fixture(scope="module")
def book(datarisk, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    ingest(datarisk, load_mapping("datarisk"), lake, received_at=datetime(2021, 3, 1, tzinfo=UTC))
    opened = open_book(lake)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def spine(book):
    invoices = book["invoices"].select("invoice_id", "customer_id", "issued_on", "due_on", "amount", "interest_rate")
    rows = invoices.rename(case_id="invoice_id").order_by("case_id").to_pyarrow()
    before = [day - timedelta(days=1) for day in rows["issued_on"].to_pylist()]
    return rows.append_column("as_of", pa.array(before, pa.date32()))


@pytest.fixture(scope="module")
def built(book, spine):
    names = list(dict.fromkeys([*LATE.names, *STORED.names]))
    return build(book, book.memtable(spine), features=names).to_pyarrow()


def test_every_invoice_has_its_row_and_no_other(spine, built):
    assert sorted(built["case_id"].to_pylist()) == spine["case_id"].to_pylist()


def test_every_value_lies_in_its_range(built):
    bounds = {name: pc.min_max(built[name]).as_py() for name in built.column_names[3:]}
    outside = {
        name: found
        for name, found in bounds.items()
        if found["min"] is not None and not FEATURES[name].low <= found["min"] <= found["max"] <= FEATURES[name].high
    }
    assert outside == {}


def test_a_sample_equals_the_plain_reference(book, built):
    sample = random.Random(7).sample(built.to_pylist(), 60)
    theirs = {row["customer_id"] for row in sample}
    rows = {name: book[name].filter(book[name].customer_id.isin(theirs)).to_pyarrow().to_pylist() for name in CONTRACTS}
    by_customer = {
        who: {name: [row for row in given if row["customer_id"] == who] for name, given in rows.items()}
        for who in theirs
    }
    for row in sample:
        expected = plain(by_customer[row["customer_id"]], row["customer_id"], row["as_of"], currency=book.currency)
        for name in STORED.names:
            assert _near(row[name], expected[name]), (row["case_id"], name, row[name], expected[name])


def _near(a, b):
    return a is b if a is None or b is None else math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
