"""`o2c-risk`: parse, call, print, exit code."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.clock import business_day, instant
from cli.errors import EXIT_CODES, Exit, is_ours, missing_system_library
from cli.output import ERR, for_machines_only, say, show_json, show_table, working
from data.settings import Settings
from data.telemetry import switch_off

app: Final = typer.Typer(
    name="o2c-risk",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Credit risk scoring for trade credit: from a receivables ledger to an explained credit limit.",
    epilog=f"{EXIT_CODES} Everything is written below O2C_RISK_HOME (default: .o2c-risk).",
)

AsOf = Annotated[str | None, typer.Option(help="Business day, year-month-day; today unless given.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of tables.")]


class ModelName(StrEnum):
    """The models that can be trained."""

    LATE = "late-payment"
    DEFAULT = "default"
    DEFAULT_60 = "default-60"


class Ledger(StrEnum):
    """Where the main job takes its ledger from."""

    SIMULATOR = "simulator"
    DATARISK = "datarisk"


@app.command(epilog="Example: o2c-risk demo --customers 800   |   o2c-risk demo --source datarisk --folder DIR")
def demo(
    source: Annotated[Ledger, typer.Option(help="Which ledger to run on.")] = Ledger.SIMULATOR,
    folder: Annotated[Path | None, typer.Option(help="Folder of the Datarisk files.", show_default=False)] = None,
    as_of: AsOf = None,
    customers: Annotated[int, typer.Option(min=100, help="Simulated customers.")] = 1_900,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 7,
    show: Annotated[int, typer.Option(min=1, help="How many customers to show.")] = 10,
    as_json: Json = False,
) -> None:
    """The whole way once: ledger, features, models, release, scores and limits, drift report."""
    from cli.demo import run

    if as_json:
        for_machines_only()
    day = business_day(as_of) if as_of else None
    told = run(Settings(), source.value, folder=folder, as_of=day, customers=customers, seed=seed, show=show)
    if as_json:
        show_json(told.as_dict())


@app.command(epilog="Example: o2c-risk simulate extracts/demo --customers 500 --seed 3")
def simulate(
    folder: Annotated[Path, typer.Argument(help="Where to write one Parquet file per table.")],
    customers: Annotated[int, typer.Option(min=1, help="Number of customers.")] = 1_900,
    seed: Annotated[int, typer.Option(help="Seed; the same seed gives the same files.")] = 7,
) -> None:
    """Write a simulated portfolio, with its known truth, as an ERP would drop it."""
    from cli.ledger import write_portfolio

    with working("Simulating") as step:
        shape = write_portfolio(folder, customers=customers, seed=seed, say=step)
    say(f"{folder}: {customers} customers, {shape.start_on} to {shape.end_on}, seed {seed}.")
    say(f"Next: o2c-risk ingest {folder} --mapping contract --received-on {shape.end_on}")


@app.command(epilog="Example: o2c-risk ingest ../extract --mapping datarisk --received-on 2021-03-01")
def ingest(
    folder: Annotated[Path, typer.Argument(help="Folder of the extract.", exists=True, file_okay=False)],
    mapping: Annotated[str, typer.Option(help="Name of a mapping that ships, or path of a YAML file.")] = "contract",
    received_on: Annotated[str | None, typer.Option(help="Day of receipt; now unless given.")] = None,
    as_json: Json = False,
) -> None:
    """Read an extract into the lake; rows that cannot be are put in quarantine with their reason."""
    from cli.ledger import end_of, take_in, tell

    received_at = end_of(business_day(received_on)) if received_on else instant()
    with working("Ingesting") as step:
        report = take_in(Settings(), folder, mapping, received_at=received_at, say=step)
    show_json(report.as_dict()) if as_json else tell(report)


@app.command(epilog="Example: o2c-risk features --as-of 2021-03-01")
def features(as_of: AsOf = None, as_json: Json = False) -> None:
    """Compute every customer's facts at the end of a day, put them online and check them against the book."""
    from cli.facts import check, refresh, the_store
    from cli.ledger import the_book

    settings, day = Settings(), business_day(as_of)
    with working("Features") as step:
        step("opening the store")
        book, store = the_book(settings), the_store(settings)
        step("computing and writing")
        written = refresh(book, store, as_of=day, computed_at=instant())
        step("comparing online with the book")
        found = check(book, store, day)
    if as_json:
        show_json({"as_of": day, "customers": len(written.customer_ids), "features": written.features, "parity": found})
    else:
        say(f"{len(written.customer_ids):,} customers x {written.features} facts at the end of {day} are online.")
        say(f"Compared with the book: {found.compared:,} values, {found.different:,} differ.")
    if not found.holds:
        raise typer.Exit(Exit.ALERT)


