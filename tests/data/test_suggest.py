"""A proposed mapping: the right columns of real files, honest doubt, and values that read back as they were written."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.column_facts import facts_of
from data.mapping import MappingError, load_mapping
from data.sources import read_source
from data.staging import stage
from data.suggestion import suggest
from data.suggestion_yaml import as_yaml, gaps
from data.synonyms import matches
from data.text_dialect import UnreadableFileError
from tests.conftest import SHARED_DATA


def proposed(path):
    """Concept -> column."""
    return {concept: one.facts.name for concept, one in suggest(path).proposed.items()}


def loaded(path, *, fill=()):
    """The proposal's YAML, loaded; ``fill`` are the lines that a person completed."""
    text = as_yaml(suggest(path))
    for gap, line in fill:
        assert f"# FILL IN {gap}" in text
        text = "\n".join(line if f"# FILL IN {gap}" in row else row for row in text.splitlines())
    target = path.with_suffix(".yaml")
    target.write_text(text, encoding="utf-8")
    return load_mapping(target), text


def staged(path, mapping):
    file = mapping.files[0]
    return {one.table: one for one in stage(read_source(path.parent, mapping, file), mapping, file)}


def written(folder, text, name="items.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_the_payments_file_of_datarisk(datarisk, tmp_path):
    path = tmp_path / "base_pagamentos.csv"
    path.write_bytes((datarisk / path.name).read_bytes())
    assert proposed(path) == {
        "customer_id": "ID_CLIENTE",
        "issued_on": "DATA_EMISSAO_DOCUMENTO",
        "due_on": "DATA_VENCIMENTO",
        "paid_on": "DATA_PAGAMENTO",
        "amount": "VALOR_A_PAGAR",
        "interest_rate": "TAXA",
        "period_start_on": "SAFRA_REF",
    }
    mapping, text = loaded(path, fill=[("currency", "currency: BRL")])
    assert mapping.delimiter == ";"
    assert "  # high: the name says 'data vencimento'; 100% of the values are days %Y-%m-%d" in text
    ours = staged(path, load_mapping("datarisk").model_copy(update={"files": load_mapping("datarisk").files[1:2]}))
    theirs = staged(path, mapping)
    for name in ("invoices", "payments", "allocations"):
        kept = [c for c in ours[name].rows.column_names if c != "source"]
        assert theirs[name].rows.select(kept) == ours[name].rows.select(kept)


def test_the_sap_sample(tmp_path):
    folder = SHARED_DATA / "sap_extract"
    if not folder.is_dir():
        pytest.skip("the SAP sample is not beside this checkout (../shared/data/sap_extract)")
    path = tmp_path / "raw_format_sample.csv"
    path.write_bytes((folder / path.name).read_bytes())
    found = proposed(path)
    assert (
        found
        | {
            "customer_id": "cust_number",
            "invoice_id": "doc_id",
            "issued_on": "posting_date",
            "due_on": "due_in_date",
            "paid_on": "clear_date",
            "amount": "total_open_amount",
            "currency": "invoice_currency",
            "terms_code": "cust_payment_terms",
        }
        == found
    )
    mapping, text = loaded(path)
    assert gaps(text) == []
    assert "name_customer: a name; confidential" in text
    assert "area_business: empty" in text
    rows = {name: table.rows for name, table in staged(path, mapping).items()}
    assert {name: table.num_rows for name, table in rows.items()} == dict.fromkeys(
        ("invoices", "payments", "allocations"), 19
    )
    shipped = load_mapping("sap")
    ours = {
        one.table: one for one in stage(read_source(tmp_path, shipped, shipped.files[0]), shipped, shipped.files[0])
    }
    for name in ("customer_id", "issued_on", "due_on", "amount", "currency", "terms_code"):
        assert rows["invoices"][name] == ours["invoices"].rows[name]


@pytest.mark.parametrize(
    "header",
    [
        "customer number,invoice number,invoice date,due date,payment date,amount,currency",
        "Kundennummer,Rechnungsnummer,Rechnungsdatum,Fälligkeitsdatum,Zahlungsdatum,Betrag,Währung",
        "codigo_cliente,numero_nota_fiscal,data_emissao,data_vencimento,data_pagamento,valor,moeda",
        "Código Cliente,Número de factura,Fecha de emisión,Fecha de vencimiento,Fecha de pago,Importe,Moneda",
        "Code client,Numéro facture,Date de facture,Date d'échéance,Date de paiement,Montant TTC,Devise",
        "KUNNR,BELNR,BUDAT,ZFBDT,AUGDT,WRBTR,WAERS",
        "debtor_id,docNo,issueDate,netDueDate,clearingDate,grossAmount,ccy",
    ],
)
def test_names_in_five_languages_and_of_sap(tmp_path, header):
    path = written(
        tmp_path,
        f"{header}\n0001,R1,2024-01-05,2024-02-04,2024-02-01,10.50,EUR\n0002,R2,2024-01-06,2024-02-05,,7.25,EUR\n",
    )
    mapping, text = loaded(path)
    assert gaps(text) == []
    tables = staged(path, mapping)
    wanted = ["customer_id", "invoice_id", "issued_on", "due_on", "amount", "currency"]
    assert tables["invoices"].rows.select(wanted).to_pylist() == [
        {"customer_id": "0001", "invoice_id": "R1", "issued_on": date(2024, 1, 5), "due_on": date(2024, 2, 4),
         "amount": Decimal("10.5"), "currency": "EUR"},
        {"customer_id": "0002", "invoice_id": "R2", "issued_on": date(2024, 1, 6), "due_on": date(2024, 2, 5),
         "amount": Decimal("7.25"), "currency": "EUR"},
    ]  # fmt: skip
    assert tables["payments"].rows["paid_on"].to_pylist() == [date(2024, 2, 1)]


def test_a_baseline_date_stands_in_for_a_due_date_with_low_confidence(tmp_path):
    path = written(tmp_path, "KUNNR;BELNR;BUDAT;ZFBDT;WRBTR;WAERS\n1;2;20240105;20240106;3,10;EUR\n")
    text = as_yaml(suggest(path))
    assert 'due_on: {from: ZFBDT, format: "%Y%m%d"}  # low: for want of a better one' in text


@pytest.mark.parametrize(
    ("days", "comment", "form"),
    [
        pytest.param(("05/06/2024", "07/08/2024"), True, "%d/%m/%Y", id="either"),
        pytest.param(("05/06/2024", "31/08/2024"), False, "%d/%m/%Y", id="day first"),
        pytest.param(("05/06/2024", "08/31/2024"), False, "%m/%d/%Y", id="month first"),
    ],
)
def test_day_or_month_first_is_said_where_it_cannot_be_seen(tmp_path, days, comment, form):
    rows = "\n".join(f"C{n};R{n};{day};2024-12-31;1,5;EUR" for n, day in enumerate(days))
    path = written(tmp_path, f"customer;invoice number;invoice date;due date;amount;currency\n{rows}\n")
    mapping, text = loaded(path)
    assert ("CHECK day or month first" in text) == comment
    assert mapping.files[0].tables["invoices"].columns["issued_on"].formats == (form,)


def test_a_column_that_shows_its_order_settles_the_others(tmp_path):
    path = written(
        tmp_path,
        "customer;invoice number;invoice date;due date;amount\n"
        "C;R1;01/02/2024;03/25/2024;1\nC;R2;02/02/2024;04/04/2024;2\n",
    )
    assert suggest(path).facts["invoice date"].day_forms == ("%m/%d/%Y",)
    assert "day or month first" not in as_yaml(suggest(path))


@pytest.mark.parametrize(
    ("amounts", "marks", "sure"),
    [
        pytest.param(["1.234,50", "7,10"], (",", "."), True, id="German"),
        pytest.param(["1,234.50", "7.10"], (".", ","), True, id="English"),
        pytest.param(["1 234,50", "7,10"], (",", " "), True, id="French"),
        pytest.param(["1'234.50", "7.10"], (".", "'"), True, id="Swiss"),
        pytest.param(["1234.50", "7.10"], (".", None), True, id="plain"),
        pytest.param(["1234", "7"], (".", None), True, id="whole"),
        pytest.param(["1.234", "7.100"], (".", None), False, id="three places or thousands"),
        pytest.param(["1.234", "7,5"], (",", "."), True, id="thousands by another value"),
    ],
)
def test_marks_of_numbers(tmp_path, amounts, marks, sure):
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=";").writerows([["customer", "amount"], *(["C", amount] for amount in amounts)])
    found = suggest(path)
    assert (found.decimal_mark, found.thousands_mark) == marks
    assert ("CHECK decimal_mark" in as_yaml(found)) != sure


