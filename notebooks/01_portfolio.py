# %% [markdown]
# # What is in the portfolio, and how well does it pay?
#
# The receivables ledger as it stood at the end of one day: what is open and how old it is, who owes it, how days sales
# outstanding moved, who pays late and by how much.
#
# It reads the ledger in `O2C_RISK_HOME`; without one it simulates a small ledger, the same every time. Knowledge is
# frozen at the end of `O2C_RISK_AS_OF`, the last day the ledger knows of unless given.

# %%
from datetime import timedelta

import ibis
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa

from cli.album import BLUE, COLOURS, GREEN, GREY, INK, ORANGE, RED, SKY, STYLE, in_money, in_percent, short
from cli.notebook import start
from features.build import build
from features.dso import average_days_delinquent, best_possible_dso, days_sales_outstanding
from features.items import as_known
from training.cases.about import about
from training.cases.cohort import month_firsts
from training.cases.facts import folded
from training.cases.label import late
from training.judging.rates import rate_interval

plt.rcParams.update(STYLE)
here = start()
book, as_of, album = here.book, here.as_of, here.album("01_portfolio")
print(here.told)

# %% [markdown]
# ## Every customer at the end of every month
#
# The very facts that the models and the limits read, summed over the customers. Items in dispute are open, but not past
# due.

# %%
BUCKETS = {
    "aging_current_amount": "not past due",
    "aging_1_30_amount": "1 to 30",
    "aging_31_60_amount": "31 to 60",
    "aging_61_90_amount": "61 to 90",
    "aging_over_90_amount": "over 90",
    "disputed_open_amount": "in dispute",
}
AGES = [SKY, "#FBE3B0", ORANGE, RED, "#7F2704", GREY]  # from not due to long overdue, disputes apart
ledger = folded(book)
first = ledger.issued_on.min().to_pyarrow().as_py()
month_ends = [day - timedelta(days=1) for day in month_firsts(first + timedelta(days=120), as_of)]
days = sorted({*month_ends, as_of})
customers = sorted(set(book["invoices"].customer_id.to_pyarrow().to_pylist()))
spine = pd.MultiIndex.from_product([customers, days], names=["customer_id", "as_of"]).to_frame(index=False)
spine["case_id"] = spine.customer_id + "@" + spine.as_of.astype(str)
names = [*BUCKETS, "open_amount", "overdue_amount", "invoiced_amount_90d", "invoiced_amount_365d"]
found = build(book, book.memtable(pa.Table.from_pandas(spine, preserve_index=False)), features=names)
facts = found.to_pandas().assign(as_of=lambda rows: pd.to_datetime(rows.as_of))
by_day = facts.groupby("as_of")[names].sum()
now = facts[facts.as_of == pd.Timestamp(as_of)].set_index("customer_id")

# %%
open_now = by_day.loc[pd.Timestamp(as_of), "open_amount"]
overdue_now = by_day.loc[pd.Timestamp(as_of), "overdue_amount"]
over_30 = by_day.loc[pd.Timestamp(as_of), ["aging_31_60_amount", "aging_61_90_amount", "aging_over_90_amount"]].sum()
owing = now.open_amount[now.open_amount > 0].sort_values(ascending=False)
print(f"{len(owing):,} customers owe {short(open_now)} {book.currency} in all.")
print(f"{in_percent(overdue_now / open_now)} of it is past due, {in_percent(over_30 / open_now)} by more than 30 days.")

# %% [markdown]
# ## How old is what is open?

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.4), width_ratios=[1, 1.5])
amounts = by_day.loc[pd.Timestamp(as_of), list(BUCKETS)]
words, not_due = list(BUCKETS.values())[1:], amounts.iloc[0]
bars = left.bar(words, amounts.iloc[1:], color=AGES[1:])
left.bar_label(bars, [f"{short(a)}\n{in_percent(a / open_now)}" for a in amounts.iloc[1:]], fontsize=8.5, padding=2)
left.margins(y=0.2)
left.set(title=f"Past due on {as_of}", xlabel="days past due", ylabel=f"open amount ({book.currency})")
left.text(
    0.03,
    0.97,
    f"not past due: {short(not_due)}, {in_percent(not_due / open_now)}",
    transform=left.transAxes,
    va="top",
)
left.grid(axis="x", visible=False)
shares = by_day.loc[pd.to_datetime(month_ends), list(BUCKETS)].iloc[:, 1:]
shares = shares.div(by_day.loc[shares.index, "open_amount"], axis=0)
right.stackplot(shares.index, shares.T, colors=AGES[1:], labels=words)
right.set(title="Share of the open amount past due", xlabel="end of month", ylabel="share of the open amount")
right.yaxis.set_major_formatter(in_percent)
right.legend(*(part[::-1] for part in right.get_legend_handles_labels()), title="days past due", fontsize=8.5)
right.set_ylim(0, float(shares.sum(axis=1).max()) * 1.25)
left.yaxis.set_major_formatter(in_money)
album.add(
    figure,
    "aging",
    reading=(
        "Left: what is past due by how long it has been so, as an amount and as a share of all that is open. Right: the"
        " same at the end of every month. Light bands are what has just fallen due; dark ones are old debt that is not "
        "being collected."
    ),
)

