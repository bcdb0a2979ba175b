"""The release in use: taken up when it is in force, kept when the next one cannot be loaded."""

import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scoring.manifest import BundleError
from serving.desk import Desk
from serving.release import Live, Source, release_of
from serving.watch import Watch

from .conftest import STALE_AFTER_DAYS, TODAY, client_of, release


@dataclass
class Releases:
    """Releases by folder; one that is None cannot be loaded."""

    made: dict = field(default_factory=dict)
    in_force: str | None = None
    opened: list = field(default_factory=list)

    def source(self):
        return Source(pointed=self.pointed, opened=self.open)

    def pointed(self):
        if self.in_force is None:
            raise BundleError("no release is in force", then="Promote a model first.")
        return Path(self.in_force)

    def open(self, folder):
        self.opened.append(folder.name)
        if self.made[folder.name] is None:
            raise BundleError("has another SHA-256", file="models/default/model_0.txt")
        return self.made[folder.name]


def client_on(live):
    return client_of(Desk(live, lambda: TODAY, STALE_AFTER_DAYS))


def test_without_a_release_every_score_is_a_503_that_says_why():
    live = Live(Releases().source())
    assert live.refresh() is False
    assert live.ready is False
    response = client_on(live).post("/v1/scores/default", json={"customer_id": "C1"})
    assert (response.status_code, response.json()["code"]) == (503, "no_release")
    assert "no release is in force. Promote a model first." in response.json()["detail"]
    status = client_on(live).get("/v1/status")
    assert (status.status_code, status.json()["ready"]) == (200, False)


def test_a_release_is_opened_once_and_taken_up():
    releases = Releases({"one": release()}, "one")
    live = Live(releases.source())
    assert [live.refresh(), live.refresh()] == [True, False]
    assert releases.opened == ["one"]
    assert (live.ready, live.problem) == (True, None)


def test_the_next_release_takes_the_place_of_the_one_before():
    releases = Releases({"one": release(), "two": release(release_id="two")}, "one")
    live = Live(releases.source())
    live.refresh()
    releases.in_force = "two"
    assert live.refresh() is True
    assert live.release().release_id == "two"


def test_a_damaged_release_leaves_the_last_good_one_and_says_so_once(caplog):
    good = release()
    releases = Releases({"one": good, "two": None}, "one")
    live = Live(releases.source())
    live.refresh()
    releases.in_force = "two"
    with caplog.at_level(logging.ERROR):
        assert [live.refresh(), live.refresh()] == [False, False]
    assert live.release() is good
    assert "model_0.txt: has another SHA-256" in live.problem
    assert len(caplog.records) == 1
    assert client_on(live).post("/v1/scores/default", json={"customer_id": "C1"}).status_code == 200


def test_going_back_to_the_good_release_clears_the_problem():
    releases = Releases({"one": release(), "two": None}, "one")
    live = Live(releases.source())
    live.refresh()
    releases.in_force = "two"
    live.refresh()
    releases.in_force = "one"
    assert live.refresh() is False
    assert live.problem is None


def test_the_watch_takes_up_a_release_that_comes_later():
    releases = Releases({"one": release()})
    taken = threading.Event()
    releases.made["one"] = release()
    live = Live(Source(releases.pointed, lambda folder: (taken.set(), releases.open(folder))[1]))
    watch = Watch(live, poll_seconds=0.01)
    watch.start()
    releases.in_force = "one"
    assert taken.wait(5)
    watch.stop()
    assert live.ready


@dataclass
class LoadedBundle:
    policy: dict


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param({}, id="empty"),
        pytest.param({"book": None, "limits": {}}, id="no book"),
        pytest.param(
            {"book": {"currency": "EUR", "sales_365d": "x", "as_of": "2026-01-01"}, "limits": {"values": {}}},
            id="sales in words",
        ),
        pytest.param(
            {
                "book": {"currency": "SEK", "sales_365d": None, "as_of": "2026-01-01"},
                "limits": {"values": {"2026-01-01": {"reference": "CC", "money": {"EUR": {}}}}},
            },
            id="no amounts in the currency of the book",
        ),
    ],
)
def test_a_bundle_whose_policy_cannot_be_read_is_refused(policy):
    with pytest.raises(BundleError, match=r"policy/limits\.json: the limit policy cannot be read"):
        release_of(LoadedBundle(policy), facts=None)
