"""The HTTP adapter against a real server: what is tried again, what is not, and that the key stays secret."""

import logging
import time
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from data.bureau.answer import AnswerLayout
from data.bureau.http_agency import HttpAgency
from data.bureau.report import AgencyDownError, AgencyRefusedError, MalformedReportError

TODAY = date(2024, 3, 1)
KEY = "s3cret-k3y"


def test_a_report_is_contract_shaped_and_says_where_it_comes_from(bureau, agency_of):
    report = agency_of(bureau.says()).report("C/1 ü", as_of=TODAY)
    assert bureau.asked[0][0] == "C/1 ü"
    tables = report.tables()
    (rating,) = tables["ratings"].to_pylist()
    noon = datetime(2024, 3, 1, 12, tzinfo=UTC)
    assert {name: value for name, value in rating.items() if value is not None} == {
        "customer_id": "C/1 ü",
        "agency": "first",
        "rated_on": date(2024, 2, 20),
        "grade": "B",
        "score": Decimal("62.5"),
        "rank": 3,
        "ranks": 10,
        "is_deleted": False,
        "known_at": noon,
        "source": "bureau-first",
    }
    assert tables["limits"].to_pylist()[0]["amount"] == Decimal(50000)
    assert set(tables) == {"ratings", "limits"}
    assert (report.retrieved_at, report.age_days, report.is_aged) == (noon, 0, False)
    assert report.address.endswith("/customers/C%2F1%20%C3%BC/report")


def test_a_customer_it_does_not_know(bureau, agency_of):
    assert agency_of(bureau.says(404, "")).report("C1", as_of=TODAY) is None
    assert bureau.calls == 1


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_what_may_pass_is_tried_again(bureau, agency_of, status):
    bureau.says(status, "", Retry_After="0").says()
    assert agency_of(bureau).report("C1", as_of=TODAY) is not None
    assert bureau.calls == 2


def test_retry_after_in_seconds_is_honoured(bureau, agency_of):
    bureau.says(429, "", Retry_After="1").says()
    started = time.monotonic()
    agency_of(bureau, longest_wait_seconds=5).report("C1", as_of=TODAY)
    assert time.monotonic() - started >= 1
    assert bureau.calls == 2


def test_retry_after_as_an_instant_is_honoured(bureau, agency_of):
    bureau.says(503, "", Retry_After="Fri, 01 Mar 2024 12:00:01 GMT").says()  # a second after the clock of the test
    started = time.monotonic()
    agency_of(bureau).report("C1", as_of=TODAY)
    assert time.monotonic() - started >= 1


def test_a_pause_longer_than_ours_is_not_waited_for(bureau, agency_of):
    bureau.says(429, "", Retry_After="3600")
    with pytest.raises(AgencyDownError, match=r"first: it answered 429, after 1 attempt\. Try again later\."):
        agency_of(bureau).report("C1", as_of=TODAY)
    assert bureau.calls == 1


def test_an_agency_that_fails_each_time(bureau, agency_of):
    bureau.says(500, "", Retry_After="0")
    with pytest.raises(AgencyDownError, match="it answered 500, after 3 attempts"):
        agency_of(bureau, attempts=3).report("C1", as_of=TODAY)
    assert bureau.calls == 3


def test_no_server_at_all(agency_of, bureaus):
    gone = bureaus()
    gone.address = "http://127.0.0.1:9/customers/{customer_id}"
    with pytest.raises(AgencyDownError, match=r"the connection failed \(ConnectError.* after 2 attempts"):
        agency_of(gone, attempts=2, longest_wait_seconds=0.01).report("C1", as_of=TODAY)