# %% [markdown]
# ## Who owes it?

# %%
ranked = owing.cumsum() / owing.sum()
bought = now.invoiced_amount_365d.fillna(0).sort_values(ascending=False)
bought = bought[bought > 0].cumsum() / bought.sum()
largest = min(10, len(ranked))
half = int((ranked < 0.5).sum()) + 1
print(f"The largest {largest} customers owe {in_percent(ranked.iloc[largest - 1])}; {half} owe half of it.")

# %%
figure, panel = plt.subplots(figsize=(9, 4.6))
panel.plot(np.arange(1, len(ranked) + 1), ranked, color=BLUE, lw=2.2, label="open amount")
panel.plot(np.arange(1, len(bought) + 1), bought, color=ORANGE, lw=2.2, ls="--", label="invoiced in the last 365 days")
panel.plot(largest, ranked.iloc[largest - 1], "o", color=INK)
panel.annotate(
    f"the largest {largest} owe {in_percent(ranked.iloc[largest - 1])}",
    (largest, ranked.iloc[largest - 1]),
    xytext=(-8, 10),
    textcoords="offset points",
    ha="right",
)
panel.set(
    title="Concentration",
    xlabel="customers, the largest first",
    ylabel="share of the total",
    ylim=(0, 1.03),
    xscale="log",
)
panel.xaxis.set_major_formatter("{x:,.0f}")
panel.yaxis.set_major_formatter(in_percent)
panel.legend(loc="lower right")
album.add(
    figure,
    "concentration",
    reading=(
        "Follow a curve to the right: so many of the largest customers hold that share of the total. The sooner it "
        "rises, the more rests on a few. Where the blue curve lies above the orange one, what is owed is more "
        "concentrated than what is sold."
    ),
)

# %% [markdown]
# ## Sales, days sales outstanding and late payment by month
#
# DSO is what is open over the sales of the last 90 days, times 90; the best possible one counts only what is not past
# due; the difference is the average days delinquent. Late is not settled before the due date plus 5 days; a month is
# shown once that day has passed for 95 of 100 of its invoices.

# %%
seen = as_known(ledger, as_of).filter(ibis._.issued_on <= ibis.date(as_of))
invoices = seen.select("customer_id", "invoice_id", "issued_on", "due_on", "settled_on", "amount", "outcome_unknown")
invoices = invoices.to_pandas().astype({"amount": float})
for name in ("issued_on", "due_on", "settled_on"):
    invoices[name] = pd.to_datetime(invoices[name])
sales = invoices.groupby(invoices.issued_on.dt.to_period("M")).amount.sum()
outcomes = late(ledger, 5, as_of).to_pandas()
outcomes["month"] = pd.to_datetime(outcomes.issued_on).dt.to_period("M")

by_month = outcomes.groupby("month").agg(n=("bad", "size"), bad=("bad", "sum"))
by_month["bad_customers"] = outcomes[outcomes.bad].groupby("month").customer_id.nunique()
by_month["issued"] = invoices.groupby(invoices.issued_on.dt.to_period("M")).size()
by_month = by_month.fillna(0).astype(int).query("n >= 30 and n >= 0.95 * issued")
ends = np.array([rate_interval(row.n, row.bad, row.bad_customers) for row in by_month.itertuples()])
by_month["rate"], by_month["low"], by_month["high"] = by_month.bad / by_month.n, ends[:, 0], ends[:, 1]

