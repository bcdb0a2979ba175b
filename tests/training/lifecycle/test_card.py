"""The model card: everything in it comes from the model, nothing breaks it, nothing is fetched."""

import re
from dataclasses import replace

import numpy as np
import pytest

from training.cases.dataset import Dataset
from training.fitting.evidence import judged_by_grade, with_evidence
from training.judging.evaluation import Interval
from training.lifecycle.card import Approval, card_of, html, markdown, write_card
from training.lifecycle.gates import check, load_gates

TAGS = {"code_version": "1.2.3", "content": "feedbeef"}


@pytest.fixture(scope="module")
def card(fitted, catalogue):
    return card_of(fitted, 4, TAGS, catalogue=catalogue)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("# Model card: late-payment, version 4", id="name and version"),
        pytest.param("`late_prob_5d`: calibrated probability of late(5)", id="what it gives"),
        pytest.param("Trained as of | 2024-03-31, with what was known on 2024-04-30", id="dates"),
        pytest.param("Data version | `a1b2c3d4e5f6`", id="data"),
        pytest.param("hash `0123456789abcdef`", id="feature set"),
        pytest.param("- grace days: 5", id="label definition"),
        pytest.param("| Area under the ROC curve | 0.8200 | 0.7900 | 0.8500 |", id="figure with interval"),
        pytest.param("| 1.00 % | 15.00 % | 10.00 % | 500 | 50 | 10.00 % | 7.60 % to 12.86 % |", id="reliability"),
        pytest.param("| month | 2024-07 | 10 | 0 | 2.00 % | 0.00 % |  |  | missing |", id="segment without AUC"),
        pytest.param("| `overdue_count` | Invoices overdue \\| now. | invoices | rises | open items |", id="escaped"),
        pytest.param("| `open_amount` | not in the catalogue of this version |  | free | exposure |", id="no meaning"),
        pytest.param("1,000 matured cases of 2024-05-01..2024-06-30", id="evaluation"),
        pytest.param("Not promoted.", id="approvals"),
    ],
)
def test_card_says(card, text):
    assert text in markdown(card)


def test_headings_follow_the_pillars(card):
    assert re.findall(r"^## \d\. (.+)$", markdown(card), re.MULTILINE) == [
        "Inventory", "Purpose and limits of use", "Target", "Development", "Validation and outcome analysis",
        "Monitoring", "Gates and approvals",
    ]  # fmt: skip


def test_missing_figure_is_said_to_be_missing(fitted, with_figures):
    assert "| Area under the ROC curve | missing |  |  |" in markdown(card_of(with_figures(fitted, auc=None), 1, TAGS))


