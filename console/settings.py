"""Every setting, read from the environment, one section per concern.

If a required variable is unset, the start fails with its name and an example. The value of ``NAME`` can also be in a
file that ``NAME_FILE`` names. ``console/docs/settings.md`` lists each variable with its meaning.
"""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from console.environment import (
    CacheUrl,
    CheckpointTarget,
    ClientSecret,
    DatabaseUrl,
    Ed25519Key,
    FernetKeys,
    FileAwareSettings,
    FormerSigningKey,
    LogOrigin,
    Networks,
    ServiceUrl,
    SyslogAddress,
    comma_separated,
    number_setting,
    one_of,
    required,
    switch_setting,
    whole_number_setting,
)
from console.network_settings import CaBundle, HostNames, NoProxy, OutgoingProxyUrl, PathPrefix, TrustedOrigins
from console.outgoing import OutgoingNetwork, set_outgoing_network
from console.runtime.client_address import PROXY_HEADERS
from console.signin.oidc.setting_parsers import AuthorizationParameters, Origins, Prompt, Scopes
from console.trust import cache_trust, database_trust

env = FileAwareSettings()
BASE_DIR = Path(__file__).resolve().parent.parent

# --- Django's own -----------------------------------------------------------------------------------------------

SECRET_KEY = required(env, "SECRET_KEY", "a long random text; `manage.py newkeys` prints one")
DEBUG = switch_setting(env, "DEBUG")
ALLOWED_HOSTS = required(env, "ALLOWED_HOSTS", "console.example.org", parse=HostNames("ALLOWED_HOSTS"))
CSRF_TRUSTED_ORIGINS = TrustedOrigins("CSRF_TRUSTED_ORIGINS")(env.str("CSRF_TRUSTED_ORIGINS", default=""))

ROOT_URLCONF = "console.urls"
WSGI_APPLICATION = "console.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = True
SITE_NAME = "Org Accounts Console"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "django_htmx",
    "csp",
    "console",
    "console.signin",
    "accounts_ui.tasks",
    "accounts_ui.changes",
    "accounts_ui.preferences",
    "accounts_ui.plans",
    "accounts_ui",
]

MIDDLEWARE = [
    "console.runtime.middleware.RequestMiddleware",  # outermost: request id, real address, one log line, metrics
    "csp.middleware.CSPMiddleware",  # before middlewares that respond themselves: each response has a policy
    "console.signin.middleware.FormTargetMiddleware",
    "console.partitioned_cookies.PartitionedCookieMiddleware",
    "console.runtime.hosts.HostMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # pages; CSRF tokens are masked, and the length is padded (BREACH)
    "console.static_files.StaticFilesMiddleware",
    "console.signin.sessions.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "console.appearance.AppearanceMiddleware",
    "django.middleware.common.CommonMiddleware",
    "console.rate_limits.RateLimitMiddleware",  # before the checks of forms, so that rejected ones are counted too
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "console.error_pages.ErrorPageMiddleware",
    "console.signin.middleware.GateMiddleware",  # innermost: decides who reaches which view
]

TEMPLATES = [
    {
        # Every page of ours.
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "environment": "accounts_ui.jinja_environment.product_environment",
            "context_processors": [
                "console.context_processors.console",
                "accounts_ui.context_processors.banner",
                "accounts_ui.context_processors.navigation",
            ],
        },
    },
    {
        # The templates of libraries only: allauth has pages for errors of its own.
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    },
]

# --- Network ----------------------------------------------------------------------------------------------------

# Certificate authorities that are trusted beside the system's, for all services.
CA_BUNDLE = CaBundle("CA_BUNDLE")(env.str("CA_BUNDLE", default="").strip())
# Provider, directory and checkpoints are called through it, except for the hosts in NO_PROXY. The variables HTTP_PROXY
# and HTTPS_PROXY have no effect, so that no proxy is used unless an operator of this console has chosen it.
OUTGOING_PROXY = OutgoingProxyUrl("OUTGOING_PROXY")(env.str("OUTGOING_PROXY", default="").strip())
_direct_hosts = env.str("NO_PROXY", default="")
NO_PROXY = NoProxy("NO_PROXY")(_direct_hosts) if OUTGOING_PROXY else []
set_outgoing_network(OutgoingNetwork(CA_BUNDLE, OUTGOING_PROXY, NO_PROXY))

