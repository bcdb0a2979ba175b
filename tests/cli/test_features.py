"""`o2c-risk features`: refresh, push after news, parity with its exit code; on a small ledger in a lake of its own."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from typer.testing import CliRunner

from cli.app import app, main
from cli.errors import Exit
from cli.facts import EarlierDayError, news, push, the_store
from cli.ledger import the_book
from data.contracts import CONTRACTS
from data.lake import Lake
from data.settings import Settings
from features.build import as_of_now
from features.store.touched import NoMarkError, Touched

DAY = date(2024, 3, 1)
NEXT = DAY + timedelta(days=1)


def known(day):
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


def invoice(number, customer_id, issued_on, amount):
    return {
        "invoice_id": f"I{number}",
        "customer_id": customer_id,
        "issued_on": issued_on,
        "due_on": issued_on + timedelta(days=30),
        "amount": Decimal(amount),
        "currency": "EUR",
        "outcome_unknown": False,
        "is_deleted": False,
        "known_at": known(issued_on),
        "source": "test",
    }


def paid(number, customer_id, day, amount):
    """A payment of an invoice, and what it is allocated to."""
    both = {"customer_id": customer_id, "is_deleted": False, "known_at": known(day), "source": "test"}
    payment = both | {"payment_id": f"P{number}", "paid_on": day, "amount": Decimal(amount), "currency": "EUR"}
    allocation = both | {
        "payment_id": f"P{number}",
        "invoice_id": f"I{number}",
        "allocated_on": day,
        "amount": Decimal(amount),
        "clears_invoice": True,
    }
    return payment, allocation


def put(lake, table, *rows):
    lake.write(table, pa.Table.from_pylist(list(rows), CONTRACTS[table].schema))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Three customers with an invoice each, in the lake of a home folder."""
    monkeypatch.setenv("O2C_RISK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("O2C_RISK_ONLINE", raising=False)
    lake = Lake(tmp_path / "home" / "lake")
    put(lake, "invoices", *(invoice(i, f"C{i}", date(2024, 1, 5 + i), f"{100 * i}.00") for i in (1, 2, 3)))
    return lake


def told(*arguments):
    """What a command says in JSON, and its exit code."""
    done = CliRunner().invoke(app, ["features", *map(str, arguments), "--json"])
    assert done.exit_code in (Exit.DONE, Exit.ALERT), done.output + repr(done.exception)
    return json.loads(done.stdout), done.exit_code


def test_news_are_pushed_and_all_facts_of_the_customer_equal_the_book(home):
    assert told("refresh", "--as-of", DAY)[0]["customers"] == 3
    assert told("push", "--as-of", DAY)[0]["customer_ids"] == []
    payment, allocation = paid(2, "C2", DAY, "200.00")
    put(home, "payments", payment)
    put(home, "allocations", allocation)
    found, code = told("parity", "--show", 500)
    assert (code, found["holds"], found["missing"], found["as_of"]) == (Exit.ALERT, False, 0, str(DAY))
    assert found["share"] == found["different"] / found["compared"] > 0
    offender = next(o for o in found["worst"] if o["feature"] == "open_count")
    assert offender == {"feature": "open_count", "customers": 1, "customer_id": "C2", "built": 0.0, "served": 1.0}

    assert told("push", "--as-of", DAY)[0]["customer_ids"] == ["C2"]
    assert told("push", "--as-of", DAY)[0]["customer_ids"] == []
    # What others see of C2 through its peers waits for the refresh, as the command says; nothing of C2 differs.
    settings = Settings()
    store, book = the_store(settings), the_book(settings)
    whole = as_of_now(book, DAY, features=store.names)
    online = store.read_online(["C2"], store.names)[0]
    expected = whole.filter(pc.equal(whole["customer_id"], "C2")).to_pylist()[0]
    assert online.values == {name: expected[name] for name in store.names}
    book.close()
    store.close()


def refused(monkeypatch, capsys, *arguments):
    """What a person reads when a command is refused."""
    monkeypatch.setattr("sys.argv", ["o2c-risk", "features", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == Exit.REFUSED
    return " ".join(capsys.readouterr().err.split())


def test_what_cannot_be_pushed_is_said_in_plain_words(home, monkeypatch, capsys):
    assert "run `o2c-risk features refresh` first" in refused(monkeypatch, capsys, "push", "--as-of", DAY)
    assert "year-month-day" in refused(monkeypatch, capsys, "push", "--since", "yesterday")
    monkeypatch.setenv("O2C_RISK_ONLINE", "mysql://u:hidden@h/d")
    said = refused(monkeypatch, capsys, "push")
    assert "must be sqlite, redis://" in said
    assert "hidden" not in said


def test_customers_are_named_or_are_those_with_rows_known_since(home):
    settings = Settings()
    store = the_store(settings)
    since = datetime(2024, 1, 7, 12, tzinfo=UTC)
    assert news(settings, store, since=since, customers=()).customer_ids == ("C3",)
    assert news(settings, store, since=None, customers=("C3", "C1", "C3")).customer_ids == ("C1", "C3")
    with pytest.raises(NoMarkError, match="run `o2c-risk features refresh` first"):
        news(settings, store, since=None, customers=())
    store.close()


def test_a_push_does_not_put_customers_back_to_an_earlier_day(home):
    store = the_store(Settings())
    nothing = {name: pa.nulls(1, pa.float64()) for name in store.names}
    rows = pa.table({"customer_id": ["C1"], "as_of": pa.array([NEXT], pa.date32())} | nothing)
    store.write_whole(rows, computed_at=known(NEXT), mark={"as_of": str(NEXT), "tables": {}})
    with pytest.raises(EarlierDayError, match=f"facts online are as of {NEXT}; a push as of {DAY}"):
        push(the_book(Settings()), store, Touched(("C1",), ()), as_of=DAY, computed_at=known(NEXT))
    store.close()
