"""The simulator in the detail ``full``: what its further tables and columns say, by hand and by their moments."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from data.contracts import CONTRACTS
from data.ingest import ingest_tables
from data.lake import Lake
from data.rules import STATEMENT_PARTS
from data.simulation.agreements import INSTALMENT_DAYS
from data.simulation.events import DUNNED_AFTER_DAYS
from data.simulation.mistakes import with_mistakes
from data.simulation.simulator import Shape, simulate
from data.simulation.world import draw_world

END = pd.Timestamp("2023-12-28")
SHAPE = Shape(customers=6_000, start_on=date(2022, 1, 1), end_on=END.date(), seed=12, detail="full")
SMALL = Shape(customers=150, start_on=date(2023, 2, 11), end_on=date(2024, 3, 5), seed=5, detail="full")


@pytest.fixture(scope="module")
def book():
    return simulate(SHAPE)


@pytest.fixture(scope="module")
def tables(book):
    return {name: frame(rows) for name, rows in book.tables.items()}


def frame(table):
    """A table with dates as timestamps and decimals as floats, for plain arithmetic."""

    def plain(kind):
        if pa.types.is_date(kind):
            return pa.timestamp("ns")
        return pa.float64() if pa.types.is_decimal(kind) else kind

    return table.cast(pa.schema([field.with_type(plain(field.type)) for field in table.schema])).to_pandas()


def newest(tables, name):
    """The last version of each row that stands at the end."""
    rows = tables[name].sort_values("known_at", kind="stable").drop_duplicates(list(CONTRACTS[name].key), keep="last")
    return rows[~rows["is_deleted"]]


def days(count):
    return pd.Timedelta(days=count)


def paid_on(tables):
    """Day on which each invoice was cleared, by invoice."""
    allocations = tables["allocations"]
    return allocations[allocations["clears_invoice"]].groupby("invoice_id")["allocated_on"].max()


@pytest.fixture(scope="module")
def invoices(tables):
    """Every invoice with ``paid_on``, the clearing allocation's amount and discount, and the strain at issue."""
    rows = newest(tables, "invoices").set_index("invoice_id")
    cleared = tables["allocations"].query("clears_invoice").set_index("invoice_id")
    return rows.join(cleared[["allocated_on", "amount", "discount_amount"]].add_prefix("cleared_")).rename(
        columns={"cleared_allocated_on": "paid_on"}
    )


@pytest.fixture(scope="module")
def truth(book):
    return frame(book.truth["default"])


# Terms, discounts, instalments, prepayment


def test_invoices_name_terms_that_there_are_and_fall_due_by_them(tables, invoices):
    terms = tables["payment_terms"].set_index("terms_code")
    agreed = terms.loc[invoices["terms_code"]]
    length = (invoices["due_on"] - invoices["issued_on"]).dt.days.to_numpy()
    over = length - agreed["net_days"].to_numpy()
    whole = invoices["document_id"].isna().to_numpy()
    assert np.isin(over[whole], [0, 1, 2]).all(), "a due date on a weekend moves to Monday"
    until = (invoices["discount_until_on"] - invoices["issued_on"]).dt.days.to_numpy()
    assert np.array_equal(until, agreed["discount_days"].to_numpy(), equal_nan=True)
    allowed = invoices["discount_amount"] / invoices["amount"] * 100
    both = allowed.notna().to_numpy()
    assert np.abs(allowed[both].to_numpy() - agreed["discount_percent"].to_numpy()[both]).max() < 0.5
    assert invoices.loc[invoices["amount"].isna(), "discount_amount"].isna().all()


