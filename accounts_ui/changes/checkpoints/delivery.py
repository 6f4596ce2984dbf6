"""Sending a checkpoint to where the operator keeps them: a line of a file, or a POST."""

import os
from typing import Final

from django.conf import settings

from console.http import ExchangeError, exchange

TIMEOUT: Final = 10.0
_MAX_BYTES: Final = 64 * 1024


class NotDelivered(Exception):
    """The target did not take it; the message says why."""


def send(line: str) -> None:
    """Deliver one line to ``AUDIT_CHECKPOINT_TARGET``; on the disk, or accepted, when this returns.

    Raises:
        NotDelivered: the target did not take it.

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
        whole = f"{line}\n".encode()
        if os.write(file, whole) != len(whole):
            raise OSError(f"{path} took only a part of the line")
        os.fsync(file)
    finally:
        os.close(file)


def _post(url: str, line: str) -> None:
    headers = {"Content-Type": "application/json"}
    if settings.AUDIT_CHECKPOINT_TOKEN:
        headers["Authorization"] = f"Bearer {settings.AUDIT_CHECKPOINT_TOKEN}"
    answer = exchange("POST", url, timeout=TIMEOUT, max_bytes=_MAX_BYTES, headers=headers, body=line.encode())
    if not 200 <= answer.status < 300:
        raise NotDelivered(f"the target answered {answer.status}.")
