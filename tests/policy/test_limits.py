"""The recommended limit: one worked example with its sums, the refusals, then the laws."""

import ast
import re
from dataclasses import replace
from decimal import ROUND_UP, Decimal, getcontext, localcontext

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policy.caps import Cap
from policy.limit_inputs import MONEY, LimitInputError
from policy.limit_policy import LimitPolicyError, NoAmountsForCurrencyError
from policy.limits import CurrencyMismatchError, LimitInputs, LimitPolicy, recommend
from policy.outcome import Outcome

POLICY = LimitPolicy(
    reference="CC-2025-11 §1",
    currency="EUR",
    lgd=Decimal("0.45"),
    pd_floor=Decimal("0.0005"),
    tolerated_delay_days=Decimal(15),
    turnover_share=Decimal("0.01"),
    net_worth_share=Decimal("0.10"),
    working_capital_share=Decimal("0.10"),
    concentration_share=Decimal("0.10"),
    behaviour_factor=Decimal("1.5"),
    change_share=Decimal("0.50"),
    expected_loss_budget=Decimal(1000),
    rounding_step=Decimal(500),
    approval_above=Decimal(100000),
)
FULL = LimitInputs(
    "EUR",
    invoiced_90d=Decimal(90000),
    invoiced_365d=Decimal(300000),
    terms_days=Decimal(30),
    revenue_12m=Decimal(1200000),
    tangible_net_worth=Decimal(400000),
    working_capital=Decimal(250000),
    pd_12m=Decimal("0.02"),
    book_sales_365d=Decimal(9000000),
    peak_paid_in_terms=Decimal(60000),
    limit_in_force=Decimal(10000),
)
VALUES = {
    "reference": "CC-2025-11 §1",
    "lgd": "0.45",
    "pd_floor": "0.0005",
    "tolerated_delay_days": 15,
    "turnover_share": "0.01",
    "net_worth_share": "0.10",
    "working_capital_share": "0.10",
    "concentration_share": "0.10",
    "behaviour_factor": "1.5",
    "change_share": "0.50",
    "money": {"EUR": {"expected_loss_budget": 1000, "rounding_step": 500, "approval_above": 100000}},
}


def test_worked_example_with_every_sum_written_out():
    formulas = {cap.name: cap.formula for cap in recommend(FULL, POLICY).caps}
    assert formulas == {
        "need": "45,000.00 = 90,000.00 x 30 / 90 x (30 + 15) / 30",
        "capacity_turnover": "12,000.00 = 1 % x 1,200,000.00",
        "capacity_net_worth": "40,000.00 = 10 % x 400,000.00",
        "capacity_working_capital": "25,000.00 = 10 % x 250,000.00",
        "expected_loss_budget": "111,111.11 = 1,000.00 / (2 % x 45 %)",
        "concentration": "900,000.00 = 10 % x 9,000,000.00",
        "behaviour": "90,000.00 = 1.5 x 60,000.00",
        "change": "15,000.00 = 10,000.00 x (1 + 50 %)",
    }


def test_worked_example_names_what_binds_and_what_comes_next():
    limit = recommend(FULL, POLICY)
    assert limit.amount == Decimal("12000.00")
    assert limit.binding_cap == "capacity_turnover"
    assert limit.reasons == ("The customer's turnover carries no more: 12,000.00 = 1 % x 1,200,000.00.",)
    assert limit.to_raise == (
        "The customer's turnover would have to grow. The next cap is change: 15,000.00 = 10,000.00 x (1 + 50 %)."
    )
    assert limit.expected_loss.formula == "108.00 = 2 % x 45 % x 12,000.00"
    assert (limit.outcome, limit.needs_approval, limit.notes) == (None, False, ())


def test_a_missing_cap_is_listed_with_what_it_lacks():
    limit = recommend(LimitInputs("EUR", pd_12m=Decimal("0.02")), POLICY)
    assert {cap.name: cap.missing for cap in limit.unknown} == {
        "need": ("sales_of_the_last_365_days", "terms_days"),
        "capacity_turnover": ("revenue_12m",),
        "capacity_net_worth": ("tangible_net_worth",),
        "capacity_working_capital": ("working_capital",),
        "concentration": ("book_sales_365d",),
        "behaviour": ("peak_paid_in_terms",),
        "change": ("limit_in_force",),
    }
    assert "so how far it could rise is not known" in limit.to_raise


def test_nothing_known_is_a_review_without_an_amount_and_says_what_is_missing():
    limit = recommend(LimitInputs("EUR"), POLICY)
    assert (limit.amount, limit.outcome, limit.expected_loss) == (None, Outcome.REVIEW, None)
    assert "behaviour: peak_paid_in_terms" in limit.doubts[0]