# --- Data -------------------------------------------------------------------------------------------------------

DATABASES = {"default": DatabaseUrl("DATABASE_URL")(env.str("DATABASE_URL", default="sqlite:///console.sqlite3"))}
DATABASE_TIMEOUT = number_setting(env, "DATABASE_TIMEOUT", default=10, least=0.1, most=60)  # seconds that a write waits
_database = DATABASES["default"]
if _database["ENGINE"] == "django.db.backends.sqlite3":
    # A record must survive a power failure (FULL), readers must not block the writer (WAL), and a transaction takes
    # its write lock when it begins, so that two of them wait instead of failing half way (IMMEDIATE).
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": DATABASE_TIMEOUT,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        **_database.get("OPTIONS", {}),
    }
else:
    # A thread reuses its connection for a minute. A pool would not help: a request holds its connection from its first
    # query to its end, even while it waits for the directory, so the pool would need one connection for each thread.
    _database["CONN_MAX_AGE"] = 60
    _database["CONN_HEALTH_CHECKS"] = True
    # Seconds to connect; milliseconds after which a silent peer counts as lost.
    _database["OPTIONS"] = {
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,
        **database_trust(_database.get("OPTIONS", {}), CA_BUNDLE),
        **_database.get("OPTIONS", {}),
    }

CACHES = {"default": CacheUrl("CACHE_URL")(env.str("CACHE_URL", default="locmemcache://console"))}
if "redis" in CACHES["default"]["BACKEND"].lower():
    CACHES["default"]["BACKEND"] = "console.authenticated_cache.AuthenticatedRedisCache"
    # A thread keeps one connection here, too. Whatever is not answered in time is done without.
    CACHES["default"]["OPTIONS"] = {
        "socket_timeout": 2,
        "socket_connect_timeout": 2,
        **cache_trust(CACHES["default"]["LOCATION"], CA_BUNDLE),
    }

# --- The provider -----------------------------------------------------------------------------------------------

OIDC_ISSUER = required(env, "OIDC_ISSUER", "https://login.example.org", parse=ServiceUrl("OIDC_ISSUER"))
OIDC_CLIENT_ID = required(env, "OIDC_CLIENT_ID", "org-accounts-console")
OIDC_CLIENT_SECRET = required(
    env,
    "OIDC_CLIENT_SECRET",
    "the secret that the provider issued for the client",
    parse=ClientSecret("OIDC_CLIENT_SECRET"),
)
OIDC_SCOPES = Scopes("OIDC_SCOPES")(env.str("OIDC_SCOPES", default="openid,profile,email,offline_access"))
OIDC_PROMPT = Prompt("OIDC_PROMPT")(env.str("OIDC_PROMPT", default=""))
OIDC_AUTHORIZATION_PARAMETERS = AuthorizationParameters("OIDC_AUTHORIZATION_PARAMETERS")(
    env.str("OIDC_AUTHORIZATION_PARAMETERS", default="")
)
# How the client's id and secret are sent. Empty: client_secret_basic if the discovery document lists it.
OIDC_CLIENT_AUTHENTICATION = env.str("OIDC_CLIENT_AUTHENTICATION", default="").strip() and one_of(
    env, "OIDC_CLIENT_AUTHENTICATION", ("client_secret_basic", "client_secret_post"), default=""
)
OIDC_USERINFO = one_of(env, "OIDC_USERINFO", ("required", "optional", "off"), default="required")
# Further origins to which the provider's sign-in and sign-out redirect a browser.
OIDC_LOGIN_ORIGINS = Origins("OIDC_LOGIN_ORIGINS")(env.str("OIDC_LOGIN_ORIGINS", default=""))
OIDC_PROVIDER_NAME = env.str("OIDC_PROVIDER_NAME", default=urlsplit(OIDC_ISSUER).netloc)
OIDC_TIMEOUT = number_setting(env, "OIDC_TIMEOUT", default=10.0, least=0.5, most=60)  # seconds for one whole call
# Accept private addresses, such as https://10.0.0.5, in the discovery document of an issuer that is a name.
OIDC_ALLOW_PRIVATE_ADDRESSES = switch_setting(env, "OIDC_ALLOW_PRIVATE_ADDRESSES")

