"""Which commit made a model: told from a real work tree, with and without changes."""

import subprocess

import pytest

from training.lifecycle.code import commit


@pytest.fixture
def tree(tmp_path):
    def git(*words):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", "-C", tmp_path, *who, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    git("init", "-q")
    (tmp_path / "code.py").write_text("one = 1\n")
    git("add", "code.py")
    git("commit", "-qm", "first")
    return tmp_path, git("rev-parse", "HEAD")


def test_a_clean_tree_is_its_commit(tree):
    folder, head = tree
    assert commit(folder) == head


def test_a_changed_file_is_said_and_a_new_one_is_not(tree):
    folder, head = tree
    (folder / "notes.txt").write_text("nothing tracked")
    assert commit(folder) == head
    (folder / "code.py").write_text("one = 2\n")
    assert commit(folder) == f"{head}, with changes"


def test_no_work_tree_has_no_commit(tmp_path):
    assert commit(tmp_path) is None