# %%
dso, best, delinquent = {}, {}, {}
for day, row in by_day.loc[pd.to_datetime(month_ends)].iterrows():
    dso[day] = days_sales_outstanding(row.open_amount, row.invoiced_amount_90d, 90)
    best[day] = best_possible_dso(row.open_amount - row.overdue_amount, row.invoiced_amount_90d, 90)
    delinquent[day] = average_days_delinquent(dso[day], best[day])
dso, best, delinquent = (pd.Series(values, dtype=float) for values in (dso, best, delinquent))
print(
    f"DSO at the end of {dso.index[-1]:%B %Y}: {dso.iloc[-1]:.1f} days, {delinquent.iloc[-1]:.1f} of them delinquent."
)
print(
    f"Invoices late by 5 days or more: {in_percent(by_month.bad.sum() / by_month.n.sum())} of all that matured; "
    f"worst among those issued in {by_month.rate.idxmax().strftime('%B %Y')}: {in_percent(by_month.rate.max())}."
)

# %%
# A month of which the ledger holds a part only says nothing.
whole = sales[(sales.index.end_time.date <= as_of) & (sales.index.start_time.date >= first - timedelta(days=7))]
figure, (top, middle, lower, bottom) = plt.subplots(4, 1, figsize=(11, 10), sharex=True, height_ratios=[1, 1, 0.7, 1])
top.bar(whole.index.to_timestamp(), whole, width=22, color=SKY)
top.set(title="Invoiced by month of issue", ylabel=f"amount ({book.currency})")
top.yaxis.set_major_formatter(in_money)
middle.plot(dso.index, dso, color=BLUE, marker="o", ms=4, label="DSO")
middle.plot(best.index, best, color=GREEN, ls="--", label="best possible DSO")
middle.set(title="Days sales outstanding at the end of the month", ylabel="days", ylim=(0, None))
middle.legend(loc="lower left", ncols=2)
lower.bar(delinquent.index, delinquent, width=22, color=ORANGE)
lower.set(title="Average days delinquent: DSO less the best possible one", ylabel="days")
at = by_month.index.to_timestamp()
bottom.fill_between(at, by_month.low, by_month.high, color=RED, alpha=0.2, label="95 % interval")
bottom.plot(at, by_month.rate, color=RED, marker="o", ms=4, label="late by 5 days or more")
bottom.set(title="Late payment by month of issue", xlabel="month", ylabel="share of the invoices", ylim=(0, None))
bottom.yaxis.set_major_formatter(in_percent)
bottom.legend(loc="upper left", ncols=2)
album.add(
    figure,
    "months",
    reading=(
        "From the top: what was sold; how many days of sales are open, beside how many would be if nothing were past "
        "due; the difference, which is debt that should have been paid; and how many of the invoices issued in a month "
        "were paid late. Look for months that stand out below and follow them upwards."
    ),
)

# %% [markdown]
# ## On which day is an invoice paid?

# %%
year = invoices[(invoices.due_on > pd.Timestamp(as_of) - pd.Timedelta(days=365)) & ~invoices.outcome_unknown]
year = year[year.due_on <= pd.Timestamp(as_of) - pd.Timedelta(days=90)]
delay = (year.settled_on - year.due_on).dt.days
parts = {
    "before the due date": delay < 0,
    "on the due date": delay == 0,
    "1 to 4 days late": (delay >= 1) & (delay <= 4),
    "5 to 29 days late": (delay >= 5) & (delay <= 29),
    "30 to 89 days late": (delay >= 30) & (delay <= 89),
    "90 days late or unpaid": (delay >= 90) | delay.isna(),
}
paid = pd.DataFrame({"invoices": {k: v.mean() for k, v in parts.items()}})
paid["amount"] = [year.amount[flags].sum() / year.amount.sum() for flags in parts.values()]
print(f"{len(year):,} invoices that fell due in the last year and at least 90 days ago:")
print(paid.map(in_percent).to_string())

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.4), width_ratios=[1.4, 1])
clipped = delay.dropna().clip(-30, 60)
left.hist(clipped, bins=np.arange(-30.5, 61.5), weights=np.full(len(clipped), 1 / len(year)), color=BLUE)
left.axvline(5, color=RED, ls="--", label="late from here on")
left.set(
    title="Day of payment", xlabel="days after the due date", ylabel="share of the invoices, log scale", yscale="log"
)
left.yaxis.set_major_formatter(in_percent)
left.legend()
place = np.arange(len(paid))
right.barh(place - 0.2, paid.invoices, height=0.38, color=BLUE, label="of the invoices")
right.barh(place + 0.2, paid.amount, height=0.38, color=ORANGE, label="of the amount")
right.set_yticks(place, paid.index)
right.invert_yaxis()
right.xaxis.set_major_formatter(in_percent)
right.grid(axis="y", visible=False)
right.set(title="How they are paid", xlabel="share", ylabel="paid")
right.legend()
album.add(
    figure,
    "delays",
    reading=(
        "Left: the share of invoices paid on each day around the due date; the ends hold all that lies beyond them, and"
        " the scale is logarithmic because the due date towers over all else. Right: the same in six parts, by number "
        "and by amount."
    ),
)

