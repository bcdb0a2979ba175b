"""A proposal of what the columns of an unknown file are, with how sure it is and why; for a person to correct."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from data.column_facts import DAY_FIRST, ColumnFacts, facts_of
from data.suggestion_tables import DAYS, IDENTIFIERS, NEVER_READ, NUMBERS, tables_for
from data.synonyms import matches
from data.unknown_file import UnknownFile, unknown_file

HIGH: Final = 0.9
MEDIUM: Final = 0.7


@dataclass(frozen=True)
class Proposed:
    """That a column of the file says a concept.

    Attributes:
        concept: What it is taken to mean.
        facts: The column.
        score: How sure that is, in (0, 1].
        why: Why, in words.
        rivals: Other columns that could be it as well.
    """

    concept: str
    facts: ColumnFacts
    score: float
    why: str
    rivals: tuple[str, ...] = ()

    @property
    def confidence(self) -> str:
        """The score as a word."""
        return "high" if self.score >= HIGH else "medium" if self.score >= MEDIUM else "low"


@dataclass(frozen=True)
class Suggestion:
    """What is proposed for a file.

    Attributes:
        file: How the file is written, and a sample of it.
        facts: What its columns hold, by name, in their order.
        proposed: What is proposed, by concept.
        tables: The contract tables that it would fill.
        decimal_mark: Point or comma.
        thousands_mark: What stands between groups of three digits, or None.
        notes: What a person should look at, beside the columns.
    """

    file: UnknownFile
    facts: Mapping[str, ColumnFacts]
    proposed: Mapping[str, Proposed]
    tables: tuple[str, ...]
    decimal_mark: str
    thousands_mark: str | None
    notes: tuple[str, ...]


def suggest(path: Path) -> Suggestion:
    """Propose a mapping for a CSV, Excel or Parquet file.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: It is not there.
        UnreadableFileError: It holds nothing to go by.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}: name a CSV, Excel or Parquet file.")
    for mark in (".", ","):
        file = unknown_file(path, decimal_mark=mark)
        facts = {name: facts_of(name, values) for name, values in file.columns.items()}
        marks, sure = _marks(facts)
        # Numbers of a workbook are written with the mark of the texts beside them: tried until the two agree.
        if file.kind != "excel" or marks is None or marks[0] == mark:
            break
    facts = _with_one_order_of_days(facts)
    proposed = _by_content(_by_name(facts), facts)
    notes = list(file.notes)
    if not sure:
        notes.append("CHECK decimal_mark: a point or comma before three digits can be a decimal or a thousands mark")
    return Suggestion(file, facts, proposed, tuple(tables_for(proposed)), *(marks or (".", None)), tuple(notes))


def _marks(facts: Mapping[str, ColumnFacts]) -> tuple[tuple[str, str | None] | None, bool]:
    """The marks that read all numbers of the file, and whether no others do so with other values."""
    order = [(".", None), (",", None), (",", "."), (".", ","), (",", " "), (".", " "), (".", "'"), (",", "'")]
    voted = [column.marks for column in facts.values() if column.marks]
    fitting = [pair for pair in order if all(votes[pair] == max(votes.values()) for votes in voted)]
    if not voted or not fitting:
        return None, not voted
    # Read with the other decimal mark as well, the values would be others.
    return fitting[0], len({mark for mark, _ in fitting}) == 1


def _with_one_order_of_days(facts: Mapping[str, ColumnFacts]) -> dict[str, ColumnFacts]:
    """Columns in which day and month cannot be told apart follow those of the file in which they can."""
    sure = [form for c in facts.values() if c.is_day and not c.other_forms for form in c.day_forms]
    day_first = any(form in DAY_FIRST for form in sure)
    month_first = any(form.startswith("%m") for form in sure)
    if day_first == month_first:
        return dict(facts)

    def settled(column: ColumnFacts) -> ColumnFacts:
        if not column.other_forms:
            return column
        forms = (*column.day_forms, *column.other_forms)
        kept = tuple(form for form in forms if (form in DAY_FIRST) == day_first or form[:2] not in {"%d", "%m"})
        return replace(column, day_forms=kept, other_forms=())

    return {name: settled(column) for name, column in facts.items()}


