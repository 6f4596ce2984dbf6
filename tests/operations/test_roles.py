"""``roles.sql``: the rights of the serving role, what it refuses, and who serves with too many or too few of them."""

import json
import re
import subprocess
import sys

import psycopg
import pytest

from console.sandbox import processes
from console.sandbox.processes import ROOT
from tests import servers

GUIDE = (ROOT / "console" / "docs" / "operating.md").read_text()

LOG = {
    "changes_loghead": "SIU",
    "changes_event": "SI",
    "changes_change": "SIU",
    "changes_checkpoint": "SIU",
    "changes_archive": "S",
    "changes_archivedevent": "S",
    "changes_actor": "SI",
    "changes_tally": "SIU",
    "changes_share": "SIU",
    "changes_indexedchange": "SIU",
    "changes_indexposition": "SIU",
    "changes_verification": "SIU",
}
"""The rights of the serving role on the log's tables: SELECT, INSERT, UPDATE, DELETE. A new one has to be named here."""

READ_ONLY = {"django_migrations": "S", "django_content_type": "S"}

_RIGHTS = """
    SELECT relname, string_agg(left(privilege, 1), '' ORDER BY position) FILTER (
        WHERE has_table_privilege(%s, c.oid, privilege))
    FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER'])
        WITH ORDINALITY AS p (privilege, position)
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') GROUP BY 1
"""
_TABLES_OF_MODELS = """
import django, json
django.setup()
from django.apps import apps
print(json.dumps({model._meta.db_table: model._meta.app_label for model in apps.get_models(include_auto_created=True)}))
"""


def rights(roles):
    with psycopg.connect(roles.superuser_url()) as connection:
        return dict(connection.execute(_RIGHTS, [roles.serving]).fetchall())


def access_lists(roles):
    """Everything that says who may do what in the database."""
    with psycopg.connect(roles.superuser_url()) as connection:
        return [
            connection.execute(query).fetchall()
            for query in (
                "SELECT oid, relacl::text FROM pg_class ORDER BY 1",
                "SELECT oid, nspacl::text FROM pg_namespace ORDER BY 1",
                "SELECT datacl::text FROM pg_database WHERE datname = current_database()",
            )
        ]


