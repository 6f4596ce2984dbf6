"""An archive run that failed leaves nothing that blocks the next one, and overwrites nothing."""

import shutil
import stat

import psycopg
import pytest

from tests.changes.test_rotation import append
from tests.conftest import DATABASES
from tests.servers import TestDatabase


@pytest.fixture(params=DATABASES)
def logged(request, start_console, directory):
    """A console with two changes, four events."""
    return with_two_changes(start_console(request.param), directory)


def with_two_changes(console, directory):
    for _ in range(2):
        append(console, directory)
    return console


def archive(console, folder, **env):
    words = ("--organization", "acme", "--through", "2", "--folder", str(folder))
    return console.manage("archive_changes", *words, env=env)


def twin(console, folder):
    """The address of a copy of the console's database, and how to drop it."""
    url = console.server.env["DATABASE_URL"]
    if console.database == "sqlite":
        shutil.copy(url.removeprefix("sqlite:///"), folder / "twin.sqlite3")
        return f"sqlite:///{folder / 'twin.sqlite3'}", lambda: None
    console.server.stop()  # a template may have no connections
    database = TestDatabase(url.rsplit("/", 1)[1])
    return database.url, database.drop


def test_files_of_a_run_that_was_killed_before_it_moved_anything(logged, tmp_path):
    """The same run on a copy of the database leaves what a killed one would: all three files, and nothing moved."""
    folder = tmp_path / "archive"
    folder.mkdir()
    url, drop = twin(logged, tmp_path)
    assert archive(logged, folder, DATABASE_URL=url).returncode == 0
    drop()
    left = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert len(left) == 3
    export = next(path for path in folder.iterdir() if path.suffix == ".jsonl")
    (folder / f".{export.name}.00112233").write_text('{"half"')

    done = archive(logged, folder)
    assert "Archived: events 1 to 2" in done.stdout, done.stdout + done.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == left, "taken over, and nothing else is there"
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o640}
    assert logged.manage("verify_changes").returncode == 0


def test_other_files_of_that_name_are_kept(start_console, directory, tmp_path):
    logged = with_two_changes(start_console("sqlite"), directory)
    url, drop = twin(logged, tmp_path)
    first = tmp_path / "first"
    first.mkdir()
    assert archive(logged, first, DATABASE_URL=url).returncode == 0
    drop()
    for name in [path.name for path in first.iterdir()]:
        folder = tmp_path / f"with-{name}"
        folder.mkdir()
        (folder / name).write_text("something else\n")
        done = archive(logged, folder)
        assert done.returncode == 1
        assert f"{name} is there already, says something else, and is not overwritten." in done.stderr
        assert (folder / name).read_text() == "something else\n"
        assert "verified 4 events" in logged.manage("verify_changes").stdout.lower(), "nothing was moved"


def test_a_folder_that_is_missing(start_console, directory, tmp_path):
    logged = with_two_changes(start_console("sqlite"), directory)
    done = archive(logged, tmp_path / "missing")
    assert done.returncode == 1
    assert "The files cannot be written" in done.stderr
    assert archive(logged, tmp_path).returncode == 0


def test_a_move_that_fails_can_be_repeated(start_console, directory, tmp_path):
    console = with_two_changes(start_console("postgresql", DATABASE_TIMEOUT="1"), directory)
    url = console.server.env["DATABASE_URL"]
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE changes_archive IN EXCLUSIVE MODE")  # reading goes on
        done = archive(console, tmp_path)
    assert done.returncode == 1
    assert "Nothing was archived" in done.stderr
    assert "Archived: " in archive(console, tmp_path).stdout
