"""From texts to the types of a contract, exactly: the SQL that a mapping stands for.

Nothing goes through a binary float. A text that is not of its column's type refuses the row (or counts as unknown
where the mapping says so); it is never read as something near it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.contracts import CONTRACTS, COUNT, DAY, EXCHANGE, FLAG, INSTANT, MONEY, RATE, Column
from data.engine import engine
from data.mapping import DerivedKey, FileMapping, KeyPart, Source, SourceMapping
from data.sources import SourceFile

KEY_DIGITS: Final = 20  # hexadecimal: 80 bits, so that ten million keys collide with a chance below 1e-10
FORMS: Final = {
    # Digits before and after the point that the decimal type holds; zeros beyond them say nothing.
    MONEY: (r"-?[0-9]{1,16}([.][0-9]{0,4}0*)?", "DECIMAL(20, 4)"),
    RATE: (r"-?[0-9]{1,6}([.][0-9]{0,6}0*)?", "DECIMAL(12, 6)"),
    EXCHANGE: (r"-?[0-9]{1,10}([.][0-9]{0,10}0*)?", "DECIMAL(20, 10)"),
    COUNT: (r"-?[0-9]{1,18}([.]0*)?", "BIGINT"),
}


@dataclass(frozen=True)
class Reason:
    """Why a row is refused.

    Attributes:
        code: Stable code.
        sentence: For a credit manager.
    """

    code: str
    sentence: str


@dataclass
class Staged:
    """Rows meant for one table, and which of them are refused.

    Attributes:
        table: Name of the contract.
        file: Name of the file.
        rows: Shape (n_rows, n_columns of the contract); any value may still be null.
        lines: Where each row stands in the file, shape (n_rows,).
        raw: The rows as they stood in the file.
        raw_rows: Index into ``raw`` of each row, shape (n_rows,).
        refusal: Index into ``reasons`` of each row, shape (n_rows,); -1 for a row that is not refused.
        reasons: All reasons that occurred or were looked for.
        warnings: What was noticed and refuses nothing.
        ragged: Records of the file that could not be told apart into values, as (line, text); counted as read here.
    """

    table: str
    file: str
    rows: pa.Table
    lines: npt.NDArray[np.int64]
    raw: pa.Table
    raw_rows: npt.NDArray[np.int64]
    refusal: npt.NDArray[np.int64]
    reasons: list[Reason] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    ragged: tuple[tuple[int, str], ...] = ()

    @property
    def accepted(self) -> npt.NDArray[np.bool_]:
        """Which rows are not refused, shape (n_rows,)."""
        return self.refusal < 0

    def refuse(self, rows: npt.NDArray[np.bool_], reason: Reason) -> None:
        """Refuse the marked rows, shape (n_rows,); a row that is refused already keeps its first reason."""
        marked = rows & self.accepted
        if marked.any():
            self.reasons.append(reason)
            self.refusal[marked] = len(self.reasons) - 1


def staged_as_is(table: str, rows: pa.Table, *, file: str) -> Staged:
    """Contract-shaped rows, which need no conversion."""
    n = rows.num_rows
    return Staged(table, file, rows, np.arange(1, n + 1), rows, np.arange(n), np.full(n, -1, dtype=np.int64))


def stage(read: SourceFile, mapping: SourceMapping, file: FileMapping) -> list[Staged]:
    """Turn the rows of a text file into rows of the tables that it fills.

    Args:
        read: The file.
        mapping: The source's mapping.
        file: What the mapping says of this file.

    Returns:
        One ``Staged`` per table, in the mapping's order; rows whose values do not fit are refused in it.
    """
    names = {name: f"c{number}" for number, name in enumerate(read.rows.column_names)}
    keys = {name: f"k{number}" for number, name in enumerate(file.keys)}
    raw = read.rows.rename_columns(list(names.values()))
    raw = raw.append_column("position", pa.array(np.arange(raw.num_rows)))
    with engine().con as connection:
        connection.register("raw", raw)
        texts = ", ".join(f"nullif(trim({column}), '') AS {column}" for column in names.values())
        connection.execute(f"CREATE VIEW texts AS SELECT position, {texts} FROM raw")
        connection.execute(_with_keys(file.keys, names, mapping.decimal_mark))
        staged = []
        for table, mapped in (file.tables or {}).items():
            reader = _TableReader(table, mapping.columns_of(table, mapped), names | keys, mapping.decimal_mark)
            only = "" if mapped.rows_with is None else f"WHERE {names[mapped.rows_with]} IS NOT NULL"
            found = connection.sql(f"{reader.select} {only} ORDER BY position").to_arrow_table()
            staged.append(reader.staged(read, found))
    if staged:
        staged[0].ragged = read.ragged
        staged[0].warnings += [f"{read.name}: {read.blank} blank lines were passed over."] if read.blank else []
    return staged


def literal(text: str) -> str:
    """A text as an SQL literal.

    Example:
        >>> literal("it's")
        "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def _typed(text: str, column_type: pa.DataType, form: str, decimal_mark: str) -> str:
    """SQL expression: the text as a value of the type, null where it is not one."""
    if column_type == DAY:
        return f"CAST(try_strptime({text}, {literal(form)}) AS DATE)"
    if column_type == INSTANT:
        return f"(CAST(try_strptime({text}, {literal(form)}) AS TIMESTAMP) AT TIME ZONE 'UTC')"
    if column_type not in FORMS:
        return text
    number = text if decimal_mark == "." else f"replace(replace({text}, '.', '?'), {literal(decimal_mark)}, '.')"
    pattern, sql_type = FORMS[column_type]
    digits = f"split_part({number}, '.', 1)" if column_type == COUNT else number
    return f"CASE WHEN regexp_full_match({number}, {literal(pattern)}) THEN TRY_CAST({digits} AS {sql_type}) END"


