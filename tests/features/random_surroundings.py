"""What surrounds the ledger of a random book: ratings, events, statements, limits, securities, rates of exchange."""

from datetime import date, timedelta
from decimal import Decimal

from tests.features.dice import EDGES, Draw
from tests.features.rows import AS_OF, days


def judged(draw: Draw, customer_id: str) -> None:
    for ago in draw.rng.sample(EDGES, draw.choice(0, 0, 1, 3)):
        happened_on, kind = AS_OF - days(ago), draw.choice("DUNNING", "DUNNING", "LEGAL", "WRITE_OFF", "INSOLVENCY")
        event = {"happened_on": happened_on, "kind": kind, "amount": draw.money()}
        changes = ({"amount": draw.money()},)
        draw.add("credit_events", happened_on, changes, customer_id=customer_id, currency=draw.currency(), **event)
    for agency in draw.rng.sample(("INTERNAL", "ONE", "TWO"), draw.choice(0, 1, 2)):
        for ago in draw.rng.sample((*EDGES, 500, 730), draw.choice(1, 2, 4)):
            rated_on, ranks = AS_OF - days(ago), draw.choice(None, 10, 10, 7)
            rated = {
                "rated_on": rated_on,
                "agency": agency,
                "grade": "A",
                "ranks": ranks,
                "rank": draw.choice(None, *range(1, 1 + (ranks or 7))),
                "valid_to_on": draw.choice(None, None, rated_on + days(draw.choice(0, 180, ago, ago + 1))),
            }
            draw.add("ratings", rated_on, ({"rank": 1},), customer_id=customer_id, **rated)


SUMS = (
    "total_assets",
    "current_assets",
    "current_liabilities",
    "total_liabilities",
    "intangible_assets",
    "cash",
    "receivables",
    "inventories",
    "payables",
    "financial_debt",
    "revenue",
    "cost_of_sales",
    "depreciation",
    "interest_expense",
)
SIGNED = ("retained_earnings", "equity", "ebit", "net_income", "operating_cash_flow")


def stated(draw: Draw, customer_id: str) -> None:
    months = [date(2023, month, 1) for month in range(2, 13)] + [date(2024, month, 1) for month in (1, 2, 3)]
    for month in draw.rng.sample(months, draw.choice(0, 2, 3, 9)):
        stated = {"revenue": draw.money(), "employees": draw.choice(None, 3, 40), "currency": draw.currency()}
        changes = ({"revenue": draw.money()}, {"employees": 7})
        draw.add("customer_financials", month, changes, customer_id=customer_id, period_start_on=month, **stated)
    for year in draw.rng.sample((2020, 2021, 2022, 2023), draw.choice(0, 1, 2, 3)):
        ended_on, rarely = date(year, 12, 31), 0.07
        figures = {name: None if draw.maybe(rarely) else Decimal(draw.rng.randint(0, 500)) for name in SUMS}
        figures |= {name: None if draw.maybe(rarely) else Decimal(draw.rng.randint(-100, 400)) for name in SIGNED}
        kept = {"period_months": draw.choice(None, 12, 6, 18), "is_audited": draw.choice(None, True, False)}
        known_on = ended_on + timedelta(days=draw.choice(30, 61, 100))
        changes = ({"equity": Decimal(50)}, {"revenue": Decimal(900)}, {"total_assets": None})
        named = {"customer_id": customer_id, "fiscal_year_end_on": ended_on, "currency": draw.currency()}
        draw.add("statements", known_on, changes, **named, **kept, **figures)


def covered(draw: Draw, customer_id: str) -> None:
    """Limits and securities, with the day they begin or end at the edge."""
    for ago in draw.rng.sample(EDGES, draw.choice(0, 0, 1, 2, 3)):
        valid_from_on = AS_OF - days(ago)
        amount = draw.choice(Decimal(0), Decimal(draw.rng.randint(1, 99)) * 160)
        known_on = valid_from_on - days(draw.choice(0, 30))
        limit = {"valid_from_on": valid_from_on, "valid_to_on": _end(draw, valid_from_on), "amount": amount}
        changes = ({"amount": amount * 2}, {"valid_to_on": AS_OF})
        draw.add("limits", known_on, changes, customer_id=customer_id, currency=draw.currency(), **limit)
    for number in range(draw.choice(0, 0, 1, 2)):
        valid_from_on = draw.past()
        security = {
            "security_id": f"{customer_id}-S{number}",
            "customer_id": customer_id,
            "kind": draw.choice("INSURANCE", "INSURANCE", "GUARANTEE", "LETTER_OF_CREDIT", "DEPOSIT"),
            "valid_from_on": valid_from_on,
            "valid_to_on": _end(draw, valid_from_on),
            "amount": Decimal(draw.rng.randint(0, 99)) * 160,
            "currency": draw.currency(),
            "covered_percent": draw.choice(None, Decimal(90), Decimal("66.666667")),
        }
        draw.add("securities", valid_from_on, ({"valid_to_on": AS_OF - days(1)},), **security)


def _end(draw: Draw, begin: date) -> date | None:
    return draw.choice(None, None, max(begin, AS_OF + days(draw.choice(-46, -45, -1, 0, 1, 200))))


def rates(draw: Draw) -> None:
    """Quotes for USD with gaps longer than a month, corrected now and then; the other way round too; none for JPY."""
    ago = 800
    while ago > -10:
        quoted_on = AS_OF - days(ago)
        for pair in (("USD", "EUR"), ("EUR", "USD"), ("GBP", "EUR")):
            rate = {"currency": pair[0], "into_currency": pair[1], "quoted_on": quoted_on}
            value = Decimal(draw.rng.randint(8 * 10**7, 11 * 10**7)) / 10**8
            draw.add("exchange_rates", quoted_on, ({"rate": value * 2},), rate=value, **rate)
        ago -= draw.choice(1, 7, 33, 33, 34, 45)
