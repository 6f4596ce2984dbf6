"""Delivery of checkpoints to the operator's target: a line of a file, or a POST to a URL."""

import os
from typing import Final

from django.conf import settings

from console.http import ExchangeError, exchange

TIMEOUT: Final = 10.0
"""Seconds that a POST may take in all."""

_MAX_BYTES: Final = 64 * 1024  # of the response, which nobody reads


class NotDelivered(Exception):
    """The target did not accept the checkpoint. The message says why."""


def send_line(line: str) -> None:
    """Deliver one line to ``AUDIT_CHECKPOINT_TARGET``. On return it is on the disk, or the server has accepted it.

    Raises:
        NotDelivered: the target did not accept it.

    """
    target: str = settings.AUDIT_CHECKPOINT_TARGET
    try:
        if target.startswith("/"):
            _append(target, line)
        else:
            _post(target, line)
    except (OSError, ExchangeError) as error:
        raise NotDelivered(f"{error}") from error


def _append(path: str, line: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        content = f"{line}\n".encode()
        if os.write(file, content) != len(content):
            raise OSError(f"only a part of the line was written to {path}")
        os.fsync(file)
    finally:
        os.close(file)


def _post(url: str, line: str) -> None:
    headers = {"Content-Type": "application/json"}
    if settings.AUDIT_CHECKPOINT_TOKEN:
        headers["Authorization"] = f"Bearer {settings.AUDIT_CHECKPOINT_TOKEN}"
    response = exchange("POST", url, timeout=TIMEOUT, max_bytes=_MAX_BYTES, headers=headers, body=line.encode())
    if not 200 <= response.status < 300:
        raise NotDelivered(f"the target answered {response.status}.")
