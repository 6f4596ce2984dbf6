"""Files of the archive: whole or not there, never overwritten, for owner and group."""

import os
import stat

import pytest

from accounts_ui.changes.archive_files import ArchiveFiles, FileDiffers, write_file


@pytest.fixture(params=(0o000, 0o022, 0o077))
def umask(request):
    former = os.umask(request.param)
    yield request.param
    os.umask(former)


def test_the_mode_is_the_same_whatever_the_umask(umask, tmp_path):
    path = tmp_path / "file"
    assert write_file(path, ["a\n", "ä\n"])
    assert path.read_text() == "a\nä\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_failure_in_between_leaves_nothing(tmp_path):
    def content():
        yield "a\n"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_file(tmp_path / "file", content())
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_cleared_away(tmp_path):
    (tmp_path / ".file.0011aabb").write_text("half")
    (tmp_path / ".other.0011aabb").write_text("of another file")
    write_file(tmp_path / "file", ["whole"])
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.0011aabb", "file"]


def test_a_file_that_is_there_is_taken_over_or_kept(tmp_path):
    path = tmp_path / "file"
    assert write_file(path, ["same"])
    assert not write_file(path, ["same"])
    assert not write_file(path, ["other"], lambda _there, _new: True)
    with pytest.raises(FileDiffers, match="not overwritten"):
        write_file(path, ["other"])
    assert path.read_text() == "same"
    assert list(tmp_path.iterdir()) == [path]


def test_the_names_say_which_part_of_which_log(tmp_path):
    files = ArchiveFiles.of("a/b ü", 3, 7, tmp_path)
    assert files.export.name == "changes-a%2Fb%20%C3%BC-3-7.jsonl"
    assert files.checkpoint.parent == tmp_path
