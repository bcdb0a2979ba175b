"""Laws that hold for every feature on every book. A failure names the case, the feature and both values."""

import functools
import itertools
import math
import random

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from features.build import build
from features.feature_sets import FEATURES, STORED
from tests.features.ledger import AS_OF, as_it_stood, book_from, days, features_of, random_rows, spine_rows
from tests.features.otherwise import at_whole_rates, in_other_money, renamed, split_in_two
from tests.features.reference.customer import features_on
from tests.features.reference.desk import Desk

NAMES = STORED.names
AS_OFS = (AS_OF, AS_OF - days(1), AS_OF - days(45))
CASES = [(f"C{number}", as_of) for as_of in AS_OFS for number in range(31)]  # C30 is in no book

# One example builds some thirty customers at three dates, so few examples cover much; shrinking a seed finds no
# smaller book, only another. Every law is asked of the same two books, built once as they are, and of a random one.
few = settings(max_examples=2, phases=[Phase.explicit, Phase.reuse, Phase.generate])
seeds = st.integers(0, 2**32)
SEEDS = (1, 4)
books = pytest.mark.parametrize("seed", SEEDS)


def law(seed):
    """A law of every book: of one that all runs share, and of a random one."""
    return lambda check: settings(few, max_examples=1)(given(seeds)(example(seed)(check)))


@functools.lru_cache(4)
def built(seed):
    return features_of(random_rows(seed), CASES, NAMES)


def differences(cases, left, right, *, exact=True, names=None):
    """What differs, as a person would want to read it: case, feature, both values."""
    return [
        (case, name, a[name], b[name])
        for case, a, b in zip(cases, left, right, strict=True)
        for name in (NAMES if names is None else names)
        if not same(a[name], b[name], exact)
    ]


def same(a, b, exact=False):
    if a is None or b is None:
        return a is b
    return a == b if exact else math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


@few
@given(seeds)
def test_the_features_equal_the_plain_reference(seed):
    rows = random_rows(seed)
    desks = {as_of: Desk(rows, as_of) for as_of in AS_OFS}
    expected = [features_on(desks[as_of], who) for who, as_of in CASES]
    assert differences(CASES, features_of(rows, CASES, NAMES), expected, exact=False) == []


def leaks(seed, as_of, ahead=0):
    """What would be other values had nothing become known after ``as_of``, asked for ``ahead`` days later."""
    cases = [(who, on + days(ahead)) for who, on in CASES if on == as_of]
    rows = random_rows(seed)
    return differences(cases, features_of(rows, cases, NAMES), features_of(as_it_stood(rows, as_of), cases, NAMES))


@few
@given(seeds, st.sampled_from(AS_OFS))
@example(SEEDS[0], AS_OF)
@example(SEEDS[1], AS_OFS[2])
def test_the_future_cannot_change_the_past(seed, as_of):
    assert leaks(seed, as_of) == []


def test_looking_one_day_ahead_shows_in_most_features():
    """A build that looks past ``as_of`` is caught by the law above: there is something in the books for it to find."""
    caught = {name for _, name, _, _ in leaks(SEEDS[0], AS_OF, ahead=1)}
    assert {"settled_count_30d", "open_count", "worst_dpd_90d", "invoice_count_30d", "group_open_amount"} <= caught
    assert len(caught) > 0.6 * len(NAMES)


@law(SEEDS[0])
def test_row_order_does_not_matter(seed):
    rng = random.Random(seed)
    shuffled = {name: rng.sample(given, len(given)) for name, given in random_rows(seed).items()}
    assert differences(CASES, built(seed), features_of(shuffled, CASES, NAMES)) == []


@law(SEEDS[1])
def test_one_customer_alone_has_the_values_it_has_in_a_batch(seed):
    alone = [case for case in CASES if case[0] == f"C{random.Random(seed).randrange(30)}"]
    together = [built(seed)[CASES.index(case)] for case in alone]
    assert differences(alone, features_of(random_rows(seed), alone, NAMES), together) == []


@books
def test_values_lie_within_the_declared_range(seed):
    outside = {
        name: (case, value)
        for case, found in zip(CASES, built(seed), strict=True)
        for name, value in found.items()
        if value is not None and not FEATURES[name].low <= value <= FEATURES[name].high
    }
    assert outside == {}


@pytest.mark.parametrize("name", NAMES)
def test_every_feature_takes_several_values_on_the_random_books(name):
    values = {found[name] for seed in SEEDS for found in built(seed)}
    assert len(values - {None}) >= 2, "the random books do not test this feature"


COMPARED_WITH_MONEY = {"material_dpd"}  # its bound is an amount, which an installation sets in its own currency


