"""Distress in an answer: for whom, in which words, and that it approves nobody."""

import pytest

from .conftest import YESTERDAY, FakeModel, FakeStore, client_of, desk_with, release, spec

GROUPS = {"equity_share": "financials", "net_margin": "financials"}
LABEL = {
    "kind": "distress",
    "horizon_months": 12,
    "sample": "Polish companies",
    "sample_rate": 0.07,
    "base_rate": 0.012,
    "base_rate_source": "A statistic of 2023",
}
NEWCOMER = {
    "is_known_customer": 1.0,
    "settled_count_ever": 0.0,
    "invoice_count_365d": 0.0,
    "statement_age_days": 120.0,
    "equity_share": 0.1,
    "net_margin": None,
    "tangible_net_worth": 2_000_000.0,
    "working_capital": 900_000.0,
}
CUSTOMERS = {
    "NEW": NEWCOMER,
    "PAID ONCE": {**NEWCOMER, "settled_count_ever": 1.0},
    "NO STATEMENT": {**NEWCOMER, "statement_age_days": None, "equity_share": None},
    "NO RATIO": {**NEWCOMER, "equity_share": None},
    "NOTHING STATED": {**NEWCOMER, "settled_count_ever": None},
    "OLD STATEMENT": {**NEWCOMER, "statement_age_days": 731.0},
}
ASKED = ("/v1/scores/default", "/v1/limits")


def with_distress(answer=0.031):
    made = release()
    distress = FakeModel(spec("distress", "distress_prob_12m", "distress(1y)", GROUPS, label=LABEL), answer)
    facts = FakeStore({name: (values, YESTERDAY) for name, values in CUSTOMERS.items()})
    return release(models={**made.models, "distress": distress}, facts=facts)


@pytest.fixture
def client():
    return client_of(desk_with(with_distress()))


def post(client, path, customer_id):
    response = client.post(path, json={"customer_id": customer_id})
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("path", ASKED)
def test_a_newcomer_with_a_statement(client, path):
    answer = post(client, path, "NEW")
    found = answer["distress"]
    assert found["distress_prob_12m"] == 0.031
    assert found["horizon_months"] == 12
    assert found["ratios"] == {"equity_share": 0.1, "net_margin": None}
    assert found["statement_age_days"] == 120.0
    assert found["reasons"][0]["sentence"] == "Equity is 10 % of total assets in the latest statement."
    assert answer["outcome"] == "REVIEW"
    assert any("no payment history" in doubt for doubt in answer["doubts"])


def test_it_says_what_it_is(client):
    said = post(client, ASKED[0], "NEW")["distress"]["what_it_is"]
    assert said == (
        "Probability of bankruptcy within 12 months by the ratios of an annual statement alone. Learnt from Polish "
        "companies, and brought from the sample's rate of 7.00 % to the base rate of 1.20 % (A statistic of 2023). It "
        "is not a probability of default from a payment history, enters no limit, and approves nobody."
    )


@pytest.mark.parametrize("path", ASKED)
@pytest.mark.parametrize("customer_id", ["PAID ONCE", "NO STATEMENT", "NO RATIO"])
def test_for_whom_it_is_not(client, path, customer_id):
    answer = post(client, path, customer_id)
    assert answer["distress"] is None
    assert not any("no payment history" in doubt for doubt in answer["doubts"])


def test_a_count_that_is_not_known_is_no_history(client):
    assert post(client, ASKED[0], "NOTHING STATED")["distress"]["distress_prob_12m"] == 0.031


def test_an_old_statement_is_a_doubt_of_its_own(client):
    doubts = post(client, ASKED[0], "OLD STATEMENT")["doubts"]
    assert any("731 days old, more than 730" in doubt for doubt in doubts)


@pytest.mark.parametrize("chance", [1e-6, 0.9])
def test_however_sound_the_statement_nobody_is_approved_and_no_limit_moves(chance):
    plain = release()
    facts = with_distress().facts
    without = post(client_of(desk_with(release(models=plain.models, facts=facts))), "/v1/limits", "NEW")
    answer = post(client_of(desk_with(with_distress(chance))), "/v1/limits", "NEW")
    assert answer["outcome"] == "REVIEW"
    assert answer["distress"]["distress_prob_12m"] == chance
    same = ("recommended_limit", "caps", "binding_cap", "expected_loss", "risk")
    assert {name: answer[name] for name in same} == {name: without[name] for name in same}


def test_a_release_without_the_model_answers_as_before():
    made = release()
    answer = post(client_of(desk_with(made)), ASKED[0], "C1")
    assert "distress" not in answer
