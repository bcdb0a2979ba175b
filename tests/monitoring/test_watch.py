"""One watch from frames to files: verdict, page and Evidently's report, on real libraries and without a network."""

import json
import re
import socket
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from features.catalogue import Feature
from monitoring.errors import NothingToCompareError
from monitoring.page import line, write_page
from monitoring.report import COLUMNS, ROWS, write_report
from monitoring.verdict import Status, monitor
from monitoring.watch import watch

AS_OF = date(2024, 6, 30)
CATALOGUE = {
    "days_late": Feature("days_late", "Mean days late <90 days>.", "days", -180, 9e9, "-", 1, "recent_lateness"),
    "tenure": Feature("tenure", "Days since the first invoice.", "days", 0, 9e9, "-", -1, "tenure"),
}


def cases(rows, seed, *, late=1.0, lost=0.0):
    rng = np.random.default_rng(seed)
    health = rng.normal(size=rows)
    frame = pd.DataFrame(
        {
            "case_id": [f"I{row}" for row in range(rows)],
            "customer_id": [f"C{row}" for row in rng.integers(0, rows, rows)],
            "as_of": AS_OF,
            "days_late": late * np.exp(health),
            "tenure": rng.uniform(0, 2000, rows),
            "constant": 1.0,
            "never_known": np.nan,
            "open_count": rng.poisson(3, rows).astype(float),
            "late_prob_5d": 1 / (1 + np.exp(2 - health)),
        }
    )
    frame.loc[rng.random(rows) < lost, "open_count"] = np.nan
    return frame


@pytest.fixture
def no_network(monkeypatch):
    """Any attempt to leave the machine is a failure."""

    def refuse(*arguments, **_):
        raise AssertionError(f"a connection was tried: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def drifted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drift")
    return watch(
        cases(1_500, 1), cases(400, 2, late=2.0, lost=0.2), folder,
        as_of=AS_OF, scores=["late_prob_5d"], catalogue=CATALOGUE, versions={"late-payment": "3"},
    )  # fmt: skip


def test_planted_drift_is_found(drifted):
    assert drifted.verdict.status is Status.ALERT
    assert {column.drift.name for column in drifted.verdict.drifted} == {"days_late", "open_count"}


def test_files_lie_under_the_date(drifted):
    assert drifted.folder.name == "2024-06-30"
    assert {path.name for path in drifted.folder.iterdir()} == {"verdict.json", "index.html", "report.html"}


def test_json_holds_date_verdict_and_versions(drifted):
    plain = json.loads(drifted.verdict_json.read_text())
    assert (plain["as_of"], plain["status"]) == ("2024-06-30", "ALERT")
    assert (plain["reference_rows"], plain["current_rows"]) == (1_500, 400)
    assert plain["versions"]["late-payment"] == "3"
    assert {one["name"] for one in plain["columns"]} == {
        "days_late", "tenure", "constant", "never_known", "open_count", "late_prob_5d",
    }  # fmt: skip


def test_the_page_says_what_moved_and_links_the_report(drifted):
    page = drifted.page.read_text()
    assert "Mean days late &lt;90 days&gt;." in page
    assert "values are higher: a case of now exceeds one of then in" in page
    assert "Points to more risk" in page
    assert re.search(r"missing in \d+\.\d% of the cases instead of 0\.0%", page)
    assert 'href="report.html"' in page


def test_the_page_needs_nothing_else(drifted):
    page = drifted.page.read_text()
    assert re.findall(r'(?:href|src)="([^"]+)"', page) == ["report.html"]
    assert not re.search(r"@import|url\(|<script", page)


def test_evidently_shows_our_psi_and_our_verdict(drifted):
    report = drifted.report.read_text()
    late = next(column for column in drifted.verdict.columns if column.drift.name == "days_late")
    assert f"Drift score: {round(late.drift.psi, 3)}" in report
    assert "PSI, against its 99 % critical value at this sample size" in report
    assert "constant" not in re.findall(r"Drift in column '(\w+)'", report)


