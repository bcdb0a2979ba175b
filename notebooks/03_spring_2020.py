# %% [markdown]
# # Would the model have held in spring 2020?
#
# The late-payment model is made anew as of each month from what was known then, and judged by the invoices issued in
# the month that followed: what a desk would have seen, had it retrained every month. Beside it stands a model that was
# never made anew.
#
# February and March 2020 are the shock that a ledger of those years may hold; whether yours does is what the pictures
# show. The simulated ledger has two months of stress built into these very months, so that the same lines run on both.
# Of a ledger without them the last eighteen months are walked.

# %%
from datetime import date

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa

from cli.album import BLUE, GREEN, GREY, INK, ORANGE, PALE, RED, SKY, STYLE, draw_reliability, in_percent
from cli.notebook import start
from cli.plans import LATE, day_before, month_start
from cli.walking import cases_of, tell
from training.cases.cohort import month_firsts
from training.cases.split import matured
from training.fitting.fit import fit, one_seed, probability
from training.fitting.walk import walk
from training.judging.rates import rate_interval

plt.rcParams.update(STYLE)
here = start()
book, settings, album = here.book, here.settings, here.album("03_spring_2020")
print(here.told)
if here.shape is not None:
    print(
        f"From {here.shape.stress_start_on} the simulator multiplies the odds of late payment by "
        f"{here.shape.stress_late_odds:g} and the hazard of default by {here.shape.stress_hazard:g}, "
        f"for {here.shape.stress_months} months."
    )

# %% [markdown]
# ## Which months are walked
#
# July 2019 to December 2020 where the ledger holds them with outcomes and something to learn from before; else the last
# eighteen months whose outcomes are known.

# %%
SPRING = (date(2020, 2, 1), date(2020, 3, 1))
WANTED = (date(2019, 7, 1), date(2020, 12, 1))
first_issue = book["invoices"].issued_on.min().to_pyarrow().as_py()
holds_spring = month_start(first_issue, 6) <= WANTED[0] and month_start(here.as_of, -2) >= WANTED[1]
begins, ends = WANTED if holds_spring else (month_start(here.as_of, -20), month_start(here.as_of, -3))
shock = [month for month in SPRING if holds_spring]
print(
    f"Walked: {begins:%Y-%m} to {ends:%Y-%m}; spring 2020 is {'among them' if holds_spring else 'not in this ledger'}."
)

# %%
task, labelled = cases_of(book, LATE, ends, settings, say=print)
months = [*month_firsts(begins, ends), month_start(ends, 1)]
walked = walk(task, labelled, months, here.as_of, threads=settings.threads)
tell(walked)

# %% [markdown]
# ## The same without retraining
#
# One model, learnt from what was known when the walk began, states every later month as it is.

# %%
start_of_walk = walked.months[0].first
learnt = matured(labelled(start_of_walk), start_of_walk)
frozen_texts = fit(learnt, task.names, task.monotone, one_seed(task.recipe), threads=settings.threads)
cases = walked.cases
frozen = probability(frozen_texts, cases.matrix(task.names))
frame = pd.DataFrame({"customer": cases.customer_ids, "bad": cases.bad, "stated": walked.stated, "frozen": frozen})
frame["month"] = pd.PeriodIndex(pd.to_datetime(cases.at), freq="M")

by_month = frame.groupby("month").agg(
    n=("bad", "size"), bad=("bad", "sum"), came=("bad", "mean"), stated=("stated", "mean"), frozen=("frozen", "mean")
)
struck = frame[frame.bad].groupby("month").customer.nunique().reindex(by_month.index, fill_value=0)
ends_of = np.array([rate_interval(n, bad, c) for n, bad, c in zip(by_month.n, by_month.bad, struck, strict=True)])
by_month["low"], by_month["high"] = ends_of[:, 0], ends_of[:, 1]
figures = {pd.Period(month.first, "M"): month.figures for month in walked.months}
for name in ("auc", "average_precision"):
    by_month[name] = [figures[month].get(name, np.nan) for month in by_month.index]

