"""Training sets: whose facts, of which day, how old; and never a row more or less than was asked for."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.store.definitions import Facts
from features.store.store import DefinitionsChangedError, NoHistoryError, Store
from features.store.training_set import RowsChangedError, join_history

DAY = date(2024, 3, 1)
NAMES = ("open_count", "overdue_share", "tenure_days")


def midnight(day):
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def after(days, microseconds=0):
    return midnight(DAY) + timedelta(days=days, microseconds=microseconds)


@pytest.fixture
def told(store, feature_rows, computed):
    """Facts of B1 as of 1 March 2024."""
    store.write_history(feature_rows(("B1", DAY, 3.0, None, 400.0)), computed_at=computed())
    return store


@pytest.mark.parametrize(
    ("at", "as_of"),
    [
        pytest.param(after(0), None, id="the start of the day does not see its end"),
        pytest.param(after(1, microseconds=-2), None, id="one microsecond before the end of the day"),
        pytest.param(after(1, microseconds=-1), DAY, id="the last microsecond of the day"),
        pytest.param(after(1), DAY, id="an invoice issued the next day, at 00:00"),
        pytest.param(after(7, microseconds=-1), DAY, id="six days old"),
        pytest.param(after(7), None, id="seven days old is stale"),
        pytest.param(after(8), None, id="eight days old is stale"),
    ],
)
def test_which_instants_see_the_facts_of_a_day(told, entities, at, as_of):
    found = told.training_set(entities(("B1", at)), NAMES)
    assert found["as_of"].to_pylist() == [as_of]
    assert found["open_count"].to_pylist() == [None if as_of is None else 3.0]


def test_null_stays_null_and_is_not_zero(told, entities):
    found = told.training_set(entities(("B1", after(1))), NAMES)
    assert found["overdue_share"].to_pylist() == [None]
    assert found["overdue_share"].null_count == 1


def test_rows_come_back_as_they_were_asked_for(store, feature_rows, entities, computed):
    store.write_history(
        feature_rows(("B1", DAY, 3.0, 0.5, 400.0), ("B1", DAY + timedelta(days=1), 4.0, 0.6, 401.0)),
        computed_at=computed(),
    )
    asked = entities(
        ("B1", after(2)), ("B9", after(2)), ("B1", after(1)), ("B1", after(2)), ("B1", after(400)), ("B1", after(1))
    )
    found = store.training_set(asked, ["tenure_days", "open_count"])
    assert found.column_names == ["case_id", "customer_id", "at", "as_of", "tenure_days", "open_count"]
    assert found.select(asked.column_names).equals(asked)
    assert found["open_count"].to_pylist() == [4.0, None, 3.0, 4.0, None, 3.0]


def test_no_entities_give_no_rows(told, entities):
    assert told.training_set(entities(), NAMES).num_rows == 0


def test_the_row_computed_last_counts_even_if_it_was_computed_long_after(told, feature_rows, entities, computed):
    told.write_history(feature_rows(("B1", DAY, 5.0, 0.25, 400.0)), computed_at=computed(86_400 * 700))
    found = told.training_set(entities(("B1", after(1))), NAMES)
    assert found["open_count"].to_pylist() == [5.0]


def test_a_version_written_meanwhile_adds_to_what_there_is(told, feature_rows, entities, computed):
    told.write_history(feature_rows(("B2", DAY, 1.0, 0.0, 10.0)), computed_at=computed(1))
    found = told.training_set(entities(("B1", after(1)), ("B2", after(1))), NAMES)
    assert found["tenure_days"].to_pylist() == [400.0, 10.0]


def test_refuses_before_there_is_history(store, entities):
    with pytest.raises(NoHistoryError, match=r"holds no history; write_history\(\) comes before"):
        store.training_set(entities(("B1", after(1))), NAMES)


def test_a_feature_that_was_not_computed_is_refused_not_null(told, feature_rows, entities, computed):
    told.write_history(
        feature_rows(("B2", DAY, 1.0, 0.0), names=("open_count", "overdue_share")), computed_at=computed(1)
    )
    assert told.training_set(entities(("B2", after(1))), ["open_count"])["open_count"].to_pylist() == [1.0]
    with pytest.raises(NoHistoryError, match="computed without tenure_days"):
        told.training_set(entities(("B2", after(1))), NAMES)


def test_refuses_facts_of_other_definitions(told, entities):
    changed = Store(told.folder, facts=Facts(NAMES, "2_test", ()))
    with pytest.raises(DefinitionsChangedError, match="o2c_risk_1_test, the code defines o2c_risk_2_test"):
        changed.training_set(entities(("B1", after(1))), NAMES)
    changed.apply()
    with pytest.raises(NoHistoryError, match="holds no history"):
        changed.training_set(entities(("B1", after(1))), NAMES)


class LossyFeast:
    """Loses a row, as Feast's dask store does with stale facts."""

    def get_historical_features(self, asked, features):
        self.rows = pa.Table.from_pandas(asked.iloc[1:], preserve_index=False)
        return self

    def to_arrow(self):
        return self.rows


