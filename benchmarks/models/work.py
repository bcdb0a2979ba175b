"""What every part of the measurement shares: the book, its facts, the quick model, and what is kept."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa

from benchmarks.models.extract import our_book
from benchmarks.models.kept import SHOWN, Kept, digest, digest_of_files, product_code
from benchmarks.models.quick import Quick, quick
from data.book import Book
from training.cases.facts import Facts, folded, from_book


@dataclass(frozen=True)
class Work:
    """One run of the measurement.

    Attributes:
        folder: The Datarisk extract.
        script: The quick model's file.
        polish: Folder of the Polish companies.
        home: Where everything is kept.
        again: Whether all is measured anew.
        threads: Threads of every fit.
    """

    folder: Path
    script: Path
    polish: Path
    home: Path
    again: bool = False
    threads: int = 1

    @cached_property
    def data(self) -> str:
        """Digest of the extract and of the quick model."""
        files = [*self.folder.glob("*.csv"), self.script]
        return digest(*(digest_of_files([path], path.parent) for path in sorted(files)))

    @cached_property
    def kept(self) -> Kept:
        """What was made from this code and this data."""
        return Kept(self.home, digest(product_code(), self.data, str(self.threads)), self.again)

    @cached_property
    def book(self) -> Book:
        """The extract in our own terms."""
        return our_book(self.folder, self.home / f"lake-{self.kept.state[:SHOWN]}")

    @cached_property
    def rows(self) -> ir.Table:
        """Its folded invoices."""
        return folded(self.book)

    @cached_property
    def quick(self) -> Quick:
        """The quick model."""
        return quick(self.script, self.folder, threads=self.threads)

    @property
    def facts(self) -> Facts:
        """Features from the book; those of the same cases are built once."""
        build = from_book(self.book)

        def found(cases: pa.Table, names: Sequence[str]) -> pa.Table:
            columns = [cases[name].to_pylist() for name in ("case_id", "as_of")]
            return self.kept.table("facts", digest(*names, repr(columns)), lambda: build(cases, names))

        return found


def say(text: str) -> None:
    """A line of progress, beside the table."""
    print(text, file=sys.stderr, flush=True)
