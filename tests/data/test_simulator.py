"""The simulator: its sums by hand, its tables against the contracts, its truth against what happened."""

from dataclasses import replace
from datetime import date, timedelta
from math import erf, exp, sqrt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.contracts import CONTRACTS
from data.simulation.agreements import NET_DAYS
from data.simulation.calendar import AFTER_MONTHS, BEFORE_MONTHS, calendar_of, day_number
from data.simulation.cash import BOOKED_LATE_DAYS
from data.simulation.episodes import STOP_DELIVERY_DAYS
from data.simulation.ledger import ORDER_AHEAD_DAYS
from data.simulation.schedule import ORDER_LAG_MONTHS
from data.simulation.simulator import LEDGER, NotSimulatedError, Shape, ShapeError, read_simulated, simulate
from data.simulation.strain import LEVELS, PERSISTENCE, STATES, chain, daily_hazard
from data.simulation.survival import (
    INSOLVENT_SHARE,
    default_within,
    distress_within,
    insolvent_within,
    survival_of,
)
from data.simulation.world import draw_world

END = pd.Timestamp("2023-12-28")  # a Thursday: what is paid on it is booked after it, if not at once
SHAPE = Shape(customers=6_000, start_on=date(2022, 1, 1), end_on=END.date(), seed=11)
SHAPES = {detail: replace(SHAPE, detail=detail) for detail in ("ledger", "full")}
SMALL = Shape(customers=60, start_on=date(2023, 2, 11), end_on=date(2024, 3, 5), seed=5)
HALF_YEARS = [pd.Timestamp(day) for day in ("2022-01-01", "2022-07-01", "2023-01-01", "2023-07-01")]
"""As-of dates at least 180 days apart: their horizons share no day, so their events are independent."""


@pytest.fixture(scope="module", params=SHAPES)
def detail(request):
    return request.param


@pytest.fixture(scope="module")
def book(detail):
    return simulate(SHAPES[detail])


@pytest.fixture(scope="module")
def demo():
    return simulate(Shape())


def frame(table):
    """A table with dates as timestamps and money as floats, for plain arithmetic."""

    def plain(kind):
        if pa.types.is_date(kind):
            return pa.timestamp("ns")
        return pa.float64() if pa.types.is_decimal(kind) else kind

    return table.cast(pa.schema([field.with_type(plain(field.type)) for field in table.schema])).to_pandas()


def newest(table, key):
    rows = frame(table).sort_values("known_at", kind="stable").drop_duplicates(key, keep="last")
    return rows[~rows["is_deleted"]]


def settled(book):
    """Every invoice with the day on which it was settled, read from the tables as a clerk would."""
    invoices = newest(book.tables["invoices"], "invoice_id").set_index("invoice_id")
    allocations = frame(book.tables["allocations"])
    cleared = allocations[allocations["clears_invoice"]].groupby("invoice_id")["allocated_on"].max()
    notes = frame(book.tables["credit_notes"]).dropna(subset=["invoice_id"]).set_index("invoice_id")
    whole = notes[notes["amount"] >= invoices["amount"].reindex(notes.index)]["issued_on"]
    invoices["paid_on"] = cleared.reindex(invoices.index).fillna(whole.reindex(invoices.index))
    return invoices


def days(count):
    return pd.Timedelta(days=count)


# The sums, by hand


def by_hand(calendar, hazard, month, level, state, horizon):
    """Survival from the first of a month on, day by day over the states, in plain Python."""
    share = [1.0 if each == state else 0.0 for each in range(STATES)]
    step = chain().step
    survival, at = [1.0], month
    for offset in range(horizon):
        if calendar.firsts[at + 1] == calendar.firsts[month] + offset:
            at += 1
            share = [sum(share[i] * step[i, j] for i in range(STATES)) for j in range(STATES)]
        share = [share[j] * exp(-hazard[at, level, j]) for j in range(STATES)]
        survival.append(sum(share))
    return survival


@pytest.fixture(scope="module")
def sums():
    shape = Shape(customers=1, start_on=date(2023, 2, 1), end_on=date(2023, 6, 30), default_rate=0.3)
    calendar = calendar_of(shape)
    hazard = daily_hazard(shape, calendar, np.full(len(LEVELS), 1 / len(LEVELS)))
    return calendar, hazard, survival_of(calendar, hazard)