# --- The directory ----------------------------------------------------------------------------------------------

DIRECTORY_API_URL = required(
    env, "DIRECTORY_API_URL", "https://directory.example.org", parse=ServiceUrl("DIRECTORY_API_URL")
)
DIRECTORY_TIMEOUT = number_setting(env, "DIRECTORY_TIMEOUT", default=10.0, least=0.1, most=300)
# Lists with at least DIRECTORY_KEEP_ROWS rows are cached in the process; 0 seconds disables the cache.
DIRECTORY_KEEP_SECONDS = number_setting(env, "DIRECTORY_KEEP_SECONDS", default=60, least=0, most=600)
DIRECTORY_KEEP_ROWS = number_setting(env, "DIRECTORY_KEEP_ROWS", default=2000, least=0, most=10**9)
DIRECTORY_KEEP_MEGABYTES = number_setting(env, "DIRECTORY_KEEP_MEGABYTES", default=256, least=1, most=10**6)
# Only gunicorn reads it, and ends with a traceback if it is no number: the unit runs `manage.py check` before.
whole_number_setting(env, "WEB_CONCURRENCY", default=1, least=1, most=1000)
# The largest list that is accepted; the default is enough for some hundred thousand people.
DIRECTORY_MAX_BYTES = whole_number_setting(env, "DIRECTORY_MAX_BYTES", default=256 * 1024**2, least=1024, most=1024**3)
# Reads that one process makes at the same time, and calls without an answer before none is made for some seconds; 0: no
# limit. A process has 8 threads: what is left of them answers pages that need no directory.
DIRECTORY_READS_AT_ONCE = whole_number_setting(env, "DIRECTORY_READS_AT_ONCE", default=5, least=0, most=100)
DIRECTORY_READS_PER_ORGANIZATION = whole_number_setting(
    env, "DIRECTORY_READS_PER_ORGANIZATION", default=4, least=0, most=100
)
DIRECTORY_READS_PER_PERSON = whole_number_setting(env, "DIRECTORY_READS_PER_PERSON", default=3, least=0, most=100)
DIRECTORY_FAILURES_BEFORE_PAUSE = whole_number_setting(
    env, "DIRECTORY_FAILURES_BEFORE_PAUSE", default=5, least=0, most=1000
)
DIRECTORY_PAUSE_SECONDS = number_setting(env, "DIRECTORY_PAUSE_SECONDS", default=10, least=1, most=600)

# --- Who may do what --------------------------------------------------------------------------------------------

from console.signin.access.rules_parser import OrganizationsSetting

CONSOLE_ORGANIZATIONS = required(
    env,
    "CONSOLE_ORGANIZATIONS",
    '{"acme": {"name": "Acme GmbH", "admins": {"groups": ["acme-admins"]}, "auditors": {"groups": ["acme-audit"]}}}',
    parse=OrganizationsSetting("CONSOLE_ORGANIZATIONS"),
)

# --- Sign-in and sessions ---------------------------------------------------------------------------------------

