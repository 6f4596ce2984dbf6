"""Uploads: one small file in memory, never on the disk. What is larger is read past, and not kept."""

import contextlib
import io
from typing import Any, Final, cast

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from console.request import ConsoleRequest

MAX_UPLOAD: Final = 5 * 1024 * 1024


_PIECE: Final = 64 * 1024
_MOST: Final = 128 * 1024 * 1024  # bytes that are read past; whoever sends more hears nothing


def read_past(request: ConsoleRequest) -> None:
    """Take in what is still coming of a request that is refused: a browser shows no answer before it has sent all."""
    left = _MOST
    with contextlib.suppress(OSError):
        while left > 0 and (piece := request.read(_PIECE)):
            left -= len(piece)


class CappedUploadHandler(FileUploadHandler):
    """Keeps at most ``MAX_UPLOAD`` bytes of each file; ``request.upload_too_large`` says that one had more."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.kept = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.kept.tell() + len(raw_data) > MAX_UPLOAD:
            self.kept = io.BytesIO()
            cast(ConsoleRequest, self.request).upload_too_large = True
            raise SkipFile
        self.kept.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        self.kept.seek(0)
        return InMemoryUploadedFile(
            self.kept, self.field_name, self.file_name, self.content_type, file_size, self.charset
        )
