# %% [markdown]
# # What drives late payment?
#
# Which facts known at issue tell an invoice that will be paid 5 days late or later from one that will not: each by
# itself, then as the model weighs them together, and in words for the invoices it trusts least.
#
# What is shown goes along with late payment; that it causes it is not said. The model learns from what had matured at
# one date and every figure of it is of invoices issued after that date.

# %%
from collections import Counter
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from cli.album import BLUE, GREY, INK, ORANGE, PALE_BLUE, RED, STYLE, in_money, in_percent, short
from cli.cohorts import outcome_of
from cli.notebook import start
from cli.plans import LATE, plans
from data.lake import Lake
from features.feature_sets import FEATURES
from scoring.reasons import reasons
from training.cases.facts import from_book
from training.fitting.binning import binned
from training.fitting.learn import learn
from training.fitting.scorecard import fit_scorecard
from training.judging.baselines import own_rate
from training.judging.metrics import measured
from training.judging.rates import rate_interval

plt.rcParams.update(STYLE)
here = start()
book, settings, album = here.book, here.settings, here.album("02_late_payment")
print(here.told)

# %% [markdown]
# ## The cases
#
# Every invoice at its issue, with what was known the day before. Outcomes that had not matured teach nothing.

# %%
(plan,) = plans([LATE], known_on=here.as_of)
task, parts = outcome_of(book, settings, plan, from_book(book), say=print)
train, later = parts.train, parts.later
print(f"To learn from: {len(train):,} invoices matured by {plan.as_of}, {in_percent(train.bad.mean())} late.")
print(
    f"To judge by: {len(later):,} issued from {plan.as_of} to {plan.evaluate_to}, {in_percent(later.bad.mean())} late."
)

# %% [markdown]
# ## Each fact by itself
#
# The information value says how far the bins of a fact part late invoices from others. Below 0.02 it is usually taken
# for nothing, above 0.3 for strong. Many facts say nearly the same thing: a scorecard takes the strongest, then the
# next that is not much correlated with any taken before.

# %%
information = pd.Series(
    {
        name: binned(train.columns[name], train.bad, side).information
        for name, side in zip(task.names, task.monotone, strict=True)
    }
).sort_values(ascending=False)
card = fit_scorecard(train, task.names, task.monotone)
kind = pd.Series({feature.name: feature.group.replace("_", " ") for feature in task.features.features})
strongest = information.groupby(kind).head(1)
for name in card.feature_names[:6]:
    print(f"{name}: {FEATURES[name].meaning}")

# %%
figure, panel = plt.subplots(figsize=(10, 4.8))
taken = [name in card.feature_names for name in strongest.index]
panel.barh(
    [f"{name}  ({kind[name]})" for name in strongest.index],
    strongest,
    color=[BLUE if yes else PALE_BLUE for yes in taken],
)
panel.invert_yaxis()
panel.axvline(0.3, color=INK, ls=":")
panel.axvline(0.02, color=GREY, ls=":")
panel.grid(axis="y", visible=False)
panel.set(
    title="The strongest fact of every kind, by itself",
    xlabel="information value (no unit)",
    ylabel="fact (kind of fact)",
)
panel.legend(
    handles=[
        Patch(color=BLUE, label="taken by the scorecard"),
        Patch(color=PALE_BLUE, label="left out by the scorecard"),
        Line2D([], [], color=INK, ls=":", label="0.3: strong from here on"),
        Line2D([], [], color=GREY, ls=":", label="0.02: nothing below"),
    ],
    loc="lower right",
)
album.add(
    figure,
    "information",
    reading=(
        "The longer the bar, the better a fact alone parts late invoices from others. The scorecard leaves out what "
        "tells too little and what says much the same as a stronger fact that it has taken."
    ),
)

# %% [markdown]
# ## How the late rate moves along the strongest facts


# %%
def by_bin(name, edges, cases):
    """Late rate of each bin, with its interval; the last bin holds the invoices of which the fact is not known."""
    at = np.where(
        np.isnan(cases.columns[name]), len(edges) + 1, np.searchsorted(edges, cases.columns[name], side="left")
    )
    rows = []
    for place in range(len(edges) + 2):
        bad = cases.bad[at == place]
        if len(bad):
            struck = len(np.unique(cases.customer_ids[at == place][bad]))
            rows.append((place, len(bad), bad.mean(), *rate_interval(len(bad), int(bad.sum()), struck)))
    return pd.DataFrame(rows, columns=["bin", "n", "rate", "low", "high"])


