"""The dice of the random books: dates at the edges of the windows, amounts, and rows that change their mind."""

import random
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from data.contracts import CONTRACTS
from tests.features.rows import AS_OF, Rows, days, instant, row

EDGES = (0, 1, 4, 5, 6, 29, 30, 31, 89, 90, 91, 179, 180, 181, 274, 275, 276, 359, 360, 364, 365, 366, 454, 455)
KNOWLEDGE_LAG = (0, 0, 0, 0, 1, 1, 3, 12, -2)


class Draw:
    """The dice, and the rows drawn so far."""

    def __init__(self, seed: int, customers: int) -> None:
        self.rng = random.Random(seed)
        self.customers = customers
        self.rows: Rows = {name: [] for name in CONTRACTS}
        self.is_odd = seed % 2 == 1

    def maybe(self, chance: float) -> bool:
        return self.rng.random() < chance

    def choice(self, *of: Any) -> Any:
        return self.rng.choice(of)

    def ago(self) -> int:
        return self.rng.choice(EDGES) if self.maybe(0.5) else self.rng.randint(-5, self.choice(100, 420, 760))

    def past(self) -> date:
        return AS_OF - days(self.ago())

    def ahead(self) -> date:
        """A day at the edge of one of the weeks after ``AS_OF``."""
        return AS_OF + days(7 * self.rng.randint(0, 8) + self.choice(0, 0, 1))

    def known(self, happened_on: date) -> date:
        """Mostly soon after, or at the edge of what is known at ``AS_OF``, where a leak would show: one in five of what
        has happened, half of what is still to come.
        """
        edge = AS_OF + days(self.choice(0, 1, 1))
        if self.maybe(0.2) and happened_on <= edge:
            return edge
        if AS_OF < happened_on <= AS_OF + days(60) and self.maybe(0.5):
            return AS_OF - days(self.choice(0, 1))
        return happened_on + days(self.rng.choice(KNOWLEDGE_LAG))

    def money(self) -> Decimal | None:
        """A multiple of 0.16, so that quarters of quarters are still money."""
        return None if self.maybe(0.08) else Decimal(self.rng.randint(1, 9999)) * Decimal("0.16")

    def currency(self) -> str:
        return self.rng.choices(("EUR", "USD", "JPY"), (85, 13, 2))[0]

    def someone(self) -> str:
        return f"C{self.rng.randrange(self.customers)}"

    def add(self, table: str, since: date, changes: tuple[Mapping[str, Any], ...] = (), /, **values: Any) -> dict:
        """A row, now and then corrected, moved to another customer or withdrawn, once or twice; returns the first."""
        known_on = self.known(since)
        first = latest = row(table, known_on=known_on, hour=6, **values)
        self.rows[table].append(first)
        moved = {"customer_id": self.someone()} if "customer_id" not in CONTRACTS[table].key else {}
        for hour in (9, 18):
            if not self.maybe(0.12):
                break
            change = self.choice(*changes, moved, {"is_deleted": True})
            known_on += days(self.choice(0, 1, 20, 60))
            latest = latest | {"is_deleted": False} | change | {"known_at": instant(known_on, hour)}
            self.rows[table].append(latest)
        return first
