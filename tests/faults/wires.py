"""What stands between a console under test and the world, and breaks on demand: ``Front`` and ``Wire``."""

import contextlib
import datetime
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Hook = Callable[[], object]


class Listener:
    """Accepts connections on a loopback port that it keeps, while it is open."""

    def __init__(self) -> None:
        self.port = 0
        self.open()

    def open(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", self.port))
        self._socket.listen(128)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._socket,), daemon=True).start()

    def shut(self) -> None:
        """From here on, connections are refused."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._socket.close()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        try:
            self.serve(peer)
        except OSError:
            pass
        finally:
            peer.close()

    def serve(self, peer: socket.socket) -> None:
        raise NotImplementedError


class Wire(Listener):
    """A TCP connection to something, that can be cut and mended."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._living: set[socket.socket] = set()
        self._armed: tuple[bytes, bool] | None = None
        super().__init__()

    def cut(self) -> None:
        self.shut()
        for one in list(self._living):
            close(one)

    def mend(self) -> None:
        self._armed = None
        self.shut()
        self.open()

    def cut_after(self, needle: bytes, *, for_good: bool) -> None:
        """Cut once ``needle`` has gone by, without its answer; ``for_good``: and let nobody connect again."""
        self._armed = (needle, for_good)

    def serve(self, peer: socket.socket) -> None:
        with socket.create_connection(self._target, timeout=10) as server:
            server.settimeout(None)
            self._living |= {peer, server}
            back = threading.Thread(target=self._back, args=(server, peer), daemon=True)
            back.start()
            try:
                self._forth(peer, server)
            finally:
                back.join()
                self._living -= {peer, server}

    def _forth(self, peer: socket.socket, server: socket.socket) -> None:
        while data := _some(peer):
            armed, hit = self._armed, False
            if armed and armed[0] in data:
                self._armed, hit = None, True
                if armed[1]:
                    self.shut()
                close(peer)  # before the server sees it, so that its answer finds nobody
            server.sendall(data)
            if hit:
                break
        try:
            server.shutdown(socket.SHUT_WR)
        except OSError:
            return

    @staticmethod
    def _back(server: socket.socket, peer: socket.socket) -> None:
        while data := _some(server):
            try:
                peer.sendall(data)
            except OSError:
                continue  # the server still gets to the end of what it was sent
        close(peer)


class Front(Listener):
    """TLS in front of the directory. A hook runs at a point of the request that an id names:

    ``read``: the last read before a write is answered, and not handed on yet; ``write``: a write has arrived;
    ``written``: the directory has answered it, and the console does not know yet.
    """

    def __init__(self, directory: str, trusted: ssl.SSLContext) -> None:
        host, port = directory.removeprefix("http://").split(":")
        self._target, self.context = (host, int(port)), trusted
        self._hooks: dict[tuple[str, str], Hook] = {}
        super().__init__()

    def at(self, point: str, request_id: str, hook: Hook) -> None:
        self._hooks[point, request_id] = hook

    def serve(self, peer: socket.socket) -> None:
        with self.context.wrap_socket(peer, server_side=True) as plain:
            try:
                self._relay(plain)
            except OSError:  # a reset goes on as one
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _relay(self, plain: socket.socket) -> None:
        plain.settimeout(60)
        request = _request(plain)
        method, path = request.split(b" ", 2)[:2]
        is_write = method != b"GET"
        request_id = _header(request, b"x-request-id")
        if is_write:
            self._run("write", request_id)
        with socket.create_connection(self._target, timeout=60) as server:
            server.sendall(request)
            point = "written" if is_write else "read" if path.endswith(b"/types") else ""
            held = _all(server) if (point, request_id) in self._hooks else b""
            self._run(point, request_id)
            plain.sendall(held)
            while data := server.recv(65536):
                plain.sendall(data)

    def _run(self, point: str, request_id: str) -> None:
        if hook := self._hooks.pop((point, request_id), None):
            hook()


def certificates(folder: Path, name: str) -> tuple[Path, ssl.SSLContext, ssl.SSLContext]:
    """A CA to trust (its file), a context with its certificate for ``name``, and one with a stranger's."""
    contexts = []
    for who in ("trusted", "stranger"):
        authority, key = _issue(f"{who} CA", None)
        leaf, leaf_key = _issue(name, (authority, key))
        (folder / f"{who}.ca.pem").write_bytes(authority.public_bytes(Encoding.PEM))
        private = leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{who}.pem").write_bytes(leaf.public_bytes(Encoding.PEM) + private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / f"{who}.pem")
        contexts.append(context)
    return folder / "trusted.ca.pem", contexts[0], contexts[1]


def _issue(
    name: str, issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer[1] if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if issuer:
        names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    else:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(signer, hashes.SHA256()), key


def _request(plain: socket.socket) -> bytes:
    """One whole request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(plain)
    length = int(_header(data, b"content-length") or 0)
    head = data.index(b"\r\n\r\n") + 4
    while len(data) < head + length:
        data += _more(plain)
    return data


def _more(plain: socket.socket) -> bytes:
    data = plain.recv(65536)
    if not data:
        raise ConnectionResetError
    return data


def _header(request: bytes, name: bytes) -> str:
    for line in request.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.lower() == name:
            return value.strip().decode()
    return ""


def _all(server: socket.socket) -> bytes:
    chunks = []
    while data := _some(server):
        chunks.append(data)
    return b"".join(chunks)


def _some(one: socket.socket) -> bytes:
    try:
        return one.recv(65536)
    except OSError:
        return b""


def close(one: socket.socket) -> None:
    """End a connection that another thread may be reading from."""
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