def test_without_pd_and_behaviour_the_doubt_is_said():
    limit = recommend(replace(FULL, pd_12m=None, peak_paid_in_terms=None), POLICY)
    assert limit.outcome is Outcome.REVIEW
    assert "says nothing about risk" in limit.doubts[0]


def test_a_doubt_of_the_caller_is_a_review_with_its_reason():
    limit = recommend(FULL, POLICY, doubts=["The features are 9 days old."])
    assert (limit.outcome, limit.doubts) == (Outcome.REVIEW, ("The features are 9 days old.",))


def test_no_limit_in_force_is_noted():
    assert recommend(replace(FULL, limit_in_force=None), POLICY).notes == (
        "No limit in force is known, so the change is not bounded.",
    )


def test_the_busier_of_both_windows_sets_the_need():
    caps = {cap.name: cap for cap in recommend(replace(FULL, invoiced_365d=Decimal(730000)), POLICY).caps}
    assert caps["need"].formula == "90,000.00 = 730,000.00 x 30 / 365 x (30 + 15) / 30"


def test_a_sum_that_comes_out_even_loses_no_cent():
    # 100 / 90 has no end in decimals; 100 x 45 / 90 is 50.
    inputs = LimitInputs("EUR", invoiced_90d=Decimal(100), terms_days=Decimal(30))
    assert recommend(inputs, POLICY).caps[0].amount == Decimal("50.00")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("invoiced_90d", "-1", id="negative sales"),
        pytest.param("pd_12m", "1.000001", id="more than certain"),
        pytest.param("pd_12m", "-0.1", id="less than impossible"),
        pytest.param("revenue_12m", "NaN", id="not a number"),
        pytest.param("working_capital", "-Infinity", id="infinite"),
        pytest.param("book_sales_365d", "1e17", id="larger than a contract holds"),
    ],
)
def test_an_input_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(LimitInputError, match=f"{name} must be a number in"):
        LimitInputs("EUR", **{name: Decimal(value)})


def test_two_currencies_never_meet():
    with pytest.raises(CurrencyMismatchError, match="inputs are in BRL, the policy's amounts in EUR"):
        recommend(replace(FULL, currency="BRL"), POLICY)


def test_a_policy_without_amounts_in_the_currency_says_which_it_has():
    with pytest.raises(NoAmountsForCurrencyError, match="no amounts in SEK, only in EUR"):
        LimitPolicy.from_values(VALUES, currency="SEK")


def test_the_values_of_a_file_are_read_exactly():
    assert LimitPolicy.from_values(VALUES, currency="EUR") == POLICY


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        pytest.param("lgd", 0.45, "written as text", id="a binary float is not exact"),
        pytest.param("lgd", "1.2", "a share of at most 1", id="loses more than all"),
        pytest.param("lgd", "0", "more than zero", id="no loss would divide by zero"),
        pytest.param("pd_floor", "0", "more than zero", id="no floor would divide by zero"),
        pytest.param("change_share", None, "written as text", id="missing"),
        pytest.param("change_share", "half", "written as text", id="a word"),
        pytest.param("behaviour_factor", "-1", "at least 0", id="negative"),
        pytest.param("behaviour_factor", True, "at least 0", id="yes is no number"),
        pytest.param("reference", "", "decision as text", id="no reference"),
    ],
)
def test_a_policy_value_that_cannot_be_is_refused_by_name(name, value, allowed):
    with pytest.raises(LimitPolicyError, match=f"{name} must be .*{allowed}"):
        LimitPolicy.from_values({**VALUES, name: value}, currency="EUR")


def money(largest=10**9):
    return st.integers(0, largest * 100).map(lambda cents: Decimal(cents) / 100)


def perhaps(values):
    return st.none() | values


@st.composite
def inputs_(draw):
    return LimitInputs(
        "EUR",
        invoiced_90d=draw(perhaps(money())),
        invoiced_365d=draw(perhaps(money())),
        terms_days=draw(perhaps(st.decimals(0, 400, places=2))),
        revenue_12m=draw(perhaps(money())),
        tangible_net_worth=draw(perhaps(st.decimals(-(10**8), 10**8, places=2))),
        working_capital=draw(perhaps(st.decimals(-(10**8), 10**8, places=2))),
        pd_12m=draw(perhaps(st.decimals(0, 1, places=6))),
        book_sales_365d=draw(perhaps(money())),
        peak_paid_in_terms=draw(perhaps(money(10**6))),
        limit_in_force=draw(perhaps(money(10**6))),
    )


