"""What a mapping says of a value, as SQL: exact, and null where a text is not what it should be.

Nothing goes through a binary float. Each value of the source is first the exact text that a person would expect of
it, written in the mapping's dialect; the text is then read strictly as its column's type.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from data.contracts import COUNT, DAY, EXCHANGE, FLAG, INSTANT, MONEY, RATE, TEXT
from data.date_forms import ISO_DAY, ISO_INSTANT, shape_of
from data.origin import Condition, Source

FORMS: Final = {
    # Digits before and after the point that the decimal type holds; zeros beyond them say nothing.
    MONEY: (r"-?[0-9]{1,16}([.][0-9]{0,4}0*)?", "DECIMAL(20, 4)"),
    RATE: (r"-?[0-9]{1,6}([.][0-9]{0,6}0*)?", "DECIMAL(12, 6)"),
    EXCHANGE: (r"-?[0-9]{1,8}([.][0-9]{0,8}0*)?", "DECIMAL(16, 8)"),
    COUNT: (r"-?[0-9]{1,18}([.]0*)?", "BIGINT"),
}
BLANKS: Final = " \t\r\n\u00a0\u202f\ufeff"
SPACES: Final = " \u00a0\u202f"
APOSTROPHES: Final = "'\u2019"


@dataclass(frozen=True)
class Dialect:
    """How a source writes numbers and instants.

    Attributes:
        decimal_mark: Point or comma.
        thousands_mark: What stands between groups of three digits, or None.
        time_zone: Zone of instants that state none.
    """

    decimal_mark: str = "."
    thousands_mark: str | None = None
    time_zone: str = "UTC"


PLAIN: Final = Dialect()


def literal(text: str) -> str:
    """A text as an SQL literal.

    Example:
        >>> literal("it's")
        "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def exact_text(column: str, kind: pa.DataType, decimal_mark: str) -> str:
    """SQL expression: a column of any type as the trimmed text that a person would expect, null where it is empty.

    A day is year-month-day and so is a timestamp at midnight; whole numbers have no ``.0``; a timestamp with a zone
    is in UTC and says so.

    Args:
        column: Name of the column, quoted if it has to be.
        kind: Its Arrow type.
        decimal_mark: Point or comma: numbers are written as the mapping's texts write them.
    """
    text = f"CAST({column} AS VARCHAR)"
    if pa.types.is_floating(kind):
        whole = f"isfinite({column}) AND {column} = trunc({column}) AND abs({column}) < 9007199254740992"
        text = f"CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) ELSE {text} END"
        # What is not a number is a value that is not there.
        text = _marked(f"CASE WHEN NOT isnan({column}) THEN {text} END", decimal_mark)
    elif pa.types.is_decimal(kind):
        text = _marked(text, decimal_mark)
    elif pa.types.is_date64(kind):
        text = f"CAST(CAST({column} AS DATE) AS VARCHAR)"
    elif pa.types.is_timestamp(kind) and kind.tz is None:
        text = f"regexp_replace({text}, ' 00:00:00$', '')"
    # Four times as fast as trim() with a set of characters that is not ASCII.
    return f"nullif(regexp_replace({text}, {literal(f'^[{BLANKS}]+|[{BLANKS}]+$')}, '', 'g'), '')"


def _marked(text: str, decimal_mark: str) -> str:
    return text if decimal_mark == "." else f"replace({text}, '.', {literal(decimal_mark)})"


def typed(text: str, kind: pa.DataType, formats: tuple[str, ...], dialect: Dialect) -> str:
    """SQL expression: a text as a value of a contract's type, null where it is not one."""
    if kind == DAY:
        return f"CAST({_parsed(text, formats or (ISO_DAY,))} AS DATE)"
    if kind == INSTANT:
        return _instant(text, formats, dialect.time_zone)
    if kind not in FORMS:
        return text
    number = _number(text, dialect)
    pattern, sql_type = FORMS[kind]
    digits = f"split_part({number}, '.', 1)" if kind == COUNT else number
    return f"CASE WHEN regexp_full_match({number}, {literal(pattern)}) THEN TRY_CAST({digits} AS {sql_type}) END"


def _parsed(text: str, formats: tuple[str, ...]) -> str:
    """The first form whose shape the text has; DuckDB's parser alone would read a year 19 into 5/4/19."""
    cases = " ".join(
        f"WHEN regexp_full_match({text}, {literal(shape_of(form))}) THEN try_strptime({text}, {literal(form)})"
        for form in formats
    )
    return f"CASE {cases} END"


def _instant(text: str, formats: tuple[str, ...], zone: str) -> str:
    if any("%z" in form for form in formats):
        cases = " ".join(
            f"WHEN regexp_full_match({text}, {literal(shape_of(form))}) THEN {_of_form(text, form, zone)}"
            for form in formats
        )
        return f"CASE {cases} END"
    if formats:
        return f"(CAST({_parsed(text, formats)} AS TIMESTAMP) AT TIME ZONE {literal(zone)})"
    naive = f"(TRY_CAST({text} AS TIMESTAMP) AT TIME ZONE {literal(zone)})"
    zoned = f"regexp_matches({text}, '(Z|UTC|[0-9]:[0-9]{{2}}(:[0-9]{{2}}([.][0-9]+)?)? ?[+-][0-9:]+)$')"
    value = f"CASE WHEN {zoned} THEN TRY_CAST({text} AS TIMESTAMPTZ) ELSE {naive} END"
    return f"CASE WHEN regexp_full_match({text}, {literal(ISO_INSTANT)}) THEN {value} END"


