"""The standing challenger: whose alias it takes, whose it leaves, and what stays the newest version."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from training.lifecycle.challenger import challenge
from training.lifecycle.compare import opponents
from training.lifecycle.register import register
from training.lifecycle.registry import CHALLENGER, CHAMPION, STANDING, open_registry
from training.lifecycle.standing import stand
from training.lifecycle.stored import stored
from training.lifecycle.versions import alias_of, versions

NAME = "late-payment"
WHO = {"by": "A. Risk", "reason": "a try", "at": datetime(2024, 7, 31, tzinfo=UTC)}


@pytest.fixture(scope="module")
def client(home):
    return open_registry(home)


def test_the_alias_goes_from_scorecard_to_scorecard_and_never_from_a_person(home, client, fitted):
    """One story: two trainings, a person's choice, two more trainings; each training adds a model and its scorecard."""

    def trained(number):
        model = replace(fitted, data_version=f"{number:012}")
        register(model, home)
        return stand(home, replace(model, data_version=f"{number:011}a"))

    first = trained(1)
    assert (first.registered.version, first.challenger, alias_of(client, NAME, CHALLENGER)) == (2, 2, 2)
    assert client.get_model_version(NAME, "2").tags[STANDING] == "trees"
    assert stored(client, NAME).version == 1, "what merely stands is not the newest model"

    client.set_registered_model_alias(NAME, CHAMPION, "1")
    assert [model.version for model in opponents(client, NAME)] == [1, 2], "with nothing newer it is the one to compare"
    assert trained(2).challenger == alias_of(client, NAME, CHALLENGER) == 4, "the next one takes its place"
    assert stored(client, NAME).version == 3
    assert [model.version for model in opponents(client, NAME)] == [1, 3], "a newer model goes before the scorecard"

    challenge(home, {NAME: 3}, **WHO)
    fifth = trained(3)
    assert (fifth.registered.version, fifth.challenger, alias_of(client, NAME, CHALLENGER)) == (6, 3, 3)
    assert fifth.as_dict()["has_alias"] is False
    assert [model.version for model in opponents(client, NAME)] == [1, 3], "a person's choice goes before all"

    challenge(home, {NAME: 6}, **WHO)
    assert trained(4).challenger == 6, "a scorecard that a person named is a person's choice too"

    client.set_registered_model_alias(NAME, CHALLENGER, "5")
    assert trained(5).challenger == 5, "nor is a version taken that somebody named in MLflow itself"
    listed = {found.version: found.origin.get(STANDING) for found in versions(client, NAME)}
    assert [number for number, form in sorted(listed.items()) if form] == [2, 4, 6, 8, 10]


def test_a_scorecard_that_is_the_champion_does_not_challenge_itself(home, client, default_model):
    made = stand(home, default_model)
    client.set_registered_model_alias("default", CHAMPION, str(made.registered.version))
    client.delete_registered_model_alias("default", CHALLENGER)
    again = stand(home, default_model)
    assert (again.registered.created, again.challenger) == (False, None)
    assert stored(client, "default").version == made.registered.version, "with nothing else it is the newest"
