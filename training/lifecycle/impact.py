"""What a change of model would do to decisions: whose outcome and limit would change, and by how much money."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

NOT_FLAGGED: Final = "none"
SHOWN: Final = 20


@dataclass(frozen=True)
class Decided:
    """What is decided about one customer.

    Attributes:
        customer_id: The customer.
        outcome: REVIEW when a person has to look, None when nobody has.
        limit: The recommended limit; None when none can be.
    """

    customer_id: str
    outcome: str | None
    limit: Decimal | None


@dataclass(frozen=True)
class Change:
    """One customer's limit under both models; None where none is recommended."""

    customer_id: str
    before: Decimal | None
    after: Decimal | None

    @property
    def money(self) -> Decimal:
        """By how much it changes; a limit that is not recommended counts as no money lent."""
        return (self.after or Decimal(0)) - (self.before or Decimal(0))

    def moves(self, share: float) -> bool:
        """Whether it changes by more than a share of what it was; appearing or vanishing always does.

        Example:
            >>> Change("A", Decimal(100), Decimal(126)).moves(0.25), Change("A", Decimal(100), Decimal(75)).moves(0.25)
            (True, False)
        """
        if self.before is None or self.after is None or not self.before:
            return self.before != self.after
        return abs(self.money) > Decimal(repr(share)) * self.before


@dataclass(frozen=True)
class Impact:
    """The decisions of two models about the same customers.

    Attributes:
        as_of: The day of the decisions.
        currency: ISO 4217 code of every amount.
        customers: Customers decided about.
        move: Share beyond which a limit has moved.
        moved: Customers whose limit moves.
        raised: Customers whose limit rises, by however much.
        cut: Customers whose limit falls.
        money_raised: Sum of the rises.
        money_cut: Sum of the falls, positive.
        limits_before: Sum of all limits under the champion.
        outcomes: Change of outcome, ``none to REVIEW``, to number of customers.
        largest: The largest changes, at most 20, the largest first.
        note: Why nothing changes, where no decision rests on the model; else empty.
    """

    as_of: date
    currency: str
    customers: int
    move: float
    moved: int = 0
    raised: int = 0
    cut: int = 0
    money_raised: Decimal = Decimal(0)
    money_cut: Decimal = Decimal(0)
    limits_before: Decimal = Decimal(0)
    outcomes: tuple[tuple[str, int], ...] = ()
    largest: tuple[Change, ...] = ()
    note: str = ""

    @property
    def figures(self) -> dict[str, float | None]:
        """What gates may ask; shares of no customers at all do not exist."""
        return {
            "limit_moved_share": self._share(self.moved),
            "outcome_changed_share": self._share(sum(number for _, number in self.outcomes)),
        }

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, amounts as text."""
        return {
            "as_of": self.as_of.isoformat(),
            "currency": self.currency,
            "customers": self.customers,
            "limit_move": self.move,
            "limits_moved": self.moved,
            "limits_raised": self.raised,
            "limits_cut": self.cut,
            "money_raised": str(self.money_raised),
            "money_cut": str(self.money_cut),
            "limits_before": str(self.limits_before),
            "outcomes_changed": dict(self.outcomes),
            **self.figures,
            "largest": [
                {"customer_id": c.customer_id, "before": _text(c.before), "after": _text(c.after)} for c in self.largest
            ],
            "note": self.note,
        }

    def _share(self, number: int) -> float | None:
        return number / self.customers if self.customers else None


def impact(
    champion: Sequence[Decided], challenger: Sequence[Decided], *, as_of: date, currency: str, move: float
) -> Impact:
    """Compare the decisions of two models about the same customers.

    Args:
        champion: Decisions under the champion.
        challenger: Decisions under the challenger, about the same customers in the same order.
        as_of: The day of the decisions.
        currency: Of the limits.
        move: Share beyond which a limit has moved.

    Raises:
        ValueError: The customers differ.
    """
    pairs = list(zip(champion, challenger, strict=True))
    if any(before.customer_id != after.customer_id for before, after in pairs):
        raise ValueError("Both models have to decide about the same customers in the same order.")
    changes = [Change(before.customer_id, before.limit, after.limit) for before, after in pairs]
    moved = sorted((c for c in changes if c.before != c.after), key=lambda c: (-abs(c.money), c.customer_id))
    flips = Counter(
        f"{before.outcome or NOT_FLAGGED} to {after.outcome or NOT_FLAGGED}"
        for before, after in pairs
        if before.outcome != after.outcome
    )
    return Impact(
        as_of=as_of,
        currency=currency,
        customers=len(pairs),
        move=move,
        moved=sum(change.moves(move) for change in changes),
        raised=sum(change.money > 0 for change in changes),
        cut=sum(change.money < 0 for change in changes),
        money_raised=sum((c.money for c in changes if c.money > 0), Decimal(0)),
        money_cut=-sum((c.money for c in changes if c.money < 0), Decimal(0)),
        limits_before=sum((c.before or Decimal(0) for c in changes), Decimal(0)),
        outcomes=tuple(sorted(flips.items())),
        largest=tuple(moved[:SHOWN]),
    )


def no_impact(*, as_of: date, currency: str, customers: int, move: float, note: str) -> Impact:
    """Nothing changes, because no decision rests on the model."""
    return Impact(as_of=as_of, currency=currency, customers=customers, move=move, note=note)


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
