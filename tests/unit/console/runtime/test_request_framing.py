"""When a request is whole, byte by byte."""

import pytest

from console.runtime.request_framing import MAX_BODY_BYTES, MAX_HEAD_BYTES, Progress, RequestFraming

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na=b&c"
CHUNKS = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\na=b\r\n2\r\n&c\r\n0\r\n"


@pytest.mark.parametrize("request_", [GET, POST, CHUNKS + b"\r\n", CHUNKS + b"X-Trailer: 1\r\n\r\n"])
def test_a_request_is_whole_at_its_last_byte_and_not_before(request_):
    framing, data = RequestFraming(), bytearray()
    for number, byte in enumerate(request_, start=1):
        data.append(byte)
        assert (framing.advance(data) is Progress.WHOLE) == (number == len(request_)), data
    assert RequestFraming().advance(request_ + GET) is Progress.WHOLE, "and with another one behind it"


@pytest.mark.parametrize(
    ("data", "progress"),
    [
        (b"", Progress.HEAD),
        (b"GET / HTTP/1.1\r\n", Progress.HEAD),
        (b"x" * (MAX_HEAD_BYTES + 1), Progress.HEAD_TOO_LARGE),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n", Progress.HEAD_TOO_LARGE),
        (POST[:-1], Progress.BODY),
        (b"POST / HTTP/1.1\r\ncontent-length:\t%d\r\n\r\n" % (MAX_BODY_BYTES + 1), Progress.BODY_TOO_LARGE),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % MAX_BODY_BYTES, Progress.BODY),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\nFFFFFFFFFF\r\n", Progress.BODY_TOO_LARGE),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", Progress.BODY),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n", Progress.WHOLE),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 2000, Progress.WHOLE),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 20_000, Progress.HEAD_TOO_LARGE),
        (b"POST / HTTP/1.1\r\nX-Content-Length: 9\r\n\r\n", Progress.WHOLE),
        (b"POST / HTTP/1.1\r\nContent-Length: nine\r\n\r\n", Progress.WHOLE),
    ],
)
def test_progress(data, progress):
    assert RequestFraming().advance(data) is progress
