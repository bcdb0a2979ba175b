"""`o2c-risk features catalogue`: what every feature means."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.features import Json, features_app
from cli.output import say, show_json, show_table


@features_app.command(
    epilog="Example: o2c-risk features catalogue --like overdue   |   o2c-risk features catalogue --out FEATURES.md"
)
def catalogue(
    like: Annotated[str, typer.Option(help="Only features whose name or meaning holds this text.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write the whole catalogue here, as Markdown.")] = None,
    as_json: Json = False,
) -> None:
    """Show every feature: meaning, unit, range, source, owner and what an absent value says."""
    from features.catalogue_page import entry, page
    from features.feature_sets import FEATURES

    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(page(), encoding="utf-8")
        say(f"{out}: {len(FEATURES)} features.")
        return
    found = [f for f in FEATURES.values() if like.lower() in f"{f.name} {f.meaning}".lower()]
    if as_json:
        show_json(
            [
                {
                    key: repr(value) if value in (float("inf"), float("-inf")) else value
                    for key, value in asdict(f).items()
                }
                for f in found
            ]
        )
        return
    columns = ("name", "meaning", "unit", "range", "null when", "owner")
    rows = [tuple(entry(feature)[column] for column in columns) for feature in found]
    show_table(f"{len(found)} of {len(FEATURES)} features", columns, rows)
