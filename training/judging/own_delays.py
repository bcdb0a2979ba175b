"""The plainest statement of when an invoice will be paid: as this customer's invoices were paid before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring.pay_time import PayTimes
from training.arrays import Floats

LEAST: Final = 3
"""With fewer settled invoices of its own, a customer is taken to pay as the portfolio does."""


@dataclass(frozen=True)
class OwnDelays:
    """Settled invoices by customer, in order of settlement.

    Attributes:
        days: Shape (d,), the delays that a statement may name.
        settled_on: Customer to the days of settlement, shape (m,), rising; the key None holds all.
        delay: Customer to the delays, shape (m,), days.
    """

    days: NDArray[np.int64]
    settled_on: Mapping[Any, NDArray[Any]]
    delay: Mapping[Any, Floats]

    def stated(self, customers: NDArray[Any], at: NDArray[Any]) -> PayTimes:
        """The empirical distribution of every case.

        Args:
            customers: Customer of each case, shape (n,).
            at: Day of each case, shape (n,), datetime64[D]; only what was settled before it counts.
        """
        return PayTimes(self.days, np.array([self._one(who, day) for who, day in zip(customers, at, strict=True)]))

    def _one(self, customer: Any, day: Any) -> Floats:
        known = int(np.searchsorted(self.settled_on.get(customer, np.array([], "datetime64[D]")), day, side="left"))
        who = customer if known >= LEAST else None
        upto = int(np.searchsorted(self.settled_on[who], day, side="left"))
        delays = np.clip(self.delay[who][:upto], self.days[0], self.days[-1])
        counted = np.bincount((delays - self.days[0]).astype(np.int64), minlength=len(self.days))
        return np.asarray(counted / max(int(counted.sum()), 1), dtype=np.float64)


def own_delays(days: NDArray[np.int64], customers: NDArray[Any], settled_on: NDArray[Any], delay: Floats) -> OwnDelays:
    """Sort settled invoices by customer.

    Args:
        days: The delays that a statement may name, shape (d,), rising.
        customers: Shape (m,).
        settled_on: Shape (m,), datetime64[D].
        delay: Shape (m,), days.

    Example:
        >>> past = own_delays(np.arange(-1, 3), np.array(["A"] * 4), np.array(["2024-01-01"] * 4, "M8[D]"),
        ...                   np.array([0.0, 0.0, 2.0, -9.0]))
        >>> past.stated(np.array(["A"]), np.array(["2024-02-01"], "M8[D]")).mass.tolist()
        [[0.25, 0.5, 0.0, 0.25]]
    """
    order = np.argsort(settled_on, kind="stable")
    who, when, late = customers[order], settled_on[order], delay[order]
    names, place = np.unique(who.astype(str), return_inverse=True)
    dates: dict[Any, NDArray[Any]] = {name: when[place == number] for number, name in enumerate(names.tolist())}
    delays: dict[Any, Floats] = {name: late[place == number] for number, name in enumerate(names.tolist())}
    return OwnDelays(days, dates | {None: when}, delays | {None: late})