def test_half_of_the_discounts_are_taken_and_fewer_under_strain(invoices, truth):
    """Taken: paid by the last day. 0.53 by the log odds of taking, 0.6 less 0.7 per unit of strain, spread 1.5."""
    offered = invoices[invoices["discount_until_on"].notna() & (invoices["due_on"] < END - days(30))]
    taken = offered["paid_on"] <= offered["discount_until_on"]
    assert 0.16 < len(offered) / (invoices["due_on"] < END - days(30)).sum() < 0.28
    assert 0.5 < taken.mean() < 0.68
    strain = truth.set_index(["customer_id", "as_of"])["strain"]
    before = (offered["issued_on"].dt.to_period("M") - 4).dt.to_timestamp()
    known = pd.Series(strain.reindex(pd.MultiIndex.from_arrays([offered["customer_id"], before])).to_numpy())
    taken = taken.reset_index(drop=True)
    assert taken[known < -1].mean() - taken[known > 1].mean() > 0.15


def test_a_discount_is_granted_with_the_payment_that_is_in_time_and_seldom_with_another(invoices):
    offered = invoices[invoices["discount_until_on"].notna() & invoices["paid_on"].notna() & (invoices["amount"] > 0)]
    in_time = offered["paid_on"] <= offered["discount_until_on"]
    assert offered.loc[in_time, "cleared_discount_amount"].eq(offered.loc[in_time, "discount_amount"]).mean() > 0.999
    assert 0.015 < offered.loc[~in_time, "cleared_discount_amount"].notna().mean() < 0.045
    plain = invoices[invoices["discount_until_on"].isna()]
    assert plain["cleared_discount_amount"].isna().all()
    assert (offered["cleared_amount"] > 0).all()


def test_instalments_are_equal_parts_thirty_days_apart_and_there_are_as_many_as_the_terms_say(tables, invoices):
    parts = invoices.dropna(subset=["document_id"]).sort_values(["document_id", "due_on"])
    terms = tables["payment_terms"].set_index("terms_code")
    of = parts.groupby("document_id")
    assert (of.size() == terms.loc[of["terms_code"].first(), "instalments"].to_numpy()).all()
    assert of["issued_on"].nunique().eq(1).all()
    assert of["order_id"].nunique(dropna=False).eq(1).all()
    amounts = parts.dropna(subset=["amount"]).groupby("document_id")["amount"]
    assert amounts.nunique().eq(1).all()
    planned = parts["issued_on"] + pd.to_timedelta(INSTALMENT_DAYS * (of.cumcount() + 1), unit="D")
    assert (parts["due_on"] - planned).dt.days.isin([0, 1, 2]).all()
    assert 0.005 < len(parts) / len(invoices) < 0.03


def test_customers_who_prepay_pay_before_issue_and_nobody_else_does(tables, invoices):
    paid = invoices.dropna(subset=["paid_on"])
    ahead = (paid["issued_on"] - paid["paid_on"]).dt.days
    prepaid = paid["terms_code"] == "PREP"
    assert (ahead[~prepaid] <= 0).all()
    assert ahead.max() == 9, "seven days and a weekend, fewer than until deliveries stop"
    assert 0.75 < (ahead[prepaid] > 0).mean() < 0.92
    allocations = tables["allocations"].set_index("invoice_id")["known_at"].dt.normalize()
    known = invoices["known_at"].groupby(level=0).min().dt.normalize()
    first = tables["invoices"].groupby("invoice_id")["known_at"].min().dt.normalize()
    assert len(known) == len(invoices)
    assert (allocations >= first.reindex(allocations.index)).all(), "an allocation waits for its invoice"


def test_a_little_is_overpaid_and_some_payments_stay_unallocated(tables):
    payments = newest(tables, "payments").set_index("payment_id")["amount"]
    used = tables["allocations"].dropna(subset=["amount"]).groupby("payment_id")["amount"].sum()
    unknown = tables["allocations"].loc[tables["allocations"]["amount"].isna(), "payment_id"]
    left = (payments - used.reindex(payments.index).fillna(0)).drop(unknown, errors="ignore").round(2)
    assert left.min() == 0
    assert 0.003 < (left > 0).mean() < 0.012
    assert 0.0005 < 1 - len(set(tables["allocations"]["payment_id"])) / len(payments) < 0.005


