"""TreeSHAP by tables: the contributions that LightGBM's ``pred_contrib`` gives, in a fraction of its time.

What a leaf of value v contributes to feature j depends on nothing but which of the features on the leaf's path a row
satisfies. With z_i the product of the shares of training cases that went the path's way at the splits on feature i, and
o_i 1 where the row goes that way at all of them, else 0, Shapley's weights are an integral of a polynomial:

    phi_j = v (o_j - z_j) * integral over t from 0 to 1 of the product over i != j of (z_i (1 - t) + o_i t)

because the integral of t^s (1 - t)^(d - 1 - s) is s! (d - 1 - s)! / d!. Gauss-Legendre quadrature with d / 2 nodes,
rounded up, gives it exactly. So all of it is computed once per model. Subtrees small enough that one byte says how a
row fares on their splits share a table: the row's contributions are then look-ups and additions.

Source:
    The game that is played: Lundberg, Erion, Lee, Consistent Individualized Feature Attribution for Tree Ensembles
    (2018), path-dependent. That a leaf's part depends on a bit pattern alone, so that tables can be made beforehand:
    Yang, Fast TreeSHAP (2021). The integral: the multilinear extension, Owen (1972).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.grown_tree import GrownTree, Missing, TreeNotReadError, grown_trees

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

EASY_BITS: Final = 8
"""A subtree whose splits make this many bits has one table; a larger one is taken apart."""
MOST_BITS: Final = 14
"""A single leaf may lie under this many features; beyond it a table would be too large."""
MOST_CELLS: Final = 32_000_000
"""Numbers in all tables of a model, 256 MB; that of 1200 trees of 15 leaves has 4 million."""
ROWS_AT_ONCE: Final = 4_096
"""Rows per block: what is worked on then stays in a processor's cache."""
FEW: Final = 160
"""Up to this many rows one by one are faster than a block of them."""
CELLS_AT_ONCE: Final = 2_000_000

Condition = frozenset[tuple[int, bool]]
"""Splits on one feature, by number, each with whether its left side is meant; met where a row goes all those ways."""
NO_CONDITION: Final[Condition] = frozenset()
_Split = tuple[int, Missing, float]
"""Feature, where a missing value goes, threshold."""


@dataclass(frozen=True)
class _Leaf:
    """A leaf of a group: per feature on its path, the share of cases that go its way and which bits say a row does."""

    value: float
    shares: tuple[float, ...]
    columns: tuple[int, ...]
    care: tuple[int, ...]
    want: tuple[int, ...]


@dataclass(frozen=True)
class _Group:
    """A subtree with one table: what its bits mean, the features it contributes to, and its leaves."""

    bits: tuple[Condition, ...]
    features: tuple[int, ...]
    leaves: tuple[_Leaf, ...]


