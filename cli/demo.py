"""The main job: the whole way once, from a ledger to explained limits and a drift report."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from cli import facts, ledger, plans, releasing, scores, trained, training, watching
from cli.clock import instant
from cli.output import say, show_table, working
from data.book import Book
from data.lake import Lake
from data.settings import Settings
from features.store.store import Store

SIMULATED: Final = "simulator"
DATARISK_ENDS: Final = date(2021, 3, 1)
BY: Final = "o2c-risk demo"
REASON: Final = "First release of the demonstration; nobody relies on it."


class NoFolderError(ValueError):
    """The Datarisk ledger was asked for without saying where it is."""

    def __init__(self) -> None:
        super().__init__(
            "--source datarisk needs --folder: the folder that holds base_cadastral.csv, base_info.csv and "
            "base_pagamentos.csv."
        )


@dataclass
class Told:
    """What the job found and where the time went.

    Attributes:
        as_of: Last day of the ledger.
        seconds: Seconds per step.
        parts: What each step has to say, for JSON.
    """

    as_of: date
    seconds: dict[str, float] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {"as_of": self.as_of, "seconds": self.seconds, **self.parts}

    @contextmanager
    def step(self, title: str) -> Iterator[Any]:
        """Time a step and show that it runs."""
        started = time.perf_counter()
        with working(title) as steps:
            yield steps
        self.seconds[title] = round(time.perf_counter() - started, 1)


@dataclass(frozen=True)
class Job:
    """What the job is run on.

    Attributes:
        settings: The installation; its own folder below the home folder, so that nothing of the user's is touched.
        folder: The extract.
        mapping: What its files mean.
        as_of: Its last day.
    """

    settings: Settings
    folder: Path
    mapping: str
    as_of: date


def run(
    settings: Settings,
    source: str,
    *,
    folder: Path | None,
    as_of: date | None,
    customers: int,
    seed: int,
    show: int,
) -> Told:
    """Run the whole way and tell it.

    Args:
        settings: The installation.
        source: ``simulator`` or ``datarisk``.
        folder: Folder of the Datarisk files.
        as_of: Last day of the ledger; None for the one the source has.
        customers: Simulated customers.
        seed: Seed of the simulation.
        show: How many customers to show.
    """
    inner = settings.model_copy(update={"home": settings.home / f"demo-{source}"})
    shutil.rmtree(inner.home, ignore_errors=True)
    if source == SIMULATED:
        job, told = _simulated(inner, as_of, customers=customers, seed=seed)
    elif folder is None:
        raise NoFolderError
    else:
        job = Job(inner, folder, source, as_of or DATARISK_ENDS)
        told = Told(job.as_of)
    book = _ledger(job, told)
    store = _models(job, book, told)
    _limits(job, book, store, told, show=show)
    _watch(job, book, told)
    _close(job, told)
    return told


def _simulated(settings: Settings, as_of: date | None, *, customers: int, seed: int) -> tuple[Job, Told]:
    folder, told = settings.home / "extract", Told(as_of or date.min)
    with told.step("Simulating") as step:
        shape = ledger.write_portfolio(folder, customers=customers, seed=seed, say=step)
    told.as_of = as_of or shape.end_on
    return Job(settings, folder, ledger.SIMULATED, told.as_of), told


def _ledger(job: Job, told: Told) -> Book:
    with told.step("Ingesting") as step:
        report = ledger.take_in(job.settings, job.folder, job.mapping, received_at=ledger.end_of(job.as_of), say=step)
    ledger.tell(report)
    told.parts["ingest"] = report.as_dict()
    return ledger.the_book(job.settings)


def _models(job: Job, book: Book, told: Told) -> Store:
    with told.step("Opening the feature store"):
        store = facts.the_store(job.settings)
    schedule = plans.plans(plans.MODELS, known_on=job.as_of)
    data_version = Lake(job.settings.lake).data_version()
    with told.step("Training") as step:
        made = training.train_all(
            book, store, job.settings, schedule, data_version=data_version, computed_at=instant(), say=step
        )
    trained.tell(made)
    told.parts["models"] = [model.as_dict() for model in made]
    return store


def _limits(job: Job, book: Book, store: Store, told: Told, *, show: int) -> None:
    with told.step("Promoting"):
        names = list(plans.MODELS)
        promoted = releasing.release(job.settings, book, names, as_of=job.as_of, by=BY, reason=REASON, at=instant())
    with told.step("Computing today's facts") as step:
        step("computing and writing")
        lake = facts.state_of_the_lake(job.settings)  # nothing is ingested between the book's opening and here
        written = facts.refresh(book, store, as_of=job.as_of, computed_at=instant(), lake=lake)
        step("comparing online with the book")
        parity = facts.check(book, store, job.as_of)
    with told.step("Scoring") as step:
        desk = scores.the_desk(job.settings, job.as_of)
        chosen = scores.most_at_stake(desk.live.release(), written.customer_ids, show)
        found = scores.answers(desk, chosen, job.as_of)
    say(f"Release {promoted.release_id} passed {len(promoted.results)} gates and is in force.")
    say(f"Online facts against the book: {parity.compared:,} values compared, {parity.different:,} differ.")
    scores.tell(found, job.as_of)
    told.parts["release"] = promoted.release_id
    told.parts["parity"] = {"compared": parity.compared, "different": parity.different}
    told.parts["customers"] = [answer.as_dict() for answer in found]


def _watch(job: Job, book: Book, told: Told) -> None:
    with told.step("Monitoring") as step:
        watched = watching.observe(job.settings, book, as_of=job.as_of, say=step)
    watching.tell(watched)
    told.parts["drift"] = {"status": watched.verdict.status.value, "page": watched.page, "report": watched.report}


def _close(job: Job, told: Told) -> None:
    cards = sorted((job.settings.reports / "cards").glob("*.html"))
    for card in cards:
        say(f"Model card:             {card}")
    told.parts["cards"] = cards
    rows = [(title, f"{seconds:.1f}") for title, seconds in told.seconds.items()]
    show_table(f"Where {sum(told.seconds.values()):.0f} seconds went", ("step", "seconds"), rows, numbers=("seconds",))
    example = f'{{"customer_id": "{told.parts["customers"][0]["customer_id"]}", "as_of": "{job.as_of}"}}'
    say("Start the service:  " + f"O2C_RISK_HOME={job.settings.home} .venv/bin/o2c-risk serve")
    say(
        "Call it:            "
        + "curl -s localhost:3000/v1/limits -H 'content-type: application/json' "
        + f"-d '{example}'"
    )
