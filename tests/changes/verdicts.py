"""Run commands of the log again and again in one process: a job a line on standard input, a verdict a line on output."""

import io
import json
import os
import subprocess
import sys

from console.sandbox.processes import ROOT


class Verifier:
    """``manage.py verify_changes``, or another one, on one database after another, without starting anew."""

    def __init__(self, env, prefix=()):
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "tests.changes.verdicts"],
            env={**env, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *args, database=None, command="verify_changes"):
        """Its exit status and what it said, of the database that the environment names unless told otherwise."""
        self.process.stdin.write(json.dumps([database, command, args]) + "\n")
        self.process.stdin.flush()
        return tuple(json.loads(self.process.stdout.readline()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


def main():
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    django.setup()
    from django.core.management import CommandError, call_command
    from django.db import connection

    own = connection.settings_dict["NAME"]
    for line in sys.stdin:
        database, command, args = json.loads(line)
        connection.close()
        connection.settings_dict["NAME"] = database or own
        said = io.StringIO()
        try:
            call_command(command, *args, stdout=said, stderr=said)
            verdict = (0, said.getvalue())
        except CommandError as error:
            verdict = (1, str(error))
        connection.close()
        print(json.dumps(verdict), flush=True)


if __name__ == "__main__":
    main()
