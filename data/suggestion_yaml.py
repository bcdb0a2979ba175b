"""A proposal as a YAML mapping with its reasons beside it, for a person to correct."""

import json
import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

from data.column_facts import ColumnFacts
from data.contracts import CONTRACTS, COUNT, DAY, FLAG, INSTANT, MONEY, RATE, TEXT, Column
from data.date_forms import ISO_DAY
from data.rules import SIZE_CLASSES
from data.suggestion import Proposed, Suggestion
from data.suggestion_tables import CONSTANT_FLAGS, IDENTIFIERS, KNOWN_BY, NEVER_READ, concepts_of
from data.synonyms import matches, size_of

GAP: Final = "FILL IN"
"""What marks a line that a person has to complete before the mapping can be used."""
_GAP: Final = re.compile(rf"\s*# {GAP} (\w+: .*)")
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_YAML_WORDS: Final = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})


def as_yaml(found: Suggestion) -> str:
    """The mapping as text: loadable at once if nothing is marked ``FILL IN``.

    Args:
        found: What is proposed.
    """
    return "\n".join(_Draft(found).lines()) + "\n"


def gaps(text: str) -> list[str]:
    """The lines of a mapping that still have to be filled in.

    Example:
        >>> gaps("# FILL IN currency: EUR  # no column says it")
        ['currency: EUR  # no column says it']
    """
    return [found.group(1).strip() for line in text.splitlines() if (found := _GAP.match(line))]


def quoted(text: str) -> str:
    """A text as YAML.

    Example:
        >>> quoted("KUNNR"), quoted("document type"), quoted("no"), quoted("%d.%m.%Y")
        ('KUNNR', '"document type"', '"no"', '"%d.%m.%Y"')
    """
    if _PLAIN.fullmatch(text) and text.lower() not in _YAML_WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


