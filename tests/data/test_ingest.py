"""Ingest: each row accounted for, the same extract twice is one, and refusals say why."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from data.ingest import Counts, IngestReport, RowsUnaccountedForError, ingest, ingest_tables
from data.lake import DeliveryOutOfOrderError, Lake, NotAContractTableError
from data.mapping import load_mapping
from data.sources import SourceFileError

DATARISK = load_mapping("datarisk")
NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
C = "1661240395903230676"
PLAIN = f"{C};2018-08;2018-08-17;2018-09-06;2018-09-06;35516.41;6.99"
OPEN = f"{C};2021-02;2021-02-10;;2021-03-10;100.5;6.99"


def item(issued="2020-01-10", paid="2020-02-10", due="2020-02-10", amount="100.00", customer=C, rate="6.99"):
    return f"{customer};{issued[:7]};{issued};{paid};{due};{amount};{rate}"


@pytest.fixture
def taken(tmp_path, extract):
    """``taken(payments=[line, ...])``: the lake and the report after one ingest."""

    def ingested(**files):
        lake = Lake(tmp_path / "lake", threads=1)
        return lake, ingest(extract(tmp_path / "extract", **files), DATARISK, lake, received_at=NOW)

    return ingested


def refused(lake):
    """(table, line, reason code) of each quarantined row."""
    rows = lake.quarantine().to_pylist()
    return sorted((row["table"], row["line"], row["reason_code"]) for row in rows)


def test_one_paid_invoice_becomes_three_rows(taken):
    lake, report = taken(payments=[PLAIN])
    invoice, payment, allocation = (lake.read(name).to_pylist()[0] for name in ("invoices", "payments", "allocations"))
    assert {name: value for name, value in invoice.items() if value is not None} == {
        "invoice_id": invoice["invoice_id"],
        "customer_id": C,
        "issued_on": date(2018, 8, 17),
        "due_on": date(2018, 9, 6),
        "amount": Decimal("35516.4100"),
        "currency": "BRL",
        "interest_rate": Decimal("6.990000"),
        "outcome_unknown": False,
        "is_deleted": False,
        "known_at": datetime(2018, 8, 17, tzinfo=UTC),
        "source": "datarisk",
    }
    assert (payment["paid_on"], payment["amount"]) == (date(2018, 9, 6), Decimal("35516.4100"))
    assert payment["known_at"] == datetime(2018, 9, 6, tzinfo=UTC)
    assert (allocation["payment_id"], allocation["invoice_id"]) == (payment["payment_id"], invoice["invoice_id"])
    assert allocation["clears_invoice"]
    assert report.counts["invoices"] == Counts(read=1, accepted=1, quarantined=0, added=1)


def test_the_derived_key_is_what_the_definition_says(taken):
    """sha256 over length and text of customer, issue, due, amount, rate and ordinal; 20 digits of it."""
    import hashlib

    lake, _ = taken(payments=[PLAIN])
    parts = [C, "2018-08-17", "2018-09-06", "35516.4100", "6.990000", "1"]
    digits = hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()[:20]
    assert lake.read("invoices")["invoice_id"].to_pylist() == [f"i-{digits}"]


def test_an_open_invoice_has_no_payment(taken):
    lake, report = taken(payments=[OPEN])
    assert report.counts["payments"] == Counts(read=0, accepted=0, quarantined=0)
    assert lake.read("invoices")["outcome_unknown"].to_pylist() == [False]


def test_equals_are_numbered_by_payment_date_open_last(taken):
    lake, _ = taken(payments=[item(paid=""), item(paid="2020-03-01"), item(paid="2020-02-01"), item(amount="100")])
    assert lake.read("invoices").num_rows == 4
    assert lake.read("payments").num_rows == 3  # 100 and 100.00 are one amount


def test_paying_later_keeps_the_key(tmp_path, extract):
    lake = Lake(tmp_path / "lake", threads=1)
    ingest(extract(tmp_path / "a", payments=[item(paid=""), item(paid="2020-02-01")]), DATARISK, lake, received_at=NOW)
    later = extract(tmp_path / "b", payments=[item(paid="2020-03-01"), item(paid="2020-02-01")])
    report = ingest(later, DATARISK.extracted(date(2021, 4, 1)), lake, received_at=NOW)
    assert report.counts["invoices"] == Counts(read=2, accepted=2, quarantined=0, unchanged=2)
    assert report.counts["payments"] == Counts(read=2, accepted=2, quarantined=0, added=1, unchanged=1)


@pytest.mark.parametrize(
    ("line", "codes", "kept"),
    [
        pytest.param(item(due="2020-01-09"), {"due_before_issue", "invoice_refused"}, [], id="due before issue"),
        pytest.param(item(due="2021-02-14"), {"due_too_late", "invoice_refused"}, [], id="due after 401 days"),
        pytest.param(item(due="2021-02-13"), set(), [False], id="due after 400 days"),
        pytest.param(item(paid="2019-07-14"), set(), [False], id="prepaid by 180 days"),
        pytest.param(item(paid="2019-07-13"), {"paid_long_before_issue"}, [True], id="prepaid by 181 days"),
        pytest.param(item(paid="2021-03-01"), set(), [False], id="paid on the day of the extract"),
        pytest.param(item(paid="2021-03-02"), {"paid_after_extract"}, [True], id="paid after the extract"),
        pytest.param(item(paid="2020-02-30"), {"unreadable_value"}, [True], id="paid on no day"),
        pytest.param(item(amount=""), set(), [False], id="a missing amount"),
        pytest.param(item(amount="0"), {"amount_not_positive"}, [], id="a zero amount"),
        pytest.param(item(amount="1e5"), {"unreadable_value"}, [], id="an amount in powers of ten"),
        pytest.param(item(amount="1.23456"), {"unreadable_value"}, [], id="an amount with five places"),
        pytest.param(item(issued="2021-03-02", due="2021-04-01", paid=""), {"known_after_receipt"}, [], id="future"),
        pytest.param(item(customer=""), {"missing_value"}, [], id="no customer"),
        pytest.param("a;b;c", {"values_do_not_match_header"}, [], id="three values"),
    ],
)
def test_what_becomes_of_a_row(taken, line, codes, kept):
    lake, report = taken(payments=[PLAIN, line])
    assert {code for _, row, code in refused(lake) if row == 3} == codes
    assert {row for _, row, _ in refused(lake)} <= {3}
    others = [row for row in lake.read("invoices").to_pylist() if row["issued_on"] != date(2018, 8, 17)]
    assert [row["outcome_unknown"] for row in others] == kept
    # A payment is in the lake exactly if its invoice's outcome is known from it.
    assert lake.read("payments").num_rows == lake.read("allocations").num_rows == 1 + kept.count(False)
    assert report.counts["invoices"].read == 2


def test_a_quarantined_row_says_where_it_stood_why_and_what_it_said(taken):
    lake, _ = taken(payments=[PLAIN, "", item(due="2020-01-09", paid="")])
    (row,) = lake.quarantine().to_pylist()
    assert (row["table"], row["file"], row["line"]) == ("invoices", "base_pagamentos.csv", 4)
    assert row["reason"] == "The invoice falls due before it was issued."
    assert json.loads(row["raw"])["DATA_VENCIMENTO"] == "2020-01-09"
    assert json.loads(row["raw"])["ID_CLIENTE"] == C


def test_master_data(taken):
    lake, report = taken(
        customers=["0012345678901234567;2013-08-22;(4;X;;;;na", f"{C};2014-01-01;11;;Comércio;BOL;GRANDE;65"]
    )
    first, second = lake.read("customers").to_pylist()
    assert first["customer_id"] == "0012345678901234567"
    assert first["is_natural_person"]
    assert [first[name] for name in ("area_code", "postcode_prefix", "industry", "size_class")] == [None] * 4
    assert first["known_at"] == datetime(2013, 8, 22, tzinfo=UTC)
    assert (second["size_class"], second["area_code"], second["industry"]) == ("LARGE", "11", "Comércio")
    assert [warning.split(":")[1] for warning in report.warnings] == [
        " 1 values of DDD do not fit area_code and count as unknown.",
        " 1 values of CEP_2_DIG do not fit postcode_prefix and count as unknown.",
    ]


def test_figures_are_known_from_the_first_of_their_month(taken):
    lake, _ = taken(info=[f"{C};2018-09;16913.0;141.0", f"{C};2018-10;;"])
    first, second = lake.read("customer_financials").to_pylist()
    assert (first["period_start_on"], first["revenue"], first["employees"]) == (date(2018, 9, 1), Decimal(16913), 141)
    assert first["known_at"] == datetime(2018, 9, 1, tzinfo=UTC)
    assert (second["revenue"], second["employees"], second["currency"]) == (None, None, "BRL")


def test_a_receivable_of_a_customer_nobody_described_is_kept_and_counted(taken):
    lake, report = taken(payments=[item(customer="7")])
    assert lake.read("invoices").num_rows == 1
    assert report.warnings == (
        "1 rows of invoices refer to customers that neither the delivery nor the lake holds; they are kept.",
    )


def test_nothing_is_written_when_a_file_cannot_be_read(tmp_path, extract):
    folder = extract(tmp_path / "extract", payments=[PLAIN])
    (folder / "base_info.csv").unlink()
    with pytest.raises(SourceFileError, match=r"base_info\.csv"):
        ingest(folder, DATARISK, Lake(tmp_path / "lake"), received_at=NOW)
    assert not (tmp_path / "lake").exists()


def test_progress_names_the_steps(tmp_path, extract):
    said = []
    folder = extract(tmp_path / "extract", payments=[PLAIN])
    ingest(folder, DATARISK, Lake(tmp_path / "lake"), received_at=NOW, progress=said.append)
    assert said[0] == "base_cadastral.csv: 1 rows read"
    assert said[-1] == "customer_financials: writing"


def test_a_time_of_receipt_needs_a_zone(tmp_path):
    with pytest.raises(ValueError, match="must have a zone"):
        ingest_tables({}, Lake(tmp_path), received_at=datetime(2024, 1, 1))  # noqa: DTZ001


def test_a_report_that_does_not_add_up_is_refused():
    with pytest.raises(
        RowsUnaccountedForError, match="invoices: 3 rows were read, but 1 were accepted and 1 quarantined"
    ):
        IngestReport({"invoices": Counts(read=3, accepted=1, quarantined=1)})


class DiesBefore(Lake):
    """A lake whose process is killed before it writes one of the tables."""

    def __init__(self, root, table):
        super().__init__(root, threads=1)
        self.table = table

    def carry_out(self, plan):
        if plan.name == self.table and plan.rows.num_rows:
            raise KeyboardInterrupt
        return super().carry_out(plan)


@pytest.mark.parametrize("table", ["quarantine", "invoices", "allocations"])
def test_a_run_that_was_killed_is_completed_by_running_it_again(tmp_path, extract, table):
    folder = extract(tmp_path / "extract", payments=[PLAIN, OPEN, item(due="2020-01-09")], info=[f"{C};2018-09;1;2"])
    whole, killed = Lake(tmp_path / "whole", threads=1), Lake(tmp_path / "killed", threads=1)
    ingest(folder, DATARISK, whole, received_at=NOW)
    with pytest.raises(KeyboardInterrupt):
        ingest(folder, DATARISK, DiesBefore(killed.root, table), received_at=NOW)
    assert killed.data_version() != whole.data_version()
    ingest(folder, DATARISK, killed, received_at=NOW)
    assert killed.data_version() == whole.data_version()
    assert killed.quarantine() == whole.quarantine()


def test_a_late_correction_of_master_data_keeps_both_versions(tmp_path, extract):
    lake = Lake(tmp_path / "lake", threads=1)
    ingest(extract(tmp_path / "a"), DATARISK, lake, received_at=NOW)
    grown = extract(tmp_path / "b", customers=[f"{C};2013-08-22;99;;Comércio;YAHOO;GRANDE;65"])
    later = DATARISK.extracted(date(2021, 4, 1))
    assert ingest(grown, later, lake, received_at=NOW).counts["customers"].corrected == 1
    versions = [(row["size_class"], row["known_at"].date()) for row in lake.read("customers").to_pylist()]
    assert versions == [("SMALL", date(2013, 8, 22)), ("LARGE", date(2021, 4, 1))]
    assert ingest(grown, later, lake, received_at=NOW).counts["customers"].unchanged == 1
    with pytest.raises(DeliveryOutOfOrderError, match="Deliver extracts in the order of their dates"):
        ingest(extract(tmp_path / "a"), DATARISK, lake, received_at=NOW)


def test_contract_tables_go_by_the_same_rules(tmp_path, table):
    lake = Lake(tmp_path, threads=1)
    tables = {
        "invoices": table("invoices", {}, {"invoice_id": "I2", "due_on": date(2024, 1, 9)}),
        "payments": table("payments", {}, {"payment_id": "P2"}, {"payment_id": "P3"}),
        "allocations": table(
            "allocations",
            {"amount": Decimal(60)},
            {"payment_id": "P2", "invoice_id": "I2"},
            {"payment_id": "P1", "invoice_id": "I2", "amount": Decimal(40)},
        ),
    }
    report = ingest_tables(tables, lake, received_at=NOW)
    assert refused(lake) == [
        ("allocations", 2, "invoice_refused"),
        ("allocations", 3, "invoice_refused"),
        ("invoices", 2, "due_before_issue"),
        ("payments", 2, "invoice_refused"),
    ]
    # P1 pays something that stays, P3 is unapplied cash.
    assert lake.read("payments")["payment_id"].to_pylist() == ["P1", "P3"]
    assert report.reasons["allocations"] == {"invoice_refused": 2}
    assert "1 rows of invoices refer to customers" in report.warnings[0]


def test_an_allocation_to_an_invoice_nobody_sent_is_kept_and_counted(tmp_path, table):
    report = ingest_tables({"allocations": table("allocations", {})}, Lake(tmp_path), received_at=NOW)
    assert report.counts["allocations"].accepted == 1
    assert "1 rows of allocations refer to invoices" in report.warnings[0]


def test_an_impossible_payment_of_an_invoice_of_an_earlier_delivery(tmp_path, table):
    lake = Lake(tmp_path, threads=1)
    ingest_tables({"invoices": table("invoices", {})}, lake, received_at=datetime(2024, 2, 1, tzinfo=UTC))
    early = {"paid_on": date(2023, 7, 1)}
    payment = {
        "payments": table("payments", early),
        "allocations": table("allocations", {"allocated_on": date(2023, 7, 1)}),
    }
    for received_at in (datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)):
        ingest_tables(payment, lake, received_at=received_at)
    versions = [(row["outcome_unknown"], row["known_at"].month) for row in lake.read("invoices").to_pylist()]
    assert versions == [(False, 1), (True, 3)]
    assert lake.read("payments").num_rows == 0


def test_a_new_version_of_an_invoice_that_loses_its_payment_is_the_one_that_counts(tmp_path, table):
    lake = Lake(tmp_path, threads=1)
    ingest_tables({"invoices": table("invoices", {})}, lake, received_at=datetime(2024, 2, 1, tzinfo=UTC))
    march = datetime(2024, 3, 1, tzinfo=UTC)
    delivery = {
        "invoices": table("invoices", {"amount": Decimal(120), "known_at": march}),
        "allocations": table("allocations", {"allocated_on": date(2023, 7, 1)}),
    }
    ingest_tables(delivery, lake, received_at=march)
    versions = [(int(row["amount"]), row["outcome_unknown"]) for row in lake.read("invoices").to_pylist()]
    assert versions == [(100, False), (120, True)]


def test_parquet_files_of_contract_tables(tmp_path, table):
    folder, lake = tmp_path / "drop", Lake(tmp_path / "lake", threads=1)
    folder.mkdir()
    with pytest.raises(FileNotFoundError, match=r"holds none of customers\.parquet"):
        ingest(folder, load_mapping("contract"), lake, received_at=NOW)
    pq.write_table(table("invoices", {}, {"invoice_id": "I2", "amount": Decimal(-1)}), folder / "invoices.parquet")
    report = ingest(folder, load_mapping("contract"), lake, received_at=NOW)
    assert report.counts == {"invoices": Counts(read=2, accepted=1, quarantined=1, added=1)}
    (row,) = lake.quarantine().to_pylist()
    assert (row["file"], row["line"], json.loads(row["raw"])["invoice_id"]) == ("invoices.parquet", 2, "I2")


def test_tables_that_do_not_fit_are_refused_as_a_whole(tmp_path, table):
    with pytest.raises(NotAContractTableError, match=r"lacks \['due_on'\]"):
        ingest_tables({"invoices": table("invoices", {}).drop_columns(["due_on"])}, Lake(tmp_path), received_at=NOW)


days = st.sampled_from(["2019-07-13", "2020-01-09", "2020-01-10", "2020-02-10", "2021-03-02", "", "x"])
lines = st.lists(
    st.builds(
        item,
        issued=st.sampled_from(["2020-01-10", "2020-01-11", ""]),
        paid=days,
        due=days,
        amount=st.sampled_from(["100.00", "100", "", "0", "7.10"]),
    )
    | st.sampled_from(["a;b", PLAIN, OPEN]),
    max_size=12,
)


@hypothesis_settings(max_examples=8)
@given(lines, st.randoms(use_true_random=False))
def test_any_extract_adds_up_and_neither_order_nor_repetition_matters(tmp_path_factory, extract, lines, random):
    folder = tmp_path_factory.mktemp("law")
    one, other = Lake(folder / "one", threads=1), Lake(folder / "other", threads=1)
    report = ingest(extract(folder / "a", payments=lines), DATARISK, one, received_at=NOW)
    shuffled = random.sample(lines, len(lines))
    ingest(extract(folder / "b", payments=shuffled), DATARISK, other, received_at=NOW)
    assert one.data_version() == other.data_version()
    same = [name for name in one.quarantine().column_names if name != "line"]
    assert one.quarantine().select(same) == other.quarantine().select(same)

    assert report.counts["invoices"].read == len(lines)
    for name, counts in report.counts.items():
        assert counts.accepted == counts.added + counts.corrected + counts.unchanged
        assert counts.quarantined == refused_of(one, name) == sum(report.reasons[name].values())
    again = ingest(folder / "b", DATARISK, one, received_at=NOW)
    assert all(counts.added == counts.corrected == 0 for counts in again.counts.values())
    assert one.quarantine().num_rows == other.quarantine().num_rows
    assert one.data_version() == other.data_version()


def refused_of(lake, name):
    return pa.compute.sum(pa.compute.equal(lake.quarantine()["table"], name)).as_py() or 0
