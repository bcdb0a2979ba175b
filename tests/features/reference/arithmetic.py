"""Sums, means and ratios as a person writes them: exact until the last step, and what is missing stays missing."""

import math
from fractions import Fraction
from statistics import mean

WINDOWS = {"30d": 30, "90d": 90, "180d": 180, "365d": 365, "ever": 10**6}


def average(values):
    values = list(values)
    return float(sum(map(Fraction, values)) / len(values)) if values else None


def share(flags):
    return average(int(flag) for flag in flags)


def total(values):
    """Sum of the amounts that are known: 0 for none at all, None when all are missing."""
    values = list(values)
    known = [value for value in values if value is not None]
    return 0.0 if not values else float(sum(known)) if known else None


def over(numerator, denominator):
    if numerator is None or not denominator:
        return None
    return float(Fraction(numerator) / Fraction(denominator))


def over_positive(numerator, denominator):
    """A ratio that means nothing over a sum that is not above zero."""
    return over(numerator, denominator) if denominator is not None and denominator > 0 else None


def less(left, right):
    return None if None in (left, right) else float(Fraction(left) - Fraction(right))


def less_one(value, times=1.0):
    return None if value is None else value * times - 1


def highest(values):
    return max((value for value in values if value is not None), default=None)


def lowest(values):
    return min((value for value in values if value is not None), default=None)


def spread(values):
    if len(values) < 2:
        return None
    middle = Fraction(sum(values), len(values))
    return math.sqrt(sum((v - middle) ** 2 for v in values) / (len(values) - 1))


def slope(points):
    """Least squares, per 30 days; from three points on two days."""
    if len(points) < 3 or len({x for x, _ in points}) < 2:
        return None
    mx, my = mean(Fraction(x) for x, _ in points), mean(Fraction(y) for _, y in points)
    return float(30 * sum((x - mx) * (y - my) for x, y in points) / sum((x - mx) ** 2 for x, _ in points))
