"""What was measured once is read back: tables and figures in files named after the code and the data they come from."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

ROOT: Final = Path(__file__).resolve().parents[2]
PRODUCT: Final = ("data", "features", "policy", "scoring", "training")
CODE: Final = (".py", ".yaml", ".json", ".sql")
SHOWN: Final = 12
"""Hex digits of a digest in a file's name."""


def digest(*parts: str) -> str:
    """One digest of texts, each with its length, so that no two lists run together.

    Example:
        >>> digest("ab", "c") == digest("a", "bc")
        False
    """
    found = hashlib.sha256()
    for part in parts:
        found.update(f"{len(part)}:{part}".encode())
    return found.hexdigest()


def digest_of_files(paths: Iterable[Path], root: Path) -> str:
    """Digest of files: their names below a folder and their contents, in any order."""
    files = sorted(path for path in paths if path.is_file())
    return digest(*(f"{path.relative_to(root).as_posix()} {_content(path)}" for path in files))


def _content(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def product_code() -> str:
    """Digest of all code that can change a figure, changes that are not committed included."""
    folders = (ROOT / name for name in PRODUCT)
    return digest_of_files((path for here in folders for path in here.rglob("*") if path.suffix in CODE), ROOT)


def own_code(*names: str) -> str:
    """Digest of files of this folder.

    Args:
        names: Their names without the ending.
    """
    return digest_of_files((Path(__file__).with_name(f"{name}.py") for name in names), ROOT)


@dataclass(frozen=True)
class Kept:
    """A folder of what was made from one state of the code and the data.

    Attributes:
        folder: Where it lies.
        state: Digest of the code and the data.
        again: Whether all is made anew.
    """

    folder: Path
    state: str
    again: bool = False

    def table(self, name: str, code: str, make: Callable[[], pa.Table]) -> pa.Table:
        """A table, read back where it was made before.

        Args:
            name: What it is.
            code: Digest of what makes it, beside the product's code and the data.
            make: Makes it.
        """
        path = self._path(name, code, "parquet")
        if self.again or not path.is_file():
            _write(path, lambda there: pq.write_table(make(), there))
        return pq.read_table(path)

    def figures(self, name: str, code: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Figures as plain values, read back where they were measured before; see `table`."""
        path = self._path(name, code, "json")
        if self.again or not path.is_file():
            _write(path, lambda there: there.write_text(json.dumps(make(), indent=1), encoding="utf-8"))
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def _path(self, name: str, code: str, ending: str) -> Path:
        return self.folder / f"{name}-{digest(self.state, code)[:SHOWN]}.{ending}"


def _write(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside, then rename: a run that is stopped leaves nothing that looks whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}.part")
    write(half)
    os.replace(half, path)
