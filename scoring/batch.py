"""Scoring many customers at once: a batch of facts in, a batch of scores out, by the lines that score one.

The same bytes come out however the customers are divided into batches, in this process or in a worker of a cluster.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from scoring.bundle import Bundle, load
from scoring.doubts import facts_for_doubts, weightiest
from scoring.manifest import BundleError
from scoring.model import MissingFeaturesError, ReleasedModel
from scoring.rating import facts_for_rating, ratings
from scoring.reason_codes import ReasonCodes
from scoring.reasons import MOST

Floats = NDArray[np.float64]

CUSTOMER_ID: Final = "customer_id"
AS_OF: Final = "as_of"

SCORES: Final = pa.schema(
    [
        pa.field(CUSTOMER_ID, pa.string()),
        pa.field(AS_OF, pa.date32()),
        pa.field("model", pa.string()),
        pa.field("model_version", pa.string()),
        pa.field("release", pa.string()),
        pa.field("probability_name", pa.string()),
        pa.field("probability", pa.float64()),
        pa.field("probability_low", pa.float64()),
        pa.field("probability_high", pa.float64()),
        pa.field("pd_12m", pa.float64()),
        pa.field("pd_12m_low", pa.float64()),
        pa.field("pd_12m_high", pa.float64()),
        pa.field("comparable_customers", pa.float64()),
        pa.field("grade", pa.string()),
        pa.field("grade_pd", pa.float64()),
        pa.field("points", pa.float64()),
        *(pa.field(f"reason_{place}", pa.string()) for place in range(1, MOST + 1)),
        *(pa.field(f"reason_{place}_log_odds", pa.float64()) for place in range(1, MOST + 1)),
        pa.field("doubt", pa.string()),
    ]
)
"""What is told of a customer by a model.

``probability`` is the model's, in (0, 1), its horizon in ``probability_name``; ``pd_12m`` the same within twelve
months, null where no rule converts it. ``_low`` and ``_high`` are the ends of each one's interval, which rests on so
many ``comparable_customers`` (``scoring.pd_interval``). ``grade`` is that of ``pd_12m`` on the master scale, and
``grade_pd`` what past customers of the grade support, never below ``pd_12m``; intervals and ``grade_pd`` are null for a
model that does not know them. ``points`` are those of ``probability``, 600 at odds of 50:1 and 20 to double them.
``reason_1`` to ``reason_4`` are codes of the controlled list, the weightiest first, null beyond the last, and
``reason_1_log_odds`` and so on what each adds over the training population's mean. ``doubt`` says why the model does
not speak of the customer and a person has to look (``scoring.doubts``): ``in_default``, ``no_invoice_365d``,
``natural_person``; null where it does.
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
        specs = [learned.model.spec for learned in self._learned]
        named = [name for spec in specs for name in spec.feature_names]
        beside = [name for spec in specs for name in (*facts_for_doubts(spec), *facts_for_rating(spec))]
        return list(dict.fromkeys([*named, *beside]))

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
        rated = ratings(spec, probability, columns)
        sure = rated.interval
        return pa.record_batch(
            [
                facts[CUSTOMER_ID].cast(pa.string()),
                facts[AS_OF].cast(pa.date32()),
                *(pa.array([text] * n, pa.string()) for text in self._origin(learned)),
                pa.array(probability),
                *(_known(ends) for ends in (sure.low, sure.high)),
                *(_known(ends) for ends in (rated.year, sure.year_low, sure.year_high, sure.customers)),
                pa.array(rated.grades, pa.string()),
                _known(rated.grade_pd),
                pa.array(rated.points),
                *(pa.array(codes, pa.string()) for codes in coded.codes.T),
                *(_known(values) for values in coded.log_odds.T),
                pa.array(weightiest(spec, columns, n), pa.string()),
            ],
            schema=SCORES,
        )

    def _origin(self, learned: _Learned) -> tuple[str, str, str, str]:
        return learned.name, learned.version, self.release_id, learned.model.spec.probability_name


def _known(values: Floats) -> pa.Array:
    """A column, null where a value is not known."""
    return pa.array(values, pa.float64(), from_pandas=True)


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