def test_the_truth_of_late_holds_under_every_kind_of_terms(book, invoices):
    """Expected and found late invoices differ by less than four standard deviations in each group, and so in all."""
    known = frame(book.truth["late"]).set_index("invoice_id").reindex(invoices.index)
    groups = [invoices["terms_code"].str[0], invoices["paid_on"] < invoices["issued_on"]]
    sums = known.assign(spread=known["late5_prob"] * (1 - known["late5_prob"])).groupby(groups).sum()
    assert len(sums) == 5, "net, discount, instalments, and in advance: paid before issue or not"
    assert ((sums["late5"] - sums["late5_prob"]).abs() <= 4 * np.sqrt(sums["spread"])).all()


# Currencies


def test_some_customers_are_invoiced_in_another_currency_and_in_that_alone(tables):
    by_customer = tables["invoices"].groupby("customer_id")["currency"]
    assert by_customer.nunique().max() == 1
    currency = by_customer.first()
    assert 0.025 < (currency != "EUR").mean() < 0.055
    assert set(currency) == {"EUR", "USD", "GBP"}
    for name in ("payments", "orders", "deliveries", "limits", "credit_notes", "disputes", "securities", "statements"):
        rows = tables[name]
        known = currency.reindex(rows["customer_id"])
        assert (known.isna() | (known == rows["currency"].to_numpy())).all(), name


def test_there_is_a_rate_for_every_working_day(tables):
    rates = tables["exchange_rates"]
    assert set(rates["currency"]) == {"USD", "GBP"}
    assert set(rates["into_currency"]) == {"EUR"}
    working = pd.bdate_range("2021-12-27", END)
    assert rates.groupby("currency")["quoted_on"].apply(lambda on: on.tolist() == working.tolist()).all()
    moves = rates.groupby("currency")["rate"].apply(lambda rate: np.log(rate).diff().std() * np.sqrt(261))
    assert moves.between(0.065, 0.095).all(), "about 8 % a year"
    assert rates.groupby("currency")["rate"].first().round(1).to_dict() == {"GBP": 1.2, "USD": 0.9}


def test_no_second_currency_where_none_is_wanted():
    book = simulate(replace(SMALL, foreign_share=0.0))
    assert set(frame(book.tables["invoices"])["currency"]) == {"EUR"}


# Orders and deliveries


def test_what_is_billed_was_delivered_and_ordered_before(tables, invoices):
    orders = newest(tables, "orders").set_index("order_id")
    delivered = newest(tables, "deliveries").dropna(subset=["order_id"]).groupby("order_id")
    amount = delivered["amount"].sum().round(2)
    assert (amount <= orders["amount"].reindex(amount.index) + 0.001).all()
    billed = invoices.dropna(subset=["order_id", "amount"]).groupby("order_id")["amount"].sum().round(2)
    both = billed.index.intersection(amount.index)
    unknown = set(invoices.loc[invoices["amount"].isna(), "order_id"])
    both = both.difference(unknown)
    assert (amount[both] - billed[both]).abs().max() < 0.005
    issued = invoices.dropna(subset=["order_id"]).groupby("order_id")["issued_on"].first()
    both = issued.index.intersection(amount.index)
    assert (delivered["delivered_on"].max()[both] <= issued[both]).all()
    assert (delivered["delivered_on"].min()[both] >= orders["ordered_on"][both]).all()
    assert 0.05 < (delivered.size() == 2).mean() < 0.2


def test_at_the_end_some_is_delivered_and_not_billed_and_some_ordered_and_not_delivered(tables, invoices):
    orders = newest(tables, "orders")
    delivered = set(newest(tables, "deliveries")["order_id"].dropna())
    billed = set(invoices["order_id"].dropna())
    recent = orders[orders["ordered_on"] > END - days(10)]
    open_orders = recent[recent["cancelled_on"].isna()]
    assert 0.1 < open_orders["order_id"].isin(delivered - billed).mean() < 0.6
    assert 0.1 < (~open_orders["order_id"].isin(delivered | billed)).mean() < 0.6


