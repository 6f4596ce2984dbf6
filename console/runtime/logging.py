"""Logs: one line a record, on standard error, each with the id of the request, and the trace, that it belongs to.

``json`` writes one JSON object a line, for machines; ``text`` is for a terminal. The loggers ``console.changes`` and
``console.checkpoints`` are written as they come in both: each message is the JSON of one event or checkpoint already.
"""

import logging
import re
from contextvars import ContextVar
from typing import Any, Final, Literal

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from console.runtime import telemetry

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being answered; empty outside one."""

# The second line of defence: our own code logs no secret, a library's message or a traceback's text might.
_SECRETS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<keep>\bbearer\s+)[\w.~+/=-]{8,}",
        r"(?P<keep>\bauthorization\W{1,6}basic\s+)[\w+/=-]+",
        r"(?P<keep>\b(?:access_token|refresh_token|id_token|id_token_hint|client_secret|code_verifier)\W{1,6})"
        r"[\w.~+/%-]{4,}",
        r"(?P<keep>[?&](?:code|state)=)[^&\s\"']+",
        r"(?P<keep>\b)eyJ[\w-]{8,}\.[\w-]+\.[\w-]*",  # RFC 7519: a JSON Web Token, signed or not
    )
)


def redact(text: str) -> str:
    """``text`` with everything that looks like a token or a secret replaced by ``[redacted]``."""
    for pattern in _SECRETS:
        text = pattern.sub(r"\g<keep>[redacted]", text)
    return text


class RequestIdFilter(logging.Filter):
    """Gives every record ``request_id``, ``trace_id`` and ``span_id``, so that a formatter can print them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the ids; keep the record."""
        record.request_id = request_id.get()
        record.trace_id, record.span_id = telemetry.current_ids()
        return True


class JsonLines(JsonFormatter):
    """One JSON object a line: time (UTC), level, logger, message, ids of request and trace, then what else was told."""

    def __init__(self) -> None:
        super().__init__(
            ["levelname", "name", "message", "request_id", "trace_id", "span_id"],
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
            # Django's own records carry the request, whose text has the query: one-time codes, and names searched for
            reserved_attrs=[*RESERVED_ATTRS, "request"],
            json_ensure_ascii=True,  # also U+2028 and its like, at which some readers split lines
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Without secrets. Before it is JSON: cut out of it, one could take half an escape sequence along."""
        return {name: _redacted(value) for name, value in super().process_log_record(log_data).items()}


def _redacted(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else redact(str(value))


class TextLines(logging.Formatter):
    """One line a record for a terminal; a traceback follows on indented lines, so that none looks like a record."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname:<7} {name} [{request_id}] {message}", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (the standard library's name)
        """The first line. Nothing that a visitor sends can begin a second one, or steer the terminal."""
        return "".join(map(_visible, super().formatMessage(record)))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """The traceback. An exception's text can hold what a visitor sent."""
        return "\n".join("    " + "".join(map(_visible, line)) for line in super().formatException(ei).split("\n"))

    def format(self, record: logging.LogRecord) -> str:
        """The lines for ``record``, without secrets."""
        record.exc_text = None  # another formatter's traceback, kept on the record
        return redact(super().format(record))


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def logging_settings(log_format: Literal["text", "json"], syslog: str = "") -> dict[str, Any]:
    """Django's ``LOGGING`` setting. ``syslog``: the address to which the change log's lines go as well."""
    lines = JsonLines if log_format == "json" else TextLines
    to_standard_error = {"class": "logging.StreamHandler", "filters": ["request_id"]}
    forwarded = {"syslog": {"class": "console.runtime.syslog.SyslogHandler", "address": syslog, "formatter": "rfc5424"}}
    log = {"level": "INFO", "handlers": ["bare", *(forwarded if syslog else ())], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": RequestIdFilter}},
        "formatters": {
            "lines": {"()": lines},
            "bare": {"format": "%(message)s"},
            **({"rfc5424": {"()": "console.runtime.syslog.Rfc5424"}} if syslog else {}),
        },
        "handlers": {
            "lines": {**to_standard_error, "formatter": "lines"},
            "bare": {**to_standard_error, "formatter": "bare"},
            **(forwarded if syslog else {}),
        },
        "root": {"level": "INFO", "handlers": ["lines"]},
        "loggers": {
            "console.changes": log,
            "console.checkpoints": log,
            "django": {"level": "INFO", "handlers": [], "propagate": True},
            "opentelemetry.trace": {"level": "ERROR"},  # its warnings repeat malformed headers of strangers
            "django.request": {"level": "ERROR"},  # what answered 4xx stands in the line of its request already
            # its workers' warnings, of requests that are no HTTP, in our lines
            "gunicorn.error": {"handlers": [], "propagate": True},
            "django.server": {"level": "ERROR", "handlers": [], "propagate": True},  # as above, under runserver
        },
    }
