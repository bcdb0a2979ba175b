"""A desk with a made-up release: models that answer what they are told to, facts in a dictionary."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import numpy as np
import pytest
import yaml

from policy.released import OwnBook, ReleasedPolicy, to_release
from scoring.model import ModelSpec
from serving.app import application
from serving.desk import Desk
from serving.release import Live, Release, Source
from serving.worker import Worker

PARAMETERS = Path(__file__).resolve().parents[2] / "policy" / "parameters" / "limits.yaml"
TODAY = date(2026, 3, 10)
YESTERDAY = date(2026, 3, 9)
COMPUTED_AT = datetime(2026, 3, 10, 2, 30, tzinfo=UTC)
STALE_AFTER_DAYS = 7
DEFAULT_FEATURES = {"overdue_count": "open_items", "late5_share_365d": "payment_behaviour"}
LATE_FEATURES = {**DEFAULT_FEATURES, "terms_days": "terms", "amount_to_mean_365d": "order_size"}
VALUES = {
    "is_known_customer": 1.0,
    "is_natural_person": 0.0,
    "overdue_count": 2.0,
    "late5_share_365d": 0.25,
    "invoiced_amount_90d": 90000.0,
    "invoiced_amount_365d": 300000.0,
    "invoice_amount_mean_365d": 5000.0,
    "invoice_amount_max_365d": 9000.0,
    "terms_mean_365d": 30.0,
    "open_amount": 20000.0,
    "revenue_12m": 5000000.0,
    "peak_paid_in_terms_365d": 60000.0,
    "credit_event_count_365d": 0.0,
    "amount_missing_count_365d": 0.0,
}


def spec(name, probability_name, target, groups, **changes):
    values = {
        "name": name,
        "target": target,
        "label": {},
        "probability_name": probability_name,
        "feature_names": tuple(groups),
        "feature_set": "late" if name == "late-payment" else "default",
        "feature_set_version": 1,
        "feature_set_hash": "0123456789abcdef",
        "monotone": (0,) * len(groups),
        "groups": groups,
        "trained_as_of": date(2025, 9, 1),
        "known_at": date(2026, 3, 1),
        "train_rows": 100,
        "train_bad": 10,
        "base_rate": 0.1,
        "baseline": dict.fromkeys(groups, 0.0),
        "baseline_log_odds": -2.0,
        "parameters": {},
        "seeds": (1,),
        "lightgbm_version": "4.7.0",
    }
    return ModelSpec(**{**values, **changes})


@dataclass
class FakeModel:
    """A model of one answer, which keeps what it was shown."""

    spec: ModelSpec
    answer: float
    shown: list = field(default_factory=list)
    pay_time: None = None

    def matrix(self, columns):
        self.shown.append({name: columns[name].tolist() for name in self.spec.feature_names})
        return np.column_stack([columns[name] for name in self.spec.feature_names])

    def probability(self, matrix):
        return np.full(len(matrix), self.answer)

    def contributions(self, matrix):
        return np.tile([*np.linspace(0.5, 0.1, len(self.spec.feature_names)), -2.0], (len(matrix), 1))


class BrokenModel(FakeModel):
    def probability(self, matrix):
        raise ZeroDivisionError("a fault in the code")


@dataclass
class Stored:
    customer_id: str
    values: dict
    as_of: date | None
    computed_at: datetime | None


class FakeStore:
    """Facts by customer; a customer it lacks has no day, as in the real store."""

    def __init__(self, customers):
        self.customers = customers

    def read_online(self, customer_ids, names):
        return [self._one(customer_id, names) for customer_id in customer_ids]

    def _one(self, customer_id, names):
        values, as_of = self.customers.get(customer_id, ({}, None))
        known = {name: values.get(name) for name in names}
        return Stored(customer_id, known, as_of, COMPUTED_AT if as_of else None)


def released_policy(**book):
    source = yaml.safe_load(PARAMETERS.read_text(encoding="utf-8"))
    own = OwnBook(**{"currency": "EUR", "sales_365d": Decimal("9000000.00"), "as_of": YESTERDAY, **book})
    return ReleasedPolicy.from_json(to_release(source, own))


def release(**changes):
    models = {
        "default": FakeModel(spec("default", "pd_180d", "default(90, 180)", DEFAULT_FEATURES, label={"dpd": 90}), 0.02),
        "late-payment": FakeModel(spec("late-payment", "late_prob_5d", "late(5)", LATE_FEATURES), 0.31),
    }
    customers = {
        "C1": (VALUES, YESTERDAY),
        "Zoë Ångström 株式会社": (VALUES, YESTERDAY),
        "STALE": (VALUES, date(2026, 3, 3)),
        "IN DEFAULT": ({**VALUES, "oldest_overdue_days": 91.0}, YESTERDAY),
        "AT THE EDGE": ({**VALUES, "oldest_overdue_days": 90.0}, YESTERDAY),
        "INACTIVE": ({**VALUES, "invoice_count_365d": 0.0}, YESTERDAY),
        "SILENT": ({"is_known_customer": 1.0}, YESTERDAY),
    }
    values = {
        "release_id": "0123456789ab",
        "models": models,
        "policy": released_policy(),
        "facts": FakeStore(customers),
        "versions": {
            "release": "0123456789ab",
            "models": {"default": "3", "late-payment": "7"},
            "feature_sets": {"default_v1": "0123456789abcdef", "late_v1": "0123456789abcdef"},
            "data_version": "d1",
            "code_version": "0.1.0",
        },
        "loaded_at": datetime(2026, 3, 10, 6, 0, tzinfo=UTC),
    }
    return Release(**{**values, **changes})


def live_with(made):
    live = Live(Source(pointed=lambda: Path("releases/0123456789ab"), opened=lambda _: made))
    assert live.refresh()
    return live


class Client:
    """Asks an application directly, one request at a time; what it lets escape is raised here."""

    def __init__(self, app):
        self.app = app

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, **body):
        return self.request("POST", path, **body)

    def request(self, method, path, **body):
        return asyncio.run(self._request(method, path, **body))

    async def _request(self, method, path, **body):
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, **body)


def desk_with(made=None):
    return Desk(live_with(made or release()), lambda: TODAY, STALE_AFTER_DAYS)


def client_of(desk, **options):
    worker = Worker(**({"most_waiting": options.pop("most_waiting")} if "most_waiting" in options else {}))
    return Client(application(desk, worker=worker, **options))


@pytest.fixture
def made():
    return release()


@pytest.fixture
def client(made):
    return client_of(desk_with(made))


def late(**changes):
    asked = {
        "customer_id": "C1",
        "amount": "7500.00",
        "currency": "EUR",
        "issued_on": "2026-03-10",
        "due_on": "2026-04-09",
    }
    return {name: value for name, value in {**asked, **changes}.items() if value is not None}
