"""What `o2c-risk score` prints of a customer: probability, grade, how sure, and what would have to change."""

import pytest

from cli.scores import answers, tell
from tests.serving.conftest import (
    LATE_FEATURES,
    TODAY,
    VALUES,
    YESTERDAY,
    FakeModel,
    FakeStore,
    desk_with,
    release,
    spec,
)
from tests.serving.test_rating import FULL, SURE, half

ID = "C1"


def told(capsys, model, **values):
    late = FakeModel(spec("late-payment", "late_prob_5d", "late(5)", LATE_FEATURES), 0.31)
    store = FakeStore({ID: ({**VALUES, **FULL, **values}, YESTERDAY)})
    desk = desk_with(release(models={"default": model, "late-payment": late}, facts=store))
    tell(answers(desk, [ID], TODAY), TODAY)
    return " ".join(capsys.readouterr().out.split())


def test_points_intervals_and_the_worth_of_the_grade(capsys):
    said = told(capsys, half(**SURE))
    assert "C1: 599 points; pd_180d 1.00 % to 3.00 %, pd_12m 2.02 % to 5.99 % (90 % interval, 300 comparable" in said
    assert "grade 9 is worth 5.99 % by its past" in said
    assert "No change of one or two of the facts" in said


def test_a_model_from_before_there_were_intervals(capsys):
    said = told(capsys, half())
    assert "C1: 599 points. No change" in said
    assert "interval" not in said


def test_the_change_is_told(capsys):
    from tests.serving.test_rating import by_overdue_items

    assert "Nothing is overdue." in told(capsys, by_overdue_items())


@pytest.mark.parametrize("thin", [True, False])
def test_a_thin_file_reads_wider(capsys, thin):
    said = told(capsys, half(**SURE), settled_count_365d=1.0 if thin else 20.0)
    assert ("pd_180d 0.50 % to 10.00 %" in said) == thin