def test_numbers_with_and_without_leading_zeros_are_filled_up(tmp_path):
    rows = "".join(
        f"{customer};R{n};2024-01-01;2024-02-01;1.5;EUR\n"
        for n, customer in enumerate(["0200769623", "200769623", "C9"])
    )
    mapping, text = loaded(written(tmp_path, f"KUNNR;BELNR;BUDAT;due date;WRBTR;WAERS\n{rows}"))
    assert mapping.files[0].tables["invoices"].columns["customer_id"].pad_to == 10
    assert "1 values begin with a zero" in text


def test_what_is_missing_is_marked_and_not_guessed(tmp_path):
    path = written(tmp_path, "customer;invoice number;due date;colour\nC;R1;2024-02-01;red\n")
    text = as_yaml(suggest(path))
    assert [gap.split(":")[0] for gap in gaps(text)] == ["currency", "issued_on", "known_at"]
    assert "#   colour: texts, 1 of 1 filled, 1 different" in text
    with pytest.raises(MappingError, match="nothing fills 'issued_on'"):
        loaded(path)
    mapping, _ = loaded(
        path,
        fill=[
            ("currency", "currency: EUR"),
            ("issued_on", '          issued_on: {from: "due date"}'),
            ("known_at", '          known_at: {value: "2024-01-01"}'),
        ],
    )
    assert staged(path, mapping)["invoices"].rows["known_at"].to_pylist()[0].date() == date(2024, 1, 1)


