"""Unit tests run without a server: Django is set up once, with the settings that the checks use."""

import os
import shlex
from pathlib import Path

import django

_SETTINGS = Path(__file__).parents[2] / ".ci" / "environment"


def _exported(text: str) -> dict[str, str]:
    """The variables that the shell file exports, without the shell's own substitutions."""
    lines = [shlex.split(line)[1] for line in text.splitlines() if line.startswith("export ")]
    return {name: value for name, value in (line.split("=", 1) for line in lines) if not value.startswith("$")}


def pytest_configure() -> None:
    """Load the settings, and leave the environment as it was: other tests start servers with their own."""
    former = dict(os.environ)
    os.environ.update(_exported(_SETTINGS.read_text()))
    os.environ.update({"DJANGO_SETTINGS_MODULE": "console.settings", "DATABASE_URL": "sqlite:///:memory:"})
    try:
        django.setup()
    finally:
        os.environ.clear()
        os.environ.update(former)