def tables_of_models(env):
    done = subprocess.run(
        [sys.executable, "-c", _TABLES_OF_MODELS], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_each_table_has_the_rights_that_it_should_have(two_roles, sqlite_console):
    models = tables_of_models(sqlite_console.server.env)
    assert {table for table, app in models.items() if app == "changes"} == set(LOG), "each table of the log is named"
    actual = rights(two_roles)
    assert set(models) <= set(actual)
    assert actual == dict.fromkeys(actual, "SIUD") | LOG | READ_ONLY
    assert two_roles.set_rights().returncode == 0, "again, as after each migrate"
    assert rights(two_roles) == actual


def test_partitions_of_the_archive_are_read_through_it_only(two_roles):
    with psycopg.connect(two_roles.owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE changes_archivedevent_1 PARTITION OF changes_archivedevent FOR VALUES IN (1)")
        owner.execute(f"GRANT ALL ON changes_archivedevent_1 TO {two_roles.serving}")
    assert two_roles.set_rights().returncode == 0
    assert rights(two_roles)["changes_archivedevent_1"] is None


def test_names_that_need_quotes(make_roles):
    roles = make_roles()
    renamed = {role: f"{role[-20:]} Ä-'x\"" for role in (roles.owning, roles.serving)}
    quoted = {role: '"' + name.replace('"', '""') + '"' for role, name in renamed.items()}
    for role, name in quoted.items():
        roles.as_superuser(f"ALTER ROLE {role} RENAME TO {name}")
    try:
        done = roles.set_rights(url=roles.superuser_url(), serving=renamed[roles.serving], owning=renamed[roles.owning])
    finally:
        for role, name in quoted.items():
            roles.as_superuser(f"ALTER ROLE {name} RENAME TO {role}")
    assert done.returncode == 0, done.stderr
    assert rights(roles)["changes_event"] == "SI"


REFUSED = {
    "the same role": ((), {"serving": "{owning}"}, "are the same"),
    "a role that does not exist": ((), {"serving": "nobody_of_that_name"}, 'There is no role "nobody_of_that_name"'),
    "a serving superuser": (("ALTER ROLE {serving} SUPERUSER",), {}, 'The role "{serving}" is a superuser'),
    "an owning superuser": (("ALTER ROLE {owning} SUPERUSER",), {}, 'The role "{owning}" is a superuser'),
    "a role that creates roles": (("ALTER ROLE {serving} CREATEROLE",), {}, "may create roles"),
    "a member of the owner": (("GRANT {owning} TO {serving}",), {}, 'is a member of the role "{owning}"'),
    "a member without inheritance": (
        ("ALTER ROLE {serving} NOINHERIT", "GRANT {owning} TO {serving}"),
        {},
        'is a member of the role "{owning}"',
    ),
    "a role that writes all data": (("GRANT pg_write_all_data TO {serving}",), {}, "pg_write_all_data"),
    "the owner of the database": (("ALTER DATABASE {database} OWNER TO {serving}",), {}, "It owns the database"),
    "a table of another role": (
        ("ALTER TABLE changes_event OWNER TO {serving}",),
        {},
        '"changes_event" belongs to the role',
    ),
    "a trigger's function of another role": (
        ("ALTER FUNCTION changes_event_fixed OWNER TO {serving}",),
        {},
        '"changes_event_fixed" belongs to the role',
    ),
    "the database of a third role": (
        ("ALTER DATABASE {database} OWNER TO CURRENT_USER",),
        {},
        "still has the right",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_changes_nothing_and_says_what_to_do(make_roles, case):
    statements, names, message = REFUSED[case]
    roles = make_roles()
    words = {"serving": roles.serving, "owning": roles.owning, "database": roles.database}
    roles.as_superuser(*(statement.format(**words) for statement in statements), database=roles.database)
    before = access_lists(roles)
    done = roles.set_rights(**{name: value.format(**words) for name, value in names.items()})
    assert done.returncode == 3, done.stdout
    assert message.format(**words) in done.stderr
    assert "HINT:" in done.stderr
    assert access_lists(roles) == before


def test_an_unmigrated_database_is_refused(make_roles):
    roles = make_roles(migrated=False)
    before = access_lists(roles)
    done = roles.set_rights()
    assert done.returncode == 3
    assert "has no tables of the console" in done.stderr
    assert access_lists(roles) == before


def run(env, url, *words):
    env = {**env, "DATABASE_URL": url}
    return subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=env, capture_output=True, text=True)


def findings(env, url):
    """What ``doctor`` says of the database."""
    return [
        finding
        for finding in json.loads(run(env, url, "doctor", "--json").stdout)["findings"]
        if finding["check"] == "database"
    ]


def assert_reported(env, url, identifier, message):
    [finding] = [finding for finding in findings(env, url) if finding["id"] == identifier]
    assert message in finding["message"]
    assert finding["level"] == "error"
    assert finding["fix"]


def test_who_serves_with_too_many_rights_or_too_few_is_reported(two_roles, sqlite_console):
    env = sqlite_console.server.env
    assert {finding["level"] for finding in findings(env, two_roles.serving_url)} == {"ok"}
    assert "console.E03" not in run(env, two_roles.serving_url, "check", "--deploy").stderr
    assert "console.E030" in run(env, two_roles.owner_url, "check", "--deploy").stderr
    assert_reported(env, two_roles.owner_url, "console.E030", "which owns the tables")
    assert_reported(env, two_roles.superuser_url(), "console.E030", "which is a superuser")
    serving, database = two_roles.serving, two_roles.database
    for grant, revoke, identifier, message in (
        (f"GRANT {two_roles.owning} TO {serving}", f"REVOKE {two_roles.owning} FROM {serving}", "console.E030", "which is a member of the role"),
        (f"ALTER ROLE {serving} CREATEROLE", f"ALTER ROLE {serving} NOCREATEROLE", "console.E030", "may create roles"),
        (f"GRANT TEMPORARY ON DATABASE {database} TO PUBLIC", f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC", "console.E031", "TEMPORARY"),
        (f"GRANT CREATE ON SCHEMA public TO {serving}", f"REVOKE CREATE ON SCHEMA public FROM {serving}", "console.E031", "CREATE (in the schema public)"),
        (f"REVOKE ALL ON changes_event FROM {serving}", f"GRANT SELECT, INSERT ON changes_event TO {serving}", "console.E032", "no rights on changes_event"),
    ):  # fmt: skip
        two_roles.as_superuser(grant, database=database)
        assert_reported(env, two_roles.serving_url, identifier, message)
        two_roles.as_superuser(revoke, database=database)


def change_status(sign_in, console, directory):
    ada = sign_in(console, "ada")
    path = f"/orgs/acme/accounts/{directory.person('worker')}/worker/status/"
    page = ada.post(path, {**ada.form(path), "status": "disabled"})
    assert servers.outcome_of(page) == "applied", servers.text_of(page)


def test_from_one_role_to_two(make_roles, start_console, sqlite_console, sign_in, directory):
    """The role that owned everything goes on serving, and a new role owns the tables."""
    roles = make_roles(migrated=False)
    roles.as_superuser(f"ALTER DATABASE {roles.database} OWNER TO {roles.serving}")
    processes.migrate({**sqlite_console.server.env, "DATABASE_URL": roles.serving_url})
    console = start_console("postgresql", DATABASE_URL=roles.serving_url)
    change_status(sign_in, console, directory)
    assert "It owns the database" in roles.set_rights(url=roles.superuser_url()).stderr

    [statement] = re.findall(r"psql console --command '(REASSIGN OWNED BY console TO console_owner)'", GUIDE)
    roles.as_superuser(
        statement.replace("console_owner", roles.owning).replace("BY console ", f"BY {roles.serving} "),
        database=roles.database,
    )
    assert roles.set_rights().returncode == 0
    assert console.manage("migrate", env={"DATABASE_URL": roles.owner_url}).returncode == 0
    change_status(sign_in, console, directory)
    assert "Verified 4 events" in console.manage("verify_changes").stdout
    assert {finding["level"] for finding in findings(console.server.env, roles.serving_url)} == {"ok"}
