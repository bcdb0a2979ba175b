"""The lake: what counts as news, the two clocks, and the name of its content."""

import hashlib
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from data.contracts import CONTRACTS
from data.lake import DeliveryOutOfOrderError, Lake, NotAContractTableError, UnknownTableError, Written, in_contract


def at(month, day=1):
    return datetime(2024, month, day, tzinfo=UTC)


def versions(lake):
    """(invoice, amount, month of knowledge) of every version in the lake."""
    return [(row["invoice_id"], int(row["amount"]), row["known_at"].month) for row in lake.read("invoices").to_pylist()]


def test_a_table_that_was_never_written_is_empty_and_contract_shaped(tmp_path):
    lake = Lake(tmp_path / "lake")
    assert lake.read("limits").schema == CONTRACTS["limits"].schema
    assert lake.read("limits").num_rows == 0
    assert lake.files("limits") == []
    assert not (tmp_path / "lake").exists()


def test_writing_the_same_rows_again_changes_nothing(tmp_path, table):
    lake, rows = Lake(tmp_path), table("invoices", {}, {"invoice_id": "I2"})
    assert lake.write("invoices", rows) == Written(added=2)
    before = lake.files("invoices")
    assert lake.write("invoices", rows) == Written(unchanged=2)
    assert lake.files("invoices") == before


def test_a_late_correction_keeps_both_versions(tmp_path, table):
    lake = Lake(tmp_path)
    lake.write("invoices", table("invoices", {"amount": Decimal(100)}))
    corrected = table("invoices", {"amount": Decimal(120)})  # still claims to be known since January
    assert lake.write("invoices", corrected, received_at=at(3)) == Written(corrected=1)
    assert versions(lake) == [("I1", 100, 1), ("I1", 120, 3)]
    assert lake.write("invoices", corrected, received_at=at(4)) == Written(unchanged=1)


def test_a_correction_that_states_a_later_clock_keeps_it(tmp_path, table):
    lake = Lake(tmp_path)
    lake.write("invoices", table("invoices", {}))
    lake.write("invoices", table("invoices", {"amount": Decimal(120), "known_at": at(2)}), received_at=at(3))
    assert versions(lake) == [("I1", 100, 1), ("I1", 120, 2)]


def test_a_source_without_a_clock_is_corrected_at_receipt_whatever_it_assumes(tmp_path, table):
    lake = Lake(tmp_path)
    lake.write("invoices", table("invoices", {}), restates_past=True)
    later = table("invoices", {"amount": Decimal(120), "known_at": at(2)})
    lake.write("invoices", later, received_at=at(3), restates_past=True)
    assert versions(lake) == [("I1", 100, 1), ("I1", 120, 3)]


def test_a_source_without_a_clock_may_change_its_mind_back(tmp_path, table):
    lake, first = Lake(tmp_path), table("invoices", {})
    lake.write("invoices", first, restates_past=True)
    lake.write("invoices", table("invoices", {"amount": Decimal(120)}), received_at=at(3), restates_past=True)
    assert lake.write("invoices", first, received_at=at(4), restates_past=True) == Written(corrected=1)
    assert versions(lake) == [("I1", 100, 1), ("I1", 120, 3), ("I1", 100, 4)]


def test_an_old_version_of_a_source_with_a_clock_is_history(tmp_path, table):
    lake, first = Lake(tmp_path), table("invoices", {})
    lake.write("invoices", first)
    lake.write("invoices", table("invoices", {"amount": Decimal(120), "known_at": at(2)}))
    assert lake.write("invoices", first, received_at=at(4)) == Written(unchanged=1)


def test_several_versions_in_one_delivery(tmp_path, table):
    lake = Lake(tmp_path)
    rows = table(
        "invoices",
        {"amount": Decimal(120), "known_at": at(2)},
        {},
        {"amount": Decimal(120), "known_at": at(3)},  # says what February said
        {"amount": Decimal(130), "known_at": at(4)},
    )
    assert lake.write("invoices", rows) == Written(added=1, corrected=2, unchanged=1)
    assert versions(lake) == [("I1", 100, 1), ("I1", 120, 2), ("I1", 130, 4)]
    assert lake.write("invoices", rows) == Written(unchanged=4)


