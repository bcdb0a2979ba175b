"""What a caller may do wrong, by mistake or on purpose: each has its answer, none a 500 and none an approval."""

import json
import logging
import threading
import time

import pytest

from serving.body import LARGEST_BODY

from .conftest import BrokenModel, FakeStore, client_of, desk_with, late, release

SCORE = "/v1/scores/default"
LATE = "/v1/scores/late-payment"
LIMIT = "/v1/limits"
POSTS = [SCORE, LATE, LIMIT]
JSON = {"content-type": "application/json"}


def told(response, status, code):
    """The problem told, after the checks that hold for every problem."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert "APPROVE" not in response.text
    problem = response.json()
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["type"] == f"urn:o2c-risk:problem:{code}"
    assert problem["title"]
    assert problem["detail"]
    assert problem["advice"]
    return problem


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "content_type",
    [
        "application/vnd.bentoml+pickle",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/json, text/plain",
        "application/problem+json",
        "",
    ],
)
def test_only_json_is_taken(client, path, content_type):
    response = client.post(path, content=b'{"customer_id": "C1"}', headers={"content-type": content_type})
    told(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("path", POSTS)
def test_no_content_type_is_no_json(client, path):
    told(client.post(path, content=b'{"customer_id": "C1"}'), 415, "unsupported_media_type")


def test_two_content_types_are_none(client):
    headers = [("content-type", "application/json"), ("content-type", "text/plain")]
    told(client.post(SCORE, content=b'{"customer_id": "C1"}', headers=headers), 415, "unsupported_media_type")


def test_a_packed_body_is_not_unpacked(client):
    headers = {**JSON, "content-encoding": "gzip"}
    told(client.post(SCORE, content=b"\x1f\x8b", headers=headers), 415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=UTF-8", "application/json;"])
def test_json_may_be_spelt_as_the_standard_allows(client, content_type):
    response = client.post(SCORE, content=b'{"customer_id": "C1"}', headers={"content-type": content_type})
    assert response.status_code == 200


def padded(size):
    return b'{"customer_id": "C1"' + b" " * (size - 21) + b"}"


def test_the_largest_body_is_taken(client):
    assert client.post(SCORE, content=padded(LARGEST_BODY), headers=JSON).status_code == 200


def test_one_byte_more_is_not(client):
    told(client.post(SCORE, content=padded(LARGEST_BODY + 1), headers=JSON), 413, "body_too_large")


def test_a_body_in_pieces_is_counted_as_it_comes(client):
    async def pieces():
        for _ in range(64):
            yield b" " * 65536

    told(client.post(SCORE, content=pieces(), headers=JSON), 413, "body_too_large")


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b"", "The body is empty", id="empty"),
        pytest.param(b"  \n ", "The body is empty", id="blank"),
        pytest.param(b"{", "Line 1, column 2", id="cut off"),
        pytest.param(b'{"customer_id": "C1"} {}', "Extra data", id="two values"),
        pytest.param(b"{'customer_id': 'C1'}", "Line 1, column 2", id="single quotes"),
        pytest.param(b'{"customer_id": NaN}', "NaN is not a number", id="NaN"),
        pytest.param(b'{"customer_id": Infinity}', "Infinity is not a number", id="Infinity"),
        pytest.param(b'{"customer_id": -Infinity}', "-Infinity is not a number", id="-Infinity"),
        pytest.param(b'{"customer_id": "C1", "customer_id": "C2"}', "'customer_id' stands twice", id="key twice"),
        pytest.param(b'{"customer_id": "\xff"}', "not UTF-8", id="no UTF-8"),
        pytest.param(b'\xef\xbb\xbf{"customer_id": "C1"}', "Unexpected UTF-8 BOM", id="byte order mark"),
        pytest.param('{"customer_id": "C1"}'.encode("utf-16"), "not UTF-8", id="UTF-16"),
        pytest.param(b"[" * 100_000, "nested too deeply", id="deep"),
        pytest.param(b'{"customer_id": ' + b"9" * 5000 + b"}", "has 5000 characters", id="huge integer"),
        pytest.param(b'{"customer_id": 0.' + b"9" * 5000 + b"}", "has 5002 characters", id="endless fraction"),
        pytest.param(b'{"customer_id": 1e99999999999999999999}', "outside the numbers", id="huge exponent"),
        pytest.param(b"\x80\x04N.", "not UTF-8", id="a pickle"),
    ],
)
def test_what_is_not_strict_json_is_malformed(client, path, body, said):
    problem = told(client.post(path, content=body, headers=JSON), 400, "malformed_json")
    assert said in problem["detail"]


WRONG = [
    pytest.param(SCORE, {}, "customer_id", "nothing", "required", id="missing"),
    pytest.param(SCORE, [], "", "[]", "one JSON object", id="a list"),
    pytest.param(SCORE, "C1", "", "'C1'", "one JSON object", id="text"),
    pytest.param(SCORE, None, "", "None", "one JSON object", id="null"),
    pytest.param(SCORE, {"customer_id": 123}, "customer_id", "123", "text of 1 to 200", id="id as number"),
    pytest.param(SCORE, {"customer_id": ""}, "customer_id", "''", "text of 1 to 200", id="empty id"),
    pytest.param(SCORE, {"customer_id": " C1"}, "customer_id", "' C1'", "without a space", id="id with a space"),
    pytest.param(SCORE, {"customer_id": "C" * 201}, "customer_id", "'CCC", "text of 1 to 200", id="long id"),
    pytest.param(SCORE, {"customer_id": "C\u0000"}, "customer_id", "'C\\x00'", "printable", id="null character"),
    pytest.param(SCORE, {"customer_id": "\ud800"}, "customer_id", "'\\ud800'", "printable", id="half a surrogate pair"),
    pytest.param(SCORE, {"customer_id": "C1", "asof": "x"}, "asof", "'x'", "only the fields", id="unknown field"),
    pytest.param(SCORE, {"customer_id": "C1", "\ud800": 1}, "", "'\\ud800'", "valid string", id="unprintable field"),
    pytest.param(SCORE, {"customer_id": "C1", "as_of": "10.03.2026"}, "as_of", "'10.03", "YYYY-MM-DD", id="date"),
    pytest.param(SCORE, {"customer_id": "C1", "as_of": 20260310}, "as_of", "20260310", "YYYY-MM-DD", id="date number"),
    pytest.param(
        SCORE, {"customer_id": "C1", "as_of": "2026-02-30"}, "as_of", "'2026-02-30'", "a date", id="no such day"
    ),
    pytest.param(SCORE, {"customer_id": "C1", "as_of": "0001-01-01"}, "as_of", "'0001", "from 1970", id="day one"),
    pytest.param(SCORE, {"customer_id": "C1", "as_of": "9999-12-31"}, "as_of", "'9999", "to 2199", id="last day"),
    pytest.param(SCORE, {"customer_id": "C1", "as_of": "2026-W11-2"}, "as_of", "'2026-W", "a date", id="week date"),
    pytest.param(LATE, late(amount="-1"), "amount", "'-1'", "more than 0", id="negative amount"),
    pytest.param(LATE, late(amount=-1), "amount", "-1", "more than 0", id="negative number"),
    pytest.param(LATE, late(amount=0), "amount", "0", "more than 0", id="amount of zero"),
    pytest.param(LATE, late(amount="1e3"), "amount", "'1e3'", "a number or text", id="exponent in text"),
    pytest.param(LATE, late(amount="NaN"), "amount", "'NaN'", "a number or text", id="NaN in text"),
    pytest.param(LATE, late(amount="1,000.00"), "amount", "'1,000", "a number or text", id="thousands apart"),
    pytest.param(LATE, late(amount="\uff11\uff12"), "amount", "'", "a number or text", id="wide digits"),
    pytest.param(LATE, late(amount="1.00001"), "amount", "'1.00001'", "4 decimal places", id="five places"),
    pytest.param(LATE, late(amount=10**16), "amount", "10000000000000000", "less than 1e16", id="too large"),
    pytest.param(LATE, late(amount=10**60), "amount", "1000", "less than 1e16", id="far too large"),
    pytest.param(LATE, late(amount=True), "amount", "True", "a number or text", id="yes is no amount"),
    pytest.param(LATE, late(amount=["1"]), "amount", "['1']", "a number or text", id="list"),
    pytest.param(LATE, late(currency="eur"), "currency", "'eur'", "three capital letters", id="small letters"),
    pytest.param(LATE, late(currency=978), "currency", "978", "three capital letters", id="currency number"),
    pytest.param(LATE, late(currency="USD"), "currency", "USD", "EUR, the currency of the book", id="other currency"),
    pytest.param(LATE, late(due_on="2026-03-09"), "due_on", "2026-03-09", "from issued_on", id="due before issue"),
    pytest.param(LATE, late(due_on="2027-04-15"), "due_on", "2027-04-15", "400 days", id="due 401 days later"),
    pytest.param(LATE, late(interest_rate="-0.1"), "interest_rate", "'-0.1'", "from 0", id="negative rate"),
    pytest.param(LATE, late(interest_rate=1000), "interest_rate", "1000", "less than 1000", id="rate of a thousand"),
    pytest.param(LIMIT, {"customer_id": "C1", "limit_in_force": "-1"}, "limit_in_force", "'-1'", "from 0", id="limit"),
]


@pytest.mark.parametrize(("path", "body", "field", "got", "allowed"), WRONG)
def test_a_wrong_field_is_named_with_what_was_got_and_what_is_allowed(client, path, body, field, got, allowed):
    response = client.post(path, content=json.dumps(body).encode("ascii"), headers=JSON)
    problem = told(response, 422, "invalid_request")
    error = problem["errors"][0]
    assert error["field"] == field
    assert error["got"].startswith(got)
    assert allowed in error["allowed"]


def test_every_wrong_field_is_listed(client):
    problem = told(client.post(LATE, json={"customer_id": 1, "amount": "x"}), 422, "invalid_request")
    fields = [error["field"] for error in problem["errors"]]
    assert fields == ["customer_id", "amount", "currency", "issued_on", "due_on"]
    assert "and 4 more" in problem["detail"]


@pytest.mark.parametrize("exponent", ["1e999999999", "1e-999999999", "1E+16"])
def test_a_number_without_measure_is_refused_at_once(client, exponent):
    body = json.dumps(late(amount="@")).replace('"@"', exponent).encode()
    started = time.monotonic()
    told(client.post(LATE, content=body, headers=JSON), 422, "invalid_request")
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("due_on", ["2026-03-10", "2027-04-14"])
def test_terms_of_zero_and_of_400_days_are_terms(client, due_on):
    assert client.post(LATE, json=late(due_on=due_on)).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param(SCORE, {"customer_id": "nobody"}, id="default"),
        pytest.param(LATE, late(customer_id="nobody"), id="late"),
        pytest.param(LIMIT, {"customer_id": "nobody"}, id="limit"),
        pytest.param(SCORE, {"customer_id": "'; DROP TABLE customers; --"}, id="SQL"),
        pytest.param(SCORE, {"customer_id": "💶"}, id="a symbol outside the basic plane"),
    ],
)
def test_an_unknown_customer_is_not_found_and_the_next_step_is_told(client, path, body):
    problem = told(client.post(path, json=body), 404, "unknown_customer")
    assert "leading zeros" in problem["advice"]


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_not_allowed(client, path, method):
    problem = told(client.request(method, path), 405, "method_not_allowed")
    assert "POST" in problem["detail"]


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/limits/", "/v2/limits", "/v1/scores/%00", "/docs.json", "//v1/limits"]
)
def test_an_unknown_path_is_told_as_such(client, path):
    told(client.get(path), 404, "unknown_path")


def test_a_release_without_the_model_is_a_503():
    made = release(models={})
    problem = told(client_of(desk_with(made)).post(SCORE, json={"customer_id": "C1"}), 503, "no_model")
    assert "not default" in problem["detail"]


def test_a_fault_of_ours_is_logged_with_its_trace_counted_and_told_with_its_id(made, caplog):
    broken = BrokenModel(made.models["default"].spec, 0.0)
    client = client_of(desk_with(release(models={"default": broken})))
    with caplog.at_level(logging.ERROR):
        problem = told(client.post(SCORE, json={"customer_id": "C1"}), 503, "unexpected_error")
    record = caplog.records[-1]
    assert record.exc_info[0] is ZeroDivisionError
    assert record.args[0] in problem["detail"]
    assert "a fault in the code" not in json.dumps(problem)
    assert client.get("/v1/status").json()["unexpected_errors"] == 1


class SlowStore(FakeStore):
    """A store that answers once it is let go."""

    def __init__(self):
        super().__init__({})
        self.go = threading.Event()

    def read_online(self, customer_ids, names):
        self.go.wait(10)
        return super().read_online(customer_ids, names)


def test_an_answer_past_its_deadline_is_told_while_probes_go_on():
    store = SlowStore()
    client = client_of(desk_with(release(facts=store)), deadline_seconds=0.05)
    told(client.post(SCORE, json={"customer_id": "C1"}), 503, "too_slow")
    assert client.get("/v1/status").status_code == 200
    store.go.set()


def test_too_many_at_once_are_sent_away():
    store = SlowStore()
    client = client_of(desk_with(release(facts=store)), deadline_seconds=0.05, most_waiting=1)
    told(client.post(SCORE, json={"customer_id": "C1"}), 503, "too_slow")
    response = client.post(SCORE, json={"customer_id": "C1"})
    told(response, 503, "overloaded")
    assert response.headers["retry-after"] == "1"
    store.go.set()
    for _ in range(100):
        if client.post(SCORE, json={"customer_id": "C1"}).status_code == 404:
            break
        time.sleep(0.02)
    else:
        pytest.fail("the place was never given back")
