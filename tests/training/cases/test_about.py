"""What is known beside the features: as of the case, never later, and kept in line with the cases."""

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from data.book import book_of
from data.contracts import CONTRACTS
from training.cases.about import LARGE, about, with_large_invoices
from training.cases.dataset import Dataset, together
from training.cases.persons import PersonsNotToldError, companies, persons
from training.cases.proxy_check import features_reading
from training.cases.split import Split


def customers(*rows):
    contract, standard = CONTRACTS["customers"], {"is_natural_person": False, "is_deleted": False, "source": "test"}
    filled = [{**standard, **row} for row in rows]
    columns = {c.name: pa.array([row.get(c.name) for row in filled], c.type) for c in contract.columns}
    return pa.table(columns, schema=contract.schema)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def book():
    return book_of(
        {
            "customers": customers(
                {"customer_id": "A", "industry": "Steel", "known_at": at("2024-01-10"), "area_code": "11"},
                {"customer_id": "A", "industry": "Paper", "known_at": at("2024-03-01"), "size_class": "SMALL"},
                {"customer_id": "P", "is_natural_person": True, "known_at": at("2024-01-01")},
            )
        }
    )


def spine(*rows):
    names = ("case_id", "customer_id", "as_of")
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})


def test_the_master_record_is_that_of_the_day(book):
    told = about(
        book,
        spine(
            ("before", "A", date(2024, 1, 9)),
            ("first", "A", date(2024, 2, 29)),
            ("corrected", "A", date(2024, 3, 1)),
            ("person", "P", date(2024, 3, 1)),
            ("nobody", "X", date(2024, 3, 1)),
        ),
    ).to_pylist()
    found = {row["case_id"]: row for row in told}
    assert len(told) == 5
    assert [found[case]["industry"] for case in ("before", "first", "corrected")] == [None, "Steel", "Paper"]
    assert [found[case]["is_natural_person"] for case in ("before", "first", "person", "nobody")] == [None, 0, 1, None]
    assert (found["first"]["area_code"], found["first"]["size_class"]) == ("11", None)


def dataset_of(amounts, **about):
    n = len(amounts)
    names = np.array([f"I{place}" for place in range(n)], dtype=object)
    day = np.full(n, np.datetime64("2024-05-01", "us"))
    columns = {"amount": np.asarray(amounts, float)}
    return Dataset(names, names, day, columns, np.zeros(n, bool), day.astype("M8[D]"), about)


def test_large_is_the_top_tenth_of_what_is_learnt_from():
    parts = with_large_invoices(Split(dataset_of(range(1, 101)), dataset_of([90, 90.2, 5000, np.nan])))
    assert parts.train.about[LARGE].sum() == 10
    np.testing.assert_array_equal(parts.later.about[LARGE], [0, 1, 1, np.nan])


def test_without_amounts_no_invoice_is_called_large():
    parts = with_large_invoices(Split(dataset_of([np.nan]), dataset_of([100.0])))
    assert LARGE not in parts.later.about


def test_what_is_beside_the_features_stays_with_its_case():
    rows = dataset_of([1, 2, 3], is_natural_person=np.array([0.0, 1.0, np.nan]))
    assert persons(rows).case_ids.tolist() == ["I1"]
    assert companies(rows).case_ids.tolist() == ["I0"], "one without a master record may be a person"
    both = together([rows, rows.take(np.array([2, 1]))])
    np.testing.assert_array_equal(both.about["is_natural_person"], [0, 1, np.nan, np.nan, 1])


def test_nobody_is_left_out_where_nobody_says_who_is_a_person():
    with pytest.raises(PersonsNotToldError, match="do not say who is a natural person"):
        companies(dataset_of([1.0]))


def test_a_feature_that_reads_a_column_is_found_by_taking_the_column_away(book):
    cases = spine(("c", "A", date(2024, 4, 1)), ("p", "P", date(2024, 4, 1)))
    names = ["size_class_rank", "is_known_customer", "industry_customer_count"]
    assert features_reading(book, cases, names, ["size_class"]) == ("size_class_rank",)
    assert features_reading(book, cases, names, ["industry"]) == ("industry_customer_count",)
    assert features_reading(book, cases, names) == ()
