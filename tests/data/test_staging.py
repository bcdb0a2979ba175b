"""From texts to types: every transformation of a mapping, strict at its boundary, and several files for one table."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.date_forms import contradiction, shape_of
from data.ingest import Counts, ingest
from data.lake import Lake
from data.mapping import SourceMapping
from data.source_file import SourceFile
from data.sources import SourceFileError
from data.staging import stage

NOW = datetime(2026, 1, 5, tzinfo=UTC)
REFUSED = object()


def mapping(columns, *, table="invoices", keys=None, options=None, **tables):
    """A mapping of ``x.csv`` whose other columns are constants."""
    rest = {
        "invoice_id": {"value": "I1"}, "customer_id": {"value": "C1"}, "issued_on": {"value": "2024-01-01"},
        "due_on": {"value": "2024-02-01"}, "outcome_unknown": {"value": False}, "known_at": {"value": "2024-01-01"},
    }  # fmt: skip
    file = {"file": "x.csv", "tables": {table: {"columns": rest | columns} | tables}, "keys": keys or {}}
    content = {"source": "x", "description": "", "currency": "EUR", "files": [file]} | (options or {})
    return SourceMapping.model_validate(content)


def value_of(source, text, column="invoice_id", *, kind=None, **options):
    """What becomes of one text; REFUSED where the row is refused."""
    made = mapping({column: {"from": "X"} | source}, options=options)
    rows = pa.table({"X": pa.array([text], kind)})
    (staged,) = stage(SourceFile("x.csv", rows, pa.array([2], pa.int64())), made, made.files[0])
    return REFUSED if staged.refusal[0] >= 0 else staged.rows[column].to_pylist()[0]


@pytest.mark.parametrize(
    ("source", "text", "value"),
    [
        pytest.param({}, " \t\u00a0A 1\u202f", "A 1", id="blanks at the ends go, within they stay"),
        pytest.param({}, " \u00a0", REFUSED, id="blanks alone are nothing"),
        pytest.param({"pad_to": 10}, "200769623", "0200769623", id="filled up"),
        pytest.param({"pad_to": 10}, "0200769623", "0200769623", id="full already"),
        pytest.param({"pad_to": 10}, "00200769623", "00200769623", id="more than full"),
        pytest.param({"pad_to": 10}, "CCCA02", "CCCA02", id="letters stay"),
        pytest.param({"whole_number": True}, "1929003413.0", "1929003413", id="without its .0"),
        pytest.param({"whole_number": True}, "0012.", "0012", id="zeros in front stay"),
        pytest.param({"whole_number": True}, "1929003413", "1929003413", id="whole already"),
        pytest.param({"whole_number": True}, "1929003413.5", REFUSED, id="no whole number"),
        pytest.param({"whole_number": True}, "A.0", REFUSED, id="no number"),
        pytest.param({"whole_number": True}, "1.9E9", REFUSED, id="powers of ten"),
        pytest.param({"whole_number": True, "pad_to": 5, "prefix": "i-"}, "12.0", "i-00012", id="in this order"),
        pytest.param({"map": {"A": "1"}, "pad_to": 3}, "A", "001", id="translated, then filled up"),
        pytest.param({"map": {"A": "1"}}, "B", REFUSED, id="a word that is not listed"),
        pytest.param({"pattern": "[0-9]{3}", "pad_to": 3}, "12", "012", id="matched when full"),
        pytest.param({"pattern": "[0-9]{3}"}, "1234", REFUSED, id="the whole text must match"),
    ],
)
def test_texts(source, text, value):
    assert value_of(source, text) == value


@pytest.mark.parametrize(
    ("format", "text", "value"),
    [
        pytest.param("%Y%m%d.0", "20190405.0", date(2019, 4, 5), id="SAP by a form"),
        pytest.param("%Y%m%d", "20190405", date(2019, 4, 5), id="eight digits"),
        pytest.param("%Y%m%d", "2019045", REFUSED, id="seven digits, which a parser alone would read"),
        pytest.param("%d/%m/%Y", "5/4/2019", date(2019, 4, 5), id="day first, without zeros"),
        pytest.param("%d/%m/%Y", "05/04/19", REFUSED, id="a short year, which a parser alone would read as 19"),
        pytest.param("%d/%m/%y", "05/04/19", date(2019, 4, 5), id="a short year, declared"),
        pytest.param("%d/%m/%Y", "13/13/2019", REFUSED, id="no month"),
        pytest.param("%d/%m/%Y", "31/02/2019", REFUSED, id="no day"),
        pytest.param("%d-%b-%Y", "5-Apr-2019", date(2019, 4, 5), id="a month's name"),
        pytest.param(["%d.%m.%Y", "%Y-%m-%d"], "2019-04-05", date(2019, 4, 5), id="the second of two forms"),
        pytest.param(["%d.%m.%Y", "%Y-%m-%d"], "04/05/2019", REFUSED, id="neither form"),
        pytest.param("%Y-%m-%d %H:%M:%S", "2019-04-05 23:59:59", date(2019, 4, 5), id="a day with a time, declared"),
        pytest.param([], "2019-04-05 00:00:00", REFUSED, id="a day with a time, not declared"),
    ],
)
def test_days(format, text, value):
    assert value_of({"format": format}, text, "issued_on") == value


@pytest.mark.parametrize(
    ("text", "zone", "value"),
    [
        pytest.param("2024-01-10", "UTC", datetime(2024, 1, 10, tzinfo=UTC), id="a day is its midnight"),
        pytest.param("2024-01-10 12:30", "UTC", datetime(2024, 1, 10, 12, 30, tzinfo=UTC), id="minutes"),
        pytest.param("2024-01-10T12:30:15.5Z", "Asia/Tokyo", datetime(2024, 1, 10, 12, 30, 15, 500000, UTC), id="said"),
        pytest.param("2024-01-10 12:30:00+02:00", "UTC", datetime(2024, 1, 10, 10, 30, tzinfo=UTC), id="east of UTC"),
        pytest.param("2024-01-10 23:30:00-0300", "UTC", datetime(2024, 1, 11, 2, 30, tzinfo=UTC), id="west, no colon"),
        pytest.param("2024-07-10 12:00:00", "Europe/Berlin", datetime(2024, 7, 10, 10, tzinfo=UTC), id="in a zone"),
        pytest.param("2024-01-10", "America/Sao_Paulo", datetime(2024, 1, 10, 3, tzinfo=UTC), id="a day in a zone"),
        pytest.param("10.01.2024", "UTC", REFUSED, id="another form"),
        pytest.param("2024-01-10 25:00:00", "UTC", REFUSED, id="no hour"),
    ],
)  # fmt: skip
def test_instants(text, zone, value):
    assert value_of({}, text, "known_at", time_zone=zone) == value


def test_an_instant_in_a_form_with_a_zone():
    form = {"format": "%d.%m.%Y %H:%M %z"}
    assert value_of(form, "10.01.2024 12:00 +02:00", "known_at") == datetime(2024, 1, 10, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("marks", "text", "value"),
    [
        pytest.param((".", None), "1234.50", "1234.50", id="point"),
        pytest.param((".", None), "1,234.50", REFUSED, id="thousands that are not declared"),
        pytest.param((",", None), "1234,50", "1234.50", id="comma"),
        pytest.param((",", None), "1234.50", REFUSED, id="a point where a comma is declared"),
        pytest.param((",", "."), "1.234.567,89", "1234567.89", id="German"),
        pytest.param((",", "."), "1234567,89", "1234567.89", id="German without groups"),
        pytest.param((",", "."), "1.23", REFUSED, id="a group of two"),
        pytest.param((",", "."), "1234.567,89", REFUSED, id="a first group of four"),
        pytest.param((",", "."), "1.234,567.8", REFUSED, id="groups behind the comma"),
        pytest.param((".", ","), "1,234.5", "1234.5", id="English"),
        pytest.param((",", " "), "1\u00a0234\u202f567,89", "1234567.89", id="French"),
        pytest.param((".", "'"), "1\u2019234'567.89", "1234567.89", id="Swiss"),
        pytest.param((",", "."), "1.234,50-", REFUSED, id="an accountant's minus makes it negative"),
    ],
)
def test_amounts(marks, text, value):
    found = value_of({}, text, "amount", decimal_mark=marks[0], thousands_mark=marks[1])
    if text.endswith("-"):
        assert found == Decimal("-1234.5")
    else:
        assert found == (REFUSED if value is REFUSED else Decimal(value))


def test_a_sign_that_the_source_turns():
    assert value_of({"negate": True}, "-12.5", "amount") == Decimal("12.5")
    assert value_of({"negate": True}, "12.50-", "amount") == Decimal("12.5")


@given(
    st.decimals(min_value="-9999999999.99", max_value="9999999999.99", places=2),
    st.sampled_from([(",", "."), (".", ","), (",", " "), (".", "'"), (".", None), (",", None)]),
)
def test_an_amount_reads_back_in_any_dialect(amount, marks):
    text = f"{amount:,.2f}".replace(",", "_").replace(".", marks[0]).replace("_", marks[1] or "")
    assert value_of({}, text, "amount", decimal_mark=marks[0], thousands_mark=marks[1]) == amount


@given(
    st.dates(min_value=date(1970, 1, 1), max_value=date(2068, 12, 31)),
    st.sampled_from(["%d/%m/%Y", "%Y%m%d", "%d-%b-%y", "%b %d, %Y"]),
)
def test_a_day_reads_back_in_any_form(day, form):
    assert value_of({"format": form}, day.strftime(form), "issued_on") == day


JOIN = {"join": [{"from": "A"}, {"from": "B", "pad_to": 4}], "separator": "-"}


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [
        pytest.param("U1", "7", "U1-0007", id="joined"),
        pytest.param("U-1", "7", REFUSED, id="a part with the separator"),
        pytest.param("U1", "", REFUSED, id="a part that is missing"),
    ],
)
def test_joined_keys(a, b, value):
    made = mapping({"invoice_id": JOIN})
    read = SourceFile("x.csv", pa.table({"A": [a], "B": [b]}), pa.array([2], pa.int64()))
    (staged,) = stage(read, made, made.files[0])
    assert (REFUSED if staged.refusal[0] >= 0 else staged.rows["invoice_id"][0].as_py()) == value


@given(
    st.tuples(st.text("A-", max_size=4), st.text("A-", max_size=4)),
    st.tuples(st.text("A-", max_size=4), st.text("A-", max_size=4)),
)
def test_two_joined_keys_are_equal_only_if_their_parts_are(one, other):
    made = mapping({"invoice_id": {"join": [{"from": "A"}, {"from": "B"}]}})
    rows = pa.table({"A": [one[0], other[0]], "B": [one[1], other[1]]})
    (staged,) = stage(SourceFile("x.csv", rows, pa.array([2, 3], pa.int64())), made, made.files[0])
    first, second = staged.rows["invoice_id"].to_pylist()
    assert first is None or second is None or (first == second) == (one == other)


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ({"X": {"equals": "0"}}, [0]),
        ({"X": {"in": ["0", "1"]}}, [0, 1]),
        ({"X": {"not_in": ["0"]}}, [1, 2, 3]),
        ({"X": {"filled": True}}, [0, 1, 3]),
        ({"X": {"filled": False}}, [2]),
        ({"X": {"not_in": ["0"], "filled": True}}, [1, 3]),
        ({"X": {"not_in": ["0"]}, "Y": {"equals": "b"}}, [1, 3]),
    ],
)
def test_rows_where(where, kept):
    made = mapping({"invoice_id": {"from": "N"}}, rows_where=where)
    rows = pa.table({"N": ["0", "1", "2", "3"], "X": ["0 ", " 1", "", "00"], "Y": ["b", "b", "a", "b"]})
    (staged,) = stage(SourceFile("x.csv", rows, pa.array(range(2, 6), pa.int64())), made, made.files[0])
    assert staged.rows["invoice_id"].to_pylist() == [str(n) for n in kept]
    assert staged.lines.tolist() == [n + 2 for n in kept]


def test_the_earliest_of_a_key_stands_for_each_of_its_rows():
    made = mapping(
        {
            "invoice_id": {"from": "N"},
            "known_at": {"from": "D", "pick": "earliest"},
            "due_on": {"from": "D", "pick": "latest"},
        }
    )
    rows = pa.table({"N": ["1", "2", "1"], "D": ["2024-03-01", "2024-01-01", "2024-02-01"]})
    (staged,) = stage(SourceFile("x.csv", rows, pa.array([2, 3, 4], pa.int64())), made, made.files[0])
    assert [day.month for day in staged.rows["known_at"].to_pylist()] == [2, 1, 2]
    assert [day.month for day in staged.rows["due_on"].to_pylist()] == [3, 1, 3]


@pytest.mark.parametrize(
    ("kind", "given", "column", "value"),
    [
        pytest.param(pa.decimal128(12, 6), Decimal("10.500000"), "amount", Decimal("10.5"), id="decimal"),
        pytest.param(pa.decimal128(12, 6), Decimal("10.500001"), "amount", REFUSED, id="a decimal with six places"),
        pytest.param(pa.int64(), 7, "amount", Decimal(7), id="whole number as amount"),
        pytest.param(pa.float64(), 0.1, "amount", Decimal("0.1"), id="a binary float by its shortest text"),
        pytest.param(pa.float64(), float("nan"), "order_id", None, id="not a number is nothing"),
        pytest.param(pa.float64(), 7.0, "invoice_id", "7", id="a float identifier"),
        pytest.param(pa.int64(), 1661240395903230676, "invoice_id", "1661240395903230676", id="a long identifier"),
        pytest.param(pa.date32(), date(2024, 1, 5), "issued_on", date(2024, 1, 5), id="day"),
        pytest.param(pa.date64(), date(2024, 1, 5), "issued_on", date(2024, 1, 5), id="day in milliseconds"),
        pytest.param(pa.timestamp("ns"), datetime(2024, 1, 5), "issued_on", date(2024, 1, 5), id="midnight"),  # noqa: DTZ001
        pytest.param(pa.timestamp("us"), datetime(2024, 1, 5, 1), "issued_on", REFUSED, id="an hour"),  # noqa: DTZ001
        pytest.param(pa.timestamp("us", "Europe/Berlin"), datetime(2024, 1, 5, 1, tzinfo=UTC), "known_at",
                     datetime(2024, 1, 5, 1, tzinfo=UTC), id="instant"),
        pytest.param(pa.bool_(), True, "order_id", "true", id="yes"),
        pytest.param(pa.string(), None, "order_id", None, id="null"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("mark", [".", ","])
def test_typed_columns_are_exact_whatever_the_mark_of_texts(kind, given, column, value, mark):
    assert value_of({}, given, column, kind=kind, decimal_mark=mark) == value


def test_a_float_too_long_for_an_identifier_is_refused_in_words():
    with pytest.raises(SourceFileError, match=r"the column X holds 1.66\d+e\+18, a number too long"):
        value_of({}, 1661240395903230676.0, kind=pa.float64())


ORDERS = {
    "order_id": {"from": "order"}, "customer_id": {"from": "customer"}, "ordered_on": {"from": "day"},
    "amount": {"from": "amount"}, "known_at": {"from": "day"},
}  # fmt: skip


def test_several_files_and_patterns_fill_one_table_and_every_row_is_counted(tmp_path):
    """3 + 3 rows by a pattern, 3 by a file of another layout; four are refused, one was sent twice."""
    (tmp_path / "o_1.csv").write_text(
        "order;customer;day;amount\nA;1;2024-01-01;10\nB;1;2024-01-01;x\nC;1;2024-01-02;3\n"
    )
    (tmp_path / "o_2.csv").write_text("order;customer;day;amount\nC;1;2024-01-02;3\nshort\nD;2;2024-01-03;4\n")
    (tmp_path / "shop.csv").write_text(
        "order;kunde;day;amount;colour\nE;9;2024-01-04;5;red\nF;9;2024-01-04;-5;blue\nG;;2024-01-04;5;red\n"
    )
    shop = ORDERS | {"customer_id": {"from": "kunde"}}
    files = [
        {"file": "o_*.csv", "tables": {"orders": {"columns": ORDERS}}},
        {"file": "shop.csv", "tables": {"orders": {"columns": shop}}},
    ]
    made = SourceMapping.model_validate({"source": "x", "description": "", "currency": "EUR", "files": files})
    lake = Lake(tmp_path / "lake", threads=1)
    report = ingest(tmp_path, made, lake, received_at=NOW)
    assert report.counts["orders"] == Counts(read=9, accepted=5, quarantined=4, added=4, unchanged=1)
    assert lake.read("orders")["order_id"].to_pylist() == ["A", "C", "D", "E"]
    rows = sorted((row["file"], row["line"], row["reason_code"], row["raw"]) for row in lake.quarantine().to_pylist())
    assert [row[:3] for row in rows] == [
        ("o_1.csv", 3, "unreadable_value"),
        ("o_2.csv", 3, "values_do_not_match_header"),
        ("shop.csv", 3, "amount_not_positive"),
        ("shop.csv", 4, "missing_value"),
    ]
    reasons = {row["line"]: row["reason"] for row in lake.quarantine().to_pylist() if row["file"] == "shop.csv"}
    assert reasons[4] == "kunde (customer_id) is empty, and a row of orders cannot do without it."
    assert '"colour":"blue"' in rows[2][3]
    assert "colour" not in rows[0][3]
    again = ingest(tmp_path, made, lake, received_at=NOW)
    assert (again.counts["orders"].unchanged, lake.quarantine().num_rows) == (5, 4)


def test_rows_that_are_equal_in_two_files_of_a_pattern_have_keys_of_their_own(tmp_path):
    """A derived key numbers equal rows over all files of its pattern, so none is lost."""
    for name in ("o_1.csv", "o_2.csv"):
        (tmp_path / name).write_text("customer;day;amount\nC;2024-01-01;10\n")
    key = {"of": [{"from": "customer"}, {"from": "day", "type": "day"}], "ordinal_by": {"from": "day", "type": "day"}}
    columns = ORDERS | {"order_id": {"from": "item"}}
    files = [{"file": "o_*.csv", "keys": {"item": key}, "tables": {"orders": {"columns": columns}}}]
    made = SourceMapping.model_validate({"source": "x", "description": "", "currency": "EUR", "files": files})
    lake = Lake(tmp_path / "lake", threads=1)
    assert ingest(tmp_path, made, lake, received_at=NOW).counts["orders"].added == 2


def test_contract_tables_from_several_parquet_files(tmp_path):
    for year, customer in ((2023, "1"), (2024, "2")):
        row = {
            "country": "DE",
            "falls_on": date(year, 1, 1),
            "name": f"New Year {customer}",
            "source": "x",
            "known_at": NOW,
        }
        pq.write_table(pa.Table.from_pylist([row]), tmp_path / f"days_{year}.parquet")
    content = {
        "source": "x",
        "description": "",
        "kind": "parquet",
        "files": [{"file": "days_*.parquet", "table": "holidays"}],
    }
    lake = Lake(tmp_path / "lake", threads=1)
    report = ingest(tmp_path, SourceMapping.model_validate(content), lake, received_at=NOW)
    assert report.counts["holidays"] == Counts(read=2, accepted=2, quarantined=0, added=2)


FORMS = st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%d.%m.%y", "%y.%m.%d", "%Y%m%d"])


@given(st.lists(FORMS, min_size=2, max_size=3, unique=True), st.dates(date(2000, 1, 1), date(2030, 12, 31)))
def test_forms_that_do_not_contradict_each_other_read_every_day_alike(forms, day):
    if contradiction(forms) is None:
        for form in forms:
            read = [other for other in forms if re.fullmatch(shape_of(other), day.strftime(form))]
            assert value_of({"format": forms}, day.strftime(form), "issued_on") == day, read
