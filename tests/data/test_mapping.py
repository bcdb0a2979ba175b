"""Mappings: what ships can be used, and what cannot be used says why."""

from datetime import date

import pytest
import yaml

from data.mapping import SHIPPED, MappingError, load_mapping


def written(tmp_path, change):
    content = yaml.safe_load((SHIPPED / "datarisk.yaml").read_text(encoding="utf-8"))
    change(content)
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def invoices(content):
    return content["files"][1]["tables"]["invoices"]["columns"]


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_mapping_can_be_used(path):
    assert load_mapping(path.stem) == load_mapping(path)
    assert load_mapping(path.stem).source == path.stem


def test_a_mapping_of_ones_own(tmp_path):
    mine = load_mapping(written(tmp_path, lambda content: content.update(source="mine")))
    assert mine.source == "mine"
    assert mine.extracted(date(2021, 7, 1)).extracted_on == date(2021, 7, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda c: c.pop("source"), "source: Field required", id="no source"),
        pytest.param(lambda c: c.update(currncy="BRL"), "currncy: Extra inputs", id="a misspelt option"),
        pytest.param(lambda c: c.update(currency="R$"), "currency: String should match", id="no currency code"),
        pytest.param(lambda c: c.pop("currency"), "nothing fills 'currency'", id="no currency at all"),
        pytest.param(lambda c: invoices(c).pop("due_on"), "invoices: nothing fills 'due_on'", id="a column not filled"),
        pytest.param(
            lambda c: invoices(c).update(due={"from": "X"}), "no column 'due'; it has invoice_id", id="unknown column"
        ),
        pytest.param(
            lambda c: invoices(c).update(due_on={"from": "X", "value": "Y"}), "either 'from'", id="two origins"
        ),
        pytest.param(
            lambda c: invoices(c).update(due_on={"value": "31.12.2024"}), "is not a date of the form", id="constant day"
        ),
        pytest.param(
            lambda c: invoices(c).update(amount={"value": "1,5"}),
            "'1,5' of 'amount' is not a number",
            id="constant amount",
        ),
        pytest.param(
            lambda c: invoices(c).update(due_on={"value": True}), "cannot be true or false", id="a yes as a day"
        ),
        pytest.param(
            lambda c: invoices(c).update(order_id={"value": 5}), "put it in quotes, as '5'", id="not in quotes"
        ),
        pytest.param(
            lambda c: invoices(c).update(outcome_unknown={"from": "X", "equals": False}),
            "put the word in quotes",
            id="no",
        ),
        pytest.param(
            lambda c: invoices(c).update(outcome_unknown={"from": "X"}), "is a yes or no", id="a flag without its word"
        ),
        pytest.param(
            lambda c: invoices(c).update(order_id={"from": "X", "equals": "Y"}), "makes a yes or no", id="text as flag"
        ),
        pytest.param(
            lambda c: invoices(c).update(amount={"from": "X", "format": "%Y%m%d"}), "for days and instants", id="format"
        ),
        pytest.param(
            lambda c: c["files"][2]["tables"].update(bills={"columns": {}}), "describes a table 'bills'", id="no table"
        ),
        pytest.param(
            lambda c: invoices(c).update(due_on={"from": "X", "format": "%d/%m"}),
            "names no whole date",
            id="half a form",
        ),
        pytest.param(
            lambda c: invoices(c).update(due_on={"from": "X", "format": ["%d/%m/%Y", "%m/%d/%Y"]}),
            "read one text as two days",
            id="forms that contradict each other",
        ),
        pytest.param(
            lambda c: invoices(c).update(amount={"from": "X", "pad_to": 3}),
            "'join' make texts",
            id="an amount filled up",
        ),
        pytest.param(lambda c: invoices(c).update(order_id={"from": "X", "negate": True}), "for numbers", id="negated"),
        pytest.param(lambda c: invoices(c).update(order_id={"from": "X", "pick": "latest"}), "for days", id="picked"),
        pytest.param(lambda c: invoices(c).update(order_id={"join": [{"from": "X"}]}), "two parts or more", id="join"),
        pytest.param(
            lambda c: c["files"][1]["tables"]["payments"].update(rows_where={"item": {"filled": True}}),
            "'item' is a derived key",
            id="rows by a derived key",
        ),
        pytest.param(
            lambda c: c["files"][1]["tables"]["payments"].update(rows_where={"TAXA": {}}),
            "state 'equals', 'in'",
            id="where",
        ),
        pytest.param(
            lambda c: c["files"].append(c["files"][1] | {"file": "more.csv"}),
            "each derive 'invoice_id' with the prefix 'i-'.*'prefix' of its own",
            id="derived keys of two files",
        ),
        pytest.param(lambda c: c["files"][0].update(query="SELECT 1"), "'query' is for kind sql", id="query"),
        pytest.param(lambda c: c["files"][0].update(sheet="A"), "'sheet' is for kind excel", id="sheet"),
        pytest.param(lambda c: c["files"][0].update(file="../a.csv"), "without '..'", id="a file elsewhere"),
        pytest.param(lambda c: c["files"][0].update(table="customers"), "not both", id="table and tables"),
        pytest.param(lambda c: c.update(kind="excel"), "files that end in .xlsx", id="a workbook of another ending"),
        pytest.param(lambda c: c.update(kind="sql"), "state the 'query'", id="a database without a query"),
        pytest.param(lambda c: c.update(decimal_mark=",", thousands_mark=","), "are both ','", id="one mark for two"),
        pytest.param(lambda c: c.update(time_zone="Berlin"), "no time zone 'Berlin'", id="time zone"),
        pytest.param(lambda c: c.update(url="postgresql://me:secret@h/d"), "url: Extra inputs", id="an address"),
        pytest.param(lambda c: c["files"][1].pop("tables"), "say under 'tables'", id="text without tables"),
        pytest.param(lambda c: c.update(kind="parquet"), "files that end in .parquet", id="parquet of another ending"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_why(tmp_path, change, message):
    with pytest.raises(MappingError, match=message):
        load_mapping(written(tmp_path, change))


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    path = written(tmp_path, lambda content: (invoices(content).pop("due_on"), invoices(content).pop("issued_on")))
    with pytest.raises(MappingError, match=r"'issued_on'[\s\S]*'due_on'"):
        load_mapping(path)


def test_an_option_that_cannot_be_read_does_not_hide_a_column_that_nothing_fills(tmp_path):
    def change(content):
        content.update(source="No Name", currncy="BRL")
        invoices(content).pop("due_on")
        invoices(content).update(issued_on={"from": "X", "value": "Y"})

    with pytest.raises(MappingError) as refused:
        load_mapping(written(tmp_path, change))
    told = "\n".join(refused.value.problems)
    for wanted in ("source: String should match", "currncy: Extra", "'from' (a column)", "nothing fills 'due_on'"):
        assert wanted in told
    assert "nothing fills 'issued_on'" not in told, "it is there, and wrong"
    assert len(refused.value.problems) == 4


def test_what_is_not_there_or_not_yaml(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no mapping sab: .* one of contract, datarisk, .*sap"):
        load_mapping("sab")
    (tmp_path / "bad.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(MappingError, match="it is not YAML"):
        load_mapping(tmp_path / "bad.yaml")
