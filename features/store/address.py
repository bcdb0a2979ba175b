"""Where today's facts are kept: one text of the environment, of which the secrets are never shown."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The servers on which today's facts can be kept."""

    SQLITE = "sqlite"
    REDIS = "redis"
    POSTGRES = "postgres"


SCHEMES: Final = {
    "redis": Kind.REDIS,
    "rediss": Kind.REDIS,
    "unix": Kind.REDIS,
    "postgresql": Kind.POSTGRES,
    "postgres": Kind.POSTGRES,
}


class UnknownAddressError(ValueError):
    """The setting names no server that the store can use."""

    def __init__(self, said: str) -> None:
        # The scheme alone: what follows may hold a password.
        super().__init__(
            f"O2C_RISK_ONLINE must be sqlite, redis://host:port/db or postgresql://user:password@host:port/database; "
            f"it begins with {said.partition(':')[0][:20]!r}"
        )


@dataclass(frozen=True)
class Address:
    """Where today's facts are kept.

    Attributes:
        kind: The kind of server.
        url: Its address, secrets included; empty for SQLite, which lies in the store's folder.
    """

    kind: Kind
    url: str = field(default="", repr=False)


def address_of(text: str) -> Address:
    """The address that a setting names.

    Raises:
        UnknownAddressError: It names none.

    Example:
        >>> address_of("sqlite"), address_of("redis://:secret@cache:6379/0")
        (Address(kind=<Kind.SQLITE: 'sqlite'>), Address(kind=<Kind.REDIS: 'redis'>))
    """
    if text in ("", "sqlite"):
        return Address(Kind.SQLITE)
    scheme, separator, rest = text.partition("://")
    if not separator or not rest or scheme not in SCHEMES:
        raise UnknownAddressError(text)
    return Address(SCHEMES[scheme], text)
