"""`o2c-risk train-distress`: a model of bankruptcy from annual statements, for onboarding."""

from pathlib import Path
from typing import Annotated

import typer

from cli.output import say, show_json, show_table, working
from data.settings import Settings


def train_distress(
    folder: Annotated[Path, typer.Argument(help="Folder of the ARFF files.", exists=True, file_okay=False)],
    base_rate: Annotated[
        float, typer.Option(help="Share of companies of your population that go bankrupt in a year: 0.015 for 1.5 %.")
    ],
    base_rate_source: Annotated[str, typer.Option(help="Where that share is from: a statistic with its year.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of tables.")] = False,
) -> None:
    """Fit the model of distress on bankruptcies of companies, bring it to a base rate, and register a new version."""
    from cli.trained import FIGURES, Trained
    from training.distress.base_rate import BaseRate
    from training.distress.model import train_distress as train
    from training.lifecycle.register import register  # late: MLflow takes seconds to import

    settings = Settings()
    with working("Training") as step:
        fitted = train(folder, BaseRate(base_rate, base_rate_source), threads=settings.threads, say=step)
        step("registering")
        trained = Trained(register(fitted, settings), fitted)
    if as_json:
        show_json([trained.as_dict()])
        return
    found = fitted.evaluation
    figures = [(name, found.metrics[name]) for name in FIGURES]
    rows = [(name, f"{part.value:.4f}", f"{part.low:.4f} to {part.high:.4f}") for name, part in figures]
    show_table(
        f"distress v{trained.registered.version}: {found.n:,} companies, {found.bad:,} bankrupt",
        ("figure", "value", "95 % interval"),
        rows,
        numbers=("value",),
    )
    say(f"Judged by {found.period}.")
    say(f"Model card: {trained.card}")
    say(f"Stated at a base rate of {base_rate:.2%} ({base_rate_source}), not the sample's {fitted.spec.base_rate:.2%}.")


def register_on(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "train-distress",
        epilog="Example: o2c-risk train-distress ../extracts/polish --base-rate 0.012 "
        "--base-rate-source 'Insolvency statistics 2023'   |   exit codes: 0 done, 3 refused",
    )(train_distress)
