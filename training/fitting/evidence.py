"""What stands beside a probability of default: how sure it is, and what became of each grade."""

from typing import Any, Final

from scoring.grades import load_scale
from scoring.model import ModelSpec
from scoring.rating import scale_of
from training.arrays import Floats
from training.cases.dataset import Dataset
from training.judging.grade_records import grade_records
from training.judging.grades import GradesVerdict, judge_grades
from training.judging.pd_interval import pd_interval

GRADES: Final = "grades"
"""Name under which a training keeps the verdict on its grades."""


def with_evidence(spec: ModelSpec, past: Dataset, stated: Floats) -> ModelSpec:
    """A model of default with its interval and the records of its grades; any other model as it is.

    Args:
        spec: The model.
        past: Cases of the past that the model had not seen; never those that judge it.
        stated: Its calibrated probability of each, shape (n,).
    """
    if spec.label.get("kind") != "default":
        return spec
    records = grade_records(past, stated, spec.probability_name)
    return spec.model_copy(update={"interval": pd_interval(past, stated), "grades": records})


def judged_by_grade(spec: ModelSpec, later: Dataset, stated: Floats) -> dict[str, Any]:
    """The verdict on a default model's grades by its later cases, for the record; empty for any other model.

    Args:
        spec: The model.
        later: Matured cases after its training.
        stated: Its probability of each, shape (n,).
    """
    found = grades_verdict(spec, later, stated)
    return {} if found is None else {GRADES: found.as_dict()}


def grades_verdict(spec: ModelSpec, cases: Dataset, stated: Floats) -> GradesVerdict | None:
    """The verdict on a default model's grades by matured cases, customers counted as on the card; None for any other.

    Args:
        spec: The model.
        cases: Matured cases.
        stated: Its probability of each, shape (n,).
    """
    scale = scale_of(spec.probability_name, load_scale())
    if spec.label.get("kind") != "default" or scale is None:
        return None
    return judge_grades(scale, stated, cases.bad, customers=cases.customer_ids)
