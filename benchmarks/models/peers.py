"""Our models as released beside baselines and other libraries out of the box, on one split of time.

All learn from the same cases with the same facts, and are judged by the same later ones. Those that are not installed
stand in the table with the reason. No aim is of one split; docs/MODELS.md shows it.
"""

from typing import Any, Final

from benchmarks.models.aims import Line, figure
from benchmarks.models.extract import KNOWN_ON
from benchmarks.models.one_split import DEFAULT_AS_OF, DEFAULT_PERIOD, LATE_AS_OF, LATE_PERIOD, stated_by
from benchmarks.models.work import Work, say
from training.default_model import Default, default_cases
from training.default_model import task as default_task
from training.fitting.baselines import compare_with_baselines
from training.late_model import late_cases
from training.late_model import task as late_task

CODE: Final = ("peers", "one_split", "extract")
GRACE: Final = 5
WHAT: Final = Default(dpd=60, horizon=180)
SHOWN: Final = {"auc": "AUC", "average_precision": "AP", "brier": "Brier"}


def measure(work: Work) -> dict[str, Any]:
    """All figures, as plain values."""
    late = late_cases(work.book, work.facts, LATE_AS_OF, LATE_PERIOD, KNOWN_ON, grace=GRACE, say=say)
    default = default_cases(work.book, work.facts, WHAT, DEFAULT_AS_OF, DEFAULT_PERIOD, KNOWN_ON, say=say)
    asked = ((late_task(GRACE), late, LATE_AS_OF), (default_task(WHAT), default, DEFAULT_AS_OF))
    found = {}
    for task, parts, as_of in asked:
        ours = stated_by(work, task, parts, as_of)
        found[task.target] = compare_with_baselines(parts, task, ours, work.threads, as_of=as_of).as_dict()
    return found


def lines(found: dict[str, Any]) -> list[Line]:
    """Each contestant's figures, and ours less them."""
    return [line for target, figures in found.items() for line in _lines(target, figures)]


def _lines(target: str, found: dict[str, Any]) -> list[Line]:
    head = Line(f"{target}, one split, {found['n']} cases, {found['bad']} bad", "theirs; ours less theirs")
    return [head, *(Line(f"  {each['name']}", _told(each)) for each in found["contestants"])]


def _told(each: dict[str, Any]) -> str:
    if not each["figures"]:
        return str(each["note"])
    return "; ".join(_figure(words, name, each) for name, words in SHOWN.items())


def _figure(words: str, name: str, each: dict[str, Any]) -> str:
    off = each["difference"].get(name)
    value = f"{words} {each['figures'][name]['value']:.4f}"
    return value if off is None else f"{value}, {figure(off, signed=True)}"
