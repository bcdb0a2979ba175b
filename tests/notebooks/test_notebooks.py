"""Every notebook on a small simulated ledger, as a user runs it: it ends well, draws, and its figures are right."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from cli.ledger import take_in
from data.settings import Settings
from data.simulation.simulator import Shape, simulate

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
NAMES = [path.stem for path in NOTEBOOKS]
PICTURES = {
    "01_portfolio": {"aging", "concentration", "months", "delays", "segments"},
    "02_late_payment": {"information", "rates", "weights", "shapes"},
    "03_spring_2020": {"months", "surprises", "reliability"},
    "04_pd_to_limit": {"grades", "limits", "caps", "headroom", "what_if"},
    "05_own_challenger": {"differences", "use", "swaps", "parts"},
}
SMALL = Shape(
    customers=100,
    start_on=date(2019, 1, 1),
    end_on=date(2021, 3, 1),
    seed=11,
    default_rate=0.15,
    stress_on=date(2020, 2, 1),
)
# Libraries' own deprecations aside, every warning ends a notebook.
STRICT = ("-W", "error", "-W", "ignore::DeprecationWarning", "-W", "error::DeprecationWarning:__main__")
LONGEST_CELL = 50


@pytest.fixture(scope="module")
def ledger():
    """The tables of the simulated ledger, as pandas sees them."""
    return simulate(SMALL)


@pytest.fixture(scope="module")
def home(ledger, tmp_path_factory):
    """A home folder with the ledger in its lake."""
    folder = tmp_path_factory.mktemp("home")
    ledger.write(folder / "extract")
    received = datetime.combine(SMALL.end_on, time.max, UTC)
    take_in(Settings(home=folder), folder / "extract", "contract", received_at=received)
    return folder


@pytest.fixture(scope="module")
def ran(home):
    """Runs a notebook once and gives its figures, its cases and what it printed."""
    done = {}

    def of(name):
        if name not in done:
            done[name] = _run(name, home)
        folder = home / "reports" / "notebooks"
        cases = folder / f"{name}-cases.parquet"
        figures = json.loads((folder / f"{name}-figures.json").read_text(encoding="utf-8"))
        return figures, pq.read_table(cases).to_pandas() if cases.exists() else None, done[name]

    return of


def _run(name, home):
    settings = {
        "PYTHONPATH": str(ROOT),
        "O2C_RISK_HOME": str(home),
        "O2C_RISK_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MPLBACKEND": "Agg",
    }
    done = subprocess.run(
        [sys.executable, *STRICT, f"notebooks/{name}.py"],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    assert "Warning" not in done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def invoices(ledger):
    """Invoices with what was paid and credited, and when that was complete; written apart from the product's fold."""
    rows = ledger.tables["invoices"].to_pandas().sort_values("known_at").drop_duplicates("invoice_id", keep="last")
    rows = rows.set_index("invoice_id")
    paid = ledger.tables["allocations"].to_pandas()[["invoice_id", "amount", "allocated_on", "clears_invoice"]]
    paid = paid.rename(columns={"allocated_on": "day"})
    credit = ledger.tables["credit_notes"].to_pandas().rename(columns={"issued_on": "day"})
    moves = pd.concat([paid, credit[["invoice_id", "amount", "day"]].assign(clears_invoice=False)])
    moves = moves[moves.invoice_id.isin(rows.index)].sort_values(["invoice_id", "day"])
    # Whole cents, so that sums are exact; a few amounts are not known, and add nothing.
    moves["amount"] = (moves.amount.astype(float) * 100).round().fillna(0)
    moves["so_far"] = moves.groupby("invoice_id").amount.cumsum()
    rows["cents"] = (rows.amount.astype(float) * 100).round()
    full = moves.clears_invoice.astype(bool) | (moves.so_far >= rows.cents.reindex(moves.invoice_id).to_numpy())
    rows["settled_on"] = pd.to_datetime(moves[full].groupby("invoice_id").day.min()).reindex(rows.index)
    rows["received"] = moves.groupby("invoice_id").amount.sum().reindex(rows.index).fillna(0)
    for name in ("issued_on", "due_on"):
        rows[name] = pd.to_datetime(rows[name])
    rows["late"] = ~(rows.settled_on < rows.due_on + pd.Timedelta(days=5))
    rows["matured"] = rows.due_on + pd.Timedelta(days=5) < pd.Timestamp(SMALL.end_on)
    return rows


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_draws_every_picture_and_says_which_book_it_read(ran, home, name):
    _, _, printed = ran(name)
    folder = home / "reports" / "notebooks"
    drawn = {path.stem.removeprefix(f"{name}-"): path for path in folder.glob(f"{name}-*.png")}
    assert set(drawn) == PICTURES[name]
    for path in drawn.values():
        assert path.read_bytes().startswith(b"\x89PNG")
        assert path.stat().st_size > 10_000
        assert str(path) in printed
    assert printed.startswith(f"The ledger in {home}: ")
    assert f"as known at the end of {SMALL.end_on}" in printed


