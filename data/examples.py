"""The first rows of each kind that an ingest refuses, corrects or withdraws, for a person to look at."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from data.contracts import CONTRACTS
from data.ingest_report import Change, Refusal
from data.lake import Lake, Plan

FIRST: Final = 3
NO_CONTENT: Final = frozenset({"known_at", "source"})


def refusals(refused: Mapping[str, pa.Table]) -> dict[str, dict[str, tuple[Refusal, ...]]]:
    """Per table and reason code the first rows refused; tables in the shape of ``data.quarantine.QUARANTINE``."""
    return {name: _by_code(rows) for name, rows in refused.items() if rows.num_rows}


def _by_code(rows: pa.Table) -> dict[str, tuple[Refusal, ...]]:
    columns = ["file", "line", "reason", "raw"]
    by_code = {}
    for code in sorted(pc.unique(rows["reason_code"]).to_pylist()):
        first = rows.filter(pc.equal(rows["reason_code"], code)).slice(0, FIRST).select(columns)
        by_code[code] = tuple(Refusal(**row) for row in first.to_pylist())
    return by_code


def corrections(plans: Iterable[Plan], lake: Lake) -> dict[str, tuple[Change, ...]]:
    """Per table the first corrections, each beside the version before it. To be asked before the plans are written."""
    found: dict[str, tuple[Change, ...]] = {}
    for plan in plans:
        corrects = pc.and_not(plan.is_correction, plan.rows["is_deleted"])
        first = plan.rows.filter(corrects).slice(0, FIRST)
        if first.num_rows:
            found[plan.name] = found.get(plan.name, ()) + _changes(plan, first, lake)
    return {name: changes[:FIRST] for name, changes in found.items()}


def _changes(plan: Plan, first: pa.Table, lake: Lake) -> tuple[Change, ...]:
    key = CONTRACTS[plan.name].key
    versions = [*lake.matching(plan.name, first.select(key)).to_pylist(), *plan.rows.to_pylist()]
    return tuple(_change(row, _before(row, versions, key), key) for row in first.to_pylist())


def _before(row: dict[str, Any], versions: list[dict[str, Any]], key: tuple[str, ...]) -> dict[str, Any]:
    """The last version known before the row; where there is none, the first known after it (it came late)."""
    others = [v for v in versions if all(v[k] == row[k] for k in key) and v["known_at"] != row["known_at"]]
    earlier = [version for version in others if version["known_at"] < row["known_at"]]
    if earlier:
        return max(earlier, key=lambda version: version["known_at"])
    return min(others, key=lambda version: version["known_at"])


def _change(row: dict[str, Any], before: dict[str, Any], key: tuple[str, ...]) -> Change:
    changed = [name for name in row if name not in NO_CONTENT and row[name] != before[name]]
    return Change(
        key={name: row[name] for name in key},
        known_at=row["known_at"],
        before={name: before[name] for name in changed},
        after={name: row[name] for name in changed},
    )


def deletions(plans: Iterable[Plan]) -> dict[str, tuple[Mapping[str, Any], ...]]:
    """Per table the keys of the first rows withdrawn."""
    found: dict[str, tuple[Mapping[str, Any], ...]] = {}
    for plan in plans:
        gone = plan.rows.filter(plan.rows["is_deleted"]).select(CONTRACTS[plan.name].key).slice(0, FIRST)
        if gone.num_rows:
            found[plan.name] = (found.get(plan.name, ()) + tuple(gone.to_pylist()))[:FIRST]
    return found
