"""What may be asked, field by field. An unknown field is an error, so that a misspelt one is never ignored."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from serving.problem import FieldError, Problem

LONGEST_ID: Final = 200
LONGEST_TERMS: Final = timedelta(days=400)
"""The contract of an invoice: it falls due from issue to 400 days after it."""
MONEY_LIMIT: Final = Decimal(10) ** 16
MONEY_PLACES: Final = 4
RATE_LIMIT: Final = Decimal(1000)
PLAIN_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
PLAIN_NUMBER: Final = re.compile(r"[0-9]{1,32}(\.[0-9]{1,32})?")
RATE_PLACES: Final = 6
FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)

Q = TypeVar("Q", bound=BaseModel)

A_DAY: Final = f"a date as text, YYYY-MM-DD, from {FIRST_DAY} to {LAST_DAY}"
AN_ID: Final = f"text of 1 to {LONGEST_ID} printable characters, without a space at either end"
AN_AMOUNT: Final = f"a number or text, more than 0 and less than 1e16, with at most {MONEY_PLACES} decimal places"
A_LIMIT: Final = f"a number or text, from 0 and less than 1e16, with at most {MONEY_PLACES} decimal places"
A_RATE: Final = (
    f"a number or text, in percent, from 0 and less than {RATE_LIMIT}, with at most {RATE_PLACES} decimal places"
)


def _day(value: object) -> date:
    found = _read_day(value) if isinstance(value, str) else value
    # A datetime is a date to Python, but has a time of day that nobody asked for.
    if type(found) is not date or not FIRST_DAY <= found <= LAST_DAY:
        raise _not_allowed(A_DAY)
    return found


def _read_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if PLAIN_DAY.fullmatch(text) else None
    except ValueError:  # no such day, 30 February
        return None


def _identifier(value: object) -> str:
    # Half of a surrogate pair and control characters are not printable, and no store can keep them.
    if isinstance(value, str) and 1 <= len(value) <= LONGEST_ID and value.isprintable() and value == value.strip():
        return value
    raise _not_allowed(AN_ID)


def _amount(value: object) -> Decimal:
    number = _number(value, AN_AMOUNT, MONEY_LIMIT, MONEY_PLACES)
    if number == 0:
        raise _not_allowed(AN_AMOUNT)
    return number


def _limit(value: object) -> Decimal:
    return _number(value, A_LIMIT, MONEY_LIMIT, MONEY_PLACES)


def _rate(value: object) -> Decimal:
    return _number(value, A_RATE, RATE_LIMIT, RATE_PLACES)


def _number(value: object, allowed: str, below: Decimal, places: int) -> Decimal:
    """The exact number in [0, below) with so many places; zeros written after them do not count."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise _not_allowed(allowed)
    if isinstance(value, str) and not PLAIN_NUMBER.fullmatch(value):
        raise _not_allowed(allowed)
    number = Decimal(value)
    if not 0 <= number < below or number % Decimal(1).scaleb(-places):
        raise _not_allowed(allowed)
    return abs(number.quantize(Decimal(1).scaleb(-places)))  # no negative zero


def _not_allowed(allowed: str) -> PydanticCustomError:
    return PydanticCustomError("not_allowed", "{allowed}", {"allowed": allowed})


def _schema(kind: str | list[str], text: str, **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": kind, "description": text, **more})


CustomerId = Annotated[str, BeforeValidator(_identifier), _schema("string", AN_ID, minLength=1, maxLength=LONGEST_ID)]
Day = Annotated[date, BeforeValidator(_day), _schema("string", A_DAY, format="date")]
Amount = Annotated[Decimal, BeforeValidator(_amount), _schema(["string", "number"], AN_AMOUNT)]
Limit = Annotated[Decimal, BeforeValidator(_limit), _schema(["string", "number"], A_LIMIT)]
Rate = Annotated[Decimal, BeforeValidator(_rate), _schema(["string", "number"], A_RATE)]
Currency = Annotated[str, Field(strict=True, pattern=r"^[A-Z]{3}$", description="ISO 4217 code")]


class _Question(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    customer_id: CustomerId


class DefaultScoreRequest(_Question):
    """How likely is the customer to default?

    Attributes:
        customer_id: The customer as the ledger names it.
        as_of: Business day of the request; today unless given.
        explain: Whether to say what would have to change for the next better grade; that takes some milliseconds.
    """

    as_of: Day | None = None
    explain: bool = Field(
        default=False,
        strict=True,
        description="true to be told under next_grade what would have to change for the next better grade",
    )


class LatePaymentRequest(_Question):
    """How likely is an invoice to be paid late?

    Attributes:
        customer_id: Who will owe it.
        amount: Gross amount.
        currency: ISO 4217 code, the currency of the book.
        issued_on: Issue date.
        due_on: Due date, from issue to 400 days after it.
        interest_rate: Rate agreed with the sale, in percent.
    """

    amount: Amount
    currency: Currency
    issued_on: Day
    due_on: Day
    interest_rate: Rate | None = None

    @model_validator(mode="after")
    def _terms(self) -> Self:
        if not self.issued_on <= self.due_on <= self.issued_on + LONGEST_TERMS:
            last = self.issued_on + LONGEST_TERMS
            allowed = f"a date from issued_on {self.issued_on} to {LONGEST_TERMS.days} days after it, {last}"
            raise PydanticCustomError("due_on", "{allowed}", {"allowed": allowed, "got": str(self.due_on)})
        return self


class LimitRequest(_Question):
    """Which credit limit is recommended?

    Attributes:
        customer_id: The customer as the ledger names it.
        as_of: Business day of the request; today unless given.
        limit_in_force: The limit it has today, in the currency of the book; bounds the change.
    """

    as_of: Day | None = None
    limit_in_force: Limit | None = None


def question(kind: type[Q], payload: object) -> Q:
    """The payload as a request of that kind.

    Raises:
        Problem: 422 with one entry per wrong field: the field, what was got, what is allowed.
    """
    try:
        return kind.model_validate(payload)
    except ValidationError as error:
        errors = tuple(_field_error(kind, item) for item in error.errors(include_url=False))
        raise invalid(errors) from None


def invalid(errors: tuple[FieldError, ...]) -> Problem:
    """The problem of a request with wrong fields."""
    first = errors[0]
    more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
    return Problem(
        422,
        "invalid_request",
        "A field is not as it must be",
        detail=f"{first.field or 'the body'}: got {first.got}, allowed is {first.allowed}{more}.",
        advice="Correct the fields listed under errors and send the request again.",
        errors=errors,
    )


def _field_error(kind: type[BaseModel], item: ErrorDetails) -> FieldError:
    context = item.get("ctx", {})
    field = ".".join(str(part) for part in item["loc"])[:80] or ("due_on" if item["type"] == "due_on" else "")
    got = str(context.get("got") or _cut(item["input"]))
    match item["type"]:
        case "missing":
            return FieldError(field, "nothing", "this field is required")
        case "extra_forbidden":
            return FieldError(field, got, f"only the fields {', '.join(kind.model_fields)}")
        case "string_pattern_mismatch" | "string_type" if field == "currency":
            return FieldError(field, got, "three capital letters, an ISO 4217 code")
        case "bool_type":
            return FieldError(field, got, "true or false")
        case "model_type" | "model_attributes_type":
            return FieldError("", got, "one JSON object")
        case _:
            return FieldError(field, got, item["msg"])


def _cut(value: object) -> str:
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