def test_what_is_open_and_past_due_is_what_the_clerk_would_count(ran, invoices):
    figures, _, _ = ran("01_portfolio")
    owed = invoices[invoices.settled_on.isna()]
    left = (owed.cents - owed.received) / 100
    assert figures["open_amount"] == pytest.approx(left.sum(), abs=0.005)
    by_customer = left.groupby(owed.customer_id).sum().sort_values(ascending=False)
    assert figures["largest_ten_share"] == pytest.approx(by_customer.head(10).sum() / left.sum())
    assert figures["aging"]["not past due"] < figures["open_amount"]
    assert sum(figures["aging"].values()) == pytest.approx(figures["open_amount"])


def test_dso_and_late_payment_by_month_are_those_of_the_ledger(ran, invoices):
    figures, _, _ = ran("01_portfolio")
    day = pd.Timestamp("2019-12-31")
    seen = invoices[invoices.issued_on <= day]
    sold = seen[seen.issued_on > day - pd.Timedelta(days=90)].cents.sum() / 100
    # What was paid by then of invoices in part only is small; DSO counts it too, so the figure is a close bound here.
    still_open = seen[~(seen.settled_on <= day)].cents.sum() / 100
    assert figures["dso"]["2019-12-31"] == pytest.approx(90 * still_open / sold, rel=0.02)
    matured = invoices[invoices.matured]
    months = matured.groupby(matured.issued_on.dt.strftime("%Y-%m")).late.agg(["mean", "size"])
    issued = invoices.groupby(invoices.issued_on.dt.strftime("%Y-%m")).size()
    months = months[(months["size"] >= 30) & (months["size"] >= 0.95 * issued[months.index])]
    assert figures["late_by_month"] == pytest.approx(months["mean"].to_dict())
    assert max(figures["late_by_month"], key=figures["late_by_month"].get) in {"2020-02", "2020-03"}


def test_the_drivers_are_of_a_model_whose_figures_hold(ran, invoices):
    figures, cases, _ = ran("02_late_payment")
    truth = invoices.loc[cases.case_id]
    assert cases.bad.tolist() == truth.late.tolist()
    assert truth.issued_on.min() >= pd.Timestamp(figures["as_of"])
    assert figures["cases"] == len(cases)
    assert figures["auc"] == pytest.approx(roc_auc_score(cases.bad, cases.probability))
    assert figures["auc_of_own_rate"] == pytest.approx(roc_auc_score(cases.bad, cases.own_rate))
    assert figures["rate"] == pytest.approx(truth.late.mean())
    before = invoices[invoices.due_on + pd.Timedelta(days=6) <= pd.Timestamp(figures["as_of"])]
    assert figures["late_rate_learnt_from"] == pytest.approx(before.late.mean())
    assert list(figures["information"].values()) == sorted(figures["information"].values(), reverse=True)


def test_the_walk_states_what_came_in_every_month_of_spring_2020(ran, invoices):
    figures, cases, printed = ran("03_spring_2020")
    assert (figures["from"], figures["to"], figures["holds_spring_2020"]) == ("2019-07-01", "2020-12-31", True)
    chosen = invoices[invoices.matured & invoices.issued_on.between(figures["from"], figures["to"])]
    assert figures["came"] == pytest.approx(chosen.groupby(chosen.issued_on.dt.strftime("%Y-%m")).late.mean().to_dict())
    for month, part in cases.groupby("month"):
        assert figures["auc"][month] == pytest.approx(roc_auc_score(part.bad, part.probability)), month
        assert figures["stated"][month] == pytest.approx(part.probability.mean()), month
    assert figures["mean_auc"] == pytest.approx(np.mean(list(figures["auc"].values())))
    stressed = cases.month.isin(["2020-02", "2020-03"])
    assert cases.bad[stressed].mean() > 1.5 * cases.bad[~stressed].mean()
    assert "In spring 2020: stated" in printed


