# %% [markdown]
# # How do I build a challenger of my own, and is it better?
#
# Three challengers of the late-payment model, from the nearest to the farthest: its own trees grown by another recipe,
# the scorecard, and a model that is wholly one's own. All learn from the very cases that the champion learns from, are
# calibrated on the past alone, and are judged on the same later invoices, customers resampled.

# %%
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from cli.album import BLUE, GREEN, GREY, INK, ORANGE, RED, SKY, STYLE, draw_reliability, in_percent
from cli.cohorts import outcome_of
from cli.notebook import start
from cli.plans import LATE, plans
from data.lake import Lake
from features.feature_sets import FEATURES
from training.cases.about import with_large_invoices
from training.cases.facts import from_book
from training.fitting.calibrate import calibrator
from training.fitting.challenger import learn_scorecard
from training.fitting.learn import learn, out_of_fold
from training.judging.baselines import own_rate
from training.judging.bootstrap import intervals, paired_difference
from training.judging.rates import rate_interval
from training.judging.segments import segments

plt.rcParams.update(STYLE)
here = start()
book, settings, album = here.book, here.settings, here.album("05_own_challenger")
print(here.told)

# %% [markdown]
# ## The same cases for all
#
# Invoices matured by one date to learn from, and later ones to be judged by.

# %%
(plan,) = plans([LATE], known_on=here.as_of)
task, parts = outcome_of(book, settings, plan, from_book(book), say=print)
train, later = parts.train, parts.later
common = {"as_of": plan.as_of, "known_on": plan.known_on, "data_version": Lake(settings.lake).data_version()}
print(f"{len(train):,} invoices to learn from, {len(later):,} to be judged by, {int(later.bad.sum())} of these late.")

# %% [markdown]
# ## The champion

# %%
champion = learn(task, parts, **common, threads=settings.threads, say=print)


def stated_by(fitted):
    """What a model states of the later invoices."""
    model = fitted.model(threads=settings.threads)
    return model.probability(model.matrix(later.columns))


stated = {"champion": stated_by(champion)}

# %% [markdown]
# ## First challenger: another recipe
#
# Change what you believe in: here small trees, so that few facts act together, and cases that count half when they are
# a year older. It is a model of the product's own form and can be registered, compared and promoted like any other.

# %%
recipe = replace(task.recipe, leaves=4, trees=250, learning_rate=0.05, half_life_days=365.0)
other_recipe = learn(replace(task, recipe=recipe), parts, **common, threads=settings.threads, say=print)
stated["other recipe"] = stated_by(other_recipe)

# %% [markdown]
# ## Second challenger: the scorecard
#
# A dozen facts in bins, weighed by a logistic regression. Whatever it finds can be checked by hand.

# %%
scorecard = learn_scorecard(task, parts, **common, say=print)
stated["scorecard"] = stated_by(scorecard)
print("It reads", ", ".join(scorecard.spec.feature_names))

# %% [markdown]
# ## Third challenger: wholly your own
#
# Anything that learns from one set of cases and states probabilities of another. Here a logistic regression on five
# facts that a credit clerk would name. Put your own in its place; the rest of the notebook need not change.

# %%
MINE = ("due_late5_share_365d", "late5_share_recent", "overdue_share", "days_late_mean_365d", "tenure_days")
MINE = tuple(name for name in MINE if name in task.names)
for name in MINE:
    print(f"{name}: {FEATURES[name].meaning}")


def my_own(learnt_from, asked):
    """Probabilities of the asked cases, before calibration."""
    ranks = QuantileTransformer(n_quantiles=min(200, len(learnt_from)), output_distribution="normal", random_state=0)
    filled = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    made = make_pipeline(filled, ranks, LogisticRegression(C=1.0, max_iter=1_000))
    made.fit(learnt_from.matrix(MINE), learnt_from.bad)
    return made.predict_proba(asked.matrix(MINE))[:, 1]


# %% [markdown]
# Calibrated as the product calibrates its own: by a map that is chosen on cases of the past that the model had not
# seen.

# %%
past = out_of_fold(task, train, plan.as_of, threads=settings.threads, stated=my_own)
chosen = calibrator(past.cases.bad, past.probability, past.cases.customer_ids, past.trials())
stated["my own"] = chosen.apply(my_own(train, later))
stated["customer's own late rate"] = own_rate(parts)
print(f"Calibrated by {chosen.method} on {len(past.cases):,} past cases ({past.how}).")

# %% [markdown]
# ## Is any of them better?
#
# Differences on the same invoices, each customer drawn with all its invoices or not at all. Only an interval that
# leaves out zero is more than chance.

