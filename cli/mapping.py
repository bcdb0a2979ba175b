"""Mappings at the command line: propose one for an unknown file, look one through, and what ships."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from cli.errors import Exit
from cli.output import say, show_json

mapping_app: Final = typer.Typer(
    no_args_is_help=True, help="How the columns of a source become those of the ledger: propose, look through."
)


class MappingExistsError(ValueError):
    """A file that a proposal would overwrite."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already, perhaps corrected by hand: name another file, or add --force.")


@mapping_app.command("suggest", epilog="Example: o2c-risk mapping suggest receivables.csv --output receivables.yaml")
def suggest_command(
    file: Annotated[Path, typer.Argument(help="CSV, Excel or Parquet file.")],
    output: Annotated[Path | None, typer.Option(help="Where to write it; printed unless given.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Propose a mapping for an unknown file, for a person to correct: each line says how sure it is, and why."""
    from data.suggestion import suggest
    from data.suggestion_yaml import as_yaml, gaps

    text = as_yaml(suggest(file))
    if output is None:
        typer.echo(text, nl=False)
        return
    if output.exists() and not force:
        raise MappingExistsError(output)
    output.write_text(text, encoding="utf-8")
    left = gaps(text)
    say(f"{output}: a proposal for {file.name}.")
    for gap in left:
        say(f"To fill in: {escape(gap)}")
    say(f"Next: read it through, {'fill in the gaps, ' if left else ''}then o2c-risk mapping check {output}")


@mapping_app.command("check", epilog="Example: o2c-risk mapping check receivables.yaml")
def check_command(
    mapping: Annotated[str, typer.Argument(help="Name of a mapping that ships, or path of a YAML file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")] = False,
) -> None:
    """Look a mapping through and print all that is wrong with it."""
    problems = problems_of_file(mapping)
    if as_json:
        show_json({"mapping": mapping, "usable": not problems, "problems": problems})
    elif problems:
        say(f"{mapping} cannot be used yet:")
        for problem in problems:
            say(f"- {escape(problem)}")
    else:
        say(f"{mapping} can be used: o2c-risk ingest FOLDER --mapping {mapping}")
    if problems:
        raise typer.Exit(Exit.REFUSED)


def problems_of_file(mapping: str) -> list[str]:
    """All that keeps a mapping from being used, the gaps that a proposal left included.

    Args:
        mapping: Name of a mapping that ships, or path of a YAML file.
    """
    from data.mapping import MappingError, load_mapping
    from data.suggestion_yaml import gaps

    try:
        load_mapping(mapping)
    except MappingError as error:
        problems = [line.removeprefix("- ") for problem in error.problems for line in problem.split("\n")]
    else:
        problems = []
    path = Path(mapping)
    left = gaps(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else []
    return [*problems, *(f"still to be filled in: {gap}" for gap in left)]
