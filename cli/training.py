"""`o2c-risk train`: each model learnt as planned, judged by later cases, and registered as a new version."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.clock import business_day, instant
from cli.output import show_json, working
from cli.plans import DAYS_PAST_DUE, HORIZON, HORIZONS, LATE, MODELS, Plan, plans
from cli.trained import Trained, tell
from data.book import Book
from data.settings import Settings

if TYPE_CHECKING:
    from features.store.store import Store
    from training.fitting.fit import Engine
    from training.fitting.fitted import Fitted
    from training.fitting.tuned import Tuned


class ModelName(StrEnum):
    """The models that can be trained."""

    LATE = "late-payment"
    DEFAULT = "default"
    DEFAULT_60 = "default-60"
    DEFAULT_12M = "default-12m"


class Grower(StrEnum):
    """Where trees are grown."""

    LOCAL = "local"
    DASK = "dask"


def register_on(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Example: o2c-risk train late-payment --as-of 2020-09-01 --evaluate-to 2020-12-31 --known-on 2021-03-01"
    )(train)


def train(
    models: Annotated[list[ModelName] | None, typer.Argument(help="Models; all but default-12m unless given.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Day at which the model's knowledge ends.")] = None,
    evaluate_to: Annotated[str | None, typer.Option(help="Last day of the cases that judge it.")] = None,
    known_on: Annotated[
        str | None, typer.Option(help="Day whose knowledge gives the outcomes; today unless given.")
    ] = None,
    without_natural_persons: Annotated[
        bool, typer.Option("--without-natural-persons", help="Learn from companies and be judged by them alone.")
    ] = False,
    with_proxies: Annotated[
        bool,
        typer.Option(
            "--with-proxies",
            help="Research only: let the model read postcode, e-mail domain and area code. It can never be released.",
        ),
    ] = False,
    engine: Annotated[
        Grower, typer.Option(help="Where trees are grown: in this process, or on O2C_RISK_DASK_SCHEDULER.")
    ] = Grower.LOCAL,
    recipe: Annotated[
        list[Path] | None,
        typer.Option(help="File of o2c-risk tune, in place of the product's recipe; may be repeated, one per model."),
    ] = None,
    without_challenger: Annotated[
        bool, typer.Option("--without-challenger", help="Register no scorecard of the same cases beside the model.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of tables.")] = False,
) -> None:
    """Fit, calibrate, evaluate on later matured cases, and register a new version of each model."""
    schedule = plans(
        [model.value for model in models or ()] or list(MODELS),
        known_on=business_day(known_on),
        as_of=_day(as_of),
        evaluate_to=_day(evaluate_to),
        natural_persons=not without_natural_persons,
        proxies=with_proxies,
        recipes=_recipes(recipe or ()),
    )
    trained = _as_planned(Settings(), schedule, engine=engine, challenger=not without_challenger)
    show_json([model.as_dict() for model in trained]) if as_json else tell(trained)


def _day(text: str | None) -> date | None:
    return business_day(text) if text else None


def _recipes(files: Sequence[Path]) -> "list[Tuned]":
    from training.fitting.tuned import read_tuned

    return [read_tuned(file) for file in files]


def _as_planned(settings: Settings, schedule: Sequence[Plan], *, engine: Grower, challenger: bool) -> list[Trained]:
    """Train on the lake and the store of an installation, and say what it is at."""
    from cli.facts import the_store
    from cli.ledger import the_book
    from data.lake import Lake

    with working("Training") as step:
        step("opening the lake and the store")
        told: dict[str, Any] = {"data_version": Lake(settings.lake).data_version(), "computed_at": instant()}
        book, store = the_book(settings), the_store(settings)
        return train_all(book, store, settings, schedule, **told, say=step, engine=engine.value, challenger=challenger)


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