# %%
FIGURES = {"auc": "AUC", "average_precision": "average precision", "brier": "Brier score"}
rivals = [name for name in stated if name != "champion"]
found = {name: intervals(later.bad, values, later.customer_ids) for name, values in stated.items()}
gaps = {name: paired_difference(later.bad, stated[name], stated["champion"], later.customer_ids) for name in rivals}
rows = {
    name: {words: f"{figures[key].value:.4f}" for key, words in FIGURES.items() if key in figures}
    for name, figures in found.items()
}
print(pd.DataFrame(rows).T.to_string())
for name in rivals:
    ahead = [
        w
        for k, w in FIGURES.items()
        if k in gaps[name] and (gaps[name][k].high < 0 if k == "brier" else gaps[name][k].low > 0)
    ]
    behind = [
        w
        for k, w in FIGURES.items()
        if k in gaps[name] and (gaps[name][k].low > 0 if k == "brier" else gaps[name][k].high < 0)
    ]
    verdict = f"better in {', '.join(ahead)}; " * bool(ahead) + f"worse in {', '.join(behind)}; " * bool(behind)
    print(f"{name}: {verdict or 'no difference that chance could not make; '}95 % intervals, against the champion.")

# %%
COLOUR = dict(zip(stated, (INK, BLUE, ORANGE, GREEN, GREY), strict=True))
figure, panels = plt.subplots(1, 3, figsize=(13, 3.6), sharey=True)
for panel, (key, words) in zip(panels, FIGURES.items(), strict=True):
    for place, name in enumerate(rivals):
        if (gap := gaps[name].get(key)) is not None:
            span = [[gap.value - gap.low], [gap.high - gap.value]]
            panel.errorbar(gap.value, place, xerr=span, fmt="o", color=COLOUR[name], capsize=4, ms=7)
    panel.axvline(0, color=INK, lw=1)
    side = "left" if key == "brier" else "right"
    panel.set(title=f"{words}: better to the {side}", xlabel="challenger less champion (no unit)")
panels[0].set_yticks(range(len(rivals)), rivals)
panels[0].set_ylim(len(rivals) - 0.5, -0.5)
panels[0].set_ylabel("challenger")
album.add(
    figure,
    "differences",
    reading=(
        "Each dot is how much a challenger differs from the champion on the same later invoices, with its 95 % "
        "interval. An interval that crosses the line at zero is no difference that chance could not make. A Brier score"
        " is an error: less is better."
    ),
)

# %% [markdown]
# ## What a clerk would get out of it
#
# Calls go to the invoices with the highest stated probability first.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5))
effort = np.arange(1, len(later) + 1) / len(later)
for name, values in stated.items():
    order = np.argsort(-values, kind="stable")
    caught = np.cumsum(later.bad[order]) / max(later.bad.sum(), 1)
    at_ten = caught[max(int(0.1 * len(later)) - 1, 0)]
    left.plot(
        effort,
        caught,
        color=COLOUR[name],
        lw=2.4 if name == "champion" else 1.4,
        label=f"{name}: {in_percent(at_ten)}",
    )
left.plot([0, 1], [0, 1], color=GREY, ls=":", lw=1)
left.axvline(0.1, color=GREY, lw=0.8)
left.set(
    title="Late invoices found",
    xlabel="share of the invoices called about, riskiest first",
    ylabel="share of the late invoices found",
)
left.legend(title="found by the first 10 %", loc="lower right", fontsize=8.5)
ours = ("champion", "other recipe", "scorecard", "my own")
draw_reliability(right, later.bad, {name: (stated[name], COLOUR[name]) for name in ours})
right.set_title("Do the probabilities mean what they say?")
right.legend(loc="upper left", fontsize=8.5)
for axis in (left.xaxis, left.yaxis):
    axis.set_major_formatter(in_percent)
album.add(
    figure,
    "use",
    reading=(
        "Left: calling about the riskiest tenth finds the share of the late invoices that the legend gives; the higher "
        "a curve runs, the better the list. Right: on the dotted line probabilities mean what they say (scales "
        "stretched near zero, 95 % intervals)."
    ),
)

# %% [markdown]
# ## Where they disagree
#
# The tenth that each would call about: what champion and challenger agree on, and what only one of them picks.

