"""The controlled list of reason sentences. A number, once released, keeps its meaning for good.

``<w>`` in a name stands for a window, ``<period>`` for the same in words; ``{feature:unit}`` for a value
(see ``scoring.quantity``). Of several sentences the first whose values are all known is used.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Sentence:
    """How a feature reads as a reason.

    Attributes:
        number: Ends the reason's code; it is unique within the feature's group.
        known: Sentences with values, the fullest first; the last needs the feature itself only.
        unknown: Sentence for a missing value; it says that something is not known, and no number.
        zero: Sentence for the value 0, where the others would read oddly.
    """

    number: str
    known: tuple[str, ...]
    unknown: str
    zero: str | None = None


GROUP_SENTENCES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "payment_behaviour": ("R-PAY", "The payment behaviour of the past year weighs against the customer."),
        "recent_lateness": ("R-LATE", "Recent payments weigh against the customer."),
        "open_items": ("R-OPEN", "The open items weigh against the customer."),
        "order_size": ("R-SIZE", "The size of this amount weighs against the customer."),
        "terms": ("R-TERM", "The payment terms weigh against the customer."),
        "tenure": ("R-TEN", "The length of the business relation weighs against the customer."),
        "activity": ("R-ACT", "The volume of recent business weighs against the customer."),
        "financials": ("R-FIN", "The financial figures weigh against the customer."),
        "disputes": ("R-DISP", "Disputes and credit notes weigh against the customer."),
        "credit_events": ("R-EVENT", "Credit events weigh against the customer."),
        "customer": ("R-CUST", "The master data weigh against the customer."),
        "exposure": ("R-EXPO", "The exposure weighs against the customer."),
    }
)
"""Per reason group: how its codes begin, and the sentence for a feature that has none of its own."""

_PERIODS: Final = {
    "30d": "in the last 30 days",
    "90d": "in the last 90 days",
    "180d": "in the last 180 days",
    "365d": "in the last 365 days",
    "ever": "so far",
}

_OVERDUE: Final = "{overdue_count:count item is|items are} overdue, the oldest by {oldest_overdue_days:days}."

# Name, number, sentences with values (several parted by " // "), sentence for a missing value, sentence for 0.
_ROWS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "days_late_mean_<w>",
        "01",
        "Invoices settled <period> were paid {:late} on average.",
        "How late invoices are paid is not known: none was settled <period>.",
    ),
    (
        "days_late_worst_<w>",
        "02",
        "The slowest of the invoices settled <period> was paid {:late}.",
        "How late the slowest invoice was paid is not known: none was settled <period>.",
    ),
    (
        "late5_share_<w>",
        "03",
        "{:share} of the invoices settled <period> were paid 5 or more days late.",
        "The share of invoices paid 5 or more days late is not known: none was settled <period>.",
        "None of the invoices settled <period> was paid 5 or more days late.",
    ),
    (
        "late1_share_<w>",
        "04",
        "{:share} of the invoices settled <period> were paid late.",
        "The share of invoices paid late is not known: none was settled <period>.",
        "None of the invoices settled <period> was paid late.",
    ),
    (
        "late30_share_<w>",
        "05",
        "{:share} of the invoices settled <period> were paid 30 or more days late.",
        "The share of invoices paid 30 or more days late is not known: none was settled <period>.",
        "None of the invoices settled <period> was paid 30 or more days late.",
    ),
    (
        "settled_count_<w>",
        "06",
        "{:count invoice was|invoices were} settled <period>.",
        "How many invoices were settled <period> is not known.",
    ),
    (
        "days_late_std_<w>",
        "07",
        "Payment dates of the invoices settled <period> vary by {:days}.",
        "How much payment dates vary is not known: fewer than two invoices were settled <period>.",
        "Payment dates of the invoices settled <period> do not vary.",
    ),
    (
        "days_late_weighted_<w>",
        "08",
        "Weighted by amount, invoices settled <period> were paid {:late} on average.",
        "How late amounts are paid is not known: no invoice of known amount was settled <period>.",
    ),
    (
        "days_late_trend_<w>",
        "09",
        "Every 30 days <period>, payments came {:later}.",
        "Whether payments become later is not known: too few invoices were settled <period>.",
    ),
    (
        "last_days_late",
        "10",
        "On the latest payment day, the slowest invoice was paid {:late}.",
        "How late the latest payment came is not known: nothing was ever settled.",
    ),
    (
        "on_due_day_share_<w>",
        "11",
        "{:share} of the invoices settled <period> were paid on the very due date.",
        "The share of invoices paid on the due date is not known: none was settled <period>.",
        "None of the invoices settled <period> was paid on the very due date.",
    ),
    (
        "days_since_late5_payment",
        "12",
        "The latest payment that came 5 or more days late was {:days} ago.",
        "No payment that came 5 or more days late is known.",
        "Today a payment came 5 or more days late.",
    ),
    (
        "late5_count_<w>",
        "13",
        "{:count invoice was|invoices were} paid 5 or more days late <period>.",
        "How many invoices were paid 5 or more days late <period> is not known.",
    ),
    (
        "payment_index_<w>",
        "14",
        "The payment index is {:number} of 100 <period>; 80 means paying on the due date.",
        "The payment index is not known: too few invoices of known amount were settled <period>.",
    ),
    (
        "due_count_<w>",
        "15",
        "{:count invoice|invoices} fell due <period>.",
        "How many invoices fell due <period> is not known.",
    ),
    (
        "due_late5_share_<w>",
        "16",
        "{:share} of the invoices that fell due <period> were not paid within 4 days.",
        "The share of due invoices not paid within 4 days is not known: none fell due <period>.",
        "All invoices that fell due <period> were paid within 4 days.",
    ),
    (
        "worst_dpd_<w>",
        "17",
        "An invoice was as far as {:days} past due <period>.",
        "How far invoices were past due <period> is not known: none was settled or is open.",
        "No invoice was past due <period>.",
    ),
    *(
        (
            f"days_late_last_{place}",
            f"{17 + place}",
            f"The invoice that fell due {last}, of those whose outcome is known, was paid or is still open {{:late}}.",
            f"How the invoice that fell due {last} turned out is not known.",
        )
        for place, last in ((1, "last"), (2, "last but one"), (3, "last but two"))
    ),
    (
        "late5_share_recent",
        "21",
        "With the latest weighing most, {:share} of the invoices whose outcome is known came 5 or more days late.",
        "The recent share of invoices that come 5 or more days late is not known: no recent outcome is.",
        "None of the invoices whose outcome became known of late came 5 or more days late.",
    ),
    (
        "late1_share_recent",
        "22",
        "With the latest weighing most, {:share} of the invoices whose outcome is known came late.",
        "The recent share of invoices that come late is not known: no recent outcome is.",
        "None of the invoices whose outcome became known of late came late.",
    ),
    (
        "overdue_count",
        "01",
        _OVERDUE + " // {:count item is|items are} overdue.",
        "How many items are overdue is not known.",
        "No item is overdue.",
    ),
    (
        "oldest_overdue_days",
        "01",
        _OVERDUE + " // The oldest overdue item is {:days} past due.",
        "How long items are overdue is not known.",
        "No item is overdue.",
    ),
    ("open_count", "02", "{:count item is|items are} open.", "How many items are open is not known."),
    ("open_amount", "03", "{:money} is open.", "The open amount is not known.", "Nothing is open."),
    (
        "open_amount_missing_count",
        "04",
        "{:count open item has|open items have} no known amount.",
        "How many open items lack an amount is not known.",
    ),
    ("overdue_amount", "05", "{:money} is overdue.", "The overdue amount is not known.", "Nothing is overdue."),
    (
        "overdue5_count",
        "06",
        "{:count item is|items are} 5 or more days overdue.",
        "How many items are 5 or more days overdue is not known.",
    ),
    (
        "overdue30_count",
        "07",
        "{:count item is|items are} 30 or more days overdue.",
        "How many items are 30 or more days overdue is not known.",
    ),
    (
        "overdue_share",
        "08",
        "{:share} of the open amount is overdue.",
        "The overdue part of the open amount is not known.",
        "Nothing of the open amount is overdue.",
    ),
    (
        "oldest_open_age_days",
        "09",
        "The oldest open item was issued {:days} ago.",
        "No open item is known.",
        "The oldest open item was issued today.",
    ),
    (
        "due_soon_count",
        "10",
        "{:count open item falls|open items fall} due in the next 30 days.",
        "How many open items fall due in the next 30 days is not known.",
    ),
    (
        "amount_to_open",
        "11",
        "This invoice is {:times} the open amount.",
        "No open amount is known to compare this invoice with.",
    ),
    *(
        (
            f"open_count_due_week_{week}",
            f"{12 + week}",
            f"{{:count open item falls|open items fall}} due in {7 * week + 1} to {7 * week + 7} days.",
            f"How many open items fall due in {7 * week + 1} to {7 * week + 7} days is not known.",
        )
        for week in range(8)
    ),
    *(
        (
            f"open_amount_due_week_{week}",
            f"{20 + week}",
            f"{{:money}} falls due in {7 * week + 1} to {7 * week + 7} days.",
            f"The amount that falls due in {7 * week + 1} to {7 * week + 7} days is not known.",
            f"Nothing falls due in {7 * week + 1} to {7 * week + 7} days.",
        )
        for week in range(8)
    ),
    (
        "due_week_open_count",
        "28",
        "{:count open item falls|open items fall} due in the same week as this invoice.",
        "How many open items fall due in the same week as this invoice is not known.",
    ),
    (
        "due_week_open_to_amount",
        "29",
        "What falls due in the same week as this invoice is {:times} its amount.",
        "How much falls due in the same week as this invoice is not known.",
        "Nothing else falls due in the same week as this invoice.",
    ),
    (
        "due_before_open_to_amount",
        "30",
        "What falls due in the weeks before this invoice is {:times} its amount.",
        "How much falls due in the weeks before this invoice is not known.",
        "Nothing falls due in the weeks before this invoice.",
    ),
    (
        "invoice_count_<w>",
        "01",
        "{:count invoice was|invoices were} issued <period>.",
        "How many invoices were issued <period> is not known.",
    ),
    (
        "invoiced_amount_<w>",
        "02",
        "{:money} was invoiced <period>.",
        "The amount invoiced <period> is not known.",
        "Nothing was invoiced <period>.",
    ),
    (
        "amount_missing_count_<w>",
        "03",
        "{:count invoice|invoices} issued <period> without a known amount.",
        "How many invoices lack an amount is not known.",
    ),
    (
        "invoiced_trend_90d",
        "04",
        "Against the year's average, invoicing of the last 90 days is {:more}.",
        "How invoicing develops is not known: nothing of known amount was invoiced in the last 365 days.",
    ),
    (
        "days_since_last_invoice",
        "05",
        "The latest invoice was issued {:days} ago.",
        "No earlier invoice is known.",
        "The latest invoice was issued today.",
    ),
    (
        "days_since_last_payment",
        "06",
        "The latest payment came {:days} ago.",
        "No payment is known.",
        "The latest payment came today.",
    ),
    (
        "order_count_<w>",
        "07",
        "{:count order was|orders were} placed <period>.",
        "How many orders were placed <period> is not known.",
    ),
    (
        "invoice_amount_mean_<w>",
        "01",
        "The mean invoice issued <period> is {:money}.",
        "The mean invoice is not known: none of known amount was issued <period>.",
    ),
    (
        "invoice_amount_max_<w>",
        "02",
        "The largest invoice issued <period> is {:money}.",
        "The largest invoice is not known: none of known amount was issued <period>.",
    ),
    (
        "order_amount_mean_<w>",
        "03",
        "The mean order placed <period> is {:money}.",
        "The mean order is not known: none of known value was placed <period>.",
    ),
    (
        "order_amount_max_<w>",
        "04",
        "The largest order placed <period> is {:money}.",
        "The largest order is not known: none of known value was placed <period>.",
    ),
    ("amount", "05", "This invoice is for {:money}.", "The amount of this invoice is not known."),
    (
        "amount_to_mean_<w>",
        "06",
        "This invoice is {:times} the mean invoice issued <period>.",
        "How this invoice compares with the mean one is not known: none of known amount was issued <period>.",
    ),
    (
        "amount_to_max_<w>",
        "07",
        "This invoice is {:times} the largest invoice issued <period>.",
        "How this invoice compares with the largest one is not known: none of known amount was issued <period>.",
    ),
    (
        "terms_mean_<w>",
        "01",
        "Invoices issued <period> had mean terms of {:days}.",
        "The usual payment terms are not known: no invoice was issued <period>.",
    ),
    (
        "terms_distinct_<w>",
        "02",
        "{:count payment term was|different payment terms were} given <period>.",
        "How many payment terms were given <period> is not known.",
    ),
    (
        "terms_change_90d",
        "03",
        "Terms of the last 90 days are {:longer} those of the last 365 days.",
        "How terms changed is not known: no invoice was issued in the last 90 days.",
    ),
    (
        "interest_rate_mean_<w>",
        "04",
        "The mean interest rate agreed <period> is {:percent}.",
        "The usual interest rate is not known: no invoice <period> states one.",
    ),
    ("terms_days", "05", "This invoice has terms of {:days}.", "The terms of this invoice are not known."),
    ("due_weekday", "06", "This invoice falls due on a {:weekday}.", "The due date is not known."),
    ("due_day", "07", "This invoice falls due on day {:number} of the month.", "The due date is not known."),
    ("issue_weekday", "08", "This invoice is issued on a {:weekday}.", "The issue date is not known."),
    ("issue_day", "09", "This invoice is issued on day {:number} of the month.", "The issue date is not known."),
    (
        "interest_rate",
        "10",
        "This invoice carries an interest rate of {:percent}.",
        "The interest rate of this invoice is not known.",
    ),
    (
        "terms_to_usual",
        "11",
        "Terms of this invoice are {:longer} the customer's usual ones.",
        "Whether the terms are usual is not known: no invoice was issued in the last 365 days.",
    ),
    (
        "interest_rate_to_usual",
        "12",
        "The interest rate differs from the customer's usual one by {:number} percentage points.",
        "Whether the interest rate is usual is not known.",
    ),
    (
        "tenure_days",
        "01",
        "The first invoice was issued {:days} ago.",
        "No earlier invoice is known.",
        "The first invoice was issued today.",
    ),
    (
        "relation_days",
        "02",
        "The business relation began {:days} ago.",
        "When the business relation began is not known.",
        "The business relation begins today.",
    ),
    ("revenue_latest", "01", "The latest monthly revenue is {:money}.", "The monthly revenue is not known."),
    ("revenue_12m", "02", "The yearly revenue is {:money}.", "The yearly revenue is not known."),
    (
        "revenue_trend",
        "03",
        "Against the year's average, revenue of the last 90 days is {:more}.",
        "How revenue develops is not known.",
    ),
    (
        "revenue_age_days",
        "04",
        "The latest revenue figure is {:days} old.",
        "No revenue figure is known.",
        "The latest revenue figure is of today.",
    ),
    (
        "employees",
        "05",
        "The customer has {:count employee|employees}.",
        "The number of employees is not known.",
    ),
    (
        "tangible_net_worth",
        "06",
        "The tangible net worth is {:money}.",
        "The tangible net worth is not known.",
    ),
    ("working_capital", "07", "The working capital is {:money}.", "The working capital is not known."),
    (
        "statement_age_days",
        "08",
        "The latest balance sheet is {:days} old.",
        "No balance sheet is known.",
        "The latest balance sheet is of today.",
    ),
    (
        "amount_to_revenue_12m",
        "09",
        "This invoice is {:share} of the yearly revenue.",
        "No yearly revenue is known to compare this invoice with.",
    ),
    (
        "current_ratio",
        "10",
        "Current assets are {:times} the current liabilities in the latest statement.",
        "How current assets compare with current liabilities is not known.",
    ),
    (
        "quick_ratio",
        "11",
        "Current assets without inventories are {:times} the current liabilities in the latest statement.",
        "How current assets without inventories compare with current liabilities is not known.",
    ),
    (
        "equity_share",
        "12",
        "Equity is {:share} of total assets in the latest statement.",
        "The share of equity in total assets is not known.",
    ),
    (
        "net_margin",
        "13",
        "Net income is {:share} of revenue in the latest statement.",
        "Net income as a share of revenue is not known.",
    ),
    (
        "return_on_assets",
        "14",
        "Net income of a year is {:share} of total assets in the latest statement.",
        "Net income as a share of total assets is not known.",
    ),
    (
        "revenue_growth",
        "15",
        "Revenue grew by {:share} from one annual statement to the next.",
        "How revenue grew from one annual statement to the next is not known.",
    ),
    (
        "disputed_open_amount",
        "01",
        "{:money} of the open amount is disputed.",
        "The disputed part of the open amount is not known.",
        "Nothing of the open amount is disputed.",
    ),
    (
        "dispute_count_<w>",
        "02",
        "{:count dispute was|disputes were} opened <period>.",
        "How many disputes were opened <period> is not known.",
    ),
    (
        "credited_amount_<w>",
        "03",
        "{:money} was credited <period>.",
        "The amount credited <period> is not known.",
        "Nothing was credited <period>.",
    ),
    (
        "credit_note_share_<w>",
        "04",
        "{:share} of the amount invoiced <period> was credited.",
        "The credited share is not known: nothing of known amount was invoiced <period>.",
        "Nothing of the amount invoiced <period> was credited.",
    ),
    (
        "credit_event_count_<w>",
        "01",
        "{:count credit event|credit events} befell the customer <period>.",
        "Whether credit events befell the customer <period> is not known.",
    ),
    (
        "days_since_credit_event",
        "02",
        "The latest credit event was {:days} ago.",
        "No credit event is known.",
        "The latest credit event was today.",
    ),
    (
        "is_known_customer",
        "01",
        "A master record or an invoice of the customer is known.",
        "The customer is not known.",
        "Neither a master record nor an invoice of the customer is known.",
    ),
    (
        "is_natural_person",
        "02",
        "The customer is a natural person.",
        "Whether the customer is a natural person is not known.",
        "The customer is a company.",
    ),
    (
        "size_class_rank",
        "03",
        "The customer is a {:size} company.",
        "The size of the customer is not known.",
    ),
    (
        "peak_paid_in_terms_<w>",
        "01",
        "The highest exposure paid within terms <period> is {:money}.",
        "No exposure paid within terms <period> is known.",
    ),
    (
        "exposure_after_to_invoiced_<w>",
        "02",
        "With this invoice, {:share} of the amount invoiced <period> is open.",
        "How the exposure compares with what was invoiced <period> is not known.",
    ),
    (
        "exposure_after_to_revenue_12m",
        "03",
        "With this invoice, the open amount is {:share} of the yearly revenue.",
        "No yearly revenue is known to compare the exposure with.",
    ),
)


def sentences() -> Mapping[str, Sentence]:
    """The controlled list: feature name → sentence.

    Example:
        >>> sentences()["late5_share_90d"].known
        ('{late5_share_90d:share} of the invoices settled in the last 90 days were paid 5 or more days late.',)
    """
    return MappingProxyType(dict(_expanded()))


def _expanded() -> Iterator[tuple[str, Sentence]]:
    for name, *texts in _ROWS:
        for window, period in _PERIODS.items() if "<w>" in name else [("", "")]:
            feature = name.replace("<w>", window)
            yield feature, _sentence(*(_filled(text, feature, period) for text in texts))


def _sentence(number: str, known: str, unknown: str, zero: str | None = None) -> Sentence:
    return Sentence(number, tuple(known.split(" // ")), unknown, zero)


def _filled(text: str, feature: str, period: str) -> str:
    return text.replace("<period>", period).replace("{:", f"{{{feature}:")
