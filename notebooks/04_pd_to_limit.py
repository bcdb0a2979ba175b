# %% [markdown]
# # How does a probability of default become a limit?
#
# A probability is an estimate, a limit a decision. Every customer is scored as of one day, put into a grade of the
# master scale, and given the limit that the committee's policy recommends: the smallest of the caps that are known.
# Which cap binds, what the limits would cost if they were used, and what a wrong probability would do to them.

# %%
from decimal import Decimal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa

from cli.album import BLUE, COLOURS, GREEN, GREY, INK, ORANGE, RED, SKY, STYLE, in_money, in_percent, short
from cli.cohorts import outcome_of
from cli.notebook import start
from cli.plans import plans
from cli.releasing import limit_policy
from cli.weighing import recommendations
from data.lake import Lake
from features.build import as_of_now
from features.feature_sets import LIMIT_INPUTS
from policy.released import ReleasedPolicy
from scoring.grades import load_scale
from scoring.rating import twelve_months
from serving.default_score import needed
from training.cases.facts import from_book
from training.fitting.learn import learn

plt.rcParams.update(STYLE)
here = start()
book, settings, as_of, album = here.book, here.settings, here.as_of, here.album("04_pd_to_limit")
print(here.told)

# %% [markdown]
# ## The model
#
# Default is more than 90 days past due on a material amount, or a credit event, within 180 days. Customers at the
# firsts of months, with outcomes that had matured.

# %%
(plan,) = plans(["default"], known_on=as_of)
task, parts = outcome_of(book, settings, plan, from_book(book), say=print)
fitted = learn(
    task,
    parts,
    as_of=plan.as_of,
    known_on=plan.known_on,
    threads=settings.threads,
    data_version=Lake(settings.lake).data_version(),
    say=print,
)
model, evaluation = fitted.model(threads=settings.threads), fitted.evaluation
print(
    f"{task.target}: learnt from {len(parts.train):,} cases with {int(parts.train.bad.sum())} defaults of "
    f"{parts.train.bad_customers} customers; judged by {evaluation.n:,} later ones with {evaluation.bad}."
)
if "auc" in evaluation.metrics:
    auc = evaluation.metrics["auc"]
    print(f"AUC {auc.value:.3f}, 95 % interval {auc.low:.3f} to {auc.high:.3f}.")

# %% [markdown]
# ## Every customer today
#
# The model speaks of customers that do business and are not in default; of the others the policy still states a limit,
# and a person has to look.

# %%
policy = ReleasedPolicy.from_json(limit_policy(book, as_of))
rules = policy.in_force(as_of)
names = list(dict.fromkeys([*needed(model), *LIMIT_INPUTS.names, "limit_amount"]))
facts = as_of_now(book, as_of, features=names)
stated = model.probability(model.matrix({name: facts[name].to_numpy() for name in names}))
limits = recommendations(facts, model, policy, as_of)
scale = load_scale()
year = twelve_months(fitted.spec.probability_name, stated)
print(
    f"{len(limits):,} customers; policy {rules.reference}, LGD {in_percent(float(rules.lgd))}, "
    f"amounts in {rules.currency}."
)


# %%
def money(amount):
    """An amount as a float; NaN where there is none."""
    return np.nan if amount is None else float(amount)


desk = pd.DataFrame(
    {
        "customer_id": facts["customer_id"].to_pylist(),
        "pd_180d": stated,
        "pd_12m": year,
        "grade": [scale.grades[place].name for place in scale.places(year)],
        "open": facts["open_amount"].to_numpy(),
        "active": facts["invoice_count_365d"].to_numpy() > 0,
        "in_force": facts["limit_amount"].to_numpy(),
        "limit": [money(limit.amount) for limit in limits],
        "binding": [limit.binding_cap or "no cap is known" for limit in limits],
        "review": [limit.outcome is not None for limit in limits],
        "expected_loss": [money(limit.expected_loss.amount) if limit.expected_loss else np.nan for limit in limits],
    }
)
desk["exposure"] = desk.open.fillna(0.0)
trading = desk[desk.active].copy()
print(
    f"{len(trading):,} of them bought within a year: limits of {short(trading.limit.sum())} in all, "
    f"{short(trading.exposure.sum())} owed today, {int(trading.review.sum())} for a person to review."
)