@pytest.mark.parametrize(("level", "state"), [(0, 0), (4, 5), (8, 10)])
def test_survival_is_the_sum_over_all_paths(sums, level, state):
    calendar, hazard, survival = sums
    month = BEFORE_MONTHS  # February 2023, the stress of May lies within its horizon
    expected = by_hand(calendar, hazard, month, level, state, 181)
    assert survival.table[month, level, state] == pytest.approx(expected, rel=1e-12)


def test_survival_from_within_a_month_moves_the_chain_at_its_turn(sums):
    _, hazard, survival = sums
    feb_20, mar_5, month = day_number(date(2023, 2, 20)), day_number(date(2023, 3, 5)), BEFORE_MONTHS
    in_february = exp(-8 * hazard[month, 4, 5])  # 21 to 28 February
    in_march = sum(chain().step[5, j] * exp(-5 * hazard[month + 1, 4, j]) for j in range(STATES))
    got = survival.between(*(np.array([each], np.int32) for each in (4, 5, feb_20, mar_5)))
    assert got[0] == pytest.approx(in_february * in_march, rel=1e-12)


@pytest.mark.parametrize(("until", "expected_days"), [(0, 0), (-3, 0), (1, 1), (8, 8)])
def test_survival_counts_the_days_after_up_to_and_with_the_last(sums, until, expected_days):
    _, hazard, survival = sums
    after = day_number(date(2023, 2, 20))
    got = survival.between(*(np.array([each], np.int32) for each in (4, 5, after, after + until)))
    assert got[0] == pytest.approx(exp(-expected_days * hazard[BEFORE_MONTHS, 4, 5]), rel=1e-12)


@pytest.mark.parametrize("reach", [0, 1, 45, 89])
def test_default_is_distress_by_the_last_payment_day_or_an_insolvency_in_time(sums, reach):
    calendar, hazard, survival = sums
    month, level, state = BEFORE_MONTHS, 6, 7
    table = by_hand(calendar, hazard, month, level, state, 181)
    alive = [each / table[1] for each in table[1:]]  # given no distress on the first itself
    soon = insolvent_within()
    expected = 1 - alive[reach]
    for day in range(reach + 1, 181):
        expected += (alive[day - 1] - alive[day]) * INSOLVENT_SHARE * soon[180 - day]
    assert default_within(survival, 90)[month, level, state, reach] == pytest.approx(expected, rel=1e-10)
    assert distress_within(survival)[month, level, state] == pytest.approx(1 - alive[180], rel=1e-10)


def test_strain_has_the_moments_of_a_mean_reverting_walk():
    walk = chain()
    assert walk.stationary @ walk.grid == pytest.approx(0, abs=1e-12)
    assert walk.stationary @ walk.grid**2 == pytest.approx(1)
    assert walk.stationary @ (walk.grid * (walk.step @ walk.grid)) == pytest.approx(PERSISTENCE)
    assert walk.stationary @ walk.step == pytest.approx(walk.stationary)


def test_mean_hazard_is_the_default_rate_outside_the_stress(sums):
    calendar, hazard, _ = sums
    mean = np.einsum("mls,s->ml", hazard, chain().stationary).mean(axis=1) * 365.25
    assert mean[~calendar.stressed] == pytest.approx(0.3)
    assert mean[calendar.stressed] == pytest.approx(0.6)
    assert calendar.stressed.sum() == 2


def test_calendar_reaches_before_and_after_the_book():
    calendar = calendar_of(SMALL)
    assert calendar.firsts[BEFORE_MONTHS] == day_number(date(2023, 2, 1))
    assert calendar.months == BEFORE_MONTHS + 14 + AFTER_MONTHS - 1
    assert calendar.as_ofs[[0, -1]].tolist() == [day_number(date(2023, 3, 1)), day_number(date(2024, 3, 1))]


def test_orders_look_back_further_than_the_truth_looks_ahead():
    """Else the due dates, which the truth is given, would tell of strain within the horizon."""
    calendar = calendar_of(Shape())
    last_issue = calendar.as_ofs + np.int32(180 - 60 - 1 - NET_DAYS.min())
    ahead = calendar.month_of(last_issue) - calendar.month_of(calendar.as_ofs)
    assert ahead.max() < ORDER_LAG_MONTHS
    assert STOP_DELIVERY_DAYS >= ORDER_AHEAD_DAYS


# The tables


