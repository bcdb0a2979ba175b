"""Cash by week and the walk forward by command: a simulated book, a real release."""

import json
from dataclasses import replace
from datetime import date, timedelta

import ibis
import numpy as np
import pyarrow.parquet as pq
import pytest

from cli import walking
from cli.app import main
from cli.cash import open_items
from cli.errors import Exit
from cli.ledger import end_of, take_in, the_book, write_portfolio
from cli.walking import _months
from data.settings import Settings
from features.items import as_known, items
from scoring.bundle import activate, load, write_release
from scoring.cash import cash
from scoring.model_files import ModelFiles
from scoring.releases import current
from scoring.sketch import Sketch
from training.cases.facts import folded, from_book
from training.fitting import walk
from training.fitting.fit import Recipe
from training.fitting.learn import learn, silent
from training.late_model import late_cases
from training.late_model import task as late_task
from training.pay_time.learn import with_pay_time

LEARNT, END = date(2024, 1, 1), date(2024, 12, 31)
SMALL = Recipe(
    trees=20, learning_rate=0.15, leaves=6, smallest_leaf=20, feature_share=0.5, case_share=0.8, ridge=1.0, seeds=(1,)
)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """80 simulated customers in a lake."""
    made = Settings(home=tmp_path_factory.mktemp("home"), threads=1)
    extract = made.home / "extract"
    assert write_portfolio(extract, customers=80, seed=5).end_on == END
    take_in(made, extract, "contract", received_at=end_of(END))
    return made


@pytest.fixture(scope="module")
def fitted(ledger):
    return _fitted(the_book(ledger))


@pytest.fixture(scope="module")
def settings(ledger, fitted):
    """A release of a late-payment model that states delays."""
    _release(ledger, fitted)
    return ledger


def _fitted(book):
    period = (LEARNT, date(2024, 6, 30))
    parts = late_cases(book, from_book(book), LEARNT, period, END, grace=5)
    how = {"as_of": LEARNT, "known_on": END, "threads": 1}
    fitted = learn(replace(late_task(), recipe=SMALL), parts, data_version="a1b2c3d4e5f6", say=silent, **how)
    return with_pay_time(book, folded(book), fitted, period=period, **how)


def _release(settings, fitted):
    files = ModelFiles(fitted.spec, fitted.model_texts, fitted.calibrator, "1", pay_time=fitted.pay_time)
    sketches = {name: Sketch.from_dict(plain) for name, plain in fitted.sketches.items()}
    versions = {"data_version": "a1b2c3d4e5f6", "code_version": "0"}
    folder = write_release(settings.releases, [files], {"currency": "EUR"}, {fitted.spec.name: sketches}, versions)
    activate(settings.releases, folder.name)


