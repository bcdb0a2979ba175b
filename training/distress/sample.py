"""The sample that a model of distress learns from: companies' ratios and whether they went bankrupt."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from training.arrays import Flags, Floats
from training.distress.attributes import known_attributes

HORIZONS: Final = {"5year.arff": 1, "4year.arff": 2, "3year.arff": 3, "2year.arff": 4, "1year.arff": 5}
"""File to the years within which a bankruptcy counts: the files count years from the first of a five-year forecast."""
WITHIN_A_YEAR: Final = "5year.arff"
MISSING: Final = "?"


class SampleError(ValueError):
    """A file that is not as the Polish bankruptcy files are.

    Attributes:
        file: The file.
    """

    def __init__(self, file: Path, found: str) -> None:
        self.file = file
        super().__init__(
            f"{file.name}: {found}. Wanted is a file of the UCI data set 365 as it is published: the attributes "
            f"Attr1 to Attr{len(known_attributes().attributes)} and class, then one company in a line."
        )


@dataclass(frozen=True)
class Sample:
    """Companies, one per place in every array, in the order of the file.

    Attributes:
        file: Name of the file they were read from.
        columns: Attribute to values, shape (n,) each, float64, NaN where the file states none.
        bad: Shape (n,): whether the company went bankrupt within the horizon.
        horizon_years: Years of the horizon.
        duplicates: How many lines were left out because an earlier one was equal in every word.
    """

    file: str
    columns: dict[str, Floats]
    bad: Flags
    horizon_years: int
    duplicates: int

    def __len__(self) -> int:
        return len(self.bad)

    @property
    def rate(self) -> float:
        """Share that went bankrupt, in [0, 1]."""
        return float(self.bad.mean())

    def matrix(self) -> Floats:
        """All attributes side by side, shape (n, 64)."""
        return np.column_stack(list(self.columns.values()))

    def features(self) -> dict[str, Floats]:
        """The product's features that the attributes are, shape (n,) each."""
        table = known_attributes()
        return {
            feature: self.columns[name] - table.attributes[name].less for feature, name in sorted(table.matched.items())
        }


def read_sample(folder: Path, file: str = WITHIN_A_YEAR) -> Sample:
    r"""Read one file; lines equal in every word, the outcome included, are kept once.

    Args:
        folder: Folder of the files.
        file: Name of one of them; it decides the horizon.

    Raises:
        SampleError: The file is missing, or not as published.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> names = [*(f"@attribute Attr{n} numeric" for n in range(1, 65)), "@attribute class {0,1}"]
        >>> line = ",".join(["0.5"] * 63 + ["?", "1"])
        >>> with TemporaryDirectory() as folder:
        ...     text = "\n".join(["@relation x", *names, "@data", line, line])
        ...     written = (Path(folder) / "5year.arff").write_text(text)
        ...     found = read_sample(Path(folder))
        >>> len(found), found.duplicates, found.rate, float(found.columns["Attr64"][0])
        (1, 1, 1.0, nan)
    """
    path = folder / file
    if file not in HORIZONS or not path.is_file():
        allowed = ", ".join(sorted(HORIZONS))
        raise SampleError(path, f"there is no such file in {folder}; it is one of {allowed}")
    names, lines = _parts(path)
    rows = [_row(path, line) for line in dict.fromkeys(lines)]
    values = np.array([row[:-1] for row in rows], dtype=np.float64)
    return Sample(
        file=file,
        columns={name: np.ascontiguousarray(values[:, place]) for place, name in enumerate(names)},
        bad=np.array([row[-1] == 1.0 for row in rows], dtype=np.bool_),
        horizon_years=HORIZONS[file],
        duplicates=len(lines) - len(rows),
    )


def _parts(path: Path) -> tuple[list[str], list[str]]:
    """Names of the attributes, and the lines of data."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if line and not line.startswith("%")]
    starts = [place for place, line in enumerate(lines) if line.lower() == "@data"]
    names = [name for line in lines[: starts[0] if starts else 0] for name in _declared(line)]
    wanted = [*known_attributes().attributes, "class"]
    if names != wanted:
        raise SampleError(path, f"it declares {len(names)} attributes, of which {len(set(names) & set(wanted))} fit")
    if starts[0] + 1 == len(lines):
        raise SampleError(path, "it holds no company")
    return names[:-1], lines[starts[0] + 1 :]


def _declared(line: str) -> Iterator[str]:
    words = line.split()
    if len(words) >= 3 and words[0].lower() == "@attribute":
        yield words[1]


def _row(path: Path, line: str) -> list[float]:
    words = [word.strip() for word in line.split(",")]
    if len(words) != len(known_attributes().attributes) + 1 or words[-1] not in ("0", "1"):
        raise SampleError(path, f"a line has {len(words)} values and ends in {words[-1][:20]!r}, not in 0 or 1")
    try:
        return [np.nan if word == MISSING else _finite(word) for word in words]
    except ValueError as error:
        raise SampleError(path, f"a value is no number: {error}") from None


def _finite(word: str) -> float:
    number = float(word)
    if not np.isfinite(number):
        raise ValueError(word)
    return number