# %% [markdown]
# ## Grades: where the customers and the money are

# %%
order = [grade.name for grade in scale.grades]
by_grade = trading.groupby("grade").agg(
    customers=("grade", "size"), exposure=("exposure", "sum"), limit=("limit", "sum")
)
by_grade = by_grade.reindex(order, fill_value=0)
by_grade["expected_loss"] = (trading.pd_12m * float(rules.lgd) * trading.exposure).groupby(trading.grade).sum()
by_grade = by_grade.fillna(0)

# %%
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(14, 4.4))
left.bar(order, by_grade.customers, color=BLUE)
left.set(title="Customers", xlabel="grade, 1 is best", ylabel="customers")
place = np.arange(len(order))
middle.bar(place - 0.2, by_grade.exposure, width=0.4, color=ORANGE, label="owed today")
middle.bar(place + 0.2, by_grade.limit, width=0.4, color=SKY, label="recommended limits")
middle.set_xticks(place, order)
middle.set(title="Money", xlabel="grade, 1 is best", ylabel=f"amount ({rules.currency})")
middle.yaxis.set_major_formatter(in_money)
middle.legend()
right.bar(order, by_grade.expected_loss, color=RED)
right.set(title="Expected loss of what is owed", xlabel="grade, 1 is best", ylabel=f"a year ({rules.currency})")
right.yaxis.set_major_formatter(in_money)
for panel in (left, middle, right):
    panel.grid(axis="x", visible=False)
album.add(
    figure,
    "grades",
    reading=(
        "From grade to grade the probability of default within twelve months doubles. Left: how many customers are in "
        "each. Middle: what they owe and what the policy would allow them. Right: probability times loss given default "
        "times what is owed; a tall bar to the right is where a few customers cost most."
    ),
)

# %% [markdown]
# ## From the probability to the limit
#
# The budget of expected loss allows an exposure of budget / (probability x LGD). It is one cap of several: a customer
# below the line is held by another one.

# %%
CAPS = {
    "expected_loss_budget": RED,
    "need": BLUE,
    "behaviour": GREEN,
    "capacity_turnover": ORANGE,
    "capacity_net_worth": COLOURS[4],
    "capacity_working_capital": "#6A3D9A",
    "concentration": "#7F2704",
    "change": GREY,
    "no cap is known": INK,
}
budget, floor, step = (float(x) for x in (rules.expected_loss_budget, rules.pd_floor, rules.rounding_step))
grid = np.geomspace(floor, 1, 200)
MONEY_TICKS = [0.0, *(10.0**power for power in range(int(np.ceil(np.log10(step))), 10))]
figure, panel = plt.subplots(figsize=(10, 5.8))
panel.plot(grid, budget / (grid * float(rules.lgd)), color=INK, lw=1.4, label="expected-loss budget / (PD x LGD)")
for cap, colour in CAPS.items():
    mine = trading[(trading.binding == cap) & trading.limit.notna()]
    if len(mine):
        panel.scatter(
            mine.pd_12m.clip(lower=floor),
            mine.limit,
            s=22,
            color=colour,
            alpha=0.75,
            lw=0,
            label=f"{cap} ({len(mine)})",
        )
for grade in scale.grades[1:]:
    panel.axvline(grade.low, color="#EEEEEE", lw=1, zorder=0)
