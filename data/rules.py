"""What a row of each table must satisfy: the contract's structure and the rules of the trade, held by pandera.

A rule is a sentence, a code that never changes, and a predicate over columns. A value that is not known breaks no rule.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pandera

from data.contracts import CONTRACTS, MONEY, Contract
from data.staging import Reason, Staged

LONGEST_TERMS: Final = timedelta(days=400)
LONGEST_PREPAYMENT: Final = timedelta(days=180)
SIZE_CLASSES: Final = ("SMALL", "MEDIUM", "LARGE")
EVENT_KINDS: Final = ("INSOLVENCY", "WRITE_OFF", "LEGAL", "DUNNING")
SECURITY_KINDS: Final = ("INSURANCE", "GUARANTEE", "LETTER_OF_CREDIT", "DEPOSIT")
MAY_BE_NEGATIVE: Final = frozenset({"retained_earnings", "equity", "ebit", "net_income", "operating_cash_flow"})

Predicate = Callable[[pd.DataFrame], pd.Series]


@dataclass(frozen=True)
class Rule:
    """A rule that each row of a table must satisfy.

    Attributes:
        reason: Why a row that breaks it is refused.
        holds: Frame -> boolean series, null where a value it needs is not known.
        binds_withdrawn: Whether a row that withdraws something must keep it, too; of such a row the key alone says
            something.
    """

    reason: Reason
    holds: Predicate
    binds_withdrawn: bool = False


def _positive(column: str) -> Rule:
    sentence = (
        f"The {column.replace('_', ' ')} is zero or negative; a credit note or a refund needs a row of its own kind."
    )
    return Rule(Reason(f"{column}_not_positive", sentence), lambda rows: rows[column] > 0)


def _not_negative(column: str) -> Rule:
    sentence = f"The {column.replace('_', ' ')} is negative, which it cannot be."
    return Rule(Reason(f"{column}_negative", sentence), lambda rows: rows[column] >= 0)


def _not_before(column: str, first: str, reason: Reason) -> Rule:
    return Rule(reason, lambda rows: rows[column] >= rows[first])


def _positive_count(column: str) -> Rule:
    sentence = f"The {column.replace('_', ' ')} is below 1."
    return Rule(Reason(f"{column}_not_positive", sentence), lambda rows: rows[column] >= 1)


def _positive_rate(column: str) -> Rule:
    return Rule(Reason(f"{column}_not_positive", f"The {column} is zero or negative."), lambda rows: rows[column] > 0)


def _at_most(column: str, whole: str, reason: Reason) -> Rule:
    return Rule(reason, lambda rows: rows[column] <= rows[whole])


def _not_empty(column: str) -> Predicate:
    return lambda rows: rows[column] != ""


def _not_after(column: str, last_day: date) -> Predicate:
    return lambda rows: rows[column] <= last_day


def _matches(column: str, pattern: str, reason: Reason) -> Rule:
    return Rule(reason, lambda rows: rows[column].str.fullmatch(pattern))


def _one_of(column: str, allowed: tuple[str, ...]) -> Rule:
    sentence = f"The {column.replace('_', ' ')} is none of {', '.join(allowed)}."
    return Rule(
        Reason(f"{column}_unknown", sentence), lambda rows: rows[column].isin(allowed).where(rows[column].notna())
    )


DUE_BEFORE_ISSUE: Final = Reason("due_before_issue", "The invoice falls due before it was issued.")
DUE_TOO_LATE: Final = Reason("due_too_late", "The invoice falls due more than 400 days after it was issued.")
CLOSED_BEFORE_OPENED: Final = Reason("closed_before_opened", "The dispute was closed before it was opened.")
ENDS_BEFORE_START: Final = Reason("ends_before_start", "The limit ends before it starts.")
DISCOUNT_ABOVE_AMOUNT: Final = Reason("discount_above_amount", "The cash discount is more than the invoice.")
DISCOUNT_AFTER_DUE: Final = Reason("discount_after_due", "The cash discount is allowed beyond the due date.")
CANCELLED_BEFORE_ORDERED: Final = Reason("cancelled_before_ordered", "The order was cancelled before it was placed.")
COVER_ABOVE_ALL: Final = Reason("cover_off_scale", "The covered part is below 0 or above 100 percent.")
_PART: Final = "The statement states a part that is larger than the whole."
STATEMENT_PARTS: Final = (
    ("current_assets", "total_assets"),
    ("current_liabilities", "total_liabilities"),
    ("cash", "current_assets"),
    ("receivables", "current_assets"),
    ("inventories", "current_assets"),
)
PAID_AFTER_EXTRACT: Final = Reason(
    "paid_after_extract", "The payment is dated after the day of the extract, so it cannot have happened."
)
KNOWN_AFTER_RECEIPT: Final = Reason("known_after_receipt", "The row claims to have become known after it was received.")
CURRENCY_MALFORMED: Final = Reason("currency_malformed", "The currency is not a code of three capital letters.")
INTO_MALFORMED: Final = Reason("into_currency_malformed", CURRENCY_MALFORMED.sentence)
RATE_INTO_ITSELF: Final = Reason("rate_into_itself", "The rate turns a currency into itself.")
COUNTRY_MALFORMED: Final = Reason("country_malformed", "The country is not a code of two capital letters (ISO 3166-1).")
KEY_EMPTY: Final = Reason("key_empty", "The row has an empty identifier.")
VALUE_MISSING: Final = "missing_value"
CONFLICT: Final = Reason(
    "conflicting_duplicates", "The delivery holds this key more than once with different content, so none was taken."
)

RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "customers": (_one_of("size_class", SIZE_CLASSES),),
    "invoices": (
        _not_before("due_on", "issued_on", DUE_BEFORE_ISSUE),
        Rule(DUE_TOO_LATE, lambda rows: rows["due_on"] - rows["issued_on"] <= LONGEST_TERMS),
        _positive("amount"),
        _not_negative("discount_amount"),
        _at_most("discount_amount", "amount", DISCOUNT_ABOVE_AMOUNT),
    ),
    "payments": (_positive("amount"),),
    "allocations": (_positive("amount"), _not_negative("discount_amount")),
    "credit_notes": (_positive("amount"),),
    "disputes": (_not_before("closed_on", "opened_on", CLOSED_BEFORE_OPENED), _positive("amount")),
    "orders": (
        _positive("amount"),
        _not_negative("terms_days"),
        _not_before("cancelled_on", "ordered_on", CANCELLED_BEFORE_ORDERED),
    ),
    "deliveries": (_positive("amount"),),
    "payment_terms": (
        _not_negative("net_days"),
        _not_negative("discount_days"),
        _at_most("discount_days", "net_days", DISCOUNT_AFTER_DUE),
        _not_negative("discount_percent"),
        _positive_count("instalments"),
    ),
    "customer_financials": (_not_negative("revenue"), _not_negative("employees")),
    "statements": tuple(
        _not_negative(column.name)
        for column in CONTRACTS["statements"].columns
        if column.type == MONEY and column.name not in MAY_BE_NEGATIVE
    )
    + tuple(_at_most(part, whole, Reason(f"{part}_above_{whole}", _PART)) for part, whole in STATEMENT_PARTS)
    + (_positive_count("period_months"),),
    "ratings": (
        _positive_count("rank"),
        _at_most("rank", "ranks", Reason("rank_off_scale", "The rank is beyond the number of grades of the scale.")),
        _not_before("valid_to_on", "rated_on", Reason("ends_before_start", "The rating ends before it was given.")),
    ),
    "credit_events": (_one_of("kind", EVENT_KINDS), _not_negative("amount")),
    "limits": (_not_before("valid_to_on", "valid_from_on", ENDS_BEFORE_START), _not_negative("amount")),
    "securities": (
        _one_of("kind", SECURITY_KINDS),
        _not_before("valid_to_on", "valid_from_on", Reason("ends_before_start", "The cover ends before it starts.")),
        _not_negative("amount"),
        Rule(COVER_ABOVE_ALL, lambda rows: rows["covered_percent"].between(0, 100)),
    ),
    "exchange_rates": (
        _positive_rate("rate"),
        _matches("into_currency", "[A-Z]{3}", INTO_MALFORMED),
        Rule(RATE_INTO_ITSELF, lambda rows: rows["currency"] != rows["into_currency"]),
    ),
    "holidays": (_matches("country", "[A-Z]{2}", COUNTRY_MALFORMED),),
}


def apply_rules(staged: Staged, *, last_day: date, received_at: datetime, restates_past: bool) -> None:
    """Refuse the rows that break a rule, and those that contradict each other.

    Args:
        staged: Rows of one table; refusals are added to it.
        last_day: Day of the extract: no payment can be dated later.
        received_at: No row can have become known later.
        restates_past: The source sends one row per key; otherwise one per key and ``known_at``.
    """
    contract = CONTRACTS[staged.table]
    rules = (*_general_rules(contract, last_day, received_at), *RULES[staged.table])
    frame = staged.rows.to_pandas(types_mapper=pd.ArrowDtype)[staged.accepted]
    broken = _broken(_schema(contract, rules), frame)
    by_code = {rule.reason.code: rule.reason for rule in rules}
    for code, index in broken.items():
        staged.refuse(_mask(len(staged.refusal), index), by_code.get(code) or _missing(contract, code))
    key = [*contract.key] if restates_past else [*contract.key, "known_at"]
    _refuse_conflicts(staged, frame[staged.accepted[frame.index.to_numpy()]], key)


def _general_rules(contract: Contract, last_day: date, received_at: datetime) -> tuple[Rule, ...]:
    """Rules that hold in every table that has the columns."""
    instant = pd.Timestamp(received_at)
    rules = [Rule(KNOWN_AFTER_RECEIPT, lambda rows: rows["known_at"] <= instant, binds_withdrawn=True)]
    rules += [
        Rule(KEY_EMPTY, _not_empty(name), binds_withdrawn=True) for name in contract.key if not name.endswith("_on")
    ]
    if "currency" in contract.names:
        rules.append(_matches("currency", "[A-Z]{3}", CURRENCY_MALFORMED))
    for name in {"paid_on", "allocated_on"} & set(contract.names):
        # Before the rule on known_at: it is the reason that says what is wrong.
        rules.insert(0, Rule(PAID_AFTER_EXTRACT, _not_after(name, last_day)))
    return tuple(rules)


def _schema(contract: Contract, rules: tuple[Rule, ...]) -> pandera.DataFrameSchema:
    columns = {c.name: pandera.Column(pd.ArrowDtype(c.type), nullable=c.nullable) for c in contract.columns}
    checks = [pandera.Check(_strict(rule), name=rule.reason.code, ignore_na=False) for rule in rules]
    return pandera.DataFrameSchema(columns, checks=checks, strict=True)


def _strict(rule: Rule) -> Predicate:
    """The predicate with "not known" read as "not broken", and a withdrawn row as one that breaks nothing."""

    def holds(rows: pd.DataFrame) -> pd.Series:
        kept = rule.holds(rows).astype("boolean[pyarrow]").fillna(True).astype(bool)
        return kept if rule.binds_withdrawn else kept | rows["is_deleted"].astype(bool)

    return holds


def _broken(schema: pandera.DataFrameSchema, frame: pd.DataFrame) -> dict[str, npt.NDArray[np.int64]]:
    """Index of the rows that break each rule, in the order of the rules; structure errors are raised."""
    try:
        schema.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return {}
    structural = cases[cases["index"].isna()]
    if len(structural):
        raise AssertionError(f"staged rows do not have the contract's columns: {structural.to_dict('records')}")
    codes = cases["check"].where(cases["check"] != "not_nullable", "null:" + cases["column"].astype(str))
    order = [*(code for code in codes.unique() if code.startswith("null:")), *(check.name for check in schema.checks)]
    return {code: cases["index"][codes == code].to_numpy(np.int64) for code in dict.fromkeys(order)}


def _missing(contract: Contract, code: str) -> Reason:
    name = code.removeprefix("null:")
    return Reason(VALUE_MISSING, f"{name} is empty, and a row of {contract.name} cannot do without it.")


def _mask(n: int, index: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    mask = np.zeros(n, dtype=bool)
    mask[index] = True
    return mask


def _refuse_conflicts(staged: Staged, frame: pd.DataFrame, key: list[str]) -> None:
    """Equal rows of one key are one row, sent twice; different rows contradict each other, and all are refused."""
    suspects = frame[frame.duplicated(key, keep=False)]
    different = suspects[~suspects.duplicated(keep="first")]
    conflicts = different[different.duplicated(key, keep=False)][key].drop_duplicates()
    in_conflict = pd.MultiIndex.from_frame(suspects[key]).isin(pd.MultiIndex.from_frame(conflicts))
    staged.refuse(_mask(len(staged.refusal), suspects.index.to_numpy()[in_conflict]), CONFLICT)
