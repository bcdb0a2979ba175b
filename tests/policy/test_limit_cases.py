"""Limit cases that a credit officer can read and add to: tests/policy/cases/limits.yaml."""

from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from policy.limits import LimitInputs, LimitPolicy, recommend
from policy.terms import history_of, parameters_in_force

HERE = Path(__file__).resolve().parent
PARAMETERS = HERE.parents[1] / "policy" / "parameters" / "limits.yaml"
CASES = yaml.safe_load((HERE / "cases" / "limits.yaml").read_text(encoding="utf-8"))


def policy_on(as_of, currency):
    history = history_of(yaml.safe_load(PARAMETERS.read_text(encoding="utf-8")))
    return LimitPolicy.from_values(parameters_in_force(history, as_of=as_of), currency=currency)


def told(recommendation):
    return {
        "amount": recommendation.amount,
        "binding_cap": recommendation.binding_cap,
        "next_cap": recommendation.next_cap.name if recommendation.next_cap else None,
        "outcome": recommendation.outcome,
        "needs_approval": recommendation.needs_approval,
        "reference": recommendation.reference,
    }


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_limit_case(case):
    inputs = LimitInputs(case["currency"], **{name: Decimal(text) for name, text in case["inputs"].items()})
    got = told(recommend(inputs, policy_on(case["as_of"], case["currency"])))
    expect = dict(case["expect"])
    if expect.get("amount") is not None:
        expect["amount"] = Decimal(expect["amount"])
    assert {field: got[field] for field in expect} == expect


def test_every_start_date_of_the_parameter_file_is_valid_in_every_currency_it_names():
    source = yaml.safe_load(PARAMETERS.read_text(encoding="utf-8"))
    for start, values in history_of(source).items():
        for currency in values["money"]:
            assert policy_on(start, currency).reference == values["reference"]
    assert source["owner"]
    assert source["description"]


def test_every_number_of_the_policy_names_its_source():
    source = yaml.safe_load(PARAMETERS.read_text(encoding="utf-8"))
    for values in source["values"].values():
        assert set(values) - {"reference"} == set(source["sources"])
