"""Feast's bytes, made and read without Feast's objects: entity keys, values and field names.

Feast (0.67) builds a Python message per value, which is four fifths of the time of its writes. The bytes are few and
plain, so arrays make them here at once; tests hold them equal to Feast's own. The layout is the one of entity key
serialization version 3.
"""

import struct
from collections.abc import Sequence
from typing import Any, Final

import mmh3
import numpy as np
import numpy.typing as npt

from features.store.definitions import CUSTOMER_ID

Floats = npt.NDArray[np.float64]

STRING: Final = 2  # feast.types.ValueType.STRING
DOUBLE_TAG: Final = 0x29  # field 5 (double_val), eight bytes follow
INT_TAG: Final = 0x20  # field 4 (int64_val), a varint follows
DOUBLE_BYTES: Final = 9
_NAME: Final = CUSTOMER_ID.encode()
KEY_PREFIX: Final = struct.pack("<III", 1, STRING, len(_NAME)) + _NAME
"""What every entity key begins with: one join key, and its name."""


class NotOurBytesError(ValueError):
    """A stored value is of a kind that this store never writes."""

    def __init__(self, found: bytes) -> None:
        super().__init__(
            f"The online store holds the value {found[:12].hex()}, which is no double: somebody else wrote to it. "
            "Run `o2c-risk features refresh` to write all customers anew"
        )
        self.found = found


def entity_key(customer_id: str) -> bytes:
    """Feast's key of a customer, without the project.

    Example:
        >>> entity_key("C1").hex()
        '01000000020000000b000000637573746f6d65725f696402000000020000004331'
    """
    text = customer_id.encode()
    return KEY_PREFIX + struct.pack("<II", STRING, len(text)) + text


def customer_of(key: bytes) -> str:
    """The customer of an entity key; what follows the identifier (Redis: the project) is left out.

    Example:
        >>> customer_of(entity_key("Zoë") + b"project")
        'Zoë'
    """
    start = len(KEY_PREFIX) + 8
    length = int.from_bytes(key[start - 4 : start], "little")
    return key[start : start + length].decode()


def field_name(view: str, feature: str) -> bytes:
    """Name of a feature's field in a Redis hash: four bytes of murmur3.

    Example:
        >>> field_name("customer_facts", "open_count").hex()
        'a8041454'
    """
    return struct.pack("<I", mmh3.hash(f"{view}:{feature}", signed=False))


def double_value(value: float | None) -> bytes:
    """Feast's value of a nullable float; null is no bytes at all.

    Example:
        >>> double_value(1.0).hex(), double_value(None)
        ('29000000000000f03f', b'')
    """
    return b"" if value is None or value != value else bytes([DOUBLE_TAG]) + struct.pack("<d", value)


def int_value(value: int) -> bytes:
    """Feast's value of a whole number.

    Example:
        >>> int_value(300).hex(), int_value(-1).hex()
        ('20ac02', '20ffffffffffffffffff01')
    """
    return bytes([INT_TAG]) + _varint(value)


def timestamp(us: int) -> bytes:
    """A protobuf timestamp, as the ``_ts`` fields of Redis hold it.

    Args:
        us: Microseconds since 1970.

    Example:
        >>> timestamp(1_000_005).hex()
        '0801108827'
    """
    seconds, nanos = us // 1_000_000, us % 1_000_000 * 1000
    return (b"\x08" + _varint(seconds) if seconds else b"") + (b"\x10" + _varint(nanos) if nanos else b"")


def timestamp_us(stored: bytes) -> int:
    """Microseconds since 1970 of a stored timestamp.

    Example:
        >>> timestamp_us(timestamp(2_000_007))
        2000007
    """
    parts, rest = {0x08: 0, 0x10: 0}, stored
    while rest:
        tag = rest[0]
        parts[tag], rest = _read_varint(rest[1:])
    return parts[0x08] * 1_000_000 + parts[0x10] // 1000


def _varint(value: int) -> bytes:
    left, out = value & 0xFFFF_FFFF_FFFF_FFFF, bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)


def _read_varint(stored: bytes) -> tuple[int, bytes]:
    value = 0
    for place, byte in enumerate(stored):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value - (1 << 64) if value >> 63 else value, stored[place + 1 :]
    raise NotOurBytesError(stored)


def read_int(stored: bytes | None) -> int | None:
    """The whole number of a stored value, None where there is none.

    Raises:
        NotOurBytesError: It is of another kind.
    """
    if not stored:
        return None
    if stored[0] != INT_TAG:
        raise NotOurBytesError(stored)
    return _read_varint(stored[1:])[0]


def read_doubles(stored: Sequence[bytes | None]) -> Floats:
    """The floats of stored values, not-a-number where there is none.

    Args:
        stored: Shape (n,), any of them None or empty.

    Raises:
        NotOurBytesError: One is of another kind.

    Example:
        >>> read_doubles([double_value(1.5), b"", None])
        array([1.5, nan, nan])
    """
    joined = b"".join([value or _NAN for value in stored])
    if len(joined) != DOUBLE_BYTES * len(stored):
        raise NotOurBytesError(next(value for value in stored if value and len(value) != DOUBLE_BYTES))
    table = np.frombuffer(joined, _DOUBLE)
    if (strange := np.flatnonzero(table["tag"] != DOUBLE_TAG)).size:
        raise NotOurBytesError(stored[int(strange[0])] or b"")
    return np.ascontiguousarray(table["value"])


_NAN: Final = bytes([DOUBLE_TAG]) + struct.pack("<d", float("nan"))
_DOUBLE: Final = np.dtype([("tag", "u1"), ("value", "<f8")])


def doubles(values: Floats) -> list[bytes]:
    """Feast's values of floats, row by row; not-a-number is null.

    Args:
        values: Any shape, n numbers in all.

    Returns:
        Shape (n,).
    """
    out = np.empty(values.size, _DOUBLE)
    out["tag"], out["value"] = DOUBLE_TAG, values.ravel()
    found: list[Any] = out.view("V9").tolist()
    for place in np.flatnonzero(np.isnan(values.ravel())).tolist():
        found[place] = b""
    return found
