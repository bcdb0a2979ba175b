"""Rows that a source withdraws: by saying so, or by leaving them out of a full extract."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from data.deletions import TooManyDeletionsError, held_in_full
from data.delivery import Options
from data.ingest import Counts, ingest, ingest_tables
from data.lake import DeliveryOutOfOrderError, Lake
from data.mapping import SourceMapping

FULL = {
    "source": "erp",
    "description": "",
    "delimiter": ",",
    "currency": "EUR",
    "files": [
        {
            "file": "invoices.csv",
            "full_extract": True,
            "tables": {
                "invoices": {
                    "columns": {
                        "invoice_id": {"from": "id"},
                        "customer_id": {"value": "C1"},
                        "issued_on": {"from": "issued"},
                        "due_on": {"from": "issued"},
                        "amount": {"from": "amount"},
                        "outcome_unknown": {"value": False},
                        "is_deleted": {"from": "gone", "equals": "X"},
                        "known_at": {"from": "issued"},
                    }
                }
            },
        }
    ],
}
ANYTHING = Options(allow_deletions=True)


def at(month, day=1):
    return datetime(2024, month, day, tzinfo=UTC)


@pytest.fixture
def send(tmp_path):
    """``send(month, "1,2024-01-10,100,", ...)``: ingest a full extract received in that month."""
    lake = Lake(tmp_path / "lake", threads=1)

    def sent(month, *lines, options=Options(), **mapping):  # noqa: B008 (frozen)
        (tmp_path / "invoices.csv").write_text("\n".join(["id,issued,amount,gone", *lines]) + "\n")
        made = SourceMapping.model_validate(FULL | mapping)
        report = ingest(tmp_path, made, lake, received_at=at(month), options=options)
        return report.counts["invoices"], report.warnings

    sent.lake = lake
    return sent


def lines(*numbers, gone=()):
    return [f"{n},2024-01-{n + 9},{n * 100},{'X' if n in gone else ''}" for n in numbers]


def story(lake):
    """Of each version: invoice, month of knowledge, whether it is withdrawn."""
    return [(row["invoice_id"], row["known_at"].month, row["is_deleted"]) for row in lake.read("invoices").to_pylist()]


def test_what_is_missing_is_withdrawn_and_may_return(send):
    assert send(2, *lines(*range(1, 7)))[0] == Counts(read=6, accepted=6, quarantined=0, added=6)
    withdrawn = Counts(read=5, accepted=5, quarantined=0, unchanged=5, deleted=1, absent=1)
    assert send(3, *lines(*range(1, 6)))[0] == withdrawn
    assert send(4, *lines(*range(1, 6)))[0] == Counts(read=5, accepted=5, quarantined=0, unchanged=5)
    assert send(5, *lines(*range(1, 7)))[0] == Counts(read=6, accepted=6, quarantined=0, corrected=1, unchanged=5)
    assert [row for row in story(send.lake) if row[0] == "6"] == [("6", 1, False), ("6", 3, True), ("6", 5, False)]
    kept = send.lake.read("invoices").to_pylist()[6]
    assert (kept["is_deleted"], kept["amount"], kept["issued_on"]) == (True, Decimal(600), date(2024, 1, 15))


def test_a_row_that_says_it_is_withdrawn_needs_no_values(send):
    send(2, *lines(1, 2))
    report = send(3, *lines(1), "2,,,X")
    assert report[0] == Counts(read=2, accepted=1, quarantined=1, unchanged=1)  # without known_at it cannot be placed
    assert send(4, *lines(1), "2,2024-01-11,,X")[0] == Counts(2, 2, 0, unchanged=1, deleted=1)
    assert send(5, *lines(1), "2,2024-01-11,0,X")[0] == Counts(2, 2, 0, unchanged=2)
    assert story(send.lake) == [("1", 1, False), ("2", 1, False), ("2", 4, True)]
    assert send.lake.read("invoices")["amount"].to_pylist() == [100, 200, 200]


def test_a_withdrawal_of_what_nobody_knows_is_kept(send):
    assert send(2, *lines(1, gone=(1,)))[0] == Counts(1, 1, 0, deleted=1)


def test_too_much_at_once_is_refused_until_it_is_allowed(send):
    send(2, *lines(*range(1, 11)))
    assert send(3, *lines(*range(1, 9)))[0].deleted == 2  # 2 of 10 is 20 %
    before = send.lake.data_version()
    message = r"invoices: the extract lacks 2 of the 8 rows .*\(first: invoice_id 7\), more than the 20%"
    with pytest.raises(TooManyDeletionsError, match=message):
        send(4, *lines(*range(1, 7)), "99,2024-01-10,5,")
    assert send.lake.data_version() == before
    assert send(4, *lines(*range(1, 7)), options=Options(largest_deletion=0.25))[0].deleted == 2
    assert send(5, options=ANYTHING)[0] == Counts(read=0, accepted=0, quarantined=0, deleted=6, absent=6)


def test_a_refused_row_is_not_missing(send):
    send(2, *lines(1, 2))
    counts, warnings = send(3, *lines(1), "2,2024-01-11,-5,")
    assert (counts.quarantined, counts.deleted) == (1, 0)
    assert not [warning for warning in warnings if "withdrawn" in warning]


@pytest.mark.parametrize("line", ["2;2024-01-11", ",2024-01-11,100,"])
def test_records_without_a_key_may_be_the_missing_ones(send, line):
    send(2, *lines(1, 2))
    counts, warnings = send(3, *lines(1), line)
    assert counts.deleted == 0
    expected = "Nothing was withdrawn from invoices: 1 of its records cannot be read"
    assert any(expected in warning for warning in warnings)


def test_an_older_full_extract_withdraws_nothing(send):
    send(4, *lines(1, 2, 3))
    counts, warnings = send(3, *lines(1), options=ANYTHING)
    assert counts == Counts(1, 1, 0, unchanged=1)
    assert warnings[-1].startswith("Nothing was withdrawn from invoices: a newer full extract, of 2024-04-01")


def test_of_other_sources_nothing_is_withdrawn(send, table):
    other = table("invoices", {"invoice_id": "foreign", "source": "other"})
    ingest_tables({"invoices": other}, send.lake, received_at=at(2))
    send(3, *lines(1))
    assert send(4, options=ANYTHING)[0].deleted == 1
    assert story(send.lake) == [("1", 1, False), ("1", 4, True), ("foreign", 1, False)]


def test_two_extracts_of_one_day_that_contradict_each_other(send):
    extracted = {"extracted_on": date(2024, 2, 1), "restates_past": True}
    send(2, *lines(1, 2), **extracted)
    send(2, *lines(1, 2), "3,2024-01-12,1,", **extracted)
    send(2, *lines(1, 2, 3), **extracted)
    with pytest.raises(DeliveryOutOfOrderError, match="1 rows of invoices differ"):
        send(2, *lines(1, 2), options=ANYTHING, **extracted)


def test_a_table_is_full_only_if_all_that_fills_it_is():
    columns = FULL["files"][0]["tables"]["invoices"]
    entry = {"tables": {"invoices": columns}}

    def full(*files, read):
        mapping = SourceMapping.model_validate(FULL | {"files": [entry | file for file in files]})
        return held_in_full(mapping, read)

    is_full, is_not = {"file": "a.csv", "full_extract": True}, {"file": "b.csv"}
    also = {"file": "b.csv", "full_extract": True, "optional": True}
    assert full(is_full, also, read={"a.csv", "b.csv"}) == (frozenset({"invoices"}), ())
    assert full(is_full, also, read={"a.csv"}) == (frozenset(), (("invoices", "b.csv did not come"),))
    assert full(is_full, is_not, read={"a.csv", "b.csv"})[1] == (("invoices", "b.csv is not a full extract"),)
    assert full(is_not, read={"b.csv"}) == (frozenset(), ())
    table_says = {"file": "a.csv", "tables": {"invoices": columns | {"full_extract": True}}}
    assert full(table_says, read={"a.csv"})[0] == {"invoices"}


def test_contract_files_may_be_full_extracts(tmp_path, table):
    lake, folder = Lake(tmp_path / "lake", threads=1), tmp_path / "drop"
    folder.mkdir()
    files = [{"file": "invoices.parquet", "full_extract": True}]
    mapping = SourceMapping.model_validate({"source": "drop", "description": "", "kind": "parquet", "files": files})
    for month, ids in ((2, "abcdef"), (3, "abcde")):
        pq.write_table(table("invoices", *({"invoice_id": name} for name in ids)), folder / "invoices.parquet")
        counts = ingest(folder, mapping, lake, received_at=at(month)).counts["invoices"]
    assert (counts.unchanged, counts.deleted) == (5, 1)
