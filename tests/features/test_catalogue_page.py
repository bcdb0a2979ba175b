"""The catalogue page says what the code does, and the committed page is the one the code makes."""

from pathlib import Path

import pytest

from features.catalogue_page import entry, page, sources
from features.feature_sets import FEATURES

PAGE = Path(__file__).parents[2] / "docs" / "FEATURES.md"


def test_the_committed_page_is_the_one_the_code_makes():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: o2c-risk features catalogue --out docs/FEATURES.md"


def test_a_family_names_the_tables_it_reads():
    found = sources()
    assert found["limits_in_force"] == ("exchange_rates", "limits")
    assert "invoices" in found["behaviour"]
    assert found["credit_note_share"] == ("credited_amount_365d", "invoiced_amount_365d")


@pytest.mark.parametrize("name", FEATURES)
def test_every_entry_is_complete(name):
    found = entry(FEATURES[name])
    assert all(found.values())
    assert found["meaning"].endswith(".")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("overdue_share", "0 to 1"), ("open_count", "0 and more"), ("days_late_mean_30d", "any"), ("due_day", "1 to 31")],
)
def test_the_range_in_words(name, expected):
    assert entry(FEATURES[name])["range"] == expected