class DoublingFeast(LossyFeast):
    """Keeps the count right, with one row twice and one lost."""

    def get_historical_features(self, asked, features):
        self.rows = pa.Table.from_pandas(asked.iloc[[0, 0]], preserve_index=False)
        return self


@pytest.mark.parametrize("feast", [LossyFeast(), DoublingFeast()])
def test_rows_that_feast_loses_or_doubles_stop_everything(entities, feast):
    with pytest.raises(RowsChangedError, match="asked for 2 rows and gave"):
        join_history(feast, entities(("B1", after(1)), ("B2", after(1))), NAMES, stale_after_days=7)


class ShufflingFeast(LossyFeast):
    """Gives every row with its facts, in whatever order the join came out."""

    def get_historical_features(self, asked, features):
        told = asked.assign(as_of_day=(DAY - date(1970, 1, 1)).days, open_count=[1.0, 2.0])
        self.rows = pa.Table.from_pandas(told.iloc[::-1], preserve_index=False)
        return self


def test_the_order_of_the_join_does_not_matter(entities):
    asked = entities(("B1", after(1)), ("B2", after(1)))
    found = join_history(ShufflingFeast(), asked, ["open_count"], stale_after_days=7)
    assert found["open_count"].to_pylist() == [1.0, 2.0]


def newest_facts(rows, customer_id, at, stale_after_days):
    """What a clerk would take from a drawer of dated slips (written apart from the code under test)."""
    slips = [row for row in rows if row[0] == customer_id and midnight(row[1] + timedelta(days=1)) <= at]
    newest = max(slips, key=lambda row: row[1], default=None)
    return None if newest is None or (at.date() - newest[1]).days >= stale_after_days else newest


CUSTOMERS = st.sampled_from(["B1", "B2", "B'3"])
DAYS = st.integers(0, 12).map(lambda n: DAY + timedelta(days=n))
VALUES = st.none() | st.floats(-1e6, 1e6)
ROWS = st.lists(
    st.tuples(CUSTOMERS, DAYS, VALUES, VALUES, VALUES), min_size=1, max_size=12, unique_by=lambda row: row[:2]
)
INSTANTS = st.tuples(DAYS, st.sampled_from([0, 1, 43_200_000_000, 86_399_999_998])).map(
    lambda drawn: midnight(drawn[0]) + timedelta(microseconds=drawn[1])
)


@settings(max_examples=12)
@given(rows=ROWS, asked=st.lists(st.tuples(CUSTOMERS, INSTANTS), min_size=1, max_size=12), stale=st.integers(1, 9))
def test_every_entity_gets_the_newest_fresh_facts_of_its_customer(
    rows, asked, stale, tmp_path_factory, facts, feature_rows, entities, computed
):
    store = Store(tmp_path_factory.mktemp("store"), facts=facts, stale_after_days=stale, threads=1)
    store.apply()
    store.write_history(feature_rows(*rows), computed_at=computed())
    found = store.training_set(entities(*asked), NAMES)
    expected = [newest_facts(rows, *entity, stale) for entity in asked]
    assert found["as_of"].to_pylist() == [None if row is None else row[1] for row in expected]
    for i, name in enumerate(NAMES):
        assert found[name].to_pylist() == [None if row is None else row[2 + i] for row in expected]
