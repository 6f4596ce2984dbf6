"""The WSGI entry point: ``gunicorn console.wsgi``."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from console.path_prefix import strip_path_prefix

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
application = strip_path_prefix(get_wsgi_application(), settings.CONSOLE_PATH_PREFIX)
