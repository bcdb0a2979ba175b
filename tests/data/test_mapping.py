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
        pytest.param(lambda c: invoices(c).update(due_on={"value": "2024-01-01"}), "needs a column", id="constant day"),
        pytest.param(
            lambda c: invoices(c).update(outcome_unknown={"from": "X"}), "is a yes or no", id="a flag without its word"
        ),
        pytest.param(
            lambda c: invoices(c).update(order_id={"from": "X", "equals": "Y"}), "makes a yes or no", id="text as flag"
        ),
        pytest.param(
            lambda c: invoices(c).update(amount={"from": "X", "format": "%d"}), "for days and instants", id="format"
        ),
        pytest.param(
            lambda c: c["files"][2]["tables"].update(bills={"columns": {}}), "describes a table 'bills'", id="no table"
        ),
        pytest.param(lambda c: c["files"].append(c["files"][1]), "invoices: 2 files fill it", id="filled twice"),
        pytest.param(lambda c: c["files"][1].pop("tables"), "say under 'tables'", id="text without tables"),
        pytest.param(lambda c: c.update(kind="parquet"), "take no 'tables'", id="parquet with tables"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_why(tmp_path, change, message):
    with pytest.raises(MappingError, match=message):
        load_mapping(written(tmp_path, change))


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    path = written(tmp_path, lambda content: (invoices(content).pop("due_on"), invoices(content).pop("issued_on")))
    with pytest.raises(MappingError, match=r"'issued_on'[\s\S]*'due_on'"):
        load_mapping(path)


def test_what_is_not_there_or_not_yaml(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no mapping sap: .* one of contract, datarisk"):
        load_mapping("sap")
    (tmp_path / "bad.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(MappingError, match="it is not YAML"):
        load_mapping(tmp_path / "bad.yaml")
