"""What a simulation is drawn from before the first invoice: days, customers, their strain and its hazards."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data.simulation.agreements import Agreements, draw_agreements
from data.simulation.calendar import Calendar, calendar_of
from data.simulation.columns import Indices, choice, same, stream
from data.simulation.customers import Traits, draw_traits
from data.simulation.shape import Shape
from data.simulation.strain import LEVELS, Strain, daily_hazard, draw_strain, late_intercept
from data.simulation.survival import Survival, survival_of


@dataclass(frozen=True)
class World:
    """All that is fixed before anything is sold.

    Attributes:
        shape: What was asked for.
        calendar: Its months.
        traits: Fixed facts about every customer.
        agreements: What was agreed with each.
        strain: Latent strain of every customer in every month.
        survival: The daily hazard of distress and the probabilities that follow from it.
        late_intercept: Log odds of a late payment at strain 0, outside the stress.
    """

    shape: Shape
    calendar: Calendar
    traits: Traits
    agreements: Agreements
    strain: Strain
    survival: Survival
    late_intercept: float

    def currency(self, customer: Indices) -> pa.Array:
        """Currency in which each of the customers is invoiced."""
        if not self.shape.is_full:
            return same(self.shape.currency, len(customer))
        return choice(self.agreements.currency[customer], self.shape.currencies)

    def stream(self, name: str) -> np.random.Generator:
        """The random stream of one part of the simulation."""
        return stream(self.shape.seed, name)


def draw_world(shape: Shape) -> World:
    """Draw customers and their strain, and sum the probabilities."""
    calendar = calendar_of(shape)
    traits = draw_traits(shape, calendar)
    strain = draw_strain(shape, calendar, traits.fixed_strain)
    level_share = np.bincount(strain.level, minlength=len(LEVELS)) / shape.customers
    hazard = daily_hazard(shape, calendar, level_share)
    return World(
        shape=shape,
        calendar=calendar,
        traits=traits,
        agreements=draw_agreements(shape),
        strain=strain,
        survival=survival_of(calendar, hazard),
        late_intercept=late_intercept(shape, level_share),
    )
