"""Which storage the engine uses, and which messages it reads."""

import datetime
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from huey import MemoryHuey, SqliteHuey
from huey.serializer import SignedSerializer

from accounts_ui.tasks.engine import SWEEP_SECONDS, Engine, build_engine, messages_path


@pytest.mark.parametrize("name", [":memory:", "file:memorydb_default?mode=memory&cache=shared"])
def test_a_database_in_memory_has_messages_in_memory(name: str) -> None:
    assert messages_path(name) is None
    assert isinstance(build_engine(vendor="sqlite", database_name=name), MemoryHuey)


def test_messages_are_beside_an_sqlite_file(tmp_path: Path) -> None:
    database = tmp_path / "console.sqlite3"
    assert isinstance(build_engine(vendor="sqlite", database_name=str(database)), SqliteHuey)
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".tasks"] == ["console.sqlite3.tasks"]
    assert not database.exists()


def test_a_message_that_another_key_signed_is_not_read() -> None:
    huey = build_engine(vendor="sqlite", database_name=":memory:")
    Engine(huey).wake_workers()
    assert huey.dequeue() is not None
    huey.storage.enqueue(SignedSerializer(settings.SECRET_KEY + "x", salt="accounts_ui.tasks.engine").serialize("x"))
    with pytest.raises(ValueError, match="mismatch"):
        huey.dequeue()


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose local time is nine hours ahead of UTC."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("tokyo")
def test_a_message_for_later_waits_until_then() -> None:
    huey = build_engine(vendor="sqlite", database_name=":memory:")
    due_at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=15)
    Engine(huey).wake_workers(due_at)
    [message] = huey.pending()
    assert message.eta == due_at.replace(tzinfo=None)


def test_a_storage_that_fails_does_not_stop_the_caller(caplog: pytest.LogCaptureFixture) -> None:
    huey = build_engine(vendor="sqlite", database_name=":memory:")
    engine = Engine(huey)

    def enqueue(*_: object) -> None:
        raise OSError("the disk is full")

    huey.storage.enqueue = enqueue
    engine.wake_workers()
    assert "No background worker could be woken, so it starts later: the disk is full" in caplog.text


def test_workers_look_for_work_every_few_seconds() -> None:
    engine = Engine(build_engine(vendor="sqlite", database_name=":memory:"))
    consumer = engine.consumer(wake=lambda: None, sweep=lambda: None, stop_seconds=1)
    assert consumer.scheduler_class.periodic_task_seconds == SWEEP_SECONDS
    now = datetime.datetime(2026, 1, 2, 3, 4, 5)
    assert [task.name for task in engine.huey.read_periodic(now)] == ["sweep"]
