"""What the store asks of the server that holds today's facts; SQLite, Redis and PostgreSQL each answer in a file.

All three hold *namespaces*: one complete set of customers each, laid out as Feast lays out a project of that name.
A *state* per project says which namespace is read. It is the last thing to change when a new one is whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from features.store.address import Kind
from features.store.wire import Floats

STATE_TABLE: Final = "o2c_risk_online"
# Customers per statement: well under the number of parameters that one SQLite statement takes.
READ_BATCH: Final = 500
# Times that a reader follows a pointer that moved while it read; each move is a refresh of the whole book.
TRIES: Final = 8

Stored = list[bytes | None]
"""The stored values of one customer, in the order of the names asked for."""


class OnlineUnreachableError(ConnectionError):
    """The server that holds today's facts does not answer."""

    def __init__(self, kind: Kind, problem: BaseException) -> None:
        super().__init__(
            f"The online store ({kind.value}) does not answer: {type(problem).__name__}. "
            "See that the server of O2C_RISK_ONLINE runs and lets this user in"
        )
        self.kind = kind


class ChangedMeanwhileError(RuntimeError):
    """Another writer changed the state of the online store."""

    def __init__(self, project: str) -> None:
        super().__init__(
            f"Another process wrote to the online facts of {project} meanwhile; nothing of this write is read. "
            "Run it again"
        )
        self.project = project


class MovesTooOftenError(RuntimeError):
    """The namespace changed each time it was about to be read."""

    def __init__(self, project: str) -> None:
        super().__init__(f"The online facts of {project} were replaced {TRIES} times while they were read; try again")


@dataclass(frozen=True)
class State:
    """Which namespace of a project is read, and what its writers noted.

    Attributes:
        generation: Number of the namespace that is read; 0 when there is none.
        revision: How often the state was saved.
        note: Whatever the writers keep: plain JSON.
    """

    generation: int = 0
    revision: int = 0
    note: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """Facts of customers that share a day and an instant of computation.

    Attributes:
        keys: Entity keys, shape (n,), each once.
        values: Features, shape (n, k); not-a-number is null.
        names: Their names, shape (k,).
        day: Day at whose end they are true, in days since 1970.
        computed_us: Instant of computation, in microseconds since 1970.
    """

    keys: Sequence[bytes]
    values: Floats
    names: tuple[str, ...]
    day: int
    computed_us: int


class OnlineBackend(Protocol):
    """A server that holds today's facts."""

    kind: Kind

    def prepare(self) -> None:
        """Makes what must be there before anything is written or read; twice does no harm."""

    def state(self, project: str) -> State:
        """The state of a project, an empty one when it was never saved."""

    def states(self) -> dict[str, State]:
        """The states of all projects."""

    def save(self, project: str, state: State) -> None:
        """Puts a state in place of the one whose revision is one less, in one step.

        Raises:
            ChangedMeanwhileError: The stored revision is another one.
        """

    def namespaces(self) -> list[str]:
        """Names of all namespaces that are there, whole or not."""

    def create(self, namespace: str) -> None:
        """Begins an empty namespace."""

    def fill(self, namespace: str, rows: Iterable[Rows]) -> None:
        """Writes rows of new customers to a namespace that nobody reads, and makes it ready to be read."""

    def put(self, namespace: str, rows: Sequence[Rows]) -> int:
        """Puts rows in place of those of the same customers, each customer in one step.

        Returns:
            How many customers kept what they had, because it was computed no earlier (Redis; as with Feast).
        """

    def drop(self, namespace: str) -> None:
        """Removes a namespace; one that is half removed is removed whole."""

    def customers(self, namespace: str) -> list[bytes]:
        """Entity keys of all customers of a namespace, in no stated order."""

    def read(self, project: str, keys: Sequence[bytes], names: Sequence[str]) -> list[Stored]:
        """The stored values of customers, all from one namespace: the one the project points to.

        Args:
            project: Whose facts.
            keys: Entity keys, shape (n,).
            names: What to read, shape (k,).

        Returns:
            Shape (n, k); None where nothing is stored.
        """

    def feast_config(self) -> Any:
        """The same place as Feast's own configuration; no secrets in it."""

    def lend(self, online_store: Any) -> None:
        """Gives Feast's online store a connection, so that it needs no password."""

    def close(self) -> None:
        """Lets go of all connections."""


def namespace_of(project: str, generation: int) -> str:
    """Name of a namespace, which is the Feast project that reads it.

    Example:
        >>> namespace_of("o2c_risk_1_0f0f", 3)
        'o2c_risk_1_0f0f_g3'
    """
    return f"{project}_g{generation}"


def generation_of(project: str, namespace: str) -> int | None:
    """Number of a namespace of the project, None if it is another project's.

    Example:
        >>> generation_of("o2c_risk_1", "o2c_risk_1_g12"), generation_of("o2c_risk_1", "o2c_risk_1_2_g12")
        (12, None)
    """
    head, _, number = namespace.rpartition("_g")
    return int(number) if head == project and number.isdecimal() else None
