"""Delivery of checkpoints to the operator's target: a note in a file, or a POST to a URL."""

import os
from typing import Final

from django.conf import settings

from console.http import ExchangeError, exchange

TIMEOUT: Final = 10.0
"""Seconds that a POST may take in all."""

_MAX_BYTES: Final = 64 * 1024  # of the response, which nobody reads


class NotDelivered(Exception):
    """The target did not accept the checkpoint. The message says why."""


def send_note(note: str) -> None:
    """Deliver one checkpoint to ``AUDIT_CHECKPOINT_TARGET``. On return it is on the disk, or accepted by the server.

    Raises:
        NotDelivered: the target did not accept it.

    """
    target: str = settings.AUDIT_CHECKPOINT_TARGET
    try:
        if target.startswith("/"):
            _append(target, note)
        else:
            _post(target, note)
    except (OSError, ExchangeError) as error:
        raise NotDelivered(f"{error}") from error


def _append(path: str, note: str) -> None:
    is_new = not os.path.exists(path)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        if is_new and os.geteuid() == 0:  # by a command, as root: the service must be able to append to it later
            folder = os.stat(os.path.dirname(path))
            os.fchown(file, folder.st_uid, folder.st_gid)
        content = note.encode()  # its last line is that of a signature, so the next note can follow at once
        if os.write(file, content) != len(content):
            raise OSError(f"only a part of the checkpoint was written to {path}")
        os.fsync(file)
    finally:
        os.close(file)


def _post(url: str, note: str) -> None:
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    if settings.AUDIT_CHECKPOINT_TOKEN:
        headers["Authorization"] = f"Bearer {settings.AUDIT_CHECKPOINT_TOKEN}"
    response = exchange("POST", url, timeout=TIMEOUT, max_bytes=_MAX_BYTES, headers=headers, body=note.encode())
    if not 200 <= response.status < 300:
        raise NotDelivered(f"the target answered {response.status}.")
