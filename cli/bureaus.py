"""Asking credit bureaus about customers."""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.ledger import tell as tell_rows
from cli.output import say, show_table
from data.bureau.config import load_config
from data.bureau.pull import pull_reports
from data.bureau.waterfall import Asked
from data.ingest import IngestReport
from data.lake import Lake
from data.settings import Settings


class NoCustomersError(ValueError):
    """Nobody to ask about."""

    def __init__(self) -> None:
        super().__init__("No customer was named: state them as --customers C1,C2.")


@dataclass(frozen=True)
class Told:
    """What was asked, and what became of the rows.

    Attributes:
        asked: One outcome per customer.
        ingested: What became of the rows.
    """

    asked: tuple[Asked, ...]
    ingested: IngestReport

    def as_dict(self) -> dict[str, Any]:
        """In plain types, for JSON."""
        return {"customers": [_plain(asked) for asked in self.asked], "ingest": self.ingested.as_dict()}


def pull(
    settings: Settings,
    config: Path,
    customers: Sequence[str],
    *,
    clock: Callable[[], datetime],
    say: Callable[[str], None],
) -> Told:
    """Ask about customers, write what is new to the lake, and keep a record of what each agency answered.

    Args:
        settings: The installation; reports are kept in the folder ``bureau`` of its home.
        config: The file that names the agencies.
        customers: Identifiers; several in one text have commas between them.
        clock: The present instant.
        say: Called with what is being done.

    Raises:
        BureauConfigError: The configuration cannot be used, or an API key is not in the environment.
        NoCustomersError: No customer was named.
    """
    wanted = [name.strip() for text in customers for name in text.split(",") if name.strip()]
    if not wanted:
        raise NoCustomersError
    folder, asked_at = settings.home / "bureau", clock()
    with ExitStack() as opened:
        waterfall = load_config(config).open(folder, environ=os.environ, clock=clock, opened=opened)
        day = asked_at.astimezone(UTC).date()
        pulled = pull_reports(wanted, waterfall, Lake(settings.lake), as_of=day, clock=clock, progress=say)
    _record(folder / "answers.jsonl", pulled.asked, asked_at)
    return Told(pulled.asked, pulled.ingested)


def _plain(asked: Asked) -> dict[str, Any]:
    report = asked.report
    known: dict[str, Any] | None = None
    if report is not None:
        known = {name: getattr(report, name) for name in ("agency", "retrieved_at", "age_days", "is_aged", "address")}
    return {"customer_id": asked.customer_id, "report": known, "answers": [asdict(answer) for answer in asked.answers]}


def _record(path: Path, asked: Sequence[Asked], asked_at: datetime) -> None:
    """One line per customer: who was asked when, and what each agency answered."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        for one in asked:
            line = {"asked_at": asked_at.isoformat(), **_plain(one)}
            file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")


def tell(told: Told) -> None:
    """What each agency answered, and what became of the rows."""
    rows = [
        (asked.customer_id, answer.agency, answer.said.value, answer.detail)
        for asked in told.asked
        for answer in asked.answers
    ]
    show_table("What the agencies answered", ("customer", "agency", "answer", "detail"), rows)
    failed = [asked.customer_id for asked in told.asked if asked.failed]
    if failed:
        say(f"No report, and not every agency could be asked: {', '.join(failed)}. Run this again later.")
    if told.ingested.counts:
        tell_rows(told.ingested)