def test_a_version_that_comes_late_goes_where_its_clock_puts_it(tmp_path, table):
    lake = Lake(tmp_path)
    lake.write("invoices", table("invoices", {}, {"amount": Decimal(140), "known_at": at(4)}))
    february = table("invoices", {"amount": Decimal(120), "known_at": at(2)})
    assert lake.write("invoices", february, received_at=at(5)) == Written(corrected=1)
    assert versions(lake) == [("I1", 100, 1), ("I1", 120, 2), ("I1", 140, 4)]
    assert lake.write("invoices", february, received_at=at(6)) == Written(unchanged=1)


def test_a_correction_that_is_sent_again_after_a_further_one_is_history(tmp_path, table):
    lake = Lake(tmp_path)
    lake.write("invoices", table("invoices", {}))
    corrected = table("invoices", {"amount": Decimal(120)})  # of the same instant, so known from its receipt
    lake.write("invoices", corrected, received_at=at(3))
    lake.write("invoices", table("invoices", {"amount": Decimal(140), "known_at": at(4)}))
    assert lake.write("invoices", corrected, received_at=at(5)) == Written(unchanged=1)
    assert versions(lake) == [("I1", 100, 1), ("I1", 120, 3), ("I1", 140, 4)]


def withdrawn(lake):
    """(withdrawn, month of knowledge) of every version in the lake."""
    return [(row["is_deleted"], row["known_at"].month) for row in lake.read("invoices").to_pylist()]


def test_a_withdrawn_row_ends_and_may_return(tmp_path, table):
    lake = Lake(tmp_path)
    lake.write("invoices", table("invoices", {}))
    gone = table("invoices", {"is_deleted": True, "amount": None, "known_at": at(2)})
    assert lake.write("invoices", gone) == Written(deleted=1)
    again = table("invoices", {"is_deleted": True, "amount": Decimal(7), "known_at": at(3)})
    assert lake.write("invoices", again) == Written(unchanged=1)
    assert lake.write("invoices", table("invoices", {"known_at": at(4)})) == Written(corrected=1)
    assert withdrawn(lake) == [(False, 1), (True, 2), (False, 4)]


def test_an_old_row_that_is_sent_again_does_not_return_but_one_in_a_full_extract_does(tmp_path, table):
    lake, first = Lake(tmp_path), table("invoices", {})
    lake.write("invoices", first)
    lake.write("invoices", table("invoices", {"is_deleted": True, "known_at": at(2)}))
    assert lake.write("invoices", first, received_at=at(3)) == Written(unchanged=1)
    plan = lake.plan("invoices", first, received_at=at(4), full_extract=True)
    assert lake.carry_out(plan) == Written(corrected=1)
    assert withdrawn(lake) == [(False, 1), (True, 2), (False, 4)]


def test_a_withdrawal_that_comes_before_its_row_holds(tmp_path, table):
    lake = Lake(tmp_path)
    assert lake.write("invoices", table("invoices", {"is_deleted": True, "known_at": at(2)})) == Written(deleted=1)
    assert lake.write("invoices", table("invoices", {}), received_at=at(3)) == Written(corrected=1)
    assert withdrawn(lake) == [(False, 1), (True, 2)]


def test_a_plan_writes_nothing(tmp_path, table):
    lake = Lake(tmp_path / "lake")
    plan = lake.plan("invoices", table("invoices", {}))
    assert plan.written == Written(added=1)
    assert not (tmp_path / "lake").exists()
    assert lake.carry_out(plan) == Written(added=1)
    assert versions(lake) == [("I1", 100, 1)]