def test_orders_are_cancelled_whole_or_for_what_was_not_delivered(tables, invoices):
    orders = tables["orders"].sort_values("known_at")
    first, last = (orders.drop_duplicates("order_id", keep=which) for which in ("first", "last"))
    assert first["cancelled_on"].isna().all()
    cancelled = last.dropna(subset=["cancelled_on"])
    assert (cancelled["known_at"].dt.tz_localize(None).dt.normalize() == cancelled["cancelled_on"]).all()
    assert (cancelled["cancelled_on"] > cancelled["ordered_on"]).all()
    billed = invoices.groupby("order_id")["amount"].sum(min_count=1).reindex(cancelled["order_id"]).to_numpy()
    part = billed < cancelled["amount"].to_numpy() - 0.005
    none = np.isnan(billed)
    assert (part | none).all(), "nothing is cancelled that was delivered in full"
    assert 0.015 < none.sum() / len(last) < 0.035
    assert 0.05 < part.sum() / len(last) < 0.09


# Who belongs to whom


def test_groups_have_up_to_three_levels_and_owners_are_larger(tables):
    customers = newest(tables, "customers").set_index("customer_id")
    parent = customers["parent_id"].dropna()
    assert 0.05 < len(parent) / len(customers) < 0.11
    size = customers["size_class"].map({"SMALL": 0, "MEDIUM": 1, "LARGE": 2})
    assert (size[parent].to_numpy() > size[parent.index].to_numpy()).all()
    grand = parent.reindex(parent.to_numpy()).dropna()
    assert len(grand) > 20
    assert parent.reindex(grand.to_numpy()).isna().all(), "no fourth level"


def test_some_owners_buy_within_the_book(tables):
    versions = tables["customers"].sort_values("known_at")
    first, last = (versions.drop_duplicates("customer_id", keep=which) for which in ("first", "last"))
    met = first.merge(last, on="customer_id", suffixes=("", "_last"))
    bought = met["parent_id"].isna() & met["parent_id_last"].notna()
    assert 0.1 < bought.sum() / met["parent_id_last"].notna().sum() < 0.3
    assert (met.loc[~bought, "parent_id"].fillna("") == met.loc[~bought, "parent_id_last"].fillna("")).all()


def test_members_of_a_group_are_alike(tables, truth):
    parent = newest(tables, "customers").dropna(subset=["parent_id"])
    strain = truth.groupby("customer_id")["strain"].mean()
    pairs = pd.DataFrame({"own": strain.reindex(parent["customer_id"]).to_numpy()})
    pairs["owner"] = strain.reindex(parent["parent_id"]).to_numpy()
    assert pairs.corr().loc["own", "owner"] > 0.15


# Ratings and statements


def test_ranks_are_the_place_of_the_grade_on_the_agency_s_scale(tables):
    ratings = tables["ratings"]
    scales = ratings.groupby("agency")["ranks"].agg(["nunique", "first"])
    assert scales["nunique"].eq(1).all()
    assert scales["first"].to_dict() == {"BUREAU": 5, "INSURER": 10, "INTERNAL": 8}
    assert ratings.groupby(["agency", "grade"])["rank"].nunique().eq(1).all()
    for agency, rows in ratings.groupby("agency"):
        assert rows.groupby("rank")["score"].mean().is_monotonic_decreasing, f"{agency}: rank 1 is the best"
    internal = ratings[ratings["agency"] == "INTERNAL"]
    assert (internal["valid_to_on"] - internal["rated_on"]).dt.days.eq(400).all()
    assert ratings.loc[ratings["agency"] != "INTERNAL", "valid_to_on"].isna().all()


