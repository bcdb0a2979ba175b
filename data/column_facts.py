"""What the values of an unknown column are: days and how they are written, amounts, identifiers, words."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from data.date_forms import ISO_DAY, contradiction, shape_of

FORMS: Final = (
    ISO_DAY, "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m.%d.%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%m.%d.%y", "%d-%m-%y", "%m-%d-%y",
    "%d-%b-%Y", "%d %b %Y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y",
    "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S",
    "%Y-%m",
)  # fmt: skip
DAY_FIRST: Final = tuple(form for form in FORMS if form.startswith("%d"))
_SHAPES: Final = {form: re.compile(shape_of(form)) for form in FORMS}
_YEARS: Final = range(1900, 2101)
_MOST_LOOKED_AT: Final = 3_000  # distinct values of a column
NUMBER: Final = re.compile(r"-?[0-9][0-9.,'\u2019 \u00a0\u202f]*-?")
POINT_ZERO: Final = re.compile(r"[0-9]+[.,]0+")
CURRENCIES: Final = frozenset(
    {
        "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP", "HKD",
        "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KRW", "KWD", "MAD", "MXN", "MYR", "NOK", "NZD", "PEN", "PHP", "PLN",
        "QAR", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "UYU", "VND", "ZAR",
    }
)  # fmt: skip
"""Codes by which a column of currencies is known; a rarer one is found by the column's name only."""


@dataclass(frozen=True)
class ColumnFacts:
    """What a column holds, from a sample.

    Attributes:
        name: Its name in the file.
        rows: Number of rows looked at.
        filled: How many of them hold a value.
        distinct: Number of different values.
        day_forms: strptime forms that read its values as days; empty if they are none.
        day_share: Part of the values that they read, in [0, 1].
        other_forms: Forms that read as much, with day and month changed round: which is meant cannot be seen.
        whole_number: Its values are whole numbers written with a ``.0``.
        is_number: All values are numbers.
        negatives: Number of values below zero.
        marks: Votes for (decimal mark, thousands mark) that the numbers leave possible.
        is_currency: All values are ISO 4217 codes of the larger currencies.
        is_code: All values are three capital letters.
        pad_to: Width to which texts of digits have to be filled so that those with and without zeros are equal.
        leading_zeros: Number of values of digits that begin with a zero.
        words: The most frequent values, where there are few.
        longest: Length of the longest value.
    """

    name: str
    rows: int
    filled: int
    distinct: int
    day_forms: tuple[str, ...] = ()
    day_share: float = 0.0
    other_forms: tuple[str, ...] = ()
    whole_number: bool = False
    is_number: bool = False
    negatives: int = 0
    marks: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    is_currency: bool = False
    is_code: bool = False
    pad_to: int | None = None
    leading_zeros: int = 0
    words: tuple[str, ...] = ()
    longest: int = 0

    @property
    def is_day(self) -> bool:
        """Whether nearly all values are days."""
        return self.day_share >= 0.9

    @property
    def is_unique(self) -> bool:
        """Whether each row has a value of its own."""
        return self.rows > 0 and self.distinct == self.rows


def facts_of(name: str, values: Iterable[str | None]) -> ColumnFacts:
    """Look at the values of a column.

    Args:
        name: Its name.
        values: Texts, empty or None where there is none, shape (n_rows,).

    Example:
        >>> found = facts_of("KUNNR", ["0200769623", "200769623"])
        >>> (found.pad_to, found.leading_zeros, found.is_day)
        (10, 1, False)
        >>> facts_of("due", ["20190405.0"]).day_forms, facts_of("due", ["31/12/2024"]).day_forms
        (('%Y%m%d',), ('%d/%m/%Y',))
    """
    texts = [(value or "").strip() for value in values]
    counts = Counter(text for text in texts if text)
    looked = [text for text, _ in counts.most_common(_MOST_LOOKED_AT)]
    whole = bool(looked) and all(POINT_ZERO.fullmatch(text) for text in looked)
    plain = [re.split("[.,]", text)[0] for text in looked] if whole else looked
    forms, share, other = _days(plain)
    digits = [text for text in plain if text.isdigit()]
    zeros = sum(text.startswith("0") and len(text) > 1 for text in digits)
    is_number = bool(looked) and all(NUMBER.fullmatch(text) for text in looked)
    return ColumnFacts(
        name=name,
        rows=len(texts),
        filled=counts.total(),
        distinct=len(counts),
        day_forms=forms,
        day_share=share,
        other_forms=other,
        whole_number=whole,
        is_number=is_number,
        negatives=sum(text.startswith("-") or text.endswith("-") for text in looked) if is_number else 0,
        marks=_marks(looked) if is_number else Counter(),
        is_currency=bool(looked) and set(looked) <= CURRENCIES,
        is_code=bool(looked) and all(re.fullmatch("[A-Z]{3}", text) for text in looked),
        pad_to=_width(digits) if zeros else None,
        leading_zeros=zeros,
        words=tuple(text for text, _ in counts.most_common(6)) if len(counts) <= 6 else (),
        longest=max(map(len, looked), default=0),
    )