AUTH_USER_MODEL = "signin.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "signin"
LOGIN_REDIRECT_URL = "home"
SESSION_ENGINE = "console.signin.sessions"
SESSION_IDLE_MINUTES = number_setting(env, "SESSION_IDLE_MINUTES", default=30, least=1, most=24 * 60)
SESSION_MAX_HOURS = number_setting(env, "SESSION_MAX_HOURS", default=8, least=0.01, most=24 * 7)
SESSION_COOKIE_AGE = int(SESSION_MAX_HOURS * 3600)
TOKEN_ENCRYPTION_KEYS = required(
    env, "TOKEN_ENCRYPTION_KEYS", "`manage.py newkeys` prints one", parse=FernetKeys("TOKEN_ENCRYPTION_KEYS")
)

ACCOUNT_ADAPTER = "console.signin.oidc.allauth_adapter.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "console.signin.oidc.allauth_adapter.SocialAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = None  # an email address is shown, but does not identify a user
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_UNIQUE_EMAIL = True
SOCIALACCOUNT_ONLY = True
SOCIALACCOUNT_AUTO_SIGNUP = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_EMAIL_REQUIRED = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_QUERY_EMAIL = False

# Requests per minute from one IP address and by one person; 0 disables a limit. A chunk of a bulk run is one request.
RATE_LIMITS = {
    kind: tuple(
        whole_number_setting(env, f"{name}_PER_{by}", default=most, least=0, most=1_000_000) for by, most in limits
    )
    for kind, name, limits in (
        ("signin", "SIGNINS", (("ADDRESS", 300), ("PERSON", 60))),
        ("write", "WRITES", (("ADDRESS", 2400), ("PERSON", 600))),
        ("run", "RUNS", (("ADDRESS", 9600), ("PERSON", 2400))),
    )
}

# --- The change log ---------------------------------------------------------------------------------------------

AUDIT_SIGNING_KEY = required(
    env, "AUDIT_SIGNING_KEY", "`manage.py newkeys` prints one", parse=Ed25519Key("AUDIT_SIGNING_KEY")
)
AUDIT_LOG_ORIGIN = required(env, "AUDIT_LOG_ORIGIN", "console.example.org", parse=LogOrigin("AUDIT_LOG_ORIGIN"))
# Only while the signing key is being changed: the key that still signs those logs that have no event of the new one.
AUDIT_FORMER_SIGNING_KEY = FormerSigningKey("AUDIT_FORMER_SIGNING_KEY", AUDIT_SIGNING_KEY)(
    env.str("AUDIT_FORMER_SIGNING_KEY", default="").strip()
)
# A checkpoint is made after so many events or so many minutes, whichever comes first.
AUDIT_CHECKPOINT_TARGET = CheckpointTarget("AUDIT_CHECKPOINT_TARGET")(
    env.str("AUDIT_CHECKPOINT_TARGET", default="").strip()
)
AUDIT_CHECKPOINT_TOKEN = env.str("AUDIT_CHECKPOINT_TOKEN", default="").strip()
AUDIT_CHECKPOINT_EVENTS = whole_number_setting(env, "AUDIT_CHECKPOINT_EVENTS", default=100, least=1, most=1_000_000)
AUDIT_CHECKPOINT_MINUTES = number_setting(env, "AUDIT_CHECKPOINT_MINUTES", default=15, least=0.01, most=24 * 60)

# --- Background work ----------------------------------------------------------------------------------------------

# Seconds without a heartbeat after which another worker takes over a piece of work.
TASKS_LEASE_SECONDS = number_setting(env, "TASKS_LEASE_SECONDS", default=30, least=1, most=600)

# --- Embedding, cookies, headers ----------------------------------------------------------------------------------

CONSOLE_EMBED_ORIGINS = comma_separated(env.str("CONSOLE_EMBED_ORIGINS", default=""))
CONSOLE_EMBED_MODE = one_of(env, "CONSOLE_EMBED_MODE", ("none", "same-site", "cross-site"), default="none")
TRUSTED_PROXY_COUNT = whole_number_setting(env, "TRUSTED_PROXY_COUNT", default=0, least=0, most=16)
TRUSTED_PROXY_HEADER = one_of(env, "TRUSTED_PROXY_HEADER", PROXY_HEADERS, default="X-Forwarded-For")

