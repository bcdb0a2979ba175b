"""The SAP layout: the real sample, and its quirks one by one."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from data.ingest import Counts, ingest
from data.lake import Lake
from data.mapping import load_mapping
from tests.conftest import SHARED_DATA

NOW = datetime(2026, 1, 5, tzinfo=UTC)
NO_DUE_DATE = ["unreadable_value", "invoice_refused", "invoice_refused"]
HEADER = (
    "business_code,cust_number,name_customer,clear_date,buisness_year,doc_id,posting_date,document_create_date,"
    "document_create_date,due_in_date,invoice_currency,document type,posting_id,area_business,total_open_amount,"
    "baseline_create_date,cust_payment_terms,invoice_id,isOpen"
)


@pytest.fixture(scope="module")
def sample():
    folder = SHARED_DATA / "sap_extract"
    if not folder.is_dir():
        pytest.skip("the SAP sample is not beside this checkout (../shared/data/sap_extract)")
    return folder.resolve()


@pytest.fixture(scope="module")
def taken(sample, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("sap") / "lake", threads=1)
    return lake, ingest(sample, load_mapping("sap"), lake, received_at=NOW)


def line(
    code="U001", customer="0200769623", name="WAL-MAR", cleared="2019-05-06 00:00:00", year="2019.0",
    doc="1929205837.0",
    posted="2019-04-25", due="20190510.0", currency="USD", amount="47462.61", terms="NAH4", is_open="0",
):  # fmt: skip
    day = posted.replace("-", "")
    first = [code, customer, name, cleared, year, doc, posted, day, day, due, currency, "RV", "1.0", ""]
    return ",".join([*first, amount, f"{day}.0", terms, doc, is_open])


@pytest.fixture
def rows(tmp_path):
    """``rows(line(), ...)``: lake and report of an extract of these lines."""

    def ingested(*lines):
        folder = tmp_path / "extract"
        folder.mkdir(exist_ok=True)
        (folder / "ar.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
        lake = Lake(tmp_path / "lake", threads=1)
        return lake, ingest(folder, load_mapping("sap"), lake, received_at=NOW)

    return ingested


def test_all_rows_of_the_sample_are_accepted_and_add_up(taken):
    lake, report = taken
    assert {name: (c.read, c.accepted, c.quarantined) for name, c in report.counts.items()} == dict.fromkeys(
        ("customers", "invoices", "payments", "allocations"), (19, 19, 0)
    )
    # 19 rows of 16 customers: 0200704858 and CCU013 twice, 0200769623 once with and once without its zero.
    assert (report.counts["customers"].added, report.counts["customers"].unchanged) == (16, 3)
    assert lake.quarantine().num_rows == 0


def test_totals_agree_with_a_plain_reading(taken, sample):
    with (sample / "raw_format_sample.csv").open(encoding="utf-8", newline="") as file:
        plain = list(csv.DictReader(file))
    for table in ("invoices", "payments"):
        found = taken[0].read(table).to_pylist()
        for currency in ("USD", "CAD"):
            assert sum(row["amount"] for row in found if row["currency"] == currency) == sum(
                Decimal(row["total_open_amount"]) for row in plain if row["invoice_currency"] == currency
            )
    assert {row["terms_code"] for row in taken[0].read("invoices").to_pylist()} == {
        row["cust_payment_terms"] for row in plain
    }


def test_one_document_in_full(taken):
    (invoice,) = [r for r in taken[0].read("invoices").to_pylist() if r["invoice_id"] == "U001-1929623640-2019"]
    assert {
        name: invoice[name] for name in ("customer_id", "issued_on", "due_on", "amount", "currency", "terms_code")
    } == {
        "customer_id": "0200769623",  # written 200769623
        "issued_on": date(2019, 7, 18),  # posted; first created on the 16th
        "due_on": date(2019, 8, 2),
        "amount": Decimal("48524.2100"),
        "currency": "USD",
        "terms_code": "NAH4",
    }
    (paid,) = [r for r in taken[0].read("payments").to_pylist() if r["payment_id"] == "U001-1929623640-2019"]
    assert (paid["paid_on"], paid["amount"]) == (date(2019, 7, 29), Decimal("48524.2100"))
    (part,) = [r for r in taken[0].read("allocations").to_pylist() if r["invoice_id"] == "U001-1929623640-2019"]
    assert part["clears_invoice"]


def test_the_sample_again_changes_nothing(taken, sample):
    before = taken[0].data_version()
    again = ingest(sample, load_mapping("sap"), taken[0], received_at=datetime(2026, 2, 1, tzinfo=UTC))
    assert {(c.added, c.corrected) for c in again.counts.values()} == {(0, 0)}
    assert taken[0].data_version() == before


def test_no_name_of_a_customer_is_kept(taken):
    texts = {
        str(value)
        for name in ("customers", "invoices")
        for row in taken[0].read(name).to_pylist()
        for value in row.values()
    }
    assert not [text for text in texts if "WAL-MAR" in text or "WEGMAN" in text]


def test_rows_of_one_customer_are_one_known_from_the_first_posting(rows):
    lake, report = rows(
        line(doc="1.0", name="WAL-MAR corp", posted="2019-04-25"),
        line(doc="2.0", customer=" 200769623 ", name="WAL-MAR", posted="2019-03-01"),
        line(doc="3.0", customer="CCCA02"),
    )
    found = [(row["customer_id"], row["known_at"].date()) for row in lake.read("customers").to_pylist()]
    assert found == [("0200769623", date(2019, 3, 1)), ("CCCA02", date(2019, 4, 25))]
    assert report.counts["customers"] == Counts(read=3, accepted=3, quarantined=0, added=2, unchanged=1)


def test_a_document_is_named_by_company_number_and_year(rows):
    lake, _ = rows(
        line(doc="5.0"), line(doc="5.0", code="CA02"), line(doc="0000000005", year="2020", cleared="2020-01-01")
    )
    assert lake.read("invoices")["invoice_id"].to_pylist() == [
        "CA02-0000000005-2019", "U001-0000000005-2019", "U001-0000000005-2020",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "kept", "codes"),
    [
        pytest.param({"is_open": "1", "cleared": ""}, (1, 0, False), [], id="open"),
        pytest.param({"is_open": "1.0", "cleared": ""}, (1, 0, False), [], id="open, as a decimal"),
        pytest.param({"is_open": "0", "cleared": ""}, (1, 0, True), ["missing_value"] * 2, id="cleared, not said when"),
        pytest.param({"is_open": "", "cleared": "20190506.0"}, (1, 1, False), [], id="not said to be open"),
        pytest.param({"due": "20190510"}, (1, 1, False), [], id="a day without .0"),
        pytest.param({"due": "2019-05-10"}, (1, 1, False), [], id="an ISO day"),
        pytest.param({"due": "20190510.5"}, (0, 0, None), NO_DUE_DATE, id="half a day"),
        pytest.param({"due": "2019510.0"}, (0, 0, None), NO_DUE_DATE, id="seven digits"),
        pytest.param({"doc": "1929205837.5"}, (0, 0, None), ["unreadable_value"] * 3, id="half a document"),
        pytest.param({"year": "19"}, (0, 0, None), ["unreadable_value"] * 3, id="a short year"),
        pytest.param({"code": "U-01"}, (0, 0, None), ["unreadable_value"] * 3, id="a company with the separator"),
        pytest.param({"code": ""}, (0, 0, None), ["missing_value"] * 3, id="no company"),
        pytest.param({"amount": "4.74E4"}, (0, 0, None), ["unreadable_value"] * 3, id="powers of ten"),
    ],
)  # fmt: skip
def test_quirks(rows, given, kept, codes):
    lake, report = rows(line(**given))
    invoices = lake.read("invoices").to_pylist()
    assert (len(invoices), lake.read("payments").num_rows) == kept[:2]
    assert [row["outcome_unknown"] for row in invoices] == ([kept[2]] if kept[0] else [])
    assert sorted(lake.quarantine()["reason_code"].to_pylist()) == sorted(codes)
    assert all(c.read == c.accepted + c.quarantined for c in report.counts.values())
