"""Contributions by tables are those that LightGBM computes, and those that Shapley defined."""

import itertools
import math

import lightgbm as lgb
import numpy as np
import pytest

from scoring import tree_shap
from scoring.grown_tree import GrownTree, Missing, TreeNotReadError, grown_trees
from scoring.tree_shap import TreeShap
from scoring.trees import Trees

EXACT = 1e-9
SHALLOW = {"num_leaves": 5}
USUAL = {"num_leaves": 15, "min_data_in_leaf": 5}
DEEP = {"num_leaves": 31, "min_data_in_leaf": 3}


def grown(rows, bad, *, trees=12, seed=1, categories="auto", **parameters):
    quiet = {"verbosity": -1, "num_threads": 1}
    data = lgb.Dataset(rows, bad.astype(float), params=quiet | parameters, categorical_feature=categories)
    fixed = {"objective": "binary", "verbosity": -1, "num_threads": 1, "deterministic": True, "learning_rate": 0.3}
    sampled = {"seed": seed, "feature_fraction": 0.7, "bagging_fraction": 0.7, "bagging_freq": 1}
    return lgb.train({**fixed, **sampled, **parameters}, data, num_boost_round=trees)


def cases(seed, n=900, features=7, gaps=0.15):
    """Rows of mixed kinds with gaps, whole numbers among them so that values sit on thresholds."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(n, features))
    rows[:, :3] = random.integers(-3, 6, size=(n, 3))
    risk = rows[:, 0] - rows[:, 1] * rows[:, 4] + np.abs(rows[:, 5])
    rows[random.random(rows.shape) < gaps] = np.nan
    # A column that is never missing at training: LightGBM then takes a missing value for zero.
    rows[:, 6] = random.normal(size=n)
    return rows, risk + random.normal(size=n) > 1


def lightgbms(boosters, rows):
    return sum(np.asarray(b.predict(rows, pred_contrib=True, num_threads=1)) for b in boosters) / len(boosters)


def tables_of(boosters, rows):
    return TreeShap.of_texts([b.model_to_string() for b in boosters], features=rows.shape[1])


def on_thresholds(text, rows):
    """Rows whose values are the very thresholds of the trees, the next number above them, and nothing."""
    made = rows[:300].copy()
    random = np.random.default_rng(0)
    for tree in grown_trees(text):
        for feature, threshold in zip(tree.feature, tree.threshold, strict=True):
            made[random.integers(len(made), size=6), feature] = threshold
            made[random.integers(len(made), size=6), feature] = np.nextafter(threshold, np.inf)
    made[random.random(made.shape) < 0.2] = np.nan
    return made


class TestAgainstLightgbm:
    @pytest.mark.parametrize("shape", [SHALLOW, USUAL, DEEP], ids=["5 leaves", "15 leaves", "31 leaves"])
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_random_trees(self, seed, shape):
        rows, bad = cases(seed)
        booster = grown(rows, bad, seed=seed, **shape)
        found = tables_of([booster], rows).contributions(rows)
        np.testing.assert_allclose(found, lightgbms([booster], rows), rtol=0, atol=EXACT)

    @pytest.mark.parametrize("seed", [4, 5])
    def test_values_on_a_threshold_just_above_it_and_missing_everywhere(self, seed):
        rows, bad = cases(seed)
        booster = grown(rows, bad, **USUAL)
        edge = on_thresholds(booster.model_to_string(), rows)
        kinds = {kind for tree in grown_trees(booster.model_to_string()) for kind in tree.missing}
        assert kinds == set(Missing)
        assert np.isnan(edge[:, 6]).any()
        np.testing.assert_allclose(
            tables_of([booster], rows).contributions(edge), lightgbms([booster], edge), rtol=0, atol=EXACT
        )

    def test_with_directions_and_as_the_mean_of_several_models(self):
        rows, bad = cases(6)
        how = {"monotone_constraints": [1, -1, 0, 0, 0, 1, 0], "monotone_constraints_method": "intermediate"}
        boosters = [grown(rows, bad, seed=seed, **USUAL, **how) for seed in (1, 2, 3)]
        np.testing.assert_allclose(
            tables_of(boosters, rows).contributions(rows), lightgbms(boosters, rows), rtol=0, atol=EXACT
        )

    def test_trees_of_one_leaf(self):
        rows, bad = cases(7, n=30)
        booster = grown(rows, bad, trees=2, min_data_in_leaf=30)
        found = tables_of([booster], rows).contributions(rows[:3])
        np.testing.assert_allclose(found, lightgbms([booster], rows[:3]), rtol=0, atol=EXACT)

    def test_chains_of_one_feature(self):
        """One feature cut again and again: its conditions on a path become one."""
        rows, bad = cases(8)
        booster = grown(rows[:, :2], bad, num_leaves=20, min_data_in_leaf=2, feature_fraction=1.0)
        found = tables_of([booster], rows[:, :2]).contributions(rows[:, :2])
        np.testing.assert_allclose(found, lightgbms([booster], rows[:, :2]), rtol=0, atol=EXACT)


def by_definition(tree: GrownTree, row):
    """Shapley values by their definition, every coalition in turn: for trees of few features."""
    players = sorted(set(tree.feature))

    def value(node, known):
        if node < 0:
            return tree.leaf_value[~node]
        left, right = tree.left[node], tree.right[node]
        if tree.feature[node] in known:
            return value(left if row[tree.feature[node]] <= tree.threshold[node] else right, known)
        return sum(tree.share(node, child) * value(child, known) for child in (left, right))

    found = np.zeros(len(row) + 1)
    found[-1] = value(0, set())
    for player in players:
        others = [name for name in players if name != player]
        for size in range(len(others) + 1):
            weight = math.factorial(size) * math.factorial(len(others) - size) / math.factorial(len(players))
            for coalition in itertools.combinations(others, size):
                found[player] += weight * (value(0, {*coalition, player}) - value(0, set(coalition)))
    return found


def test_they_are_shapleys_values():
    rows, bad = cases(9, gaps=0)
    booster = grown(rows, bad, trees=3, **SHALLOW)
    trees = list(grown_trees(booster.model_to_string()))
    found = tables_of([booster], rows).contributions(rows[:20])
    expected = [sum(by_definition(tree, row) for tree in trees) for row in rows[:20]]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


class TestBits:
    @pytest.mark.parametrize("shape", [SHALLOW, USUAL], ids=["5 leaves", "15 leaves"])
    def test_a_row_alone_and_in_a_batch_gives_equal_bits(self, shape):
        rows, bad = cases(10)
        boosters = [grown(rows, bad, seed=seed, **shape) for seed in (1, 2)]
        tables, edge = tables_of(boosters, rows), on_thresholds(boosters[0].model_to_string(), rows)
        batch = tables.contributions(edge)
        assert len(edge) > tree_shap.FEW
        for place in range(len(edge)):
            np.testing.assert_array_equal(tables.contributions(edge[place : place + 1])[0], batch[place])

    def test_where_a_batch_is_cut_makes_no_difference(self, monkeypatch):
        rows, bad = cases(11)
        tables = tables_of([grown(rows, bad, **USUAL)], rows)
        whole = tables.contributions(rows)
        monkeypatch.setattr(tree_shap, "ROWS_AT_ONCE", 64)
        np.testing.assert_array_equal(tables.contributions(rows), whole)

    def test_no_rows(self):
        rows, bad = cases(12)
        assert tables_of([grown(rows, bad)], rows).contributions(rows[:0]).shape == (0, 8)


class TestRefused:
    @pytest.mark.parametrize(
        ("parameters", "says"),
        [
            pytest.param({"zero_as_missing": True}, "zero taken for missing", id="zero as missing"),
            pytest.param({"categories": [0]}, "a split by category", id="categories"),
            pytest.param({"linear_tree": True}, "linear leaves", id="linear leaves"),
            pytest.param({"boosting": "rf"}, "averages its trees", id="random forest"),
        ],
    )
    def test_what_is_not_read(self, parameters, says):
        rows, bad = cases(13)
        rows[:, 0] = np.abs(np.nan_to_num(rows[:, 0]))
        booster = grown(rows, bad, **USUAL, **parameters)
        with pytest.raises(TreeNotReadError, match=says):
            tables_of([booster], rows)

    @pytest.mark.parametrize(
        ("limit", "value", "says"), [("MOST_BITS", 8, "a leaf under"), ("MOST_CELLS", 1000, "tables would hold")]
    )
    def test_tables_that_would_be_too_large(self, monkeypatch, limit, value, says):
        random = np.random.default_rng(14)
        rows = random.normal(size=(2000, 16))
        booster = grown(rows, rows.sum(axis=1) > random.normal(size=2000), num_leaves=63, min_data_in_leaf=2)
        monkeypatch.setattr(tree_shap, limit, value)
        with pytest.raises(TreeNotReadError, match=says):
            tables_of([booster], rows)

    def test_a_learner_then_leaves_it_to_lightgbm(self):
        rows, bad = cases(15)
        booster = grown(np.nan_to_num(rows), bad, zero_as_missing=True, **USUAL)
        np.testing.assert_array_equal(
            Trees((booster,)).contributions(rows, threads=1), booster.predict(rows, pred_contrib=True, num_threads=1)
        )


def test_a_learner_uses_the_tables():
    rows, bad = cases(16)
    booster = grown(rows, bad, **USUAL)
    found = Trees((booster,)).contributions(rows, threads=1)
    np.testing.assert_array_equal(found, tables_of([booster], rows).contributions(rows))
    assert not np.array_equal(found, booster.predict(rows, pred_contrib=True, num_threads=1))
