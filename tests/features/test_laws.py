"""Laws that hold for every feature on every book."""

import itertools
import math
import random
from datetime import timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from features.build import build
from features.feature_sets import FEATURES, STORED
from tests.features.ledger import AS_OF, as_it_stood, book_from, days, features_of, random_rows, spine_rows
from tests.features.reference import features as plain

NAMES = STORED.names
AS_OFS = (AS_OF, AS_OF - days(1), AS_OF - days(45))
CASES = [(f"C{number}", as_of) for as_of in AS_OFS for number in range(31)]  # C30 is in no book

# One example builds some thirty customers at three dates, so few examples cover much.
# Shrinking a seed finds no smaller book, only another.
few = settings(max_examples=4, phases=[Phase.explicit, Phase.reuse, Phase.generate])
seeds = st.integers(0, 2**32)


def differences(cases, left, right, *, exact=True):
    """What differs, as a person would want to read it: case, feature, both values."""
    return [
        (case, name, a[name], b[name])
        for case, a, b in zip(cases, left, right, strict=True)
        for name in NAMES
        if not _same(a[name], b[name], exact)
    ]


def _same(a, b, exact):
    if a is None or b is None:
        return a is b
    return a == b if exact else math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


@few
@given(seeds)
def test_the_features_equal_the_plain_reference(seed):
    rows = random_rows(seed)
    expected = [plain(rows, *case) for case in CASES]
    assert differences(CASES, features_of(rows, CASES, NAMES), expected, exact=False) == []


def leaks(rows, as_of, make=build):
    """What would be other values had nothing become known after ``as_of``."""
    cases = [case for case in CASES if case[1] == as_of]
    return differences(
        cases,
        features_of(rows, cases, NAMES, make=make),
        features_of(as_it_stood(rows, as_of), cases, NAMES, make=make),
    )


@few
@given(seeds, st.sampled_from(AS_OFS))
def test_the_future_cannot_change_the_past(seed, as_of):
    assert leaks(random_rows(seed), as_of) == []


def a_day_ahead(book, spine, *, features):
    """A build that sees one day past ``as_of``."""
    ahead = spine.mutate(as_of=spine.as_of + timedelta(days=1))
    return build(book, ahead, features=features)


def test_a_feature_that_sees_one_day_past_as_of_is_caught():
    found = {name for _, name, _, _ in leaks(random_rows(1), AS_OF, make=a_day_ahead)}
    assert {"settled_count_30d", "open_count", "worst_dpd_90d", "invoice_count_30d"} <= found


@few
@given(seeds, st.randoms(use_true_random=False))
def test_row_order_does_not_matter(seed, rng: random.Random):
    rows = random_rows(seed)
    shuffled = {name: rng.sample(given, len(given)) for name, given in rows.items()}
    assert differences(CASES, features_of(rows, CASES, NAMES), features_of(shuffled, CASES, NAMES)) == []


@few
@given(seeds, st.integers(0, 29))
def test_one_customer_alone_has_the_values_it_has_in_a_batch(seed, number):
    rows, case = random_rows(seed), (f"C{number}", AS_OF)
    together = features_of(rows, CASES, NAMES)[CASES.index(case)]
    assert differences([case], features_of(rows, [case], NAMES), [together]) == []


@few
@given(seeds)
def test_values_lie_within_the_declared_range(seed):
    outside = [
        (case, name, value)
        for case, found in zip(CASES, features_of(random_rows(seed), CASES, NAMES), strict=True)
        for name, value in found.items()
        if value is not None and not FEATURES[name].low <= value <= FEATURES[name].high
    ]
    assert outside == []


@pytest.mark.parametrize("name", NAMES)
def test_every_feature_takes_several_values_on_the_random_books(name, many_values):
    assert len(many_values[name]) >= 2, "the random books do not test this feature"


@pytest.fixture(scope="module")
def many_values():
    found = [made for seed in (1, 2, 3) for made in features_of(random_rows(seed), CASES, NAMES)]
    return {name: {made[name] for made in found} for name in NAMES}


def test_an_unknown_customer_has_nothing_but_the_flag():
    found = features_of(random_rows(1), [("nobody", AS_OF)], NAMES)[0]
    assert found.pop("is_known_customer") == 0
    assert set(found.values()) == {None}


def test_an_empty_book_gives_one_row_of_nulls_per_spine_row():
    found = features_of({}, [("C1", AS_OF), ("C1", AS_OF)], NAMES)
    assert [made.pop("is_known_customer") for made in found] == [0, 0]
    assert {value for made in found for value in made.values()} == {None}


def test_an_empty_spine_gives_no_row():
    assert features_of(random_rows(1), [], NAMES) == []


def test_duplicate_spine_rows_come_back_twice():
    book = book_from(random_rows(1))
    cases = [("C1", AS_OF), ("C2", AS_OF), ("C1", AS_OF), ("nobody", AS_OF)]
    built = build(book, book.memtable(spine_rows(cases)), features=["open_count"]).to_pyarrow().to_pylist()
    by_case = {row["case_id"]: row for row in built}
    assert sorted(by_case) == ["0", "1", "2", "3"]
    assert by_case["0"] == by_case["2"] | {"case_id": "0"}


def test_a_book_computed_step_by_step_gives_the_same_as_one_query():
    rows = random_rows(6)
    book = book_from(rows)
    built = build(book, book.memtable(spine_rows(CASES)), features=NAMES).to_pyarrow().to_pylist()
    book.close()
    built.sort(key=lambda found: int(found["case_id"]))
    assert differences(CASES, built, features_of(rows, CASES, NAMES)) == []


@few
@given(seeds, st.sampled_from([3, 10, 1000]))
def test_in_another_unit_of_money_only_money_changes(seed, times):
    rows = random_rows(seed)
    money = {"amount", "revenue", "equity", "intangible_assets", "current_assets", "current_liabilities"}
    scaled = {
        name: [{k: v * times if k in money and v is not None else v for k, v in row.items()} for row in given]
        for name, given in rows.items()
    }
    expected = [
        {n: v * times if v is not None and FEATURES[n].unit == "money" else v for n, v in made.items()}
        for made in features_of(rows, CASES, NAMES)
    ]
    assert differences(CASES, features_of(scaled, CASES, NAMES), expected, exact=False) == []


def test_nested_windows_never_shrink():
    windows = ("30d", "90d", "180d", "365d", "ever")
    names = [f"settled_count_{window}" for window in windows]
    for found in features_of(random_rows(4), CASES, names):
        counts = [found[name] for name in names if found[name] is not None]
        assert all(small <= large for small, large in itertools.pairwise(counts))
