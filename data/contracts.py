"""The tables of a receivables book: their columns, keys and clocks.

Every row has two clocks: a column ending in ``_on`` says when it happened (a business day of the
entity), ``known_at`` says when the book learnt of it (an instant in UTC). A row counts at ``as_of``
only if both lie on or before the end of that day. A correction is a further row with the same key
and a later ``known_at``; the earlier row stays. A row that the source withdraws is a further row with
``is_deleted``.

Money is decimal with four places, which holds every ISO 4217 currency, beside its currency code.
An amount that is not known is null, never zero.
"""

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

TEXT: Final = pa.string()
DAY: Final = pa.date32()
INSTANT: Final = pa.timestamp("us", tz="UTC")
MONEY: Final = pa.decimal128(20, 4)
RATE: Final = pa.decimal128(12, 6)
EXCHANGE: Final = pa.decimal128(16, 8)
FLAG: Final = pa.bool_()
COUNT: Final = pa.int64()


@dataclass(frozen=True)
class Column:
    """One column of a contract.

    Attributes:
        name: Column name.
        type: Arrow type in which the lake keeps it.
        meaning: One sentence for a person who has never seen the source.
        nullable: Whether the value may be unknown.
    """

    name: str
    type: pa.DataType
    meaning: str
    nullable: bool = False


@dataclass(frozen=True)
class Contract:
    """What a table of the book is.

    Attributes:
        name: Table name, the name of its folder in the lake.
        key: Columns that name one thing; its versions share the key and differ in ``known_at``.
        columns: All columns, the two that every table ends with included.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the table, shape (n_columns,)."""
        return pa.schema([pa.field(c.name, c.type, c.nullable) for c in self.columns])

    @property
    def book_schema(self) -> pa.Schema:
        """The schema without the not-null marks, which Parquet files do not keep: that of a table in a book."""
        return pa.schema([pa.field(c.name, c.type) for c in self.columns])

    @property
    def names(self) -> list[str]:
        """The column names, in order."""
        return [column.name for column in self.columns]


EVERY_TABLE: Final = (
    Column("is_deleted", FLAG, "The source withdrew the row: from known_at on there is no such thing."),
    Column("known_at", INSTANT, "When the book learnt of this row."),
    Column("source", TEXT, "The mapping or system that delivered the row."),
)


def _contract(name: str, key: tuple[str, ...], *columns: Column) -> Contract:
    return Contract(name, key, (*columns, *EVERY_TABLE))


CUSTOMERS: Final = _contract(
    "customers",
    ("customer_id",),
    Column("customer_id", TEXT, "The customer's identifier in the source, as text."),
    Column("signed_up_on", DAY, "First day of the business relation.", nullable=True),
    Column("is_natural_person", FLAG, "Whether the customer is a natural person, a sole trader included."),
    Column("parent_id", TEXT, "The customer that owns this one.", nullable=True),
    Column("country", TEXT, "ISO 3166-1 alpha-2 code.", nullable=True),
    Column("region", TEXT, "Region of the customer as the source names it.", nullable=True),
    Column("industry", TEXT, "Industry as the source names it.", nullable=True),
    Column("size_class", TEXT, "SMALL, MEDIUM or LARGE.", nullable=True),
    Column("email_domain", TEXT, "Mail provider; stands in for protected traits, never a feature by default.", True),
    Column("area_code", TEXT, "Telephone area; stands in for protected traits, never a feature by default.", True),
    Column("postcode_prefix", TEXT, "Postal area; stands in for protected traits, never a feature by default.", True),
)

INVOICES: Final = _contract(
    "invoices",
    ("invoice_id",),
    Column("invoice_id", TEXT, "The invoice's key, stable from run to run."),
    Column("customer_id", TEXT, "Who owes it."),
    Column("issued_on", DAY, "Issue date."),
    Column("due_on", DAY, "Due date; from issue to 400 days after it."),
    Column("amount", MONEY, "Gross amount, positive; null when the source lacks it.", nullable=True),
    Column("currency", TEXT, "ISO 4217 code."),
    Column("interest_rate", RATE, "Rate agreed with the sale, in percent.", nullable=True),
    Column("order_id", TEXT, "The order it bills.", nullable=True),
    Column("document_id", TEXT, "The document of which this is an instalment; null for a whole one.", nullable=True),
    Column("terms_code", TEXT, "Payment terms by which it falls due, a row of payment_terms.", nullable=True),
    Column("discount_until_on", DAY, "Last day on which the cash discount is allowed.", nullable=True),
    Column("discount_amount", MONEY, "Cash discount allowed, not negative.", nullable=True),
    Column("outcome_unknown", FLAG, "The source says it was settled but gives an impossible date."),
)

PAYMENTS: Final = _contract(
    "payments",
    ("payment_id",),
    Column("payment_id", TEXT, "The payment's key."),
    Column("customer_id", TEXT, "Who paid."),
    Column("paid_on", DAY, "Value date."),
    Column("amount", MONEY, "Amount received, positive.", nullable=True),
    Column("currency", TEXT, "ISO 4217 code."),
)

