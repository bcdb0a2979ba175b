"""The published description: every answer is as it says, and it says what every field is."""

import numpy as np
import pytest

from scoring.pay_time import PayTimes
from serving.desk import Desk
from serving.release import Live, Source

from .conftest import (
    DEFAULT_FEATURES,
    LATE_FEATURES,
    STALE_AFTER_DAYS,
    TODAY,
    VALUES,
    YESTERDAY,
    FakeModel,
    FakeStore,
    client_of,
    desk_with,
    late,
    release,
    spec,
)
from .published import faults, schema_of
from .test_distress import with_distress

SCORE, LATE, LIMIT, STATUS = "/v1/scores/default", "/v1/scores/late-payment", "/v1/limits", "/v1/status"
ROUTES = {SCORE, LATE, LIMIT, STATUS}


class FakePayer(FakeModel):
    """A late-payment model that states one distribution of delays."""

    def pay_times(self, columns, to_due, *, at_issue):
        return PayTimes(np.arange(-2, 6), np.array([[0.1, 0.0, 0.5, 0.1, 0.0, 0.0, 0.1, 0.1]]))


def payer():
    return FakePayer(spec("late-payment", "late_prob_5d", "late(5)", LATE_FEATURES), 0.31, pay_time="there is one")


def other_horizon():
    return FakeModel(spec("default", "pd_360d", "default(90, 360)", DEFAULT_FEATURES, label={"dpd": 90}), 0.02)


RELEASES = {
    "as usual": release,
    "distress": with_distress,
    "delays stated": lambda: release(models={**release().models, "late-payment": payer()}),
    "another horizon": lambda: release(models={"default": other_horizon()}),
    "no model of default": lambda: release(models={"late-payment": payer()}),
    "nothing known": lambda: release(facts=FakeStore({"C1": ({name: None for name in VALUES}, YESTERDAY)})),
}
ASKED = {
    "a score": (SCORE, {"customer_id": "C1"}),
    "explained": (SCORE, {"customer_id": "C1", "explain": True}),
    "stale": (SCORE, {"customer_id": "STALE"}),
    "in default": (SCORE, {"customer_id": "IN DEFAULT"}),
    "a newcomer": (SCORE, {"customer_id": "NEW"}),
    "an invoice": (LATE, late()),
    "an invoice of another currency": (LATE, late(currency="USD")),
    "a limit": (LIMIT, {"customer_id": "C1"}),
    "a limit in force": (LIMIT, {"customer_id": "C1", "limit_in_force": "20000"}),
    "a limit before any policy": (LIMIT, {"customer_id": "C1", "as_of": "1990-01-01"}),
    "a limit of nobody known": (LIMIT, {"customer_id": "NEW"}),
    "a limit of the silent": (LIMIT, {"customer_id": "SILENT"}),
    "an unknown field": (LIMIT, {"customer_id": "C1", "colour": 1}),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("made", RELEASES)
def test_every_answer_is_as_it_is_described(made, asked):
    client, (path, body) = client_of(desk_with(RELEASES[made]())), ASKED[asked]
    described = client.get("/v1/openapi.json").json()
    response = client.post(path, json=body)
    assert faults(described, schema_of(described, path, response), response.json()) == []


def test_what_only_some_releases_answer_was_among_those_answers():
    asked = {made: client_of(desk_with(RELEASES[made]())) for made in ("distress", "delays stated", "another horizon")}
    assert asked["distress"].post(SCORE, json={"customer_id": "NEW"}).json()["distress"]["ratios"]
    assert asked["delays stated"].post(LATE, json=late()).json()["payment"]["expected_on"]
    assert asked["another horizon"].post(SCORE, json={"customer_id": "C1"}).json()["pd_360d"]


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [(b"{", "application/json", 400), (b" " * 300_000, "application/json", 413), (b"a", "text/plain", 415)],
)
@pytest.mark.parametrize("path", [SCORE, LATE, LIMIT])
def test_every_refusal_is_as_it_is_described(client, path, content, content_type, status):
    described = client.get("/v1/openapi.json").json()
    response = client.post(path, content=content, headers={"content-type": content_type})
    assert response.status_code == status
    assert faults(described, schema_of(described, path, response), response.json()) == []


def test_the_status_is_as_it_is_described_with_a_release_and_without(client):
    described = client.get("/v1/openapi.json").json()
    never = Live(Source(pointed=lambda: None, opened=lambda _: None))
    without = client_of(Desk(never, lambda: TODAY, STALE_AFTER_DAYS))
    told = [one.get(STATUS) for one in (client, without)]
    assert [one.json()["ready"] for one in told] == [True, False]
    for response in (*told, without.post(SCORE, json={"customer_id": "C1"})):
        path = STATUS if response.status_code == 200 else SCORE
        assert faults(described, schema_of(described, path, response), response.json()) == []


def test_every_field_of_every_answer_says_what_it_is(client):
    described = client.get("/v1/openapi.json").json()
    schemas = described["components"]["schemas"]
    assert set(described["paths"]) == ROUTES
    for path in ROUTES:
        (operation,) = described["paths"][path].values()
        for told in operation["responses"].values():
            ((_, content),) = told["content"].items()
            assert content["schema"]["$ref"].rpartition("/")[2] in schemas
    silent = [
        f"{kind}.{name}"
        for kind, schema in schemas.items()
        if kind.endswith("Answer")
        for name, field in schema["properties"].items()
        if not (field.get("description") or schemas[field["$ref"].rpartition("/")[2]]["description"])
    ]
    assert silent == []


def test_a_limit_is_described_as_money_in_text(client):
    described = client.get("/v1/openapi.json").json()
    schema = {"$ref": "#/components/schemas/LimitAnswer"}
    answer = client.post(LIMIT, json={"customer_id": "C1"}).json()
    assert faults(described, schema, answer) == []
    for changed, fault in (
        ({"recommended_limit": 10000.0}, "$.recommended_limit: 10000.0 is no 'string'"),
        ({"recommended_limit": "1e4"}, "$.recommended_limit: '1e4' is not written as '^[0-9]+\\\\.[0-9]{2}$'"),
        ({"outcome": "APPROVE"}, "$.outcome: 'APPROVE' is not 'REVIEW'"),
        ({"colour": 1}, "$.colour: is not described"),
        ({"expected_loss": {**answer["expected_loss"], "lgd": "1.2"}}, "$.expected_loss.lgd: '1.2' is not written as"),
    ):
        said = faults(described, schema, {**answer, **changed})
        assert any(line.startswith(fault) for line in said), said