class TreeShap:
    """Contributions of a model of trees, by tables made once.

    A row has the same contributions, bit for bit, alone and in a batch. Against LightGBM's own they differ by rounding,
    less than 1e-9 in log-odds. Safe to use from several threads.

    Example:
        >>> import lightgbm as lgb
        >>> rows = np.random.default_rng(1).normal(size=(400, 3))
        >>> data = lgb.Dataset(rows, rows[:, 0] * rows[:, 1] > 0)
        >>> grown = lgb.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, data, num_boost_round=5)
        >>> tables = TreeShap.of_texts([grown.model_to_string()], features=3)
        >>> np.abs(tables.contributions(rows) - grown.predict(rows, pred_contrib=True)).max() < 1e-9
        np.True_
    """

    def __init__(
        self, splits: "_Splits", groups: Sequence[_Group], *, features: int, constant: float, models: int
    ) -> None:
        self._features, self._constant, self._models = features, constant, models
        self._bits = [[splits.place_of(bit) for bit in group.bits] for group in groups]
        self._facts = splits.facts()
        tables = _tables(groups)
        self._cells: Floats = np.concatenate([np.empty(0), *(table.ravel() for table in tables)])
        sizes = [table.shape[1] for table in tables for _ in table]
        self._starts = _begins(sizes)
        self._columns = np.array([feature for group in groups for feature in group.features], dtype=np.intp)
        self._groups = np.repeat(np.arange(len(groups)), [len(group.features) for group in groups])
        self._all_bits = np.array([bit for bits in self._bits for bit in bits], dtype=np.intp)
        self._worth = np.array([1 << place for bits in self._bits for place in range(len(bits))], dtype=np.intp)
        self._begins = _begins([len(bits) for bits in self._bits])
        self._columns_of_groups = [
            list(zip(group.features, table, strict=True))
            for group, table in zip(groups, self._views(tables), strict=True)
        ]

    def _views(self, tables: Sequence[Floats]) -> Iterator[Floats]:
        """Each table where it stands among the cells, so that it is held once."""
        start = 0
        for table in tables:
            yield self._cells[start : start + table.size].reshape(table.shape)
            start += table.size

    @classmethod
    def of_texts(cls, texts: Sequence[str], *, features: int) -> "TreeShap":
        """Tables of LightGBM models whose log-odds are averaged.

        Args:
            texts: Model texts, at least one, all of the same features; only such whose hash was checked.
            features: How many columns they read.

        Raises:
            TreeNotReadError: A tree has something that is not read here, or is so deep that its table would be too
                large.
        """
        splits, groups, constant = _Splits(), list[_Group](), 0.0
        for text in texts:
            for tree in grown_trees(text):
                constant += tree.expected()
                if tree.feature:
                    groups += _Groups(tree, splits).found
        cells = sum(len(group.features) << len(group.bits) for group in groups)
        if cells > MOST_CELLS:
            raise TreeNotReadError(f"trees whose tables would hold {cells} numbers, more than {MOST_CELLS}")
        return cls(splits, groups, features=features, constant=constant, models=len(texts))

    @property
    def size(self) -> int:
        """Bytes of the tables."""
        return self._cells.nbytes

    def contributions(self, rows: Floats) -> Floats:
        """Mean contributions of the models in log-odds, shape (n, features + 1), the expected value last.

        Args:
            rows: Shape (n, features), float64, NaN where a value is not known.
        """
        found = np.empty((len(rows), self._features + 1))
        if len(rows) <= FEW:
            for place, row in enumerate(rows):
                found[place] = self._of_row(row)
            return found
        for start in range(0, len(rows), ROWS_AT_ONCE):
            block = slice(start, start + ROWS_AT_ONCE)
            found[block] = self._of_block(rows[block]).T
        return found

    def _of_row(self, row: Floats) -> Floats:
        """Contributions of one row, shape (features + 1,): added up in the order in which a block's are."""
        if not len(self._starts):
            return self._finished(np.zeros(self._features + 1))
        bits = self._facts.of_row(row)[self._all_bits]
        patterns = np.add.reduceat(bits * self._worth, self._begins)
        values = self._cells[self._starts + patterns[self._groups]]
        total = np.bincount(self._columns, weights=values, minlength=self._features + 1)
        return self._finished(np.asarray(total, dtype=np.float64))

    def _of_block(self, rows: Floats) -> Floats:
        """Contributions of a block, shape (features + 1, n)."""
        facts = self._facts.of_block(np.ascontiguousarray(rows.T))
        total, values = np.zeros((self._features + 1, len(rows))), np.empty(len(rows))
        for bits, columns in zip(self._bits, self._columns_of_groups, strict=True):
            pattern = _pattern(facts, bits)
            for feature, table in columns:
                table.take(pattern, out=values, mode="clip")
                total[feature] += values
        return self._finished(total)

    def _finished(self, total: Floats) -> Floats:
        total[-1] = self._constant
        return total / self._models


def _pattern(facts: NDArray[np.uint8], bits: Sequence[int]) -> Places:
    """The number that a row's bits make, shape (n,), the first bit the lowest."""
    kind = np.uint8 if len(bits) <= 8 else np.uint16
    found = facts[bits[-1]].astype(kind)
    for bit in reversed(bits[:-1]):
        found += found
        found += facts[bit]
    place: Places = found.astype(np.intp)
    return place


class _Splits:
    """The different splits of all trees and the conditions made of them: what has to be known of a row."""

    def __init__(self) -> None:
        self._number: dict[_Split, int] = {}
        self._joint: dict[Condition, int] = {}

    def number(self, split: "_Split") -> int:
        """Number of a split; equal splits of different trees have one."""
        return self._number.setdefault(split, len(self._number))

    def place_of(self, bit: Condition) -> int:
        """Where ``Facts`` tells of a condition. To be asked when all splits are known."""
        ((split, is_left), *more) = bit
        if is_left and not more:
            return split
        return len(self._number) + self._joint.setdefault(bit, len(self._joint))

    def facts(self) -> "_Facts":
        """What tells of all that was asked for."""
        return _Facts(list(self._number), [sorted(bit) for bit in self._joint])