def test_tables_are_whole(card):
    """Every row of a table has as many cells as its head."""
    for block in re.findall(r"(?:^\|.*\n)+", markdown(card), re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1, block


def test_it_says_whether_directions_were_held_and_how_they_were_kept(fitted, wrong_way, catalogue):
    free = replace(wrong_way, spec=wrong_way.spec.model_copy(update={"held": False}))
    old = replace(fitted, spec=fitted.spec.model_copy(update={"monotone": (0, 0, 0)}))
    for made in (markdown, html):
        held, unheld, silent = (made(card_of(model, 1, TAGS, catalogue=catalogue)) for model in (fitted, free, old))
        assert "The model was held to the declared directions while it was made." in held
        assert "raised step by step, all others held: 0 of 3,840 probes broke a declared direction." in held
        assert "The model was not held to the declared directions while it was made: it keeps them" in unheld
        assert re.search(r"[\d,]+ of 3,840 probes \(\d+\.\d\d %\) broke .*; worst: tenure_days \d+", unheld)
        assert "None is declared." in silent
        assert "no direction is declared of any of its features, so that none could be probed" in silent
    assert "| `overdue_count` | Invoices overdue \\| now. | invoices | rises | open items |" in markdown(
        card_of(free, 1, TAGS, catalogue=catalogue)
    ), "what is declared is told of a free model too"


def test_html_needs_no_network_and_escapes(card):
    page = html(card)
    assert "Days since &lt;first&gt; invoice." in page
    assert not re.search(r"(?:src|href)=|@import|url\(|<script", page)


def test_html_draws_every_bin(card):
    assert html(card).count("<circle") == 2


def test_approval_and_gates_are_shown(fitted, catalogue):
    results = [result.model_dump() for result in check(fitted, 4, load_gates())]
    approval = Approval(by="A. Person", reason="quarterly", at="2024-07-31T10:00:00+00:00", release="abc")
    text = markdown(card_of(fitted, 4, TAGS, catalogue=catalogue, gates=results, approvals=[approval]))
    assert "- Promoted by A. Person on 2024-07-31T10:00:00+00:00 in release `abc`: quarterly" in text
    assert "| ranks late invoices | auc_low | 0.7900 | at least 0.75 | passed |" in text
    assert "Not promoted." not in text


def test_a_model_without_reliability_or_segments_still_has_a_card(fitted):
    bare = replace(fitted, evaluation=replace(fitted.evaluation, reliability=(), segments=()), training={})
    card = card_of(bare, 1, TAGS)
    assert "Calibration slope (1 is right), of the bins below | missing" in markdown(card)
    assert "By part of the cases" not in html(card)


def test_written_twice_is_equal(card, tmp_path):
    first = write_card(card, tmp_path / "a")
    again = write_card(card, tmp_path / "b")
    assert first.name == "late-payment-v4.md"
    assert first.read_bytes() == again.read_bytes()
    assert first.with_suffix(".html").read_bytes() == again.with_suffix(".html").read_bytes()


def test_a_card_says_how_delays_were_stated(fitted, catalogue):
    figure = {"value": 0.8127, "low": 0.66, "high": 1.0}
    told = {"cases": 7883, "not_on_due": 1357, "crps": figure, "pit_distance": 0.0578}
    with_delays = replace(fitted, training={**fitted.training, "time_to_pay": told})
    text = markdown(card_of(with_delays, 1, {}, catalogue=catalogue))
    assert "7,883 invoices that were seen to 60 days past due" in text
    assert "| CRPS, days | 0.8127 | 0.6600 | 1.0000 |" in text
    assert "### Time to pay" not in markdown(card_of(fitted, 1, {}, catalogue=catalogue))
    assert "Reject inference: none is done" in text


def cases_of(customers, bad):
    """One case of each customer, all with a full file."""
    n = len(customers)
    names, days = np.array(customers, dtype=object), np.zeros(n, "datetime64[us]")
    file = {"settled_count_365d": np.full(n, 30.0), "tenure_days": np.full(n, 900.0)}
    return Dataset(names, names, days, file, np.array(bad), days.astype("datetime64[D]"))


@pytest.fixture(scope="module")
def graded(default_model):
    """300 customers at 3.02 % within twelve months, 12 of them bad in the past, 40 later."""
    customers, stated = [f"C{n}" for n in range(300)], np.full(300, 0.015)
    past, later = (cases_of(customers, [n < bad for n in range(300)]) for bad in (12, 40))
    spec = with_evidence(default_model.spec, past, stated)
    return replace(
        default_model,
        spec=spec,
        training={**default_model.training, **judged_by_grade(spec, later, stated)},
    )


class TestGrades:
    def test_a_grade_stated_against_what_came(self, graded):
        text = markdown(card_of(graded, 1, TAGS))
        line = re.search(r"^\| 8 \| 1\.92 % \|.*$", text, re.MULTILINE)[0]
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        assert cells[3:7] == ["300", "40", "1.50 %", "13.33 %"]
        assert cells[9] == "states too little"
        assert "Judged together, a grade states too little." in text
        assert text.count("| no case |") == 11

    def test_what_the_past_supports(self, graded):
        assert re.search(
            r"^\| 8 \| 300 \| 12 \|  \| 300 \| 4\.15 % \|", markdown(card_of(graded, 1, TAGS)), re.MULTILINE
        )

    def test_how_sure_a_probability_is(self, graded):
        text = markdown(card_of(graded, 1, TAGS))
        assert "| Stated | Points | Thin file | Customers | Short file | Customers | Full file | Customers |" in text
        low, high = graded.spec.interval.ends([0.02], [12], [365])
        line = next(row for row in text.splitlines() if row.startswith("| 2.00 % | 599 |"))
        assert line.endswith(f"| {100 * low[0]:.2f} to {100 * high[0]:.2f} % | 300 |")
        assert "full from 12 invoices settled in 365 days and 365 days since the first on" in text

    def test_tables_are_whole(self, graded):
        test_tables_are_whole(card_of(graded, 1, TAGS))

    def test_the_page_shows_the_same(self, graded):
        page = html(card_of(graded, 1, TAGS))
        assert '<td class="failed">states too little</td>' in page
        assert page.count("no case") == 11
        assert "How sure a probability is" in page

    def test_a_model_that_is_not_graded_has_no_such_tables(self, card):
        assert "### Grades" not in markdown(card)
        assert "How sure a probability is" not in html(card)

    def test_records_alone_without_a_verdict(self, graded):
        text = markdown(card_of(replace(graded, training={}), 1, TAGS))
        assert "The grades were not judged." in text
        test_tables_are_whole(card_of(replace(graded, training={}), 1, TAGS))


def test_slope_and_intercept_come_from_the_cases_where_the_version_has_them(fitted, with_figures):
    before = markdown(card_of(fitted, 1, TAGS))
    assert "Calibration slope (1 is right), of the bins below | 1.0000" in before
    assert "in the large" not in before
    stated = {"calibration_slope": Interval(0.9, 0.8, 1.02), "calibration_intercept": Interval(-0.1, -0.3, 0.1)}
    now = markdown(card_of(with_figures(fitted, **stated), 1, TAGS))
    assert "| Calibration slope (1 is right) | 0.9000 | 0.8000 | 1.0200 |" in now
    assert "| Calibration in the large (intercept; 0 is right) | -0.1000 | -0.3000 | 0.1000 |" in now
    assert "of the bins below" not in now