def in_words(edges, unit):
    """The bins as short texts, the last one for a fact that is not known."""
    small = [f"{edge:.2f}".rstrip("0").rstrip(".") for edge in edges]
    ends = [
        in_percent(edge) if unit == "share" else text if abs(edge) < 10 else short(edge)
        for edge, text in zip(edges, small, strict=True)
    ]
    between = [f"{low} to {high}" for low, high in pairwise(ends)]
    return [f"≤ {ends[0]}", *between, f"> {ends[-1]}", "not known"] if ends else ["any", "not known"]


# %%
figure, panels = plt.subplots(2, 3, figsize=(13, 7), sharey=True)
for panel, found in zip(panels.flat, card.characteristics, strict=False):
    rows = by_bin(found.feature, found.edges, train).query("n >= 30")
    span = np.abs(rows[["low", "high"]].to_numpy().T - rows.rate.to_numpy())
    known = rows.bin <= len(found.edges)
    panel.plot(rows.bin[known], rows.rate[known], color=BLUE, lw=1)
    panel.errorbar(rows.bin, rows.rate, yerr=span, fmt="o", color=BLUE, capsize=3)
    labels = in_words(found.edges, FEATURES[found.feature].unit)
    panel.set_xticks(rows.bin, [labels[place] for place in rows.bin], rotation=25, ha="right")
    panel.tick_params(axis="x", labelsize=8.5)
    panel.axhline(train.bad.mean(), color=INK, ls=":")
    panel.set_title(found.feature, fontsize=10)
    panel.set_xlabel(FEATURES[found.feature].unit)
    panel.yaxis.set_major_formatter(in_percent)
for panel in panels.flat[len(card.characteristics) :]:
    panel.set_axis_off()
figure.supylabel("share of the invoices that were late", fontsize=9.5)
figure.suptitle("Late payment along the scorecard's strongest facts", x=0.01, ha="left")
album.add(
    figure,
    "rates",
    reading=(
        "Each dot is the share of late invoices among those whose fact lies in the bin, with its 95 % interval "
        "(customers counted, not invoices); the dotted line is the share of all. A steep line is a fact worth knowing. "
        "Bins of fewer than 30 invoices are not shown."
    ),
)

# %% [markdown]
# ## The model weighs all facts together

# %%
fitted = learn(
    task,
    parts,
    as_of=plan.as_of,
    known_on=plan.known_on,
    threads=settings.threads,
    data_version=Lake(settings.lake).data_version(),
    say=print,
)
model = fitted.model(threads=settings.threads)
rows = model.matrix(later.columns)
stated = model.probability(rows)
ours, own = measured(later.bad, stated), measured(later.bad, own_rate(parts))
print(
    f"On {len(later):,} later invoices: AUC of the model {ours['auc']:.3f}, of the customer's own late rate "
    f"{own['auc']:.3f}."
)
print(f"Stated on average {in_percent(ours['mean_probability'])}, came {in_percent(ours['rate'])}.")

# %% [markdown]
# ## How much each kind of fact moves the score
#
# TreeSHAP shares the log-odds of each score out among the facts. What is shown is how far a fact moves a score from
# that of an average invoice, on average over the later invoices; 0.7 doubles the odds.

# %%
excess = model.contributions(rows)[:, :-1] - np.array(
    [fitted.spec.baseline[name] for name in fitted.spec.feature_names]
)
moved = pd.DataFrame(excess, columns=fitted.spec.feature_names)
kinds = moved.T.groupby(fitted.spec.groups).sum().T.abs().mean().sort_values(ascending=False)
single = moved.abs().mean().sort_values(ascending=False)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5))
left.barh([name.replace("_", " ") for name in kinds.index], kinds, color=ORANGE)
left.set(title="By kind of fact", xlabel="mean shift of the score (log-odds)", ylabel="kind of fact")
right.barh(single.head(12).index, single.head(12), color=BLUE)
right.set(title="The twelve heaviest facts", xlabel="mean shift of the score (log-odds)", ylabel="fact")
for panel in (left, right):
    panel.invert_yaxis()
    panel.grid(axis="y", visible=False)
