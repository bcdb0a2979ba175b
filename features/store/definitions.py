"""What Feast is told: one entity, one view of all customer features, one service per feature set.

Feast transforms nothing here. The features are computed by `features.build` for every path alike; a
transformation inside Feast would be rebuilt from text in its registry, so that whoever writes the registry
runs code in the service.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from features.feature_sets import DEFAULT, DISTRESS, LATE, LIMIT_INPUTS, STORED
from features.store.feast_api import (
    Entity,
    FeatureService,
    FeatureView,
    Field,
    FileSource,
    Float64,
    Int64,
    ParquetFormat,
    String,
    ValueType,
)

VIEW: Final = "customer_facts"
CUSTOMER_ID: Final = "customer_id"
# The store's own columns beside the features. Feast keeps an event timestamp to the second on SQLite, and by
# way of the machine's time zone; the day and the instant that answers rest on are therefore plain integers.
AS_OF_DAY: Final = "as_of_day"
COMPUTED_AT: Final = "computed_at_us"
EVENT_AT: Final = "event_timestamp"
CREATED_AT: Final = "created_timestamp"
KEPT_ON: Final = "kept_on"
"""Tag of the view: the kind of server on which its online facts are, so that no reader looks elsewhere."""
# PostgreSQL's names end at 63 bytes, of which the project, the number of a set and the view take the others.
LONGEST_DEFINITIONS: Final = 26


@dataclass(frozen=True)
class ServedSet:
    """A feature set as far as the store holds it.

    Attributes:
        name: Name of the Feast service, for example ``default_v2``.
        features: Customer features of the set, in its order; features of the case itself are computed per request.
        hash: Hash of the whole set, case features included, 16 hex characters.
    """

    name: str
    features: tuple[str, ...]
    hash: str


@dataclass(frozen=True)
class Facts:
    """All that the store holds about a customer.

    Attributes:
        names: Names of all customer features, without repetition.
        definitions: Changes whenever what a stored value means does; letters, digits and underscores.
        sets: The feature sets that are served from them.
    """

    names: tuple[str, ...]
    definitions: str
    sets: tuple[ServedSet, ...]

    def __post_init__(self) -> None:
        """Refuses repeated names, and sets that ask for a feature the view does not hold."""
        if len(self.definitions) > LONGEST_DEFINITIONS:
            raise ValueError(f"definitions must have at most {LONGEST_DEFINITIONS} characters, got {self.definitions}")
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"customer features must not repeat, got {', '.join(self.names)}")
        for served in self.sets:
            if strangers := sorted(set(served.features) - set(self.names)):
                raise ValueError(f"{served.name} asks for {', '.join(strangers)}: not among the customer features")

    @property
    def project(self) -> str:
        """Feast project of these definitions.

        Feast names its online tables after the project. A changed definition so gets tables of its own: values
        computed under the old one are never served as the new one, and a service that still runs on the old
        registry goes on reading its own.

        Example:
            >>> Facts(("open_count",), "1_0f0f", ()).project
            'o2c_risk_1_0f0f'
        """
        return f"o2c_risk_{self.definitions}"


def customer() -> Entity:
    """The entity: a customer by its identifier in the source."""
    return Entity(name="customer", join_keys=[CUSTOMER_ID], value_type=ValueType.STRING, description="A buyer on terms")


def customer_facts(names: Sequence[str], history: Path, ttl: timedelta, kept_on: str) -> FeatureView:
    """The view of all customer features over one immutable file of history.

    Args:
        names: Feature names, each a nullable float.
        history: Parquet file of the current version.
        ttl: How far back a training set looks; reads from the online store ignore it.
        kept_on: Kind of the server that holds today's facts.
    """
    source = FileSource(
        name=f"{VIEW}_history",
        path=str(history.absolute()),
        file_format=ParquetFormat(),
        timestamp_field=EVENT_AT,
        created_timestamp_column=CREATED_AT,
    )
    own = {CUSTOMER_ID: String, AS_OF_DAY: Int64, COMPUTED_AT: Int64}
    schema = [Field(name=name, dtype=dtype) for name, dtype in own.items()]
    schema += [Field(name=name, dtype=Float64) for name in names]
    tags = {KEPT_ON: kept_on}
    return FeatureView(name=VIEW, entities=[customer()], ttl=ttl, schema=schema, source=source, online=True, tags=tags)


def service(served: ServedSet, view: FeatureView) -> FeatureService:
    """The Feast service of one feature set, its hash among the tags."""
    return FeatureService(
        name=served.name,
        features=[view[[AS_OF_DAY, COMPUTED_AT, *served.features]]],
        tags={"feature_set_hash": served.hash},
        description=f"{len(served.features)} customer features",
    )


def feature_set_facts() -> Facts:
    """The facts that `features.feature_sets` declares.

    Example:
        >>> [served.name for served in feature_set_facts().sets]
        ['late_v3', 'default_v3', 'distress_v1', 'limit_v2']
    """
    stored = set(STORED.names)
    sets = tuple(
        ServedSet(f"{chosen.name}_v{chosen.version}", tuple(n for n in chosen.names if n in stored), chosen.hash)
        for chosen in (LATE, DEFAULT, DISTRESS, LIMIT_INPUTS)
    )
    return Facts(tuple(STORED.names), f"{STORED.version}_{STORED.hash}", sets)
