"""Scoring many customers at once: a batch of facts in, a batch of scores out, by the lines that score one.

The same bytes come out however the customers are divided into batches, in this process or in a worker of a cluster.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from policy.horizon import twelve_months_from_180_days
from scoring.bundle import Bundle, load
from scoring.grades import load_scale
from scoring.manifest import BundleError
from scoring.model import MissingFeaturesError, ReleasedModel
from scoring.points import PointsScale
from scoring.reason_codes import ReasonCodes
from scoring.reasons import MOST

Floats = NDArray[np.float64]

CUSTOMER_ID: Final = "customer_id"
AS_OF: Final = "as_of"
OLDEST: Final = "oldest_overdue_days"
INVOICES: Final = "invoice_count_365d"
IN_DEFAULT: Final = "in_default"
NO_INVOICE: Final = "no_invoice_365d"
YEAR: Final = "pd_12m"
STRETCHED: Final = "pd_180d"

SCORES: Final = pa.schema(
    [
        pa.field(CUSTOMER_ID, pa.string()),
        pa.field(AS_OF, pa.date32()),
        pa.field("model", pa.string()),
        pa.field("model_version", pa.string()),
        pa.field("release", pa.string()),
        pa.field("probability_name", pa.string()),
        pa.field("probability", pa.float64()),
        pa.field(YEAR, pa.float64()),
        pa.field("grade", pa.string()),
        pa.field("points", pa.float64()),
        *(pa.field(f"reason_{place}", pa.string()) for place in range(1, MOST + 1)),
        *(pa.field(f"reason_{place}_log_odds", pa.float64()) for place in range(1, MOST + 1)),
        pa.field("doubt", pa.string()),
    ]
)
"""What is told of a customer by a model.

``probability`` is the model's, in (0, 1), its horizon in ``probability_name``; ``pd_12m`` the same within twelve
months, null where no rule converts it; ``grade`` that of ``pd_12m`` on the master scale; ``points`` those of
``probability``, 600 at odds of 50:1 and 20 to double them. ``reason_1`` to ``reason_4`` are codes of the controlled
list, the weightiest first, null beyond the last, and ``reason_1_log_odds`` and so on what each adds over the training
population's mean. ``doubt`` says why the model does not speak of the customer and a person has to look:
``in_default``, it is past due already by more than the model's days; ``no_invoice_365d``, it had no invoice for a
year; null where it does.
"""


class NoSuchModelError(LookupError):
    """A release holds no model that could score the book.

    Attributes:
        wanted: Models that were asked for.
        held: Models of the release.
    """

    def __init__(self, wanted: Sequence[str], held: Sequence[str]) -> None:
        self.wanted, self.held = tuple(wanted), tuple(held)
        asked = ", ".join(wanted) or "a model of default"
        super().__init__(f"The release holds {', '.join(held)}, and {asked} was asked for: name models that it holds.")


@dataclass(frozen=True)
class _Learned:
    """A model with what is made of it once for all batches."""

    name: str
    version: str
    model: ReleasedModel
    reasons: ReasonCodes


class BookScorer:
    """Scores batches of customers by models of default of one release.

    Attributes:
        release_id: Name of the release.
    """

    def __init__(self, bundle: Bundle, models: Sequence[str] = (), *, threads: int = 1) -> None:
        """Take the models out of a bundle.

        Args:
            bundle: The release, verified and loaded.
            models: Models of default to score by; all that the release holds unless given.
            threads: LightGBM's threads; the scores are the same, bit for bit.

        Raises:
            NoSuchModelError: The release lacks one, or it is no model of default, or it has none at all.
        """
        held = {name: model for name, model in bundle.models.items() if model.spec.label.get("kind") == "default"}
        chosen = sorted(models) or sorted(held)
        if not chosen or not set(chosen) <= set(held):
            raise NoSuchModelError(chosen, sorted(bundle.models))
        self.release_id = bundle.manifest.release_id
        self._learned = [
            _Learned(
                name,
                bundle.manifest.models[name].version,
                replace(held[name], threads=threads),
                ReasonCodes(held[name].spec),
            )
            for name in chosen
        ]

    @property
    def models(self) -> list[str]:
        """The models, by name."""
        return [learned.name for learned in self._learned]

    @property
    def features(self) -> list[str]:
        """Columns that a batch needs beside ``customer_id`` and ``as_of``."""
        named = [name for learned in self._learned for name in learned.model.spec.feature_names]
        return list(dict.fromkeys([*named, OLDEST, INVOICES]))

    def scores(self, facts: pa.RecordBatch) -> pa.RecordBatch:
        """The scores of a batch of customers.

        Args:
            facts: Shape (n, 2 + k or more): ``customer_id``, ``as_of`` and the features, null where not known; others
                are left out.

        Returns:
            Schema ``SCORES``, one row per customer and model: customers in the order given, models by name.

        Raises:
            MissingFeaturesError: The batch lacks a column.
            ValueError: A column holds no numbers, or an infinite one.
        """
        missing = [name for name in (CUSTOMER_ID, AS_OF, *self.features) if name not in facts.schema.names]
        if missing:
            raise MissingFeaturesError(" and ".join(self.models), missing)
        columns = {name: facts[name].to_numpy(zero_copy_only=False) for name in self.features}
        told = [self._told(learned, facts, columns) for learned in self._learned]
        table = pa.Table.from_batches(told, SCORES)
        order = np.arange(table.num_rows).reshape(len(told), facts.num_rows).T.ravel()
        return table.take(pa.array(order)).combine_chunks().to_batches()[0] if facts.num_rows else told[0]

    def all_scores(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The scores of each batch, in turn."""
        return map(self.scores, batches)

    def _told(self, learned: _Learned, facts: pa.RecordBatch, columns: dict[str, Floats]) -> pa.RecordBatch:
        model, spec, n = learned.model, learned.model.spec, facts.num_rows
        rows = model.matrix(columns)
        probability = model.probability(rows)
        coded = learned.reasons.of(rows, model.contributions(rows))
        year = twelve_months(spec.probability_name, probability)
        return pa.record_batch(
            [
                facts[CUSTOMER_ID].cast(pa.string()),
                facts[AS_OF].cast(pa.date32()),
                *(pa.array([text] * n, pa.string()) for text in self._origin(learned)),
                pa.array(probability),
                pa.array(year, pa.float64(), from_pandas=True),
                pa.array(_grades(year), pa.string()),
                pa.array(PointsScale().points(probability)),
                *(pa.array(codes, pa.string()) for codes in coded.codes.T),
                *(pa.array(values, pa.float64(), from_pandas=True) for values in coded.log_odds.T),
                pa.array(_doubts(spec.label.get("dpd"), columns), pa.string()),
            ],
            schema=SCORES,
        )

    def _origin(self, learned: _Learned) -> tuple[str, str, str, str]:
        return learned.name, learned.version, self.release_id, learned.model.spec.probability_name


