"""The service as it is run: BentoML in a process of its own, a release bundle, a Feast store, HTTP on loopback."""

import json
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import httpx
import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pytest
import yaml

from data.settings import Settings
from features.feature_sets import BY_NAME
from policy.released import OwnBook, to_release
from scoring.bundle import write_release
from scoring.calibration import Calibrator
from scoring.model_files import ModelFiles
from scoring.releases import activate
from scoring.sketch import sketches_of
from serving.answers import DefaultScoreAnswer
from serving.body import LARGEST_BODY
from serving.run import command
from training.cases.dataset import Dataset
from training.fitting.evidence import with_evidence

from .conftest import DEFAULT_FEATURES, LATE_FEATURES, PARAMETERS, VALUES, spec
from .published import faults, schema_of

START_SECONDS = 300
JSON = {"content-type": "application/json"}
SCORE, LATE, LIMIT = "/v1/scores/default", "/v1/scores/late-payment", "/v1/limits"
AS_OF = date(2026, 3, 9)
ISSUED_ON = "2026-03-10"


def model_files(name, probability_name, target, groups):
    """A real model of one small booster on made-up rows: the more of everything, the worse."""
    random = np.random.default_rng(5)
    rows = random.gamma(1.0, 2.0, (400, len(groups)))
    bad = rows.sum(axis=1) + random.normal(0, 2, 400) > 2.4 * len(groups)
    parameters = {
        "objective": "binary", "num_leaves": 4, "num_threads": 1, "verbosity": -1, "seed": 1,
        "monotone_constraints": [1] * len(groups),
    }  # fmt: skip
    data = lgb.Dataset(rows, bad.astype(float), feature_name=list(groups))
    text = lgb.train(parameters, data, num_boost_round=5).model_to_string()
    chosen = BY_NAME["late" if name == "late-payment" else "default"]
    made = spec(
        name,
        probability_name,
        target,
        groups,
        feature_set=chosen.name,
        feature_set_version=chosen.version,
        feature_set_hash=chosen.hash,
        label={"kind": "late", "grace_days": 5} if name == "late-payment" else {"kind": "default", "dpd": 90},
        monotone=(1,) * len(groups),
    )
    if name == "default":
        made = with_evidence(made, past_of(rows, bad), np.full(len(bad), bad.mean()))
    return ModelFiles(made, (text,), Calibrator("identity", {}), version="1"), dict(zip(groups, rows.T, strict=True))


def past_of(rows, bad):
    """The rows as past cases of as many customers, each with a full file."""
    n = len(bad)
    names = np.array([f"P{place}" for place in range(n)], dtype=object)
    file = {"settled_count_365d": np.full(n, 30.0), "tenure_days": np.full(n, 900.0)}
    days = np.zeros(n, "datetime64[us]")
    return Dataset(names, names, days, file, bad, days.astype("datetime64[D]"))


def write_a_release(releases, data_version="0a1b2c3d4e5f"):
    late, late_rows = model_files("late-payment", "late_prob_5d", "late(5)", LATE_FEATURES)
    default, default_rows = model_files("default", "pd_180d", "default(90, 180)", DEFAULT_FEATURES)
    source = yaml.safe_load(PARAMETERS.read_text(encoding="utf-8"))
    sketches = {"late-payment": sketches_of(late_rows), "default": sketches_of(default_rows)}
    versions = {"data_version": data_version, "code_version": "0.1.0"}
    policy = to_release(source, OwnBook("EUR", None, AS_OF))
    return write_release(releases, [late, default], policy, sketches, versions)


def put_in_force(releases, folder):
    """Name a release without the check that ``activate`` makes, as a careless hand would."""
    (releases / "current.new").write_text(folder.name)
    (releases / "current.new").replace(releases / "current")