def test_what_a_full_extract_lacks(tmp_path, table):
    lake = Lake(tmp_path)
    ids = ("I1", "I2", "I3", "I4", "I5")
    lake.write("invoices", table("invoices", *({"invoice_id": name} for name in ids)))
    lake.write(
        "invoices", table("invoices", {"invoice_id": "I2", "source": "other", "known_at": at(2), "amount": None})
    )
    lake.write("invoices", table("invoices", {"invoice_id": "I3", "is_deleted": True, "known_at": at(2)}))
    lake.write("invoices", table("invoices", {"invoice_id": "I4", "amount": None, "known_at": at(6)}))
    delivered = table("invoices", {"invoice_id": "I1"}, {"invoice_id": None})
    absent, held = lake.absent("invoices", delivered, sources=["erp"], extracted_at=at(5))
    # I1 is there, I2 came from another source, I3 is withdrawn already, I4 became known after the extract.
    assert absent["invoice_id"].to_pylist() == ["I5"]
    assert held == 3


NEW_COLUMNS = ["document_id", "terms_code", "discount_until_on", "discount_amount", "is_deleted"]


def test_files_of_an_earlier_version_are_read_and_added_to(tmp_path, table):
    """The columns that the contract has gained since are unknown in their rows, and nothing in them was withdrawn."""
    old = table("invoices", {}, {"invoice_id": "I2"}).drop_columns(NEW_COLUMNS)
    write_deltalake((tmp_path / "invoices").as_uri(), old)
    lake = Lake(tmp_path)
    assert lake.read("invoices").schema == CONTRACTS["invoices"].schema
    assert [row["discount_amount"] for row in lake.read("invoices").to_pylist()] == [None, None]
    assert withdrawn(lake) == [(False, 1), (False, 1)]
    same = table("invoices", {}, {"invoice_id": "I2"})
    assert lake.write("invoices", same) == Written(unchanged=2)
    news = table(
        "invoices",
        {"discount_amount": Decimal(2), "known_at": at(2)},
        {"invoice_id": "I2", "is_deleted": True, "known_at": at(2)},
        {"invoice_id": "I3"},
    )
    assert lake.write("invoices", news) == Written(added=1, corrected=1, deleted=1)
    read = [(r["invoice_id"], r["discount_amount"], r["is_deleted"]) for r in lake.read("invoices").to_pylist()]
    assert read == [("I1", None, False), ("I1", 2, False), ("I2", None, False), ("I2", None, True), ("I3", None, False)]
    assert lake.write("invoices", news) == Written(unchanged=3)
    fresh = Lake(tmp_path / "fresh")
    fresh.write("invoices", same)
    fresh.write("invoices", news)
    assert fresh.data_version() == lake.data_version()


@pytest.mark.parametrize("received_at", [None, at(1, 9), at(1, 10)])
def test_a_correction_cannot_be_known_before_what_it_corrects(tmp_path, table, received_at):
    lake = Lake(tmp_path)
    lake.write("invoices", table("invoices", {}))
    with pytest.raises(DeliveryOutOfOrderError, match="1 rows of invoices differ"):
        lake.write("invoices", table("invoices", {"amount": Decimal(1)}), received_at=received_at)
    assert versions(lake) == [("I1", 100, 1)]


def test_the_source_is_not_content(tmp_path, table):
    lake = Lake(tmp_path)
    lake.write("invoices", table("invoices", {}))
    assert lake.write("invoices", table("invoices", {"source": "other"})) == Written(unchanged=1)


def test_null_is_content(tmp_path, table):
    lake = Lake(tmp_path)
    lake.write("invoices", table("invoices", {"order_id": None}))
    assert lake.write("invoices", table("invoices", {"order_id": "-"}), received_at=at(2)) == Written(corrected=1)


