"""How others of the same industry, region and size paid, the customer itself left out."""

import itertools
from datetime import UTC, datetime, time

import pytest

from features import group
from features.build import as_of_now, build
from features.families import DERIVED_FAMILIES
from features.feature_sets import named
from features.peers import BESIDE_FEATURES, FEATURES
from tests.features.ledger import AS_OF, allocation, book_from, days, invoice, random_rows, spine_rows
from tests.features.one_family import teller, told_of_all
from tests.features.rows import row

told = teller(*FEATURES, *BESIDE_FEATURES)
INDUSTRY = "industry_late5_share_180d"


def master(customer_id, industry="STEEL", *, known_ago=700, **more):
    return row("customers", customer_id=customer_id, industry=industry, known_on=AS_OF - days(known_ago), **more)


def paid(customer_id, *, late=0, ago=30, number=1, known_ago=None, **more):
    """An invoice settled ``ago`` days before ``AS_OF``, ``late`` days after its due date, and its payment."""
    invoice_id, due_on = f"{customer_id}-I{number}", AS_OF - days(ago + late)
    issued = (due_on - days(30)).isoformat()
    known_on = AS_OF - days(ago if known_ago is None else known_ago)
    return (
        invoice(invoice_id, issued=issued, due=due_on.isoformat(), customer_id=customer_id, **more),
        allocation(
            invoice_id, on=(AS_OF - days(ago)).isoformat(), clears=True, customer_id=customer_id, known_on=known_on
        ),
    )


def rows_of(masters, pairs):
    return {"customers": list(masters), "invoices": [i for i, _ in pairs], "allocations": [a for _, a in pairs]}


def test_five_customers():
    masters = [
        master("C1", region="NORTH", size_class="SMALL"),
        master("C2", region="NORTH", size_class="LARGE"),
        master("C3", region="SOUTH", size_class="SMALL"),
        master("C4", "RETAIL", region="NORTH", size_class="SMALL"),
        master("C5", None),
    ]
    pairs = [
        paid("C1", late=9, number=1),
        paid("C1", number=2),
        paid("C2", late=5, number=1),
        paid("C2", late=4, number=2),
        paid("C3", number=1),
        paid("C4", late=20, number=1),
        paid("C5", late=20, number=1),
    ]
    found = told(rows_of(masters, pairs))
    assert found == pytest.approx(
        (
            1 / 3,  # C2 one of two, C3 none of one
            2 / 3,  # C2 one of two, C4 one of one
            1 / 2,  # C3 none of one, C4 one of one
            2,  # C2 and C3
            1 / 2 - 1 / 3,  # its own one of two
        )
    )


def test_a_customer_without_industry_has_no_peers():
    rows = rows_of([master("C1", None), master("C2", None)], [paid("C1"), paid("C2")])
    assert told(rows) == (None,) * 5


def test_a_customer_alone_in_its_industry():
    assert told(rows_of([master("C1")], [paid("C1", late=9)])) == (None, None, None, 0, None)


@pytest.mark.parametrize(
    ("pair", "share"),
    [
        pytest.param(paid("C2", late=5), 1, id="5 days late"),
        pytest.param(paid("C2", late=4), 0, id="4 days late"),
        pytest.param(paid("C2", late=-20), 0, id="early"),
        pytest.param(paid("C2", late=-40), 0, id="10 days before it was issued"),
        pytest.param(paid("C2", late=5, ago=0), 1, id="settled on AS_OF"),
        pytest.param(paid("C2", late=5, ago=-1), None, id="settled tomorrow"),
        pytest.param(paid("C2", late=5, known_ago=0), 1, id="known on AS_OF"),
        pytest.param(paid("C2", late=5, known_ago=-1), None, id="known tomorrow"),
        pytest.param(paid("C2", late=5, ago=179), 1, id="settled 179 days ago"),
        pytest.param(paid("C2", late=5, ago=180), None, id="settled 180 days ago"),
        pytest.param(paid("C2", late=5, ago=200, known_ago=3), None, id="known late, and out of the window"),
        pytest.param(paid("C2", late=5, outcome_unknown=True), None, id="nobody knows when it was settled"),
    ],
)
def test_one_invoice_of_a_peer(pair, share):
    assert told(rows_of([master("C1"), master("C2")], [pair]), INDUSTRY) == share


def shares(rows, *agos, name=INDUSTRY, customer_id="C1"):
    return [told(rows, name, customer_id=customer_id, as_of=AS_OF - days(ago)) for ago in agos]


def test_an_invoice_counts_from_its_settlement_to_180_days_after_it():
    rows = rows_of([master("C1"), master("C2")], [paid("C2", late=5, ago=200)])
    assert shares(rows, 201, 200, 21, 20) == [None, 1, 1, None]


def later(version, *, ago, **changes):
    """A further version of a row, known ``ago`` days before ``AS_OF``."""
    return version | changes | {"known_at": datetime.combine(AS_OF - days(ago), time(20), tzinfo=UTC)}


def test_a_settlement_that_is_withdrawn_counted_until_then():
    bill, payment = paid("C2", late=5, ago=50)
    rows = rows_of([master("C1"), master("C2")], [(bill, payment)])
    rows["allocations"].append(later(payment, ago=10, is_deleted=True))
    assert shares(rows, 51, 50, 11, 10, 0) == [None, 1, 1, None, None]