class _Draft:
    """The lines of one proposal."""

    def __init__(self, found: Suggestion) -> None:
        self.found = found
        self.used: set[str] = set()
        self.tables = found.tables or ("invoices",)
        self.needs_key = self.tables[0] == "invoices" and "invoice_id" not in found.proposed

    def lines(self) -> Iterator[str]:
        body = [*self._file()]
        yield from self._head()
        yield from body
        yield from self._unmapped()

    def _head(self) -> Iterator[str]:
        found, file = self.found, self.found.file
        yield f"# Proposed from {file.name}. Beside each line: how sure it is, and why. Correct it, fill in the lines"
        yield f"# marked {GAP!r}, and look it through with: o2c-risk mapping check THIS_FILE.yaml"
        if not found.tables:
            yield "# CHECK what the file is: its columns are those of no table; invoices are assumed."
        yield from (f"# {note[0].upper()}{note[1:]}." for note in found.notes)
        yield f"source: {_slug(file.name)}"
        yield "description: >"
        yield f"  Proposed from {file.name}. An item is taken to be known on its own day: the file has no second clock."
        yield f"kind: {file.kind}"
        if file.kind == "csv":
            yield f"delimiter: {json.dumps(file.delimiter)}"
            yield f"encoding: {file.encoding}"
        yield f'decimal_mark: "{found.decimal_mark}"'
        if found.thousands_mark is not None:
            yield f"thousands_mark: {json.dumps(found.thousands_mark)}"
        yield from self._currency()
        yield "restates_past: true"

    def _currency(self) -> Iterator[str]:
        needed = any("currency" in CONTRACTS[table].names for table in self.tables)
        if needed and "currency" not in self.found.proposed:
            yield f"# {GAP} currency: EUR  # no column says it: the ISO 4217 code of all amounts"

    def _file(self) -> Iterator[str]:
        file = self.found.file
        yield "files:"
        yield f"  - file: {quoted(file.name)}"
        if file.sheet is not None:
            yield f"    sheet: {json.dumps(file.sheet, ensure_ascii=False)}"
        if file.header != 1:
            yield f"    header: {file.header}"
        if self.needs_key:
            yield from self._derived_key()
        yield "    tables:"
        for table in self.tables:
            yield f"      {table}:"
            if table in {"payments", "allocations"} and self._lacks("paid_on"):
                yield f"        rows_with: {quoted(self.found.proposed['paid_on'].facts.name)}"
            yield "        columns:"
            for column in CONTRACTS[table].columns:
                yield from self._column(table, column)

    def _lacks(self, concept: str) -> bool:
        one = self.found.proposed.get(concept)
        return one is not None and (one.facts.filled < one.facts.rows or "invoices" in self.tables)

    def _column(self, table: str, column: Column) -> Iterator[str]:
        indent, name = " " * 10, column.name
        if name in {"source", "is_deleted"} or (name == "currency" and "currency" not in self.found.proposed):
            return
        if name == "known_at":
            yield from self._known_at(table, indent)
            return
        if column.type == FLAG:
            yield from self._flag(table, column, indent)
            return
        if name in {"invoice_id", "payment_id"} and table in {"invoices", "payments", "allocations"}:
            text = self._key(name)
            if text is not None:
                yield f"{indent}{name}: {text}"
                return
        one = self._proposed(table, name)
        if one is not None:
            yield f"{indent}{name}: {_source(column, one.facts)}  # {_reason(column, one)}"
            self.used.add(one.facts.name)
        elif not column.nullable:
            yield f"{indent}# {GAP} {name}: {{from: ...}}  # {column.meaning} Nothing like it was found."

    def _proposed(self, table: str, name: str) -> Proposed | None:
        for place, concept in enumerate(concepts_of(table, name)):
            one = self.found.proposed.get(concept)
            if one is not None and place == 0:
                return one
            if one is not None:
                why = f"for want of a better one: {one.why}"
                return Proposed(concept, one.facts, min(one.score, 0.5), why, one.rivals)
        return None

    def _known_at(self, table: str, indent: str) -> Iterator[str]:
        one = self._proposed(table, KNOWN_BY[table]) if table in KNOWN_BY else None
        if one is None:
            yield f'{indent}# {GAP} known_at: {{value: "2024-01-01"}}  # the day from which these rows were known'
            return
        column = next(c for c in CONTRACTS[table].columns if c.name == "known_at")
        yield f"{indent}known_at: {_source(column, one.facts)}  # assumed: known on its own day"

    def _flag(self, table: str, column: Column, indent: str) -> Iterator[str]:
        one = self.found.proposed.get(column.name)
        if one is not None and one.facts.words:
            word = next(
                (w for w in one.facts.words if w.lower() in {"1", "x", "yes", "y", "true", "s", "sim", "ja"}), ""
            )
            word = word or one.facts.words[0]
            yes = json.dumps(word, ensure_ascii=False)
            yield (
                f"{indent}{column.name}: {{from: {quoted(one.facts.name)}, equals: {yes}}}"
                f"  # {one.confidence}: {one.why}; CHECK the word that means yes"
            )
            self.used.add(one.facts.name)
        elif not column.nullable:
            yield f"{indent}{column.name}: {{value: {CONSTANT_FLAGS.get((table, column.name), 'false')}}}  # assumed"

    def _key(self, name: str) -> str | None:
        """The key of an invoice, or of the payment that the row of an invoice tells of."""
        prefix = "p-" if name == "payment_id" else "i-"
        if name == "payment_id" and ("payment_id" in self.found.proposed or "invoices" not in self.tables):
            return None
        if self.needs_key:
            return f'{{from: item, prefix: "{prefix}"}}  # the file has no number of its own: the key is derived above'
        if self.tables[0] != "invoices" and name == "invoice_id":
            return None
        one = self.found.proposed["invoice_id"]
        parts = self._parts_of_key(one)
        self.used |= {part.name for part in parts}
        column = next(c for c in CONTRACTS["invoices"].columns if c.name == "invoice_id")
        if len(parts) == 1:
            unique = (
                "" if one.facts.is_unique else "; CHECK: some rows share a number, and no second part tells them apart"
            )
            return f"{_source(column, parts[0])}  # {_reason(column, one)}{unique}"
        inner = ", ".join(_source(column, part) for part in parts)
        return f"{{join: [{inner}]}}  # {_reason(column, one)}; a number is unique within company and year only"

    def _parts_of_key(self, one: Proposed) -> list[ColumnFacts]:
        """The number, with company and year where both are there."""
        scope = [self.found.proposed.get(concept) for concept in ("company_code", "fiscal_year")]
        company, year = (part.facts if part is not None else None for part in scope)
        if company is None or year is None or company.filled < company.rows or year.filled < year.rows:
            return [one.facts]
        return [company, one.facts, year]

    def _derived_key(self) -> Iterator[str]:
        """A key from what makes an invoice one, for full extracts."""
        wanted = (
            ("customer_id", "text"),
            ("issued_on", "day"),
            ("due_on", "day"),
            ("amount", "money"),
            ("interest_rate", "rate"),
        )
        parts = [(self._proposed("invoices", concept), kind) for concept, kind in wanted]
        yield "    keys:  # the file has no number of its own; a derived key holds for full extracts only"
        yield "      item:"
        yield "        of:"
        for one, kind in parts:
            if one is not None:
                yield f"          - {_part(one.facts, kind)}"
        last = self._proposed("payments", "paid_on") or self._proposed("invoices", "due_on")
        if last is None:
            yield f"        # {GAP} ordinal_by: {{from: ...}}  # numbers rows that are equal in all parts"
        else:
            yield f"        ordinal_by: {_part(last.facts, 'day')}"

    def _unmapped(self) -> Iterator[str]:
        left = [column for name, column in self.found.facts.items() if name not in self.used]
        yield "# Columns that nothing was made of:" if left else "# Every column was made something of."
        for column in left:
            yield f"#   {column.name}: {self._what(column)}"

    def _what(self, column: ColumnFacts) -> str:
        if not column.filled:
            return "empty"
        rival = next((one for one in self.found.proposed.values() if column.name in one.rivals), None)
        guess = next((match.concept for match in matches(column.name)), None)
        if guess in NEVER_READ:
            return "a name; confidential, and nothing needs it"
        kind = f"days {' or '.join(column.day_forms)}" if column.is_day else "numbers" if column.is_number else "texts"
        told = f"{kind}, {column.filled} of {column.rows} filled, {column.distinct} different"
        if rival is not None:
            return f"{told}; could be {rival.concept} instead of {rival.facts.name}"
        return told if guess is None else f"{told}; perhaps {guess}"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", PurePath(name).stem.lower()).strip("-") or "extract"