def test_a_file_of_no_table_says_so(tmp_path):
    text = as_yaml(suggest(written(tmp_path, "colour;shape\nred;round\n")))
    assert "CHECK what the file is" in text
    assert len(gaps(text)) >= 4


def test_master_data(datarisk):
    text = as_yaml(suggest(datarisk / "base_cadastral.csv"))
    assert "customers:" in text
    assert 'is_natural_person: {from: FLAG_PF, equals: "X"}' in text
    assert '"PEQUENO": SMALL' in text
    assert gaps(text) == []


@pytest.mark.parametrize(
    ("encoding", "told"), [("utf-8", None), ("utf-8-sig", None), ("utf-16", None), ("cp1252", "not utf-8")]
)
def test_encodings(tmp_path, encoding, told):
    path = written(tmp_path, "Kunde;Währung\nMüller;EUR\n", encoding=encoding)
    found = suggest(path)
    assert list(found.facts) == ["Kunde", "Währung"]
    assert any("not utf-8" in note for note in found.notes) == (told is not None)


def test_a_title_above_the_header(tmp_path):
    path = written(tmp_path, "Open items 2024\n\ncustomer;amount;currency\nC1;1,50;EUR\nC2;2,50;EUR\n")
    assert suggest(path).file.header == 3
    assert list(suggest(path).facts) == ["customer", "amount", "currency"]


def test_a_workbook_and_a_parquet_file_propose_what_the_text_does(tmp_path):
    names = ["Kundennummer", "Rechnungsnummer", "Rechnungsdatum", "Fälligkeitsdatum", "Betrag", "Währung"]
    rows = [
        ["0001", "R1", date(2024, 1, 5), date(2024, 2, 4), 10.5, "EUR"],
        ["0002", "R2", date(2024, 1, 6), date(2024, 2, 5), 7, "EUR"],
    ]
    workbook = openpyxl.Workbook()
    for row in [["Offene Posten"], names, *rows]:
        workbook.active.append(row)
    workbook.create_sheet("Notizen").append(["x"])
    workbook.save(tmp_path / "op.xlsx")
    columns = [pa.array([row[n] for row in rows]) for n in range(4)]
    amounts = pa.array([Decimal("10.50"), Decimal("7.00")])
    pq.write_table(pa.table([*columns, amounts, pa.array(["EUR", "EUR"])], names=names), tmp_path / "op.parquet")
    expected = [Decimal("10.5000"), Decimal("7.0000")]
    for name in ("op.xlsx", "op.parquet"):
        mapping, text = loaded(tmp_path / name)
        assert gaps(text) == []
        (table,) = staged(tmp_path / name, mapping).values()
        assert table.rows["amount"].to_pylist() == expected
        assert table.rows["due_on"].to_pylist() == [date(2024, 2, 4), date(2024, 2, 5)]
        assert table.refusal.tolist() == [-1, -1]
    assert load_mapping(tmp_path / "op.yaml").kind == "parquet"


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"\x00\x01\x02" * 50, "no text"), (b"PAR1broken", "not a readable Parquet")],
)
def test_what_holds_nothing_to_go_by(tmp_path, content, message):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(UnreadableFileError, match=message):
        suggest(tmp_path / "x.csv")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        suggest(tmp_path / "y.csv")


