"""How much of a byte stream is one whole HTTP/1.1 request (RFC 9112, sections 3, 6 and 7.1).

This decides only when enough has arrived to give a request to a thread. gunicorn's parser reads the same bytes
afterwards and decides what they mean. Whatever looks malformed here counts as whole, so that the parser rejects it.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

HEAD_END: Final = b"\r\n\r\n"
MAX_HEAD_BYTES: Final = 64 * 1024  # far beyond what the parser accepts in its default limits and what proxies pass on
MAX_BODY_BYTES: Final = 6 * 1024 * 1024  # an upload has 5 MB at most; the shipped proxies stop at the same size
MAX_CHUNK_LINE_BYTES: Final = 1024  # a chunk's size and its extensions

_LENGTH: Final = re.compile(rb"(?mi)^content-length:[ \t]*(\d{1,19})[ \t]*\r?$")
_CHUNKED: Final = re.compile(rb"(?mi)^transfer-encoding:[^\r\n]*chunked[ \t]*\r?$")
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?")


class Progress(Enum):
    """What the bytes so far are."""

    HEAD = "the head is not complete"
    BODY = "the head is complete, the body is not"
    WHOLE = "a whole request, perhaps with more behind it"
    HEAD_TOO_LARGE = "more bytes than a head may have"
    BODY_TOO_LARGE = "more bytes than a body may have, sent or announced"


@dataclass(slots=True)
class RequestFraming:
    """The progress of one request, measured step by step: no byte is looked at twice."""

    progress: Progress = Progress.HEAD
    _end: int | None = None  # where a body of known length ends
    _position: int = 0  # where the next chunk begins, or where to go on looking for the head's end
    _body_start: int = 0

    def advance(self, data: bytes | bytearray) -> Progress:
        """Measure ``data``, which holds all bytes of the request so far."""
        if self.progress is Progress.HEAD:
            self._read_head(data)
        if self.progress is Progress.BODY:
            self._read_body(data)
        return self.progress

    def _read_head(self, data: bytes | bytearray) -> None:
        end = data.find(HEAD_END, max(0, self._position - len(HEAD_END)))
        if end < 0:
            self._position = len(data)
            self.progress = Progress.HEAD_TOO_LARGE if len(data) > MAX_HEAD_BYTES else Progress.HEAD
            return
        head = bytes(data[: end + 2])
        self._position = self._body_start = end + len(HEAD_END)
        if len(head) > MAX_HEAD_BYTES:
            self.progress = Progress.HEAD_TOO_LARGE
        elif _CHUNKED.search(head):
            self.progress = Progress.BODY
        else:
            length = _LENGTH.search(head)
            self._end = self._body_start + (int(length[1]) if length else 0)
            self.progress = Progress.BODY

    def _read_body(self, data: bytes | bytearray) -> None:
        if self._end is not None:
            if self._end - self._body_start > MAX_BODY_BYTES:
                self.progress = Progress.BODY_TOO_LARGE
            elif len(data) >= self._end:
                self.progress = Progress.WHOLE
            return
        while self.progress is Progress.BODY and self._read_chunk(data):
            pass
        if self.progress is Progress.BODY and len(data) - self._body_start > MAX_BODY_BYTES:
            self.progress = Progress.BODY_TOO_LARGE

    def _read_chunk(self, data: bytes | bytearray) -> bool:
        """Step over one chunk; ``False`` if it has not arrived completely."""
        line_end = data.find(b"\r\n", self._position, self._position + MAX_CHUNK_LINE_BYTES)
        if line_end < 0:
            if len(data) - self._position >= MAX_CHUNK_LINE_BYTES:
                self.progress = Progress.WHOLE  # malformed
            return False
        size = _CHUNK_SIZE.fullmatch(data, self._position, line_end)
        if size is None:
            self.progress = Progress.WHOLE  # malformed
            return False
        if int(size[1], 16) == 0:
            return self._read_trailers(data, line_end)
        chunk_end = line_end + 2 + int(size[1], 16) + 2
        if chunk_end - self._body_start > MAX_BODY_BYTES:
            self.progress = Progress.BODY_TOO_LARGE
        elif chunk_end <= len(data):
            self._position = chunk_end
            return True
        return False

    def _read_trailers(self, data: bytes | bytearray, line_end: int) -> bool:
        if data.find(HEAD_END, line_end) >= 0:
            self.progress = Progress.WHOLE
        elif len(data) - line_end > MAX_HEAD_BYTES:
            self.progress = Progress.HEAD_TOO_LARGE
        return False
