"""The latent strain of a customer, and what it does to the two hazards.

Strain has a fixed part (a level, from size, industry and luck) and a part that moves by month (a state
of a Rouwenhorst chain, which is a mean-reverting random walk on a grid; Rouwenhorst 1995). Because both
are finite, probabilities over a horizon are sums, not estimates. Higher is worse; both are in standard
deviations of the moving part.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from data.simulation.calendar import Calendar
from data.simulation.columns import Floats, Indices, stream
from data.simulation.shape import Shape

LEVELS: Final = np.linspace(-2.0, 2.0, 9)
"""Values the fixed part can take."""
STATES: Final = 11
PERSISTENCE: Final = 0.94
"""Correlation of the moving part with itself a month later."""
HAZARD_SLOPE: Final = 1.25
"""Log hazard of distress per unit of strain."""
LATE_SLOPE: Final = 1.5
"""Log odds of a late payment per unit of strain."""
HABIT_SPREAD: Final = 2.0
"""Standard deviation of the log odds of a late payment between customers of equal strain."""
YEAR_DAYS: Final = 365.25


@dataclass(frozen=True)
class Chain:
    """The moving part of strain.

    Attributes:
        grid: Strain in each state, shape (STATES,), ascending.
        step: ``step[i, j]`` is the probability of j next month, given i, shape (STATES, STATES).
        stationary: Share of time in each state, shape (STATES,).
    """

    grid: Floats
    step: Floats
    stationary: Floats


@dataclass(frozen=True)
class Strain:
    """Latent strain of every customer in every month.

    Attributes:
        level: Position in ``LEVELS``, shape (customers,).
        state: State of the chain, shape (customers, months).
    """

    level: Indices
    state: Indices

    def value(self, customer: Indices, month: Indices) -> Floats:
        """Strain of a customer in a month, both by position."""
        moving: Floats = chain().grid[self.state[customer, month]]
        return moving + LEVELS[self.level[customer]]


def chain() -> Chain:
    """The Rouwenhorst chain with standard deviation 1.

    Example:
        >>> bool(np.allclose(chain().step.sum(axis=1), 1))
        True
    """
    stay = (1 + PERSISTENCE) / 2
    step = np.array([[stay, 1 - stay], [1 - stay, stay]])
    stationary = np.array([0.5, 0.5])
    for size in range(3, STATES + 1):
        wide = np.zeros((size, size))
        wide[:-1, :-1] += stay * step
        wide[:-1, 1:] += (1 - stay) * step
        wide[1:, :-1] += (1 - stay) * step
        wide[1:, 1:] += stay * step
        wide[1:-1] /= 2
        step = wide
        stationary = np.convolve(stationary, [0.5, 0.5])
    reach = np.sqrt(STATES - 1)
    return Chain(np.linspace(-reach, reach, STATES), step, stationary)


def draw_strain(shape: Shape, calendar: Calendar, fixed: Floats) -> Strain:
    """Levels from the fixed part, and a path of the chain through all months.

    Args:
        shape: The portfolio.
        calendar: Its months.
        fixed: Wanted fixed part, shape (customers,); the nearest level is taken.
    """
    moving = chain()
    rng = stream(shape.seed, "strain")
    state = np.empty((shape.customers, calendar.months), np.int8)
    state[:, 0] = np.searchsorted(np.cumsum(moving.stationary)[:-1], rng.random(shape.customers), side="right")
    bounds = np.cumsum(moving.step, axis=1)[:, :-1]
    for month in range(1, calendar.months):
        luck = rng.random(shape.customers)
        state[:, month] = (luck[:, None] >= bounds[state[:, month - 1]]).sum(axis=1)
    spacing = LEVELS[1] - LEVELS[0]
    level = np.clip(np.rint((fixed - LEVELS[0]) / spacing), 0, len(LEVELS) - 1).astype(np.int8)
    return Strain(level, state)


def daily_hazard(shape: Shape, calendar: Calendar, level_share: Floats) -> Floats:
    """Hazard of distress per day: P(distress today | none before) = 1 - exp(-hazard).

    Args:
        shape: The portfolio; ``default_rate`` is the mean of the yearly hazard outside the stress.
        calendar: Its months.
        level_share: Share of customers on each level, shape (levels,).

    Returns:
        Shape (months, levels, STATES), per day.
    """
    moving = chain()
    relative = np.exp(HAZARD_SLOPE * (LEVELS[:, None] + moving.grid))
    scale = shape.default_rate / YEAR_DAYS / (level_share @ relative @ moving.stationary)
    stress = np.where(calendar.stressed, shape.stress_hazard, 1.0)
    return np.asarray(scale * stress[:, None, None] * relative)


def late_intercept(shape: Shape, level_share: Floats) -> float:
    """Log odds of a late payment at strain 0 that give ``late_share`` on average, outside the stress.

    Found by halving an interval; the mean runs over levels, states and the habit of customers.
    """
    moving = chain()
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    log_odds = (LATE_SLOPE * (LEVELS[:, None] + moving.grid))[:, :, None] + HABIT_SPREAD * nodes
    mass = level_share[:, None, None] * moving.stationary[:, None] * (weights / weights.sum())
    low, high = -30.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        share = float((mass / (1 + np.exp(-(middle + log_odds)))).sum())
        low, high = (middle, high) if share < shape.late_share else (low, middle)
    return (low + high) / 2
