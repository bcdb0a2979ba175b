"""Arrow columns straight from numpy arrays, and the random streams behind them.

Identifiers have a fixed width and money is a whole number of cents, so both can be laid out as Arrow
buffers without a Python object per row: ten million rows cost a second, not a minute.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.contracts import INSTANT, MONEY, RATE, Contract

Days = npt.NDArray[np.int32]
"""Days since 1970-01-01, as Arrow's date32 counts them."""
Cents = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.integer]
Flags = npt.NDArray[np.bool_]

NEVER: Final = 60_000
"""A day after every other (in 2134): it does not happen. It becomes null in a column."""
SOURCE: Final = "SIM"
MORNING: Final = 9 * 3_600
"""Seconds after midnight, UTC."""
NOON: Final = 12 * 3_600
CLOSE_OF_BUSINESS: Final = 17 * 3_600
DAY_US: Final = 86_400_000_000
CENT: Final = 100
"""Units of the fourth decimal place in a cent."""


def stream(seed: int, name: str) -> np.random.Generator:
    """The random stream called ``name``: the same for a seed whatever else is drawn.

    Example:
        >>> bool(stream(7, "due").random() == stream(7, "due").random())
        True
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode())])))


def identifiers(prefix: str, numbers: Indices, digits: int, missing: Flags | None = None) -> pa.Array:
    """Identifiers such as ``C000123``.

    Args:
        prefix: One ASCII letter.
        numbers: Shape (n,), each below ``10 ** digits``.
        digits: Width of the number.
        missing: Shape (n,), True where there is none; those become null.

    Example:
        >>> identifiers("C", np.array([1, 23]), 6).to_pylist()
        ['C000001', 'C000023']
    """
    width = digits + 1
    text = np.empty((len(numbers), width), np.uint8)
    text[:, 0] = ord(prefix)
    rest = numbers.astype(np.int32)
    for place in range(digits, 0, -1):
        rest, text[:, place] = np.divmod(rest, 10)
    text[:, 1:] += ord("0")
    offsets = np.arange(0, (len(numbers) + 1) * width, width, dtype=np.int32)
    buffers = [_validity(missing), pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.string(), len(numbers), buffers)


def _validity(missing: Flags | None) -> pa.Buffer | None:
    if missing is None or not missing.any():
        return None
    return pa.py_buffer(np.packbits(~missing, bitorder="little"))


def decimals(units: npt.NDArray[np.int64], kind: pa.DataType, missing: Flags | None = None) -> pa.Array:
    """Decimals of 128 bits from whole units of their last place.

    Args:
        units: Shape (n,).
        kind: The Arrow type.
        missing: Shape (n,), True where the value is not known.
    """
    # Little-endian: the low word is the number, the high word its sign.
    words = np.empty((len(units), 2), np.int64)
    words[:, 0] = units
    words[:, 1] = units >> 63
    return pa.Array.from_buffers(kind, len(units), [_validity(missing), pa.py_buffer(words)])


def money(cents: Cents, missing: Flags | None = None) -> pa.Array:
    """Amounts as the contracts keep them, from whole cents.

    Example:
        >>> money(np.array([1250, -1]), np.array([False, False])).to_pylist()
        [Decimal('12.5000'), Decimal('-0.0100')]
    """
    return decimals(cents.astype(np.int64) * CENT, MONEY, missing)


def whole_cents(amounts: Floats) -> Cents:
    """Amounts in currency units as cents, halves to even."""
    return np.rint(amounts * 100).astype(np.int64)


def rate(millionths: npt.NDArray[np.int64], missing: Flags | None = None) -> pa.Array:
    """Rates and scores with six decimal places."""
    return decimals(millionths.astype(np.int64), RATE, missing)


def _plain(kind: pa.DataType, values: npt.NDArray[Any], missing: Flags | None = None) -> pa.Array:
    """A column that Arrow lays out as numpy does."""
    return pa.Array.from_buffers(kind, len(values), [_validity(missing), pa.py_buffer(np.ascontiguousarray(values))])


def days(numbers: Days) -> pa.Array:
    """Dates; ``NEVER`` becomes null.

    Example:
        >>> days(np.array([0, NEVER], dtype=np.int32)).to_pylist()
        [datetime.date(1970, 1, 1), None]
    """
    return _plain(pa.date32(), numbers.astype(np.int32), numbers >= NEVER)


def instants(numbers: Days, seconds: Indices) -> pa.Array:
    """Instants in UTC: a day and the seconds after its midnight."""
    return _plain(INSTANT, numbers.astype(np.int64) * DAY_US + seconds.astype(np.int64) * 1_000_000)


def noon(numbers: Days) -> pa.Array:
    """Noon of each day, UTC."""
    return instants(numbers, np.full(len(numbers), NOON))


def seconds_from(rng: np.random.Generator, rows: int, opening: int) -> Indices:
    """Seconds after midnight within the hour that begins at ``opening``."""
    return rng.integers(opening, opening + 3_600, rows, dtype=np.int32)


def flags(values: Flags) -> pa.Array:
    """Booleans, none missing."""
    bits = pa.py_buffer(np.packbits(values, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, bits])


def counts(values: Indices, missing: Flags | None = None) -> pa.Array:
    """Whole numbers."""
    return _plain(pa.int64(), values.astype(np.int64), missing)


def numbers(values: Floats) -> pa.Array:
    """Floating-point numbers; NaN becomes null."""
    return _plain(pa.float64(), values.astype(np.float64), np.isnan(values))


def choice(codes: Indices, names: Sequence[str | None]) -> pa.Array:
    """Texts from their positions in ``names``; a name of None becomes null.

    Example:
        >>> choice(np.array([1, 0]), ["SMALL", "LARGE"]).to_pylist()
        ['LARGE', 'SMALL']
    """
    return pa.array(names, pa.string()).take(_plain(pa.int32(), codes.astype(np.int32)))


def same(text: str, rows: int) -> pa.Array:
    """One text in every row."""
    return pa.repeat(pa.scalar(text, pa.string()), rows)


def shaped(contract: Contract, columns: Mapping[str, pa.Array], known_at: pa.Array) -> pa.Table:
    """A table with exactly the columns of the contract, in its order.

    Args:
        contract: What the table is.
        columns: Columns by name; one that may be unknown and is not given is null, and nothing is withdrawn unless
            ``is_deleted`` is given.
        known_at: When each row was known.

    Raises:
        KeyError: A column of the contract is not given although it must be.
    """
    rows = len(known_at)
    given = {"is_deleted": pa.repeat(False, rows), **columns, "known_at": known_at, "source": same(SOURCE, rows)}
    absent = {c.name: pa.nulls(rows, c.type) for c in contract.columns if c.nullable and c.name not in given}
    return pa.Table.from_arrays([(given | absent)[name] for name in contract.names], schema=contract.schema)
