#!/usr/bin/env python
"""Django's command line for the console."""

import os
import sys

# These two run before there is any configuration: one makes a whole sandbox, the other makes the secrets.
NEEDS_NO_ENVIRONMENT = {"sandbox", "newkeys"}


def main() -> None:
    """Run a management command, e.g. ``manage.py sandbox``."""
    bare = len(sys.argv) > 1 and sys.argv[1] in NEEDS_NO_ENVIRONMENT
    settings = "console.sandbox.settings" if bare else "console.settings"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)
    # A command is no worker: nobody asks it for its metrics, and the folder belongs to those who are.
    if folder := os.environ.pop("PROMETHEUS_MULTIPROC_DIR", ""):
        os.environ["METRICS_OF_THE_SERVICE"] = folder
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(str(error))  # it says what to set; where that was read helps nobody


if __name__ == "__main__":
    main()