def twelve_months(name: str, probability: Floats) -> Floats:
    """Probabilities within twelve months, shape (n,), by the rule of the policy; NaN where there is none.

    Args:
        name: Name of the probability, its horizon included.
        probability: Shape (n,), in [0, 1].

    Example:
        >>> twelve_months("pd_180d", np.array([0.02])).tolist(), twelve_months("pd_90d", np.array([0.02])).tolist()
        ([0.040139], [nan])
    """
    if name == YEAR:
        return probability
    if name != STRETCHED:
        return np.full(len(probability), np.nan)
    different, place = np.unique(probability, return_inverse=True)
    year = [float(twelve_months_from_180_days(Decimal(repr(value))).pd_12m) for value in different.tolist()]
    return np.array(year, dtype=np.float64)[place]


def _grades(year: Floats) -> list[str | None]:
    """Grade of each probability within twelve months; none where there is no such probability."""
    known = ~np.isnan(year)
    names = [grade.name for grade in _scale().grades]
    places = np.where(known, _scale().places(np.where(known, year, 0.0)), -1)
    return [None if place < 0 else names[place] for place in places.tolist()]


_scale = cache(load_scale)


def _doubts(dpd: object, columns: dict[str, Floats]) -> NDArray[np.object_]:
    """Why the model does not speak of each customer, shape (n,): what the service says of one, as a word."""
    found = np.full(len(columns[INVOICES]), None, dtype=np.object_)
    found[columns[INVOICES] == 0] = NO_INVOICE
    if isinstance(dpd, int):
        found[columns[OLDEST] > dpd] = IN_DEFAULT
    return found


def opened(folder: Path, release_id: str, models: Sequence[str] = (), *, threads: int = 1) -> BookScorer:
    """Verify a release and make a scorer of it.

    Args:
        folder: The bundle.
        release_id: The release it must hold: its sums cover every file, so that any other model is refused.
        models: Models of default; all unless given.
        threads: LightGBM's threads.

    Raises:
        BundleError: A file of it is not as listed, or it is another release.
        NoSuchModelError: It lacks a model.
    """
    bundle = load(folder)
    found = bundle.manifest.release_id
    if found != release_id:
        raise BundleError(
            f"{folder} holds the release {found}, not {release_id}",
            then="Give every worker the folder of the release that is to score.",
        )
    return BookScorer(bundle, models, threads=threads)
