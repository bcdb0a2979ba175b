"""The rows of an extract as they were read, and what is wrong with a file that cannot be."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa


class SourceFileError(ValueError):
    """A file of an extract that cannot be read as its mapping says."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(f"{file}: {problem}")
        self.file = file


class Ragged(NamedTuple):
    """A record with another number of values than the header.

    Attributes:
        file: Name of its file.
        line: Where it stands in it.
        text: What it said.
    """

    file: str
    line: int
    text: str


@dataclass(frozen=True)
class SourceFile:
    """What a file holds, or several files of one layout.

    Attributes:
        name: Name of the file, or the pattern that several match.
        rows: Its rows, shape (n_rows, n_columns); texts for a text file or a workbook, an empty value being an empty
            text; exact types for Parquet and a database.
        lines: Where each row stands in its file, shape (n_rows,): for text the number of the record and for a
            workbook the number of the row, the first of the file being 1; for Parquet and a database the number of
            the row, the first being 1.
        ragged: Records with another number of values than the header; not among the rows.
        blank: Number of records without any value; not among the rows.
        parts: The files and their numbers of rows, in the order of the rows. None: one file of this name.
    """

    name: str
    rows: pa.Table
    lines: pa.Int64Array
    ragged: tuple[Ragged, ...] = ()
    blank: int = 0
    parts: tuple[tuple[str, int], ...] | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files."""
        return (self.name,) if self.parts is None else tuple(name for name, _ in self.parts)

    @property
    def file_of(self) -> npt.NDArray[np.int32]:
        """Index into ``files`` of each row, shape (n_rows,)."""
        counts = [self.rows.num_rows] if self.parts is None else [count for _, count in self.parts]
        return np.repeat(np.arange(len(counts), dtype=np.int32), counts)


def numbered(names: Iterable[str]) -> list[str]:
    """Column names that differ: the second of a name is ``NAME (2)``, so that each can be mapped.

    Example:
        >>> numbered(["doc_id", "created", "created"])
        ['doc_id', 'created', 'created (2)']
    """
    given, seen, found = list(names), Counter[str](), []
    for name in given:
        seen[name] += 1
        while seen[name] > 1 and f"{name} ({seen[name]})" in given:
            seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def together(name: str, parts: Sequence[SourceFile]) -> SourceFile:
    """Several files of one layout as one, in their order.

    Args:
        name: The pattern that they match.
        parts: At least one file.

    Raises:
        SourceFileError: One has other columns than the first.
    """
    if len(parts) == 1:
        return parts[0]
    first = parts[0].rows
    for part in parts[1:]:
        other = sorted(set(part.rows.column_names) ^ set(first.column_names))
        if other:
            raise SourceFileError(
                part.name,
                f"its columns are not those of {parts[0].name}, though both match {name}: {', '.join(other)} stands in "
                "one of them only. Files of one pattern have one header; give a file of another an entry of its own.",
            )
    tables = [part.rows.select(first.column_names) for part in parts]
    try:
        rows = pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as problem:
        raise SourceFileError(name, f"its files hold different types in one column ({problem}).") from problem
    return SourceFile(
        name=name,
        rows=rows,
        lines=pa.chunked_array([part.lines for part in parts], pa.int64()).combine_chunks(),
        ragged=tuple(record for part in parts for record in part.ragged),
        blank=sum(part.blank for part in parts),
        parts=tuple((part.name, part.rows.num_rows) for part in parts),
    )