def _of_form(text: str, form: str, zone: str) -> str:
    parsed = f"try_strptime({text}, {literal(form)})"
    return parsed if "%z" in form else f"(CAST({parsed} AS TIMESTAMP) AT TIME ZONE {literal(zone)})"


def _number(text: str, dialect: Dialect) -> str:
    """The number with a point and its sign in front, or a text that no number pattern matches."""
    mark, thousands = dialect.decimal_mark, dialect.thousands_mark
    if thousands is not None:
        group = {" ": f"[{SPACES}]", "'": f"[{APOSTROPHES}]"}.get(thousands, f"[{thousands}]")
        grouped = f"-?[0-9]{{1,3}}({group}[0-9]{{3}})+([{mark}][0-9]*)?-?"
        bare = f"regexp_replace({text}, {literal(group)}, '', 'g')"
        text = f"CASE WHEN regexp_full_match({text}, {literal(grouped)}) THEN {bare} ELSE {text} END"
    if mark != ".":
        text = f"replace(replace({text}, '.', '?'), {literal(mark)}, '.')"
    # An accountant's minus stands behind the number.
    return f"CASE WHEN ends_with({text}, '-') THEN '-' || left({text}, -1) ELSE {text} END"


def text_of(source: Source, texts: Mapping[str, str]) -> str:
    """SQL expression: a source's text before it is read, null where there is none; of joined parts, where one lacks."""
    if source.join is not None:
        given = " AND ".join(f"({text_of(part, texts)}) IS NOT NULL" for part in source.join)
        return f"CASE WHEN {given} THEN '' END"
    return texts[source.column] if source.column is not None else literal(str(source.value))


def value_of(source: Source, kind: pa.DataType, texts: Mapping[str, str], dialect: Dialect) -> str:
    """SQL expression: the value that a source stands for, null where its text does not fit.

    Args:
        source: What the mapping says.
        kind: Type of the contract's column.
        texts: SQL of the text of each column of the file and of each derived key, by name.
        dialect: How the source writes numbers and instants.
    """
    if kind == FLAG:
        if source.equals is None:
            return str(source.value).upper()
        return f"coalesce({text_of(source, texts)} = {literal(source.equals)}, FALSE)"
    text = _joined(source, texts, dialect) if source.join is not None else text_of(source, texts)
    if source.whole_number:
        whole = f"[0-9]+([{dialect.decimal_mark}]0*)?"
        text = f"CASE WHEN regexp_full_match({text}, '{whole}') THEN regexp_extract({text}, '^[0-9]+') END"
    if source.words is not None:
        words = " ".join(f"WHEN {literal(theirs)} THEN {literal(ours)}" for theirs, ours in source.words.items())
        text = f"CASE {text} {words} END"
    if source.pad_to is not None:
        short = f"length({text}) < {source.pad_to} AND regexp_full_match({text}, '[0-9]+')"
        text = f"CASE WHEN {short} THEN lpad({text}, {source.pad_to}, '0') ELSE {text} END"
    if source.pattern is not None:
        text = f"CASE WHEN regexp_full_match({text}, {literal(source.pattern)}) THEN {text} END"
    value = typed(text, kind, source.formats, PLAIN if source.column is None else dialect)
    value = f"-({value})" if source.negate else value
    return f"{literal(source.prefix)} || {value}" if source.prefix else value


def _joined(source: Source, texts: Mapping[str, str], dialect: Dialect) -> str:
    """The parts with the separator between them; a part that holds it does not fit, nor then does the whole."""
    parts = []
    for part in source.join or ():
        text = value_of(part, TEXT, texts, dialect)
        single = f"contains({text}, {literal(source.separator)})" if source.separator else "FALSE"
        parts.append(f"CASE WHEN NOT {single} THEN {text} END")
    return "(" + f" || {literal(source.separator)} || ".join(parts) + ")"


def holds(condition: Condition, text: str) -> str:
    """SQL predicate: whether a row's text is what the mapping wants of rows of the table."""
    parts = []
    if condition.equals is not None:
        parts.append(f"coalesce({text} = {literal(condition.equals)}, FALSE)")
    if condition.one_of is not None:
        parts.append(f"coalesce({text} IN ({', '.join(map(literal, condition.one_of))}), FALSE)")
    if condition.none_of is not None:
        parts.append(f"coalesce({text} NOT IN ({', '.join(map(literal, condition.none_of))}), TRUE)")
    if condition.filled is not None:
        parts.append(f"{text} IS {'NOT ' if condition.filled else ''}NULL")
    return f"({' AND '.join(parts)})"
