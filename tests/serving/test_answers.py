"""What is answered when all is well, and how a doubt shows."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from policy.outcome import Outcome

from .conftest import (
    DEFAULT_FEATURES,
    VALUES,
    YESTERDAY,
    FakeModel,
    FakeStore,
    client_of,
    desk_with,
    late,
    release,
    released_policy,
    spec,
)

VERSIONS = {
    "release": "0123456789ab",
    "models": {"default": "3", "late-payment": "7"},
    "feature_sets": {"default_v1": "0123456789abcdef", "late_v1": "0123456789abcdef"},
    "data_version": "d1",
    "code_version": "0.1.0",
    "policy": "CC-2025-11 §1",
}


def post(client, path, body):
    response = client.post(path, json=body)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return response.json()


def test_default_score_with_its_conversion_reasons_freshness_and_versions(client):
    answer = post(client, "/v1/scores/default", {"customer_id": "C1"})
    assert (answer["customer_id"], answer["as_of"]) == ("C1", "2026-03-10")
    # 1 - 0.98^(365/180) = 0.0401388.., rounded up
    assert (answer["pd_180d"], answer["pd_12m"]) == (0.02, 0.040139)
    assert "converted from pd_180d 0.02" in answer["notes"][0]
    assert answer["freshness"] == {
        "status": "FRESH",
        "as_of": "2026-03-09",
        "age_days": 1,
        "computed_at": "2026-03-10T02:30:00+00:00",
    }
    assert (answer["outcome"], answer["doubts"]) == (None, [])
    assert answer["versions"] == VERSIONS


@pytest.mark.parametrize("path", ["/v1/scores/default", "/v1/limits"])
@pytest.mark.parametrize(
    ("customer_id", "said"),
    [
        pytest.param(
            "IN DEFAULT", "is in default: its oldest overdue item is 91 days", id="more than 90 days past due"
        ),
        pytest.param("INACTIVE", "no invoice in the last 365 days", id="no business for a year"),
    ],
)
def test_a_customer_the_model_does_not_speak_of_is_for_a_person(client, path, customer_id, said):
    answer = post(client, path, {"customer_id": customer_id})
    assert answer["outcome"] == "REVIEW"
    assert any(said in doubt for doubt in answer["doubts"])


def test_ninety_days_past_due_are_not_yet_default(client):
    assert post(client, "/v1/scores/default", {"customer_id": "AT THE EDGE"})["doubts"] == []


def test_reasons_are_in_words_and_come_weightiest_first(client):
    answer = post(client, "/v1/scores/default", {"customer_id": "C1"})
    assert [reason["group"] for reason in answer["reasons"]] == ["open_items", "payment_behaviour"]
    assert [reason["feature"] for reason in answer["reasons"]] == ["overdue_count", "late5_share_365d"]
    assert all(reason["sentence"] for reason in answer["reasons"])


def test_the_model_is_shown_the_facts_of_the_store(client, made):
    post(client, "/v1/scores/default", {"customer_id": "C1"})
    assert made.models["default"].shown == [{"overdue_count": [2.0], "late5_share_365d": [0.25]}]


def test_late_payment_score_reads_the_invoice_beside_the_customer(client, made):
    answer = post(client, "/v1/scores/late-payment", late())
    assert answer["late_prob_5d"] == 0.31
    assert answer["as_of"] == "2026-03-10"
    assert (answer["notes"], answer["outcome"]) == ([], None)
    # 10 March to 9 April is 30 days; 7,500 is one and a half mean invoices of 5,000.
    assert made.models["late-payment"].shown[0] == {
        "overdue_count": [2.0],
        "late5_share_365d": [0.25],
        "terms_days": [30.0],
        "amount_to_mean_365d": [1.5],
    }


@pytest.mark.parametrize(("ago", "week"), [(1, 3), (7, 3), (8, 4), (-1, 2)])
def test_the_week_in_which_an_invoice_falls_due_is_counted_from_the_day_of_the_facts(ago, week):
    # From 9 March to 31 March are 22 days, the first of week 3. For facts six days older it is its last; for those
    # seven days older the first of week 4; for facts of the 11th it lies in week 2.
    as_of = date(2026, 3, 10) - timedelta(days=ago)
    facts = VALUES | {f"open_count_due_week_{k}": float(k) for k in range(8)}
    model = FakeModel(spec("late-payment", "late_prob_5d", "late(5)", {"due_week_open_count": "open_items"}), 0.31)
    made = release(models={"late-payment": model}, facts=FakeStore({"C1": (facts, as_of)}))
    post(client_of(desk_with(made)), "/v1/scores/late-payment", late(due_on="2026-03-31"))
    assert model.shown == [{"due_week_open_count": [float(week)]}]


def test_features_of_the_issue_day_are_noted(client):
    answer = post(client, "/v1/scores/late-payment", late(issued_on="2026-03-09"))
    assert "on or after the issue date 2026-03-09" in answer["notes"][0]
    assert answer["outcome"] is None


def test_features_later_than_the_issue_are_for_a_person(client):
    answer = post(client, "/v1/scores/late-payment", late(issued_on="2026-03-01"))
    assert answer["outcome"] == "REVIEW"
    assert "know what was not known on that day" in answer["doubts"][0]


def test_limit_with_the_binding_cap_every_cap_and_the_loss(client):
    answer = post(client, "/v1/limits", {"customer_id": "C1"})
    # need: 90,000 x 30 / 90 x (30 + 15) / 30
    assert (answer["recommended_limit"], answer["currency"], answer["binding_cap"]) == ("45000.00", "EUR", "need")
    assert {cap["name"]: cap["amount"] for cap in answer["caps"]} == {
        "need": "45000.00",
        "capacity_turnover": "75000.00",
        "capacity_net_worth": None,
        "capacity_working_capital": None,
        "expected_loss_budget": "110726.33",  # 2,000 / (4.0139 % x 45 %)
        "concentration": "900000.00",
        "behaviour": "90000.00",
        "change": None,
    }
    assert answer["expected_loss"]["formula"] == "812.82 = 4.0139 % x 45 % x 45,000.00"
    assert answer["next_cap"]["name"] == "capacity_turnover"
    assert (answer["needs_approval"], answer["outcome"]) == (False, None)
    assert answer["risk"]["pd_180d"] == 0.02
    assert answer["versions"] == VERSIONS


def test_a_limit_in_force_bounds_the_change(client):
    answer = post(client, "/v1/limits", {"customer_id": "C1", "limit_in_force": "20000"})
    assert (answer["recommended_limit"], answer["binding_cap"]) == ("30000.00", "change")


def test_what_is_not_known_is_listed_and_never_zero(client):
    answer = post(client, "/v1/limits", {"customer_id": "SILENT"})
    assert {cap["name"]: cap["missing"] for cap in answer["caps"] if not cap["known"]} == {
        "need": ["sales_of_the_last_365_days", "terms_days"],
        "capacity_turnover": ["revenue_12m"],
        "capacity_net_worth": ["tangible_net_worth"],
        "capacity_working_capital": ["working_capital"],
        "behaviour": ["peak_paid_in_terms"],
        "change": ["limit_in_force"],
    }


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({"is_natural_person": 1.0}, "is a natural person", id="natural person"),
        pytest.param({"credit_event_count_365d": 2.0}, "Credit events of the last 365 days: 2.", id="insolvency"),
    ],
)
def test_some_customers_are_always_for_a_person(values, said):
    made = release(facts=FakeStore({"C1": (VALUES | values, YESTERDAY)}))
    answer = post(client_of(desk_with(made)), "/v1/limits", {"customer_id": "C1"})
    assert answer["outcome"] == "REVIEW"
    assert said in answer["doubts"][0]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({"amount_missing_count_365d": 3.0}, "without an amount: 3", id="amounts missing"),
        pytest.param({"revenue_12m": -5.0}, "revenue_12m is not used", id="a turnover below zero"),
    ],
)
def test_odd_facts_are_noted(values, said):
    made = release(facts=FakeStore({"C1": (VALUES | values, YESTERDAY)}))
    answer = post(client_of(desk_with(made)), "/v1/limits", {"customer_id": "C1"})
    assert any(said in note for note in answer["notes"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/v1/scores/default", {"customer_id": "STALE"}, id="default"),
        pytest.param("/v1/scores/late-payment", late(customer_id="STALE"), id="late"),
        pytest.param("/v1/limits", {"customer_id": "STALE"}, id="limit"),
    ],
)
def test_stale_features_are_answered_but_for_a_person(client, path, body):
    answer = post(client, path, body)
    assert answer["freshness"]["status"] == "STALE"
    assert answer["freshness"]["age_days"] == 7
    assert answer["outcome"] == "REVIEW"
    assert "STALE: 7 days old, as of 2026-03-03" in answer["doubts"][0]


@pytest.mark.parametrize(
    ("as_of", "status", "outcome"),
    [
        pytest.param("2026-03-09", "FRESH", None, id="the day itself"),
        pytest.param("2026-03-15", "FRESH", None, id="last fresh day"),
        pytest.param("2026-03-16", "STALE", "REVIEW", id="first stale day"),
        pytest.param("2026-03-08", "FRESH", "REVIEW", id="before the features"),
    ],
)
def test_freshness_is_judged_on_the_day_asked_for(client, as_of, status, outcome):
    answer = post(client, "/v1/scores/default", {"customer_id": "C1", "as_of": as_of})
    assert (answer["freshness"]["status"], answer["outcome"]) == (status, outcome)


def test_the_policy_of_the_day_counts(client):
    answer = post(client, "/v1/limits", {"customer_id": "C1", "as_of": "2026-03-10"})
    assert answer["versions"]["policy"] == "CC-2025-11 §1"
    older = post(client, "/v1/limits", {"customer_id": "C1", "as_of": "2025-12-31"})
    assert older["versions"]["policy"] == "CC-2017-11 §1"
    # 30 tolerated days instead of 15
    assert older["recommended_limit"] == "60000.00"


def test_a_day_before_any_policy_has_no_limit(client):
    answer = post(client, "/v1/limits", {"customer_id": "C1", "as_of": "2017-12-31"})
    assert (answer["recommended_limit"], answer["outcome"]) == (None, "REVIEW")
    assert "No parameters in force on 2017-12-31" in answer["doubts"][-1]
    assert answer["versions"]["policy"] is None


def test_without_a_default_model_the_limit_stands_on_the_other_caps(made):
    made = release(models={"late-payment": made.models["late-payment"]})
    answer = post(client_of(desk_with(made)), "/v1/limits", {"customer_id": "C1"})
    assert {cap["name"]: cap["missing"] for cap in answer["caps"]}["expected_loss_budget"] == ["pd_12m"]
    assert (answer["risk"], answer["expected_loss"]) == (None, None)


@pytest.mark.parametrize(
    ("name", "pd_12m", "note"),
    [
        pytest.param("pd_12m", 0.02, None, id="a model of twelve months needs no conversion"),
        pytest.param("pd_90d", None, "pd_90d is not converted", id="another horizon has no rule"),
    ],
)
def test_the_horizon_of_the_model_decides_on_the_conversion(name, pd_12m, note):
    model = FakeModel(spec("default", name, "default(90, x)", DEFAULT_FEATURES), 0.02)
    answer = post(client_of(desk_with(release(models={"default": model}))), "/v1/scores/default", {"customer_id": "C1"})
    assert (answer[name], answer["pd_12m"]) == (0.02, pd_12m)
    assert note is None or note in answer["notes"][0]


@pytest.mark.parametrize(
    ("stated", "pd_12m", "note"),
    [
        pytest.param(
            0.07, 0.07, "pd_12m is stated by the model default-12m.", id="the model of twelve months is believed"
        ),
        pytest.param(0.01, 0.02, "less than within the shorter horizon", id="a longer horizon is never the safer one"),
    ],
)
def test_a_model_of_twelve_months_beside_the_other_replaces_the_conversion(stated, pd_12m, note):
    half = FakeModel(spec("default", "pd_180d", "default(90, 180)", DEFAULT_FEATURES), 0.02)
    year = FakeModel(spec("default-12m", "pd_12m", "default(90, 365)", DEFAULT_FEATURES), stated)
    desk = client_of(desk_with(release(models={"default": half, "default-12m": year})))
    answer = post(desk, "/v1/scores/default", {"customer_id": "C1"})
    assert (answer["pd_180d"], answer["pd_12m"]) == (0.02, pd_12m)
    assert note in answer["notes"][0]
    limit = post(desk, "/v1/limits", {"customer_id": "C1"})
    assert limit["risk"]["pd_12m"] == pd_12m


@pytest.mark.parametrize(("person", "doubted"), [(1.0, True), (0.0, False)])
def test_a_model_of_companies_alone_doubts_what_it_says_of_a_person(person, doubted):
    label = {"kind": "default", "natural_persons": "left out"}
    model = FakeModel(spec("default", "pd_180d", "default(90, 180)", DEFAULT_FEATURES, label=label), 0.02)
    store = FakeStore({"C1": ({**VALUES, "is_natural_person": person}, YESTERDAY)})
    made = release(models={"default": model}, facts=store)
    answer = post(client_of(desk_with(made)), "/v1/scores/default", {"customer_id": "C1"})
    assert any("learnt from companies alone" in doubt for doubt in answer["doubts"]) == doubted


def test_own_sales_that_are_not_known_leave_concentration_unknown():
    made = release(policy=released_policy(sales_365d=None))
    answer = post(client_of(desk_with(made)), "/v1/limits", {"customer_id": "C1"})
    assert {cap["name"]: cap["missing"] for cap in answer["caps"]}["concentration"] == ["book_sales_365d"]


def test_status_says_what_is_served(client):
    post(client, "/v1/scores/default", {"customer_id": "C1"})
    status = client.get("/v1/status").json()
    assert (status["ready"], status["problem"], status["today"]) == (True, None, "2026-03-10")
    assert status["models"]["late-payment"] == {
        "version": "7",
        "target": "late(5)",
        "probability": "late_prob_5d",
        "trained_as_of": "2025-09-01",
        "feature_set": "late_v1",
    }
    assert status["versions"] == VERSIONS
    assert status["book"] == {"currency": "EUR", "as_of": "2026-03-09"}
    assert status["answers"] == {"200": 1}
    assert status["unexpected_errors"] == 0
    assert status["uptime_seconds"] >= 0


def test_the_description_names_every_route_and_every_field(client):
    described = client.get("/v1/openapi.json").json()
    assert set(described["paths"]) == {"/v1/scores/default", "/v1/scores/late-payment", "/v1/limits", "/v1/status"}
    schema = described["components"]["schemas"]["LatePaymentRequest"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["customer_id", "amount", "currency", "issued_on", "due_on"]


@pytest.mark.parametrize("amount", [7500, "7500", "7500.00", 7500.0])
def test_an_amount_means_the_same_as_number_and_as_text(client, made, amount):
    post(client, "/v1/scores/late-payment", late(amount=amount))
    assert made.models["late-payment"].shown[0]["amount_to_mean_365d"] == [1.5]


def test_an_amount_is_never_a_binary_float():
    from serving.body import parse
    from serving.schemas import LatePaymentRequest, question

    asked = question(
        LatePaymentRequest,
        parse(b'{"customer_id":"C1","amount":0.1,"currency":"EUR","issued_on":"2026-03-10","due_on":"2026-03-10"}'),
    )
    assert asked.amount == Decimal("0.1")
    assert asked.issued_on == asked.due_on == date(2026, 3, 10)


def test_a_customer_may_be_called_anything_that_can_be_written(client):
    answer = post(client, "/v1/scores/default", {"customer_id": "Zoë Ångström 株式会社"})
    assert answer["customer_id"] == "Zoë Ångström 株式会社"


def test_no_route_can_answer_with_an_approval(client):
    bodies = {"/v1/scores/default": {"customer_id": "C1"}, "/v1/scores/late-payment": late()}
    for path, body in {**bodies, "/v1/limits": {"customer_id": "C1"}}.items():
        assert post(client, path, body)["outcome"] != Outcome.APPROVE.value
