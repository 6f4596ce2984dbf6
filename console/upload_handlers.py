"""Uploads: one small file in memory, never on disk. Larger files are read to their end and discarded."""

import contextlib
import io
from typing import Any, Final, cast

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from console.request import ConsoleRequest

MAX_UPLOAD: Final = 5 * 1024 * 1024  # bytes
MAX_DISCARDED: Final = 128 * 1024 * 1024  # bytes; a client that sends more gets no response
_CHUNK: Final = 64 * 1024  # bytes


def discard_body(request: ConsoleRequest) -> None:
    """Read the rest of a request that is rejected: a browser shows no response before it has sent everything."""
    left = MAX_DISCARDED
    with contextlib.suppress(OSError):
        while left > 0 and (chunk := request.read(_CHUNK)):
            left -= len(chunk)


class CappedUploadHandler(FileUploadHandler):
    """Stores files of up to ``MAX_UPLOAD`` bytes; a larger one sets ``request.upload_too_large``."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.content = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.content.tell() + len(raw_data) > MAX_UPLOAD:
            self.content = io.BytesIO()
            cast(ConsoleRequest, self.request).upload_too_large = True
            raise SkipFile
        self.content.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        self.content.seek(0)
        return InMemoryUploadedFile(
            self.content, self.field_name, self.file_name, self.content_type, file_size, self.charset
        )
