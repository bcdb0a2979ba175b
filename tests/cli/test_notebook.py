"""What a notebook starts from, and what a picture must have."""

import json
import tempfile
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matplotlib.figure import Figure

from cli.album import Album, PictureError, stretch
from cli.notebook import NoLedgerError, start
from data.simulation.simulator import Shape

TINY = Shape(customers=5, start_on=date(2020, 1, 1), end_on=date(2020, 6, 30), seed=3)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder for temporary files that the test leaves empty."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_without_a_home_a_ledger_is_simulated_the_same_every_time(elsewhere):
    one, two = (start({}, shape=TINY) for _ in range(2))
    assert one.shape == TINY
    assert one.settings.home.parent == elsewhere
    assert one.settings.home != two.settings.home
    rows = [here.book["invoices"].order_by("invoice_id").to_pyarrow() for here in (one, two)]
    assert rows[0].num_rows > 0
    assert rows[0].select(["invoice_id", "amount", "due_on"]) == rows[1].select(["invoice_id", "amount", "due_on"])
    assert one.told.startswith("A simulated ledger (seed 3)")


def test_what_is_made_up_never_reaches_a_registry_of_others(elsewhere, monkeypatch):
    monkeypatch.setenv("O2C_RISK_REGISTRY", "postgresql://risk@db/mlflow")
    monkeypatch.setenv("O2C_RISK_CURRENCY", "USD")
    here = start({}, shape=TINY)
    assert here.settings.registry_uri.startswith(f"sqlite:///{here.settings.home}")
    assert here.book.currency == TINY.currency == "EUR"


def test_a_home_is_read_as_it_is_and_as_of_the_day_asked_for(elsewhere):
    made = start({}, shape=TINY)
    home = {"O2C_RISK_HOME": str(made.settings.home)}
    found, asked = start(home), start({**home, "O2C_RISK_AS_OF": "2020-03-31"})
    assert found.shape is None
    assert found.as_of == made.as_of <= TINY.end_on
    assert asked.as_of == date(2020, 3, 31)
    assert found.album("x").folder == made.settings.home / "reports" / "notebooks"


def test_a_home_without_a_ledger_is_an_error_and_nothing_is_made_up(tmp_path):
    with pytest.raises(NoLedgerError, match="holds no invoices"):
        start({"O2C_RISK_HOME": str(tmp_path)}, shape=TINY)
    assert not list(tmp_path.iterdir())


def test_a_day_that_is_none_is_an_error(elsewhere):
    with pytest.raises(ValueError, match="31"):
        start({"O2C_RISK_AS_OF": "31.03.2020"}, shape=TINY)


def _picture(*, title="T", x="days", y="invoices"):
    figure = Figure()
    panel = figure.subplots()
    panel.plot([1, 2], [3, 4])
    panel.set(title=title, xlabel=x, ylabel=y)
    return figure


@pytest.mark.parametrize(
    ("lacking", "reading", "missing"),
    [
        pytest.param({"title": ""}, "Read it.", "title", id="title"),
        pytest.param({"x": ""}, "Read it.", "label on its x axis", id="x label"),
        pytest.param({"y": ""}, "Read it.", "label on its y axis", id="y label"),
        pytest.param({}, " ", "reading", id="reading"),
    ],
)
def test_a_picture_that_cannot_be_read_alone_is_refused(tmp_path, lacking, reading, missing):
    with pytest.raises(PictureError, match=missing) as refused:
        Album(tmp_path, "n").add(_picture(**lacking), "p", reading=reading)
    assert refused.value.missing == missing
    assert not list(tmp_path.iterdir())


def test_a_label_that_panels_share_is_enough(tmp_path):
    figure = Figure()
    top, bottom = figure.subplots(2, 1, sharex=True)
    for panel in (top, bottom):
        panel.set(title="T", ylabel="days")
    bottom.set_xlabel("month")
    assert Album(tmp_path, "n").add(figure, "p", reading="Read it.").name == "n-p.png"


def test_stretched_axes_show_small_shares_apart(tmp_path):
    figure = _picture(x="stated", y="came")
    (panel,) = figure.axes
    stretch(panel)
    figure.draw_without_rendering()
    assert [label.get_text() for label in panel.get_xticklabels()] == ["0 %", "2 %", "10 %", "25 %", "50 %", "100 %"]
    left, right = (panel.transData.transform((share, 0.0))[0] for share in (0.0, 1.0))
    quarter = panel.transData.transform((0.25, 0.0))[0]
    assert quarter == pytest.approx((left + right) / 2)  # the root of a quarter is a half


def test_files_begin_with_the_notebooks_name(tmp_path, capsys):
    album = Album(tmp_path / "new", "01")
    picture = album.add(_picture(), "p", reading="Read it.")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out == f"{picture}\n"
    assert json.loads(album.figures({"day": date(2020, 1, 1), "n": 3}).read_text()) == {"day": "2020-01-01", "n": 3}
    assert pq.read_table(album.cases(pa.table({"a": [1]}))).to_pydict() == {"a": [1]}
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"01-p.png", "01-figures.json", "01-cases.parquet"}
