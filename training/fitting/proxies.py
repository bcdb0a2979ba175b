"""Research only: features that may stand in for protected traits, and models that read them.

They are off by default. A model that reads them learns under a feature set and a name of its own and carries the
mark ``proxies`` in its label; promotion refuses it. What they buy is a question for `training.fitting.fairness`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.catalogue import Feature
from features.feature_sets import FeatureSet
from training.arrays import Floats
from training.cases.about import PROXIES
from training.cases.dataset import Dataset
from training.cases.persons import companies_only
from training.cases.split import Split
from training.fitting.companies import of_companies
from training.fitting.learn import Task

BEFORE: Final = "proxy_"
"""What the names of these features begin with."""
MOST_VALUES: Final = 10


class NoProxiesError(ValueError):
    """The book knows no postcode, e-mail domain or area code, so that there is nothing to try."""

    def __init__(self) -> None:
        super().__init__(
            f"None of {', '.join(PROXIES)} is known of any case: there is nothing that --with-proxies could add. "
            "Train without it, or ingest customers with these columns."
        )


def chosen(task: Task, parts: Split, *, natural_persons: bool = True, proxies: bool = False) -> tuple[Task, Split]:
    """The task and its cases as the two switches of training ask for them.

    Args:
        task: What to learn.
        parts: Cases to learn from and later ones.
        natural_persons: Whether natural persons are among the cases.
        proxies: Whether the model may read what stands in for protected traits.

    Raises:
        PersonsNotToldError: Natural persons are to be left out, and the cases do not say who is one.
        NoProxiesError: There are no such features to add.
    """
    if not natural_persons:
        task, parts = of_companies(task), companies_only(parts)
    return with_proxies(task, parts) if proxies else (task, parts)


def with_proxies(task: Task, parts: Split) -> tuple[Task, Split]:
    """Adds the codes of postcode, e-mail domain and area code to the features.

    Args:
        task: What to learn.
        parts: Cases to learn from and later ones.

    Returns:
        The task under the name ``<name>-with-proxies`` with the features added, and the cases with their columns. A
        code is the place of a text among those of the first part, in order of the alphabet; beside it stand flags
        of its ten most frequent texts. No outcome is looked at. NaN where the text is not known or new.

    Raises:
        NoProxiesError: No such text is known of any case to learn from.
    """
    known = {name: _known(parts.train, name) for name in PROXIES}
    if not any(known.values()):
        raise NoProxiesError
    made = {name: values for name, values in known.items() if values}
    added = tuple(feature for name, values in made.items() for feature in _features(name, values))
    task_set = task.features
    widened = FeatureSet(f"{task_set.name}-with-proxies", task_set.version, (*task_set.features, *added))
    job = replace(
        task,
        name=f"{task.name}-with-proxies",
        label={**task.label, "proxies": "used, for research only"},
        features=widened,
    )
    return job, Split(_coded(parts.train, made), _coded(parts.later, made))


def is_proxy(name: str) -> bool:
    """Whether a feature of this name stands in for a protected trait.

    Example:
        >>> is_proxy("proxy_area_code"), is_proxy("open_amount")
        (True, False)
    """
    return name.startswith(BEFORE)


def _known(cases: Dataset, name: str) -> list[str]:
    """The texts known of the cases to learn from, the most frequent first."""
    counted = Counter(value for value in cases.about.get(name, ()) if value is not None)
    return sorted(counted, key=lambda value: (-counted[value], value))


def _features(name: str, values: Sequence[str]) -> list[Feature]:
    words, absent = name.replace("_", " "), "the text is not known, or was not seen in training"
    meaning = f"Place of the {words} in the alphabet of those seen in training."
    code = Feature(f"{BEFORE}{name}", meaning, "place", 0, len(values), absent, 0, "customer")
    flags = [
        Feature(
            f"{BEFORE}{name}_{place}",
            f"1 for the {words} of rank {place} in training.",
            "flag",
            0,
            1,
            absent,
            0,
            "customer",
        )
        for place in range(1, min(MOST_VALUES, len(values)) + 1)
    ]
    return [code, *flags]


def _coded(cases: Dataset, known: dict[str, list[str]]) -> Dataset:
    codes: dict[str, Floats] = {}
    for name, values in known.items():
        texts = cases.about[name]
        places = {value: place for place, value in enumerate(sorted(values))}
        codes[f"{BEFORE}{name}"] = np.array([places.get(text, np.nan) for text in texts], np.float64)
        for place, value in enumerate(values[:MOST_VALUES]):
            codes[f"{BEFORE}{name}_{place + 1}"] = _flag(texts, value, places)
    return replace(cases, columns={**cases.columns, **codes})


def _flag(texts: NDArray[Any], value: str, places: dict[str, int]) -> Floats:
    return np.array([float(text == value) if text in places else np.nan for text in texts], np.float64)