def test_there_is_a_table_for_each_contract_or_for_those_of_a_ledger(book, detail):
    assert list(book.tables) == [*LEDGER] if detail == "ledger" else set(book.tables) == set(CONTRACTS)


def test_tables_fit_their_contracts(book):
    for name, table in book.tables.items():
        assert table.schema == CONTRACTS[name].schema
        assert table.num_rows > 0
        table.validate(full=True)
        nulls = [field.name for field in table.schema if not field.nullable and table[field.name].null_count]
        assert nulls == [], name


def test_versions_of_a_row_differ_in_when_they_were_known(book):
    for name, table in book.tables.items():
        versions = table.select([*CONTRACTS[name].key, "known_at"]).to_pandas()
        assert not versions.duplicated().any(), name


HAPPENED = {
    "paid_on",
    "allocated_on",
    "issued_on",
    "opened_on",
    "closed_on",
    "happened_on",
    "ordered_on",
    "cancelled_on",
    "delivered_on",
    "rated_on",
    "quoted_on",
    "valid_from_on",
}


def test_nothing_known_after_the_end_is_in_the_tables(book):
    for table in map(frame, book.tables.values()):
        assert table["known_at"].max() < (END + days(1)).tz_localize("UTC")
        assert all((table[column].dropna() <= END).all() for column in HAPPENED & set(table.columns))


@pytest.mark.parametrize(
    ("name", "happened", "ledger", "full"),
    [
        pytest.param("payments", "paid_on", (0, 2), (0, 20), id="payments: booked within 2 days, or 20"),
        pytest.param("allocations", "allocated_on", (0, 2), (0, 20), id="allocations: with their payment"),
        pytest.param("invoices", "issued_on", (0, 0), (0, 10), id="invoices: at issue, or within 10 days"),
        pytest.param("orders", "ordered_on", (0, 0), (0, 0), id="orders: the same day"),
        pytest.param("deliveries", "delivered_on", None, (0, 1), id="deliveries: within a day"),
        pytest.param("statements", "fiscal_year_end_on", (90, 182), (120, 182), id="statements: 3 or 4 to 6 months"),
        pytest.param("customer_financials", "period_start_on", (0, 9), (0, 9), id="revenue: first days of the month"),
        pytest.param("ratings", "rated_on", (0, 3), (0, 3), id="ratings: within 3 days"),
        pytest.param("exchange_rates", "quoted_on", None, (0, 0), id="exchange rates: the same day"),
    ],
)
def test_second_clock(book, detail, name, happened, ledger, full):
    if name not in book.tables:
        assert ledger is None
        return
    table = frame(book.tables[name])
    first = table.sort_values("known_at").drop_duplicates(list(CONTRACTS[name].key))
    waited = (first["known_at"].dt.tz_localize(None).dt.normalize() - first[happened]).dt.days
    assert (waited.min(), waited.max()) == {"ledger": ledger, "full": full}[detail]


def test_insolvencies_are_known_days_later(book, detail):
    events = frame(book.tables["credit_events"])
    waited = (events["known_at"].dt.tz_localize(None).dt.normalize() - events["happened_on"]).dt.days
    assert waited[events["kind"] == "INSOLVENCY"].between(1, 14).all()
    others = {"ledger": {"WRITE_OFF"}, "full": {"WRITE_OFF", "LEGAL", "DUNNING"}}[detail]
    assert set(events["kind"]) == {"INSOLVENCY"} | others
    assert waited[events["kind"] != "INSOLVENCY"].eq(0).all()


def test_a_closed_dispute_is_a_later_version_of_the_open_one(book):
    disputes = frame(book.tables["disputes"]).sort_values("known_at")
    first, last = (disputes.drop_duplicates("dispute_id", keep=which) for which in ("first", "last"))
    assert first["closed_on"].isna().all()
    closed = last.dropna(subset=["closed_on"])
    assert 0 < len(closed) < len(first)
    assert (closed["known_at"].dt.tz_localize(None).dt.normalize() == closed["closed_on"]).all()
    assert (closed["closed_on"] > closed["opened_on"]).all()


def test_a_customer_has_one_limit_in_force(book):
    key = ["customer_id", "valid_from_on"]
    limits = newest(book.tables["limits"], key).sort_values(key)
    following = limits.groupby("customer_id")["valid_from_on"].shift(-1)
    ends = limits["valid_to_on"] + days(1)
    assert ends[following.notna()].eq(following[following.notna()]).all()
    assert limits.loc[following.isna(), "valid_to_on"].isna().all()


