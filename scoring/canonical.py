"""JSON with one spelling: equal values give equal bytes, so that a hash of them means something."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any


def canonical_json(value: Any) -> bytes:
    r"""UTF-8 JSON of ``value`` with sorted keys, ``repr`` floats and a final newline.

    Decimals become text, so that money keeps its places; dates, as values or keys, become ISO text.

    Args:
        value: Mappings, sequences, text, numbers, ``Decimal``, ``date``, ``None``.

    Raises:
        ValueError: A number is not finite: JSON has no spelling for it.
        TypeError: A value of another type.

    Example:
        >>> canonical_json({"b": Decimal("0.10"), "a": [1.0, None]})
        b'{\n  "a": [\n    1.0,\n    null\n  ],\n  "b": "0.10"\n}\n'
    """
    text = json.dumps(_plain(value), sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8") + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_text(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (Decimal, date)):
        return _text(value)
    return value


def _text(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (str, Decimal)):
        return str(value)
    raise TypeError(f"a JSON key must be text, a number in text or a date, got {value!r}")