def write_facts(folder):
    from features.store.store import Store

    store = Store(folder)
    store.apply()
    customers = {"C1": AS_OF, "Zoë 株式会社": AS_OF, "STALE": AS_OF - timedelta(days=30)}
    rows = {
        "customer_id": pa.array(list(customers), pa.string()),
        "as_of": pa.array(list(customers.values()), pa.date32()),
    }
    rows |= {name: pa.array([VALUES.get(name)] * len(customers), pa.float64()) for name in store.names}
    store.write_online(pa.table(rows), computed_at=datetime(2026, 3, 10, 2, 30, tzinfo=UTC))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(home, elsewhere):
    """The service on a port of its own, started from a folder that has nothing to do with it."""
    port = free_port()
    start = command(Settings(home=home), port=port)
    log = home / "service.log"
    home.mkdir(exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            start.argv, env={**os.environ, **start.env}, cwd=elsewhere, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            wait_for(client, "/livez", log)
            yield client, log, process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def wait_for(client, path, log):
    def there():
        try:
            return client.get(path).status_code == 200
        except httpx.TransportError:
            return False

    wait_until(there, log)


def wait_until(true, log):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if true():
            return
        time.sleep(0.2)
    pytest.fail(f"it did not come about in {START_SECONDS} s:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home)
    write_facts(settings.store)
    activate(settings.releases, write_a_release(settings.releases).name)
    return home


@pytest.fixture(scope="module")
def running(home, tmp_path_factory):
    with served(home, tmp_path_factory.mktemp("elsewhere")) as (client, log, process):
        wait_for(client, "/readyz", log)
        yield client
        status = client.get("/v1/status").json()
    said = log.read_text(errors="replace")
    assert status["unexpected_errors"] == 0, said
    assert "Traceback" not in said, said
    assert process.returncode == 0, said


def invoice(**changes):
    asked = {"customer_id": "C1", "amount": "7500", "currency": "EUR", "issued_on": ISSUED_ON, "due_on": "2026-04-09"}
    return {**asked, **changes}


def test_default_score(running):
    answer = running.post(SCORE, json={"customer_id": "C1", "as_of": ISSUED_ON})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert 0 < told["pd_180d"] < told["pd_12m"] < 1
    assert told["freshness"]["status"] == "FRESH"
    assert told["freshness"]["as_of"] == "2026-03-09"
    assert told["outcome"] is None
    assert told["versions"]["models"] == {"default": "1", "late-payment": "1"}
    assert told["versions"]["data_version"] == "0a1b2c3d4e5f"


def test_late_payment_score(running):
    answer = running.post(LATE, json=invoice())
    assert answer.status_code == 200, answer.text
    assert 0 < answer.json()["late_prob_5d"] < 1
    assert answer.json()["notes"] == []


def test_limit(running):
    answer = running.post(LIMIT, json={"customer_id": "C1", "as_of": ISSUED_ON})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    caps = {cap["name"]: cap["amount"] for cap in told["caps"]}
    assert caps["need"] == "45000.00"  # 90,000 x 30 / 90 x (30 + 15) / 30
    assert float(told["recommended_limit"]) <= min(float(amount) for amount in caps.values() if amount)
    assert told["expected_loss"]["pd_12m"] == f"{told['risk']['pd_12m']:.6f}".rstrip("0")


def test_grade_points_interval_and_the_next_better_grade(running):
    asked = {"customer_id": "C1", "as_of": ISSUED_ON}
    plain = running.post(SCORE, json=asked)
    answer = running.post(SCORE, json=asked | {"explain": True})
    DefaultScoreAnswer.model_validate_json(answer.content)
    told = answer.json()
    assert {name: value for name, value in told.items() if name != "next_grade"} == plain.json()
    assert 0 < told["pd_12m"] <= told["grade_pd"] < 1
    assert told["grade"] in {str(place) for place in range(1, 13)}
    for name in ("pd_180d", "pd_12m"):
        span = told["pd_interval"][name]
        assert 0 <= span["low"] <= told[name] <= span["high"] <= 1
        assert span["file"] == "thin"  # the store knows neither how many invoices C1 settled nor since when
    assert told["next_grade"]["note"]
    assert running.post(SCORE, json=asked | {"explain": "yes"}).status_code == 422


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        pytest.param(SCORE, {"customer_id": "C1", "as_of": ISSUED_ON}, 200, id="a score"),
        pytest.param(SCORE, {"customer_id": "C1", "as_of": ISSUED_ON, "explain": True}, 200, id="explained"),
        pytest.param(LATE, invoice(interest_rate="2.5"), 200, id="an invoice"),
        pytest.param(LIMIT, {"customer_id": "C1", "as_of": ISSUED_ON, "limit_in_force": "12000"}, 200, id="a limit"),
        pytest.param(LIMIT, {"customer_id": "STALE", "as_of": ISSUED_ON}, 200, id="a limit on stale facts"),
        pytest.param("/v1/status", None, 200, id="status"),
        pytest.param(SCORE, {"customer_id": "nobody"}, 404, id="unknown"),
        pytest.param(LATE, invoice(amount=-1, currency="usd"), 422, id="two wrong fields"),
        pytest.param(LIMIT, [], 422, id="no object"),
    ],
)
def test_an_answer_is_as_the_service_describes_it(running, path, body, status):
    described = running.get("/v1/openapi.json").json()
    response = running.get(path) if body is None else running.post(path, json=body)
    assert response.status_code == status
    assert faults(described, schema_of(described, path, response), response.json()) == []