def test_allocations_add_up_to_their_payments_and_seldom_exceed_the_invoice(book, detail):
    payments = newest(book.tables["payments"], "payment_id").set_index("payment_id")
    allocations = frame(book.tables["allocations"])
    invoices = newest(book.tables["invoices"], "invoice_id").set_index("invoice_id")
    known = allocations.dropna(subset=["amount"])
    unknown = set(allocations.loc[allocations["amount"].isna(), "payment_id"])
    parts = known[~known["payment_id"].isin(unknown)].groupby("payment_id")["amount"].sum()
    left = (payments["amount"].reindex(parts.index) - parts).round(2)
    assert left.min() == 0
    assert 0.001 < (left > 0).mean() < 0.01, "some payments are larger than what they are for"
    assert 0.0005 < 1 - len(set(allocations["payment_id"])) / len(payments) < 0.005, "some are for no invoice at all"

    notes = frame(book.tables["credit_notes"]).groupby("invoice_id")["amount"].sum()
    given = (known["amount"] + known["discount_amount"].fillna(0)).groupby(known["invoice_id"]).sum()
    reduced = given.add(notes, fill_value=0)
    owed = (invoices["amount"].reindex(reduced.index) - reduced).dropna().round(2)
    low, high = {"ledger": (0, 0), "full": (0.001, 0.003)}[detail]
    assert low <= (owed < 0).mean() <= high, "more is allocated than was owed"
    parts_per_invoice = allocations.groupby("invoice_id").size()
    assert 0.01 < (parts_per_invoice == 2).mean() < 0.05
    assert parts_per_invoice.max() == 2


def test_open_items_are_not_cleared_and_cleared_items_are_paid_in_full(book):
    invoices = settled(book)
    allocations = frame(book.tables["allocations"])
    granted = allocations["amount"] + allocations["discount_amount"].fillna(0)
    paid = granted.groupby(allocations["invoice_id"]).sum()
    notes = frame(book.tables["credit_notes"]).groupby("invoice_id")["amount"].sum()
    reduced = paid.add(notes, fill_value=0).reindex(invoices.index).fillna(0)
    owed = invoices["amount"] - reduced
    is_open = invoices["paid_on"].isna() & invoices["amount"].notna()
    assert (owed[is_open] > 0).all()
    assert (owed[~is_open].dropna() <= 0.0101 * invoices["amount"][~is_open].dropna() + 0.01).all()


def test_orders_and_invoices_agree(book):
    orders = newest(book.tables["orders"], "order_id").set_index("order_id")
    invoices = newest(book.tables["invoices"], "invoice_id").dropna(subset=["order_id"])
    billed = orders.reindex(invoices["order_id"])
    assert billed["customer_id"].to_numpy().tolist() == invoices["customer_id"].tolist()
    ahead = (invoices["issued_on"].to_numpy() - billed["ordered_on"].to_numpy()) / np.timedelta64(1, "D")
    assert (ahead.min(), ahead.max()) == (1, 10)
    assert len(orders) > len(invoices), "the last orders are not billed yet"


def test_customers_are_as_varied_as_a_book(book, detail):
    customers = newest(book.tables["customers"], "customer_id")
    assert customers["customer_id"].str.fullmatch(r"C\d{6}").all()
    assert 0.04 < customers["is_natural_person"].mean() < 0.06
    assert 0.05 < customers["parent_id"].notna().mean() < 0.10
    assert set(customers["size_class"]) == {"SMALL", "MEDIUM", "LARGE"}
    assert customers.loc[customers["is_natural_person"], "size_class"].eq("SMALL").all()
    owners = customers.set_index("customer_id").loc[customers["parent_id"].dropna()]
    sizes = {"ledger": {"LARGE"}, "full": {"MEDIUM", "LARGE"}}[detail]
    assert set(owners["size_class"]) == sizes


