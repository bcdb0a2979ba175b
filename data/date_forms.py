"""How dates are written: strptime forms, the texts that they allow, and which of them contradict each other."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

ISO_DAY: Final = "%Y-%m-%d"
ISO_INSTANT: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?( ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?))?)?"
)
"""A day, or a day and a time, with or without a zone."""

_LETTERS: Final = "[A-Za-z]{3,12}[.]?"
_WIDTHS: Final = {
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}",
    "m": "[0-9]{N,2}",
    "d": "[0-9]{N,2}",
    "H": "[0-9]{N,2}",
    "M": "[0-9]{N,2}",
    "S": "[0-9]{N,2}",
    "I": "[0-9]{N,2}",
    "j": "[0-9]{3}",
    "f": "[0-9]{1,6}",
    "b": _LETTERS,
    "B": _LETTERS,
    "a": _LETTERS,
    "A": _LETTERS,
    "p": "[AaPp][Mm]",
    "z": "([+-][0-9]{2}:?[0-9]{2}|Z)",
    "%": "%",
}
# Days on which day, month and two-digit year cannot be told apart by their size.
_PROBES: Final = (date(2009, 10, 11), date(2012, 11, 10), date(2011, 12, 9), date(2010, 9, 12), date(2001, 2, 3))


def shape_of(form: str) -> str:
    """The regular expression of the texts that a form allows.

    A parser alone is too willing: it reads year 19 into ``5/4/19`` and a ninth month into ``2019045``. Here a year
    has four digits (``%Y``) or two (``%y``), and a part without a separator has all its digits.

    Args:
        form: strptime form.

    Raises:
        ValueError: The form has a directive that is not known, or no day.

    Example:
        >>> shape_of("%d/%m/%Y")
        '[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}'
        >>> shape_of("%Y%m%d.0")
        '[0-9]{4}[0-9]{2,2}[0-9]{2,2}[.]0'
    """
    parts = list(_parts(form))
    names = {letter for letter, _ in parts if letter}
    if not ({"d", "j"} & names and {"Y", "y"} & names and {"m", "b", "B", "j"} & names) and names != {"Y", "m"}:
        raise ValueError(f"the form {form!r} names no whole date: it needs a year, a month and a day (%Y-%m-%d)")
    neighbours = [bool(letter) for letter, _ in parts]
    texts = []
    for place, (letter, text) in enumerate(parts):
        touches = (place > 0 and neighbours[place - 1]) or (place + 1 < len(parts) and neighbours[place + 1])
        texts.append(_WIDTHS[letter].replace("N", "2" if touches else "1") if letter else _escaped(text))
    return "".join(texts)


def _escaped(text: str) -> str:
    return "".join(
        f"[{char}]" if char in ".+*?()|{}$" else re.escape(char) if char in "[]^\\" else char for char in text
    )


def _parts(form: str) -> Iterator[tuple[str, str]]:
    """Directives as (letter, "") and the texts between them as ("", text)."""
    for found in re.finditer(r"%(?:-)?(.)|([^%]+)|%", form):
        letter, text = found.group(1), found.group(2)
        if text is not None:
            yield "", text
        elif letter is None or letter not in _WIDTHS:
            raise ValueError(f"the form {form!r} has {found.group(0)!r}, which is none of {', '.join(sorted(_WIDTHS))}")
        else:
            yield letter, ""


def contradiction(forms: Sequence[str]) -> str | None:
    """Why several forms cannot stand side by side: one text would be two days; None if they can.

    Example:
        >>> contradiction(["%d/%m/%Y", "%m/%d/%Y"])
        "'%d/%m/%Y' and '%m/%d/%Y' read one text as two days: 11/10/2009"
        >>> contradiction(["%Y-%m-%d", "%d.%m.%Y", "%Y%m%d"]) is None
        True
    """
    for place, one in enumerate(forms):
        for other in forms[place + 1 :]:
            for probe in _PROBES:
                text = probe.strftime(one)
                if re.fullmatch(shape_of(other), text) and _parsed(text, other) not in (probe, None):
                    return f"{one!r} and {other!r} read one text as two days: {text}"
    return None


def _parsed(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()  # noqa: DTZ007 (a business day has no zone)
    except ValueError:
        return None