@given(inputs_())
def test_the_limit_never_exceeds_a_known_cap(inputs):
    limit = recommend(inputs, POLICY)
    amounts = [cap.amount for cap in limit.caps if cap.amount is not None]
    assert limit.amount is None or all(limit.amount <= amount for amount in amounts)
    assert limit.amount is None or limit.binding.amount == min(amounts)


@given(inputs_())
def test_the_limit_is_a_multiple_of_the_step_or_the_one_in_force(inputs):
    amount = recommend(inputs, POLICY).amount
    assume(amount is not None)
    assert amount % POLICY.rounding_step == 0 or amount == inputs.limit_in_force


@given(inputs_(), st.decimals(0, 1, places=6), st.decimals(0, 1, places=6))
def test_a_higher_pd_never_raises_the_limit(inputs, one, other):
    better, worse = sorted([one, other])
    with_better = recommend(replace(inputs, pd_12m=better), POLICY)
    with_worse = recommend(replace(inputs, pd_12m=worse), POLICY)
    assert with_worse.amount <= with_better.amount


@given(inputs_())
def test_a_cap_is_either_known_or_says_what_it_lacks(inputs):
    for cap in recommend(inputs, POLICY).caps:
        assert cap.known == (not cap.missing)
        assert cap.known or cap.formula.startswith("not known: ")


@given(inputs_(), st.sampled_from(["pd_12m", "revenue_12m", "peak_paid_in_terms", "working_capital"]))
def test_losing_an_input_never_touches_another_cap(inputs, name):
    # A missing cap is no bound at all in the sum, so the other caps and only they decide.
    before = {cap.name: cap.amount for cap in recommend(inputs, POLICY).caps}
    after = {cap.name: cap.amount for cap in recommend(replace(inputs, **{name: None}), POLICY).caps}
    changed = {cap for cap in before if before[cap] != after[cap]}
    assert len(changed) <= 1
    assert all(after[cap] is None for cap in changed)


@given(inputs_(), st.sampled_from([2, 10, 1000]))
def test_another_unit_of_money_gives_the_same_limit(inputs, factor):
    scaled = {name: value * factor for name in MONEY if (value := getattr(inputs, name)) is not None}
    policy = replace(
        POLICY,
        expected_loss_budget=POLICY.expected_loss_budget * factor,
        rounding_step=POLICY.rounding_step * factor,
        approval_above=POLICY.approval_above * factor,
    )
    plain, in_other_unit = recommend(inputs, POLICY), recommend(replace(inputs, **scaled), policy)
    assert (in_other_unit.amount is None) == (plain.amount is None)
    assert plain.amount is None or in_other_unit.amount == plain.amount * factor
    assert in_other_unit.needs_approval == plain.needs_approval


@given(inputs_())
def test_the_callers_decimal_context_changes_nothing(inputs):
    usual = recommend(inputs, POLICY)
    with localcontext() as context:
        context.prec, context.rounding = 9, ROUND_UP
        assert recommend(inputs, POLICY) == usual
    assert getcontext().prec == 28


@given(inputs_())
def test_no_answer_is_an_approval(inputs):
    assert recommend(inputs, POLICY).outcome in (None, Outcome.REVIEW)


def evaluated(sum_):
    """The right side of a formula, worked out by Python's own parser instead of the code under test."""
    text = re.sub(r"([\d.]+) %", r"(\1 / 100)", sum_.replace(",", "").replace(" x ", " * "))
    text = re.sub(r"max\(0 (.*)\)$", r"(\1)", text)
    return _value(ast.parse(text, mode="eval").body)


def _value(node):
    match node:
        case ast.Constant():
            return Decimal(str(node.value))
        case ast.UnaryOp():
            return -_value(node.operand)
        case ast.BinOp(op=ast.Mult()):
            return _value(node.left) * _value(node.right)
        case ast.BinOp(op=ast.Div()):
            return _value(node.left) / _value(node.right)
        case ast.BinOp(op=ast.Add()):
            return _value(node.left) + _value(node.right)
    raise AssertionError(ast.dump(node))


@given(inputs_())
def test_every_formula_gives_its_amount_when_worked_out_by_hand(inputs):
    for cap in recommend(inputs, POLICY).caps:
        if not cap.known:
            continue
        written, sum_ = cap.formula.split(" = ")
        assert Decimal(written.replace(",", "")) == cap.amount
        by_hand = max(evaluated(sum_), Decimal(0))
        assert cap.amount <= by_hand + Decimal("1e-9")
        assert by_hand - cap.amount < Decimal("0.010001")


def test_a_cap_without_amount_is_unknown():
    assert not Cap("need", None, "not known: terms_days missing", missing=("terms_days",)).known