def test_who_was_rated_down_defaults_more_often_than_who_was_rated_up(tables, truth):
    """The insurer's grade in January 2023 against that of January 2022, and the default within 180 days."""
    ratings = newest(tables, "ratings").query("agency == 'INSURER'").sort_values("rated_on")
    as_of = pd.Timestamp("2023-01-01")
    now, before = (
        ratings[ratings["rated_on"] < day].drop_duplicates("customer_id", keep="last").set_index("customer_id")["rank"]
        for day in (as_of, as_of - days(270))
    )
    rows = truth[(truth["as_of"] == as_of) & (truth["status"] == "PERFORMING")].set_index("customer_id")
    change = (now - before).dropna().reindex(rows.index).dropna()
    chance = rows["pd_90_180d"].reindex(change.index)
    assert 0.15 < (change > 0).mean() < 0.45
    assert 0.15 < (change < 0).mean() < 0.45
    assert chance[change > 0].mean() > 1.3 * chance[change < 0].mean()
    worst = rows["pd_90_180d"].groupby(pd.cut(now.reindex(rows.index), [0, 3, 5, 7, 10]), observed=True).mean()
    assert worst.is_monotonic_increasing
    assert worst.iloc[-1] > 5 * worst.iloc[0]


def test_the_own_grade_of_a_customer_in_default_is_the_worst(tables, book):
    episodes = frame(book.truth["episodes"]).dropna(subset=["default_on"])
    ratings = tables["ratings"].query("agency == 'INTERNAL'").merge(episodes, on="customer_id")
    within = ratings["rated_on"].ge(ratings["default_on"]) & ~(ratings["rated_on"] >= ratings["cured_on"])
    assert within.sum() > 20
    assert ratings.loc[within, "rank"].eq(8).all()


def test_statements_add_up(tables):
    rows = tables["statements"]
    whole = rows.dropna(subset=["total_assets", "equity", "total_liabilities"])
    assert (whole["total_assets"] - whole["equity"] - whole["total_liabilities"]).abs().max() < 0.005
    parts = (*STATEMENT_PARTS, ("payables", "current_liabilities"), ("financial_debt", "total_liabilities"))
    for part, of in (*parts, ("cost_of_sales", "revenue")):
        assert not (rows[part] > rows[of]).any(), part
    assert not (rows["cash"] + rows["inventories"] + rows["receivables"] > rows["current_assets"] + 0.02).any()
    assert not (rows["payables"] + rows["financial_debt"] > rows["total_liabilities"] + 0.02).any()
    before_tax = rows["ebit"] - rows["interest_expense"]
    expected = before_tax.where(before_tax < 0, 0.7 * before_tax)
    assert (rows["net_income"] - expected).abs().max() < 0.02
    assert rows["period_months"].dropna().eq(6).all()
    assert 0.003 < rows["period_months"].notna().mean() < 0.02
    assert rows["is_audited"].mean() == pytest.approx(0.5, abs=0.15)


def altman(rows):
    """Z'' of Altman for firms that do not make things."""
    assets = rows["total_assets"]
    return (
        6.56 * (rows["current_assets"] - rows["current_liabilities"]) / assets
        + 3.26 * rows["retained_earnings"] / assets
        + 6.72 * rows["ebit"] / assets
        + 1.05 * rows["equity"] / rows["total_liabilities"]
    )


def test_altman_s_z_is_spread_over_its_zones_and_tells_of_default(tables, truth):
    rows = newest(tables, "statements").query("period_months != period_months")
    rows = rows.assign(z=altman(rows)).dropna(subset=["z"])
    assert 2.0 < rows["z"].median() < 3.4
    assert 0.08 < (rows["z"] < 1.1).mean() < 0.25
    assert 0.4 < (rows["z"] > 2.6).mean() < 0.75
    latest = rows[rows["fiscal_year_end_on"] == "2022-12-31"].set_index("customer_id")["z"]
    later = truth[(truth["as_of"] == "2023-06-01") & (truth["status"] == "PERFORMING")].set_index("customer_id")
    chance = later["pd_90_180d"].groupby(pd.cut(latest.reindex(later.index), [-99, 1.1, 2.6, 99]), observed=True).mean()
    assert chance.is_monotonic_decreasing
    assert chance.iloc[0] > 4 * chance.iloc[-1]


