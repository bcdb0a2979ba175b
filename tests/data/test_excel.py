"""Workbooks: each cell is the text that a person would expect, and what cannot be read says what to do."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.excel import cell_text, read_workbook
from data.mapping import FileMapping, SourceMapping, TableMapping
from data.sources import SourceFileError, read_source
from data.staging import stage
from tests.data.xls_file import xls


@pytest.fixture
def book(tmp_path):
    """``book({"Sheet": rows})``: the path of a workbook."""

    def written(sheets, name="book.xlsx"):
        workbook = openpyxl.Workbook()
        workbook.remove(workbook.active)
        for title, rows in sheets.items():
            sheet = workbook.create_sheet(title)
            for row in rows:
                sheet.append(row)
        workbook.save(tmp_path / name)
        return tmp_path / name

    return written


HALF_PAST_ONE = datetime(2019, 4, 5, 13, 30)  # noqa: DTZ001 (a cell has no zone)
CENTURIES = st.datetimes(datetime(1901, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 (a cell has no zone)


def test_every_cell_is_the_text_that_a_person_sees(book):
    row = [
        1929003413.0, "0042", 0.1 + 0.2, 1234.5, date(2019, 4, 5), HALF_PAST_ONE, time(9, 5), True, None,
        "  kept as it is ", 1e-7, -12.5,
    ]  # fmt: skip
    found = read_workbook(book({"A": [[f"c{n}" for n in range(len(row))], row]}), "book.xlsx")
    assert [column[0] for column in found.rows.to_pydict().values()] == [
        "1929003413", "0042", "0.3", "1234.5", "2019-04-05", "2019-04-05 13:30:00", "09:05:00", "TRUE", "",
        "  kept as it is ", "0.0000001", "-12.5",
    ]  # fmt: skip
    assert found.lines.to_pylist() == [2]


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_an_amount_with_cents_has_no_noise(amount):
    assert Decimal(cell_text(float(amount))) == amount
    assert "e" not in cell_text(float(amount))


@given(st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1))
def test_a_whole_number_has_no_point(number):
    assert cell_text(float(number)) == str(number)


@given(CENTURIES.map(lambda d: d.replace(microsecond=0)))
def test_an_instant_is_exact_to_the_second_in_spite_of_the_fraction_of_a_day(instant):
    for noise in (-400, 0, 400):
        seen = cell_text(instant + timedelta(microseconds=noise))
        assert seen == str(instant).removesuffix(" 00:00:00")


def test_the_header_may_stand_below_a_title_and_lines_are_excels(book):
    rows = [["Open items"], [None, "as of 2024-01-31"], ["Doc", "Amount", None], [1, 2.5, None], [], [3, 4, "note"]]
    found = read_workbook(book({"A": rows}), "book.xlsx", header=3)
    assert found.rows.to_pylist() == [
        {"Doc": "1", "Amount": "2.5", "column C": ""},
        {"Doc": "3", "Amount": "4", "column C": "note"},
    ]
    assert (found.lines.to_pylist(), found.blank) == ([4, 6], 1)


def test_names_that_appear_twice_and_empty_columns(book):
    found = read_workbook(book({"A": [["Doc", None, "Doc"], ["1", None, "2"]]}), "book.xlsx")
    assert found.rows.to_pylist() == [{"Doc": "1", "Doc (2)": "2"}]


def test_sheets_by_name_and_by_pattern(book):
    path = book({"2024-01": [["a"], ["1"]], "Notes": [["b"], ["x"]], "2024-02": [["a"], ["2"], ["3"]]})
    found = read_workbook(path, "book.xlsx", sheet="2024-*")
    assert found.rows["a"].to_pylist() == ["1", "2", "3"]
    assert [found.files[n] for n in found.file_of] == ["book.xlsx, sheet 2024-01"] + ["book.xlsx, sheet 2024-02"] * 2
    assert found.lines.to_pylist() == [2, 2, 3]
    with pytest.raises(SourceFileError, match="it has the sheets 2024-01, Notes, 2024-02: say which one"):
        read_workbook(path, "book.xlsx")
    with pytest.raises(SourceFileError, match=r"no sheet '2025-.'; it has 2024-01"):
        read_workbook(path, "book.xlsx", sheet="2025-*")
    with pytest.raises(SourceFileError, match=r"sheet Notes: its columns are not those of .*2024-01"):
        read_workbook(path, "book.xlsx", sheet="*")


def test_an_old_workbook(tmp_path):
    xls(
        tmp_path / "old.xls", [["Doc", "Due", "Amount"], ["0042", date(2024, 2, 29), 1234.5], [7, date(1999, 1, 1), 10]]
    )
    assert read_workbook(tmp_path / "old.xls", "old.xls").rows.to_pylist() == [
        {"Doc": "0042", "Due": "2024-02-29", "Amount": "1234.5"},
        {"Doc": "7", "Due": "1999-01-01", "Amount": "10"},
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "not a readable workbook", id="empty"),
        pytest.param(b"a;b\n1;2\n", "not a readable workbook", id="a text file"),
        pytest.param(b"PK\x03\x04broken", "not a readable workbook.*save it as .xlsx", id="a broken archive"),
    ],
)
def test_what_is_no_workbook_says_what_to_do(tmp_path, content, message):
    (tmp_path / "book.xlsx").write_bytes(content)
    with pytest.raises(SourceFileError, match=message):
        read_workbook(tmp_path / "book.xlsx", "book.xlsx")


def test_an_empty_sheet(book):
    with pytest.raises(SourceFileError, match="row 1 holds no names of columns"):
        read_workbook(book({"A": []}), "book.xlsx")


def mapping(**options):
    columns = {
        "order_id": {"from": "Order"},
        "customer_id": {"from": "Customer", "pad_to": 10},
        "ordered_on": {"from": "Date", "format": ["%Y-%m-%d", "%d.%m.%Y"]},
        "amount": {"from": "Amount"},
        "known_at": {"from": "Date", "format": ["%Y-%m-%d", "%d.%m.%Y"]},
    }
    file = {"file": "book.xlsx", "tables": {"orders": {"columns": columns}}}
    return SourceMapping.model_validate(
        {"source": "x", "description": "", "kind": "excel", "currency": "EUR", "files": [file]} | options
    )


def test_cells_and_texts_of_one_column_read_alike(book):
    """Numbers beside texts with a decimal comma, days beside texts with the day first."""
    rows = [
        ["Order", "Customer", "Date", "Amount"],
        [1, 200769623, date(2024, 1, 31), 123.456],
        [2, "0200769623", "31.01.2024", "1.234,5"],
    ]
    orders = mapping(decimal_mark=",", thousands_mark=".")
    folder = book({"A": rows}).parent
    (staged,) = stage(read_source(folder, orders, orders.files[0]), orders, orders.files[0])
    assert staged.refusal.tolist() == [-1, -1]
    assert staged.rows["amount"].to_pylist() == [Decimal("123.4560"), Decimal("1234.5000")]
    assert staged.rows["customer_id"].to_pylist() == ["0200769623"] * 2
    assert staged.rows["ordered_on"].to_pylist() == [date(2024, 1, 31)] * 2


def test_an_identifier_too_long_for_a_number_is_refused_in_words(book):
    rows = [["Order", "Customer", "Date", "Amount"], [1, 1661240395903230676, date(2024, 1, 31), 1]]
    folder, orders = book({"A": rows}).parent, mapping()
    read = read_source(folder, orders, orders.files[0])
    with pytest.raises(SourceFileError, match=r"Customer holds 1\.66124039590323\d+e\+18, a number too long"):
        stage(read, orders, orders.files[0])
    assert isinstance(orders.files[0], FileMapping)
    assert isinstance(orders.files[0].tables["orders"], TableMapping)
