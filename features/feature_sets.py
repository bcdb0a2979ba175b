"""Named, versioned lists of features: what a model reads, and what the store keeps."""

import difflib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from features import case, exposure
from features.catalogue import Feature, UnknownFeatureError
from features.families import DERIVED_FAMILIES, ITEM_FAMILIES, TABLE_FAMILIES

IS_KNOWN: Final = Feature(
    "is_known_customer",
    "1 when a master record or an invoice of the customer was known, else 0.",
    "flag",
    0,
    1,
    "never absent",
    0,
    "customer",
)

# Made by the families below, but only for the limit: a model that learnt from it would learn from its own decisions.
_LIMIT_ONLY: Final = {feature.name for feature in exposure.FEATURES}
_FAMILIES: Final[dict[str, tuple[Feature, ...]]] = {
    **{name: family.features for name, family in ITEM_FAMILIES.items()},
    **{name: family.features for name, family in TABLE_FAMILIES.items()},
    **{name: family.features for name, family in DERIVED_FAMILIES.items()},
}
_MADE: Final = tuple(feature for features in _FAMILIES.values() for feature in features)
_CUSTOMER: Final[tuple[Feature, ...]] = (IS_KNOWN, *(f for f in _MADE if f.name not in _LIMIT_ONLY))

FEATURES: Final[dict[str, Feature]] = {
    feature.name: feature for feature in (*_CUSTOMER, *exposure.FEATURES, *case.FEATURES)
}
"""Every feature by name."""


@dataclass(frozen=True)
class FeatureSet:
    """A named list of features in a fixed order.

    Attributes:
        name: Short name; with the version it names the Feast service, ``late_v2``.
        version: Grows whenever a definition in it changes.
        features: The features, in the order of a model's matrix.
    """

    name: str
    version: int
    features: tuple[Feature, ...]

    @property
    def names(self) -> list[str]:
        """Column names in order, shape (n_features,)."""
        return [feature.name for feature in self.features]

    @property
    def hash(self) -> str:
        """First 16 hex digits of the sha256 of the definitions, order included."""
        text = json.dumps([_plain(feature) for feature in self.features], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(feature: Feature) -> dict[str, str]:
    """The definition as text, since JSON has no infinity."""
    return {key: repr(value) for key, value in asdict(feature).items()}


def named(names: Sequence[str]) -> tuple[Feature, ...]:
    """The features of these names, in this order.

    Raises:
        UnknownFeatureError: The catalogue lacks a name.

    Example:
        >>> [feature.unit for feature in named(["open_count", "overdue_amount"])]
        ['invoices', 'money']
    """
    unknown = [name for name in names if name not in FEATURES]
    if unknown:
        raise UnknownFeatureError(
            unknown, [near for name in unknown for near in difflib.get_close_matches(name, FEATURES)]
        )
    return tuple(FEATURES[name] for name in names)


CUSTOMER: Final = FeatureSet("customer", 3, _CUSTOMER)

# A flag that is 1 in every case of a training set teaches nothing, and age of a missing thing is that thing again.
_NOT_FOR_MODELS: Final = {"is_known_customer", "is_natural_person"}
# What the models read is chosen, not grown: a family joins them once it has shown on past cases that it helps.
_MODEL_FAMILIES: Final = (
    "behaviour",
    "payment_index",
    "due",
    "open_items",
    "activity",
    "terms",
    "payments",
    "revenue",
    "statements",
    "disputes",
    "credit_notes",
    "credit_note_share",
    "credit_events",
    "orders",
    "customer",
    "recent_outcomes",
)
_MODEL_FACTS: Final = tuple(
    feature for name in _MODEL_FAMILIES for feature in _FAMILIES[name] if feature.name not in _NOT_FOR_MODELS
)

# What falls due in which week says something of an invoice that falls due beside it.
LATE: Final = FeatureSet("late", 3, (*_MODEL_FACTS, *_FAMILIES["due_weeks"], *case.FEATURES))

DEFAULT: Final = FeatureSet("default", 3, _MODEL_FACTS)

# Ratios of one annual statement, or of two, whose definitions the training sample shares; see training/distress.
DISTRESS: Final = FeatureSet(
    "distress",
    1,
    named(["current_ratio", "quick_ratio", "equity_share", "net_margin", "return_on_assets", "revenue_growth"]),
)

LIMIT_INPUTS: Final = FeatureSet(
    "limit",
    2,
    named(
        [
            "is_known_customer",
            "is_natural_person",
            "invoiced_amount_90d",
            "invoiced_amount_365d",
            "invoice_count_365d",
            "amount_missing_count_365d",
            "terms_mean_365d",
            "days_late_mean_365d",
            "days_late_weighted_365d",
            "open_amount",
            "open_amount_missing_count",
            "overdue_amount",
            "disputed_open_amount",
            "worst_dpd_365d",
            "payment_index_365d",
            "revenue_12m",
            "tangible_net_worth",
            "working_capital",
            "peak_paid_in_terms_365d",
            "credit_event_count_365d",
            "tenure_days",
        ]
    ),
)

STORED: Final = FeatureSet("stored", 3, (*_CUSTOMER, *exposure.FEATURES))
"""Everything the store keeps of a customer: ``CUSTOMER`` and what only the limit needs."""

BY_NAME: Final = {chosen.name: chosen for chosen in (CUSTOMER, LATE, DEFAULT, DISTRESS, LIMIT_INPUTS, STORED)}
