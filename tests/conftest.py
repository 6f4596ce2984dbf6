"""The servers that tests share: one provider and one directory a worker, a console on each database."""

import functools
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from console.sandbox import processes
from tests import leftovers, servers
from tests.faults.table import pytest_runtest_logreport, pytest_terminal_summary  # noqa: F401  (hooks)
from tests.servers import Browser, Console, DirectoryDouble, Server, TestDatabase

DATABASES = ("sqlite", "postgresql")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: the workers share what is left, and none works on alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def unavailable(what: str) -> None:
    """Say loudly that something cannot be tested here; in CI that is a failure."""
    if servers.REQUIRED:
        pytest.fail(f"{what} is required and not there")
    pytest.skip(f"NOT TESTED: {what} is not there")


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the servers, which all of them need: so it begins without what killed runs left."""
    leftovers.clear(servers.POSTGRESQL)
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def provider(state: Path) -> Iterator[Server]:
    with (state / "provider.log").open("wb") as log:
        server = processes.start_provider(state, log=log)
        server.control(access_token_seconds=3600)
        yield server
        server.stop()


@pytest.fixture(scope="session")
def directory_server(provider: Server, state: Path) -> Iterator[Server]:
    with (state / "directory.log").open("wb") as log:
        server = processes.start_directory(provider, people=40, log=log)
        yield server
        server.stop()


@pytest.fixture
def directory(directory_server: Server) -> DirectoryDouble:
    double = DirectoryDouble(directory_server)
    double.reset()
    return double


@pytest.fixture(scope="session")
def migrated(provider: Server, directory_server: Server, state: Path) -> Iterator[Callable[[str], str]]:
    """The address of a fresh, migrated database. Migrating takes seconds: it is done once, and copied."""
    databases: dict[str, TestDatabase] = {}
    templates: dict[str, Path | TestDatabase] = {}

    def migrate(url: str) -> None:
        processes.migrate(processes.console_environment(state, provider, directory_server, database_url=url))

    def copy(database: str) -> str:
        name = f"{database}-{uuid.uuid4().hex[:12]}"
        if database == "sqlite":
            if database not in templates:
                templates[database] = state / "template.sqlite3"
                migrate(f"sqlite:///{templates[database]}")
            shutil.copy(templates[database], state / f"{name}.sqlite3")
            return f"sqlite:///{state / name}.sqlite3"
        try:
            if database not in templates:
                templates[database] = databases["template"] = TestDatabase()
                migrate(databases["template"].url)
            databases[name] = TestDatabase(databases["template"].name)
        except servers.psycopg.OperationalError:
            unavailable("PostgreSQL")
        return databases[name].url

    yield copy
    for one in databases.values():
        one.drop()


@pytest.fixture(scope="session")
def start_console(
    provider: Server, directory_server: Server, state: Path, migrated: Callable[[str], str]
) -> Iterator[Callable[..., Console]]:
    """Start a console on a database of its own, unless ``DATABASE_URL`` names one, with further settings.

    It is stopped when its module is done, or, if it is ``shared``, when the worker is.
    """
    started: list[Server] = []

    def start(
        database: str,
        *,
        port: int = 0,
        workers: int = 1,
        prefix: Sequence[str] = (),
        shared: bool = False,
        **settings: str,
    ) -> Console:
        name = f"{database}-{len(started)}"
        url = settings.get("DATABASE_URL") or migrated(database)
        env = processes.console_environment(state, provider, directory_server, database_url=url)
        env |= {"DIRECTORY_TIMEOUT": str(servers.TIMEOUT), "CACHE_URL": servers.REDIS, **servers.UNLIMITED, **settings}
        log = state / f"{name}.log"
        with log.open("ab") as lines:  # appending: its background workers write to it, too
            server = processes.start_console(env, provider, port=port, workers=workers, log=lines, prefix=prefix)
        started.append(server)
        if not shared:
            started_for_module.append(server)
        return Console(server, log, database)

    yield start
    for server in started:
        server.process.terminate()  # all at once; then wait for each
    for server in started:
        server.stop()


started_for_module: list[Server] = []


@pytest.fixture(scope="module", autouse=True)
def _stop_consoles() -> Iterator[None]:
    """Stop a module's consoles at its end: each keeps 9 connections, and PostgreSQL takes 100 by default."""
    yield
    while started_for_module:
        started_for_module.pop().process.terminate()  # ``start_console`` waits for it at the end


@pytest.fixture
def start_worker() -> Iterator[Callable[..., Server]]:
    """Start a background worker of a console, with further settings. What it logs follows in the console's log."""
    started: list[Server] = []

    def start(console: Console, **settings: str) -> Server:
        with console.log_path.open("ab") as lines:
            started.append(processes.start_worker({**console.server.env, **settings}, log=lines))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def consoles(start_console: Callable[..., Console]) -> Callable[[str], Console]:
    """The worker's console on a database."""
    return functools.cache(functools.partial(start_console, shared=True))


@pytest.fixture(scope="module")
def own_consoles(start_console: Callable[..., Console]) -> Callable[[str], Console]:
    """A console of the module's own on a database: what its tests make a person keep meets no other test."""
    return functools.cache(start_console)


@pytest.fixture(params=DATABASES)
def console(request: pytest.FixtureRequest, consoles: Callable[[str], Console], directory: DirectoryDouble) -> Console:
    """A console, once on each database."""
    return consoles(request.param)


@pytest.fixture
def sqlite_console(consoles: Callable[[str], Console], directory: DirectoryDouble) -> Console:
    """A console, where the database does not matter."""
    return consoles("sqlite")


@pytest.fixture
def sign_in() -> Callable[[Console, str], Browser]:
    def go(console: Console, person: str) -> Browser:
        browser = Browser(console.url)
        page = browser.sign_in(person)
        assert page.url.startswith(console.url), page.text
        return browser

    return go
