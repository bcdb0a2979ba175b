"""The features on a real book: every invoice at its issue, against the plain reference on a sample."""

import math
import random
from collections import Counter
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
from tests.features.ledger import FAMILY_OF
from tests.features.reference import relating
from tests.features.reference.customer import features as plain
from tests.features.reference.desk import Desk


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


AMONG_OTHERS = ("peers", "beside_peers", "group", "group_share")


def test_a_sample_equals_the_plain_reference(book, built):
    sample = random.Random(7).sample(built.to_pylist(), 60)
    names = [name for name in STORED.names if FAMILY_OF.get(name) not in AMONG_OTHERS]
    rows = {
        who: {name: _of(book[name], who).to_pyarrow().to_pylist() for name in CONTRACTS}
        for who in {row["customer_id"] for row in sample}
    }
    for row in sample:
        who = row["customer_id"]
        assert _unlike(row, plain(rows[who], who, row["as_of"], currency=book.currency), names) == []


def test_the_peers_of_some_equal_the_plain_reference(book, built):
    """On the day with the most cases, since the reference reads the whole book for it."""
    as_of = Counter(built["as_of"].to_pylist()).most_common(1)[0][0]
    cases = [row for row in built.to_pylist() if row["as_of"] == as_of]
    names = [name for name in STORED.names if FAMILY_OF.get(name) in AMONG_OTHERS]
    desk = Desk({name: book[name].to_pyarrow().to_pylist() for name in CONTRACTS}, as_of, book.currency)
    for row in random.Random(7).sample(cases, min(5, len(cases))):
        assert _unlike(row, relating.facts(desk, row["customer_id"]), names) == []


def _of(table, customer_id):
    return table.filter(table.customer_id == customer_id) if "customer_id" in table.columns else table


def _unlike(row, expected, names):
    found = [(name, row[name], expected[name]) for name in names if not _near(row[name], expected[name])]
    return [(row["case_id"], *difference) for difference in found]


def _near(a, b):
    return a is b if a is None or b is None else math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
