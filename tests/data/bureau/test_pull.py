"""From agencies and ERPs into the lake: the waterfall, its record, and the two clocks."""

import json
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from cli.app import main
from cli.errors import Exit
from data.bureau.config import BureauConfigError, load_config
from data.bureau.pull import OVERLAP, pull_changes, pull_reports
from data.bureau.waterfall import Answer, Said, Waterfall
from data.contracts import CONTRACTS
from data.lake import Lake

TODAY = date(2024, 3, 1)


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake", threads=1)


def config_of(path, *agencies, **options):
    import yaml

    path.write_text(yaml.safe_dump({"agencies": list(agencies)} | options))
    return path


def test_the_first_that_knows_the_customer_wins_and_what_each_answered_is_told(bureaus, agency_of):
    down, unknown, knows, never = bureaus().says(500, ""), bureaus().says(404, ""), bureaus().says(), bureaus().says()
    names = ("down", "unknown", "knows", "never")
    agencies = [
        agency_of(one, name=name, attempts=1) for name, one in zip(names, (down, unknown, knows, never), strict=True)
    ]
    asked = Waterfall(agencies).ask("C1", as_of=TODAY)
    assert asked.report.agency == "knows"
    assert asked.answers == (
        Answer("down", Said.FAILED, "it answered 500, after 1 attempt. Try again later."),
        Answer("unknown", Said.UNKNOWN, "It does not know the customer."),
        Answer("knows", Said.KNOWN, "Retrieved 0 days before."),
    )
    assert not asked.failed
    assert [one.calls for one in (down, unknown, knows, never)] == [1, 1, 1, 0]


@pytest.mark.parametrize(("second", "failed"), [(404, True), (200, False)])
def test_a_customer_nobody_knows_is_not_one_that_could_not_be_asked_for(bureaus, agency_of, second, failed):
    first, other = bureaus().says(500, ""), bureaus().says(second)
    agencies = [agency_of(first, name="a", attempts=1), agency_of(other, name="b")]
    assert Waterfall(agencies).ask("C1", as_of=TODAY).failed is failed


def test_a_waterfall_of_nobody():
    with pytest.raises(ValueError, match="at least one agency"):
        Waterfall([])


def test_reports_become_rows_of_the_book(bureau, agency_of, lake, clock):
    bureau.says()
    waterfall = Waterfall([agency_of(bureau)])
    pulled = pull_reports(["C1", "C2", "C1"], waterfall, lake, as_of=TODAY, clock=clock)
    assert [asked.customer_id for asked in pulled.asked] == ["C1", "C2"]
    assert (pulled.ingested.counts["ratings"].added, pulled.ingested.counts["limits"].added) == (2, 2)
    assert lake.read("ratings")["known_at"].to_pylist() == [clock.at] * 2
    clock.after(1)
    again = pull_reports(["C1"], waterfall, lake, as_of=TODAY + timedelta(1), clock=clock)
    assert again.ingested.counts["ratings"].unchanged == 1
    bureau.says(200, {"ratings": [{"rated_on": "2024-02-20", "grade": "C"}]})
    bureau.asked.append(("", {}))  # so that the next answer is the last one
    clock.after(1)
    pull_reports(["C1"], waterfall, lake, as_of=TODAY + timedelta(2), clock=clock)
    mine = [row["grade"] for row in lake.read("ratings").to_pylist() if row["customer_id"] == "C1"]
    assert mine == ["B", "C"], "what the agency said before stays readable"


def test_an_impossible_report_goes_to_quarantine(bureau, agency_of, lake, clock):
    bureau.says(200, {"ratings": [{"rated_on": "2024-02-20", "grade": "B", "rank": 11, "ranks": 10}]})
    pulled = pull_reports(["C1"], Waterfall([agency_of(bureau)]), lake, as_of=TODAY, clock=clock)
    assert pulled.ingested.reasons["ratings"] == {"rank_off_scale": 1}


def test_nobody_knows_anything(bureau, agency_of, lake, clock):
    pulled = pull_reports(["C1"], Waterfall([agency_of(bureau.says(404, ""))]), lake, as_of=TODAY, clock=clock)
    assert pulled.ingested.counts == {}
    assert not lake.root.exists()


class FakeErp:
    """An ERP with invoices alone; keeps what it was asked."""

    source = "fake-erp"

    def __init__(self, table):
        self.table, self.rows, self.asked = table, [], []

    def changed_since(self, table, since):
        self.asked.append((table, since))
        if table != "invoices":
            return None
        return self.table("invoices", *(r for r in self.rows if since is None or r["known_at"] >= since))


def at(day):
    return datetime(2024, 5, day, tzinfo=UTC)


def test_an_erp_is_asked_for_what_is_new_and_nothing_is_lost_or_taken_twice(lake, table):
    erp = FakeErp(table)
    plain = {"source": "fake-erp", "known_at": at(1)}
    erp.rows = [plain, plain | {"invoice_id": "I2"}]
    assert pull_changes(erp, lake, received_at=at(2)).counts["invoices"].added == 2
    assert {since for _, since in erp.asked} == {None}
    assert {name for name, _ in erp.asked} == set(CONTRACTS)
    erp.rows += [
        plain | {"amount": Decimal(120), "known_at": at(3)},
        plain | {"invoice_id": "I2", "is_deleted": True, "known_at": at(4)},
    ]
    counts = pull_changes(erp, lake, received_at=at(5), tables=["invoices"]).counts["invoices"]
    assert (counts.corrected, counts.deleted) == (1, 1)
    assert erp.asked[-1] == ("invoices", at(1) - OVERLAP)
    again = pull_changes(erp, lake, received_at=at(6), tables=["invoices"]).counts["invoices"]
    assert (again.added, again.corrected, again.deleted) == (0, 0, 0)
    erp.rows = []
    assert pull_changes(erp, lake, received_at=at(7), tables=["invoices"]).counts == {}


