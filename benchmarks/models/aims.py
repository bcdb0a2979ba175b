"""The table of aims: what was wanted, what was measured, whether it was reached."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

WIDTHS: Final = (46, 62, 12)


@dataclass(frozen=True)
class Line:
    """One aim.

    Attributes:
        aim: What was wanted.
        measured: What was measured, with its interval.
        reached: Whether it was reached; None where it was no yes or no.
    """

    aim: str
    measured: str
    reached: bool | None = None

    @property
    def verdict(self) -> str:
        """In words."""
        return "" if self.reached is None else "reached" if self.reached else "not reached"


def figure(found: dict[str, Any], *, signed: bool = False, places: int = 4) -> str:
    """A figure with its interval.

    Example:
        >>> figure({"value": 0.01234, "low": -0.001, "high": 0.02}, signed=True, places=3)
        '+0.012 [-0.001, +0.020]'
    """
    form = f"{'+' if signed else ''}.{places}f"
    return f"{found['value']:{form}} [{found['low']:{form}}, {found['high']:{form}}]"


def table(lines: Sequence[Line]) -> str:
    """The lines as text of fixed width.

    Example:
        >>> print(table([Line("a pony", "none", False)]).splitlines()[-1].split("  ")[0])
        a pony
    """
    rows = [("aim", "measured", ""), *((line.aim, line.measured, line.verdict) for line in lines)]
    return "\n".join(_row(row) for row in rows)


def _row(cells: Sequence[str]) -> str:
    wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, WIDTHS, strict=True)]
    height = max(map(len, wrapped))
    filled = [[*lines, *[""] * (height - len(lines))] for lines in wrapped]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(line, WIDTHS, strict=True)).rstrip()
        for line in zip(*filled, strict=True)
    ]
    return "\n".join(lines)
