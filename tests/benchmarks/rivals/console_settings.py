"""The console's settings, with one more page."""

from console.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.rivals.console_urls"
