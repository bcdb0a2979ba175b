"""From the rows of a file to the types of a contract, exactly.

A text that is not of its column's type refuses the row (or counts as unknown where the mapping says so); it is never
read as something near it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.contracts import CONTRACTS, DAY, EXCHANGE, FLAG, INSTANT, MONEY, RATE, Column
from data.engine import engine
from data.expressions import Dialect, exact_text, holds, text_of, typed, value_of
from data.mapping import FileMapping, SourceMapping
from data.origin import DerivedKey, KeyPart, Source
from data.sources import Ragged, SourceFile, check_exact

KEY_DIGITS: Final = 20  # hexadecimal: 80 bits, so that ten million keys collide with a chance below 1e-10


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
        rows: Shape (n_rows, n_columns of the contract); any value may still be null.
        files: Names of the files.
        raws: Per file, the rows as they stood; files of one layout share a table.
        file_of: Index into ``files`` and ``raws`` of each row, shape (n_rows,).
        raw_rows: Index into its table of ``raws`` of each row, shape (n_rows,).
        lines: Where each row stands in its file, shape (n_rows,).
        refusal: Index into ``reasons`` of each row, shape (n_rows,); -1 for a row that is not refused.
        reasons: All reasons that occurred or were looked for.
        warnings: What was noticed and refuses nothing.
        ragged: Records of the files that could not be told apart into values; counted as read here.
    """

    table: str
    rows: pa.Table
    files: tuple[str, ...]
    raws: tuple[pa.Table, ...]
    file_of: npt.NDArray[np.int32]
    raw_rows: npt.NDArray[np.int64]
    lines: npt.NDArray[np.int64]
    refusal: npt.NDArray[np.int64]
    reasons: list[Reason] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    ragged: tuple[Ragged, ...] = ()

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


def staged_as_is(table: str, rows: pa.Table, *, file: str, read: SourceFile | None = None) -> Staged:
    """Contract-shaped rows, which need no conversion.

    Args:
        table: Name of the contract.
        rows: Shape (n_rows, n_columns of the contract).
        file: What the rows are called, where they were not read from a file.
        read: The file that they were read from, in the same order.
    """
    n = rows.num_rows
    return Staged(
        table=table,
        rows=rows,
        files=(file,) if read is None else read.files,
        raws=(rows,) * (1 if read is None else len(read.files)),
        file_of=np.zeros(n, dtype=np.int32) if read is None else read.file_of,
        raw_rows=np.arange(n),
        lines=np.arange(1, n + 1) if read is None else read.lines.to_numpy(),
        refusal=np.full(n, -1, dtype=np.int64),
    )


def joined(parts: Iterable[Staged]) -> dict[str, Staged]:
    """One ``Staged`` per table, in the order in which the tables first come; several files may fill one."""
    by_table: dict[str, list[Staged]] = {}
    for part in parts:
        by_table.setdefault(part.table, []).append(part)
    return {name: several[0] if len(several) == 1 else _one_of(several) for name, several in by_table.items()}


def _one_of(parts: list[Staged]) -> Staged:
    files = np.cumsum([0, *(len(part.files) for part in parts)])
    reasons = np.cumsum([0, *(len(part.reasons) for part in parts)])
    return Staged(
        table=parts[0].table,
        rows=pa.concat_tables([part.rows for part in parts]),
        files=tuple(file for part in parts for file in part.files),
        raws=tuple(raw for part in parts for raw in part.raws),
        file_of=np.concatenate(
            [(part.file_of + first).astype(np.int32) for part, first in zip(parts, files, strict=False)]
        ),
        raw_rows=np.concatenate([part.raw_rows for part in parts]),
        lines=np.concatenate([part.lines for part in parts]),
        refusal=np.concatenate(
            [np.where(part.accepted, -1, part.refusal + first) for part, first in zip(parts, reasons, strict=False)]
        ),
        reasons=[reason for part in parts for reason in part.reasons],
        warnings=[warning for part in parts for warning in part.warnings],
        ragged=tuple(record for part in parts for record in part.ragged),
    )