def test_distress_shows_in_the_statement_of_its_year(tables, book):
    episodes = frame(book.truth["episodes"])[["customer_id", "distress_on", "cured_on"]]
    rows = newest(tables, "statements").merge(episodes, on="customer_id")
    within = (rows["fiscal_year_end_on"] >= rows["distress_on"]) & ~(rows["fiscal_year_end_on"] >= rows["cured_on"])
    before = rows["fiscal_year_end_on"] < rows["distress_on"]
    assert within.sum() > 10
    cash = rows["cash"] / rows["current_assets"]
    assert cash[within].median() < 0.3 * cash[before].median()
    assert altman(rows)[within].median() < altman(rows)[before].median() - 1


def test_some_statements_are_stated_again_with_less_equity(tables):
    rows = tables["statements"].sort_values("known_at")
    key = ["customer_id", "fiscal_year_end_on"]
    first, last = (rows.drop_duplicates(key, keep=which) for which in ("first", "last"))
    again = first.merge(last, on=key, suffixes=("", "_last")).query("known_at < known_at_last")
    assert 0.008 < len(again) / len(first) < 0.03
    fall = (again["equity"] - again["equity_last"]) / again["total_assets"]
    assert fall.dropna().between(0.0499, 0.0501).all()


# Events, limits, securities


def test_dunning_letters_are_those_of_the_invoices_that_stood_in_the_run(tables, invoices):
    """By hand: on a Tuesday, what has passed 14, 28 or 49 days within the week and is not paid, less credit notes."""
    letters = tables["credit_events"].query("kind == 'DUNNING'").set_index(["customer_id", "happened_on"])["amount"]
    assert (letters.index.get_level_values("happened_on").dayofweek == 1).all()
    priced = invoices.dropna(subset=["amount"]).copy()
    notes = tables["credit_notes"].dropna(subset=["invoice_id"]).set_index("invoice_id")
    priced["credit"] = notes["amount"].reindex(priced.index).fillna(0)
    priced["credited_on"] = notes["issued_on"].reindex(priced.index)
    whole = priced["credit"] >= priced["amount"]
    ends = priced["paid_on"].where(~whole, priced["credited_on"])
    found = []
    for after in DUNNED_AFTER_DAYS:
        reached = priced["due_on"] + days(after)
        run = reached + pd.to_timedelta((1 - reached.dt.dayofweek) % 7, unit="D")
        stands = (run <= END) & ~(ends <= run)
        owed = priced["amount"] - priced["credit"].where(priced["credited_on"] <= run, 0)
        found.append(pd.DataFrame({"customer_id": priced["customer_id"], "happened_on": run, "owed": owed})[stands])
    expected = pd.concat(found).groupby(["customer_id", "happened_on"])["owed"].sum()
    assert len(letters) > 1_000
    assert expected.index.symmetric_difference(letters.index).empty
    assert (expected - letters).abs().max() < 0.005


def test_legal_action_comes_after_a_default_and_before_its_end(tables, book):
    sued = tables["credit_events"].query("kind == 'LEGAL'").merge(frame(book.truth["episodes"]), on="customer_id")
    ends = sued[["resumed_on", "written_off_on", "insolvent_on"]].min(axis=1)
    within = (sued["happened_on"] > sued["default_on"]) & ~(sued["happened_on"] >= ends)
    assert within.groupby(sued["customer_id"]).any().all()
    assert len(sued) > 30
    assert tables["credit_events"].query("kind == 'LEGAL'")["amount"].notna().mean() > 0.9


