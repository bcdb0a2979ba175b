"""The model card: everything in it comes from the model, nothing breaks it, nothing is fetched."""

import re
from dataclasses import replace

import pytest

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


def test_slope_and_intercept_come_from_the_cases_where_the_version_has_them(fitted, with_figures):
    before = markdown(card_of(fitted, 1, TAGS))
    assert "Calibration slope (1 is right), of the bins below | 1.0000" in before
    assert "in the large" not in before
    stated = {"calibration_slope": Interval(0.9, 0.8, 1.02), "calibration_intercept": Interval(-0.1, -0.3, 0.1)}
    now = markdown(card_of(with_figures(fitted, **stated), 1, TAGS))
    assert "| Calibration slope (1 is right) | 0.9000 | 0.8000 | 1.0200 |" in now
    assert "| Calibration in the large (intercept; 0 is right) | -0.1000 | -0.3000 | 0.1000 |" in now
    assert "of the bins below" not in now