def test_limits_are_what_the_policy_says(ran):
    figures, desk, _ = ran("04_pd_to_limit")
    file = yaml.safe_load((ROOT / "policy" / "parameters" / "limits.yaml").read_text(encoding="utf-8"))
    rules = file["values"][date(2018, 1, 1)]  # in force on the last day of the ledger
    assert figures["policy"] == rules["reference"]
    budget, step = (float(rules["money"]["EUR"][name]) for name in ("expected_loss_budget", "rounding_step"))
    year = 1 - (1 - desk.pd_180d) ** (365 / 180)
    np.testing.assert_allclose(desk.pd_12m, year, atol=1.01e-6)
    cap = budget / (desk.pd_12m.clip(lower=float(rules["pd_floor"])) * float(rules["lgd"]))
    known = desk.limit.notna()
    assert (desk.limit[known] <= cap[known]).all()
    bound = desk[desk.binding == "expected_loss_budget"]
    rounded = (cap[bound.index] // step) * step
    held = (rounded < bound.in_force) & (bound.in_force <= cap[bound.index])  # such a limit is not cut to the step
    assert len(bound) > 0
    np.testing.assert_allclose(bound.limit, np.where(held, bound.in_force, rounded))
    assert float(figures["total"]) == pytest.approx(desk.limit.sum())


def test_grades_and_what_ifs_follow_from_the_probabilities(ran):
    figures, desk, _ = ran("04_pd_to_limit")
    scale = yaml.safe_load((ROOT / "scoring" / "grades.yaml").read_text(encoding="utf-8"))["grades"]
    worst_first = sorted(scale, key=lambda row: -row["from"])
    mine = [next(row["name"] for row in worst_first if chance >= row["from"]) for chance in desk.pd_12m]
    assert desk.grade.tolist() == mine
    moved = [figures["limits_if_multiplied"][factor] for factor in ("0.5", "0.75", "1.0", "1.5", "2.0", "3.0")]
    assert moved == sorted(moved, reverse=True)
    assert moved[0] > moved[-1]
    assert moved[2] == pytest.approx(figures["limits"])


def test_challengers_are_judged_on_the_champions_cases(ran, invoices):
    figures, cases, printed = ran("05_own_challenger")
    assert cases.bad.tolist() == invoices.loc[cases.case_id].late.tolist()
    column = {name: name.replace("'", "").replace(" ", "_") for name in figures["figures"]}
    assert set(column) == {"champion", "other recipe", "scorecard", "my own", "customer's own late rate"}
    measures = {"auc": roc_auc_score, "average_precision": average_precision_score, "brier": brier_score_loss}
    for name, stated in figures["figures"].items():
        for key, measure in measures.items():
            assert stated[key] == pytest.approx(measure(cases.bad, cases[column[name]])), (name, key)
    for name, gaps in figures["differences"].items():
        for key, (low, gap, high) in gaps.items():
            theirs, ours = (measures[key](cases.bad, cases[column[which]]) for which in (name, "champion"))
            assert gap == pytest.approx(theirs - ours, abs=1e-12)
            assert low <= high
    assert figures["registered"] is False  # a ledger that was found is not written to
    assert "o2c-risk compare late-payment" in printed


def test_there_are_five_notebooks_in_the_percent_format_with_short_cells():
    assert set(NAMES) == set(PICTURES)
    for path in NOTEBOOKS:
        text = path.read_text(encoding="utf-8")
        assert re.match(r"# %% \[markdown\]\n# # .+\?\n", text), f"{path.name} begins with the question it answers"
        assert text.count("# %% [markdown]") >= 5, path.name
        for cell in re.split(r"^# %%.*\n", text, flags=re.MULTILINE):
            assert cell.count("\n") <= LONGEST_CELL, f"{path.name}: a cell is too long:\n{cell[:200]}"


def test_nothing_is_kept_of_a_run():
    kept = {
        path.suffix for path in (ROOT / "notebooks").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert kept == {".py"}
