"""Of whom a model does not speak: the same rule for one customer and for a book."""

import numpy as np
import pytest

from scoring.doubts import INVOICES, OLDEST, PERSON, doubted, doubts_of, facts_for_doubts, weightiest

COMPANIES = {"natural_persons": "left out"}
DEFAULT = {"kind": "default", "dpd": 90}
LATE = {"kind": "late", "grace_days": 5}
NAN = float("nan")


@pytest.fixture
def of(model):
    return lambda label: model.spec.model_copy(update={"label": label})


@pytest.mark.parametrize(
    ("label", "oldest", "invoices", "person", "words"),
    [
        pytest.param(DEFAULT, 10, 5, 0, [], id="one the model knows"),
        pytest.param(DEFAULT, 90, 5, 0, [], id="on the last day before default"),
        pytest.param(DEFAULT, 91, 5, 0, ["in_default"], id="in default"),
        pytest.param(DEFAULT, 91, 0, 0, ["in_default", "no_invoice_365d"], id="in default and without business"),
        pytest.param(DEFAULT, NAN, 0, 0, ["no_invoice_365d"], id="nothing overdue"),
        pytest.param(DEFAULT, NAN, NAN, NAN, [], id="nothing known"),
        pytest.param(DEFAULT, 0, 5, 1, [], id="a person, by a model that learnt from persons too"),
        pytest.param(DEFAULT | COMPANIES, 0, 5, 1, ["natural_person"], id="a person, by a model of companies"),
        pytest.param(DEFAULT | COMPANIES, 91, 5, 1, ["in_default", "natural_person"], id="in default first"),
        pytest.param(DEFAULT | COMPANIES, 0, 5, NAN, [], id="not known whether a person"),
        pytest.param(LATE, 400, 0, 1, [], id="an invoice of one in default"),
        pytest.param(LATE | COMPANIES, 400, 0, 1, ["natural_person"], id="an invoice to a person"),
    ],
)
def test_whom_a_model_does_not_speak_of(of, label, oldest, invoices, person, words):
    spec = of(label)
    values = {OLDEST: float(oldest), INVOICES: float(invoices), PERSON: float(person)}
    columns = {name: np.array([value]) for name, value in values.items()}
    assert [word for word, so in doubted(spec, columns).items() if so[0]] == words
    assert weightiest(spec, columns, 1).tolist() == (words[:1] or [None])
    known = {name: None if np.isnan(value) else value for name, value in values.items()}
    assert len(doubts_of(spec, known)) == len(words)


def test_the_facts_it_takes(of):
    assert facts_for_doubts(of(DEFAULT)) == [OLDEST, INVOICES]
    assert facts_for_doubts(of(DEFAULT | COMPANIES)) == [OLDEST, INVOICES, PERSON]
    assert facts_for_doubts(of(LATE)) == []
    assert facts_for_doubts(of(LATE | COMPANIES)) == [PERSON]


def test_the_days_are_said(of):
    assert doubts_of(of(DEFAULT), {OLDEST: 91.0}) == (
        "The customer is in default: its oldest overdue item is 91 days past due, more than 90. "
        "The probability is that of a customer who is not.",
    )