def stage(read: SourceFile, mapping: SourceMapping, file: FileMapping) -> list[Staged]:
    """Turn the rows of a file into rows of the tables that it fills.

    Args:
        read: The file.
        mapping: The source's mapping.
        file: What the mapping says of this file.

    Returns:
        One ``Staged`` per table, in the mapping's order; rows whose values do not fit are refused in it.

    Raises:
        SourceFileError: A column of numbers too long for a binary float is wanted as a text.
    """
    check_exact(read, _wanted_as_texts(file))
    texts = {name: f"c{number}" for number, name in enumerate(read.rows.column_names)}
    keys = {name: f"k{number}" for number, name in enumerate(file.keys)}
    dialect = Dialect(mapping.decimal_mark, mapping.thousands_mark, mapping.time_zone)
    raw = read.rows.rename_columns(list(texts.values()))
    raw = raw.append_column("position", pa.array(np.arange(raw.num_rows)))
    with engine().con as connection:
        connection.register("raw", raw)
        exact = ", ".join(
            f"{exact_text(name, raw.schema.field(name).type, mapping.decimal_mark)} AS {name}"
            for name in texts.values()
        )
        connection.execute(f"CREATE VIEW texts AS SELECT position, {exact} FROM raw")
        connection.execute(_with_keys(file.keys, texts, dialect))
        staged = []
        for table, mapped in (file.tables or {}).items():
            reader = _TableReader(table, mapping.columns_of(table, mapped), texts | keys, dialect)
            where = [holds(condition, texts[name]) for name, condition in mapped.conditions.items()]
            only = f"WHERE {' AND '.join(where)}" if where else ""
            found = connection.sql(f"{reader.select} {only} ORDER BY position").to_arrow_table()
            staged.append(reader.staged(read, found))
    if staged:
        staged[0].ragged = read.ragged
        staged[0].warnings += [f"{read.name}: {read.blank} blank lines were passed over."] if read.blank else []
    return staged


def _wanted_as_texts(file: FileMapping) -> set[str]:
    """Columns of the file that become texts, identifiers above all."""
    found = {part.column for key in file.keys.values() for part in (*key.of, key.ordinal_by) if part.type == "text"}
    for table, mapped in (file.tables or {}).items():
        for column in CONTRACTS[table].columns:
            if column.name in mapped.columns and column.type not in (DAY, INSTANT, MONEY, RATE, EXCHANGE):
                found |= set(mapped.columns[column.name].columns)
    return found - set(file.keys)


def _with_keys(keys: Mapping[str, DerivedKey], texts: Mapping[str, str], dialect: Dialect) -> str:
    """SQL that makes the view ``keyed``: the file's texts and its derived keys."""

    def value(part: KeyPart) -> str:
        return typed(texts[part.column], part.arrow_type, part.formats, dialect)

    def hashed(key: DerivedKey) -> str:
        parts = [f"CAST({value(part)} AS VARCHAR)" for part in key.of]
        # All texts before the position: only rows that are equal in every word depend on the order of rows.
        rank = [f"{value(key.ordinal_by)} NULLS LAST", *texts.values(), "position"]
        parts.append(f"CAST(row_number() OVER (PARTITION BY {', '.join(parts)} ORDER BY {', '.join(rank)}) AS VARCHAR)")
        canonical = ", ".join(f"coalesce(strlen({part}) || ':' || {part}, '-')" for part in parts)
        return f"substr(sha256(concat({canonical})), 1, {KEY_DIGITS})"

    columns = [f"{hashed(key)} AS k{number}" for number, key in enumerate(keys.values())]
    return f"CREATE VIEW keyed AS SELECT {', '.join(['*', *columns])} FROM texts"


