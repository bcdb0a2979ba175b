"""Natural persons apart from companies: other law applies to a score of a person."""

import numpy as np

from training.cases.about import PERSON
from training.cases.dataset import Dataset
from training.cases.split import Split


class PersonsNotToldError(ValueError):
    """The cases do not say who is a natural person, so that nobody can be left out."""

    def __init__(self) -> None:
        super().__init__(
            "The cases do not say who is a natural person: make them by training.late_model.late_cases or "
            "training.default_model.default_cases, from a book whose table customers has is_natural_person."
        )


def companies(cases: Dataset) -> Dataset:
    """The cases of companies; one without a master record may be a person's and is left out too.

    Raises:
        PersonsNotToldError: The cases carry no such mark, or it is known of none of them.
    """
    return cases.take(_marks(cases) == 0)


def persons(cases: Dataset) -> Dataset:
    """The cases of natural persons, sole traders included.

    Raises:
        PersonsNotToldError: See `companies`.
    """
    return cases.take(_marks(cases) == 1)


def companies_only(parts: Split) -> Split:
    """Both parts of a split without natural persons.

    Raises:
        PersonsNotToldError: See `companies`.
    """
    return Split(companies(parts.train), companies(parts.later))


def _marks(cases: Dataset) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    marks = cases.about.get(PERSON)
    if marks is None or (len(marks) and not np.isfinite(marks).any()):
        raise PersonsNotToldError
    return np.asarray(marks, np.float64)