def test_the_same_question_has_the_same_answer(running):
    first, second = (running.post(SCORE, json={"customer_id": "C1", "as_of": ISSUED_ON}).json() for _ in range(2))
    assert first == second


def test_status_and_probes(running):
    status = running.get("/v1/status").json()
    assert status["ready"] is True
    assert set(status["models"]) == {"default", "late-payment"}
    for path in ("/livez", "/readyz", "/healthz", "/metrics", "/v1/openapi.json"):
        assert running.get(path).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param(SCORE, {"customer_id": "STALE", "as_of": ISSUED_ON}, id="default"),
        pytest.param(SCORE, {"customer_id": "C1"}, id="today, long after the facts"),
        pytest.param(LATE, invoice(customer_id="STALE"), id="late"),
        pytest.param(LIMIT, {"customer_id": "STALE", "as_of": ISSUED_ON}, id="limit"),
    ],
)
def test_stale_facts_are_for_a_person(running, path, body):
    if "as_of" not in body and path == SCORE and datetime.now(UTC).date() < AS_OF + timedelta(days=7):
        pytest.skip("the clock of this machine stands before the facts are stale")
    answer = running.post(path, json=body)
    assert answer.status_code == 200
    assert answer.json()["freshness"]["status"] == "STALE"
    assert answer.json()["outcome"] == "REVIEW"


def test_a_customer_by_any_name(running):
    answer = running.post(SCORE, json={"customer_id": "Zoë 株式会社", "as_of": ISSUED_ON})
    assert (answer.status_code, answer.json()["customer_id"]) == (200, "Zoë 株式会社")