ALLOCATIONS: Final = _contract(
    "allocations",
    ("payment_id", "invoice_id"),
    Column("payment_id", TEXT, "The payment of which this is a part."),
    Column("invoice_id", TEXT, "The invoice it settles or reduces."),
    Column("customer_id", TEXT, "Who paid."),
    Column("allocated_on", DAY, "Date from which it counts: the payment's value date."),
    Column("amount", MONEY, "Part of the payment that goes to the invoice.", nullable=True),
    Column("discount_amount", MONEY, "Cash discount granted with it; reduces the invoice too.", nullable=True),
    Column("clears_invoice", FLAG, "The source says that nothing is owed after it."),
)

CREDIT_NOTES: Final = _contract(
    "credit_notes",
    ("credit_note_id",),
    Column("credit_note_id", TEXT, "The credit note's key."),
    Column("customer_id", TEXT, "Who receives it."),
    Column("invoice_id", TEXT, "The invoice it reduces; null when it is not assigned.", nullable=True),
    Column("issued_on", DAY, "Issue date."),
    Column("amount", MONEY, "Amount, positive.", nullable=True),
    Column("currency", TEXT, "ISO 4217 code."),
)

DISPUTES: Final = _contract(
    "disputes",
    ("dispute_id",),
    Column("dispute_id", TEXT, "The dispute's key."),
    Column("customer_id", TEXT, "Who disputes."),
    Column("invoice_id", TEXT, "What is disputed."),
    Column("opened_on", DAY, "First day of the dispute."),
    Column("closed_on", DAY, "Day on which it was settled; null while it is open.", nullable=True),
    Column("amount", MONEY, "Disputed part; null for the whole invoice.", nullable=True),
    Column("currency", TEXT, "ISO 4217 code."),
    Column("reason", TEXT, "Reason as the source names it.", nullable=True),
)

ORDERS: Final = _contract(
    "orders",
    ("order_id",),
    Column("order_id", TEXT, "The order's key."),
    Column("customer_id", TEXT, "Who orders."),
    Column("ordered_on", DAY, "Order date."),
    Column("amount", MONEY, "Order value, positive.", nullable=True),
    Column("currency", TEXT, "ISO 4217 code."),
    Column("terms_days", COUNT, "Payment terms asked for, in days.", nullable=True),
    Column("cancelled_on", DAY, "Day on which what was not delivered was cancelled; null while it stands.", True),
)

DELIVERIES: Final = _contract(
    "deliveries",
    ("delivery_id",),
    Column("delivery_id", TEXT, "The delivery's key."),
    Column("customer_id", TEXT, "Who receives it."),
    Column("order_id", TEXT, "The order of which it is a part; null without one.", nullable=True),
    Column("delivered_on", DAY, "Day of the goods issue."),
    Column("amount", MONEY, "Value delivered, positive.", nullable=True),
    Column("currency", TEXT, "ISO 4217 code."),
)

PAYMENT_TERMS: Final = _contract(
    "payment_terms",
    ("terms_code",),
    Column("terms_code", TEXT, "Code of the terms in the source."),
    Column("net_days", COUNT, "Days from issue to the due date of the last instalment."),
    Column("discount_days", COUNT, "Days within which the cash discount is allowed.", nullable=True),
    Column("discount_percent", RATE, "Cash discount, in percent of the amount.", nullable=True),
    Column("instalments", COUNT, "Number of instalments, 1 or more."),
    Column("is_prepayment", FLAG, "Whether payment is due before delivery."),
)

FINANCIALS: Final = _contract(
    "customer_financials",
    ("customer_id", "period_start_on"),
    Column("customer_id", TEXT, "Whose figures."),
    Column("period_start_on", DAY, "First day of the month in which the figure became known."),
    Column("revenue", MONEY, "Revenue of the month before, not negative.", nullable=True),
    Column("currency", TEXT, "ISO 4217 code."),
    Column("employees", COUNT, "Number of employees.", nullable=True),
)