# %%
calm = by_month[~by_month.index.isin([pd.Period(month, "M") for month in shock])]
for words, part in (("in spring 2020", by_month.drop(calm.index)), ("in all other months", calm)):
    if len(part):
        came, stated = part.bad.sum() / part.n.sum(), (part.stated * part.n).sum() / part.n.sum()
        print(
            f"{words.capitalize()}: stated {in_percent(stated)}, came {in_percent(came)}; "
            f"mean monthly AUC {part.auc.mean():.3f}."
        )

# %% [markdown]
# ## What was stated, what came, and how well it was ranked

# %%
at = by_month.index.to_timestamp()


def shade(panel):
    """Marks the months of the shock."""
    for number, month in enumerate(shock):
        words = "February and March 2020" if number == 0 else None
        panel.axvspan(
            pd.Timestamp(month) - pd.Timedelta(days=15),
            pd.Timestamp(month) + pd.Timedelta(days=15),
            color=PALE,
            label=words,
        )


figure, (top, bottom) = plt.subplots(2, 1, figsize=(11, 7.4), sharex=True)
for panel in (top, bottom):
    shade(panel)
span = np.array([by_month.came - by_month.low, by_month.high - by_month.came])
top.errorbar(at, by_month.came, yerr=span, fmt="o-", color=INK, capsize=3, label="came, 95 % interval")
top.plot(at, by_month.stated, "^-", color=GREEN, label="stated, model made anew every month")
top.plot(at, by_month.frozen, "v--", color=ORANGE, label=f"stated, model of {start_of_walk:%B %Y}")
top.set(title="Share of the invoices that are late by 5 days or more", ylabel="share of the invoices", ylim=(0, None))
top.yaxis.set_major_formatter(in_percent)
top.legend(loc="upper right")
bottom.plot(at, by_month.auc, "o-", color=BLUE, label="area under the ROC curve")
bottom.plot(at, by_month.average_precision, "s-", color=RED, label="average precision")
bottom.set(
    title="How well the month was ranked", xlabel="month of issue", ylabel="1 is perfect (no unit)", ylim=(0, 1.03)
)
bottom.legend(loc="lower right")
album.add(
    figure,
    "months",
    reading=(
        "Top: where the black dots leave the green line, the model stated something else than what came; an interval "
        "that does not hold the line is more than chance. Look how many months it takes after the grey band. Bottom: "
        "whether the late invoices of a month were among those that the model had feared; 0.5 of the blue line would be"
        " a coin."
    ),
)

# %% [markdown]
# ## Whom did it surprise?
#
# The late invoices of each month by what was known of the customer at issue.

# %%
share = cases.columns["due_late5_share_365d"]
frame["record"] = np.select(
    [np.isnan(share), share == 0], ["no invoice fell due in a year", "never late in a year"], "late before in that year"
)
RECORDS = {"late before in that year": RED, "no invoice fell due in a year": GREY, "never late in a year": SKY}
by_record = frame.pivot_table(index="month", columns="record", values="bad", aggfunc=["sum", "mean"])
late_by = by_record["sum"].reindex(columns=list(RECORDS)).fillna(0).astype(int)
rate_by = by_record["mean"].reindex(columns=list(RECORDS))
rate_of = frame.groupby("record").bad.mean().reindex(list(RECORDS))
times = rate_by / rate_of
surprise = late_by["never late in a year"] / late_by.sum(axis=1)
for words, part in (("in spring 2020", surprise.drop(calm.index)), ("in all other months", surprise[calm.index])):
    if len(part):
        print(
            f"{words.capitalize()} {in_percent(part.mean())} of the late invoices were of customers "
            "who had never been late in a year."
        )

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(13, 4.8), sharex=True)
floor = np.zeros(len(late_by))
for record, colour in RECORDS.items():
    left.bar(at, late_by[record], bottom=floor, width=22, color=colour, label=record)
    floor += late_by[record].to_numpy()
    if record != "no invoice fell due in a year":
        right.plot(at, times[record], "o-", color=colour, label=f"{record}: {in_percent(rate_of[record])} in all")
