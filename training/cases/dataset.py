"""Cases with their features and outcomes, as arrays in one fixed order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from training.arrays import Flags, Floats

Texts = NDArray[np.object_]
Instants = NDArray[np.datetime64]


@dataclass(frozen=True)
class Dataset:
    """Cases, one per place in every array, ordered by instant and then by case.

    Attributes:
        case_ids: Shape (n,), text: the invoice, or customer and date.
        customer_ids: Shape (n,), text.
        at: Shape (n,), datetime64[us], UTC: the instant from which the case is scored. Features hold what was known
            before it.
        columns: Feature name to values, shape (n,) each, float64, NaN where not known.
        bad: Shape (n,): whether the case turned out bad.
        matures_on: Shape (n,), datetime64[D]: first day on which the outcome may be used.
        about: Name to what is known of each case's customer or invoice beside the features, shape (n,) each, text
            (None where not known) or numbers (NaN where not known). Cases are divided by it, no model learns from it.
    """

    case_ids: Texts
    customer_ids: Texts
    at: Instants
    columns: Mapping[str, Floats]
    bad: Flags
    matures_on: Instants
    about: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.case_ids)

    def take(self, chosen: NDArray[Any]) -> "Dataset":
        """The chosen cases.

        Args:
            chosen: Flags, shape (n,), or places, shape (m,).
        """
        return replace(
            self,
            case_ids=self.case_ids[chosen],
            customer_ids=self.customer_ids[chosen],
            at=self.at[chosen],
            columns={name: values[chosen] for name, values in self.columns.items()},
            bad=self.bad[chosen],
            matures_on=self.matures_on[chosen],
            about={name: values[chosen] for name, values in self.about.items()},
        )

    def beside(self, more: Mapping[str, NDArray[Any]]) -> "Dataset":
        """The same cases with more said about them, shape (n,) each."""
        return replace(self, about={**self.about, **more})

    def matrix(self, names: Sequence[str]) -> Floats:
        """The named features side by side, shape (n, len(names)), float64."""
        return np.column_stack([self.columns[name] for name in names])

    @property
    def bad_customers(self) -> int:
        """Number of customers with a bad case."""
        return len(np.unique(self.customer_ids[self.bad]))


def together(parts: Sequence[Dataset]) -> Dataset:
    """The cases of all parts, one after the other; at least one part, all with the same features."""
    first = parts[0]
    return Dataset(
        case_ids=np.concatenate([part.case_ids for part in parts]),
        customer_ids=np.concatenate([part.customer_ids for part in parts]),
        at=np.concatenate([part.at for part in parts]),
        columns={name: np.concatenate([part.columns[name] for part in parts]) for name in first.columns},
        bad=np.concatenate([part.bad for part in parts]),
        matures_on=np.concatenate([part.matures_on for part in parts]),
        about={name: np.concatenate([part.about[name] for part in parts]) for name in first.about},
    )


class CasesDoNotMatchError(ValueError):
    """Features and outcomes do not name the same cases.

    Attributes:
        case_ids: Cases with an outcome but without features.
    """

    def __init__(self, case_ids: Sequence[str]) -> None:
        self.case_ids = tuple(case_ids)
        super().__init__(
            f"{len(self.case_ids)} cases have an outcome but no features, for instance {self.case_ids[0]}. "
            "Build the features for every case of the cohort."
        )


def dataset(
    cases: pa.Table, features: pa.Table, outcomes: pa.Table, names: Sequence[str], *, about: pa.Table | None = None
) -> Dataset:
    """Bring features and outcomes of the same cases together.

    Args:
        cases: ``case_id``, ``customer_id`` and ``at`` (timestamp in UTC), one row per case.
        features: ``case_id`` and the features, one row per case.
        outcomes: ``case_id``, ``bad``, ``matures_on``, one row per matured case.
        names: The features wanted.
        about: ``case_id`` and what else is known of each case, one row per case; None for nothing.

    Returns:
        The matured cases, ordered by ``at`` and ``case_id``: equal inputs in any order give equal arrays.

    Raises:
        CasesDoNotMatchError: An outcome has no case or no features.
    """
    wanted = at_rows(outcomes["case_id"], cases), at_rows(outcomes["case_id"], features)
    here, there = cases.take(wanted[0]), features.take(wanted[1])
    found = Dataset(
        case_ids=_texts(outcomes["case_id"]),
        customer_ids=_texts(here["customer_id"]),
        at=here["at"].to_numpy().astype("datetime64[us]"),
        columns={name: _floats(there[name]) for name in names},
        bad=outcomes["bad"].to_numpy().astype(np.bool_),
        matures_on=outcomes["matures_on"].to_numpy().astype("datetime64[D]"),
        about={} if about is None else _about(outcomes["case_id"], about),
    )
    return found.take(np.lexsort((found.case_ids.astype(str), found.at)))


def at_rows(wanted: pa.ChunkedArray, table: pa.Table) -> pa.Array:
    """The row of each wanted case in a table with a ``case_id``.

    Raises:
        CasesDoNotMatchError: A case has no row.
    """
    place = {case: row for row, case in enumerate(table["case_id"].to_pylist())}
    missing = [case for case in wanted.to_pylist() if case not in place]
    if missing:
        raise CasesDoNotMatchError(missing)
    return pa.array([place[case] for case in wanted.to_pylist()], pa.int64())


def _about(wanted: pa.ChunkedArray, about: pa.Table) -> dict[str, NDArray[Any]]:
    """What is known of the wanted cases, text as it is and numbers as float64."""
    rows = about.take(at_rows(wanted, about))
    kept = [name for name in about.column_names if name != "case_id"]
    return {name: _texts(rows[name]) if pa.types.is_string(rows[name].type) else _floats(rows[name]) for name in kept}


def _texts(column: pa.ChunkedArray) -> Texts:
    return np.array(column.to_pylist(), dtype=np.object_)


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