def test_an_answer_that_does_not_come_is_not_asked_for_again(bureau, agency_of):
    bureau.says().slow_seconds = 1.0
    with pytest.raises(AgencyDownError, match=r"no answer came in time \(ReadTimeout\)"):
        agency_of(bureau, timeout_seconds=0.1).report("C1", as_of=TODAY)
    assert bureau.calls == 1


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "it answered 401, so it does not accept the API key. Check the environment variable"),
        (403, "it answered 403, so it does not accept the API key"),
        (400, "it answered 400, so it does not understand the request"),
        (302, "it answered 302, so it has moved. Redirects are not followed"),
    ],
)
def test_a_refusal_is_not_tried_again(bureau, agency_of, status, message):
    bureau.says(status, "", Location="http://127.0.0.1:9/")
    with pytest.raises(AgencyRefusedError, match=message):
        agency_of(bureau).report("C1", as_of=TODAY)
    assert bureau.calls == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param("{", "something that is not JSON", id="half of it"),
        pytest.param("<html>", "something that is not JSON", id="a page"),
        pytest.param("", "something that is not JSON", id="nothing"),
        pytest.param([], "answered with list where an object", id="a list"),
        pytest.param({"ratings": "B"}, "ratings are not a list of objects", id="no rows"),
        pytest.param({"ratings": [{"grade": "B"}]}, "ratings of C1 do not fit: .*rated_on is null", id="no date"),
        pytest.param({"ratings": [{"rated_on": "1.2.2024", "grade": "B"}]}, "'1.2.2024' for rated_on", id="a date"),
        pytest.param({"limits": [{"amount": "1e400"}]}, "do not fit", id="an amount beyond all"),
        pytest.param({"limits": [{"amount": "much"}]}, "'much' for amount", id="an amount in words"),
        pytest.param({"ratings": [{"rank": 1.5}]}, r"Decimal\('1.5'\) for rank", id="half a rank"),
        pytest.param({"ratings": [{"rank": True}]}, "True for rank", id="yes for a number"),
        pytest.param({"ratings": [{"mood": "good"}]}, "have mood, which the contract does not know", id="a new name"),
    ],
)
def test_what_is_no_report_is_refused(bureau, agency_of, body, message):
    with pytest.raises(MalformedReportError, match=message):
        agency_of(bureau.says(200, body)).report("C1", as_of=TODAY)
    assert bureau.calls == 1


def test_an_answer_in_the_agencys_own_words(bureau, agency_of):
    body = {"data": {"score": {"class": "B", "date": "2024-02-20T10:00:00Z", "detail": {"value": 1.10}, "x": 1}}}
    columns = {"grade": "class", "rated_on": "date", "score": "detail.value"}
    layout = AnswerLayout(rows="data.score", columns=columns, constants={"ranks": "10"}, ignored=("x",))
    report = agency_of(bureau.says(200, body), layouts={"ratings": layout}).report("C1", as_of=TODAY)
    assert report.rows["ratings"] == (
        {"rated_on": date(2024, 2, 20), "grade": "B", "score": Decimal("1.1"), "ranks": 10},
    )


def test_the_past_cannot_be_asked_for(bureau, agency_of):
    with pytest.raises(ValueError, match="asked for 2024-02-29, which has passed"):
        agency_of(bureau.says()).report("C1", as_of=date(2024, 2, 29))
    assert bureau.calls == 0


def test_the_key_is_sent_and_shown_nowhere(bureau, agency_of, caplog):
    caplog.set_level(logging.DEBUG)
    bureau.says(500, "", Retry_After="0").says(401, "")
    agency = agency_of(bureau, key=KEY, key_header="X-Api-Key")
    with pytest.raises(AgencyRefusedError) as refused:
        agency.report("C1", as_of=TODAY)
    assert [headers["X-Api-Key"] for _, headers in bureau.asked] == [KEY, KEY]
    told = [str(refused.value), repr(refused.value), repr(agency), repr(vars(agency)["_client"])]
    assert KEY not in "".join(told)
    assert refused.value.__cause__ is None
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("url", "key", "message"),
    [
        ("https://a.example/report", None, "holds no {customer_id}"),
        ("http://a.example/{customer_id}", "k", "would send the key unprotected"),
        ("ftp://a.example/{customer_id}", None, "State an https address"),
        ("https://me:you@a.example/{customer_id}", None, "holds a user or a password"),
        ("https://a.example/{customer_id}/{day}", None, "holds {day}, which nothing fills"),
    ],
)
def test_an_address_that_cannot_be_used(url, key, message, clock):
    with pytest.raises(ValueError, match=message):
        HttpAgency("a", url, clock=clock, key=key)