def test_the_newest_version_of_some_keys(tmp_path, table):
    lake = Lake(tmp_path)
    lake.write("invoices", table("invoices", {}, {"amount": Decimal(120), "known_at": at(2)}, {"invoice_id": "I2"}))
    found = lake.newest("invoices", pa.table({"invoice_id": ["I1", "I3"]}))
    assert [(row["invoice_id"], row["amount"]) for row in found.to_pylist()] == [("I1", Decimal(120))]


def test_a_folder_with_blanks_and_umlauts(tmp_path, table):
    lake = Lake(tmp_path / "geprüfte 'Daten' #1")
    lake.write("invoices", table("invoices", {}))
    assert lake.read("invoices").num_rows == 1


def test_a_folder_delta_cannot_address_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds a '%'"):
        Lake(tmp_path / "100%")


def test_a_name_without_a_contract(tmp_path):
    with pytest.raises(UnknownTableError, match="'invoice'; there are customers, invoices"):
        Lake(tmp_path).read("invoice")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param(lambda t: t.drop_columns(["due_on"]), "lacks \\['due_on'\\]", id="a column less"),
        pytest.param(lambda t: t.append_column("x", t["amount"]), "has \\['x'\\] beside it", id="a column more"),
        pytest.param(lambda t: t.set_column(3, "due_on", pa.nulls(1, pa.date32())), "due_on is null in 1", id="a null"),
        pytest.param(
            lambda t: t.set_column(4, "amount", pa.array([Decimal("1.23456")])), "do not fit", id="a fifth place"
        ),
    ],
)
def test_rows_that_do_not_fit_the_contract(table, rows, message):
    with pytest.raises(NotAContractTableError, match=message):
        in_contract("invoices", rows(table("invoices", {})))