class _Facts:
    """Tells, for every split and then for every joint condition, whether a row meets it."""

    def __init__(self, splits: Sequence["_Split"], joint: Sequence[Sequence[tuple[int, bool]]]) -> None:
        self._size = len(splits) + len(joint)
        self._joint = joint
        alike: dict[tuple[int, Missing], list[int]] = {}
        for place, (feature, missing, _) in enumerate(splits):
            alike.setdefault((feature, missing), []).append(place)
        self._by_feature = [(*kind, np.array(places, dtype=np.intp)) for kind, places in alike.items()]
        self._thresholds = np.array([split[2] for split in splits], dtype=np.float64)
        # For a row alone: where its values are, which way it goes without one, and each condition's splits, a right
        # side as the number of the split plus their count.
        self._features = np.array([split[0] for split in splits], dtype=np.intp)
        self._absent_goes_left = np.array([_absent_goes_left(*split[1:]) for split in splits], dtype=np.bool_)
        self._sides = np.array([n if left else n + len(splits) for bit in joint for n, left in bit], dtype=np.intp)
        self._begins = _begins([len(bit) for bit in joint])

    def of_row(self, row: Floats) -> NDArray[np.bool_]:
        """Shape (n_splits + n_joint,)."""
        values = row[self._features]
        left = (values <= self._thresholds) | (np.isnan(values) & self._absent_goes_left)
        if not len(self._sides):
            return left
        sides = np.concatenate([left, ~left])[self._sides]
        return np.concatenate([left, np.logical_and.reduceat(sides, self._begins)])

    def of_block(self, columns: Floats) -> NDArray[np.uint8]:
        """Shape (n_splits + n_joint, n), 1 or 0, of columns (n_features, n)."""
        found = np.empty((self._size, columns.shape[1]), dtype=np.uint8)
        for feature, missing, places in self._by_feature:
            found[places] = _goes_left(columns[feature], missing, self._thresholds[places])
        for place, bit in enumerate(self._joint, start=len(self._thresholds)):
            _all_of(found, bit, found[place])
        return found


def _begins(lengths: Sequence[int]) -> Places:
    """Where each of several stretches begins when they stand one after the other."""
    return np.concatenate([[0], np.cumsum(lengths)])[:-1].astype(np.intp)


def _absent_goes_left(missing: Missing, threshold: float) -> bool:
    return threshold >= 0 if missing is Missing.AS_ZERO else missing is Missing.LEFT


def _goes_left(values: Floats, missing: Missing, thresholds: Floats) -> NDArray[np.bool_]:
    """Whether each value goes left at each threshold, shape (n_thresholds, n)."""
    absent = np.isnan(values)
    if missing is Missing.AS_ZERO:
        values = np.where(absent, 0.0, values)
    left = values <= thresholds[:, None]
    return left | absent if missing is Missing.LEFT else left


def _all_of(facts: NDArray[np.uint8], bit: Sequence[tuple[int, bool]], out: NDArray[np.uint8]) -> None:
    """Write 1 where a row goes each split's stated way."""
    out[:] = 1
    for split, is_left in bit:
        out &= facts[split] if is_left else facts[split] ^ 1


@dataclass(frozen=True)
class _Path:
    """The way from the root to a node.

    Attributes:
        conditions: Feature to what the way asks of it.
        shares: Feature to the share of training cases that went the way at the splits on it.
    """

    conditions: Mapping[int, Condition]
    shares: Mapping[int, float]

    def onward(self, feature: int, step: Condition, share: float) -> "_Path":
        """The way one split further."""
        return _Path(
            {**self.conditions, feature: self.conditions.get(feature, NO_CONDITION) | step},
            {**self.shares, feature: self.shares.get(feature, 1.0) * share},
        )


