"""The customer among others: its peers and its group."""

from tests.features.reference.arithmetic import less, over, share, total
from tests.features.reference.owing import worst_dpd

LEVELS = 16


def facts(desk, customer_id):
    return _peers(desk, customer_id) | _group(desk, customer_id)


def _late5(items):
    return [i.late >= 5 for i in items if i.is_settled and i.settled_age < 180]


def _peers(desk, customer_id):
    found = {}
    for name, column in (("industry", "industry"), ("region", "region"), ("size", "size_class")):
        kind = desk.masters.get(customer_id, {}).get(column)
        peers = [who for who, m in desk.masters.items() if who != customer_id and m[column] == kind]
        late = [flag for who in peers for flag in _late5(desk.items(who))]
        found[f"{name}_late5_share_180d"] = None if kind is None else share(late)
        if name == "industry":
            found["industry_customer_count"] = None if kind is None else len(peers)
    own = share(_late5(desk.items(customer_id)))
    return found | {"late5_to_industry_180d": less(own, found["industry_late5_share_180d"])}


def owner(desk, customer_id):
    """Whom the master record names as parent; nobody where it names the customer itself."""
    parent = desk.masters.get(customer_id, {}).get("parent_id")
    return None if parent == customer_id else parent


def ultimate(desk, customer_id):
    """The owner at the top, up to 16 levels above; None for a loop or a longer way."""
    for _ in range(LEVELS):
        if owner(desk, customer_id) is None:
            break
        customer_id = owner(desk, customer_id)
    return customer_id if owner(desk, customer_id) is None else None


def _group(desk, customer_id):
    top = ultimate(desk, customer_id)
    members = sorted(who for who in desk.known if ultimate(desk, who) == top)
    items = [item for who in members for item in desk.items(who)]
    owed, own = (total(i.left for i in given if i.is_open) for given in (items, desk.items(customer_id)))
    found = {
        "group_member_count": len(members),
        "group_open_amount": owed,
        "group_overdue_amount": total(i.undisputed for i in items if i.is_overdue),
        "group_worst_dpd": max((i.dpd for i in items if i.is_open), default=0),
        "group_worst_member_dpd_365d": worst_dpd(items, 365),
        "group_share_of_open": over(own, owed),
    }
    return dict.fromkeys(found) if top is None else found