def _options(column: Column, facts: ColumnFacts) -> list[str]:
    options = []
    if facts.whole_number and column.type not in (MONEY, RATE, COUNT):
        options.append("whole_number: true")
    if column.type in (DAY, INSTANT) and facts.day_forms not in ((), (ISO_DAY,)):
        forms = [json.dumps(form) for form in facts.day_forms]
        options.append(f"format: {forms[0] if len(forms) == 1 else '[' + ', '.join(forms) + ']'}")
    if column.type == TEXT and column.name in IDENTIFIERS and facts.pad_to is not None:
        options.append(f"pad_to: {facts.pad_to}")
    if column.name == "size_class" and facts.words and not set(facts.words) <= set(SIZE_CLASSES):
        words = [f"{json.dumps(word, ensure_ascii=False)}: {size_of(word) or 'MEDIUM'}" for word in facts.words]
        options.append(f"map: {{{', '.join(words)}}}")
    return options


def _source(column: Column, facts: ColumnFacts) -> str:
    return "{" + ", ".join([f"from: {quoted(facts.name)}", *_options(column, facts)]) + "}"


def _part(facts: ColumnFacts, kind: str) -> str:
    form = (
        f", format: {json.dumps(facts.day_forms[0])}"
        if kind == "day" and facts.day_forms[:1] not in ((), (ISO_DAY,))
        else ""
    )
    typed = "" if kind == "text" else f", type: {kind}"
    return f"{{from: {quoted(facts.name)}{typed}{form}}}"


def _reason(column: Column, one: Proposed) -> str:
    facts, told = one.facts, [f"{one.confidence}: {one.why}"]
    if facts.other_forms and column.type in (DAY, INSTANT):
        told = [
            f"low: {one.why}",
            f"CHECK day or month first: {' or '.join(facts.other_forms)} reads the values as well",
        ]
    if facts.filled < facts.rows:
        told.append(f"{facts.rows - facts.filled} of {facts.rows} rows lack it")
    if column.name in IDENTIFIERS and facts.leading_zeros:
        told.append(f"{facts.leading_zeros} values begin with a zero")
    if column.type == MONEY and facts.negatives:
        told.append(f"{facts.negatives} are negative: CHECK whether these are credit notes")
    if column.name == "size_class" and not set(facts.words) <= set(SIZE_CLASSES):
        told.append("CHECK what each word means: SMALL, MEDIUM or LARGE")
    if one.rivals:
        told.append(f"could be {', '.join(one.rivals)} as well")
    return "; ".join(told)
