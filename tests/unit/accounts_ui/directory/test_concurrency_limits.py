"""Who may read at the same time, and when nobody does."""

import threading

import pytest

from accounts_ui.directory import errors
from accounts_ui.directory.circuit_breaker import CircuitBreaker
from accounts_ui.directory.concurrency_limits import LimitedDirectoryClient, ReadLimits, ReadSlots

ADA, OTTO = ("https://login.example", "ada"), ("https://login.example", "otto")


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Readers:
    """Threads that hold a place until they are let go."""

    def __init__(self, places):
        self.places, self.end, self.threads = places, threading.Event(), []

    def start(self, *who):
        inside = threading.Semaphore(0)

        def read(organization, person):
            with self.places.acquire(organization, person):
                inside.release()
                self.end.wait()

        for one in who:
            self.threads.append(threading.Thread(target=read, args=one))
            self.threads[-1].start()
            assert inside.acquire(timeout=30)

    def stop(self):
        self.end.set()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def readers():
    made = []

    def make(places):
        made.append(Readers(places))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.mark.parametrize(
    ("reading", "newcomer", "has_place"),
    [
        ([], ("acme", ADA), True),
        ([("acme", ADA)], ("acme", ADA), True),
        ([("acme", ADA)] * 2, ("acme", ADA), False),
        ([("acme", ADA)] * 2, ("other", ADA), False),
        ([("acme", ADA)] * 2, ("acme", OTTO), True),
        ([("acme", ADA), ("acme", ADA), ("acme", OTTO)], ("acme", OTTO), False),
        ([("acme", ADA), ("acme", ADA), ("acme", OTTO)], ("other", OTTO), True),
        ([("acme", ADA), ("acme", ADA), ("acme", OTTO), ("other", OTTO)], ("third", ("i", "s")), False),
    ],
)
def test_places(readers, reading, newcomer, has_place):
    places = ReadSlots(ReadLimits(in_all=4, per_organization=3, per_person=2, wait_seconds=0))
    readers(places).start(*reading)
    if has_place:
        with places.acquire(*newcomer):
            pass
    else:
        with pytest.raises(errors.DirectoryBusy) as error, places.acquire(*newcomer):
            pass
        assert error.value.retry_after


def test_a_place_that_becomes_free_is_taken(readers):
    places = ReadSlots(ReadLimits(per_person=1, wait_seconds=60))
    reader = readers(places)
    reader.start(("acme", ADA))
    threading.Timer(0.05, reader.end.set).start()
    with places.acquire("acme", ADA):
        pass


def test_nobody_waits_while_reads_take_long(readers):
    clock = Clock()
    places = ReadSlots(ReadLimits(per_person=1, wait_seconds=3600), clock)
    readers(places).start(("acme", ADA))
    clock.now += 3601
    with pytest.raises(errors.DirectoryBusy), places.acquire("acme", ADA):
        pass


def test_one_thread_takes_one_place():
    places = ReadSlots(ReadLimits(per_person=1, wait_seconds=0))
    with places.acquire("acme", ADA), places.acquire("acme", ADA):
        pass
    with places.acquire("acme", ADA):
        pass


def test_zero_is_no_limit(readers):
    places = ReadSlots(ReadLimits(in_all=0, per_organization=0, per_person=0, wait_seconds=0))
    readers(places).start(*[("acme", ADA)] * 20)
    with places.acquire("acme", ADA):
        pass


class Directory:
    """Answers each call with the next of ``outcomes``: an error is raised."""

    timeout = 1.0

    def __init__(self, *outcomes):
        self.outcomes, self.calls = list(outcomes), 0

    def list_users(self, _organization):
        self.calls += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    change_status = assign = delete = lambda self, *_: self.list_users("")


SILENT = [
    errors.NotSent(""),
    errors.NoAnswer(""),
    errors.NoAnswerInTime(""),
    errors.FailedInTime(""),
]
ANSWERS = ["listing", errors.Failed(""), errors.Forbidden(""), errors.TooLarge(""), errors.TooManyRequests("")]
NEITHER = [errors.TokenUnavailable(""), errors.TokenLate(""), RuntimeError("no token")]


def client_of(directory, clock, failures=3):
    breaker = CircuitBreaker(max_failures=failures, pause_seconds=10, clock=clock)
    return LimitedDirectoryClient(directory, ReadSlots(ReadLimits(), clock), breaker, ADA)


def call(client, name="list_users"):
    try:
        return getattr(client, name)("acme") if name == "list_users" else getattr(client, name)("acme", "s", "c", "x")
    except (errors.DirectoryError, RuntimeError) as error:
        return error


@pytest.mark.parametrize("silence", SILENT, ids=lambda error: type(error).__name__)
def test_after_calls_without_an_answer_none_is_made_for_a_while(silence):
    clock, directory = Clock(), Directory(silence, silence, silence, silence, "listing")
    client = client_of(directory, clock)
    assert [call(client) for _ in range(3)] == [silence] * 3
    clock.now += 9
    assert isinstance(call(client), errors.DirectoryPaused)
    assert directory.calls == 3
    clock.now += 1
    assert call(client) is silence, "one call finds out"
    assert isinstance(call(client), errors.DirectoryPaused)
    clock.now += 10
    assert call(client) == "listing"
    assert directory.calls == 5


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_any_answer_starts_the_count_again(answer):
    silence, clock = errors.NoAnswer(""), Clock()
    directory = Directory(silence, silence, answer, silence, silence, "listing")
    client = client_of(directory, clock)
    for _ in range(5):
        call(client)
    assert call(client) == "listing"


@pytest.mark.parametrize("error", NEITHER, ids=lambda error: type(error).__name__)
def test_a_call_that_is_not_made_says_nothing_about_the_directory(error):
    silence, clock = errors.NoAnswer(""), Clock()
    directory = Directory(silence, silence, error, silence, error, "listing")
    client = client_of(directory, clock)
    for _ in range(4):
        call(client)
    assert isinstance(call(client), errors.DirectoryPaused), "the third silence in a row"
    clock.now += 10
    assert call(client) is error
    assert call(client) == "listing", "the next call may try"


def test_writes_are_sent_during_a_pause():
    clock, directory = Clock(), Directory(*[errors.NoAnswer("")] * 3, "written")
    client = client_of(directory, clock)
    for _ in range(3):
        call(client)
    assert call(client, "change_status") == "written"


def test_without_a_number_there_is_no_pause():
    clock, directory = Clock(), Directory(*[errors.NoAnswer("")] * 50, "listing")
    client = client_of(directory, clock, failures=0)
    assert not any(isinstance(call(client), errors.DirectoryPaused) for _ in range(50))
    assert call(client) == "listing"