def test_limits_fall_with_strain_and_are_cut_after_a_default(tables, book, truth):
    limits = newest(tables, "limits")
    episodes = frame(book.truth["episodes"]).dropna(subset=["default_on"])
    cut = limits.merge(episodes, on="customer_id").query("valid_from_on >= default_on")
    first = cut.sort_values("valid_from_on").drop_duplicates(["customer_id", "default_on"])
    waited = (first["valid_from_on"] - first["default_on"]).dt.days
    assert (waited == 3).mean() > 0.95
    assert first.loc[first["insolvent_on"].notna() & (waited == 3), "amount"].eq(0).all()
    per_customer = limits.groupby("customer_id").size()
    assert 2 < per_customer.mean() < 4
    strain = truth.assign(month=truth["as_of"].dt.to_period("M"))[["customer_id", "month", "strain"]]
    set_ = limits[limits["amount"] > 10_000].assign(month=limits["valid_from_on"].dt.to_period("M"))
    set_ = set_.merge(strain, on=["customer_id", "month"]).sort_values(["customer_id", "valid_from_on"])
    change = np.log(set_["amount"]).groupby(set_["customer_id"]).diff()
    assert change.corr(set_["strain"].groupby(set_["customer_id"]).diff()) < -0.1


def test_insurance_covers_the_limit_for_a_year_and_ends_early_under_strain(tables):
    versions = tables["securities"].sort_values("known_at")
    first, last = (versions.drop_duplicates("security_id", keep=which) for which in ("first", "last"))
    insured = first[first["kind"] == "INSURANCE"]
    assert insured["covered_percent"].eq(90).all()
    assert (insured["valid_to_on"] - insured["valid_from_on"]).dt.days.eq(364).all()
    limits = newest(tables, "limits").sort_values("valid_from_on")
    met = pd.merge_asof(
        insured.sort_values("valid_from_on"), limits, on="valid_from_on", by="customer_id", suffixes=("", "_limit")
    )
    assert met["amount"].eq(met["amount_limit"]).all()
    ended = first.merge(last, on="security_id", suffixes=("", "_last")).query("known_at < known_at_last")
    assert (ended["valid_to_on_last"] < ended["valid_to_on"]).all()
    assert 0.02 < len(ended) / len(insured) < 0.25
    assert set(first["kind"]) == {"INSURANCE", "GUARANTEE", "LETTER_OF_CREDIT", "DEPOSIT"}
    assert first.loc[first["kind"] == "DEPOSIT", "valid_to_on"].isna().all()


# Holidays, mistakes, and what is learnt late


def test_holidays_are_those_of_the_countries(tables):
    holidays = tables["holidays"]
    assert set(holidays["country"]) == set(tables["customers"]["country"].dropna())
    unity = holidays[(holidays["country"] == "DE") & (holidays["falls_on"] == "2023-10-03")]
    assert unity["name"].tolist() == ["German Unity Day"]
    assert holidays["falls_on"].dt.year.unique().tolist() == [2022, 2023, 2024]


def test_what_was_entered_by_mistake_is_withdrawn_within_ten_days_and_nothing_refers_to_it(tables):
    for name in ("invoices", "payments", "deliveries"):
        rows, key = tables[name], CONTRACTS[name].key[0]
        gone = rows[rows["is_deleted"]]
        entered = rows[rows[key].isin(gone[key]) & ~rows["is_deleted"]].set_index(key)["known_at"]
        waited = (gone.set_index(key)["known_at"] - entered).dt.days
        assert waited.between(1, 10).all()
        assert 0.0002 < len(gone) / len(rows) < 0.001, name
        if key in tables["allocations"]:
            assert not tables["allocations"][key].isin(gone[key]).any()