shade(right)
right.axhline(1, color=INK, lw=0.8, ls=":")
left.set(title="Late invoices by the customer's record at issue", xlabel="month of issue", ylabel="invoices")
left.legend(loc="upper right", fontsize=8.5)
right.set(
    title="How many times as often late as in all months",
    xlabel="month of issue",
    ylabel="times the rate of all months",
)
right.set_ylim(0, float(times.drop(columns="no invoice fell due in a year").max().max()) * 1.35)
right.legend(loc="upper right", fontsize=8.5)
for panel in (left, right):
    panel.tick_params(axis="x", rotation=30)
album.add(
    figure,
    "surprises",
    reading=(
        "Left: the blue part of a bar are late invoices that no record could foretell; a shock shows as blue bars that "
        "grow. Right: the share of late invoices among those of either record, as a multiple of what it is in all "
        "months; a shock that spares nobody lifts both lines."
    ),
)

# %% [markdown]
# ## Do the probabilities mean what they say: before, during and after?

# %%
if holds_spring:
    before, after = frame.month < pd.Period(SPRING[0], "M"), frame.month > pd.Period(SPRING[1], "M")
    periods = {"before": before, "February and March 2020": ~before & ~after, "after": after}
else:
    middle = by_month.index[len(by_month) // 2]
    periods = {f"before {middle}": frame.month < middle, f"from {middle} on": frame.month >= middle}

figure, panels = plt.subplots(1, len(periods), figsize=(4.4 * len(periods), 4.6), sharex=True, sharey=True)
for panel, (words, chosen) in zip(panels, periods.items(), strict=True):
    part = frame[chosen]
    anew, never = part.stated.to_numpy(), part.frozen.to_numpy()
    lines = {"made anew every month": (anew, GREEN), "never made anew": (never, ORANGE)}
    draw_reliability(panel, part.bad.to_numpy(), lines)
    panel.set_title(f"{words} (n = {len(part):,})")
panels[0].legend(loc="upper left", fontsize=8.5)
album.add(
    figure,
    "reliability",
    reading=(
        "Invoices in bins of equal size by what was stated of them. On the dotted line probabilities mean what they "
        "say; above it more came than was stated, below it less. Intervals are 95 %; scales are stretched near zero, "
        "where most invoices are."
    ),
)

# %% [markdown]
# ## How long until it was right again?

# %%
gap = by_month.came / by_month.stated
if holds_spring:
    since = by_month[by_month.index > pd.Period(SPRING[1], "M")]
    off = since[(since.stated < since.low) | (since.stated > since.high)]
    listed = ", ".join(f"{month.strftime('%B %Y')}" for month in off.index) or "none"
    print(f"Months after March 2020 in which what was stated lies outside the interval of what came: {listed}.")
print(
    pd.DataFrame(
        {
            "stated": by_month.stated.map(in_percent),
            "came": by_month.came.map(in_percent),
            "came / stated": gap.round(2),
        }
    )
)

# %% [markdown]
# ## The figures, for whoever needs them elsewhere

# %%
album.cases(
    pa.table(
        {
            "case_id": cases.case_ids.tolist(),
            "month": frame.month.astype(str),
            "bad": cases.bad,
            "probability": walked.stated,
            "frozen": frozen,
        }
    )
)
album.figures(
    {
        "from": begins,
        "to": day_before(month_start(ends, 1)),
        "holds_spring_2020": holds_spring,
        "mean_auc": walked.mean("auc"),
        "came": {str(month): rate for month, rate in by_month.came.items()},
        "stated": {str(month): rate for month, rate in by_month.stated.items()},
        "auc": {str(month): value for month, value in by_month.auc.items()},
        "never_late_share_of_late": {str(month): value for month, value in surprise.items()},
    }
)
