"""The real Datarisk extract: its counts, its totals, and nothing new the second time."""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from data.book import open_book
from data.ingest import Counts, ingest
from data.lake import Lake
from data.mapping import load_mapping

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def taken(datarisk, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("datarisk") / "lake")
    return lake, ingest(datarisk, load_mapping("datarisk"), lake, received_at=NOW)


@pytest.fixture(scope="module")
def plain(datarisk):
    """The payments file as the csv module reads it, written apart from the code under test."""
    with (datarisk / "base_pagamentos.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    for row in rows:
        issued, due, paid = (row[f"DATA_{name}"] for name in ("EMISSAO_DOCUMENTO", "VENCIMENTO", "PAGAMENTO"))
        row |= {"issued": date.fromisoformat(issued), "due": date.fromisoformat(due)}
        row |= {"paid": date.fromisoformat(paid) if paid else None, "amount": Decimal(row["VALOR_A_PAGAR"] or 0)}
    return rows


def test_counts(taken):
    assert taken[1].counts == {
        "customers": Counts(read=1260, accepted=1260, quarantined=0, added=1260),
        # 25 due before issue and 21 more than 400 days after; 42 of those 46 are paid.
        "invoices": Counts(read=67_686, accepted=67_640, quarantined=46, added=67_640),
        # 67,686 - 1,816 open; 42 with their invoice and 1 dated more than 180 days before issue.
        "payments": Counts(read=65_870, accepted=65_827, quarantined=43, added=65_827),
        "allocations": Counts(read=65_870, accepted=65_827, quarantined=43, added=65_827),
        "customer_financials": Counts(read=17_847, accepted=17_847, quarantined=0, added=17_847),
    }
    assert taken[1].reasons["invoices"] == {"due_before_issue": 25, "due_too_late": 21}
    assert taken[1].reasons["payments"] == {"invoice_refused": 42, "paid_long_before_issue": 1}
    assert not [warning for warning in taken[1].warnings if "refer to" in warning]


def test_totals_agree_with_a_plain_reading(taken, plain):
    kept = [row for row in plain if row["issued"] <= row["due"] <= row["issued"] + timedelta(days=400)]
    paid = [row for row in kept if row["paid"] and row["paid"] >= row["issued"] - timedelta(days=180)]
    invoices, payments = taken[0].read("invoices"), taken[0].read("payments")
    assert (len(kept), len(paid)) == (invoices.num_rows, payments.num_rows)
    assert sum(filter(None, invoices["amount"].to_pylist())) == sum(row["amount"] for row in kept)
    assert sum(filter(None, payments["amount"].to_pylist())) == sum(row["amount"] for row in paid)
    assert invoices["amount"].null_count == sum(row["VALOR_A_PAGAR"] == "" for row in kept)
    assert {row["ID_CLIENTE"] for row in kept} == set(invoices["customer_id"].to_pylist())


def test_the_invoice_of_the_impossible_payment_stays_with_an_unknown_outcome(taken):
    unknown = [row for row in taken[0].read("invoices").to_pylist() if row["outcome_unknown"]]
    assert len(unknown) == 1
    paid = set(taken[0].read("allocations")["invoice_id"].to_pylist())
    assert unknown[0]["invoice_id"] not in paid


def test_keys_are_unique_and_payments_find_their_invoices(taken):
    invoices, allocations = taken[0].read("invoices"), taken[0].read("allocations")
    assert len(set(invoices["invoice_id"].to_pylist())) == invoices.num_rows
    assert set(allocations["invoice_id"].to_pylist()) <= set(invoices["invoice_id"].to_pylist())


def test_a_second_run_changes_nothing_even_in_another_order(taken, datarisk, tmp_path):
    lake = taken[0]
    before, quarantine = lake.data_version(), lake.quarantine()
    for name in ("base_cadastral.csv", "base_pagamentos.csv", "base_info.csv"):
        header, *rows = (datarisk / name).read_text(encoding="utf-8").splitlines()
        (tmp_path / name).write_text("\n".join([header, *reversed(rows)]), encoding="utf-8")
    again = ingest(tmp_path, load_mapping("datarisk"), lake, received_at=NOW + timedelta(days=1))
    assert {(counts.added, counts.corrected) for counts in again.counts.values()} == {(0, 0)}
    assert lake.data_version() == before
    assert lake.quarantine() == quarantine
    assert quarantine.num_rows == 46 + 43 + 43


def test_the_book_of_it_is_in_its_currency(taken):
    book = open_book(taken[0])
    assert book.currency == "BRL"
    assert book["invoices"].count().execute() == 67_640