def _width(digits: Sequence[str]) -> int | None:
    """The width of zero-filled numbers, where some came without their zeros."""
    lengths = {len(text) for text in digits}
    widest = max(lengths)
    filled = any(len(text) == widest and text.startswith("0") for text in digits)
    return widest if filled and len(lengths) > 1 else None


def _days(texts: Sequence[str]) -> tuple[tuple[str, ...], float, tuple[str, ...]]:
    """Forms that together read the most values; their share; and those that read as much the other way round."""
    if not texts:
        return (), 0.0, ()
    left, forms, other = set(texts), list[str](), list[str]()
    while left:
        read = {form: {text for text in left if reads(text, form)} for form in FORMS}
        best = max(FORMS, key=lambda form: len(read[form]))
        if not read[best] or contradiction([*forms, best]):
            break
        turned = [form for form in FORMS if form != best and read[form] == read[best] and _is_turned(form, best)]
        forms.append(best)
        other += turned
        left -= read[best]
    share = 1 - len(left) / len(texts)
    return (tuple(forms), share, tuple(other)) if share >= 0.5 else ((), share, ())


def _is_turned(one: str, other: str) -> bool:
    return sorted(one) == sorted(other) and one != other and "%b" not in one


def reads(text: str, form: str) -> bool:
    """Whether a text is a day of this century or the last in the form.

    Example:
        >>> reads("31/12/2024", "%d/%m/%Y"), reads("31/12/2024", "%m/%d/%Y"), reads("5/4/19", "%d/%m/%Y")
        (True, False, False)
    """
    if not _SHAPES[form].fullmatch(text):
        return False
    try:
        return datetime.strptime(text, form).year in _YEARS  # noqa: DTZ007 (only looked at)
    except ValueError:
        return False


def _marks(texts: Sequence[str]) -> Counter[tuple[str, str | None]]:
    """Which pairs of decimal and thousands mark read each text; one vote per text that some pair does not read."""
    pairs: tuple[tuple[str, str | None], ...] = (
        (".", None), (",", None), (",", "."), (".", ","), (",", " "), (".", " "), (".", "'"), (",", "'"),
    )  # fmt: skip
    votes: Counter[tuple[str, str | None]] = Counter()
    for text in texts:
        fitting = [pair for pair in pairs if is_number(text, *pair)]
        if len(fitting) < len(pairs):
            votes.update(fitting)
    return votes


def is_number(text: str, decimal_mark: str, thousands_mark: str | None) -> bool:
    """Whether a text is a number by these marks, groups of three being strict.

    Example:
        >>> is_number("1.234,50", ",", "."), is_number("1.23,50", ",", "."), is_number("1234,5", ",", None)
        (True, False, True)
    """
    mark = re.escape(decimal_mark)
    whole = "[0-9]+"
    if thousands_mark is not None:
        group = {" ": "[ \u00a0\u202f]", "'": "['\u2019]"}.get(thousands_mark, re.escape(thousands_mark))
        whole = f"([0-9]{{1,3}}({group}[0-9]{{3}})+|[0-9]+)"
    return re.fullmatch(f"-?{whole}({mark}[0-9]+)?-?", text) is not None