# %% [markdown]
# ## Which parts of the portfolio pay late?

# %%
cases = outcomes.merge(invoices[["invoice_id", "amount"]], on="invoice_id")
cases = cases[pd.to_datetime(cases.due_on) > pd.Timestamp(as_of) - pd.Timedelta(days=365)]
asked = pa.table(
    {
        "case_id": cases.invoice_id,
        "customer_id": cases.customer_id,
        "as_of": pa.array(pd.to_datetime(cases.issued_on).dt.date, pa.date32()),
    }
)
master = about(book, asked).to_pandas()
cases = cases.merge(master, left_on="invoice_id", right_on="case_id")
cases["terms"] = pd.cut(
    (pd.to_datetime(cases.due_on) - pd.to_datetime(cases.issued_on)).dt.days,
    [-1, 14, 30, 45, 60, np.inf],
    labels=["up to 14 days", "15 to 30 days", "31 to 45 days", "46 to 60 days", "over 60 days"],
)
cases["invoice amount"] = pd.qcut(cases.amount, 4, labels=["smallest quarter", "second", "third", "largest quarter"])
segments = []
for column, title in (("size_class", "size"), ("industry", "industry"), ("terms", "terms"), ("invoice amount",) * 2):
    for value, part in cases.groupby(column, observed=True):
        struck = part[part.bad].customer_id.nunique()
        low, high = rate_interval(len(part), int(part.bad.sum()), struck)
        segments.append((title, str(value).lower(), len(part), part.bad.mean(), low, high))
segments = pd.DataFrame(segments, columns=["by", "part", "n", "rate", "low", "high"]).query("n >= 30")

# %%
figure, panel = plt.subplots(figsize=(9, 0.3 * len(segments) + 2))
place = np.arange(len(segments))
for number, by in enumerate(segments.by.unique()):
    mine = (segments.by == by).to_numpy()
    span = np.abs(segments.loc[mine, ["low", "high"]].to_numpy().T - segments.rate[mine].to_numpy())
    panel.errorbar(segments.rate[mine], place[mine], xerr=span, fmt="o", color=COLOURS[number], capsize=3, label=by)
panel.axvline(cases.bad.mean(), color=INK, ls=":", label=f"all: {in_percent(cases.bad.mean())}")
panel.set_yticks(place, [f"{row.part}  (n = {row.n:,})" for row in segments.itertuples()])
panel.invert_yaxis()
panel.xaxis.set_major_formatter(in_percent)
panel.set_xlim(0, min(1.0, float(segments.high.max()) * 1.05))
panel.set(
    title="Late by 5 days or more, due in the last 365 days",
    xlabel="share of the invoices",
    ylabel="part of the portfolio",
)
panel.legend(loc="best")
album.add(
    figure,
    "segments",
    reading=(
        "Each dot is the share of late invoices of a part, with its 95 % interval; invoices of one customer hang "
        "together, so the interval counts customers. A part whose interval lies right of the dotted line pays worse "
        "than the whole."
    ),
)

# %% [markdown]
# ## The figures, for whoever needs them elsewhere

# %%
album.figures(
    {
        "as_of": as_of,
        "currency": book.currency,
        "open_amount": open_now,
        "overdue_amount": overdue_now,
        "aging": {words: amounts[name] for name, words in BUCKETS.items()},
        "largest_ten_share": ranked.iloc[largest - 1],
        "dso": {f"{day:%Y-%m-%d}": value for day, value in dso.items()},
        "late_by_month": {str(month): rate for month, rate in by_month.rate.items()},
        "paid": paid.invoices.to_dict(),
    }
)