def test_a_name_that_resembles_one_counts_less_than_one_that_is_one():
    assert matches("due_date")[0].score == 1
    assert 0.6 <= matches("invoice_due_date_net")[0].score < 1
    assert matches("due_dates")[0].concept == "due_on"


def test_eight_digits_that_are_no_days_are_no_days():
    assert not facts_of("doc", ["19001399", "20240101", "99999999"]).is_day
    assert facts_of("doc", ["20240101", "20240131"]).day_forms == ("%Y%m%d",)


DIALECTS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([";", ",", "\t", "|"]),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
        "marks": st.sampled_from([(".", ""), (",", ""), (",", "."), (".", ","), (",", " "), (".", "'")]),
        "form": st.sampled_from(
            ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y%m%d", "%d-%b-%Y", "%Y-%m-%d %H:%M:%S", "%d.%m.%y"]
        ),
        "header": st.sampled_from(
            [
                ("customer number", "invoice number", "invoice date", "due date", "payment date", "amount", "currency"),
                ("Kunde", "Rechnungsnummer", "Rechnungsdatum", "Fälligkeit", "Zahlungsdatum", "Betrag", "Währung"),
                ("KUNNR", "BELNR", "BLDAT", "FAEDT", "AUGDT", "WRBTR", "WAERS"),
            ]
        ),
        "title": st.booleans(),
    }
)  # fmt: skip
ITEMS = st.lists(
    st.tuples(
        st.sampled_from(["0001", "C&A", "Müller; Söhne", '12"3', "9" * 19]),
        st.dates(date(2000, 1, 1), date(2040, 12, 31)),
        st.integers(0, 400),
        st.none() | st.integers(0, 500),
        st.decimals(min_value="0.01", max_value="9999999.99", places=2),
        st.sampled_from(["EUR", "USD"]),
    ),
    min_size=1,
    max_size=12,
)


def later(day, days):
    return None if days is None else day + timedelta(days=days)


def amount_text(amount, decimal_mark, thousands_mark):
    return f"{amount:,.2f}".replace(",", "_").replace(".", decimal_mark).replace("_", thousands_mark)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ITEMS, DIALECTS)
def test_a_table_in_any_dialect_is_read_back_as_it_was_written(tmp_path_factory, items, dialect):
    """What is proposed reads the same values, or says that day and month cannot be told apart."""
    rows = [
        (customer, f"R-{n}", issued, later(issued, terms), later(issued, paid), amount, currency)
        for n, (customer, issued, terms, paid, amount, currency) in enumerate(items)
    ]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=dialect["delimiter"], lineterminator="\n")
    if dialect["title"]:
        out.write("Open items\n")
    writer.writerow(dialect["header"])
    for *ids, issued, due, paid, amount, currency in rows:
        days = ["" if day is None else day.strftime(dialect["form"]) for day in (issued, due, paid)]
        writer.writerow([*ids, *days, amount_text(amount, *dialect["marks"]), currency])
    path = written(tmp_path_factory.mktemp("dialect"), out.getvalue(), encoding=dialect["encoding"])

    mapping, text = loaded(path)
    if "CHECK day or month first" in text:
        return
    assert gaps(text) == []
    tables = staged(path, mapping)
    wanted = ["customer_id", "invoice_id", "issued_on", "due_on", "amount", "currency"]
    read = [tuple(row.values()) for row in tables["invoices"].rows.select(wanted).to_pylist()]
    assert read == [(c, i, issued, due, amount, cur) for c, i, issued, due, _, amount, cur in rows]
    assert (tables["invoices"].refusal == -1).all()
    if any(row[4] for row in rows):
        assert tables["payments"].rows["paid_on"].to_pylist() == [row[4] for row in rows if row[4]]
