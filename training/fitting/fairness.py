"""What features that stand in for protected traits would buy, and how the model does on natural persons.

Three models are learnt on the same split: as released, with the proxies, and from companies alone. Each is compared
with the first on the same later cases, customers resampled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

import numpy as np

from training.arrays import Floats
from training.cases.about import PERSON
from training.cases.dataset import Dataset
from training.cases.split import Split
from training.fitting.fitted import Fitted
from training.fitting.learn import Say, Task, learn, silent
from training.fitting.proxies import chosen, is_proxy
from training.judging.bootstrap import paired_difference
from training.judging.evaluation import Interval, Segment
from training.judging.segments import ENOUGH_CUSTOMERS, segments

LARGER_IS_BETTER: Final = {"auc": True, "average_precision": True, "ks": True, "brier": False}


@dataclass(frozen=True, slots=True)
class Change:
    """What a change of the training does to the figures, on the same cases.

    Attributes:
        what: The change, in words.
        cases: On which cases it is judged.
        n: How many they are.
        bad: How many of them turned out bad.
        difference: Figure with the change less figure without, with its 95 % interval; empty where ``note`` says why.
        note: Why there is no difference; empty otherwise.
    """

    what: str
    cases: str
    n: int
    bad: int
    difference: Mapping[str, Interval]
    note: str = ""

    def verdict(self, figure: str) -> str:
        """Whether the change is better, worse, or cannot be told from none by a figure.

        Args:
            figure: Name of the figure: ``auc``, ``average_precision``, ``ks`` or ``brier``.

        Example:
            >>> Change("x", "all", 9, 3, {"auc": Interval(0.01, -0.01, 0.03)}).verdict("auc")
            'no difference shown'
            >>> Change("x", "all", 9, 3, {"brier": Interval(-0.02, -0.03, -0.01)}).verdict("brier")
            'better'
        """
        found = self.difference.get(figure)
        if found is None:
            return self.note or "missing"
        if found.low <= 0 <= found.high:
            return "no difference shown"
        return "better" if (found.value > 0) == LARGER_IS_BETTER[figure] else "worse"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {"difference": {name: asdict(each) for name, each in self.difference.items()}}


@dataclass(frozen=True, slots=True)
class Fairness:
    """The report.

    Attributes:
        model: Name of the model.
        target: Its label.
        features: How many features it reads.
        reads: Those of them that read a column which may stand in for a protected trait; none should.
        added: The features that were added for the comparison.
        persons: How the model does on natural persons and on companies.
        changes: With the proxies, for all, for natural persons and for companies; without natural persons, for
            companies.
    """

    model: str
    target: str
    features: int
    reads: tuple[str, ...]
    added: tuple[str, ...]
    persons: tuple[Segment, ...]
    changes: tuple[Change, ...]

    @property
    def clean(self) -> bool:
        """Whether the model reads nothing that may stand in for a protected trait."""
        return not self.reads

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        plain = {name: getattr(self, name) for name in ("model", "target", "features", "reads", "added")}
        return plain | {
            "clean": self.clean,
            "persons": [asdict(part) | {"rate": part.rate} for part in self.persons],
            "changes": [change.as_dict() for change in self.changes],
        }


def fairness(
    task: Task,
    parts: Split,
    *,
    as_of: date,
    known_on: date,
    threads: int,
    reads: Sequence[str],
    say: Say = silent,
) -> Fairness:
    """Learn three models on one split and compare them.

    Args:
        task: What to learn.
        parts: Cases to learn from and later ones, with what is known beside their features.
        as_of: The date at whose end training's knowledge was frozen.
        known_on: The date whose knowledge gave the later outcomes.
        threads: LightGBM's threads.
        reads: Features found to read a protected column, as `training.cases.proxy_check` finds them.
        say: Told of each step as it begins.

    Raises:
        NoProxiesError: The book knows no postcode, e-mail domain or area code.
        PersonsNotToldError: The cases do not say who is a natural person.
    """
    how: dict[str, Any] = {"as_of": as_of, "known_on": known_on, "threads": threads, "data_version": "", "say": say}
    plain = _stated(learn(task, parts, **how), parts.later)
    wide_task, wide = chosen(task, parts, proxies=True)
    widened = _stated(learn(wide_task, wide, **how), wide.later)
    narrow_task, narrow = chosen(task, parts, natural_persons=False)
    narrowed = _stated(learn(narrow_task, narrow, **how), parts.later)
    marks = parts.later.about[PERSON]
    everyone = np.ones(len(parts.later), np.bool_)
    with_proxies, without_persons = "proxies added", "learnt without natural persons"
    return Fairness(
        model=task.name,
        target=task.target,
        features=len(task.names),
        reads=tuple(reads),
        added=tuple(name for name in wide_task.names if is_proxy(name)),
        persons=tuple(part for part in segments(parts.later, plain) if part.name == "person"),
        changes=(
            _change(with_proxies, "all", parts.later, everyone, widened, plain),
            _change(with_proxies, "natural persons", parts.later, marks == 1, widened, plain),
            _change(with_proxies, "companies", parts.later, marks == 0, widened, plain),
            _change(without_persons, "companies", parts.later, marks == 0, narrowed, plain),
        ),
    )


def _stated(fitted: Fitted, cases: Dataset) -> Floats:
    model = fitted.model()
    return model.probability(model.matrix(cases.columns))


def _change(what: str, words: str, cases: Dataset, part: Any, changed: Floats, plain: Floats) -> Change:
    bad, customers = cases.bad[part], cases.customer_ids[part]
    struck = len(np.unique(customers[bad]))
    spared = len(np.unique(customers)) - struck
    if min(struck, spared) < ENOUGH_CUSTOMERS:
        return Change(what, words, len(bad), int(bad.sum()), {}, "too few")
    return Change(what, words, len(bad), int(bad.sum()), paired_difference(bad, changed[part], plain[part], customers))
