"""Training: which knowledge each model learns from, which later cases judge it, and what came of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cli.output import count, say, show_table
from data.book import Book
from data.settings import Settings

if TYPE_CHECKING:
    from features.store.store import Store
    from training.fitting.fit import Engine
    from training.fitting.fitted import Fitted
    from training.fitting.tuned import Tuned
    from training.judging.evaluation import Interval
    from training.lifecycle.register import Registered
    from training.lifecycle.standing import Standing

LATE: Final = "late-payment"
HORIZON: Final = 180
DAYS_PAST_DUE: Final = {"default": 90, "default-60": 60, "default-12m": 90}
HORIZONS: Final = {"default-12m": 365}
"""Days of the horizons that are not ``HORIZON``."""
MODELS: Final = (LATE, "default", "default-60")
"""Models that are trained unless others are named."""
# How far back a model's knowledge ends, so that outcomes of later cases have matured: months before the first of
# the month of the known date, and how many months of cases judge it.
LATE_MONTHS: Final = (6, 4)
DEFAULT_MONTHS: Final = (11, 6)
YEAR_MONTHS: Final = (14, 3)
FIGURES: Final = ("auc", "average_precision", "ks", "brier")


@dataclass(frozen=True)
class Plan:
    """When one model's knowledge ends and by what it is judged.

    Attributes:
        name: Name of the model.
        as_of: At the end of this day training's knowledge is frozen; cases from then on judge.
        evaluate_to: Last day of the cases that judge.
        known_on: The day whose knowledge gives their outcomes.
        natural_persons: Whether natural persons are among its cases.
        proxies: Whether it may read what stands in for protected traits; such a model is for research alone.
        tuned: A recipe in place of the product's own.
    """

    name: str
    as_of: date
    evaluate_to: date
    known_on: date
    natural_persons: bool = True
    proxies: bool = False
    tuned: "Tuned | None" = None


@dataclass(frozen=True)
class Trained:
    """A registered model and how it did.

    Attributes:
        registered: Its version.
        fitted: The model.
        standing: The scorecard that stands beside it as the challenger; None where none was made.
    """

    registered: "Registered"
    fitted: "Fitted"
    standing: "Standing | None" = None

    @property
    def card(self) -> Path:
        """The model card, Markdown; the HTML lies beside it."""
        return self.registered.card

    def as_dict(self) -> dict[str, Any]:
        """Name, version, dates and figures, for JSON."""
        spec, evaluation = self.fitted.spec, self.fitted.evaluation
        return {
            "model": spec.name,
            "version": self.registered.version,
            "target": spec.target,
            "known_at": spec.known_at,
            "train_rows": spec.train_rows,
            "train_bad": spec.train_bad,
            "card": self.card,
            "evaluation": evaluation.as_dict(),
            "content": self.registered.content,
            "challenger": None if self.standing is None else self.standing.as_dict(),
        }


def plans(
    names: Sequence[str],
    *,
    known_on: date,
    as_of: date | None = None,
    evaluate_to: date | None = None,
    natural_persons: bool = True,
    proxies: bool = False,
    recipes: "Sequence[Tuned]" = (),
) -> list[Plan]:
    """A plan per model; what is not given is counted back from the known date.

    Args:
        names: Models to train.
        known_on: The day whose knowledge gives the outcomes.
        as_of: Day at which training's knowledge ends.
        evaluate_to: Last day of the cases that judge.
        natural_persons: Whether natural persons are among the cases.
        proxies: Whether models may read what stands in for protected traits.
        recipes: Recipes in place of the product's own, at most one per model.

    Raises:
        StrayRecipeError: A recipe is of a model that is not trained, or of one that has another already.

    Example:
        >>> for plan in plans(["late-payment", "default", "default-12m"], known_on=date(2021, 3, 1)):
        ...     print(plan.name, plan.as_of, plan.evaluate_to)
        late-payment 2020-09-01 2020-12-31
        default 2020-04-01 2020-09-30
        default-12m 2020-01-01 2020-03-31
    """
    made, tuned = [], _by_model(recipes, names)
    for name in names:
        back, months = _months(name)
        start = as_of or month_start(known_on, -back)
        end = evaluate_to or day_before(month_start(start, months))
        made.append(Plan(name, start, end, known_on, natural_persons, proxies, tuned.get(name)))
    return made


class StrayRecipeError(ValueError):
    """A recipe that no model of the run would use."""

    def __init__(self, model: str, names: Sequence[str]) -> None:
        super().__init__(
            f"A recipe of {model} was given, and the models of this run that have none yet are {', '.join(names)}. "
            f"Train {model} with it: o2c-risk train {model} --recipe FILE, one file per model."
        )


def _by_model(recipes: "Sequence[Tuned]", names: Sequence[str]) -> "dict[str, Tuned]":
    found: dict[str, Tuned] = {}
    for tuned in recipes:
        if tuned.model not in names or tuned.model in found:
            raise StrayRecipeError(tuned.model, [name for name in names if name not in found])
        found[tuned.model] = tuned
    return found


def _months(name: str) -> tuple[int, int]:
    if name == LATE:
        return LATE_MONTHS
    return YEAR_MONTHS if name in HORIZONS else DEFAULT_MONTHS


def train_all(
    book: Book,
    store: "Store",
    settings: Settings,
    schedule: Sequence[Plan],
    *,
    data_version: str,
    computed_at: datetime,
    say: Callable[[str], None],
    engine: str = "local",
    challenger: bool = True,
) -> list[Trained]:
    """Train and register each model of the schedule; features come from the store's point-in-time join.

    With ``challenger``, the scorecard of the same cases is registered beside each, as its standing challenger.
    Trees are grown in this process or, with the engine ``dask``, on the cluster that the settings name.
    """
    trained = []
    with _grower(engine, settings) as grower:
        for plan in schedule:
            told: dict[str, Any] = {"data_version": data_version, "computed_at": computed_at, "say": say}
            fitted = _train(book, store, settings, plan, **told, engine=grower, challenger=challenger)
            say(f"{plan.name}: registering")
            trained.append(_registered(fitted, settings))
    return trained


def _registered(fitted: "Fitted", settings: Settings) -> Trained:
    from training.lifecycle.register import register  # late: MLflow takes seconds to import
    from training.lifecycle.standing import stand

    version = register(fitted, settings)
    return Trained(version, fitted, None if fitted.challenger is None else stand(settings, fitted.challenger))


@contextmanager
def _grower(engine: str, settings: Settings) -> Iterator["Engine"]:
    if engine == "dask":
        from training.fitting.dask_fit import on_dask

        with on_dask(settings.dask_scheduler, workers=settings.threads) as cluster:
            yield cluster
    else:
        from training.fitting.fit import HERE

        yield HERE


def _train(book: Book, store: "Store", settings: Settings, plan: Plan, **how: Any) -> "Fitted":
    from training.default_model import Default, train_default
    from training.fitting.run import Run
    from training.late_model import train_late

    run = Run(
        as_of=plan.as_of,
        evaluate_from=plan.as_of,
        evaluate_to=plan.evaluate_to,
        known_on=plan.known_on,
        threads=settings.threads,
        natural_persons=plan.natural_persons,
        proxies=plan.proxies,
        tuned=plan.tuned,
        **how,
    )
    if plan.name == LATE:
        return train_late(book, store, run)
    what = Default(DAYS_PAST_DUE[plan.name], HORIZONS.get(plan.name, HORIZON), settings.materiality)
    return train_default(book, store, what, run)


def tell(trained: Sequence[Trained]) -> None:
    """Figures on later matured cases with their intervals, for a person."""
    headings = ("cases", "bad", "AUC", "AP", "KS", "Brier")
    rows = [row for model in trained for row in _rows(model)]
    show_table(
        "Models, judged on later matured cases (95 % intervals by resampling customers)",
        ("model", "target", "judged on", *headings),
        rows,
        numbers=headings,
    )
    for model in trained:
        say(f"Model card of {model.registered.name} version {model.registered.version}: {model.card}")
        if model.standing is not None:
            say(_challenging(model.standing))


def _challenging(standing: "Standing") -> str:
    name, number = standing.registered.name, standing.registered.version
    if standing.challenger == number:
        return f"Its scorecard, version {number}, is the challenger: o2c-risk compare {name} --challenger {number}"
    kept = "it is the champion" if standing.challenger is None else f"version {standing.challenger} was named"
    return f"Its scorecard is version {number}; it is not the challenger, for {kept}."


def _rows(model: Trained) -> list[tuple[Any, ...]]:
    made = [_row(model.fitted, f"{model.fitted.spec.name} v{model.registered.version}")]
    if model.standing is not None:
        made.append(_row(model.standing.fitted, f"  scorecard v{model.standing.registered.version}"))
    return made


def _row(fitted: "Fitted", title: str) -> tuple[Any, ...]:
    spec, evaluation = fitted.spec, fitted.evaluation
    figures = [_figure(evaluation.metrics.get(name)) for name in FIGURES]
    return (
        title,
        spec.target,
        evaluation.period,
        count(evaluation.n),
        count(evaluation.bad),
        *figures,
    )


def _figure(interval: "Interval | None") -> str | None:
    return None if interval is None else f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def month_start(day: date, months: int) -> date:
    """The first of the month that lies so many months after a day's own.

    Example:
        >>> month_start(date(2021, 3, 15), -3).isoformat()
        '2020-12-01'
    """
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def day_before(day: date) -> date:
    """The day before."""
    return date.fromordinal(day.toordinal() - 1)
