"""Plans of a training: which knowledge each model learns from, and which later cases judge it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from training.fitting.tuned import Tuned

LATE: Final = "late-payment"
HORIZON: Final = 180
DAYS_PAST_DUE: Final = {"default": 90, "default-60": 60, "default-12m": 90}
HORIZONS: Final = {"default-12m": 365}
"""Days of the horizons that are not ``HORIZON``."""
MODELS: Final = (LATE, "default", "default-60")
"""Models that are trained unless others are named."""
# How far back a model's knowledge ends, so that outcomes of later cases have matured: months before the first of
# the month of the known date, and how many months of cases judge it.
LATE_MONTHS: Final = (6, 4)
DEFAULT_MONTHS: Final = (11, 6)
YEAR_MONTHS: Final = (14, 3)


@dataclass(frozen=True)
class Plan:
    """When one model's knowledge ends and by what it is judged.

    Attributes:
        name: Name of the model.
        as_of: At the end of this day training's knowledge is frozen; cases from then on judge.
        evaluate_to: Last day of the cases that judge.
        known_on: The day whose knowledge gives their outcomes.
        natural_persons: Whether natural persons are among its cases.
        proxies: Whether it may read what stands in for protected traits; such a model is for research alone.
        tuned: A recipe in place of the product's own.
    """

    name: str
    as_of: date
    evaluate_to: date
    known_on: date
    natural_persons: bool = True
    proxies: bool = False
    tuned: "Tuned | None" = None


def plans(
    names: Sequence[str],
    *,
    known_on: date,
    as_of: date | None = None,
    evaluate_to: date | None = None,
    natural_persons: bool = True,
    proxies: bool = False,
    recipes: "Sequence[Tuned]" = (),
) -> list[Plan]:
    """A plan per model; what is not given is counted back from the known date.

    Args:
        names: Models to train.
        known_on: The day whose knowledge gives the outcomes.
        as_of: Day at which training's knowledge ends.
        evaluate_to: Last day of the cases that judge.
        natural_persons: Whether natural persons are among the cases.
        proxies: Whether models may read what stands in for protected traits.
        recipes: Recipes in place of the product's own, at most one per model.

    Raises:
        StrayRecipeError: A recipe is of a model that is not trained, or of one that has another already.

    Example:
        >>> for plan in plans(["late-payment", "default", "default-12m"], known_on=date(2021, 3, 1)):
        ...     print(plan.name, plan.as_of, plan.evaluate_to)
        late-payment 2020-09-01 2020-12-31
        default 2020-04-01 2020-09-30
        default-12m 2020-01-01 2020-03-31
    """
    made, tuned = [], _by_model(recipes, names)
    for name in names:
        back, months = _months(name)
        start = as_of or month_start(known_on, -back)
        end = evaluate_to or day_before(month_start(start, months))
        made.append(Plan(name, start, end, known_on, natural_persons, proxies, tuned.get(name)))
    return made


class StrayRecipeError(ValueError):
    """A recipe that no model of the run would use."""

    def __init__(self, model: str, names: Sequence[str]) -> None:
        super().__init__(
            f"A recipe of {model} was given, and the models of this run that have none yet are {', '.join(names)}. "
            f"Train {model} with it: o2c-risk train {model} --recipe FILE, one file per model."
        )


def _by_model(recipes: "Sequence[Tuned]", names: Sequence[str]) -> "dict[str, Tuned]":
    found: dict[str, Tuned] = {}
    for tuned in recipes:
        if tuned.model not in names or tuned.model in found:
            raise StrayRecipeError(tuned.model, [name for name in names if name not in found])
        found[tuned.model] = tuned
    return found


def _months(name: str) -> tuple[int, int]:
    if name == LATE:
        return LATE_MONTHS
    return YEAR_MONTHS if name in HORIZONS else DEFAULT_MONTHS


def month_start(day: date, months: int) -> date:
    """The first of the month that lies so many months after a day's own.

    Example:
        >>> month_start(date(2021, 3, 15), -3).isoformat()
        '2020-12-01'
    """
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def day_before(day: date) -> date:
    """The day before."""
    return date.fromordinal(day.toordinal() - 1)