def test_no_mistake_is_left_standing_or_withdrawn_after_the_end():
    payments = simulate(SMALL).tables["payments"]
    payments = payments.filter(pc.less(payments["payment_id"], "P900000000"))
    rows = frame(with_mistakes(draw_world(SMALL), {"payments": payments}, share=1.0)["payments"])
    after = pd.Timestamp(SMALL.end_on + timedelta(days=1), tz="UTC")
    assert rows["known_at"].max() < after
    wrong = rows[rows["payment_id"] >= "P900000000"]
    assert 0.9 < wrong["is_deleted"].sum() / payments.num_rows < 1, "the last days have no time for it"
    assert wrong.groupby("payment_id")["is_deleted"].agg(["size", "sum"]).drop_duplicates().to_numpy().tolist() == [
        [2, 1]
    ]


def test_a_few_ratings_are_withdrawn(tables):
    gone = tables["ratings"][tables["ratings"]["is_deleted"]]
    assert 0.001 < len(gone) / (tables["ratings"]["agency"] != "BUREAU").sum() < 0.005


def test_a_few_invoices_and_payments_are_known_late(tables):
    for name, happened, grace in (("invoices", "issued_on", 0), ("payments", "paid_on", 2)):
        rows = tables[name].sort_values("known_at").drop_duplicates(CONTRACTS[name].key[0])
        waited = (rows["known_at"].dt.tz_localize(None).dt.normalize() - rows[happened]).dt.days
        assert 0.0002 < (waited > grace).mean() < 0.005, name


def test_due_dates_put_right_were_a_week_off(tables):
    rows = tables["invoices"][~tables["invoices"]["is_deleted"]].sort_values("known_at")
    first, last = (rows.drop_duplicates("invoice_id", keep=which) for which in ("first", "last"))
    met = first.merge(last, on="invoice_id", suffixes=("", "_last")).query("due_on != due_on_last")
    assert 0.0005 < len(met) / len(first) < 0.002
    assert (met["due_on"] - met["due_on_last"]).dt.days.eq(7).all()


# The shape of the numbers, and the ingest


def test_a_full_book_pays_like_a_ledger_with_discounts(invoices):
    """Shares of invoices that have matured: more is paid early than in a plain ledger, the rest is much the same."""
    matured = invoices[invoices["due_on"] + days(31) < END - days(20)]
    late = (matured["paid_on"] - matured["due_on"]).dt.days.fillna(999)
    assert 0.15 < (late < 0).mean() < 0.25
    assert 0.62 < (late == 0).mean() < 0.74
    assert 0.045 < (late >= 5).mean() < 0.085
    assert 0.006 < (late >= 31).mean() < 0.016


def test_a_plain_ledger_of_the_same_seed_has_the_same_customers(book):
    plain = simulate(replace(SHAPE, detail="ledger"))
    ours, theirs = (frame(each.tables["customers"]).drop_duplicates("customer_id") for each in (book, plain))
    same = ["customer_id", "signed_up_on", "country", "industry", "size_class", "is_natural_person", "postcode_prefix"]
    pd.testing.assert_frame_equal(ours[same].reset_index(drop=True), theirs[same].reset_index(drop=True))


def test_ingest_accepts_every_row_and_a_second_time_nothing_is_new(tmp_path):
    book, lake = simulate(SMALL), Lake(tmp_path / "lake")
    received_at = datetime.combine(SMALL.end_on + timedelta(days=1), datetime.min.time(), UTC)
    first = ingest_tables(book.tables, lake, received_at=received_at)
    assert first.reasons == {name: {} for name in book.tables}
    assert first.warnings == ()
    for name, counts in first.counts.items():
        assert counts.read == counts.accepted == book.tables[name].num_rows, name
        assert counts.added + counts.corrected + counts.deleted == counts.read, name
    again = ingest_tables(book.tables, lake, received_at=received_at + timedelta(days=1))
    assert all(counts.unchanged == counts.read for counts in again.counts.values())
    assert set(first.counts) == set(CONTRACTS)