@law(SEEDS[0])
def test_in_another_unit_of_money_only_money_changes(seed):
    times = 1000
    rows = at_whole_rates(random_rows(seed))
    scaled = in_other_money(rows, times)
    expected = [
        {n: v * times if v is not None and FEATURES[n].unit == "money" else v for n, v in found.items()}
        for found in features_of(rows, CASES, NAMES)
    ]
    kept = [name for name in NAMES if name not in COMPARED_WITH_MONEY]
    assert differences(CASES, features_of(scaled, CASES, NAMES), expected, exact=False, names=kept) == []


@law(SEEDS[1])
def test_other_names_for_customers_and_documents_change_nothing(seed):
    rows, name_of = renamed(random_rows(seed))
    cases = [(name_of(who), as_of) for who, as_of in CASES]
    assert differences(CASES, features_of(rows, cases, NAMES), built(seed)) == []


# What counts invoices, or takes each of them as one, sees two where there was one. Everything else is money, weighted
# by money, the most or least of something, or has nothing to do with invoices.
COUNTS_INVOICES = {
    *(name for name in NAMES if FEATURES[name].unit in ("invoices", "credit notes", "disputes")),
    *(name for name in NAMES if name.startswith(("late1_share", "late5_share", "late30_share", "on_due_day_share"))),
    *(name for name in NAMES if name.startswith(("days_late_mean", "days_late_std", "due_late5_share"))),
    *(name for name in NAMES if "_late5_share_180d" in name),  # those of the peers
    "late5_to_industry_180d",
    "days_late_trend_365d",
    "payment_index_365d",  # null below three items, one more may make three
    "payment_index_90d",
    "payment_index_change",
    "invoice_amount_mean_365d",
    "invoice_amount_max_365d",
    "terms_mean_365d",
    "terms_change_90d",
    "terms_lengthening_count_365d",  # the mean that it compares with
    "order_terms_to_usual",  # the same mean
    "interest_rate_mean_365d",
    "instalment_share_365d",
    "prepayment_share_365d",
    "order_id_share_365d",
    "disputed_invoice_share_365d",
    "discount_taken_share_90d",
    "discount_taken_share_365d",
    "discount_lapse",
    "days_late_last_2",  # the other half of the last one
    "days_late_last_3",
    "is_thin_file",  # fewer than three settled invoices
}


@law(SEEDS[0])
def test_an_invoice_split_in_two_leaves_money_and_days_as_they_are(seed):
    halves = split_in_two(random_rows(seed), seed)
    kept = [name for name in NAMES if name not in COUNTS_INVOICES]
    assert differences(CASES, features_of(halves, CASES, NAMES), built(seed), exact=False, names=kept) == []


def test_the_law_of_splitting_is_one_of_most_features():
    assert set(NAMES) >= COUNTS_INVOICES
    assert len(NAMES) - len(COUNTS_INVOICES) > 100


def test_an_unknown_customer_has_nothing_but_the_flag():
    found = dict(built(SEEDS[0])[CASES.index(("C30", AS_OF))])
    assert found.pop("is_known_customer") == 0
    assert {name for name, value in found.items() if value is not None} == set()


def test_an_empty_book_gives_one_row_of_nulls_per_spine_row():
    found = features_of({}, [("C1", AS_OF), ("C1", AS_OF)], NAMES)
    assert [made.pop("is_known_customer", 0) for made in found] == [0, 0]
    assert {name for made in found for name, value in made.items() if value is not None} == set()


def test_an_empty_spine_gives_no_row():
    assert features_of(random_rows(1), [], NAMES) == []


def test_duplicate_spine_rows_come_back_twice():
    book = book_from(random_rows(1))
    cases = [("C1", AS_OF), ("C2", AS_OF), ("C1", AS_OF), ("nobody", AS_OF)]
    found = build(book, book.memtable(spine_rows(cases)), features=["open_count"]).to_pyarrow().to_pylist()
    book.close()
    by_case = {row["case_id"]: row for row in found}
    assert sorted(by_case) == ["0", "1", "2", "3"]
    assert by_case["0"] == by_case["2"] | {"case_id": "0"}


def test_a_book_of_its_own_gives_the_same_as_the_bench():
    """The bench fills the tables of one engine again and again; this build has an engine of its own."""
    names = ["open_amount", "worst_dpd_365d", "unapplied_cash_amount", "limit_amount"]
    book = book_from(random_rows(SEEDS[0]))
    found = build(book, book.memtable(spine_rows(CASES)), features=names).to_pyarrow().to_pylist()
    book.close()
    found.sort(key=lambda row: int(row["case_id"]))
    assert differences(CASES, found, built(SEEDS[0]), names=names) == []


def test_nested_windows_never_shrink():
    windows = ("30d", "90d", "180d", "365d", "ever")
    for found in built(SEEDS[0]):
        counts = [found[f"settled_count_{window}"] for window in windows if found["is_known_customer"]]
        assert all(small <= large for small, large in itertools.pairwise(counts))
