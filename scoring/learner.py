"""What a released model asks of whatever learnt from the cases: trees or a scorecard."""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Learner(Protocol):
    """Scores rows and says what each feature added; the same row gives the same bits alone and in a batch."""

    @property
    def form(self) -> Literal["trees", "scorecard"]:
        """``trees`` or ``scorecard``, as ``ModelSpec.form`` says it."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The k columns it reads, in order."""

    def log_odds(self, rows: Floats, *, threads: int) -> Floats:
        """Log-odds of the bad outcome, shape (n,), of rows (n, k), n ≥ 1, NaN where a value is not known."""

    def contributions(self, rows: Floats, *, threads: int) -> Floats:
        """Shape (n, k + 1): what each feature adds in log-odds, the constant last; rows sum to ``log_odds``."""

    def cuts(self) -> Sequence[Floats]:
        """Per feature, the rising values at which its effect may change; it changes above a cut, not at it."""
