"""The group of a customer as of a date, and the figures of its members."""

import itertools

import pytest

from features.feature_sets import named
from features.group import FEATURES, SHARE_FEATURES
from tests.features.ledger import AS_OF, allocation, days, invoice, random_rows
from tests.features.one_family import teller, told_of_all
from tests.features.rows import row

told = teller(*FEATURES, *SHARE_FEATURES)
MEMBERS = "group_member_count"


def master(customer_id, parent_id=None, *, known_ago=700, **more):
    return row("customers", customer_id=customer_id, parent_id=parent_id, known_on=AS_OF - days(known_ago), **more)


def owed(customer_id, amount, *, dpd=-10, number=1, **more):
    """An invoice that is ``dpd`` days past due at ``AS_OF``."""
    due_on = AS_OF - days(dpd)
    issued = (min(due_on, AS_OF) - days(30)).isoformat()
    return invoice(
        f"{customer_id}-I{number}",
        issued=issued,
        due=due_on.isoformat(),
        amount=amount,
        customer_id=customer_id,
        **more,
    )


def count(*masters, customer_id="C1", as_of=AS_OF, invoices=()):
    rows = {"customers": list(masters), "invoices": list(invoices)}
    return told(rows, MEMBERS, customer_id=customer_id, as_of=as_of)


def settled(customer_id, *, late, ago, number):
    """An invoice settled ``ago`` days before ``AS_OF``, and its payment."""
    found = owed(customer_id, "10", dpd=ago + late, number=number)
    on = (AS_OF - days(ago)).isoformat()
    return found, allocation(f"{customer_id}-I{number}", on=on, clears=True, customer_id=customer_id)


def test_a_group_of_four():
    late, payment = settled("C4", late=75, ago=100, number=9)
    rows = {
        "customers": [
            master("C1", "TOP"),  # TOP is no customer of ours
            master("C2", "TOP"),
            master("C3", "C2"),
            master("C4", "C3"),
            master("C5"),
        ],
        "invoices": [
            owed("C1", "100"),
            owed("C2", "200", dpd=12),
            owed("C3", "300", dpd=40),
            owed("C3", "60", number=2),
            late,
            owed("C5", "999", dpd=300),
        ],
        "allocations": [payment],
    }
    # four; 100 + 200 + 300 + 60; 200 + 300; C3; C4 long ago; 100 of 660
    assert told(rows) == pytest.approx((4, 660, 500, 40, 75, 100 / 660))
    assert told(rows, customer_id="C3") == pytest.approx((4, 660, 500, 40, 75, 360 / 660))
    assert told(rows, customer_id="C5") == (1, 999, 999, 300, 300, 1)


def test_a_customer_that_stands_alone_and_owes_nothing():
    assert told({"customers": [master("C1")]}) == (1, 0, 0, 0, None, None)


def test_missing_is_not_zero():
    rows = {"customers": [master("C1", "C2"), master("C2")], "invoices": [owed("C2", None, dpd=3)]}
    assert told(rows) == (2, None, None, 3, 3, None)
    rows["invoices"].append(owed("C1", "50"))
    assert told(rows) == (2, 50, None, 3, 3, 1)


@pytest.mark.parametrize(
    ("masters", "members"),
    [
        pytest.param([master("C1", "C2"), master("C2")], 2, id="owned by a customer"),
        pytest.param([master("C1", "C2")], 1, id="owned by somebody who is no customer"),
        pytest.param([master("C1", "X"), master("C2", "X")], 2, id="both owned by somebody who is no customer"),
        pytest.param([master("C1"), master("C2", "C1")], 2, id="the owner itself"),
        pytest.param([master("C1", "C2"), master("C2", "C1")], None, id="each owns the other"),
        pytest.param([master("C1", "C2"), master("C2", "C3"), master("C3", "C2")], None, id="a way into a circle"),
        pytest.param([master("C1", "C1"), master("C2", "C1")], 2, id="its own parent is the top"),
        pytest.param([master("C1"), master("C2", "C3"), master("C3", "C2")], 1, id="a circle of others"),
        pytest.param([master("C1", "C2"), master("C2", known_ago=-1)], 1, id="an owner known tomorrow"),
        pytest.param([master("C1", "C2"), master("C2", known_ago=0)], 2, id="an owner known on AS_OF"),
        pytest.param([master("C1", "X"), master("C2", "X", known_ago=-1)], 1, id="a sister known tomorrow"),
    ],
)
def test_who_is_in_the_group(masters, members):
    assert count(*masters) == members


def test_a_customer_without_a_master_record_can_be_at_the_top():
    masters = [master("C2", "C1")]
    assert count(*masters, invoices=[owed("C1", "10")]) == 2
    assert count(*masters, invoices=[owed("C1", "10")], customer_id="C2") == 2
    assert count(*masters, customer_id="C2") == 1


