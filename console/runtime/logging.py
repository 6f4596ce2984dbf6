"""Logging to standard error: one line per record, with the ids of the request and of the trace it belongs to.

``LOG_FORMAT=json`` writes JSON objects for machines, ``text`` is for a terminal. Messages of ``console.changes`` and
``console.checkpoints`` are written unchanged in both: each is the JSON of one event or checkpoint already.
"""

import logging
from contextvars import ContextVar
from typing import Any, Literal

from prometheus_client import Counter
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from console.redaction import redact
from console.runtime import telemetry

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the current request; empty outside of a request."""


lost_lines = Counter("console_log_lines_lost_total", "Lines that could not be written to standard error.", ["kind"])
for _name in ("change log", "other"):
    lost_lines.labels(_name)  # begins with 0


class RequestIdFilter(logging.Filter):
    """Adds ``request_id``, ``trace_id`` and ``span_id`` to each record, for the formatters."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the ids, and accept the record."""
        record.request_id = request_id.get()
        record.trace_id, record.span_id = telemetry.current_ids()
        return True


class CountingStreamHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to standard error, and counts the lines that are lost: a full disk would swallow them silently."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (the standard library's name)
        """Count the record. The base class would write a traceback to the same place."""
        lost_lines.labels(_kind_of(record)).inc()


def _kind_of(record: logging.LogRecord) -> str:
    return "change log" if record.name in ("console.changes", "console.checkpoints") else "other"


class JsonLines(JsonFormatter):
    """Formats a record as a JSON object: time (UTC), level, logger, message, ids, then the record's extra fields."""

    def __init__(self) -> None:
        super().__init__(
            ["levelname", "name", "message", "request_id", "trace_id", "span_id"],
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
            # Django's records carry the request, whose text includes the query: one-time codes, names searched for
            reserved_attrs=[*RESERVED_ATTRS, "request"],
            json_ensure_ascii=True,  # some readers split lines at U+2028 and the like
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Redact secrets before serializing: in JSON text, a match could cut an escape sequence in half."""
        return {name: _redact_value(value) for name, value in super().process_log_record(log_data).items()}


def _redact_value(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else redact(str(value))


class TextLines(logging.Formatter):
    """Formats a record as one line for a terminal. Traceback lines are indented, so that none looks like a record."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname:<7} {name} [{request_id}] {message}", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (the standard library's name)
        """Return the first line. Input of a visitor cannot start a second one or send control codes to the terminal."""
        return "".join(map(_escape, super().formatMessage(record)))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """Return the traceback, escaped as well: an exception's text can contain input of a visitor."""
        return "\n".join("    " + "".join(map(_escape, line)) for line in super().formatException(ei).split("\n"))

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's lines, without secrets."""
        record.exc_text = None  # a traceback that another formatter has cached on the record
        return redact(super().format(record))


def _escape(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def logging_settings(log_format: Literal["text", "json"], syslog: str = "") -> dict[str, Any]:
    """Return Django's ``LOGGING`` setting. ``syslog`` is the address that also gets the change log's lines."""
    lines = JsonLines if log_format == "json" else TextLines
    to_standard_error = {"class": "console.runtime.logging.CountingStreamHandler", "filters": ["request_id"]}
    # As a factory: from Python 3.12 on, the "class" of a queue handler would also get a queue and a listener.
    forwarded = {"syslog": {"()": "console.runtime.syslog.SyslogHandler", "address": syslog, "formatter": "rfc5424"}}
    log = {"level": "INFO", "handlers": ["bare", *(forwarded if syslog else ())], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": RequestIdFilter}},
        "formatters": {
            "lines": {"()": lines},
            "bare": {"format": "%(message)s"},
            **({"rfc5424": {"()": "console.runtime.syslog.Rfc5424Formatter"}} if syslog else {}),
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
            "django.request": {"level": "ERROR"},  # the access log has the requests that were answered with 4xx
            # warnings of its workers about malformed requests, in our format
            "gunicorn.error": {"handlers": [], "propagate": True},
            "django.server": {"level": "ERROR", "handlers": [], "propagate": True},  # as above, under runserver
        },
    }
