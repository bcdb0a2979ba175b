"""From a model's probability to one that means what it says.

Here a calibrator is only applied; it is fitted in ``training``.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring.canonical import canonical_json

FLOOR: Final = 1e-9
"""No probability is nearer to 0 or 1 than this: a certain default or a certain payment is not known to any model."""

PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"identity": (), "platt": ("a", "b"), "beta": ("a", "b", "c"), "isotonic": ()}
)


class CalibratorError(ValueError):
    """The calibrator's method or parameters are not allowed."""


@dataclass(frozen=True)
class Calibrator:
    """A rising map from probability to probability.

    Attributes:
        method: ``identity``; ``platt``: sigmoid(a·logit(p) + b); ``beta``: sigmoid(a·ln p − b·ln(1−p) + c).
        params: ``platt`` needs a > 0 and b; ``beta`` needs a, b ≥ 0, not both 0, and c.
        points: For ``isotonic`` alone, which is a line through them: pairs of a probability and what it is mapped
            to, both in [0, 1], the first rising, the second never falling; at least two.

    Source:
        Platt (1999); isotonic regression: Zadrozny, Elkan (KDD 2002); beta calibration: Kull, Silva Filho, Flach
        (AISTATS 2017).

    Example:
        >>> Calibrator("platt", {"a": 1.0, "b": 0.0}).apply(np.array([0.0, 0.25, 1.0])).round(4).tolist()
        [0.0, 0.25, 1.0]
    """

    method: str
    params: Mapping[str, float] = field(default_factory=dict)
    points: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        expected = PARAMETERS.get(self.method)
        if expected is None:
            raise CalibratorError(f"calibrator method {self.method!r} is not one of {', '.join(PARAMETERS)}")
        if set(self.params) != set(expected):
            raise CalibratorError(f"{self.method} needs the parameters {list(expected)}, got {sorted(self.params)}")
        if not all(math.isfinite(value) for value in self.params.values()):
            raise CalibratorError(f"{self.method} parameters must be finite, got {dict(self.params)}")
        if not self._rises():
            raise CalibratorError(f"{self.method} with {dict(self.params)} does not rise with the probability")
        self._check_points()
        object.__setattr__(self, "params", {name: float(self.params[name]) for name in expected})

    def _check_points(self) -> None:
        if (self.method == "isotonic") != bool(self.points):
            raise CalibratorError(f"points belong to isotonic alone, got {len(self.points)} with {self.method}")
        if not self.points:
            return
        given, mapped = np.array(self.points, dtype=np.float64).T
        inside = ((given >= 0) & (given <= 1) & (mapped >= 0) & (mapped <= 1)).all()
        if len(given) < 2 or not inside or (np.diff(given) <= 0).any() or (np.diff(mapped) < 0).any():
            raise CalibratorError(
                "isotonic needs two points or more in [0, 1], the first rising, the second not falling"
            )

    def _rises(self) -> bool:
        if self.method == "platt":
            return self.params["a"] > 0
        if self.method == "beta":
            return min(self.params["a"], self.params["b"]) >= 0 and max(self.params["a"], self.params["b"]) > 0
        return True

    def apply(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated probabilities, of the shape given, range [1e-9, 1 − 1e-9], never falling where the input rises.

        Args:
            probability: Any shape, float64, range [0, 1].

        Raises:
            ValueError: A value is outside [0, 1] or not a number.
        """
        given = np.asarray(probability, dtype=np.float64)
        if not np.all((given >= 0) & (given <= 1)):
            raise ValueError("a probability to calibrate must lie in [0, 1]; got a value outside, or not a number")
        return bounded(self._mapped(bounded(given)))

    def _mapped(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.method == "platt":
            return sigmoid(self.params["a"] * (np.log(p) - np.log1p(-p)) + self.params["b"])
        if self.method == "beta":
            return sigmoid(self.params["a"] * np.log(p) - self.params["b"] * np.log1p(-p) + self.params["c"])
        if self.method == "isotonic":
            given, mapped = np.array(self.points, dtype=np.float64).T
            found: NDArray[np.float64] = np.interp(p, given, mapped)
            return found
        return p

    def to_json(self) -> bytes:
        """Canonical JSON: equal parameters give equal bytes."""
        points = {"points": self.points} if self.points else {}
        return canonical_json({"method": self.method, "params": self.params, **points})

    @classmethod
    def from_json(cls, text: bytes | str) -> "Calibrator":
        """Read back what ``to_json`` wrote.

        Raises:
            CalibratorError: The text is no calibrator.
        """
        value: Any = json.loads(text)
        if not isinstance(value, dict) or set(value) - {"points"} != {"method", "params"}:
            raise CalibratorError("a calibrator is an object with the keys method and params, and points if isotonic")
        return cls(value["method"], value["params"], tuple((float(a), float(b)) for a, b in value.get("points", ())))


def sigmoid(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of the log-odds, same shape, range [0, 1]; exact to rounding at both ends, no overflow.

    Example:
        >>> sigmoid(np.array([-800.0, 0.0, 800.0])).tolist()
        [0.0, 0.5, 1.0]
    """
    small = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1.0, small) / (1.0 + small)


def bounded(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability, held within [1e-9, 1 − 1e-9]."""
    return np.clip(probability, FLOOR, 1.0 - FLOOR)
