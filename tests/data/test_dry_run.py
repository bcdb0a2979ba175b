"""A dry run: the same counts as the run that follows, with examples, and nothing written."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from data.delivery import Options
from data.ingest import Change, Refusal, ingest, ingest_tables
from data.lake import DeliveryOutOfOrderError, Lake
from data.mapping import load_mapping

DRY = Options(dry_run=True)
JUNE = datetime(2024, 6, 1, tzinfo=UTC)
JULY = datetime(2024, 7, 1, tzinfo=UTC)


def content(folder):
    """Every file below a folder with what it holds."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_nothing_is_written_into_a_lake_that_is_not_there(tmp_path, table):
    lake = Lake(tmp_path / "lake", threads=1)
    report = ingest_tables({"invoices": table("invoices", {})}, lake, received_at=JUNE, options=DRY)
    assert (report.counts["invoices"].added, report.dry_run) == (1, True)
    assert not lake.root.exists()


def test_what_it_shows(tmp_path, table):
    lake = Lake(tmp_path / "lake", threads=1)
    ingest_tables({"invoices": table("invoices", {}, {"invoice_id": "I2"})}, lake, received_at=JUNE)
    before = content(lake.root)
    later = datetime(2024, 6, 15, tzinfo=UTC)
    delivery = {
        "invoices": table(
            "invoices",
            {"amount": Decimal(120), "order_id": "O1"},
            {"invoice_id": "I2", "is_deleted": True, "known_at": later},
            *({"invoice_id": f"X{n}", "due_on": date(2024, 1, 9)} for n in range(5)),
            {"invoice_id": "I3"},
            {"invoice_id": "I3", "amount": Decimal(7), "known_at": later},
        )
    }
    report = ingest_tables(delivery, lake, received_at=JULY, options=DRY)
    assert content(lake.root) == before
    assert report.reasons == {"invoices": {"due_before_issue": 5}}
    first = report.refusals["invoices"]["due_before_issue"]
    assert [row.line for row in first] == [3, 4, 5]
    assert isinstance(first[0], Refusal)
    assert first[0].reason == "The invoice falls due before it was issued."
    assert '"invoice_id":"X0"' in first[0].raw
    assert report.corrections["invoices"] == (
        Change({"invoice_id": "I1"}, JULY, {"amount": 100, "order_id": None}, {"amount": 120, "order_id": "O1"}),
        Change({"invoice_id": "I3"}, later, {"amount": 100}, {"amount": 7}),
    )
    assert report.deletions == {"invoices": ({"invoice_id": "I2"},)}
    real = ingest_tables(delivery, lake, received_at=JULY)
    assert real.counts == report.counts
    assert real.as_dict() | {"dry_run": True} == report.as_dict()


def test_a_correction_that_came_late_stands_beside_what_follows_it(tmp_path, table):
    lake = Lake(tmp_path / "lake", threads=1)
    ingest_tables({"invoices": table("invoices", {"known_at": JUNE})}, lake, received_at=JUNE)
    early = table("invoices", {"amount": Decimal(90)})
    (change,) = ingest_tables({"invoices": early}, lake, received_at=JULY, options=DRY).corrections["invoices"]
    assert (change.before, change.after) == ({"amount": 100}, {"amount": 90})


def test_it_refuses_what_the_real_run_refuses_and_that_writes_nothing_either(tmp_path, extract):
    lake = Lake(tmp_path / "lake", threads=1)
    mapping = load_mapping("datarisk")
    grown = "1661240395903230676;2013-08-22;99;;Comércio;YAHOO;GRANDE;65"
    ingest(extract(tmp_path / "a"), mapping, lake, received_at=JULY)
    ingest(extract(tmp_path / "b", customers=[grown]), mapping.extracted(date(2021, 4, 1)), lake, received_at=JULY)
    before = content(lake.root)
    invoice = "1661240395903230676;2018-08;2018-08-17;2018-09-06;2018-09-06;35516.41;6.99"
    stale = extract(tmp_path / "c", payments=[invoice])
    for options in (DRY, Options()):
        with pytest.raises(DeliveryOutOfOrderError, match="1 rows of customers differ"):
            ingest(stale, mapping, lake, received_at=JULY, options=options)
    assert lake.read("invoices").num_rows == 0, "no table is written when one cannot be"
    after = content(lake.root)
    assert {path.name for path in set(after) ^ set(before)} == set()


rows = st.lists(
    st.fixed_dictionaries(
        {
            "invoice_id": st.sampled_from(["A", "B", "C", ""]),
            "amount": st.sampled_from([None, Decimal(1), Decimal(2), Decimal(-1)]),
            "due_on": st.sampled_from([date(2024, 1, 9), date(2024, 2, 10)]),
            "is_deleted": st.booleans(),
            "known_at": st.sampled_from([datetime(2024, month, 1, tzinfo=UTC) for month in (1, 3, 8)]),
        }
    ),
    max_size=6,
)


@hypothesis_settings(max_examples=10)
@given(rows, rows)
def test_a_dry_run_counts_as_the_run_that_follows(tmp_path_factory, table, first, second):
    lake = Lake(tmp_path_factory.mktemp("law"), threads=1)
    ingest_tables({"invoices": table("invoices", *first)}, lake, received_at=JUNE)
    delivery = {"invoices": table("invoices", *second)}
    version, quarantine = lake.data_version(), lake.quarantine()
    dry = ingest_tables(delivery, lake, received_at=JULY, options=DRY)
    assert (lake.data_version(), lake.quarantine()) == (version, quarantine)
    real = ingest_tables(delivery, lake, received_at=JULY)
    assert real.as_dict() | {"dry_run": True} == dry.as_dict()
    counts = real.counts["invoices"]
    assert counts.accepted == counts.added + counts.corrected + counts.unchanged + counts.deleted - counts.absent
