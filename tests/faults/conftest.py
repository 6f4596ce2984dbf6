"""One breakable world a database and worker."""

from contextlib import ExitStack

import pytest

from tests.conftest import DATABASES, unavailable
from tests.faults import world as worlds
from tests.faults.cells import Matrix
from tests.servers import DirectoryDouble


@pytest.fixture(scope="session")
def build_world(tmp_path_factory, start_console, migrated, directory_server, provider):
    with ExitStack() as stack:
        built = {}

        def build(kind):
            if kind not in built:
                folder = tmp_path_factory.mktemp(f"world-{kind}")
                double = DirectoryDouble(directory_server)
                try:
                    made = worlds.build(kind, folder, start_console, migrated, double, provider)
                    built[kind] = stack.enter_context(made)
                except worlds.NotPossibleHere as missing:
                    unavailable(str(missing))
            return built[kind]

        yield build


@pytest.fixture(params=DATABASES)
def world(request, build_world, directory):
    return build_world(request.param)


@pytest.fixture
def matrix(world, record_property):
    """The cells of a test; handed in, and the whole database verified, when it ends."""
    cells = Matrix(world.kind)
    yield cells
    status, said = world.verify()
    assert status == 0, said


@pytest.fixture
def admin(world, sign_in):
    return sign_in(world.console, "ada")


@pytest.fixture
def auditor(world, sign_in):
    """Reads the log, and resolves nothing by it."""
    return sign_in(world.console, "otto")
