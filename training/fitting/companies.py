"""Learning from companies alone: how a task and its cases say so."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Final, Literal

from pydantic import JsonValue

from training.cases.dataset import Dataset
from training.cases.persons import companies
from training.fitting.learn import Task

PERSONS: Final = "natural_persons"
"""Name under which a label says that natural persons are left out; a label that is silent leaves them in."""
LEFT_OUT: Final = "left out"
AMONG: Final = "among the cases"
Persons = Literal["among the cases", "left out"]


def of_companies(task: Task) -> Task:
    """The task under a label that says that natural persons are left out."""
    return replace(task, label={**task.label, PERSONS: LEFT_OUT})


def persons_of(label: Mapping[str, JsonValue]) -> Persons:
    """Where natural persons are by a label: ``AMONG`` the cases or ``LEFT_OUT``.

    Example:
        >>> persons_of({"kind": "late"}), persons_of({"kind": "late", "natural_persons": "left out"})
        ('among the cases', 'left out')
    """
    return LEFT_OUT if label.get(PERSONS) == LEFT_OUT else AMONG


def companies_alone(task: Task, labelled: Callable[[date], Dataset]) -> tuple[Task, Callable[[date], Dataset]]:
    """A task and its cases without natural persons.

    Args:
        task: What to learn.
        labelled: From a date to the cases with outcomes as known on it; it raises ``PersonsNotToldError`` from here on
            where they do not say who is a natural person.
    """
    return of_companies(task), lambda on: companies(labelled(on))
