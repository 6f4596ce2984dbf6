"""Settings of the sandbox's OpenID provider: that of allauth, in a separate Django project."""

import os
from pathlib import Path

_state = Path(os.environ["SANDBOX_STATE"])

SECRET_KEY = os.environ["SANDBOX_PROVIDER_SECRET"]
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
ROOT_URLCONF = "console.sandbox.provider.urls"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "allauth",
    "allauth.account",
    "allauth.idp.oidc",
    "console.sandbox.provider",
]
MIDDLEWARE = [
    "console.sandbox.provider.faults.FaultMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",  # as real providers do
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "console.sandbox.provider.issuer.IssuerParameterMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": _state / "provider.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL;"},
    }
}
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["console.sandbox.provider.hashers.SingleIterationHasher"]
LOGIN_URL = "pick"
# All ports of a host share its cookies, so these names must differ from the console's.
SESSION_COOKIE_NAME = "sandbox-provider-session"
CSRF_COOKIE_NAME = "sandbox-provider-csrf"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

IDP_OIDC_ADAPTER = "console.sandbox.provider.claims.ClaimsAdapter"
IDP_OIDC_PRIVATE_KEY = (_state / "provider.pem").read_text()
IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN = 300
IDP_OIDC_ROTATE_REFRESH_TOKEN = True
IDP_OIDC_RP_INITIATED_LOGOUT_ASKS_FOR_OP_LOGOUT = False
IDP_OIDC_RATE_LIMITS = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"level": "WARNING", "handlers": ["console"]},
}