album.add(
    figure,
    "weights",
    reading=(
        "How far the facts of a kind (left) and single facts (right) push the score of a later invoice up or down from "
        "that of an average one, on average. Facts of a kind may pull against each other, so that a kind can weigh less"
        " than the sum of its facts."
    ),
)

# %% [markdown]
# Facts that grow as the ledger grows older deserve a second look: of values that it has hardly met, a model has learnt
# little.

# %%
for name in single.index[:6]:
    new = later.columns[name] > np.nanquantile(train.columns[name], 0.99)
    print(f"{name}: {in_percent(float(new.mean()))} of the later invoices exceed 99 % of those learnt from.")

# %% [markdown]
# ## What each value does to the score

# %%
figure, panels = plt.subplots(2, 2, figsize=(12, 7.6), sharey=True)
for panel, name in zip(panels.flat, single.index[:4], strict=True):
    values = later.columns[name]
    known = np.isfinite(values)
    low, high = np.nanquantile(values, [0.005, 0.995])
    shown = known & (values >= low) & (values <= high)
    for outcome, colour, words, size in ((False, GREY, "paid in time", 8), (True, RED, "late", 16)):
        chosen = shown & (later.bad == outcome)
        panel.scatter(values[chosen], moved[name][chosen], s=size, color=colour, alpha=0.5, lw=0, label=words)
    panel.axhline(0, color=INK, lw=0.8)
    note = f"not known: {in_percent(float((~known).mean()))} of the invoices"
    if not known.all():
        note += f", shift {round(moved[name][~known].mean(), 2) + 0:+.2f}"
    panel.set_title(f"{name}  ({note})", fontsize=9.5)
    panel.set_xlabel(FEATURES[name].unit)
    if FEATURES[name].unit == "money":
        panel.xaxis.set_major_formatter(in_money)
panels[0, 0].legend(loc="best", markerscale=1.6)
figure.supylabel("shift of the score (log-odds; above 0 is riskier)", fontsize=9.5)
figure.suptitle("What the value of the four heaviest facts does to the score", x=0.01, ha="left")
album.add(
    figure,
    "shapes",
    reading=(
        "Each dot is a later invoice: its value of the fact to the right, what that value adds to its score upwards. "
        "Steps are where trees cut; the spread at one value is what the other facts make of it. The outermost 0.5 % of "
        "values on each side are not shown."
    ),
)

# %% [markdown]
# ## In words: the riskiest later invoices
#
# The sentences that the service gives with a score. They cite only what speaks against the invoice.

# %%
order = np.argsort(-stated, kind="stable")
explained = model.contributions(rows[order[:100]])
codes = Counter()
for place, row in enumerate(order[:100]):
    found = reasons(model, rows[row], explained[place], currency=book.currency)
    codes.update(reason.group.replace("_", " ") for reason in found[:1])
    if place < 3:
        print(f"\n{in_percent(float(stated[row]))} stated, {'late' if later.bad[row] else 'paid in time'}:")
        print("\n".join(f"  {reason.sentence}" for reason in found))
listed = ", ".join(f"{kind} {number}" for kind, number in codes.most_common())
print(f"\nFirst reason of the {min(100, len(order))} riskiest: {listed}.")
print(f"Of these, {int(later.bad[order[:100]].sum())} were late.")

# %% [markdown]
# ## The figures, for whoever needs them elsewhere

# %%
album.cases(
    pa.table({"case_id": later.case_ids.tolist(), "bad": later.bad, "probability": stated, "own_rate": own_rate(parts)})
)
album.figures(
    {
        "as_of": plan.as_of,
        "known_on": plan.known_on,
        "cases": len(later),
        "auc": ours["auc"],
        "auc_of_own_rate": own["auc"],
        "rate": ours["rate"],
        "information": strongest.to_dict(),
        "late_rate_learnt_from": train.bad.mean(),
        "kinds": kinds.to_dict(),
    }
)