class _TableReader:
    """The SELECT of one table's typed columns, and what each of its problem numbers means."""

    def __init__(self, table: str, sources: Mapping[str, Source], texts: Mapping[str, str], dialect: Dialect) -> None:
        self.table, self.sources, self.texts, self.dialect = table, sources, texts, dialect
        self.contract = CONTRACTS[table]
        self.problems: list[tuple[str, Reason]] = []
        self.lenient: dict[str, str] = {}
        columns = [f"{self._picked(column)} AS {column.name}" for column in self.contract.columns]
        for column in self.contract.columns:
            self._look_for_problems(column)
        cases = " ".join(f"WHEN {condition} THEN {number}" for number, (condition, _) in enumerate(self.problems))
        unknown = [f"{condition} AS unknown_{name}" for name, condition in self.lenient.items()]
        number = f"CASE {cases} ELSE -1 END AS problem" if cases else "-1 AS problem"
        self.select = f"SELECT position, {', '.join([*columns, number, *unknown])} FROM keyed"

    def staged(self, read: SourceFile, found: pa.Table) -> Staged:
        """The query's answer as staged rows."""
        position = found["position"].to_numpy()
        return Staged(
            table=self.table,
            rows=found.select(self.contract.names).cast(self.contract.book_schema),
            files=read.files,
            raws=(read.rows,) * len(read.files),
            file_of=read.file_of[position],
            raw_rows=position,
            lines=read.lines.to_numpy()[position],
            refusal=found["problem"].to_numpy().astype(np.int64),
            reasons=[reason for _, reason in self.problems],
            warnings=[
                self._warning(read, name, int(found[f"unknown_{name}"].to_numpy().sum()))
                for name in self.lenient
                if found[f"unknown_{name}"].to_numpy().any()
            ],
        )

    def _warning(self, read: SourceFile, name: str, count: int) -> str:
        return f"{read.name}: {count} values of {self.sources[name].named} do not fit {name} and count as unknown."

    def _value(self, column: Column) -> str:
        source = self.sources.get(column.name)
        return "NULL" if source is None else value_of(source, column.type, self.texts, self.dialect)

    def _picked(self, column: Column) -> str:
        """The row's value, or where the mapping says so the earliest or latest of all rows with its key."""
        source, value = self.sources.get(column.name), self._value(column)
        if source is None or source.pick is None:
            return value
        by_name = {c.name: c for c in self.contract.columns}
        key = ", ".join(self._value(by_name[name]) for name in self.contract.key if name != column.name)
        return f"{'min' if source.pick == 'earliest' else 'max'}({value}) OVER (PARTITION BY {key})"

    def _look_for_problems(self, column: Column) -> None:
        source = self.sources.get(column.name)
        if source is None or not [*source.columns] or column.type == FLAG:
            return
        text = text_of(source, self.texts)
        unfit = f"({text} IS NOT NULL AND ({self._value(column)}) IS NULL)"
        if source.malformed == "unknown":
            self.lenient[column.name] = unfit
        else:
            sentence = f"{source.named} ({column.name}) holds a value that is not {_kind(column, source)}."
            self.problems.append((unfit, Reason("unreadable_value", sentence)))
        if not column.nullable:
            sentence = f"{source.named} ({column.name}) is empty, and a row of {self.table} cannot do without it."
            self.problems.append((f"{text} IS NULL", Reason("missing_value", sentence)))


def _kind(column: Column, source: Source) -> str:
    if column.type in (DAY, INSTANT):
        return f"a date of the form {' or '.join(source.formats) or '%Y-%m-%d'}"
    if source.words is not None:
        return f"one of {', '.join(source.words)}"
    if source.pattern is not None:
        return f"of the form {source.pattern}"
    if source.join is not None:
        return f"made of parts that fit and are without {source.separator!r}"
    places = {MONEY: "an amount with at most 4 decimal places", RATE: "a rate with at most 6 decimal places"}
    places[EXCHANGE] = "an exchange rate with at most 8 decimal places"
    return places.get(column.type, "a whole number")