def test_evidently_needs_no_network(tmp_path, no_network):
    then, now = cases(200, 1), cases(200, 2)
    verdict = monitor({"tenure": then["tenure"].to_numpy()}, {"tenure": now["tenure"].to_numpy()})
    report = write_report(then, now, verdict, tmp_path).read_text()
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']?https?:", report)


def test_evidently_is_given_a_bounded_sample(tmp_path, monkeypatch):
    import monitoring.report as module

    seen = []
    monkeypatch.setattr(module, "_render", lambda then, now, shown: seen.append((then, now, shown)) or Saved())
    rng = np.random.default_rng(1)
    then = pd.DataFrame({f"x{k}": rng.normal(size=ROWS + 1) for k in range(COLUMNS + 3)})
    verdict = monitor({name: then[name].to_numpy() for name in then}, {name: then[name].to_numpy() for name in then})
    write_report(then, then.head(40), verdict, tmp_path)
    ((reference, current, shown),) = seen
    assert (len(reference), len(current), len(shown)) == (ROWS, 40, COLUMNS)


class Saved:
    def save_html(self, path):
        pass


def test_without_anything_to_draw_there_is_a_verdict_and_no_report(tmp_path):
    flat = pd.DataFrame({"x": np.zeros(100)})
    found = watch(flat, flat.head(50), tmp_path, as_of=AS_OF)
    assert (found.verdict.status, found.report) == (Status.OK, None)
    assert "report.html" not in found.page.read_text()


@pytest.mark.parametrize(
    ("then", "now", "period"),
    [
        pytest.param(cases(100, 1).head(0), cases(100, 1), "reference", id="empty reference"),
        pytest.param(cases(100, 1), cases(100, 1).head(0), "current", id="empty period"),
    ],
)
def test_an_empty_period_leaves_no_files(tmp_path, then, now, period):
    with pytest.raises(NothingToCompareError, match=f"The {period} period holds no rows"):
        watch(then, now, tmp_path, as_of=AS_OF)
    assert list(tmp_path.iterdir()) == []


def test_too_few_rows_are_said_on_the_page(tmp_path):
    found = watch(cases(500, 1), cases(12, 2), tmp_path, as_of=AS_OF, evidently=False)
    assert "Too few rows for a verdict: 12 current and 500 reference rows" in found.page.read_text()


@pytest.fixture(scope="module")
def moved():
    """A column that rose, of a book whose score rose with it."""
    rng = np.random.default_rng(1)
    then, now = rng.normal(size=900), rng.normal(1.0, size=300)
    verdict = monitor({"x": then, "score": then}, {"x": now, "score": now}, scores=["score"])
    return {column.drift.name: column for column in verdict.columns}


@pytest.mark.parametrize(
    ("risk", "words"), [(1, "Points to more risk"), (-1, "Points to less risk"), (0, "A change in mix")]
)
def test_what_a_rise_may_mean_follows_the_declared_direction(moved, risk, words):
    feature = Feature("x", "X.", "days", -9, 9, "-", risk, "tenure")
    assert line(moved["x"], feature, None).may_mean.startswith(words)


def test_a_higher_score_is_more_risk(moved):
    assert line(moved["score"], None, None).may_mean == "The models see more risk in the book than at training."


def test_no_meaning_is_made_up_for_a_column_that_did_not_move(moved):
    still = replace(moved["x"], moved=())
    assert (line(still, None, None).what_moved, line(still, None, None).may_mean) == ("", "")


def test_bars_are_shares_of_the_tallest(moved):
    shown = line(moved["x"], None, (0.0, 1.0))
    assert max(max(bar.before, bar.after) for bar in shown.bars) == pytest.approx(44)
    assert shown.typical == "0 → 1"


def test_the_same_verdict_gives_the_same_page(tmp_path, drifted):
    pages = [write_page(drifted.verdict, tmp_path / name, as_of=AS_OF).read_bytes() for name in "ab"]
    assert pages[0] == pages[1]
