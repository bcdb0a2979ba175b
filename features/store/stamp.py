"""Many customers' bytes at once: one template, into which keys and values are stamped by array operations."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from features.store.wire import DOUBLE_BYTES, DOUBLE_TAG, Floats

Bytes = npt.NDArray[np.uint8]


class Stamp:
    r"""The bytes of one customer, of which only the key and the values differ from those of the next.

    A null value has no bytes: its nine are left out and the mark of its length says so.

    Example:
        >>> stamp = Stamp(key_bytes=2, empty_mark=ord("0"), mark_back=1)
        >>> stamp.add(b"<").add_key().add(b" 9").add_value().add(b">")
        Stamp(<.. 9.........>)
        >>> stamp.of([b"C1", b"C2"], np.array([[1.0], [np.nan]]))
        b'<C1 9)\x00\x00\x00\x00\x00\x00\xf0?><C2 0>'
    """

    def __init__(self, *, key_bytes: int, empty_mark: int, mark_back: int) -> None:
        """Begins an empty template.

        Args:
            key_bytes: Length of the keys.
            empty_mark: What the mark of a value's length becomes when the value is null.
            mark_back: How many bytes before the value that mark is.
        """
        self._key_bytes = key_bytes
        self._empty_mark, self._mark_back = empty_mark, mark_back
        self._same = bytearray()
        self._keys_at: list[int] = []
        self._values_at: list[int] = []

    def __repr__(self) -> str:
        """The template with a dot for each byte that is stamped."""
        shown = bytearray(self._same)
        for start, width in [(k, self._key_bytes) for k in self._keys_at] + [(v, 9) for v in self._values_at]:
            shown[start : start + width] = b"." * width
        return f"Stamp({shown.decode(errors='replace')})"

    def add(self, raw: bytes) -> "Stamp":
        """Appends what is the same for every customer."""
        self._same += raw
        return self

    def add_key(self) -> "Stamp":
        """Leaves room for the key."""
        self._keys_at.append(len(self._same))
        self._same += bytes(self._key_bytes)
        return self

    def add_value(self) -> "Stamp":
        """Leaves room for the next value; the mark of its length comes shortly before it."""
        self._values_at.append(len(self._same))
        self._same += bytes([DOUBLE_TAG]) + bytes(DOUBLE_BYTES - 1)
        return self

    def of(self, keys: Sequence[bytes], values: Floats) -> bytes:
        """The bytes of all customers, one after the other.

        Args:
            keys: Shape (n,), each of ``key_bytes`` bytes.
            values: Shape (n, k), k as often as ``add_value`` was called; not-a-number is null.
        """
        out = np.tile(np.frombuffer(bytes(self._same), np.uint8), (len(keys), 1))
        if self._keys_at:
            places = np.add.outer(np.array(self._keys_at), np.arange(self._key_bytes))
            out[:, places] = np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), 1, self._key_bytes)
        if not self._values_at:
            return out.tobytes()
        starts = np.array(self._values_at)
        raw = np.ascontiguousarray(values, "<f8").view(np.uint8).reshape(*values.shape, 8)
        out[:, np.add.outer(starts + 1, np.arange(8))] = raw
        empty = np.isnan(values)
        return self._without_empty(out, empty, starts) if empty.any() else out.tobytes()

    def _without_empty(self, out: Bytes, empty: npt.NDArray[np.bool_], starts: npt.NDArray[np.int_]) -> bytes:
        marks = starts - self._mark_back
        lengths = out[:, marks]
        lengths[empty] = self._empty_mark
        out[:, marks] = lengths
        kept = np.ones(out.shape, bool)
        kept[:, np.add.outer(starts, np.arange(DOUBLE_BYTES))] = ~empty[:, :, None]
        return out[kept].tobytes()