def test_invoices_are_as_varied_as_a_book(book, detail):
    invoices = newest(book.tables["invoices"], "invoice_id")
    terms = (invoices["due_on"] - invoices["issued_on"]).dt.days
    prepaid = {"ledger": [], "full": [0, 1, 2]}[detail]
    assert sorted(terms.unique()) == [*prepaid, 14, 15, 16, 30, 31, 32, 45, 46, 47, 60, 61, 62, 90, 91, 92]
    assert invoices["due_on"].dt.dayofweek.max() == 4
    assert 0.0003 < invoices["amount"].isna().mean() < 0.002
    assert invoices["interest_rate"].isna().all()
    assert invoices["amount"].mean() / invoices["amount"].median() > 2, "a heavy tail"
    first = frame(book.tables["invoices"]).drop_duplicates("invoice_id")
    again = (len(book.tables["invoices"]) - len(first)) / len(first)
    low, high = {"ledger": (0.0003, 0.002), "full": (0.001, 0.004)}[detail]
    assert low < again < high, "put right or withdrawn later"


# The labels and the truth


def defaults_by_hand(book, as_of, dpd):
    """Customers with an item that crosses ``dpd``, or a credit event, in (as_of, as_of + 180]."""
    invoices = settled(book)
    crossing = invoices["due_on"] + days(dpd + 1)
    crossed = crossing.between(as_of, as_of + days(180), inclusive="right") & ~(invoices["paid_on"] < crossing)
    events = frame(book.tables["credit_events"])
    events = events[events["kind"] != "DUNNING"]  # a letter about an item that is late: no default of its own
    struck = events["happened_on"].between(as_of, as_of + days(180), inclusive="right")
    return set(invoices.loc[crossed, "customer_id"]) | set(events.loc[struck, "customer_id"])


@pytest.mark.parametrize("dpd", [90, 60])
@pytest.mark.parametrize("as_of", HALF_YEARS[:3])
def test_default_of_the_truth_is_the_default_label(book, as_of, dpd):
    truth = frame(book.truth["default"])
    rows = truth[(truth["as_of"] == as_of) & truth[f"pd_{dpd}_180d"].notna()]
    labelled = rows["customer_id"].isin(defaults_by_hand(book, as_of, dpd))
    assert labelled.sum() > 20
    assert labelled.to_numpy().tolist() == rows[f"default_{dpd}_180d"].tolist()


def test_late_of_the_truth_is_the_late_label(book):
    invoices = settled(book)
    matured = invoices[invoices["due_on"] + days(5) < END - days(BOOKED_LATE_DAYS)]
    truth = frame(book.truth["late"]).set_index("invoice_id")["late5"]
    late = ~(matured["paid_on"] < matured["due_on"] + days(5))
    assert late.eq(truth.reindex(late.index)).all()
    assert len(truth) == len(invoices)


def tail(z_squared, groups):
    """Upper tail of chi-square by the cube-root approximation (Wilson and Hilferty 1931)."""
    spread = 2 / (9 * groups)
    z = ((z_squared / groups) ** (1 / 3) - (1 - spread)) / sqrt(spread)
    return 0.5 * (1 - erf(z / sqrt(2)))


def surprise(probability, happened, groups=10):
    """Probability of frequencies as far from the truth as these, by groups of equal expected number of events."""
    order = np.argsort(probability, kind="stable")
    probability, happened = probability[order], happened[order]
    share = np.cumsum(probability) / probability.sum()
    group = np.minimum((share * groups).astype(int), groups - 1)
    expected = np.bincount(group, probability, groups)
    variance = np.bincount(group, probability * (1 - probability), groups)
    z = (np.bincount(group, happened, groups) - expected) / np.sqrt(variance)
    return tail((z**2).sum(), groups)


def performing(book):
    truth = frame(book.truth["default"])
    return truth[truth["as_of"].isin(HALF_YEARS) & (truth["status"] == "PERFORMING")]


@pytest.mark.parametrize("dpd", [90, 60])
def test_defaults_come_as_often_as_the_truth_says(book, dpd):
    rows = performing(book)
    assert rows[f"default_{dpd}_180d"].sum() > 100
    assert surprise(rows[f"pd_{dpd}_180d"].to_numpy(), rows[f"default_{dpd}_180d"].to_numpy()) > 0.01


def test_distress_comes_as_often_as_the_truth_says(book):
    rows = performing(book)
    episodes = frame(book.truth["episodes"])[["customer_id", "distress_on"]]
    met = rows.merge(episodes, on="customer_id")
    within = met["distress_on"].gt(met["as_of"]) & met["distress_on"].le(met["as_of"] + days(180))
    struck = set(met.loc[within, "customer_id"] + met.loc[within, "as_of"].astype(str))
    happened = (rows["customer_id"] + rows["as_of"].astype(str)).isin(struck)
    assert surprise(rows["distress_prob_180d"].to_numpy(), happened.to_numpy()) > 0.01