STATEMENTS: Final = _contract(
    "statements",
    ("customer_id", "fiscal_year_end_on"),
    Column("customer_id", TEXT, "Whose statement."),
    Column("fiscal_year_end_on", DAY, "Balance sheet date."),
    Column("currency", TEXT, "ISO 4217 code."),
    Column("total_assets", MONEY, "Total assets.", nullable=True),
    Column("current_assets", MONEY, "Current assets.", nullable=True),
    Column("current_liabilities", MONEY, "Short-term liabilities.", nullable=True),
    Column("total_liabilities", MONEY, "Total liabilities.", nullable=True),
    Column("retained_earnings", MONEY, "Retained earnings; may be negative.", nullable=True),
    Column("equity", MONEY, "Book equity; may be negative.", nullable=True),
    Column("intangible_assets", MONEY, "Intangible assets.", nullable=True),
    Column("cash", MONEY, "Cash and short-term securities.", nullable=True),
    Column("receivables", MONEY, "Trade receivables.", nullable=True),
    Column("inventories", MONEY, "Inventories.", nullable=True),
    Column("payables", MONEY, "Trade payables.", nullable=True),
    Column("financial_debt", MONEY, "Interest-bearing debt, short and long.", nullable=True),
    Column("revenue", MONEY, "Revenue of the period.", nullable=True),
    Column("cost_of_sales", MONEY, "Cost of sales of the period.", nullable=True),
    Column("ebit", MONEY, "Earnings before interest and tax; may be negative.", nullable=True),
    Column("depreciation", MONEY, "Depreciation and amortisation of the period.", nullable=True),
    Column("interest_expense", MONEY, "Interest paid in the period.", nullable=True),
    Column("net_income", MONEY, "Net income; may be negative.", nullable=True),
    Column("operating_cash_flow", MONEY, "Cash flow from operations; may be negative.", nullable=True),
    Column("period_months", COUNT, "Length of the period in months; null for twelve.", nullable=True),
    Column("is_audited", FLAG, "Whether an auditor signed it.", nullable=True),
)

RATINGS: Final = _contract(
    "ratings",
    ("customer_id", "agency", "rated_on"),
    Column("customer_id", TEXT, "Who is rated."),
    Column("agency", TEXT, "Bureau, or INTERNAL."),
    Column("rated_on", DAY, "Date of the rating."),
    Column("grade", TEXT, "Grade on the agency's own scale."),
    Column("score", RATE, "Score on the agency's own scale.", nullable=True),
    Column("rank", COUNT, "Place of the grade on that scale, 1 being the best.", nullable=True),
    Column("ranks", COUNT, "Number of grades on that scale.", nullable=True),
    Column("valid_to_on", DAY, "Last day on which the rating stands; null for until the next.", nullable=True),
)

CREDIT_EVENTS: Final = _contract(
    "credit_events",
    ("customer_id", "kind", "happened_on"),
    Column("customer_id", TEXT, "Whom it befell."),
    Column("kind", TEXT, "INSOLVENCY, WRITE_OFF, LEGAL or DUNNING."),
    Column("happened_on", DAY, "When it happened."),
    Column("amount", MONEY, "Amount concerned.", nullable=True),
    Column("currency", TEXT, "ISO 4217 code.", nullable=True),
)

LIMITS: Final = _contract(
    "limits",
    ("customer_id", "valid_from_on"),
    Column("customer_id", TEXT, "Whose limit."),
    Column("valid_from_on", DAY, "First day in force."),
    Column("valid_to_on", DAY, "Last day in force; null for until further notice.", nullable=True),
    Column("amount", MONEY, "Credit limit, not negative."),
    Column("currency", TEXT, "ISO 4217 code."),
)

SECURITIES: Final = _contract(
    "securities",
    ("security_id",),
    Column("security_id", TEXT, "The security's key."),
    Column("customer_id", TEXT, "Whose debt it covers."),
    Column("kind", TEXT, "INSURANCE, GUARANTEE, LETTER_OF_CREDIT or DEPOSIT."),
    Column("issuer", TEXT, "Who stands for it.", nullable=True),
    Column("valid_from_on", DAY, "First day of cover."),
    Column("valid_to_on", DAY, "Last day of cover; null for until further notice.", nullable=True),
    Column("amount", MONEY, "Most that it pays, not negative."),
    Column("currency", TEXT, "ISO 4217 code."),
    Column("covered_percent", RATE, "Part of a loss that it pays, in percent; null for all of it.", nullable=True),
)

EXCHANGE_RATES: Final = _contract(
    "exchange_rates",
    ("currency", "into_currency", "quoted_on"),
    Column("currency", TEXT, "ISO 4217 code of the amount that is turned."),
    Column("into_currency", TEXT, "ISO 4217 code into which it is turned."),
    Column("quoted_on", DAY, "Day of the rate."),
    Column("rate", EXCHANGE, "Units of into_currency for one unit of currency, positive."),
)

HOLIDAYS: Final = _contract(
    "holidays",
    ("country", "falls_on"),
    Column("country", TEXT, "ISO 3166-1 alpha-2 code."),
    Column("falls_on", DAY, "Day on which no business is done, weekends aside."),
    Column("name", TEXT, "Name of the holiday.", nullable=True),
)

CONTRACTS: Final = {
    contract.name: contract
    for contract in (
        CUSTOMERS,
        INVOICES,
        PAYMENTS,
        ALLOCATIONS,
        CREDIT_NOTES,
        DISPUTES,
        ORDERS,
        DELIVERIES,
        PAYMENT_TERMS,
        FINANCIALS,
        STATEMENTS,
        RATINGS,
        CREDIT_EVENTS,
        LIMITS,
        SECURITIES,
        EXCHANGE_RATES,
        HOLIDAYS,
    )
}
