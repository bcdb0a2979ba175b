"""SQLite, Redis and PostgreSQL: the same facts on each, and the same as Feast reads and writes there."""

from contextlib import closing
from datetime import date, timedelta

import pandas as pd
import pytest

from features.store.address import UnknownAddressError
from features.store.backend import OnlineUnreachableError
from features.store.definitions import CUSTOMER_ID
from features.store.freshness import Freshness, freshness
from features.store.online import OnlineFacts, Written
from features.store.reader import KeptElsewhereError, Reader
from features.store.store import Store

from .conftest import NAMES, PASSWORD

DAY = date(2024, 3, 1)
VIEW = "customer_facts"
PEOPLE = ("B1", "B22", "Zoë 株式会社", "B4")
VALUES = ((3.0, None, 400.0), (0.1 + 0.2, 0.5, -0.0), (None, None, None), (1e300, -5e-324, 2.0**53))


def rows_for(feature_rows, day=DAY):
    return feature_rows(*((who, day, *values) for who, values in zip(PEOPLE, VALUES, strict=True)))


def by_feast(store, people, names=NAMES):
    """What Feast's own reader gives, one tuple per customer."""
    asked = [f"{VIEW}:{name}" for name in names]
    told = store.feast().get_online_features(asked, {CUSTOMER_ID: list(people)}).to_dict()
    return list(zip(*(told[name] for name in names), strict=True))


def by_us(store, people, names=NAMES):
    return [tuple(facts.values.values()) for facts in store.read_online(people, names)]  # noqa: PD011  # no pandas


@pytest.mark.parametrize("whole", [False, True])
def test_feast_reads_what_we_wrote(stores, feature_rows, computed, whole):
    store = stores()
    write = store.write_whole if whole else store.write_online
    assert write(rows_for(feature_rows), computed_at=computed()).customers == 4
    assert by_feast(store, [*PEOPLE, "nobody"]) == [*VALUES, (None, None, None)]
    assert by_feast(store, PEOPLE, ["as_of_day"]) == [((DAY - date(1970, 1, 1)).days,)] * 4
    assert by_us(store, [*PEOPLE, "nobody"]) == [*VALUES, (None, None, None)]


def test_we_read_what_feast_wrote(stores, feature_rows, computed):
    store = stores()
    store.write_online(feature_rows(("B1", DAY, 9.0, 9.0, 9.0)), computed_at=computed())
    frame = pd.DataFrame({CUSTOMER_ID: PEOPLE})
    for i, name in enumerate(NAMES):
        frame[name] = pd.array([values[i] for values in VALUES], dtype="Float64").astype("float64")
    frame["as_of_day"], frame["computed_at_us"] = (DAY - date(1970, 1, 1)).days, 7
    frame["event_timestamp"] = frame["created_timestamp"] = pd.Timestamp(computed(60))
    store.feast().write_to_online_store(VIEW, frame)
    assert by_us(store, PEOPLE) == list(VALUES)
    assert {facts.as_of for facts in store.read_online(PEOPLE, ["open_count"])} == {DAY}


def test_a_pushed_customer_is_new_and_others_are_as_they_were(stores, feature_rows, computed):
    store = stores()
    store.write_whole(rows_for(feature_rows), computed_at=computed())
    store.write_online(feature_rows(("B22", DAY, None, 0.25, 7.0)), computed_at=computed(1))
    assert by_us(store, PEOPLE) == [VALUES[0], (None, 0.25, 7.0), *VALUES[2:]]
    assert by_feast(store, PEOPLE) == by_us(store, PEOPLE)
    assert store.read_online(["B22"], [])[0].computed_at == computed(1)


def test_customers_of_several_days_in_one_push(stores, feature_rows, computed):
    store = stores()
    rows = [(f"C{i}", DAY + timedelta(days=i % 3), float(i), None, 1.0) for i in range(1200)]
    store.write_online(feature_rows(*rows), computed_at=computed())
    found = store.read_online([row[0] for row in rows], ["open_count"])
    assert [(facts.as_of, facts.values["open_count"]) for facts in found] == [(row[1], row[2]) for row in rows]  # noqa: PD011  # no pandas
    assert store.online_customers() == sorted(row[0] for row in rows)


def written_by_feast(store, at):
    frame = pd.DataFrame({CUSTOMER_ID: ["B1"]} | {name: [8.0] for name in NAMES})
    frame["as_of_day"], frame["computed_at_us"] = 1, 1
    frame["event_timestamp"] = frame["created_timestamp"] = pd.Timestamp(at)
    store.feast().write_to_online_store(VIEW, frame)


@pytest.mark.parametrize(("seconds", "newer"), [(-1, False), (0, False), (1, True)])
def test_feast_after_us_follows_its_rule_of_timestamps(stores, feature_rows, computed, online, seconds, newer):
    """On Redis a row that is not newer is left out; SQLite and PostgreSQL take any."""
    store = stores()
    store.write_online(feature_rows(("B1", DAY, 3.0, 3.0, 3.0)), computed_at=computed())
    written_by_feast(store, computed(seconds))
    takes = newer or not online.startswith("redis")
    assert by_us(store, ["B1"]) == [(8.0,) * 3 if takes else (3.0,) * 3]


