"""The quick model as of each month: what its file hands to its learner is caught, and only matured cases teach."""

from datetime import date

import pytest

from benchmarks.models.quick import numbered, quick
from benchmarks.models.quick_early import Earlier, OtherQueryError
from training.cases.cohort import month_firsts

SCRIPT = '''
import sys
import numpy as np
import pandas as pd

FOLDER, KNOWN = sys.argv[1], pd.Timestamp(sys.argv[2])
FAR = pd.Timestamp("2100-01-01")


def book():
    days = pd.date_range("2019-01-01", "2021-02-01", freq="MS")
    return pd.DataFrame({"t": np.tile(days, 2), "customer_id": ["A"] * len(days) + ["B"] * len(days)})


def fit_predict(train, y, test, seeds=3, **params):
    assert params["leaves"] == 7 and params["n_jobs"] == 1
    return np.full(len(test), y.mean() + seeds)


def show(name, y, p):
    raise AssertionError("only what is wanted is shown")


def default(con, dpd, horizon=180):
    panel = con.execute("""select *, (customer_id = 'A' and month(t) = 1)::int bad,
      (customer_id = 'B' and t = date '2019-02-01')::int beyond, 1 fact from b""").df()
    train, test = panel.t < "2020-01-01", panel.t >= "2020-01-01"
    fit_predict(panel.loc[train, ["fact"]], panel.bad[train], panel.loc[test, ["fact"]], 5, leaves=7)
'''


@pytest.fixture
def peer(tmp_path):
    script = tmp_path / "quick_models.py"
    script.write_text(SCRIPT)
    return quick(script, tmp_path)


def test_each_month_learns_from_what_had_matured(peer):
    found = peer.default_by_month(60, month_firsts(date(2019, 6, 1), date(2020, 9, 1)))
    one = found[found["customer_id"] == "A"].set_index("t")
    # 2019-07-01: A and B of January have matured (180 days later is 30 June); one bad of two, and five seeds.
    assert one.loc["2019-07-01", "theirs"] == pytest.approx(1 / 2 + 5)
    assert one.loc["2019-07-01", "theirs_one_seed"] == pytest.approx(1 / 2 + 1)
    # 2019-08-01: of February (to 31 July) only A, for B lay beyond; one bad of three.
    assert one.loc["2019-08-01", "theirs"] == pytest.approx(1 / 3 + 5)


def test_a_month_with_nothing_to_learn_from_is_passed_over_and_the_last_is_the_last_matured(peer):
    found = peer.default_by_month(60, month_firsts(date(2019, 1, 1), date(2020, 12, 1)))
    assert str(found["t"].min().date()) == "2019-07-01"
    assert str(found["t"].max().date()) == "2020-09-01"


def test_its_module_is_as_it_was_afterwards(peer):
    learner = peer.module.fit_predict
    peer.default_by_month(60, [date(2020, 1, 1)])
    assert peer.module.fit_predict is learner


def test_cohorts_begin_where_they_are_told_to_and_a_changed_query_is_refused(peer):
    con = Earlier(peer.con.con)
    found = con.execute("select date '2019-01-01' as first").df()
    assert str(found["first"][0])[:10] == "2018-08-01"
    with pytest.raises(OtherQueryError, match="Look where its cohorts begin"):
        con.execute("select date '2017-01-01' as first")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"give the path of quick_models\.py"):
        quick(tmp_path / "none.py", tmp_path)


def test_equal_invoices_are_numbered_by_payment():
    import pandas as pd

    same = {"customer_id": 1, "issued_on": "2020-01-01", "due_on": "2020-02-01", "amount": 10.0, "rate": 1.0}
    rows = pd.DataFrame(
        [{**same, "paid_on": day, "who": who} for day, who in (("2020-03-01", "late"), ("2020-02-01", "due"))]
    )
    assert dict(zip(numbered(rows)["who"], numbered(rows)["ordinal"], strict=True)) == {"due": 0, "late": 1}