def test_a_configuration_opens_its_agencies_in_order(tmp_path, bureaus, clock):
    first, second = bureaus().says(404, ""), bureaus().says()
    path = config_of(
        tmp_path / "bureau.yaml",
        {"name": "one", "url": first.address, "api_key_env": "ONE_KEY", "api_key_prefix": "Bearer "},
        {"name": "two", "url": second.address},
        fresh_for_days=10,
    )
    with ExitStack() as opened:
        waterfall = load_config(path).open(tmp_path, environ={"ONE_KEY": "k"}, clock=clock, opened=opened)
        assert waterfall.ask("C1", as_of=TODAY).report.agency == "two"
        clock.after(10)
        waterfall.ask("C1", as_of=TODAY + timedelta(10))
    assert [headers.get("Authorization") for _, headers in first.asked + second.asked] == ["Bearer k", None, None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("agencies: []", "agencies: ", id="nobody"),
        pytest.param("agencies: [{name: A, url: x}]", "agencies.0.name: ", id="a name in capitals"),
        pytest.param("agencies: [{name: a, url: x, key: s}]", "agencies.0.key: ", id="a key in the file"),
        pytest.param("agencies: [{name: a, url: x, tables: {invoices: {}}}]", "fills no table 'invoices'", id="table"),
        pytest.param(
            "agencies: [{name: a, url: x, tables: {ratings: {columns: {mood: m}}}}]", "no column mood", id="column"
        ),
        pytest.param("agencies: [{name: a, url: x}, {name: a, url: y}]", "two agencies have one name", id="twice"),
        pytest.param("{", "is not YAML", id="no YAML"),
    ],
)
def test_a_configuration_that_cannot_be_used(tmp_path, text, message):
    (tmp_path / "bureau.yaml").write_text(text)
    with pytest.raises(BureauConfigError, match=message):
        load_config(tmp_path / "bureau.yaml")


def test_a_configuration_that_is_not_there(tmp_path):
    with pytest.raises(BureauConfigError, match=r"cannot be read: No such file.*--config"):
        load_config(tmp_path / "bureau.yaml")


def command(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["o2c-risk", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code or 0


def test_the_command_pulls_records_and_keeps_the_key(tmp_path, monkeypatch, bureaus, capsys):
    monkeypatch.setenv("O2C_RISK_HOME", str(tmp_path / "home"))
    knows = bureaus().says()
    path = config_of(tmp_path / "b.yaml", {"name": "one", "url": knows.address, "api_key_env": "ONE_KEY"})
    pull = ("bureau", "pull", "--customers", "C1, C2", "--customers", "C3", "--config", path, "--json")
    assert command(monkeypatch, *pull) == Exit.REFUSED
    assert "Set ONE_KEY and run this again" in capsys.readouterr().err
    monkeypatch.setenv("ONE_KEY", "s3cret")
    assert command(monkeypatch, *pull) == Exit.DONE
    told = json.loads(capsys.readouterr().out)
    assert [one["customer_id"] for one in told["customers"]] == ["C1", "C2", "C3"]
    assert told["ingest"]["counts"]["ratings"]["added"] == 3
    assert command(monkeypatch, *pull) == Exit.DONE
    assert knows.calls == 3, "the reports are fresh"
    recorded = (tmp_path / "home" / "bureau" / "answers.jsonl").read_text().splitlines()
    assert len(recorded) == 6
    assert json.loads(recorded[0])["answers"] == [
        {"agency": "one", "said": "KNOWN", "detail": "Retrieved 0 days before."}
    ]
    written = [file.read_bytes() for file in (tmp_path / "home").rglob("*") if file.is_file()]
    assert not any(b"s3cret" in content for content in written)


def test_the_command_warns_when_an_agency_is_down(tmp_path, monkeypatch, bureaus, capsys):
    monkeypatch.setenv("O2C_RISK_HOME", str(tmp_path / "home"))
    down = {"name": "one", "url": bureaus().says(500, "").address, "attempts": 1}
    path = config_of(tmp_path / "b.yaml", down)
    assert command(monkeypatch, "bureau", "pull", "--customers", "C1", "--config", path) == Exit.ALERT
    assert "not every agency could be asked: C1" in capsys.readouterr().out
    assert command(monkeypatch, "bureau", "pull", "--customers", " , ", "--config", path) == Exit.REFUSED


def test_rows_of_the_same_kind_of_several_customers_are_one_table(bureau, agency_of, lake, clock):
    bureau.says(
        200, {"credit_events": [{"kind": "LEGAL", "happened_on": "2024-01-02", "amount": 5, "currency": "EUR"}]}
    )
    pulled = pull_reports(["C1", "C2"], Waterfall([agency_of(bureau)]), lake, as_of=TODAY, clock=clock)
    assert pulled.ingested.counts["credit_events"].added == 2
    assert isinstance(lake.read("credit_events"), pa.Table)
