"""Models after their training: listed, compared, judged on other cases, rolled back; keys for signing releases."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.clock import business_day, instant
from cli.errors import Exit
from cli.grades import tell_grades
from cli.output import count, say, show_json, show_table, working
from data.settings import Settings

if TYPE_CHECKING:
    from training.judging.evaluation import Interval
    from training.lifecycle.compare import Comparison
    from training.lifecycle.evaluated import Evaluated
    from training.lifecycle.history import Entry
    from training.lifecycle.rollback import RolledBack
    from training.lifecycle.versions import Version

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of tables.")]
FIGURES: Final = {
    "auc": "AUC",
    "average_precision": "AP",
    "ks": "KS",
    "brier": "Brier",
    "ece": "ECE",
    "calibration_slope": "calibration slope (1 is right)",
    "calibration_intercept": "calibration in the large (0 is right)",
}

keys_app: Final = typer.Typer(no_args_is_help=True, help="Keys with which releases are signed.")


@keys_app.command("new", epilog="Example: o2c-risk keys new /etc/o2c-risk")
def keys_new(
    folder: Annotated[Path, typer.Argument(help="Where the two PEM files go.")],
    as_json: Json = False,
) -> None:
    """Make a pair of Ed25519 keys: the private one signs releases, the public one verifies them."""
    from scoring.signature import new_keys

    private, public = new_keys(folder)
    if as_json:
        show_json({"signing_key": private, "verify_key": public})
        return
    say(f"O2C_RISK_SIGNING_KEY={private}   where models are promoted; keep it from everybody else")
    say(f"O2C_RISK_VERIFY_KEY={public}   wherever releases are used; unsigned ones are refused then")


def models(
    name: Annotated[str | None, typer.Argument(help="Model; all unless given.", show_default=False)] = None,
    past: Annotated[bool, typer.Option("--history", help="Show who put what in force, and why, instead.")] = False,
    as_json: Json = False,
) -> None:
    """List models and versions: aliases, figures with their intervals, who promoted them and when."""
    if past:
        from training.lifecycle.history import history

        entries = [entry for entry in history(Settings()) if name is None or name in entry.models]
        show_json([entry.as_dict() for entry in entries]) if as_json else _tell_history(entries)
        return
    from training.lifecycle.registry import open_registry
    from training.lifecycle.versions import versions

    found = versions(open_registry(Settings()), name)
    show_json([version.as_dict() for version in found]) if as_json else _tell_versions(found)


def compare(
    name: Annotated[str, typer.Argument(help="Model.")],
    champion: Annotated[int | None, typer.Option(min=1, help="Version to beat; the champion unless given.")] = None,
    challenger: Annotated[
        int | None, typer.Option(min=1, help="Version that would replace it; the one a person named, else the newest.")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="First day; the day from which neither has seen a case.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day; all that had matured unless given.")] = None,
    known_on: Annotated[
        str | None, typer.Option(help="Day whose knowledge gives the outcomes; that of their evaluations.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="PNG to write; in the folder of reports unless given.")] = None,
    as_json: Json = False,
) -> None:
    """Score the same cases with two versions; the difference, with its interval by resampling customers."""
    from cli.ledger import the_book
    from training.lifecycle.compare import compare as compared
    from training.lifecycle.compare import opponents, usual_cases
    from training.lifecycle.compare_plot import draw
    from training.lifecycle.rebuilt import Period
    from training.lifecycle.registry import open_registry

    settings = Settings()
    with working("Comparing") as step:
        pair = opponents(open_registry(settings), name, champion=champion, challenger=challenger)
        usual, known = usual_cases(*pair)
        known = _day(known_on) or known
        period = Period(_day(first) or usual.first, _day(last) or max(known, usual.first))
        step(f"cases of {period}, as known on {known}")
        found = compared(the_book(settings), *pair, period, known, threads=settings.threads)
        drawn = settings.reports / "comparisons" / f"{name}-v{found.champion}-v{found.challenger}.png"
        picture = draw(found, plot or drawn)
    show_json({**found.as_dict(), "plot": picture}) if as_json else _tell_comparison(found, picture)


def evaluate(
    name: Annotated[str, typer.Argument(help="Model.")],
    version: Annotated[int, typer.Option(min=1, help="Version.")],
    first: Annotated[str, typer.Option("--from", help="First day of the cases, year-month-day.")],
    last: Annotated[str, typer.Option("--to", help="Last day of the cases.")],
    known_on: Annotated[
        str | None, typer.Option(help="Day whose knowledge gives the outcomes; today unless given.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder; one of the reports unless given.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write the scored rows as CSV instead of Parquet.")] = False,
    as_json: Json = False,
) -> None:
    """Judge any version on the matured cases of any period; write figures, and one scored row per case."""
    from cli.ledger import the_book
    from training.lifecycle.evaluated import Form, evaluate_version, write_evaluated
    from training.lifecycle.rebuilt import Period
    from training.lifecycle.registry import open_registry
    from training.lifecycle.stored import stored

    settings = Settings()
    period, known = Period(business_day(first), business_day(last)), business_day(known_on)
    with working("Evaluating") as step:
        model = stored(open_registry(settings), name, version)
        step(f"cases of {period}, as known on {known}")
        found = evaluate_version(the_book(settings), model, period, known, threads=settings.threads)
        folder = out or settings.reports / "evaluations"
        figures, rows = write_evaluated(found, folder, Form.CSV if as_csv else Form.PARQUET)
    if as_json:
        show_json({**found.as_dict(), "figures": figures, "rows": rows})
    else:
        _tell_evaluated(found, figures, rows)


def rollback(
    by: Annotated[str, typer.Option(help="Who decides.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    to: Annotated[str | None, typer.Option(help="A release of the history; the one before unless given.")] = None,
    as_json: Json = False,
) -> None:
    """Put the release before in force again, and move the champion aliases back."""
    from training.lifecycle.rollback import rollback as undo

    with working("Rolling back"):
        done = undo(Settings(), by=by, reason=reason, at=instant(), to=to)
    if as_json:
        show_json(
            {
                "release": done.release_id,
                "before": done.before,
                "models": done.versions,
                "aliases_moved": done.aliases_moved,
                "trouble": done.trouble,
                "record": done.record,
            }
        )
    else:
        _tell_rollback(done)
    if not done.aliases_moved:
        raise typer.Exit(Exit.ALERT)


def _day(text: str | None) -> date | None:
    return None if text is None else business_day(text)


def _interval(figure: "Interval | None", sign: str = "") -> str | None:
    if figure is None:
        return None
    return f"{figure.value:{sign}.4f} [{figure.low:{sign}.4f}, {figure.high:{sign}.4f}]"


def _tell_versions(found: "Sequence[Version]") -> None:
    rows = [
        (
            f"{version.name} v{version.version}",
            _aliases(version),
            version.origin.get("evaluation_period"),
            None if version.cases is None else count(version.cases),
            *(_interval(version.figures.get(name)) for name in ("auc", "average_precision", "brier")),
            _promoted(version.promotion),
        )
        for version in found
    ]
    columns = ("model", "alias", "judged on", "cases", "AUC", "AP", "Brier", "promoted")
    show_table("Models (95 % intervals by resampling customers)", columns, rows, numbers=("cases",))


def _aliases(version: "Version") -> str | None:
    """The aliases, and that a version is the scorecard beside a training."""
    form = version.origin.get("standing_challenger")
    return ", ".join([*version.aliases, *([form] if form else [])]) or None


def _promoted(promotion: Mapping[str, str]) -> str | None:
    if "promoted_by" not in promotion:
        return None
    said = f"{promotion['promoted_at'][:10]} by {promotion['promoted_by']}: {promotion['promotion_reason']}"
    if promotion.get("rolled_back_at", "") <= promotion["promoted_at"]:
        return said
    back = f"{promotion['rolled_back_at'][:10]} by {promotion['rolled_back_by']}: {promotion['rollback_reason']}"
    return f"{said}; taken back {back}"


def _tell_history(entries: "Sequence[Entry]") -> None:
    rows = [
        (
            entry.at[:19],
            entry.kind.value,
            entry.release or None,
            ", ".join(f"{name} v{version}" for name, version in entry.models.items()),
            entry.by,
            entry.reason,
        )
        for entry in entries
    ]
    show_table("What was put in force", ("at (UTC)", "what", "release", "models", "by", "why"), rows)


def _tell_comparison(found: "Comparison", picture: Path) -> None:
    evaluations = (found.of_champion, found.of_challenger)
    rows: list[tuple[Any, ...]] = [
        (
            words,
            *(_interval(each.metrics.get(name)) for each in evaluations),
            _interval(found.difference.get(name), "+"),
        )
        for name, words in FIGURES.items()
    ]
    columns = ("figure", f"champion v{found.champion}", f"challenger v{found.challenger}", "difference")
    one = found.of_champion
    title = (
        f"{found.name}: {count(one.n)} cases, {count(one.bad)} bad, {count(one.customers)} customers, {one.period}, "
        f"as known on {one.known_on}"
    )
    say(title)
    show_table("95 % intervals by resampling customers", columns, rows)
    say(found.verdict)
    _warn(found.warnings)
    say(f"Picture: {picture}")


def _tell_evaluated(found: "Evaluated", figures: Path, rows: Path) -> None:
    one = found.evaluation
    title = (
        f"{found.name} v{found.version}, {found.target}: {count(one.n)} cases, {count(one.bad)} bad, "
        f"{count(one.customers)} customers, {one.period}, as known on {one.known_on}"
    )
    show_table(
        title, ("figure", "value"), [(words, _interval(one.metrics.get(name))) for name, words in FIGURES.items()]
    )
    if found.grades is not None:
        tell_grades(found.grades)
    _warn(found.warnings)
    say(f"Figures: {figures}   Scored rows: {rows}")


def _tell_rollback(done: "RolledBack") -> None:
    versions = ", ".join(f"{name} version {version}" for name, version in done.versions.items())
    say(f"Release {done.release_id} is in force again, in place of {done.before or 'none'}: {versions}.")
    if done.trouble:
        say(f"The champion aliases were not moved. {done.trouble}")
        say(f"Then: o2c-risk rollback --to {done.release_id} --by … --reason …")
    say(f"Record: {done.record}")


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        say(f"WARNING {warning}")