panel.set(
    xscale="log", xlabel="probability of default within twelve months", ylabel=f"recommended limit ({rules.currency})"
)
panel.set_yscale("symlog", linthresh=step)
panel.set_yticks(MONEY_TICKS)
panel.set_ylim(0, 1.5 * max(budget / (floor * float(rules.lgd)), trading.limit.max()))
panel.set_title("Probability of default and recommended limit, by the cap that binds")
panel.xaxis.set_major_formatter(in_percent)
panel.yaxis.set_major_formatter(in_money)
panel.legend(title="binding cap (customers)", bbox_to_anchor=(1.01, 1), loc="upper left", fontsize=8.5)
album.add(
    figure,
    "limits",
    reading=(
        "Each dot is a customer. The black line is the most that the budget of expected loss allows at a probability; "
        "red dots lie on it, but for rounding down. Dots of another colour lie below because another cap is smaller. "
        "Pale upright lines part the grades."
    ),
)

# %% [markdown]
# ## Which cap binds, and how much money it holds back

# %%
second = [money(limit.next_cap.amount) if limit.next_cap else np.nan for limit in limits]
trading["held_back"] = (pd.Series(second, index=desk.index) - desk.limit)[trading.index].clip(lower=0)
binding = trading.groupby("binding").agg(
    customers=("binding", "size"), limit=("limit", "sum"), held_back=("held_back", "sum")
)
binding = binding.sort_values("customers", ascending=False)
print(binding.assign(limit=binding.limit.map(short), held_back=binding.held_back.map(short)).to_string())

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(13, 0.45 * len(binding) + 2.4), sharey=True)
left.barh(binding.index, binding.customers, color=[CAPS[name] for name in binding.index])
left.bar_label(left.containers[0], fmt="{:,.0f}", padding=3)
left.invert_yaxis()
left.set(title="Customers by the cap that binds", xlabel="customers", ylabel="cap")
right.barh(binding.index, binding.held_back, color=[CAPS[name] for name in binding.index])
right.bar_label(right.containers[0], [short(amount) for amount in binding.held_back], padding=3)
right.set(title="What lifting it would set free", xlabel=f"sum of the limits up to the next cap ({rules.currency})")
right.xaxis.set_major_formatter(in_money)
for panel in (left, right):
    panel.grid(axis="y", visible=False)
    panel.margins(x=0.12)
album.add(
    figure,
    "caps",
    reading=(
        "Left: for how many customers a cap is the smallest. Right: how much higher their limits would be if that cap "
        "alone were lifted, up to the next one. Where need binds, the customer could not use more anyway; where the "
        "expected-loss budget binds, risk is what holds it."
    ),
)

# %% [markdown]
# ## Do today's debts fit into the limits?

# %%
owing = trading[(trading.exposure > 0) & trading.limit.notna()].copy()
owing["over"] = owing.exposure > owing.limit
excess = (owing.exposure - owing.limit).clip(lower=0).sum()
print(
    f"{int(owing.over.sum())} of {len(owing)} customers that owe something owe more than recommended, "
    f"by {short(excess)} in all."
)

figure, panel = plt.subplots(figsize=(8.6, 5.6))
for over, colour, words in ((False, BLUE, "within the limit"), (True, RED, "above the limit")):
    mine = owing[owing.over == over]
    panel.scatter(
        mine.exposure.clip(lower=step / 2),
        mine.limit,
        s=22,
        color=colour,
        alpha=0.7,
        lw=0,
        label=f"{words} ({len(mine)})",
    )
most = float(max(owing.exposure.max(), owing.limit.max())) * 1.5 if len(owing) else step
line = np.geomspace(step, most, 50)
panel.plot(line, line, color=INK, ls=":", label="owes just the limit")
panel.set_xscale("log")
panel.set_yscale("symlog", linthresh=step)
panel.set_yticks(MONEY_TICKS)
panel.set(xlim=(step / 2, most), ylim=(-step / 10, most))
panel.set(
    title=f"Owed and recommended on {as_of}",
    xlabel=f"owed today ({rules.currency})",
    ylabel=f"recommended limit ({rules.currency})",
)
panel.xaxis.set_major_formatter(in_money)
panel.yaxis.set_major_formatter(in_money)
panel.legend(loc="lower right")
album.add(
    figure,
    "headroom",
    reading=(
        "Each dot is a customer that owes something. Below the dotted line it owes more than the policy would grant "
        "today; the farther below, the more. Above it, the distance is the headroom for the next order. Both scales are"
        " logarithmic."
    ),
)

