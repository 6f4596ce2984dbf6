"""Check the database role that serves: on PostgreSQL it has the rights of ``console/deploy/roles.sql``, and no others.

The triggers of the change log bind every role but those that can replace them. So the console must not serve as a role
that owns the tables, or that can become one.
"""

from collections.abc import Iterator
from typing import Final

from django.db import connection

from console.runtime.doctor import Finding, error, ok

UNREADABLE_ID: Final = "console.E032"

_TWO_ROLES: Final = "Serve as a role of its own: see “From one role to two” in operating.md."
_RUN_ROLES: Final = "Run console/deploy/roles.sql as the role that owns the tables."

# The first role that this one is, or can become with SET ROLE, and why it must not be.
_POWERFUL: Final = """
    SELECT rolname, CASE WHEN rolsuper THEN 'is a superuser' WHEN rolcreaterole THEN 'may create roles'
        WHEN rolname LIKE 'pg\\_%' THEN 'is reserved for administrators' ELSE 'owns the tables' END
    FROM pg_roles r
    WHERE pg_has_role(r.oid, 'MEMBER') AND (rolsuper OR rolcreaterole
        OR rolname IN ('pg_database_owner', 'pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program')
        OR EXISTS (SELECT FROM pg_class WHERE relowner = r.oid AND relname = 'django_migrations'))
    ORDER BY rolname <> current_user, rolname LIKE 'pg\\_%', rolname LIMIT 1
"""
_EXCESSIVE: Final = """
    SELECT privilege FROM (VALUES ('TEMPORARY'), ('CREATE')) AS p (privilege)
    WHERE has_database_privilege(current_database(), privilege)
    UNION ALL SELECT 'CREATE (in the schema ' || nspname || ')' FROM pg_namespace
    WHERE nspname = ANY (current_schemas(false)) AND has_schema_privilege(oid, 'CREATE')
"""
# Partitions of the archive are read through their table.
_UNREADABLE: Final = """
    SELECT relname FROM pg_class WHERE relnamespace = ANY (current_schemas(false)::regnamespace[])
        AND relkind IN ('r', 'p') AND NOT relispartition AND relname NOT LIKE '%\\_archivedevent\\_%'
        AND NOT has_table_privilege(oid, 'SELECT')
    ORDER BY 1
"""


def diagnose_role() -> Iterator[Finding]:
    """Yield what the role may do beyond its work, or lacks for it. SQLite has no roles."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        [role] = cursor.fetchone()
        cursor.execute(_POWERFUL)
        powerful = cursor.fetchone()
        cursor.execute(_EXCESSIVE)
        excessive = [privilege for (privilege,) in cursor.fetchall()]
        cursor.execute(_UNREADABLE)
        unreadable = [table for (table,) in cursor.fetchall()]
    if powerful:
        yield _powerful_finding(role, *powerful)
    elif excessive:
        message = f"the role {role} has rights on the database by which it can mislead triggers: {', '.join(excessive)}"
        yield error(message, _RUN_ROLES, "console.E031")
    elif unreadable:
        message = f"the role {role} has no rights on {', '.join(unreadable[:5])}"
        yield error(message, _RUN_ROLES, UNREADABLE_ID)
    else:
        yield ok(f"the role {role} can neither alter tables nor create any")


def _powerful_finding(role: str, holder: str, power: str) -> Finding:
    through = "" if holder == role else f"is a member of the role {holder}, which "
    message = f"the console serves as the role {role}, which {through}{power}: it can switch off the log's triggers"
    return error(message, _TWO_ROLES, "console.E030")
