"""The best that any model could do given the features: the mean true probability of all who look alike.

No model that sees the features alone can come nearer to the truth, in squares, than the mean of the truth given them.
It is estimated by boosted trees that learn the true probabilities themselves, no outcomes, from the same months of a
book of many more customers, none of whom is judged. Rounds end where customers left out of it say so. What is found is
still a little worse than the bound itself; the same learnt on half of the customers shows what more of them would buy.
"""

from typing import Any, Final

import lightgbm as lgb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from training.arrays import Flags, Floats

ROUNDS: Final = 1_500
PATIENCE: Final = 60
LEFT_OUT: Final = 6
"""Of so many customers, one says when to stop."""
PARAMETERS: Final = {
    "objective": "cross_entropy",
    "learning_rate": 0.04,
    "num_leaves": 31,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


def best(learnt: pa.Table, judged: pa.Table, names: list[str], *, threads: int, share: int = 1) -> Floats:
    """The mean truth given the features, for the cases that are judged, shape (n,).

    Args:
        learnt: ``customer_id``, ``true`` and the features.
        judged: The features.
        names: Which they are.
        threads: LightGBM's threads.
        share: Only one of so many customers teaches.
    """
    group = groups(np.array(learnt["customer_id"].to_pylist()))
    mine = group % share == 0
    held = (group // share) % LEFT_OUT == 0
    rows, true = matrix(learnt, names), learnt["true"].to_numpy()
    data, valid = (_data(rows, true, mine & flags) for flags in (~held, held))
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    asked = PARAMETERS | {"num_threads": threads}
    booster = lgb.train(asked, data, ROUNDS, valid_sets=[valid], callbacks=[stop])
    return np.asarray(booster.predict(matrix(judged, names), num_threads=threads), dtype=np.float64)


def groups(customers: NDArray[Any]) -> NDArray[np.intp]:
    """A number for each case, the same for one customer, counting customers in order of name.

    Example:
        >>> groups(np.array(["B", "A", "B"])).tolist()
        [1, 0, 1]
    """
    return np.asarray(np.unique(customers, return_inverse=True)[1], dtype=np.intp)


def matrix(rows: pa.Table, names: list[str]) -> Floats:
    """The features side by side, shape (n, k)."""
    return np.column_stack([rows[name].to_numpy() for name in names])


def _data(rows: Floats, true: Floats, chosen: Flags) -> lgb.Dataset:
    return lgb.Dataset(rows[chosen], true[chosen], params={"verbosity": -1})