# %% [markdown]
# ## What if the probabilities are wrong?
#
# All probabilities within 180 days multiplied by a factor, and the limits recommended anew.

# %%
FACTORS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
what_if = []
for factor in FACTORS:
    moved = recommendations(facts, model, policy, as_of, stated=np.clip(stated * factor, 0, 1))
    amounts = np.array([money(limit.amount) for limit in moved])[desk.active]
    what_if.append(
        (factor, np.nansum(amounts), (np.nan_to_num(amounts) < owing.exposure.reindex(trading.index).fillna(0)).sum())
    )
what_if = pd.DataFrame(what_if, columns=["factor", "limits", "above"])
base = float(what_if.limits[what_if.factor == 1.0].iloc[0])
for row in what_if.itertuples():
    print(
        f"PD x {row.factor:g}: limits of {short(row.limits)} ({row.limits / base - 1:+.0%}), "
        f"{row.above} customers owe more than theirs."
    )

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
labels = [f"x {factor:g}" for factor in what_if.factor]
tones = [INK if factor == 1.0 else SKY for factor in what_if.factor]
left.bar(labels, what_if.limits, color=tones)
left.set(
    title="All recommended limits", xlabel="probabilities multiplied by", ylabel=f"sum of limits ({rules.currency})"
)
left.yaxis.set_major_formatter(in_money)
right.bar(labels, what_if.above, color=tones)
right.set(title="Customers that owe more than their limit", xlabel="probabilities multiplied by", ylabel="customers")
for panel in (left, right):
    panel.grid(axis="x", visible=False)
album.add(
    figure,
    "what_if",
    reading=(
        "The black bar is as stated. If the bars hardly change, other caps than the expected-loss budget hold the "
        "limits, and an error of the model costs little; if they fall steeply to the right, limits stand and fall with "
        "the model's calibration."
    ),
)

# %% [markdown]
# ## One customer in full
#
# Of those whom the expected-loss budget binds, the one of whom most caps are known and that owes most, with the
# arithmetic of every cap.

# %%
trading["known_caps"] = [sum(cap.known for cap in limits[place].caps) for place in trading.index]
bound = trading[trading.binding == "expected_loss_budget"]
chosen = (bound if len(bound) else trading).sort_values(["known_caps", "exposure"]).index[-1]
limit = limits[chosen]
print(f"PD within twelve months {in_percent(desk.pd_12m[chosen])}, grade {desk.grade[chosen]}.")
for cap in limit.caps:
    print(f"  {cap.name:26} {cap.formula}")
print(" ".join(limit.reasons), limit.to_raise)
if limit.expected_loss:
    print(f"Expected loss if it is used in full: {limit.expected_loss.formula}")

# %% [markdown]
# ## The figures, for whoever needs them elsewhere

# %%
album.cases(pa.Table.from_pandas(desk.drop(columns="active"), preserve_index=False))
album.figures(
    {
        "as_of": as_of,
        "policy": rules.reference,
        "currency": rules.currency,
        "lgd": rules.lgd,
        "expected_loss_budget": rules.expected_loss_budget,
        "customers": len(trading),
        "limits": float(trading.limit.sum()),
        "binding": binding.customers.to_dict(),
        "by_grade": by_grade.customers.to_dict(),
        "above_limit": int(owing.over.sum()),
        "limits_if_multiplied": {str(row.factor): row.limits for row in what_if.itertuples()},
        "total": str(sum((limit.amount or Decimal(0) for limit in limits), Decimal(0))),
    }
)
