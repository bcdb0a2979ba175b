"""A notebook's pictures and figures: files under one folder, every picture with all that it takes to be read alone."""

import json
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from training.judging.metrics import reliability
from training.judging.rates import rate_interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from training.arrays import Flags, Floats

# Okabe and Ito's palette, told apart by people who do not see red or green.
BLUE: Final = "#0072B2"
SKY: Final = "#56B4E9"
PALE_BLUE: Final = "#BFDDF0"
GREEN: Final = "#009E73"
ORANGE: Final = "#E69F00"
RED: Final = "#D55E00"
PINK: Final = "#CC79A7"
GREY: Final = "#8A8A8A"
PALE: Final = "#D9D9D9"
INK: Final = "#222222"
COLOURS: Final = (BLUE, ORANGE, GREEN, RED, PINK, SKY, GREY)
STYLE: Final[dict[str, Any]] = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.labelsize": 9.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "figure.dpi": 110,
    "figure.titlesize": 12,
    "figure.titleweight": "bold",
    "font.size": 9.5,
    "grid.color": "#E5E5E5",
    "legend.frameon": False,
}
"""How pictures look: pass it to ``matplotlib.rcParams.update``."""
STRETCHED_TICKS: Final = (0.0, 0.02, 0.1, 0.25, 0.5, 1.0)
LETTERS_PER_INCH: Final = 13.5
"""Of the sentence under a picture."""


class PictureError(ValueError):
    """A picture lacks what it takes to be read without the notebook.

    Attributes:
        missing: What it lacks.
    """

    def __init__(self, name: str, missing: str) -> None:
        self.missing = missing
        super().__init__(
            f"The picture {name} has no {missing}: every picture has a title, labelled axes and a reading."
        )


class Album:
    """Where the pictures and figures of one notebook go."""

    def __init__(self, folder: Path, name: str) -> None:
        """Take a folder, which is made when the first file is written.

        Args:
            folder: Folder of the files.
            name: Name of the notebook, with which they all begin.
        """
        self.folder = folder
        self.name = name

    def add(self, figure: "Figure", name: str, *, reading: str) -> Path:
        """Write a picture as PNG, with the sentence that says how to read it under it.

        Args:
            figure: The picture. Each of its axes has a title, or the figure has one, and labels on both axes.
            name: Name of the picture.
            reading: How to read it, in words.

        Returns:
            The file.

        Raises:
            PictureError: It has no title, an axis without a label, or no reading.
        """
        _check(figure, name, reading)
        lines = textwrap.fill(reading, int(figure.get_size_inches()[0] * LETTERS_PER_INCH))
        figure.text(0.01, -0.015, lines, ha="left", va="top", fontsize=9.5, color=INK)
        path = self._path(f"{name}.png")
        figure.savefig(path, bbox_inches="tight", metadata={"Software": None})
        sys.stdout.write(f"{path}\n")
        return path

    def figures(self, values: Mapping[str, Any]) -> Path:
        """Write the figures that the notebook states as JSON.

        Args:
            values: Figure by name, plain values.
        """
        path = self._path("figures.json")
        path.write_text(json.dumps(dict(values), indent=2, default=str) + "\n", encoding="utf-8")
        return path

    def cases(self, rows: pa.Table) -> Path:
        """Write one row per case that was scored as Parquet.

        Args:
            rows: The cases.
        """
        path = self._path("cases.parquet")
        pq.write_table(rows, path)
        return path

    def _path(self, file: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / f"{self.name}-{file}"


def _check(figure: "Figure", name: str, reading: str) -> None:
    if not reading.strip():
        raise PictureError(name, "reading")
    titled = bool(figure.get_suptitle())
    for panel in figure.axes:
        if panel.get_label() == "<colorbar>":
            continue
        if not titled and not panel.get_title(loc="left") and not panel.get_title():
            raise PictureError(name, "title")
        for side, shared in (("x", figure.get_supxlabel()), ("y", figure.get_supylabel())):
            if panel.axison and not shared and not getattr(panel, f"get_{side}label")() and not _joined(panel, side):
                raise PictureError(name, f"label on its {side} axis")


def _joined(panel: Any, side: str) -> bool:
    """Whether the axis is shared with a panel that carries its label."""
    group = getattr(panel, f"get_shared_{side}_axes")().get_siblings(panel)
    return any(getattr(other, f"get_{side}label")() for other in group)


def stretch(panel: Any) -> None:
    """Make both axes of a panel shares from 0 to 1, stretched near zero, where most stated probabilities are.

    Args:
        panel: Axes that show stated probabilities against what came.
    """
    for side in ("x", "y"):
        getattr(panel, f"set_{side}scale")("function", functions=(_root, np.square))
        axis = getattr(panel, f"{side}axis")
        axis.set_ticks(STRETCHED_TICKS)
        axis.set_major_formatter(in_percent)
    panel.set(xlim=(0, 1), ylim=(0, 1))


def draw_reliability(panel: Any, bad: "Flags", lines: "Mapping[str, tuple[Floats, str]]", *, bins: int = 6) -> None:
    """Draw what came against what was stated, with 95 % intervals, on stretched axes with the line where both agree.

    Args:
        panel: Axes to draw on; what they show is written beside them.
        bad: Whether each case turned out bad, shape (n,).
        lines: Label to stated probabilities, shape (n,), and colour.
        bins: Of equal size, as far as ties allow.
    """
    for label, (stated, colour) in lines.items():
        table = reliability(bad, stated, bins=bins)
        said, came = np.array([row.mean_probability for row in table]), np.array([row.rate for row in table])
        low, high = np.array([rate_interval(row.n, row.bad) for row in table]).T
        span = [came - low, high - came]
        panel.errorbar(said, came, yerr=span, fmt="o-", color=colour, capsize=2, ms=4, label=label)
    panel.plot([0, 1], [0, 1], color=INK, lw=0.8, ls=":")
    panel.set(xlabel="stated, mean of the bin", ylabel="came, share of the bin")
    stretch(panel)


def _root(share: "NDArray[np.float64]") -> "NDArray[np.float64]":
    return np.sqrt(np.maximum(share, 0.0))


def short(amount: float) -> str:
    """An amount of money as people say it.

    Example:
        >>> short(1_234_567), short(45_300), short(0), short(-2_500)
        ('1.2 M', '45 k', '0', '-2.5 k')
    """
    for unit, size in (("bn", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(amount) >= size:
            scaled = amount / size
            return f"{scaled:.0f} {unit}" if abs(scaled) >= 10 else f"{scaled:.1f} {unit}"
    return f"{amount:.0f}"


def in_money(value: float, _: object = None) -> str:
    """The same as a formatter of an axis."""
    return short(value)


def in_percent(value: float, _: object = None) -> str:
    """A share as a formatter of an axis.

    Example:
        >>> in_percent(0.125), in_percent(0.4), in_percent(0.0025), in_percent(0.00001)
        ('12.5 %', '40 %', '0.25 %', '< 0.01 %')
    """
    return "< 0.01 %" if 0 < value < 0.0001 else f"{100 * value:.3g} %"
