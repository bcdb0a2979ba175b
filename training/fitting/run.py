"""One run of a training: which knowledge it learns from, what judges it, and how it is done, whatever the model."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from training.cases.split import Split
from training.fitting.challenger import with_scorecard
from training.fitting.fit import HERE, Engine
from training.fitting.fitted import Fitted
from training.fitting.learn import Say, Task, learn, silent
from training.fitting.tuned import Tuned


@dataclass(frozen=True)
class Run:
    """What trainings of every model are asked.

    Attributes:
        as_of: Knowledge for training is frozen at the end of this day.
        evaluate_from: First day of the cases to judge by, not before ``as_of``.
        evaluate_to: Their last day.
        known_on: The date whose knowledge gives their outcomes.
        threads: LightGBM's threads.
        computed_at: The instant of this computation, with a zone; needed with a feature store.
        data_version: Which data the book holds.
        say: Told of each step as it begins.
        natural_persons: Whether natural persons are among the cases.
        proxies: Research only: whether the model may read what stands in for protected traits.
        engine: Where trees are grown; in this process unless given.
        tuned: A recipe in place of the product's own.
        challenger: Whether a scorecard is learnt from the same cases, to stand beside the model.
    """

    as_of: date
    evaluate_from: date
    evaluate_to: date
    known_on: date
    threads: int = 1
    computed_at: datetime | None = None
    data_version: str = "unknown"
    say: Say = silent
    natural_persons: bool = True
    proxies: bool = False
    engine: Engine = HERE
    tuned: Tuned | None = None
    challenger: bool = False

    @property
    def period(self) -> tuple[date, date]:
        """First and last day of the cases to judge by."""
        return self.evaluate_from, self.evaluate_to

    def learnt(self, task: Task, parts: Split) -> Fitted:
        """The model of a task, with its scorecard where one is wanted; a model for research has none.

        Args:
            task: What to learn.
            parts: Cases to learn from and later ones.
        """
        how: dict[str, Any] = {name: getattr(self, name) for name in ("as_of", "known_on", "data_version", "say")}
        fitted = learn(task, parts, **how, threads=self.threads, engine=self.engine)
        if self.proxies or not self.challenger:
            return fitted
        return with_scorecard(fitted, task, parts, **how)