class _Groups:
    """A tree taken apart into subtrees, each with few enough bits for a table."""

    def __init__(self, tree: GrownTree, splits: _Splits) -> None:
        self._tree = tree
        self._numbers = [splits.number(split) for split in zip(tree.feature, tree.missing, tree.threshold, strict=True)]
        self.found: list[_Group] = []
        self._descend(0, _Path({}, {}))

    def _descend(self, node: int, path: _Path) -> None:
        inner = self._inner(node)
        if node < 0 or len(path.conditions) + len(inner) <= EASY_BITS:
            self.found.append(self._group(node, path, inner))
            return
        for child, beyond in self._onward(node, path):
            self._descend(child, beyond)

    def _onward(self, node: int, path: _Path) -> Iterator[tuple[int, _Path]]:
        for child, is_left in ((self._tree.left[node], True), (self._tree.right[node], False)):
            step = frozenset({(self._numbers[node], is_left)})
            yield child, path.onward(self._tree.feature[node], step, self._tree.share(node, child))

    def _inner(self, node: int) -> list[int]:
        """Splits at a node and below it."""
        if node < 0:
            return []
        return [node, *self._inner(self._tree.left[node]), *self._inner(self._tree.right[node])]

    def _group(self, node: int, path: _Path, inner: Sequence[int]) -> _Group:
        own = [frozenset({(self._numbers[split], True)}) for split in inner]
        bits = tuple(dict.fromkeys([*path.conditions.values(), *own]))
        if len(bits) > MOST_BITS:
            raise TreeNotReadError(f"a leaf under {len(bits)} features, more than {MOST_BITS}")
        features = tuple(sorted({*path.conditions, *(self._tree.feature[split] for split in inner)}))
        byte = {bit: 1 << place for place, bit in enumerate(bits)}
        start = {feature: (byte[condition], byte[condition]) for feature, condition in path.conditions.items()}
        worth = {split: byte[condition] for split, condition in zip(inner, own, strict=True)}
        return _Group(bits, features, tuple(self._leaves(node, path.shares, start, worth, features)))

    def _leaves(
        self,
        node: int,
        shares: Mapping[int, float],
        asked: Mapping[int, tuple[int, int]],
        worth: Mapping[int, int],
        features: tuple[int, ...],
    ) -> Iterator[_Leaf]:
        """The leaves below a node.

        Args:
            node: The node.
            shares: Of the path to it.
            asked: Feature to the bits that matter, and to those of them that must be set, for a row to be on the path.
            worth: What the left side of each split of the group is worth in a pattern.
            features: The group's.
        """
        if node < 0:
            columns = tuple(features.index(feature) for feature in shares)
            cares, wants = zip(*(asked[feature] for feature in shares), strict=True)
            yield _Leaf(self._tree.leaf_value[~node], tuple(shares.values()), columns, cares, wants)
            return
        feature, bit = self._tree.feature[node], worth[node]
        care, want = asked.get(feature, (0, 0))
        for child, met in ((self._tree.left[node], bit), (self._tree.right[node], 0)):
            share = shares.get(feature, 1.0) * self._tree.share(node, child)
            beyond = {**asked, feature: (care | bit, want | met)}
            yield from self._leaves(child, {**shares, feature: share}, beyond, worth, features)


def _tables(groups: Sequence[_Group]) -> list[Floats]:
    """Table of each group, shape (n_features of the group, 2 ** n_bits): what it adds at every pattern."""
    alone = iter(_leaf_tables([leaf for group in groups for leaf in group.leaves]))
    satisfied = cache(_satisfied)  # few different ones among the leaves of hundreds of small trees
    found = []
    for group in groups:
        table = np.zeros((len(group.features), 1 << len(group.bits)))
        for leaf in group.leaves:
            table[list(leaf.columns)] += next(alone)[:, satisfied(len(group.bits), leaf.care, leaf.want)]
        found.append(table)
    return found


def _satisfied(bits: int, care: tuple[int, ...], want: tuple[int, ...]) -> Places:
    """Which features of a leaf's path a row satisfies, as a number, at every pattern of so many bits."""
    met = (np.arange(1 << bits) & np.array(care)[:, None]) == np.array(want)[:, None]
    found: Places = (1 << np.arange(len(care))) @ met
    return found


def _leaf_tables(leaves: Sequence[_Leaf]) -> list[Floats]:
    """Contributions of each leaf, shape (d, 2 ** d): to each feature of its path, by which of them a row satisfies."""
    found: dict[int, Floats] = {}
    by_depth: dict[int, list[int]] = {}
    for number, leaf in enumerate(leaves):
        by_depth.setdefault(len(leaf.shares), []).append(number)
    for depth, numbers in by_depth.items():
        step = max(1, CELLS_AT_ONCE // (depth << depth))
        for start in range(0, len(numbers), step):
            some = numbers[start : start + step]
            shares = np.array([leaves[number].shares for number in some])
            values = np.array([leaves[number].value for number in some])
            found |= zip(some, _contributions(values, shares), strict=True)
    return [found[number] for number in range(len(leaves))]


def _contributions(values: Floats, shares: Floats) -> Floats:
    """What leaves of equally many features contribute, shape (n_leaves, d, 2 ** d).

    Args:
        values: Shape (n_leaves,).
        shares: Shape (n_leaves, d), the z of the formula above.
    """
    depth = shares.shape[1]
    met = (np.arange(1 << depth) >> np.arange(depth)[:, None] & 1).astype(np.float64)
    nodes, weights = np.polynomial.legendre.leggauss((depth + 1) // 2)
    total = np.zeros((len(shares), depth, 1 << depth))
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        total += weight * _others(shares[:, :, None] * (1 - node) + met * node)
    return values[:, None, None] * (met - shares[:, :, None]) * total


def _others(factors: Floats) -> Floats:
    """Along axis 1, the product of all factors but the own one; without a division, for a factor may be 0."""
    found = np.ones_like(factors)
    before, after = np.ones_like(factors[:, 0]), np.ones_like(factors[:, 0])
    last = factors.shape[1] - 1
    for place in range(last + 1):
        found[:, place] *= before
        found[:, last - place] *= after
        before, after = before * factors[:, place], after * factors[:, last - place]
    return found