def test_late_payments_come_as_often_as_the_truth_says(book):
    truth = frame(book.truth["late"])
    assert surprise(truth["late5_prob"].to_numpy(), truth["late5"].to_numpy(), groups=20) > 0.01


def test_surprise_sees_a_truth_that_is_a_fifth_too_high(book):
    truth = frame(book.truth["late"])
    assert surprise(np.minimum(1.2 * truth["late5_prob"].to_numpy(), 0.999), truth["late5"].to_numpy()) < 1e-6


@pytest.mark.parametrize("dpd", [90, 60])
def test_truth_is_the_sum_for_the_due_dates_of_the_customer(book, detail, dpd):
    world, as_of = draw_world(SHAPES[detail]), pd.Timestamp("2022-10-01")
    invoices, episodes = settled(book), frame(book.truth["episodes"])
    meant = invoices[["due_on", "paid_on"]].min(axis=1)  # a customer who never fell pays on the due date or before
    last = meant[invoices["due_on"] <= as_of + days(180 - dpd - 1)].groupby(invoices["customer_id"]).max()
    rows = frame(book.truth["default"]).query("as_of == @as_of")
    rows = rows[~rows["customer_id"].isin(episodes["customer_id"])]
    reach = (last.reindex(rows["customer_id"]) - as_of).dt.days.clip(lower=0).fillna(0).astype(int).to_numpy()
    who = rows["customer_id"].str[1:].astype(int).to_numpy()
    month = BEFORE_MONTHS + 9
    state = world.strain.state[who, month]
    expected = default_within(world.survival, dpd)[month, world.strain.level[who], state, reach]
    assert (reach > 0).mean() > 0.5
    assert rows[f"pd_{dpd}_180d"].to_numpy() == pytest.approx(expected, rel=1e-12)


def test_truth_of_customers_who_stopped_paying_is_what_happens(book):
    truth = frame(book.truth["default"])
    stopped = truth[truth["status"] == "DISTRESS"]
    assert len(stopped) > 300
    assert stopped["pd_90_180d"].eq(stopped["default_90_180d"]).all()
    assert stopped["distress_prob_180d"].isna().all()
    assert truth.loc[truth["status"] == "DEFAULT", "pd_90_180d"].isna().all()
    assert truth.loc[truth["status"] != "DEFAULT", "pd_90_180d"].between(0, 1).all()


def test_no_dispute_stops_the_clock_of_an_item_that_distress_leaves_unpaid(detail):
    shape = Shape(customers=3_000, start_on=date(2022, 1, 1), end_on=END.date(), seed=3, default_rate=0.9)
    book = simulate(replace(shape, detail=detail))
    invoices = settled(book)
    overdue = invoices[~(invoices["paid_on"] <= invoices["due_on"] + days(60))]
    disputes = newest(book.tables["disputes"], "dispute_id").set_index("invoice_id")
    met = disputes.join(overdue[["due_on"]], how="inner").query("due_on <= '2023-10-01'")
    assert len(met) > 3
    assert (met["closed_on"] <= met["due_on"]).all()
    fallen = frame(book.truth["episodes"])[["customer_id", "distress_on"]].sort_values("distress_on")
    met = pd.merge_asof(met.sort_values("due_on"), fallen, left_on="due_on", right_on="distress_on", by="customer_id")
    assert (met["opened_on"] < met["distress_on"]).all(), "who has stopped paying disputes nothing"


def test_a_cured_customer_pays_and_can_fall_again(book):
    episodes = frame(book.truth["episodes"])
    assert (episodes["default_on"].dropna() > episodes["distress_on"][episodes["default_on"].notna()]).all()
    cured = episodes.dropna(subset=["cured_on"])
    assert 0.4 < len(cured) / episodes["first_unpaid_due_on"].notna().sum() < 0.55
    owed = settled(book).reset_index().merge(cured[cured["cured_on"] <= END - days(BOOKED_LATE_DAYS)], on="customer_id")
    owed = owed[owed["due_on"] < owed["resumed_on"]]
    assert (owed["paid_on"] < owed["cured_on"]).all(), "cured is who owes nothing from before"
    following = episodes.groupby("customer_id")["distress_on"].shift(-1)
    again = following.notna()
    assert again.sum() > 0
    assert (following[again] > episodes["cured_on"][again]).all()
    truth = frame(book.truth["default"]).merge(cured, on="customer_id").query("as_of >= cured_on")
    first = truth.sort_values("as_of").drop_duplicates(["customer_id", "cured_on"])
    assert (first["status"] == "PERFORMING").mean() > 0.8


