"""The reference's counts on the Datarisk book, from its files through our own mapping."""

from datetime import UTC, date, datetime

import pytest

from data.book import open_book
from data.ingest import ingest
from data.lake import Lake
from data.mapping import load_mapping
from training.cases.cohort import customer_cohort, month_firsts
from training.cases.facts import folded
from training.cases.label import default, late

KNOWN = date(2021, 3, 1)


@pytest.fixture(scope="module")
def book(datarisk, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    ingest(datarisk, load_mapping("datarisk"), lake, received_at=datetime(2021, 3, 1, tzinfo=UTC))
    return open_book(lake)


@pytest.fixture(scope="module")
def rows(book):
    return folded(book)


def test_late_invoices_of_2020_09_to_12(rows):
    found = late(rows, 5, KNOWN).to_pandas()
    issued = found[(found["issued_on"] >= "2020-09-01") & (found["issued_on"] <= "2020-12-31")]
    assert (len(issued), issued["bad"].sum()) == (9_509, 505)


# The reference names its cohorts by t and counts outcomes in (t, t + 180], as we do with as_of = t; it asks for no
# cure, and an item settled on t itself is settled for us, open for it: on this book no case differs by that.
@pytest.mark.parametrize(
    ("dpd", "cured_days", "n", "bad", "customers"),
    [
        pytest.param(30, 0, 5_518, 266, 91, id="30 as the reference"),
        pytest.param(60, 0, 5_559, 135, 45, id="60 as the reference"),
        pytest.param(90, 0, 5_585, 94, 32, id="90 as the reference"),
        pytest.param(30, 90, 5_329, 226, 82, id="30, cured for 90 days"),
        pytest.param(60, 90, 5_477, 120, 40, id="60, cured for 90 days"),
        pytest.param(90, 90, 5_521, 82, 28, id="90, cured for 90 days"),
    ],
)
def test_default_cohorts_of_2020_04_to_09(book, rows, dpd, cured_days, n, bad, customers):
    firsts = month_firsts(date(2020, 4, 1), date(2020, 9, 1))
    cohort = customer_cohort(book, rows, firsts, dpd=dpd, cured_days=cured_days)
    found = default(rows, book["credit_events"], cohort, dpd=dpd, horizon=180, known_on=KNOWN).to_pandas()
    assert (len(found), found["bad"].sum(), found[found["bad"]]["customer_id"].nunique()) == (n, bad, customers)
