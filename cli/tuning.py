"""`o2c-risk tune`: a recipe for a model, chosen on what had matured by a day, in a study that goes on where it was."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.clock import business_day
from cli.output import count, counting, say, show_json, show_table, working
from cli.walking import KNOWN, cases_of
from data.settings import Settings

if TYPE_CHECKING:
    from training.fitting.aim import Aim
    from training.fitting.fit import Recipe
    from training.fitting.tuned import Tuned

TRIALS: Final = 40


def register_on(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "tune",
        epilog="Example: o2c-risk tune late-payment --as-of 2020-09-01   |   then: "
        "o2c-risk train late-payment --as-of 2020-09-01 --recipe FILE   |   exit codes: 0 done, 3 refused",
    )(tune)


def tune(
    model: Annotated[str, typer.Argument(help=f"One of {', '.join(KNOWN)}.")],
    as_of: Annotated[
        str, typer.Option(help="Day at whose end knowledge is frozen; train with this --as-of or a later one.")
    ],
    trials: Annotated[
        int, typer.Option(min=1, help="Trials of the study in all; the first is the product's recipe.")
    ] = TRIALS,
    seed: Annotated[int, typer.Option(min=0, help="Seed; the same seed and data give the same recipe.")] = 1,
    study: Annotated[
        str | None, typer.Option(help="Name of the study that must go on; refused if it is of other data.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Recipe file to write; in the home folder unless given.", dir_okay=False)
    ] = None,
    without_natural_persons: Annotated[
        bool,
        typer.Option(
            "--without-natural-persons", help="Choose by companies alone, for train --without-natural-persons."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of tables.")] = False,
) -> None:
    """Choose a recipe by walking forward through the matured past alone, and write it for `train --recipe`.

    Judged by the mean log loss of the folds. Interrupted, it goes on where it was when it is run again.
    A recipe chosen without natural persons is for trainings without them, and the other way round: train refuses any
    other.
    """
    from data.lake import Lake
    from training.fitting import study as studies  # late: Optuna takes a second to import

    if model not in KNOWN:
        raise typer.BadParameter(f"got {model}, known are {', '.join(KNOWN)}.")
    settings = Settings()
    aim = _aim(settings, model, as_of, seed, natural_persons=not without_natural_persons)
    with counting(f"Tuning {model}, trials", trials) as advance:
        found = studies.tune(
            aim,
            settings.tuning,
            trials=trials,
            threads=settings.threads,
            data_version=Lake(settings.lake).data_version(),
            study=study,
            advance=advance,
        )
    file = _written(found, out or settings.tuning / f"{found.study}.json")
    show_json({**found.model_dump(mode="json"), "file": file}) if as_json else _tell(found, aim.task.recipe, file)


def _aim(settings: Settings, model: str, as_of: str, seed: int, *, natural_persons: bool) -> "Aim":
    from cli.ledger import the_book
    from training.fitting.aim import aim_of
    from training.fitting.companies import companies_alone

    day = business_day(as_of)
    with working("Reading the past") as step:
        task, labelled = cases_of(the_book(settings), model, day, settings, say=step)
        if not natural_persons:
            task, labelled = companies_alone(task, labelled)
        return aim_of(task, labelled, day, seed)


def _written(found: "Tuned", file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.part")
    beside.write_text(found.to_json(), encoding="utf-8")
    return beside.replace(file)


def _tell(found: "Tuned", own: "Recipe", file: Path) -> None:
    theirs, ours = asdict(own), asdict(found.recipe)
    rows: list[tuple[Any, ...]] = [
        (name.replace("_", " "), f"{theirs[name]:g}", f"{ours[name]:g}")
        for name, value in ours.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    rows.append(("log loss, mean of the folds", f"{found.product_loss:.5f}", f"{found.loss:.5f}"))
    title = (
        f"{found.model}: {found.trials} trials on {count(found.cases)} past cases, {count(found.bad)} bad, "
        f"{found.folds} folds ({found.how}), as known on {found.known_on}; natural persons {found.natural_persons}"
    )
    show_table(title, ("", "the product's", "chosen"), rows, numbers=("the product's", "chosen"))
    say(_verdict(found))
    say(f"Study {found.study}. Recipe: {file}")
    switch = " --without-natural-persons" if found.without_persons else ""
    say(f"Next: o2c-risk train {found.model} --as-of {found.known_on}{switch} --recipe {file}")


def _verdict(found: "Tuned") -> str:
    if found.is_the_products:
        return "No trial stated the past better than the product's own recipe, which is what the file holds."
    gain = found.gain
    said = f"Gain in log loss on the same cases: {gain.value:.5f} [{gain.low:.5f}, {gain.high:.5f}] by customers. "
    if gain.low <= 0:
        return said + "Chance could make it: the product's own recipe is the safer one."
    return said + "It was chosen by these very cases, which flatters it: let compare judge it on later ones."