def _with_keys(keys: Mapping[str, DerivedKey], names: Mapping[str, str], decimal_mark: str) -> str:
    """SQL that makes the view ``keyed``: the file's texts and its derived keys."""

    def value(part: KeyPart) -> str:
        return _typed(names[part.column], part.arrow_type, part.format, decimal_mark)

    def hashed(key: DerivedKey) -> str:
        parts = [f"CAST({value(part)} AS VARCHAR)" for part in key.of]
        rank = [f"{value(key.ordinal_by)} NULLS LAST", *names.values()]  # all texts last: no tie depends on row order
        parts.append(f"CAST(row_number() OVER (PARTITION BY {', '.join(parts)} ORDER BY {', '.join(rank)}) AS VARCHAR)")
        canonical = ", ".join(f"coalesce(strlen({part}) || ':' || {part}, '-')" for part in parts)
        return f"substr(sha256(concat({canonical})), 1, {KEY_DIGITS})"

    columns = [f"{hashed(key)} AS k{number}" for number, key in enumerate(keys.values())]
    return f"CREATE VIEW keyed AS SELECT {', '.join(['*', *columns])} FROM texts"


class _TableReader:
    """The SELECT of one table's typed columns, and what each of its problem numbers means."""

    def __init__(self, table: str, sources: Mapping[str, Source], names: Mapping[str, str], decimal_mark: str) -> None:
        self.table, self.sources, self.names, self.decimal_mark = table, sources, names, decimal_mark
        self.contract = CONTRACTS[table]
        self.problems: list[tuple[str, Reason]] = []
        self.lenient: dict[str, str] = {}
        columns = [f"{self._value(column)} AS {column.name}" for column in self.contract.columns]
        for column in self.contract.columns:
            self._look_for_problems(column)
        cases = " ".join(f"WHEN {condition} THEN {number}" for number, (condition, _) in enumerate(self.problems))
        unknown = [f"{condition} AS unknown_{name}" for name, condition in self.lenient.items()]
        number = f"CASE {cases} ELSE -1 END AS problem"
        self.select = f"SELECT position, {', '.join([*columns, number, *unknown])} FROM keyed"

    def staged(self, read: SourceFile, found: pa.Table) -> Staged:
        """The query's answer as staged rows."""
        position = found["position"].to_numpy()
        schema = pa.schema([f.with_nullable(True) for f in self.contract.schema])
        return Staged(
            table=self.table,
            file=read.name,
            rows=found.select(self.contract.names).cast(schema),
            lines=read.lines.to_numpy()[position],
            raw=read.rows,
            raw_rows=position,
            refusal=found["problem"].to_numpy().astype(np.int64),
            reasons=[reason for _, reason in self.problems],
            warnings=[
                self._warning(read, name, int(found[f"unknown_{name}"].to_numpy().sum()))
                for name in self.lenient
                if found[f"unknown_{name}"].to_numpy().any()
            ],
        )

    def _warning(self, read: SourceFile, name: str, count: int) -> str:
        return f"{read.name}: {count} values of {self.sources[name].column} do not fit {name} and count as unknown."

    def _text(self, source: Source) -> str:
        return self.names[source.column] if source.column is not None else literal(str(source.value))

    def _value(self, column: Column) -> str:
        source = self.sources.get(column.name)
        if source is None:
            return "NULL"
        if column.type == FLAG:
            return (
                str(source.value)
                if source.equals is None
                else f"coalesce({self._text(source)} = {literal(source.equals)}, FALSE)"
            )
        text = self._text(source)
        if source.words is not None:
            words = " ".join(f"WHEN {literal(theirs)} THEN {literal(ours)}" for theirs, ours in source.words.items())
            text = f"CASE {text} {words} END"
        if source.pad_to is not None:
            text = f"CASE WHEN length({text}) < {source.pad_to} THEN lpad({text}, {source.pad_to}, '0') ELSE {text} END"
        if source.pattern is not None:
            text = f"CASE WHEN regexp_full_match({text}, {literal(source.pattern)}) THEN {text} END"
        typed = _typed(text, column.type, source.format, self.decimal_mark)
        return f"{literal(source.prefix)} || {typed}" if source.prefix else typed

    def _look_for_problems(self, column: Column) -> None:
        source = self.sources.get(column.name)
        if source is None or source.column is None or column.type == FLAG:
            return
        text = self._text(source)
        unfit = f"({text} IS NOT NULL AND ({self._value(column)}) IS NULL)"
        if source.malformed == "unknown":
            self.lenient[column.name] = unfit
        else:
            sentence = f"{source.column} ({column.name}) holds a value that is not {_kind(column, source)}."
            self.problems.append((unfit, Reason("unreadable_value", sentence)))
        if not column.nullable:
            sentence = f"{source.column} ({column.name}) is empty, and a row of {self.table} cannot do without it."
            self.problems.append((f"{text} IS NULL", Reason("missing_value", sentence)))


def _kind(column: Column, source: Source) -> str:
    if column.type in (DAY, INSTANT):
        return f"a date of the form {source.format}"
    if source.words is not None:
        return f"one of {', '.join(source.words)}"
    if source.pattern is not None:
        return f"of the form {source.pattern}"
    places = {MONEY: "an amount with at most 4 decimal places", RATE: "a rate with at most 6 decimal places"}
    places[EXCHANGE] = "an exchange rate with at most 10 decimal places"
    return places.get(column.type, "a whole number")
