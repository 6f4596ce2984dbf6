"""The start of a process that verifies pieces. It must import no models: a new process loads this before Django."""


def begin(database: str) -> None:
    """Load Django, and use the same database as the process that started this one."""
    import django

    django.setup()
    from django.db import connection

    connection.settings_dict["NAME"] = database
