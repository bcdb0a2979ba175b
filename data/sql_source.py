"""Queries to a database: any that SQLAlchemy speaks to, read in chunks, each value exactly as the database holds it."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote, quote_plus

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from data.contracts import CONTRACTS, INSTANT
from data.source_file import SourceFile, numbered

CHUNK: Final = 50_000
URL_VARIABLE: Final = "O2C_RISK_SOURCE_URL"
SECRET: Final = "***"
_SECRET_OPTION: Final = re.compile(r"pass|pwd|secret|token|key", re.IGNORECASE)


class DatabaseError(ValueError):
    """A database that cannot be read; the message never holds a password."""


class Database:
    """A database opened for reading, for the length of a ``with``.

    What is read is read in one transaction that is rolled back: PostgreSQL shows all queries one state and refuses
    to write.

    Args:
        url: SQLAlchemy address such as ``postgresql+psycopg://reader:secret@erp.example/ledger``.

    Raises:
        DatabaseError: The address is missing or malformed, its driver is not installed, or nothing answers there.
    """

    def __init__(self, url: str | None) -> None:
        if not url:
            raise DatabaseError(
                "This mapping reads a database: state its SQLAlchemy address in the environment variable "
                f"{URL_VARIABLE} or by --url, for instance postgresql+psycopg://reader:secret@host/ledger. "
                "It never stands in a mapping."
            )
        self._url = _parsed(url)
        self._secrets = _secrets(self._url)

    def __enter__(self) -> Self:
        if self._url.get_backend_name() == "sqlite" and not _exists(self._url.database):
            raise DatabaseError(f"There is no SQLite file {self._url.database}: check its path.")
        try:
            self._engine = sa.create_engine(self._url)
            options: dict[str, Any] = {"stream_results": True, "max_row_buffer": CHUNK}
            if self._engine.dialect.name == "postgresql":
                options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            self._connection = self._engine.connect().execution_options(**options)
        except (SQLAlchemyError, ImportError, OSError) as problem:
            raise DatabaseError(self._told("cannot be opened", problem, _ADVICE_OPEN)) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._engine.dispose()

    def read(self, name: str, query: str, *, contract: str | None = None) -> SourceFile:
        """The rows of a query.

        Args:
            name: What rows and errors call it.
            query: A SELECT; a colon or a percent sign in it is just that, no parameter.
            contract: The contract table that the rows are already, whose types they then have.

        Returns:
            Exact types: Decimal as decimal, dates, timestamps with their zone in UTC. A column whose values are of
            several types (SQLite) holds their texts.

        Raises:
            DatabaseError: The query fails, or does not return rows.
        """
        wanted = {} if contract is None else {c.name: c.type for c in CONTRACTS[contract].columns}
        try:
            answer = self._connection.exec_driver_sql(query, execution_options={"no_parameters": True})
            if not answer.returns_rows:
                raise DatabaseError(f"{name}: the query returns no rows; write a SELECT.")
            names = numbered(answer.keys())
            chunks = list(_chunks(answer, names, wanted))
        except (SQLAlchemyError, OSError) as problem:
            raise DatabaseError(f"{name}: " + self._told("refuses the query", problem, _ADVICE_QUERY)) from None
        rows = _as_one(chunks, names, wanted)
        return SourceFile(name, rows, pa.array(np.arange(1, rows.num_rows + 1), pa.int64()))

    def _told(self, what: str, problem: Exception, advice: str) -> str:
        cause = getattr(problem, "orig", None) or problem
        text = str(cause)
        for secret in self._secrets:
            text = text.replace(secret, SECRET)
        text = " ".join(text.split())
        return f"the database {shown(self._url)} {what} ({text.rstrip('.')}). {advice}"


_ADVICE_OPEN: Final = "Check the address, the user, the password and that the driver is installed."
_ADVICE_QUERY: Final = "Try the query in the database's own client."


def _parsed(url: str) -> sa.URL:
    problem = (
        "The address of the database is not one that SQLAlchemy reads. Write it as "
        "dialect+driver://user:password@host:port/database; in the password write @ as %40, : as %3A and / as %2F."
    )
    try:
        parsed = sa.make_url(url)
        parsed.get_dialect()
    except (NoSuchModuleError, ImportError) as error:
        name = url.split(":", 1)[0]
        raise DatabaseError(f"No driver for {name} is installed. Install it, or choose another.") from error
    except (ArgumentError, ValueError):
        # Their words may quote the address.
        raise DatabaseError(problem) from None
    return parsed


def _exists(database: str | None) -> bool:
    """SQLite would make an empty database of a misspelt path."""
    return database in {None, "", ":memory:"} or str(database).startswith("file:") or Path(str(database)).is_file()


def shown(url: sa.URL) -> str:
    """The address as it may be told: without its password, in whichever place.

    Example:
        >>> shown(sa.make_url("postgresql://me:secret@host/db?sslpassword=other&sslmode=require"))
        'postgresql://me:***@host/db?sslmode=require&sslpassword=***'
    """
    query = {name: SECRET if _SECRET_OPTION.search(name) else value for name, value in sorted(url.query.items())}
    # The option's stars are not to be escaped; the password's are SQLAlchemy's own.
    return url.set(query=query).render_as_string(hide_password=True).replace("%2A", "*")


def _secrets(url: sa.URL) -> list[str]:
    """All forms of the passwords in an address, the longest first."""
    plain = [str(url.password)] if url.password else []
    plain += [str(value) for name, value in url.query.items() if _SECRET_OPTION.search(name)]
    forms = {form for secret in plain for form in (secret, quote(secret, safe=""), quote_plus(secret))}
    return sorted(filter(None, forms), key=len, reverse=True)


def _chunks(
    answer: "sa.CursorResult[Any]", names: list[str], wanted: dict[str, pa.DataType]
) -> Iterator[list[pa.Array]]:
    for rows in answer.partitions(CHUNK):
        columns = zip(*rows, strict=True)
        yield [_array(values, wanted.get(name)) for name, values in zip(names, columns, strict=True)]


def _array(values: Sequence[Any], kind: pa.DataType | None) -> pa.Array:
    """Values as they are; as texts where their types differ or have no equal in Arrow."""
    try:
        array = pa.array(values, type=kind)
        zoned = pa.types.is_timestamp(array.type) and array.type.tz is not None
        return array.cast(INSTANT) if zoned else array
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return pa.array([_text(value) for value in values], pa.string())


def _text(value: object) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat(" ").removesuffix(" 00:00:00")
        case date():
            return value.isoformat()
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
        case bytes() | memoryview():
            return bytes(value).hex()
        case _:
            return str(value)


def _as_one(chunks: list[list[pa.Array]], names: list[str], wanted: dict[str, pa.DataType]) -> pa.Table:
    if not chunks:
        return pa.table({name: pa.array([], wanted.get(name, pa.string())) for name in names})
    columns = [_column([chunk[place] for chunk in chunks]) for place in range(len(names))]
    return pa.table(columns, names=names)


def _column(parts: list[pa.Array]) -> pa.ChunkedArray:
    """The chunks of one column in one type that holds them all; their texts if there is none."""
    schemas = [pa.schema([pa.field("value", part.type)]) for part in parts]
    try:
        kind = pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        kind = pa.string()
    if pa.types.is_floating(kind) and any(not pa.types.is_floating(part.type) for part in parts):
        kind = pa.string()  # an integer or a decimal would lose digits in it
    if pa.types.is_string(kind) or pa.types.is_decimal256(kind):
        return pa.chunked_array([_texts(part) for part in parts], pa.string())
    return pa.chunked_array([part.cast(kind) for part in parts], kind)


def _texts(part: pa.Array) -> pa.Array:
    if pa.types.is_string(part.type):
        return part
    return pa.array([_text(value) for value in part.to_pylist()], pa.string())
