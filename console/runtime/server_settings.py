"""Checks the variables of the server process, which gunicorn's configuration reads before Django's settings load."""

import re
import ssl
from pathlib import Path
from typing import Final

from django.core.exceptions import ImproperlyConfigured
from environ import Env

from console.environment import number_setting, whole_number_setting

_ADDRESS: Final = re.compile(r"(?:[A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})|unix:/.+|fd://[0-9]+")
_MAX_PORT: Final = 65535


def check_server_settings() -> None:
    """Raise ``ImproperlyConfigured``, with name and example, for a variable that gunicorn cannot use."""
    env = Env()
    _check_bind(env.str("CONSOLE_BIND", default="127.0.0.1:8000"))
    number_setting(env, "DIRECTORY_TIMEOUT", default=10, least=0.1, most=300)
    for name, default in (("REQUEST_HEAD_SECONDS", 10), ("REQUEST_SECONDS", 40)):
        if env.str(name, default=""):
            number_setting(env, name, default=default, least=0.1, most=3600)
    if env.str("CONNECTIONS_PER_SOURCE", default=""):
        whole_number_setting(env, "CONNECTIONS_PER_SOURCE", default=64, least=0, most=100_000)
    _check_metrics_folder(env.str("PROMETHEUS_MULTIPROC_DIR", default=""))
    _check_certificate(env.str("CONSOLE_TLS_CERTIFICATE", default=""), env.str("CONSOLE_TLS_KEY", default=""))


def _check_bind(text: str) -> None:
    for address in text.split(","):
        match = _ADDRESS.fullmatch(address)
        if match is None or int(match["port"] or 0) > _MAX_PORT:
            raise ImproperlyConfigured(
                f"CONSOLE_BIND={text!r} is not an address and a port; for example: CONSOLE_BIND=127.0.0.1:8000 or "
                "CONSOLE_BIND=[::1]:8000"
            )


def _check_metrics_folder(folder: str) -> None:
    try:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"PROMETHEUS_MULTIPROC_DIR={folder} cannot be made ({error.strerror}); for example: "
            "PROMETHEUS_MULTIPROC_DIR=/run/console/metrics"
        ) from None


def _check_certificate(certificate: str, key: str) -> None:
    example = "for example: CONSOLE_TLS_CERTIFICATE=/etc/console/tls.crt and CONSOLE_TLS_KEY=/etc/console/tls.key"
    if not (certificate or key):
        return
    if not (certificate and key):
        raise ImproperlyConfigured(f"Set both CONSOLE_TLS_CERTIFICATE and CONSOLE_TLS_KEY, or neither; {example}")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or str(error)
        raise ImproperlyConfigured(
            f"CONSOLE_TLS_CERTIFICATE={certificate} with CONSOLE_TLS_KEY={key} cannot be used ({reason}); {example}"
        ) from None