@pytest.fixture
def command(settings, monkeypatch, capsys):
    def run(*words):
        monkeypatch.setenv("O2C_RISK_HOME", str(settings.home))
        monkeypatch.setenv("O2C_RISK_THREADS", "1")
        monkeypatch.setattr("sys.argv", ["o2c-risk", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, capsys.readouterr().out

    return run


@pytest.fixture
def refusal(monkeypatch, capsys):
    """What a command that is refused says."""

    def run(settings, *words):
        monkeypatch.setenv("O2C_RISK_HOME", str(settings.home))
        monkeypatch.setattr("sys.argv", ["o2c-risk", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == Exit.REFUSED
        return " ".join(capsys.readouterr().err.split())

    return run


def test_a_release_that_states_no_delays_is_told_with_the_way_out(refusal, fitted, tmp_path):
    without_late = replace(fitted, spec=fitted.spec.model_copy(update={"name": "default"}), pay_time=None)
    for name, model, holds in (
        ("silent", replace(fitted, pay_time=None), "late-payment without a time to pay"),
        ("other", without_late, "default"),
    ):
        settings = Settings(home=tmp_path / name)
        _release(settings, model)
        said = refusal(settings, "cash", "--as-of", END.isoformat())
        assert f"which is in force, holds {holds}; cash needs late-payment with a time to pay" in said
        assert "o2c-risk train late-payment, then o2c-risk promote late-payment" in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(("--from", "July 2019"), "'July 2019' is not a date: write year-month-day", id="no date"),
        pytest.param(("--to", "2019-13-01"), "'2019-13-01' is not a date", id="no month"),
        pytest.param(
            ("--from", "2024-05-01", "--to", "2024-03-01"), "Give --to a day of the same month", id="backwards"
        ),
    ],
)
def test_a_walk_of_no_months_says_what_is_wrong(refusal, tmp_path, words, told):
    assert told in refusal(Settings(home=tmp_path), "walk-forward", *words, "--as-of", END.isoformat())


def test_expected_cash_adds_up_to_what_is_owed(command, settings):
    code, said = command("cash", "--as-of", END.isoformat(), "--weeks", "8", "--json")
    told = json.loads(said)
    assert code == 0
    assert [week["from"] for week in told["weeks"][:2]] == ["2025-01-01", "2025-01-08"]
    assert all(0 <= week["low"] <= week["high"] for week in told["weeks"])
    book = the_book(settings)
    owed = folded(book)
    open_now = owed.filter(owed.superseded_on.isnull(), owed.settled_on.isnull(), ~owed.outcome_unknown)
    total = float(open_now.remaining.sum().to_pyarrow().as_py())
    assert sum(week["expected"] for week in told["weeks"]) + told["later_or_never"] == pytest.approx(total)


def test_the_interval_is_as_wide_as_past_forecasts_ask_for(command, settings, fitted):
    told, spec = fitted.training["time_to_pay"]["past_cash"], fitted.pay_time.spec
    assert spec.widened == told["widened"] >= 1.0
    _, said = command("cash", "--as-of", END.isoformat(), "--weeks", "8", "--json")
    found, _ = open_items(the_book(settings), load(current(settings.releases)).models["late-payment"], END, 8)
    wanted = cash(found, common=spec.common, widened=spec.widened)
    assert [week["low"] for week in json.loads(said)["weeks"]] == pytest.approx([week.low for week in wanted])


def test_a_table_for_people_says_what_is_left(command):
    code, said = command("cash", "--as-of", END.isoformat(), "--weeks", "4")
    assert code == 0
    assert "Cash expected from open invoices, EUR" in said
    assert "Later, or not within a year" in said


def test_nothing_open_is_told_and_is_no_success(command):
    code, said = command("cash", "--as-of", "1999-01-01")
    assert code == Exit.REFUSED
    assert "No invoice with a known amount is open" in said


def test_an_invoice_paid_since_was_open_then(settings):
    book, day = the_book(settings), END - timedelta(days=60)
    model = load(current(settings.releases)).models["late-payment"]
    found, _ = open_items(book, model, day, 6)
    rows = as_known(items(book), END)
    then = rows.filter(rows.issued_on <= ibis.date(day), ~rows.outcome_unknown, rows.remaining.notnull())
    owed_then = then.filter(then.settled_known_on.isnull() | (then.settled_known_on > ibis.date(day)))
    paid_since = owed_then.filter(owed_then.settled_on.notnull()).count().to_pyarrow().as_py()
    assert paid_since > 20
    assert len(found.amounts) >= paid_since


def test_a_walk_forward_writes_figures_cases_and_a_picture(command, tmp_path):
    words = ("walk-forward", "--from", "2024-03-01", "--to", "2024-05-01", "--as-of", END.isoformat(), "--warm-up", "2")
    code, said = command(*words, "--out", str(tmp_path / "walk"), "--json")
    told = json.loads(said)
    assert code == 0
    assert [month["first"] for month in told["months"]] == ["2024-03-01", "2024-04-01", "2024-05-01"]
    assert told["warm_up"] == ["2024-01-01", "2024-02-01"]
    rows = pq.read_table(tmp_path / "walk" / "cases.parquet")
    assert rows.num_rows == sum(month["n"] for month in told["months"])
    assert (tmp_path / "walk" / "walk-forward.png").read_bytes().startswith(b"\x89PNG")


def test_as_many_months_warm_up_unless_asked_as_the_walk_itself_takes():
    assert walking.WARM_UP == walk.WARM_UP


@pytest.mark.parametrize(
    ("months", "told"),
    [
        pytest.param((), "No month was walked before these", id="none"),
        pytest.param(
            (date(2019, 1, 1), date(2019, 2, 1), date(2019, 3, 1)), "in no figure: 2019-01 to 2019-03 (3)", id="three"
        ),
    ],
)
def test_people_are_told_which_months_warmed_up(months, told):
    found = walk.Walk("late-payment", "late(5)", END, months, (), None, np.array([]), np.array([]))
    assert told in walking.warmed_up(found)


def test_a_negative_warm_up_is_wrong_usage(command):
    code, _ = command("walk-forward", "--warm-up", "-1")
    assert code == Exit.USAGE


def test_an_unknown_model_is_wrong_usage(command):
    code, _ = command("walk-forward", "fraud")
    assert code == Exit.USAGE


def test_a_walk_begins_with_the_month_of_its_first_day():
    assert _months(END, "2024-03-15", "2024-03-20") == (date(2024, 3, 1), date(2024, 3, 20))
