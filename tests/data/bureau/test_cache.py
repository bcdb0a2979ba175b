"""Reports on disk: fresh ones make no call, aged ones are better than none, and one caller asks for all."""

import json
import logging
import threading
from datetime import date, timedelta

import pytest

from data.bureau.cache import CachedAgency
from data.bureau.report import AgencyDownError, AgencyRefusedError

TODAY = date(2024, 3, 1)


def days_later(n):
    return TODAY + timedelta(n)


@pytest.fixture
def cached(bureau, agency_of, tmp_path):
    """``cached()``: the agency behind a cache, opened anew each time as another process would."""

    def opened(**options):
        agency = agency_of(bureau, attempts=1)
        return CachedAgency(agency, tmp_path / "cache", **options)

    return opened


def test_a_fresh_report_makes_no_call(bureau, cached, clock):
    bureau.says()
    first = cached().report("C1", as_of=TODAY)
    clock.after(179)
    again = cached().report("C1", as_of=days_later(179))
    assert bureau.calls == 1
    assert again.rows == first.rows
    assert (again.retrieved_at, again.age_days, again.is_aged) == (first.retrieved_at, 179, False)
    assert again.tables()["ratings"] == first.tables()["ratings"]
    clock.after(1)
    assert cached().report("C1", as_of=days_later(180)).age_days == 0
    assert bureau.calls == 2


def test_an_aged_report_is_returned_with_its_age_when_the_agency_is_down(bureau, cached, clock, caplog):
    bureau.says().says(500, "")
    cached().report("C1", as_of=TODAY)
    clock.after(400)
    aged = cached().report("C1", as_of=days_later(400))
    assert (aged.age_days, aged.is_aged) == (400, True)
    assert bureau.calls == 2
    assert "first is down; the report of 2024-03-01 is used" in caplog.text


def test_without_a_report_a_failure_is_a_failure(bureau, cached):
    bureau.says(500, "")
    with pytest.raises(AgencyDownError):
        cached().report("C1", as_of=TODAY)


def test_a_refusal_is_told_even_where_there_is_an_aged_report(bureau, cached, clock):
    bureau.says().says(401, "")
    cached().report("C1", as_of=TODAY)
    clock.after(200)
    with pytest.raises(AgencyRefusedError):
        cached().report("C1", as_of=days_later(200))


def test_that_a_customer_is_not_known_is_kept_for_a_shorter_time(bureau, cached, clock):
    bureau.says(404, "")
    for day, calls in ((0, 1), (29, 1), (30, 2)):
        clock.at = clock.at.replace(month=3, day=1) + timedelta(day)
        assert cached().report("C1", as_of=days_later(day)) is None
        assert bureau.calls == calls


def test_a_report_retrieved_later_does_not_belong_to_an_earlier_day(bureau, cached, clock):
    bureau.says(200, {"ratings": [{"rated_on": "2024-02-20", "grade": "B"}]})
    bureau.says(200, {"ratings": [{"rated_on": "2024-09-01", "grade": "C"}]})
    cached().report("C1", as_of=TODAY)
    clock.after(200)
    assert cached().report("C1", as_of=days_later(200)).rows["ratings"][0]["grade"] == "C"
    assert cached().report("C1", as_of=days_later(10)).rows["ratings"][0]["grade"] == "B"
    with pytest.raises(ValueError, match="which has passed"):
        cached().report("C1", as_of=TODAY - timedelta(1))
    assert bureau.calls == 2


def test_customers_and_agencies_do_not_share_reports(bureau, bureaus, agency_of, cached, tmp_path):
    cached().report("C1", as_of=TODAY) if bureau.says() else None
    cached().report("C2", as_of=TODAY)
    assert [customer for customer, _ in bureau.asked] == ["C1", "C2"]
    other = bureaus().says(404, "")
    assert CachedAgency(agency_of(other, name="second"), tmp_path / "cache").report("C1", as_of=TODAY) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"agency": "first"}'])
def test_a_file_that_cannot_be_read_counts_as_not_there(bureau, cached, tmp_path, caplog, text):
    bureau.says()
    cached().report("C1", as_of=TODAY)
    (path,) = (tmp_path / "cache").rglob("*.json")
    path.write_text(text)
    caplog.set_level(logging.WARNING)
    assert cached().report("C1", as_of=TODAY) is not None
    assert bureau.calls == 2
    assert "cannot be read and counts as not there" in caplog.text


def test_a_report_of_another_customer_in_its_place_is_not_taken(bureau, cached, tmp_path):
    bureau.says()
    cached().report("C1", as_of=TODAY)
    (path,) = (tmp_path / "cache").rglob("*.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"customer_id": "C2"}))
    cached().report("C1", as_of=TODAY)
    assert bureau.calls == 2


def test_a_write_that_was_cut_short_leaves_nothing_half(bureau, cached, tmp_path):
    bureau.says()
    cached().report("C1", as_of=TODAY)
    (path,) = (tmp_path / "cache").rglob("*.json")
    path.with_name(f".{path.name}.1.part").write_text('{"agency"')
    assert cached().report("C1", as_of=TODAY) is not None
    assert bureau.calls == 1


def test_of_many_who_want_one_report_one_asks(bureau, cached):
    bureau.says().slow_seconds = 0.3
    found = []
    agencies = [cached() for _ in range(5)]
    threads = [threading.Thread(target=lambda a=a: found.append(a.report("C1", as_of=TODAY))) for a in agencies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bureau.calls == 1
    assert [report.rows for report in found] == [found[0].rows] * 5


def test_two_customers_are_asked_for_at_the_same_time(bureau, cached):
    bureau.says().slow_seconds = 0.3
    agencies = [(cached(), name) for name in ("C1", "C2")]
    threads = [threading.Thread(target=a.report, args=(name,), kwargs={"as_of": TODAY}) for a, name in agencies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(customer for customer, _ in bureau.asked) == ["C1", "C2"]


def test_days_that_cannot_be(agency_of, bureau, tmp_path):
    with pytest.raises(ValueError, match="fresh_for_days must be 1 or more"):
        CachedAgency(agency_of(bureau), tmp_path, fresh_for_days=0)
