"""Disputes raised and credit notes given."""

from tests.features.reference.arithmetic import over, share, total


def facts(desk, customer_id, invoiced_90d, invoiced_365d):
    notes = desk.ages("credit_notes", customer_id, "issued_on")
    year, quarter = (_credited(desk, notes, length) for length in (365, 90))
    return _disputes(desk, customer_id) | {
        "credited_amount_365d": year,
        "credit_note_share_365d": over(year, invoiced_365d),
        "credit_note_share_90d": over(quarter, invoiced_90d),
        "credit_note_count_365d": sum(age < 365 for _, age in notes),
    }


def _credited(desk, notes, length):
    return total(desk.turned(row, row["amount"], row["issued_on"]) for row, age in notes if age < length)


def _disputes(desk, customer_id):
    raised = desk.ages("disputes", customer_id, "opened_on")
    still = [age for row, age in raised if row["closed_on"] is None or row["closed_on"] > desk.as_of]
    named = {row["invoice_id"] for row in desk.seen["disputes"] if row["opened_on"] <= desk.as_of}
    year = [i for i in desk.items(customer_id) if i.age < 365]
    return {
        "dispute_count_365d": sum(age < 365 for _, age in raised),
        "disputed_invoice_share_365d": share(i.invoice["invoice_id"] in named for i in year),
        "disputed_amount_365d": total(_amount(desk, row) for row, age in raised if age < 365),
        "open_dispute_count": len(still),
        "oldest_open_dispute_days": max(still, default=None),
    }


def _amount(desk, dispute):
    """The disputed part, or all of the invoice where no part is named."""
    if dispute["amount"] is not None:
        return desk.turned(dispute, dispute["amount"], dispute["opened_on"])
    whole = [row for row in desk.seen["invoices"] if row["invoice_id"] == dispute["invoice_id"]]
    return desk.turned(whole[0], whole[0]["amount"], whole[0]["issued_on"]) if whole else None
