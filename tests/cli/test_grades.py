"""The verdict on grades as a person reads it."""

import numpy as np

from cli.grades import tell_grades, verdict
from scoring.grades import MasterScale
from training.judging.grades import judge_grades

SCALE = MasterScale.model_validate(
    {
        "description": "Three grades",
        "owner": "Tests",
        "probability": "pd_12m",
        "grades": [{"name": "A", "from": 0}, {"name": "B", "from": 0.02}, {"name": "C", "from": 0.1}],
    }
)
AT_ONCE = "Grades judged together (Jeffreys with Holm's correction, family-wise 5 %): "


def judged(*grades):
    """Grades as cases, bad ones among them and what was stated of each."""
    stated = np.concatenate([np.full(n, p) for n, _, p in grades] or [np.zeros(0)])
    bad = np.concatenate([np.arange(n) < defaults for n, defaults, _ in grades] or [np.zeros(0, bool)])
    return judge_grades(SCALE, stated, bad)


def test_the_sentence_names_the_grades_that_state_too_little():
    assert verdict(judged((200, 1, 0.01), (200, 4, 0.03))) == f"{AT_ONCE}no grade states too little."
    assert verdict(judged((200, 1, 0.01), (200, 40, 0.03))) == f"{AT_ONCE}grade B states too little."
    assert verdict(judged((200, 30, 0.01), (200, 40, 0.03))) == f"{AT_ONCE}grades A, B state too little."
    assert verdict(judged()) == f"{AT_ONCE}there is no case to judge them by."


def test_the_table_leaves_out_grades_without_a_case(capsys):
    tell_grades(judged((2000, 1, 0.01), (200, 40, 0.03)))
    shown = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if line.startswith("│")]
    assert [row[:5] for row in rows] == [
        ["A", "2,000", "1", "1.00 %", "0.05 %"],
        ["B", "200", "40", "3.00 %", "20.00 %"],
    ]
    assert [row[7] for row in rows] == ["holds", "states too little"]