# The shape of the numbers


def test_default_portfolio_looks_like_a_real_ledger(demo):
    """Shares of matured invoices: those of a real ledger, of the default portfolio (seed 7), and the bounds.

    ==========================  =====  =========  ============
    share                       real   simulated  bounds
    ==========================  =====  =========  ============
    paid on the due date        0.789  0.787      0.76 to 0.81
    paid before it              0.098  0.107      0.08 to 0.14
    1 day late or more          0.114  0.106      0.09 to 0.13
    5 days late or more         0.070  0.069      0.055 to 0.085
    15 days late or more        0.020  0.022      0.016 to 0.028
    more than 30 days late      0.009  0.011      0.008 to 0.014
    more than 90 days late      0.003  0.003      0.002 to 0.0055
    late(5) in the stress       x 2    x 2        x 1.6 to 2.5
    ==========================  =====  =========  ============
    """
    invoices = settled(demo)
    end = pd.Timestamp("2024-12-31")
    invoices["days_late"] = (invoices["paid_on"] - invoices["due_on"]).dt.days.fillna(999)

    def share(grace):
        return (invoices["days_late"] >= grace)[invoices["due_on"] + days(grace) < end - days(2)].mean()

    closed = invoices.loc[invoices["days_late"] < 999, "days_late"]
    stressed = invoices["issued_on"].between("2024-01-01", "2024-02-29")
    matured = invoices["due_on"] < end - days(7)
    late = invoices["days_late"] >= 5
    found = {
        "on": (closed == 0).mean(),
        "early": (closed < 0).mean(),
        **{f"late {grace}": share(grace) for grace in (1, 5, 15, 31, 91)},
        "stress": late[matured & stressed].mean() / late[matured & ~stressed].mean(),
    }
    bounds = {
        "on": (0.76, 0.81),
        "early": (0.08, 0.14),
        "late 1": (0.09, 0.13),
        "late 5": (0.055, 0.085),
        "late 15": (0.016, 0.028),
        "late 31": (0.008, 0.014),
        "late 91": (0.002, 0.0055),
        "stress": (1.6, 2.5),
    }
    outside = {name: round(found[name], 4) for name, (low, high) in bounds.items() if not low <= found[name] <= high}
    assert outside == {}


def test_default_portfolio_is_large_enough_to_learn_from(demo):
    assert 60_000 < demo.tables["invoices"].num_rows < 90_000
    episodes = frame(demo.truth["episodes"])
    assert (episodes["default_on"] <= pd.Timestamp("2024-12-31")).sum() > 150


def test_strain_can_be_seen_in_part(book):
    truth = frame(book.truth["default"]).query("status == 'PERFORMING'")[["customer_id", "as_of", "strain"]]

    def rank_correlation(table, on, column):
        rows = frame(book.tables[table]).query("agency == 'BUREAU'").rename(columns={on: "as_of"})
        rows["as_of"] = rows["as_of"].dt.to_period("M").dt.to_timestamp()
        met = rows.merge(truth, on=["customer_id", "as_of"]).dropna(subset=[column])
        return met[column].rank().corr(met["strain"].rank())

    assert -0.95 < rank_correlation("ratings", "rated_on", "score") < -0.6
    statements = frame(book.tables["statements"])
    statements["ratio"] = statements["equity"] / statements["total_assets"]
    first = statements[statements["fiscal_year_end_on"] == pd.Timestamp("2022-12-31")]
    met = first.merge(truth[truth["as_of"] == pd.Timestamp("2022-12-01")], on="customer_id")
    assert -0.9 < met["ratio"].corr(met["strain"]) < -0.4


# Determinism, files, refusals


def test_equal_shapes_give_equal_tables(detail):
    one, other = (simulate(replace(SMALL, detail=detail)) for _ in range(2))
    assert all(one.tables[name].equals(other.tables[name]) for name in one.tables)
    assert all(one.truth[name].equals(other.truth[name]) for name in one.truth)


def test_another_seed_gives_another_book():
    one, other = simulate(SMALL), simulate(replace(SMALL, seed=6))
    assert not one.tables["invoices"].equals(other.tables["invoices"])
    assert not one.truth["default"].equals(other.truth["default"])


