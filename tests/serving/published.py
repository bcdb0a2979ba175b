"""Whether an answer is as the published description says: JSON Schema, read without any code of the service.

Only the keywords that the description uses are known here; another one is an error, so that none goes unchecked.
"""

import re
from datetime import date, datetime

SAID = {"title", "description", "default"}
TYPES = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
FORMATS = {"date": date.fromisoformat, "date-time": datetime.fromisoformat}


def schema_of(described, path, response):
    """The schema that a description states for the answer that came."""
    (operation,) = described["paths"][path].values()
    told = operation["responses"][str(response.status_code)]["content"]
    return told[response.headers["content-type"]]["schema"]


def faults(described, schema, value, where="$"):
    """What is wrong with a value, a line of text for each fault."""
    found = []
    for keyword, said in schema.items():
        if keyword in SAID:
            continue
        if keyword == "anyOf":
            every = [faults(described, one, value, where) for one in said]
            found += [] if [] in every else [fault for one in every for fault in one]
        elif keyword == "$ref":
            name = said.removeprefix("#/components/schemas/")
            found += faults(described, described["components"]["schemas"][name], value, where)
        else:
            found += CHECKS[keyword](described, schema, said, value, where)
    return found


def _properties(described, schema, said, value, where):
    if not isinstance(value, dict):
        return []
    return [
        fault
        for name in said.keys() & value.keys()
        for fault in faults(described, said[name], value[name], f"{where}.{name}")
    ]


def _additional(described, schema, said, value, where):
    if not isinstance(value, dict):
        return []
    others = value.keys() - schema.get("properties", {}).keys()
    if said is False:
        return [f"{where}.{name}: is not described" for name in sorted(others)]
    return [fault for name in others for fault in faults(described, said, value[name], f"{where}.{name}")]


def _items(described, schema, said, value, where):
    if not isinstance(value, list):
        return []
    return [fault for place, one in enumerate(value) for fault in faults(described, said, one, f"{where}[{place}]")]


def _format(described, schema, said, value, where):
    try:
        FORMATS[said](value)
    except (TypeError, ValueError):
        return [f"{where}: {value!r} is no {said}"]
    return []


def _simple(right, words):
    """A check of one value by what its keyword says; of another type than the keyword speaks of, it holds."""

    def check(described, schema, said, value, where):
        return [] if right(value, said) else [f"{where}: {value!r} {words} {said!r}"]

    return check


def _number(value):
    return TYPES["number"](value)


CHECKS = {
    "type": _simple(lambda value, said: TYPES[said](value), "is no"),
    "const": _simple(lambda value, said: value == said, "is not"),
    "enum": _simple(lambda value, said: value in said, "is none of"),
    "pattern": _simple(lambda value, said: not isinstance(value, str) or re.search(said, value), "is not written as"),
    "minimum": _simple(lambda value, said: not _number(value) or value >= said, "is below"),
    "maximum": _simple(lambda value, said: not _number(value) or value <= said, "is above"),
    "exclusiveMinimum": _simple(lambda value, said: not _number(value) or value > said, "is not above"),
    "exclusiveMaximum": _simple(lambda value, said: not _number(value) or value < said, "is not below"),
    "minItems": _simple(lambda value, said: not isinstance(value, list) or len(value) >= said, "has fewer than"),
    "maxItems": _simple(lambda value, said: not isinstance(value, list) or len(value) <= said, "has more than"),
    "required": _simple(lambda value, said: not isinstance(value, dict) or set(said) <= value.keys(), "lacks one of"),
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "format": _format,
}