@app.command(
    epilog="Example: o2c-risk train late-payment --as-of 2020-09-01 --evaluate-to 2020-12-31 --known-on 2021-03-01"
)
def train(
    models: Annotated[list[ModelName] | None, typer.Argument(help="Models; all unless given.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Day at which the model's knowledge ends.")] = None,
    evaluate_to: Annotated[str | None, typer.Option(help="Last day of the cases that judge it.")] = None,
    known_on: Annotated[
        str | None, typer.Option(help="Day whose knowledge gives the outcomes; today unless given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Fit, calibrate, evaluate on later matured cases, and register a new version of each model."""
    from cli.facts import the_store
    from cli.ledger import the_book
    from cli.training import plans, tell, train_all
    from data.lake import Lake

    wanted = [model.value for model in models or list(ModelName)]
    given = [business_day(text) if text else None for text in (as_of, evaluate_to)]
    schedule = plans(wanted, known_on=business_day(known_on), as_of=given[0], evaluate_to=given[1])
    settings = Settings()
    with working("Training") as step:
        step("opening the lake and the store")
        version = Lake(settings.lake).data_version()
        book, store = the_book(settings), the_store(settings)
        trained = train_all(book, store, settings, schedule, data_version=version, computed_at=instant(), say=step)
    show_json([model.as_dict() for model in trained]) if as_json else tell(trained)


@app.command(epilog="Example: o2c-risk promote --by 'A. Risk' --reason 'first release'")
def promote(
    by: Annotated[str, typer.Option(help="Who promotes.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    models: Annotated[list[ModelName] | None, typer.Argument(help="Models; all unless given.")] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Put the newest version of each model in force if it passes its gates."""
    from cli.ledger import the_book
    from cli.releasing import release, tell

    settings, names = Settings(), [model.value for model in models or list(ModelName)]
    with working("Promoting"):
        promoted = release(
            settings, the_book(settings), names, as_of=business_day(as_of), by=by, reason=reason, at=instant()
        )
    tell(promoted, as_json=as_json)


@app.command(epilog="Example: o2c-risk serve --port 3000")
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 3000,
) -> None:
    """Answer score and limit requests over HTTP, on the release in force and the online facts."""
    from serving.run import serve as become

    become(Settings(), host, port)


@app.command(epilog="Example: o2c-risk score C000012 --as-of 2024-12-31")
def score(
    customers: Annotated[list[str], typer.Argument(help="Customer identifiers.")],
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """What the service would answer for customers: default, late payment, limit, reasons."""
    from cli.scores import answers, tell, the_desk

    day = business_day(as_of)
    found = answers(the_desk(Settings(), day), customers, day)
    show_json([answer.as_dict() for answer in found]) if as_json else tell(found, day)


@app.command(epilog="Example: o2c-risk monitor --as-of 2021-03-01")
def monitor(as_of: AsOf = None, as_json: Json = False) -> None:
    """Compare the recent months with those the models learnt from, and write the drift report."""
    from cli.ledger import the_book
    from cli.watching import observe, tell

    settings = Settings()
    with working("Monitoring") as step:
        watched = observe(settings, the_book(settings), as_of=business_day(as_of), say=step)
    tell(watched, as_json=as_json)
    if watched.verdict.status.value == "ALERT":
        raise typer.Exit(Exit.ALERT)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look whether this installation is fit to run, and say what to do where it is not."""
    from cli.doctor import examine

    checks = examine(Settings())
    if as_json:
        show_json(checks)
    else:
        rows = [("ok" if c.passed else "NO", c.name, c.found, "" if c.passed else c.advice) for c in checks]
        show_table("Installation", ("", "what", "found", "what to do"), rows)
    if not all(check.passed for check in checks):
        raise typer.Exit(Exit.REFUSED)


def main() -> None:
    """Run the command line; an error of our own ends it with its text, any other with a traceback."""
    switch_off()
    # LightGBM's threads else spin while they wait, which on a busy machine makes two slower than one.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    try:
        app()
    except Exception as error:  # ours is told and ends the run; any other is raised again below
        text = missing_system_library(error) or (str(error) if is_ours(error) else None)
        if text is None:
            raise
        ERR.print(f"[bold red]Refused:[/] {text}", highlight=False, soft_wrap=True)
        sys.exit(Exit.REFUSED)
