"""Starts Django's admin over the rows that a console shows."""

import os
import re
import subprocess
import sys

import requests

from console.sandbox import processes

SETTINGS = "tests.benchmarks.rivals.admin_settings"
_FILL = """
import csv, sys
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from tests.benchmarks.rivals.people.models import Row
call_command("migrate", run_syncdb=True, verbosity=0)
User.objects.create_superuser("ada", password="ada")
rows = csv.DictReader(sys.stdin)
names = ("subject_id", "name", "email", "username", "code", "status", "roles")
Row.objects.bulk_create((Row(**{one: row[one] for one in names}, created=row["created_at"]) for row in rows), 2000)
with connection.cursor() as cursor:
    if connection.vendor == "postgresql":
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        for name in ("name", "email", "username", "subject_id", "code"):
            cursor.execute(f"CREATE INDEX ON people_row USING gin (upper({name}) gin_trgm_ops)")
    cursor.execute("ANALYZE")
"""


class DjangoAdmin:
    """The admin with the rows of an export of the console, and somebody signed in."""

    def __init__(self, database_url: str, rows: str) -> None:
        env = {**os.environ, "DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": SETTINGS}
        command = [sys.executable, "-c", f"import django; django.setup()\n{_FILL}"]
        subprocess.run(command, env=env, input=rows.encode(), check=True, cwd=processes.ROOT)
        port = processes.free_port()
        self.server = processes._serve("admin", "tests.benchmarks.rivals.admin_wsgi", port, env, "/admin/login/", None)
        self.session = requests.Session()
        form = self.session.get(f"{self.server.url}/admin/login/").text
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', form).group(1)
        sent = {"username": "ada", "password": "ada", "csrfmiddlewaretoken": token, "next": "/admin/"}
        assert self.session.post(f"{self.server.url}/admin/login/", data=sent).url.endswith("/admin/")

    def list(self, query: str) -> str:
        """The page of the list."""
        answer = self.session.get(f"{self.server.url}/admin/people/row/?{query}", timeout=120)
        answer.raise_for_status()
        return answer.text