def test_progress_is_told_step_by_step():
    steps = []
    simulate(SMALL, lambda step, position, of: steps.append((step, position, of)))
    assert [position for _, position, _ in steps] == list(range(6))
    assert {of for _, _, of in steps} == {6}


def test_written_and_read_again(tmp_path, detail):
    book = simulate(replace(SMALL, detail=detail))
    book.write(tmp_path / "extract")
    again = read_simulated(tmp_path / "extract")
    assert set(again.tables) == set(book.tables)
    assert all(again.tables[name].equals(book.tables[name]) for name in book.tables)
    assert all(again.truth[name].equals(book.truth[name]) for name in book.truth)


def test_reading_a_folder_that_holds_none_says_what_is_missing(tmp_path):
    simulate(SMALL).write(tmp_path)
    (tmp_path / "ratings.parquet").unlink()
    with pytest.raises(NotSimulatedError, match=r"holds no simulated portfolio: ratings.parquet missing") as caught:
        read_simulated(tmp_path)
    assert caught.value.missing == ["ratings.parquet"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customers", 0),
        ("customers", 1_000_000),
        ("start_on", date(1979, 12, 31)),
        ("end_on", date(2022, 2, 1)),
        ("end_on", date(2040, 1, 1)),
        ("seed", -1),
        ("currency", "euro"),
        ("invoices_per_customer_month", 0.0),
        ("default_rate", 1.0),
        ("late_share", 0.6),
        ("stress_months", -1),
        ("stress_late_odds", 0.0),
        ("stress_hazard", 0.0),
        ("detail", "everything"),
        ("foreign_share", 0.6),
    ],
)
def test_shape_refuses_what_cannot_be_simulated(field, value):
    with pytest.raises(ShapeError, match=rf"Shape\.{field} is .*; allowed is ") as caught:
        Shape(**{field: value})
    assert caught.value.field == field


@st.composite
def shapes(draw):
    """Small books of every kind: one customer, two months, much distress, no stress, a start within a month."""
    start = draw(st.dates(date(2020, 1, 1), date(2024, 12, 31)))
    return Shape(
        customers=draw(st.integers(1, 30)),
        start_on=start,
        end_on=start + timedelta(days=draw(st.integers(60, 500))),
        seed=draw(st.integers(0, 10_000)),
        invoices_per_customer_month=draw(st.sampled_from([0.01, 0.5, 4.0])),
        default_rate=draw(st.sampled_from([0.001, 0.5, 0.99])),
        late_share=draw(st.sampled_from([0.001, 0.5])),
        stress_months=draw(st.sampled_from([0, 2, 30])),
        detail=draw(st.sampled_from(["ledger", "full"])),
        foreign_share=draw(st.sampled_from([0.0, 0.5])),
    )


@settings(max_examples=15)
@given(shapes())
def test_any_shape_gives_a_book_that_fits(shape):
    book = simulate(shape)
    for name, table in book.tables.items():
        assert table.schema == CONTRACTS[name].schema
        table.validate(full=True)
        known = table["known_at"].to_pandas()
        assert known.empty or known.max() < pd.Timestamp(shape.end_on + timedelta(days=1), tz="UTC")
    truth = frame(book.truth["default"])
    assert truth["pd_90_180d"].dropna().between(0, 1).all()
    assert (truth["pd_90_180d"].isna() == (truth["status"] == "DEFAULT")).all()
    assert frame(book.truth["late"])["late5_prob"].between(0, 1).all()
    assert frame(book.tables["allocations"])["payment_id"].isin(frame(book.tables["payments"])["payment_id"]).all()


@settings(max_examples=10)
@given(shapes(), st.sampled_from([90, 60]))
def test_in_any_shape_the_default_of_the_truth_is_the_default_label(shape, dpd):
    book = simulate(shape)
    truth = frame(book.truth["default"])
    matured = pd.Timestamp(shape.end_on) - days(180 + BOOKED_LATE_DAYS)
    for as_of, rows in truth[(truth["as_of"] <= matured) & truth[f"pd_{dpd}_180d"].notna()].groupby("as_of"):
        labelled = rows["customer_id"].isin(defaults_by_hand(book, as_of, dpd))
        assert labelled.tolist() == rows[f"default_{dpd}_180d"].tolist()
