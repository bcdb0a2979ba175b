"""The command: its help, data that are not there, and a part that is read back."""

import json

import pytest

from benchmarks.models import __main__ as command


def test_help_names_every_part(capsys):
    with pytest.raises(SystemExit) as left:
        command.main(["--help"])
    told = capsys.readouterr().out
    assert left.value.code == 0
    assert all(name in told for name in command.PARTS)


def test_data_that_are_not_there_are_named(tmp_path, capsys):
    assert command.main(["--data", str(tmp_path), "--only", "late"]) == command.NOT_THERE
    assert "give the folder of the data" in capsys.readouterr().err


def test_a_part_that_is_not_known_is_refused(capsys):
    with pytest.raises(SystemExit):
        command.main(["--only", "weather"])
    assert "weather" in capsys.readouterr().err


@pytest.mark.slow
def test_distress_is_measured_once_and_read_back(tmp_path, capsys, datarisk):
    asked = ["--only", "distress", "--home", str(tmp_path / "kept"), "--json", str(tmp_path / "aims.json")]
    assert command.main(asked) == 0
    first, table = json.loads((tmp_path / "aims.json").read_text()), capsys.readouterr().out
    assert command.main(asked) == 0
    assert json.loads((tmp_path / "aims.json").read_text()) == first
    assert capsys.readouterr().out == table
