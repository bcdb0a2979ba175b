"""How sure a share of bad cases is."""

from scipy import stats


def rate_interval(n: int, bad: int, bad_customers: int | None = None, level: float = 0.95) -> tuple[float, float]:
    """Jeffreys interval of the true rate behind some cases, both ends in [0, 1].

    Args:
        n: Cases.
        bad: Bad ones.
        bad_customers: Customers behind the bad ones; every case counts as much as ``bad_customers / bad``. None takes
            the cases as independent.
        level: Probability that the interval holds the rate, in (0, 1).

    Example:
        >>> [round(end, 3) for end in rate_interval(50, 10)]
        [0.108, 0.326]
        >>> [round(end, 3) for end in rate_interval(50, 10, 2)]  # ten bad cases of two customers: 2 in 10
        [0.044, 0.503]
        >>> rate_interval(0, 0)
        (0.0, 1.0)
    """
    weight = 1.0 if bad_customers is None or not bad else bad_customers / bad
    tail = (1 - level) / 2
    low, high = stats.beta.ppf([tail, 1 - tail], bad * weight + 0.5, (n - bad) * weight + 0.5)
    return (0.0 if bad == 0 else float(low)), (1.0 if bad == n else float(high))
