"""A database with the two roles of ``roles.sql``."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from console.sandbox import processes
from tests.conftest import unavailable
from tests.operations.roles import TwoRoles
from tests.servers import Server


@pytest.fixture(scope="session")
def migrated_roles(provider: Server, directory_server: Server, state: Path) -> Iterator[TwoRoles]:
    """The database that others are copied from, because migrating takes seconds."""
    try:
        roles = TwoRoles()
    except psycopg.OperationalError:
        unavailable("PostgreSQL")
    url = roles.owner_url
    processes.migrate(processes.console_environment(state, provider, directory_server, database_url=url))
    yield roles
    roles.drop()


@pytest.fixture
def make_roles(migrated_roles: TwoRoles) -> Iterator[Callable[..., TwoRoles]]:
    """Create two roles and a database of the owning one: migrated, but without the rights of ``roles.sql``."""
    made: list[TwoRoles] = []

    def make(*, migrated: bool = True) -> TwoRoles:
        made.append(TwoRoles(migrated_roles if migrated else None))
        return made[-1]

    yield make
    for roles in made:
        roles.drop()


@pytest.fixture
def two_roles(make_roles: Callable[..., TwoRoles]) -> TwoRoles:
    """A migrated database whose serving role has the rights of ``roles.sql``."""
    roles = make_roles()
    done = roles.set_rights()
    assert done.returncode == 0, done.stderr
    return roles