def _by_name(facts: Mapping[str, ColumnFacts]) -> dict[str, Proposed]:
    """What the names say, as far as the values agree; each column and each concept once."""
    found = []
    for place, column in enumerate(facts.values()):
        for match in matches(column.name) if column.filled or not column.rows else []:
            agrees, told = _agreement(match.concept, column)
            if agrees:
                score = match.score * agrees
                keyed = match.concept in IDENTIFIERS and match.concept != "customer_id" and column.is_unique
                rank = (-score, not keyed, -column.filled, place)
                found.append((rank, Proposed(match.concept, column, score, f"{match.why}; {told}")))
    chosen: dict[str, Proposed] = {}
    taken: set[str] = set()
    for _, one in sorted(found, key=lambda pair: pair[0]):
        if one.concept not in chosen and one.facts.name not in taken:
            chosen[one.concept] = one
            taken.add(one.facts.name)
        elif one.concept in chosen and one.score >= MEDIUM and one.facts.name not in taken:
            first = chosen[one.concept]
            chosen[one.concept] = replace(first, rivals=(*first.rivals, one.facts.name))
    return {concept: one for concept, one in chosen.items() if concept not in NEVER_READ}


def _agreement(concept: str, column: ColumnFacts) -> tuple[float, str]:
    """How far the values are what the concept needs, in [0, 1], and that in words."""
    if not column.rows:
        return 0.6, "there are no values to look at"
    if concept in DAYS:
        told = f"{column.day_share:.0%} of the values are days {' or '.join(column.day_forms)}"
        return (column.day_share if column.is_day else 0.0), told
    if concept in NUMBERS:
        return (1.0 if column.is_number else 0.0), "all values are numbers"
    if concept in {"currency", "into_currency"}:
        return (1.0 if column.is_code else 0.0), "all values are currency codes"
    if concept in IDENTIFIERS:
        told = "each row has its own" if column.is_unique else f"{column.distinct} different values"
        return (0.0 if column.is_day and not column.is_number else 1.0), told
    return 1.0, f"{column.distinct} different values"


def _by_content(named: Mapping[str, Proposed], facts: Mapping[str, ColumnFacts]) -> dict[str, Proposed]:
    """What is left is judged by its values alone, with little confidence."""
    found = dict(named)
    taken = {one.facts.name for one in found.values()}

    def free() -> list[ColumnFacts]:
        known = {name for name in facts if any(m.score >= HIGH for m in matches(name))}
        return [c for c in facts.values() if c.name not in taken | known and c.filled]

    def take(concept: str, columns: Sequence[ColumnFacts], why: str) -> None:
        if concept not in found and columns:
            found[concept] = Proposed(concept, columns[0], 0.5, why)
            taken.add(columns[0].name)

    take("currency", [c for c in free() if c.is_currency], "by its values alone: currency codes")
    days = [c for c in free() if c.is_day]
    whole = [c for c in days if c.filled == c.rows]
    if "issued_on" not in found and "due_on" not in found and len(whole) == 2:
        take("issued_on", whole[:1], "by its values alone: the first of two days that every row has")
        take("due_on", whole[1:], "by its values alone: the second of two days that every row has")
        take("paid_on", [c for c in days if c.filled < c.rows], "by its values alone: a day that some rows lack")
    if {"due_on", "issued_on"} & set(found):
        fractions = [c for c in free() if c.is_number and c.marks and not c.whole_number]
        take("amount", fractions[:1] if len(fractions) == 1 else [], "by its values alone: the only decimal numbers")
        unique = [c for c in free() if c.is_unique and not c.is_day and not c.marks]
        take("invoice_id", unique, "by its values alone: each row has its own")
    return found