def plain_data_version(tables):
    """The same name in plain Python (written apart from the code under test)."""
    parts = []
    for name, contract in sorted(CONTRACTS.items()):
        hashes = [plain_hash(row, contract.columns) for row in tables.get(name, [])]
        sums = [sum(int(h[15 * n : 15 * n + 15], 16) for h in hashes) if hashes else None for n in range(4)]
        parts.append(f"{name} {[(len(hashes), *sums)]}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def plain_hash(row, columns):
    texts = []
    for column in columns:
        value = row[column.name]
        if isinstance(value, datetime):
            value = int(value.timestamp()) * 1_000_000
        elif isinstance(value, bool):
            value = str(value).lower()
        elif isinstance(value, Decimal):
            value = value.quantize(Decimal("0.0001"))
        texts.append("-" if value is None else f"{len(str(value).encode())}:{value}")
    return hashlib.sha256("".join(texts).encode()).hexdigest()


def test_data_version_is_what_plain_python_makes_of_it(tmp_path, table):
    lake, rows = Lake(tmp_path), table("invoices", {"order_id": "Größe"}, {"invoice_id": "I2", "amount": None})
    assert lake.data_version() == plain_data_version({})
    lake.write("invoices", rows)
    assert lake.data_version() == plain_data_version({"invoices": rows.to_pylist()})


def test_data_version_tells_content_apart(tmp_path, table):
    names = set()
    for number, row in enumerate(
        [{}, {"amount": None}, {"amount": Decimal("0.01")}, {"known_at": at(2)}, {"order_id": ""}]
    ):
        lake = Lake(tmp_path / str(number))
        lake.write("invoices", table("invoices", row))
        names.add(lake.data_version())
    assert len(names) == 5


def test_data_version_does_not_depend_on_how_the_rows_came(tmp_path, table):
    rows = table("invoices", *({"invoice_id": f"I{n}", "amount": Decimal(n + 1)} for n in range(5)))
    whole, parts = Lake(tmp_path / "whole", threads=1), Lake(tmp_path / "parts")
    whole.write("invoices", rows)
    for n in (3, 0, 4, 2, 1):
        parts.write("invoices", rows.slice(n, 1))
    assert whole.data_version() == parts.data_version()
    assert whole.read("invoices") == parts.read("invoices")


deliveries = st.lists(
    st.lists(st.tuples(st.sampled_from(["I1", "I2"]), st.integers(1, 3), st.integers(1, 6)), max_size=6).map(
        lambda rows: list({(key, month): (key, amount, month) for key, amount, month in rows}.values())
    ),
    min_size=1,
    max_size=3,
)


def expected(deliveries):
    """The versions a clerk would keep, delivery by delivery (written apart from the code under test)."""
    book: dict[str, list[tuple[int, int]]] = {}
    for number, rows in enumerate(deliveries):
        for key in sorted({key for key, _, _ in rows}):
            before = sorted(book.get(key, []))
            mine = sorted((month, amount) for name, amount, month in rows if name == key)
            dated = [row for row in mine if row[0] not in {month for month, _ in before}]
            timeline = sorted(before + dated)
            kept = [row for n, row in enumerate(timeline) if row in before or n == 0 or timeline[n - 1][1] != row[1]]
            month, amount = mine[-1]
            said_since = {a for m, a in before if m >= month}
            if mine[-1] not in dated and before[-1][1] != amount and amount not in said_since:
                kept.append((7 + number, amount))
            book[key] = kept
    return sorted((key, amount, month) for key, held in book.items() for month, amount in held)


def known_in(lake, month):
    """What a reader at the end of the month sees: invoice -> amount, withdrawn ones left out."""
    seen = {}
    for row in lake.read("invoices").to_pylist():
        if row["known_at"] <= at(month, 28):
            seen[row["invoice_id"]] = None if row["is_deleted"] else int(row["amount"])
    return {key: amount for key, amount in seen.items() if amount is not None}


changes = st.lists(
    st.tuples(st.sampled_from(["I1", "I2"]), st.integers(1, 12), st.integers(1, 9) | st.none()),
    min_size=1,
    max_size=6,
    unique_by=lambda change: change[:2],
).map(lambda rows: [row for n, row in enumerate(rows) if (row[0], row[2]) not in {(k, a) for k, _, a in rows[:n]}])


@hypothesis_settings(max_examples=12)
@given(changes, st.randoms(use_true_random=False))
def test_deliveries_in_any_order_tell_one_history(tmp_path_factory, table, changes, random):
    """None withdraws; each change of a key says something that no other change of it says."""
    rows = [
        {"invoice_id": key, "known_at": at(month), "amount": amount and Decimal(amount), "is_deleted": amount is None}
        for key, month, amount in changes
    ]
    in_order, shuffled = (Lake(tmp_path_factory.mktemp("lake"), threads=1) for _ in range(2))
    for row in sorted(rows, key=lambda row: row["known_at"]):
        in_order.write("invoices", table("invoices", row))
    for row in random.sample(rows, len(rows)):
        shuffled.write("invoices", table("invoices", row))
    for month in range(1, 13):
        told = [
            max((m, a is None, a) for k, m, a in changes if k == key and m <= month)[1:]
            for key in ("I1", "I2")
            if any(k == key and m <= month for k, m, _ in changes)
        ]
        assert sorted(known_in(in_order, month).values()) == sorted(a for gone, a in told if not gone)
        assert known_in(shuffled, month) == known_in(in_order, month)
    assert shuffled.data_version() == in_order.data_version()


@hypothesis_settings(max_examples=12)
@given(deliveries)
def test_any_deliveries_keep_the_versions_a_clerk_would_keep(tmp_path_factory, table, deliveries):
    lake = Lake(tmp_path_factory.mktemp("lake"), threads=1)
    for number, rows in enumerate(deliveries):
        made = table("invoices", *({"invoice_id": k, "amount": Decimal(a), "known_at": at(m)} for k, a, m in rows))
        written = lake.write("invoices", made, received_at=at(7 + number))
        assert written.added + written.corrected + written.unchanged + written.deleted == len(rows)
    assert lake.write("invoices", made, received_at=at(12)) == Written(unchanged=len(rows))
    assert sorted(versions(lake)) == expected(deliveries)