HAZARDS = [
    pytest.param("POST", SCORE, b"{", JSON, 400, "malformed_json", id="malformed"),
    pytest.param("POST", SCORE, b"", JSON, 400, "malformed_json", id="empty"),
    pytest.param("POST", SCORE, b'{"customer_id": NaN}', JSON, 400, "malformed_json", id="NaN"),
    pytest.param(
        "POST", SCORE, b'{"customer_id":"C1","customer_id":"C2"}', JSON, 400, "malformed_json", id="key twice"
    ),
    pytest.param("POST", SCORE, b"[" * 9999, JSON, 400, "malformed_json", id="deep"),
    pytest.param("POST", LATE, b'{"amount":' + b"9" * 5000 + b"}", JSON, 400, "malformed_json", id="huge integer"),
    pytest.param("POST", SCORE, b" " * (LARGEST_BODY + 1), JSON, 413, "body_too_large", id="oversize"),
    pytest.param(
        "POST",
        SCORE,
        b"\x80\x04N.",
        {"content-type": "application/vnd.bentoml+pickle"},
        415,
        "unsupported_media_type",
        id="pickle",
    ),
    pytest.param(
        "POST",
        LIMIT,
        b'{"customer_id":"C1"}',
        {"content-type": "text/plain"},
        415,
        "unsupported_media_type",
        id="text",
    ),
    pytest.param("POST", LIMIT, b'{"customer_id":"C1"}', {}, 415, "unsupported_media_type", id="no type"),
    pytest.param("POST", LIMIT, b'{"customer":"C1"}', JSON, 422, "invalid_request", id="unknown field"),
    pytest.param("POST", LIMIT, b'{"customer_id":"\\ud800"}', JSON, 422, "invalid_request", id="half a pair"),
    pytest.param("POST", LIMIT, b'{"customer_id":"C\\u0000"}', JSON, 422, "invalid_request", id="null character"),
    pytest.param("POST", LATE, json.dumps(invoice(amount=-1)).encode(), JSON, 422, "invalid_request", id="negative"),
    pytest.param(
        "POST", LATE, json.dumps(invoice(due_on="2026-03-01")).encode(), JSON, 422, "invalid_request", id="due before"
    ),
    pytest.param(
        "POST", LATE, json.dumps(invoice(currency="USD")).encode(), JSON, 422, "invalid_request", id="currency"
    ),
    pytest.param("POST", SCORE, '{"customer_id":"né 顧客"}'.encode(), JSON, 404, "unknown_customer", id="unknown"),
    pytest.param("GET", SCORE, None, {}, 405, "method_not_allowed", id="GET"),
    pytest.param("DELETE", LIMIT, None, {}, 405, "method_not_allowed", id="DELETE"),
    pytest.param("GET", "/v1/nothing", None, {}, 404, "unknown_path", id="no such path"),
    pytest.param("GET", "/", None, {}, 404, "unknown_path", id="the root"),
    pytest.param("GET", "/docs.json", None, {}, 404, "unknown_path", id="BentoML's own description"),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "status", "code"), HAZARDS)
def test_hazard(running, method, path, body, headers, status, code):
    answer = running.request(method, path, content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    problem = answer.json()
    assert problem["code"] == code
    assert problem["detail"]
    assert problem["advice"]
    assert "APPROVE" not in answer.text


def test_a_body_in_chunks_is_cut_off(running):
    answer = running.post(SCORE, content=(b" " * 65536 for _ in range(8)), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_many_at_once_get_the_answer_that_one_gets(running):
    from concurrent.futures import ThreadPoolExecutor

    def ask(_):
        return running.post(SCORE, json={"customer_id": "C1", "as_of": ISSUED_ON})

    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(ask, range(80)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1


def test_a_release_is_taken_up_when_it_comes_and_kept_when_the_next_is_damaged(tmp_path):
    settings = Settings(home=tmp_path / "home")
    with served(settings.home, tmp_path) as (client, log, _):
        assert client.get("/readyz").status_code == 503
        refused = client.post(SCORE, json={"customer_id": "C1"})
        assert (refused.status_code, refused.json()["code"]) == (503, "no_release")
        assert client.get("/v1/status").json()["ready"] is False

        write_facts(settings.store)
        good = write_a_release(settings.releases)
        activate(settings.releases, good.name)
        wait_for(client, "/readyz", log)

        damaged = write_a_release(settings.releases, data_version="ffffffffffff")
        with (damaged / "models" / "default" / "model_0.txt").open("a") as text:
            text.write(" ")
        put_in_force(settings.releases, damaged)
        wait_until(lambda: client.get("/v1/status").json()["problem"], log)
        assert "models/default/model_0.txt" in client.get("/v1/status").json()["problem"]
        answer = client.post(SCORE, json={"customer_id": "C1", "as_of": ISSUED_ON})
        assert (answer.status_code, answer.json()["versions"]["release"]) == (200, good.name)
        assert client.get("/readyz").status_code == 200
