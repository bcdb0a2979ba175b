"""The whole way on a simulated ledger, as a user runs it, with every network but loopback cut off."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from decimal import Decimal
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("o2c-risk")
PICKLES = {".pkl", ".pickle", ".joblib", ".dill", ".skops", ".npy", ".npz"}


def _isolated():
    """What to put before a command so that it sees loopback alone; nothing where the machine cannot do that."""
    can = shutil.which("unshare") and subprocess.run(["unshare", "-n", "true"], check=False).returncode == 0
    return ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"] if can else []


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """The main job's JSON, and the home folder that it leaves."""
    home = tmp_path_factory.mktemp("home")
    done = subprocess.run(
        [*_isolated(), COMMAND, "demo", "--customers", "500", "--json"],
        env={**os.environ, "O2C_RISK_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), home / "demo-simulator"


def test_every_row_read_is_accepted_or_in_quarantine(job):
    told, _ = job
    for table, counts in told["ingest"]["counts"].items():
        assert counts["read"] == counts["accepted"] + counts["quarantined"], table


def test_online_facts_are_those_of_the_book(job):
    told, _ = job
    assert told["parity"]["compared"] > 40_000
    assert told["parity"]["different"] == 0


def test_models_are_judged_on_later_matured_cases_with_intervals(job):
    told, _ = job
    assert [model["model"] for model in told["models"]] == ["late-payment", "default", "default-60"]
    for model in told["models"]:
        assert model["evaluation"]["period"][:10] >= model["known_at"]
        auc = model["evaluation"]["metrics"]["auc"]
        assert 0.5 < auc["low"] <= auc["value"] <= auc["high"] <= 1


def test_every_customer_has_a_probability_a_limit_below_its_caps_and_at_most_four_reasons(job):
    told, _ = job
    assert len(told["customers"]) == 10
    for customer in told["customers"]:
        default, limit = customer["default"], customer["limit"]
        assert 0 < default["pd_180d"] < default["pd_12m"] < 1
        assert len(default["reasons"]) <= 4
        assert 0 < default["pd_12m"] <= default["grade_pd"] < 1
        for name in ("pd_180d", "pd_12m"):
            assert (
                0 <= default["pd_interval"][name]["low"] <= default[name] <= default["pd_interval"][name]["high"] <= 1
            )
        assert default["next_grade"]["note"]
        assert default["freshness"]["status"] == "FRESH"
        assert "APPROVE" not in json.dumps(customer)
        known = [Decimal(cap["amount"]) for cap in limit["caps"] if cap["known"]]
        assert all(Decimal(limit["recommended_limit"]) <= cap for cap in known)
        assert limit["binding_cap"] in {cap["name"] for cap in limit["caps"]}


def test_reports_and_cards_lie_where_they_are_said_to_be(job):
    told, _ = job
    for path in (told["drift"]["page"], told["drift"]["report"], *told["cards"]):
        assert Path(path).stat().st_size > 1_000
    wanted = {f"{model['model']}-v{model['version']}.html" for model in told["models"]}
    assert wanted <= {Path(card).name for card in told["cards"]}, "and beside them those of the scorecards"


def test_nothing_in_the_home_folder_is_a_pickle(job):
    _, home = job
    files = [path for path in home.rglob("*") if path.is_file()]
    assert len(files) > 50
    assert not [path for path in files if path.suffix in PICKLES]
    assert not [path for path in files if path.read_bytes()[:2] in {b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"}]


@pytest.fixture(scope="module")
def service(job):
    """Address of the running service."""
    _, home = job
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [COMMAND, "serve", "--port", str(port)],
        env={**os.environ, "O2C_RISK_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield _when_ready(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(timeout=60)


def _when_ready(address, process):
    for _ in range(600):
        assert process.poll() is None, "the service ended before it was ready"
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=5).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
        else:
            return address
    raise AssertionError("the service was not ready after 300 s")


def _asked(address, path, question):
    request = urllib.request.Request(
        address + path, json.dumps(question).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_the_service_answers_what_the_command_line_said(job, service):
    told, _ = job
    for customer in told["customers"][:3]:
        question = {"customer_id": customer["customer_id"], "as_of": told["as_of"]}
        assert _asked(service, "/v1/scores/default", question | {"explain": True}) == customer["default"]
        assert _asked(service, "/v1/limits", question) == customer["limit"]


def test_an_unknown_customer_is_said_to_be_unknown(service):
    with pytest.raises(urllib.error.HTTPError, match="404") as refused:
        _asked(service, "/v1/limits", {"customer_id": "nobody"})
    assert json.load(refused.value)["code"] == "unknown_customer"


def test_a_day_long_after_the_facts_asks_for_a_review(job, service):
    told, _ = job
    question = {"customer_id": told["customers"][0]["customer_id"], "as_of": "2030-01-01"}
    answer = _asked(service, "/v1/scores/default", question)
    assert answer["outcome"] == "REVIEW"
    assert answer["freshness"]["status"] == "STALE"