def test_a_corrected_due_date_counts_from_the_day_on_which_it_is_known():
    bill, payment = paid("C2", late=5, ago=50)
    rows = rows_of([master("C1"), master("C2")], [(bill, payment)])
    rows["invoices"].append(later(bill, ago=10, due_on=bill["due_on"] + days(3)))
    assert shares(rows, 50, 11, 10, 0) == [1, 1, 0, 0]


def test_an_invoice_that_moves_to_another_customer_leaves_its_industry():
    bill, payment = paid("C2", late=5, ago=50)
    rows = rows_of([master("C1"), master("C2"), master("C3", "RETAIL"), master("C4", "RETAIL")], [(bill, payment)])
    rows["invoices"].append(later(bill, ago=10, customer_id="C3"))
    assert shares(rows, 11, 10) == [1, None]
    assert shares(rows, 11, 10, customer_id="C4") == [None, 1]


def test_peers_are_those_of_the_master_records_of_the_day():
    masters = [master("C1"), master("C2", "RETAIL"), master("C2", known_ago=40), master("C3", "RETAIL")]
    rows = rows_of(masters, [paid("C2", late=5, ago=60)])
    assert shares(rows, 60, 41, 40, 0) == [None, None, 1, 1]
    assert shares(rows, 60, 41, 40, 0, customer_id="C3") == [1, 1, None, None]
    assert shares(rows, 41, 40, name="industry_customer_count") == [0, 1]


def test_a_customer_takes_its_own_past_along():
    masters = [master("C1", "RETAIL"), master("C1", known_ago=40), master("C2")]
    rows = rows_of(masters, [paid("C1", late=9, ago=60), paid("C2", ago=60, late=9)])
    assert shares(rows, 41, 40) == [None, 1]
    assert shares(rows, 41, 40, customer_id="C2") == [None, 1]


def test_a_withdrawn_master_record_is_no_peer_any_more():
    gone = master("C2", known_ago=40) | {"is_deleted": True}
    rows = rows_of([master("C1"), master("C2"), gone], [paid("C2", late=5, ago=60)])
    assert shares(rows, 41, 40) == [1, None]
    assert shares(rows, 41, 40, name="industry_customer_count") == [1, 0]


def test_an_invoice_of_a_customer_not_yet_known_waits_for_its_master_record():
    rows = rows_of([master("C1"), master("C2", known_ago=20)], [paid("C2", late=5, ago=60)])
    assert shares(rows, 21, 20) == [None, 1]


OWN = ("settled_count_180d", "late5_share_180d", *(feature.name for feature in FEATURES))


@pytest.mark.parametrize("seed", [21, 22])
def test_the_peers_are_the_sum_of_what_each_of_them_shows(seed):
    rows, day = random_rows(seed), AS_OF - days(1)
    customers = [f"C{number}" for number in range(30)]
    made = dict(zip(customers, told_of_all(rows, [(c, day) for c in customers], named(OWN)), strict=True))
    newest = {}
    for version in sorted(rows["customers"], key=lambda v: v["known_at"]):
        if version["known_at"].date() <= day:
            newest[version["customer_id"]] = version
    industry = {c: v["industry"] for c, v in newest.items() if not v["is_deleted"] and v["industry"] is not None}
    assert len(industry) > 10
    for customer, own in industry.items():
        others = [made[c] for c, theirs in industry.items() if theirs == own and c != customer]
        settled = sum(o["settled_count_180d"] for o in others)
        late = sum(o["settled_count_180d"] * (o["late5_share_180d"] or 0) for o in others)
        assert made[customer]["industry_customer_count"] == len(others)
        assert made[customer][INDUSTRY] == (pytest.approx(late / settled) if settled else None)


def test_one_case_alone_has_the_value_it_has_among_others():
    rows = random_rows(23)
    cases = [(f"C{n}", AS_OF - days(ago)) for n, ago in itertools.product(range(30), (0, 45))]
    together = told_of_all(rows, cases, FEATURES)
    for place in (0, 11, 34):
        assert told_of_all(rows, [cases[place]], FEATURES) == [together[place]]


def test_the_difference_is_made_of_both_shares():
    assert DERIVED_FAMILIES["beside_peers"].inputs == ("late5_share_180d", INDUSTRY)


@pytest.mark.parametrize("features", [FEATURES, group.FEATURES], ids=["peers", "group"])
def test_the_whole_book_at_once_gives_what_single_cases_give(features):
    names = [feature.name for feature in features]
    book = book_from(random_rows(24))
    try:
        at_once = as_of_now(book, AS_OF, features=names).to_pylist()
        spine = spine_rows([(made["customer_id"], AS_OF) for made in at_once[::7]])
        apart = build(book, book.memtable(spine), features=names).to_pyarrow().to_pylist()
    finally:
        book.close()
    apart = {made["customer_id"]: made | {"case_id": made["customer_id"]} for made in apart}
    assert [apart[made["customer_id"]] for made in at_once[::7]] == at_once[::7]
