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
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
