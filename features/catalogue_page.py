"""The catalogue as a page that people read: each feature with its meaning, unit, range, source, owner and nulls."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import ibis

from data.draft import Draft
from features import case
from features.as_of import cases_of
from features.catalogue import INF, Feature
from features.families import DERIVED_FAMILIES, ITEM_FAMILIES, TABLE_FAMILIES, Sight
from features.feature_sets import BY_NAME, FEATURES, IS_KNOWN, STORED, FeatureSet
from features.items import items
from features.seen_items import seen_items

OWNERS: Final[Mapping[str, str]] = {
    "payment_behaviour": "Credit risk analytics",
    "recent_lateness": "Credit risk analytics",
    "open_items": "Accounts receivable",
    "order_size": "Order management",
    "terms": "Credit management",
    "tenure": "Master data",
    "activity": "Sales control",
    "financials": "Credit management",
    "disputes": "Dispute management",
    "credit_events": "Credit management",
    "customer": "Master data",
    "exposure": "Credit management",
}
"""Who answers for the meaning of the features of a group; a deployment renames them to its own departments."""

COLUMNS: Final = ("name", "meaning", "unit", "range", "null when", "none of it", "risk", "group", "owner", "sets")
_OF_ITEMS: Final = ("allocations", "credit_notes", "disputes", "exchange_rates", "invoices", "payments")
RISK: Final = {1: "higher is worse", -1: "higher is better", 0: "not said"}


class _Watched(dict[str, ibis.Table]):
    """Tables that remember which of them were asked for."""

    def __init__(self, tables: Mapping[str, ibis.Table]) -> None:
        super().__init__(tables)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> ibis.Table:
        self.asked.add(name)
        return super().__getitem__(name)


class _WatchedSight(Sight):
    """A sight that tells when the items are looked at, which are made of several tables."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("items", "seen"):
            super().__getattribute__("book").tables.asked.update(_OF_ITEMS)
        return super().__getattribute__(name)


def sources() -> dict[str, tuple[str, ...]]:
    """The tables that each family reads, found by drafting it: family -> names in alphabetical order.

    A derived family reads none of its own: it is made of features, and those are named in its place.
    """
    drafted = Draft.of_contracts("EUR")
    watched = _Watched(drafted.tables)
    looking = replace(drafted, tables=watched)
    cases = cases_of(ibis.table({"customer_id": "string", "as_of": "date"}, name="spine"))
    folded = items(looking, cases)
    sight = _WatchedSight(looking, cases, folded, seen_items(cases, folded))
    found: dict[str, tuple[str, ...]] = dict.fromkeys(ITEM_FAMILIES, _OF_ITEMS)
    for name, family in TABLE_FAMILIES.items():
        watched.asked.clear()
        family.facts(sight)
        found[name] = tuple(sorted(watched.asked))
    return found | {name: family.inputs for name, family in DERIVED_FAMILIES.items()}


def entry(feature: Feature) -> dict[str, str]:
    """What the catalogue says of one feature, by column.

    Example:
        >>> entry(FEATURES["open_count"])["range"]
        '0 and more'
    """
    return {
        "name": feature.name,
        "meaning": feature.meaning,
        "unit": feature.unit,
        "range": _range(feature),
        "null when": feature.null_means,
        "none of it": "null" if feature.empty is None else f"{feature.empty:g}",
        "risk": RISK[feature.risk],
        "group": feature.group,
        "owner": OWNERS[feature.group],
        "sets": ", ".join(f"{chosen.name} v{chosen.version}" for chosen in _sets_of(feature)) or "stored only",
    }


def _sets_of(feature: Feature) -> Iterator[FeatureSet]:
    return (chosen for chosen in BY_NAME.values() if feature in chosen.features and chosen is not STORED)


def _range(feature: Feature) -> str:
    if feature.low == -INF and feature.high == INF:
        return "any"
    if feature.high == INF:
        return f"{feature.low:g} and more"
    if feature.low == -INF:
        return f"{feature.high:g} and less"
    return f"{feature.low:g} to {feature.high:g}"


def page() -> str:
    """The catalogue in Markdown: feature sets, then one table per family."""
    origin = sources()
    families = {
        **{name: family.features for name, family in ITEM_FAMILIES.items()},
        **{name: family.features for name, family in TABLE_FAMILIES.items()},
        **{name: family.features for name, family in DERIVED_FAMILIES.items()},
    }
    parts = [_HEAD.format(count=len(FEATURES)), _sets(), _family("known", (IS_KNOWN,), "customers, invoices")]
    parts += [_family(name, features, ", ".join(origin[name])) for name, features in families.items()]
    parts.append(_family("case", case.FEATURES, f"the invoice itself, {', '.join(case.CUSTOMER_INPUTS)}"))
    return "\n\n".join(parts) + "\n"


_HEAD: Final = """# Feature catalogue

Made by `o2c-risk features catalogue`; a test keeps it true. {count} features. Every one is a 64-bit float, or null as
its row says; *none of it* is the value for a known customer that has nothing of the kind. Features of a customer are as
of the end of a business day, from rows that had happened and were known by then. *Risk* is the direction that is
declared: the risk may only rise, or only fall, as the value rises. The product's recipes hold models to it, and every
model is probed against it before it may be released."""


def _sets() -> str:
    lines = ["## Feature sets", "", "| set | version | features | hash |", "|---|---|---|---|"]
    lines += [
        f"| {chosen.name} | {chosen.version} | {len(chosen.features)} | `{chosen.hash}` |"
        for chosen in BY_NAME.values()
    ]
    return "\n".join(lines)


def _family(name: str, features: tuple[Feature, ...], source: str) -> str:
    lines = [f"## {name.replace('_', ' ')}", "", f"Source: {source}.", ""]
    lines += ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    lines += ["| " + " | ".join(_cells(entry(feature))) + " |" for feature in features]
    return "\n".join(lines)


def _cells(found: Mapping[str, str]) -> Iterator[str]:
    return (f"`{found[name]}`" if name == "name" else found[name].replace("|", "\\|") for name in COLUMNS)
