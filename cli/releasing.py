"""Promotion: the limit policy and the own book beside the models that passed their gates."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ibis
import yaml

from cli.output import say, show_json, show_table
from data.book import Book
from data.settings import Settings
from features.items import as_known, items
from policy.released import OwnBook, to_release

if TYPE_CHECKING:
    from training.lifecycle.promote import Promoted

LIMIT_POLICY: Final = Path(__file__).resolve().parents[1] / "policy" / "parameters" / "limits.yaml"
YEAR: Final = timedelta(days=365)


def own_book(book: Book, as_of: date) -> OwnBook:
    """The firm's own sales in the 365 days to a date; None where no amount is known."""
    known = as_known(items(book), as_of)
    window = known.issued_on.between(ibis.date(as_of - YEAR + timedelta(days=1)), ibis.date(as_of))
    total = known.filter(window).amount.sum().to_pyarrow().as_py()
    return OwnBook(book.currency, None if total is None else Decimal(total), as_of)


def limit_policy(book: Book, as_of: date, source: Path = LIMIT_POLICY) -> dict[str, Any]:
    """The policy part of a release: the committee's parameters, and the own book they are applied to."""
    return to_release(yaml.safe_load(source.read_text(encoding="utf-8")), own_book(book, as_of))


def release(
    settings: Settings,
    book: Book,
    names: Sequence[str],
    *,
    as_of: date,
    by: str,
    reason: str,
    at: datetime,
    versions: Mapping[str, int] | None = None,
    stand_ins: Mapping[str, int] | None = None,
    keep: bool = True,
) -> "Promoted":
    """Promote a version of each model, the newest unless named, and put the release in force."""
    from cli.weighing import weigher
    from training.lifecycle.promote import promote  # late: MLflow takes seconds to import

    policy = limit_policy(book, as_of)
    weigh = weigher(settings, book, policy, as_of)
    who: dict[str, Any] = {"by": by, "reason": reason, "at": at}
    how: dict[str, Any] = {"versions": versions, "weigh": weigh, "stand_ins": stand_ins, "keep": keep}
    return promote(settings, names, **who, policy=policy, **how)


def named_versions(texts: Sequence[str]) -> dict[str, int]:
    """Versions that a person named as ``NAME=V``.

    Raises:
        BadVersionError: A text is none.

    Example:
        >>> named_versions(["late-payment=3"])
        {'late-payment': 3}
    """
    found = {}
    for text in texts:
        name, _, number = text.partition("=")
        if not name or not number.isdecimal() or not int(number):
            raise BadVersionError(text)
        found[name] = int(number)
    return found


class BadVersionError(ValueError):
    """A text that should name a version of a model and does not."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(f"{text!r} names no version: write the model and its version, for instance late-payment=3.")


def tell(promoted: "Promoted", *, as_json: bool = False) -> None:
    """What was released and which gates it passed."""
    if as_json:
        gates = [result.model_dump() for result in promoted.results]
        show_json(
            {
                "release": promoted.release_id,
                "models": promoted.versions,
                "kept": promoted.kept,
                "gates": gates,
                "beside": promoted.beside,
            }
        )
        return
    rows = [(result.model, result.gate, result.sentence) for result in promoted.results]
    show_table("Gates", ("model", "gate", "what was found"), rows)
    models = ", ".join(f"{name} version {version}" for name, version in promoted.versions.items())
    say(f"Release {promoted.release_id} is in force: {models}.")
    if promoted.kept:
        say(f"Taken over from the release before: {', '.join(promoted.kept)}.")
    say(f"Bundle: {promoted.folder}   Record: {promoted.record}")


def tell_challengers(versions: Mapping[str, int], record: Path, *, as_json: bool = False) -> None:
    """Which versions are challengers now."""
    if as_json:
        show_json({"challengers": dict(versions), "record": record})
        return
    for name, version in versions.items():
        say(f"{name} version {version} is the challenger. Next: o2c-risk compare {name}")
    say(f"Record: {record}")
