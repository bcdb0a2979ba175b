"""Others beside ours: how they are told."""

from dataclasses import asdict

from benchmarks.models.peers import lines
from training.judging.baselines import Comparison, Contestant
from training.judging.evaluation import Interval


def figures(value):
    return {name: Interval(value, value - 0.1, value + 0.1) for name in ("auc", "average_precision", "brier")}


def test_each_has_a_line_and_who_is_not_installed_says_so():
    ours = Contestant("ours", figures(0.9), {})
    other, absent = Contestant("other", figures(0.7), figures(0.2)), Contestant("absent", {}, {}, "not installed")
    found = Comparison("late(5)", 100, 7, 50, (ours, other, absent)).as_dict()
    told = [asdict(line) for line in lines({"late(5)": found})]
    assert [line["aim"].strip() for line in told] == [
        "late(5), one split, 100 cases, 7 bad",
        "ours",
        "other",
        "absent",
    ]
    assert told[1]["measured"] == "AUC 0.9000; AP 0.9000; Brier 0.9000"
    assert told[2]["measured"].startswith("AUC 0.7000, +0.2000 [+0.1000, +0.3000]; AP")
    assert told[3]["measured"] == "not installed"
