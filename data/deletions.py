"""Rows that a source withdraws, by saying so or by leaving them out of a full extract."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.contracts import CONTRACTS
from data.delivery import Delivery, Options
from data.engine import engine
from data.lake import Lake
from data.mapping import SourceMapping
from data.staging import Staged
from data.versions import same_key
from data.whole_file import write_whole

EXTRACTS: Final = ".full_extracts.json"
"""File in the lake's folder: source and table -> when the newest full extract was made."""


class TooManyDeletionsError(ValueError):
    """A full extract lacks so much of what it held before that it is more likely cut short."""

    def __init__(self, table: str, absent: int, held: int, largest: float, first: Mapping[str, object]) -> None:
        example = ", ".join(f"{name} {value}" for name, value in first.items())
        super().__init__(
            f"{table}: the extract lacks {absent} of the {held} rows that the lake holds from its source "
            f"(first: {example}), more than the {largest:.0%} that one extract may withdraw. Nothing was written. "
            "If it is complete, allow the deletions (--allow-deletions); if not, have it made again."
        )
        self.table, self.absent, self.held = table, absent, held


def held_in_full(mapping: SourceMapping, read: Collection[str]) -> tuple[frozenset[str], tuple[tuple[str, str], ...]]:
    """The tables that an extract holds in full, and those that it should but does not.

    Args:
        mapping: The source's mapping.
        read: Entries of the mapping, by ``file``, that were there to be read.

    Returns:
        Tables, and pairs of a table and the reason why nothing is withdrawn from it.
    """
    fills: dict[str, list[tuple[str, bool]]] = {}
    for file in mapping.files:
        mapped = {table: of_table.full_extract for table, of_table in (file.tables or {}).items()}
        for table, declared in (mapped or {file.contract_table: None}).items():
            fills.setdefault(table, []).append((file.file, file.full_extract if declared is None else declared))
    full, partly = set(), []
    for table, entries in fills.items():
        lacking = [name for name, _ in entries if name not in read]
        others = [name for name, is_full in entries if not is_full]
        if len(others) == len(entries):
            continue
        if lacking or others:
            why = f"{', '.join(lacking)} did not come" if lacking else f"{', '.join(others)} is not a full extract"
            partly.append((table, why))
        else:
            full.add(table)
    return frozenset(full), tuple(partly)


def take_content(staged: Staged, lake: Lake) -> None:
    """Give the rows that withdraw something the content of what they withdraw.

    A source that withdraws a row often blanks it. Only its key says something, so a row that was refused for its
    other values is accepted if the lake holds its key.

    Args:
        staged: Rows of one table as read; changed in place.
        lake: Where the withdrawn rows are.
    """
    contract, rows = CONTRACTS[staged.table], staged.rows
    gone = rows.filter(rows["is_deleted"])
    if not gone.num_rows:
        return
    held = lake.newest(contract.name, gone.select(contract.key))
    own = {*contract.key, "is_deleted", "known_at", "source"}
    values = ", ".join(
        f'r."{c}"'
        if c in own
        else f'CASE WHEN r.is_deleted AND h.known_at IS NOT NULL THEN h."{c}" ELSE r."{c}" END AS "{c}"'
        for c in contract.names
    )
    with engine().con as connection:
        connection.register("r", rows.append_column("position", pa.array(np.arange(rows.num_rows))))
        connection.register("h", held)
        found = connection.sql(
            f"SELECT {values}, r.is_deleted AND h.known_at IS NOT NULL AND r.known_at IS NOT NULL AS is_held "
            f"FROM r LEFT JOIN h ON {same_key(contract, 'r', 'h')} ORDER BY r.position"
        ).to_arrow_table()
    staged.rows = found.select(contract.names).cast(rows.schema)
    staged.refusal[found["is_held"].to_numpy(zero_copy_only=False)] = -1


def withdrawals(
    staged: Mapping[str, Staged], lake: Lake, delivery: Delivery, options: Options
) -> tuple[dict[str, pa.Table], list[str]]:
    """The versions that withdraw what a full extract lacks.

    Args:
        staged: The tables of the delivery, rules applied. A row that was refused is not missing.
        lake: What is there.
        delivery: Which tables are full.
        options: How much may be withdrawn.

    Returns:
        Contract-shaped rows per table, and what a person should know.

    Raises:
        TooManyDeletionsError: More would be withdrawn than allowed.
    """
    found: dict[str, pa.Table] = {}
    notes = [f"Nothing was withdrawn from {table}: {why}." for table, why in delivery.partly]
    for name in sorted(delivery.full & staged.keys()):
        why_not = _why_not(staged[name], lake, delivery)
        if why_not is not None:
            notes.append(f"Nothing was withdrawn from {name}: {why_not}.")
            continue
        absent = _absent(staged[name], lake, delivery, options)
        if absent.num_rows:
            found[name] = absent
    return found, notes


def _why_not(staged: Staged, lake: Lake, delivery: Delivery) -> str | None:
    nameless = sum(_nulls(staged.rows, CONTRACTS[staged.table].key)) + len(staged.ragged)
    if nameless:
        return f"{nameless} of its records cannot be read, and they may be the ones that seem to be missing"
    newest = _extracts(lake.root).get(f"{delivery.source}/{staged.table}")
    if newest is not None and datetime.fromisoformat(newest) > delivery.known_at:
        return f"a newer full extract, of {newest}, was taken in before"
    return None


def _nulls(rows: pa.Table, key: tuple[str, ...]) -> np.ndarray:
    unnamed = np.zeros(rows.num_rows, dtype=bool)
    for name in key:
        unnamed |= pc.is_null(rows[name]).to_numpy(zero_copy_only=False)
    return unnamed


def _absent(staged: Staged, lake: Lake, delivery: Delivery, options: Options) -> pa.Table:
    contract = CONTRACTS[staged.table]
    sources = sorted({delivery.source, *filter(None, pc.unique(staged.rows["source"]).to_pylist())})
    absent, held = lake.absent(contract.name, staged.rows, sources=sources, extracted_at=delivery.known_at)
    if absent.num_rows > options.largest_deletion * held and not options.allow_deletions:
        first = absent.select(contract.key).slice(0, 1).to_pylist()[0]
        raise TooManyDeletionsError(contract.name, absent.num_rows, held, options.largest_deletion, first)
    known_at = pa.scalar(delivery.known_at, contract.schema.field("known_at").type)
    for name, value in (("is_deleted", pa.scalar(True)), ("known_at", known_at)):
        place = absent.column_names.index(name)
        absent = absent.set_column(place, contract.schema.field(name), pa.repeat(value, absent.num_rows))
    return absent


def remember(delivery: Delivery, lake: Lake) -> None:
    """Note when the newest full extract of each table was made, so that an older one withdraws nothing.

    Before anything is written: a killed run may leave the note ahead of the tables, never the other way round.
    """
    if not delivery.full:
        return
    known = _extracts(lake.root)
    made = delivery.known_at.isoformat()
    mine = {f"{delivery.source}/{table}": made for table in delivery.full}
    newer = {name: max(at, known.get(name, at), key=datetime.fromisoformat) for name, at in mine.items()}
    write_whole(lake.root / EXTRACTS, json.dumps(known | newer, indent=1, sort_keys=True))


def _extracts(root: Path) -> dict[str, str]:
    path = root / EXTRACTS
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