from console.embedding import content_security_policy, cookie_settings, served_over_https

CONSOLE_PATH_PREFIX = PathPrefix("CONSOLE_PATH_PREFIX")(env.str("CONSOLE_PATH_PREFIX", default="").strip())
FORCE_SCRIPT_NAME = CONSOLE_PATH_PREFIX or None  # Django begins each link with it

_https = served_over_https(ALLOWED_HOSTS, DEBUG)
CONTENT_SECURITY_POLICY = content_security_policy(CONSOLE_EMBED_MODE, CONSOLE_EMBED_ORIGINS)
COOKIE_PREFIX: str  # the name of every cookie begins with it
COOKIES_PARTITIONED: bool
globals().update(cookie_settings(CONSOLE_EMBED_MODE, https=_https))
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = _https
_below = re.escape(CONSOLE_PATH_PREFIX.removeprefix("/"))
SECURE_REDIRECT_EXEMPT = [rf"^{_below}/*(healthz|readyz|metrics)$"]  # probes use the internal network, without TLS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = False  # this console does not decide about other hosts of the domain
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CSRF_FAILURE_VIEW = "console.signin.middleware.csrf_failure_view"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # a cookie would store names on disk
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 600  # without JavaScript each selected row is one
FILE_UPLOAD_HANDLERS = ["console.upload_handlers.CappedUploadHandler"]
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # X-Frame-Options: console.runtime.middleware sends it in the mode in which it applies
    "security.W005",  # HSTS for subdomains: see above
    "security.W021",  # HSTS preloading: an intranet host is not on a public list
]

# --- Language and time --------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français")]  # .ci/checkmessages keeps them complete
LOCALE_PATHS = [BASE_DIR / "console" / "locale"]  # one catalogue for the whole project, templates included
FORMAT_MODULE_PATH = ["console.formats"]
TIME_ZONE = "UTC"  # until the browser has sent its own
USE_TZ = True
USE_I18N = True

# --- Static files -------------------------------------------------------------------------------------------------

STATIC_URL = f"{CONSOLE_PATH_PREFIX}/static/"
WHITENOISE_STATIC_PREFIX = "/static/"  # which WhiteNoise compares with the path below the prefix
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / ".staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "console.static_files.StaticFilesStorage"},
}
WHITENOISE_ALLOW_ALL_ORIGINS = False  # no other site needs them
WHITENOISE_USE_FINDERS = True  # a fresh checkout works without `collectstatic`

# --- Stopping ---------------------------------------------------------------------------------------------------

CONSOLE_DRAIN_FILE = env.str("CONSOLE_DRAIN_FILE", default="")  # while it exists, /readyz answers 503

# --- Logging and metrics ------------------------------------------------------------------------------------------

# prometheus-client writes to this folder from the first metric on, but does not create it.
if _folder := env.str("PROMETHEUS_MULTIPROC_DIR", default=""):
    Path(_folder).mkdir(parents=True, exist_ok=True)
else:
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)  # an empty value would mean the current directory

from console.runtime.logging import logging_settings

LOG_FORMAT = one_of(env, "LOG_FORMAT", ("text", "json"), default="json")
CHANGES_SYSLOG = SyslogAddress("CHANGES_SYSLOG")(env.str("CHANGES_SYSLOG", default="").strip())
LOGGING = logging_settings(LOG_FORMAT, CHANGES_SYSLOG)
DEFAULT_EXCEPTION_REPORTER = "console.runtime.exception_report.ExceptionReporter"
METRICS_TOKEN = env.str("METRICS_TOKEN", default="").strip()
# If both are unset, only this machine may read /metrics. If both are set, a client needs both.
METRICS_NETWORKS = Networks("METRICS_NETWORKS")(env.str("METRICS_NETWORKS", default=""))