def chain(levels):
    """C1 is owned by C2, that by C3 and so on, ``levels`` levels up."""
    return [master(f"C{n}", f"C{n + 1}") for n in range(1, levels + 1)] + [master(f"C{levels + 1}")]


@pytest.mark.parametrize(("levels", "members"), [(1, 2), (2, 3), (3, 4), (8, 9), (15, 16), (16, 17), (17, None)])
def test_a_chain_of_owners(levels, members):
    assert count(*chain(levels)) == members


def test_beyond_sixteen_levels_only_those_below_are_cut_off():
    assert count(*chain(18), customer_id="C19") == 17
    assert count(*chain(18), customer_id="C3") == 17
    assert count(*chain(18), customer_id="C2") is None


def test_a_group_changes_with_the_master_records():
    masters = [
        master("C1", "C2"),
        master("C2"),
        master("C3", "C4"),
        master("C4"),
        master("C2", "C4", known_ago=50),  # C2, and C1 with it, joins C3 and C4
        master("C1", None, known_ago=20),  # C1 leaves
    ]
    assert [count(*masters, as_of=AS_OF - days(ago)) for ago in (51, 50, 21, 20, 0)] == [2, 4, 4, 1, 1]
    assert [count(*masters, as_of=AS_OF - days(ago), customer_id="C3") for ago in (51, 50, 20)] == [2, 4, 3]


def test_a_withdrawn_master_record_has_no_owner_and_is_no_member():
    masters = [master("C1", "C2"), master("C2"), master("C3", "C2")]
    masters.append(master("C3", "C2", known_ago=20) | {"is_deleted": True})
    assert [count(*masters, as_of=AS_OF - days(ago)) for ago in (21, 20)] == [3, 2]


def test_an_owner_that_is_withdrawn_ends_the_way_there():
    masters = [master("C1", "C2"), master("C2", "C3"), master("C3")]
    masters.append(master("C2", "C3", known_ago=20) | {"is_deleted": True})
    assert [count(*masters, as_of=AS_OF - days(ago)) for ago in (21, 20)] == [3, 1]


def test_a_payment_of_a_member_is_seen_when_it_is_known():
    late = owed("C2", "200", dpd=30)
    payment = allocation("C2-I1", on=(AS_OF - days(9)).isoformat(), clears=True, known_on=AS_OF - days(5))
    rows = {"customers": [master("C1", "C2"), master("C2")], "invoices": [late], "allocations": [payment]}
    wanted = ("group_open_amount", "group_worst_dpd", "group_worst_member_dpd_365d")
    assert told(rows, *wanted, as_of=AS_OF - days(6)) == (200, 24, 24)
    assert told(rows, *wanted, as_of=AS_OF - days(5)) == (0, 0, 21)


def test_an_invoice_of_a_member_known_tomorrow_is_not_seen():
    rows = {
        "customers": [master("C1", "C2"), master("C2")],
        "invoices": [owed("C2", "200", known_on=AS_OF + days(1))],
    }
    assert told(rows, "group_open_amount") == 0


OWN = ("open_amount", "overdue_amount", "oldest_overdue_days", *(feature.name for feature in FEATURES))


@pytest.mark.parametrize("seed", [31, 32])
def test_a_group_has_one_figure_and_it_is_the_sum_of_its_members(seed):
    rows = random_rows(seed)
    customers = [f"C{number}" for number in range(30)]
    made = told_of_all(rows, [(c, AS_OF) for c in customers], named(OWN))
    for own in made:
        if own["group_member_count"] == 1:
            assert own["group_open_amount"] == own["open_amount"]
            assert own["group_worst_dpd"] == own["oldest_overdue_days"]
    by_group = {}
    for own in made:
        figures = tuple(own[feature.name] for feature in FEATURES)
        if own["group_member_count"] is not None and own["group_member_count"] > 1:
            by_group.setdefault(figures, []).append(own)
    assert by_group
    for (members, open_amount, *_, worst, _), theirs in by_group.items():
        assert len(theirs) == members  # everyone of a group tells the same, and nobody else does
        assert max(own["oldest_overdue_days"] for own in theirs) == worst
        assert open_amount == pytest.approx(sum(own["open_amount"] or 0 for own in theirs))


def test_one_case_alone_has_the_value_it_has_among_others():
    rows = random_rows(33)
    cases = [(f"C{n}", AS_OF - days(ago)) for n, ago in itertools.product(range(30), (0, 45))]
    together = told_of_all(rows, cases, FEATURES)
    for place in (12, 34):
        assert told_of_all(rows, [cases[place]], FEATURES) == [together[place]]