# %%
tenth = max(len(later) // 10, 1)
picks = {
    name: np.isin(np.arange(len(later)), np.argsort(-values, kind="stable")[:tenth]) for name, values in stated.items()
}
swaps = []
for name in rivals:
    for words, flags in (
        ("both", picks["champion"] & picks[name]),
        ("champion alone", picks["champion"] & ~picks[name]),
        ("challenger alone", ~picks["champion"] & picks[name]),
    ):
        n, bad = int(flags.sum()), int(later.bad[flags].sum())
        low, high = rate_interval(n, bad, len(np.unique(later.customer_ids[flags & later.bad])))
        swaps.append((name, words, n, bad / n if n else np.nan, low, high))
swaps = pd.DataFrame(swaps, columns=["challenger", "picked by", "n", "rate", "low", "high"])

# %%
figure, panel = plt.subplots(figsize=(10, 4.4))
for number, (words, colour) in enumerate((("both", GREY), ("champion alone", INK), ("challenger alone", SKY))):
    mine = swaps[swaps["picked by"] == words].reset_index(drop=True)
    place = mine.index + 0.27 * (number - 1)
    panel.bar(place, mine.rate.fillna(0), width=0.25, color=colour, label=words)
    panel.errorbar(
        place, mine.rate, yerr=[mine.rate - mine.low, mine.high - mine.rate], fmt="none", ecolor=RED, capsize=3
    )
    for at, n in zip(place, mine.n, strict=True):
        ink = INK if colour == SKY else "white"
        panel.text(at, 0.004, f"n = {n:,}", fontsize=7.5, ha="center", va="bottom", color=ink)
panel.set_xticks(range(len(rivals)), rivals)
panel.yaxis.set_major_formatter(in_percent)
panel.grid(axis="x", visible=False)
panel.set(
    title="Of the riskiest tenth: how many were late",
    xlabel="challenger",
    ylabel="share of the picked invoices that were late",
)
panel.legend(title="picked by", loc="upper right", ncols=3)
panel.set_ylim(0, float(np.nanmax(swaps.high)) * 1.25)
album.add(
    figure,
    "swaps",
    reading=(
        "How many of the picked invoices were late, with 95 % intervals in red. A challenger pays if the invoices that "
        "it alone picks are late more often than those that the champion alone picks: compare the blue bar with the "
        "black one."
    ),
)

# %% [markdown]
# ## Is it worse for anybody?
#
# A mean can hide a part of the portfolio that a challenger serves worse.

# %%
shown = [name for name in ("champion", "other recipe", "my own")]
divided = with_large_invoices(parts).later
by_part = {name: {(s.name, s.value): s for s in segments(divided, stated[name])} for name in shown}
keys = [
    key
    for key, s in by_part["champion"].items()
    if s.auc is not None and key[0] in ("size", "tenure", "record", "invoice", "person")
]
print(
    f"{len(by_part['champion']) - len(keys)} parts are not shown: months, industries, and those with too few late or "
    "good customers for a ranking figure."
)

# %%
figure, panel = plt.subplots(figsize=(10, 0.55 * max(len(keys), 2) + 2))
for number, name in enumerate(shown):
    mine = [by_part[name][key] for key in keys]
    value = np.array([s.auc for s in mine], dtype=float)
    span = np.array([[s.auc - s.auc_low for s in mine], [s.auc_high - s.auc for s in mine]], dtype=float).reshape(2, -1)
    panel.errorbar(
        value, np.arange(len(keys)) + 0.2 * (number - 1), xerr=span, fmt="o", color=COLOUR[name], capsize=3, label=name
    )
panel.set_yticks(
    range(len(keys)), [f"{name}, {value.lower()}  (n = {by_part['champion'][name, value].n:,})" for name, value in keys]
)
panel.set_ylim(max(len(keys), 1) - 0.4, -0.6)
panel.set(title="Ranking by part of the portfolio", xlabel="area under the ROC curve (no unit)", ylabel="part")
panel.legend(bbox_to_anchor=(1.01, 1), loc="upper left")
album.add(
    figure,
    "parts",
    reading=(
        "How well each model ranks the invoices of a part, with its 95 % interval. Look for a part in which a "
        "challenger's dot lies clearly left of the champion's: there it would be worse, whatever its mean says."
    ),
)

# %% [markdown]
# ## Into the registry
#
# A model of the product's own form is registered beside the champion, compared and promoted like any other; the gates
# refuse it, and say why, if the ledger holds too few late invoices to tell. On a ledger simulated here it is
# registered; on your own, set `REGISTER = True` once you want it.

# %%
REGISTER = here.shape is not None
first, second = "V1", "V2"
if REGISTER:
    from training.lifecycle.register import register

    registered = [register(fitted, settings) for fitted in (champion, other_recipe, scorecard)]
    for model in registered:
        print(f"{model.name} version {model.version}: {model.card}")
    first, second = registered[0].version, registered[1].version
print("Then, on the command line:")
print(f"  export O2C_RISK_HOME={settings.home}")
print(f"  o2c-risk compare {task.name} --champion {first} --challenger {second}")
print(
    f"  o2c-risk promote {task.name} --version {task.name}={second} --only --as-of {here.as_of} --by NAME --reason WHY"
)

# %% [markdown]
# ## The figures, for whoever needs them elsewhere

# %%
columns = {name.replace("'", "").replace(" ", "_"): values for name, values in stated.items()}
album.cases(
    pa.table(
        {"case_id": later.case_ids.tolist(), "customer_id": later.customer_ids.tolist(), "bad": later.bad, **columns}
    )
)
album.figures(
    {
        "as_of": plan.as_of,
        "known_on": plan.known_on,
        "cases": len(later),
        "figures": {
            name: {key: figures[key].value for key in FIGURES if key in figures} for name, figures in found.items()
        },
        "differences": {
            name: {key: [gap[key].low, gap[key].value, gap[key].high] for key in FIGURES if key in gap}
            for name, gap in gaps.items()
        },
        "registered": REGISTER,
    }
)