@pytest.mark.parametrize(("seconds", "newer"), [(-1, False), (0, False), (1, True)])
def test_we_after_feast_follow_the_same_rule_and_say_so(stores, feature_rows, computed, online, seconds, newer):
    store = stores()
    store.write_online(feature_rows(("B1", DAY, 3.0, 3.0, 3.0)), computed_at=computed())
    written_by_feast(store, computed(100))
    done = store.write_online(feature_rows(("B1", DAY, 4.0, 4.0, 4.0)), computed_at=computed(100 + seconds))
    takes = newer or not online.startswith("redis")
    assert done == Written(int(takes), int(not takes), 0, 1)
    assert by_us(store, ["B1"]) == [(4.0,) * 3 if takes else (8.0,) * 3]


@pytest.mark.parametrize(
    ("age", "expected"),
    [(0, Freshness.FRESH), (6, Freshness.FRESH), (7, Freshness.STALE), (8, Freshness.STALE), (400, Freshness.STALE)],
)
def test_freshness_at_the_edges_is_judged_by_us_whatever_the_server_serves(
    stores, feature_rows, computed, age, expected
):
    store = stores()
    store.write_whole(rows_for(feature_rows), computed_at=computed())
    known, unknown = store.read_online(["B1", "nobody"], ["open_count"])
    business_date = DAY + timedelta(days=age)
    assert known.values["open_count"] == 3.0, "the server serves a value however old it is"  # noqa: PD011  # no pandas
    assert freshness(known.as_of, business_date=business_date, stale_after_days=7) is expected
    assert freshness(unknown.as_of, business_date=business_date, stale_after_days=7) is Freshness.MISSING


def test_nothing_was_written_yet(stores):
    store = stores()
    assert store.read_online(["B1"], NAMES) == [OnlineFacts("B1", dict.fromkeys(NAMES), None, None)]
    assert (store.mark(), store.online_customers()) == (None, [])


def test_what_a_write_notes_of_its_origin_is_there_for_the_next(stores, feature_rows, computed):
    stores().write_whole(rows_for(feature_rows), computed_at=computed(), mark={"invoices": 3})
    stores().write_online(feature_rows(("B1", DAY, 1.0, 1.0, 1.0)), computed_at=computed(1))
    assert stores().mark() == {"invoices": 3}
    stores().write_online(feature_rows(("B1", DAY, 1.0, 1.0, 1.0)), computed_at=computed(2), mark={"invoices": 4})
    assert stores().mark() == {"invoices": 4}


def test_the_password_is_in_no_file_no_text_and_not_in_feasts_configuration(stores, feature_rows, computed, online):
    store = stores()
    store.write_whole(rows_for(feature_rows), computed_at=computed())
    reader = Store.open_for_reading(store.folder, online=online)
    files = b"".join(path.read_bytes() for path in sorted(store.folder.rglob("*")) if path.is_file())
    assert PASSWORD.encode() not in files
    said = [repr(vars(store)), repr(reader), repr(vars(reader)), repr(store.feast().config), str(store._address)]
    reader.close()
    assert not [text for text in said if PASSWORD in text]


def test_a_reader_that_was_told_of_another_server_is_refused(stores, online):
    folder = stores().folder
    other = "redis://127.0.0.1:1/0" if online == "sqlite" else "sqlite"
    with pytest.raises(KeptElsewhereError, match="set it to the same server for every process"):
        Reader(folder, online=other)


def test_the_environment_says_where_the_facts_are(stores, feature_rows, computed, online, monkeypatch):
    store = stores()
    store.write_whole(rows_for(feature_rows), computed_at=computed())
    monkeypatch.setenv("O2C_RISK_ONLINE", online)
    with closing(Store.open_for_reading(store.folder)) as reader:
        assert reader.read_online(["B1"], ["open_count"])[0].values["open_count"] == 3.0  # noqa: PD011  # no pandas


@pytest.mark.parametrize("url", [f"redis://:{PASSWORD}@127.0.0.1:1/0", f"postgresql://u:{PASSWORD}@127.0.0.1:1/d"])
def test_a_dead_server_is_told_in_plain_words_without_its_password(tmp_path, facts, url):
    with pytest.raises(OnlineUnreachableError, match=r"does not answer.*See that the server") as told:
        Store(tmp_path, facts=facts, online=url).apply()
    assert PASSWORD not in str(told.value)


@pytest.mark.parametrize("text", ["mysql://u:s3cret@h/d", "s3cret", "redis:", "postgresql://"])
def test_an_address_of_no_known_server_is_refused(tmp_path, facts, text):
    with pytest.raises(UnknownAddressError, match="must be sqlite, redis://") as told:
        Store(tmp_path, facts=facts, online=text)
    assert "u:s3cret" not in str(told.value)
