"""`o2c-risk`: parse, call, print, exit code."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

import cli.catalogue
import cli.engines  # noqa: F401 - adds its command to `features`
from cli import cash as cash_command
from cli import cohorts as cohorts_command
from cli import distress as distress_command
from cli import fairness as fairness_command
from cli import losses as losses_command
from cli import score_book as score_book_command
from cli import training as training_command
from cli import tuning as tuning_command
from cli import walking as walking_command
from cli.clock import business_day, instant
from cli.errors import EXIT_CODES, Exit, is_ours, missing_system_library
from cli.features import features_app
from cli.mapping import mapping_app
from cli.models import compare, evaluate, keys_app, rollback
from cli.models import models as list_models
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

app.add_typer(mapping_app, name="mapping")
app.add_typer(features_app, name="features")
app.add_typer(keys_app, name="keys")

cohorts_command.register_on(app)
distress_command.register_on(app)
fairness_command.register_on(app)
losses_command.register_on(app)
cash_command.register_on(app)
walking_command.register_on(app)
score_book_command.register_on(app)
tuning_command.register_on(app)

bureau: Final = typer.Typer(no_args_is_help=True, help="Ask credit bureaus.")
app.add_typer(bureau, name="bureau")

AsOf = Annotated[str | None, typer.Option(help="Business day, year-month-day; today unless given.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of tables.")]


class ReleasedName(StrEnum):
    """The models that can be released; `distress` comes from `train-distress`."""

    LATE = "late-payment"
    DEFAULT = "default"
    DEFAULT_60 = "default-60"
    DEFAULT_12M = "default-12m"
    DISTRESS = "distress"


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


@app.command(epilog="Example: o2c-risk books --datarisk ../extracts/datarisk --sap ../extracts/sap")
def books(
    datarisk: Annotated[
        Path | None, typer.Option(help="Folder of the Datarisk files.", exists=True, file_okay=False)
    ] = None,
    sap: Annotated[
        Path | None, typer.Option(help="Folder of a SAP receivables extract.", exists=True, file_okay=False)
    ] = None,
    customers: Annotated[int, typer.Option(min=10, help="Customers of the simulated ledger.")] = 300,
    as_json: Json = False,
) -> None:
    """Take in several ledgers side by side; show how their rows add up and which features each can tell."""
    from cli.books import ledgers, taken, tell

    settings = Settings()
    told = {source.name: taken(settings, source) for source in ledgers(settings, datarisk, sap, customers)}
    show_json({name: found.as_dict() for name, found in told.items()}) if as_json else tell(told)


@app.command(epilog="Example: o2c-risk ingest ../extract --mapping datarisk --received-on 2021-03-01")
def ingest(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of the extract; none for a database.", exists=True, file_okay=False)
    ] = None,
    mapping: Annotated[str, typer.Option(help="Name of a mapping that ships, or path of a YAML file.")] = "contract",
    received_on: Annotated[str | None, typer.Option(help="Day of receipt; now unless given.")] = None,
    url: Annotated[
        str | None,
        typer.Option(help="SQLAlchemy address of the database.", envvar="O2C_RISK_SOURCE_URL", show_default=False),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be accepted, refused and changed; write nothing.")
    ] = False,
    allow_deletions: Annotated[
        bool, typer.Option("--allow-deletions", help="Withdraw what a full extract lacks, however much that is.")
    ] = False,
    max_deletions: Annotated[
        float, typer.Option(min=0, max=100, help="Percent of a table that one full extract may withdraw.")
    ] = 20.0,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for another ingest into the same lake.")] = 60.0,
    as_json: Json = False,
) -> None:
    """Read an extract into the lake; rows that cannot be are put in quarantine with their reason."""
    from cli.ledger import end_of, take_in, tell
    from data.delivery import Options

    received_at = end_of(business_day(received_on)) if received_on else instant()
    options = Options(
        dry_run,
        allow_deletions,
        largest_deletion=max_deletions / 100,
        wait_seconds=wait,
        currency=Settings().currency,
    )
    with working("Looking" if dry_run else "Ingesting") as step:
        report = take_in(Settings(), folder, mapping, received_at=received_at, say=step, url=url, options=options)
    show_json(report.as_dict()) if as_json else tell(report)


@app.command("watch-folder", epilog="Example: o2c-risk watch-folder /srv/drop --mapping sap   |   ... --once (cron)")
def watch_folder(
    folder: Annotated[Path, typer.Argument(help="Folder in which extracts arrive.", exists=True, file_okay=False)],
    mapping: Annotated[str, typer.Option(help="Name of a mapping that ships, or path of a YAML file.")],
    once: Annotated[bool, typer.Option("--once", help="Take what is complete now, then end: for a scheduler.")] = False,
    ready: Annotated[str | None, typer.Option(help="File that the sender writes last, such as _READY.")] = None,
    settle: Annotated[float, typer.Option(min=0, help="Seconds for which a file must not have changed.")] = 5.0,
    poll: Annotated[bool, typer.Option("--poll", help="Look at the folder instead of being told (network).")] = False,
    as_json: Json = False,
) -> None:
    """Take in each complete set of files that arrives in a folder, once; then move it to done/ or failed/."""
    from cli.inbox import inbox_of, take_for_ever, take_once

    inbox = inbox_of(Settings(), folder, mapping, ready=ready, settle_seconds=settle)
    if once:
        raise typer.Exit(take_once(inbox, as_json=as_json))
    say(f"Watching {folder}; end with Ctrl+C.")
    try:
        take_for_ever(inbox, settle_seconds=settle, polling=poll, stop=lambda: False)
    except KeyboardInterrupt:
        say("Ended; what was begun is finished at the next start.")


@bureau.command("pull", epilog="Example: o2c-risk bureau pull --customers C1,C2 --config bureau.yaml")
def bureau_pull(
    customers: Annotated[list[str], typer.Option(help="Customers, with commas between them; may be repeated.")],
    config: Annotated[Path, typer.Option(help="YAML file that names the agencies.")] = Path("bureau.yaml"),
    as_json: Json = False,
) -> None:
    """Ask the agencies about customers, and write what is new to the lake; fresh reports are not asked for again."""
    from cli.bureaus import pull, tell

    with working("Asking") as step:
        pulled = pull(Settings(), config, customers, clock=instant, say=step)
    show_json(pulled.as_dict()) if as_json else tell(pulled)
    if any(asked.failed for asked in pulled.asked):
        raise typer.Exit(Exit.ALERT)


@app.command(epilog="Example: o2c-risk calendar --country BR --from 2024-01-01 --to 2024-12-31 --out br.csv")
def calendar(
    country: Annotated[str, typer.Option(help="ISO 3166-1 alpha-2 code, such as BR.")],
    start: Annotated[str, typer.Option("--from", help="First day, year-month-day.")],
    end: Annotated[str, typer.Option("--to", help="Last day, year-month-day.")],
    subdivision: Annotated[str | None, typer.Option(help="Part of the country, such as SP.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write every day to this CSV file.")] = None,
    as_json: Json = False,
) -> None:
    """Business days and holidays of a country, with what the table holidays adds and takes away."""
    from cli.calendars import export, look_up, tell

    first, last = business_day(start), business_day(end)
    found = look_up(Settings(), country, first, last, subdivision=subdivision)
    if out is not None:
        export(found, out)
    show_json(found.as_dict()) if as_json else tell(found, out)


training_command.register_on(app)


@app.command(
    epilog="Example: o2c-risk promote late-payment --version late-payment=3 --by 'A. Risk' --reason 'ranks better'"
)
def promote(
    by: Annotated[str, typer.Option(help="Who promotes.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    models: Annotated[
        list[ReleasedName] | None, typer.Argument(help="Models; all but distress and default-12m unless given.")
    ] = None,
    version: Annotated[
        list[str] | None, typer.Option(help="Version of a model as NAME=V, may be repeated; the newest unless given.")
    ] = None,
    challenger: Annotated[
        bool, typer.Option("--challenger", help="Only name them challengers; what is in force does not change.")
    ] = False,
    stand_in: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=V: version V, the champion's recipe trained again, stands in for a champion of other feature "
            "definitions, which cannot be scored any more."
        ),
    ] = None,
    only: Annotated[
        bool, typer.Option("--only", help="Leave out models of the release in force that are not named.")
    ] = False,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Put a version of each model in force if it passes its gates, also those against the champion."""
    from cli.ledger import the_book
    from cli.plans import MODELS
    from cli.releasing import named_versions, release, tell, tell_challengers

    settings, versions = Settings(), named_versions(version or [])
    wanted = list(dict.fromkeys([*(model.value for model in models or []), *versions])) or list(MODELS)
    if challenger:
        from training.lifecycle.challenger import challenge

        chosen = {name: versions.get(name) for name in wanted}
        tell_challengers(*challenge(settings, chosen, by=by, reason=reason, at=instant()), as_json=as_json)
        return
    with working("Promoting"):
        promoted = release(
            settings,
            the_book(settings),
            wanted,
            as_of=business_day(as_of),
            by=by,
            reason=reason,
            at=instant(),
            versions=versions,
            stand_ins=named_versions(stand_in or []),
            keep=not only,
        )
    tell(promoted, as_json=as_json)


app.command("models", epilog="Example: o2c-risk models   |   o2c-risk models late-payment --json   |   ... --history")(
    list_models
)
app.command(epilog="Example: o2c-risk compare late-payment --champion 1 --challenger 2")(compare)
app.command(
    epilog="Example: o2c-risk evaluate default --version 2 --from 2020-04-01 --to 2020-09-30 --known-on 2021-03-01"
)(evaluate)
app.command(epilog="Example: o2c-risk rollback --by 'A. Risk' --reason 'too many reviews'")(rollback)


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
        ERR.print(f"[bold red]Refused:[/] {escape(text)}", highlight=False, soft_wrap=True)
        sys.exit(Exit.REFUSED)
