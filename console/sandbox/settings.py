"""Minimal settings for the commands that run before the console is configured: ``sandbox`` and ``newkeys``."""

SECRET_KEY = "not-a-secret: nothing is signed with it"  # noqa: S105
INSTALLED_APPS = ["console"]
USE_TZ = True
