"""The console's defences, as browsers, scanners and operators see them."""

import datetime
import http.client
import ipaddress
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.servers import text_of


@pytest.fixture(scope="module")
def deployed(start_console):
    """A console behind a proxy that terminates TLS, under its own host name."""
    return start_console("sqlite", ALLOWED_HOSTS="console.example.org", TRUSTED_PROXY_COUNT="1", METRICS_TOKEN="m" * 40)


def ask(console, path, *, scheme="https", method="GET", host="console.example.org", body=None, **headers):
    connection = http.client.HTTPConnection(console.url.removeprefix("http://"), timeout=20)
    sent = {"Host": host, "X-Forwarded-Proto": scheme, **{name.replace("_", "-"): v for name, v in headers.items()}}
    connection.request(method, path, body, headers=sent)
    answer = connection.getresponse()
    answer.text = answer.read().decode(errors="replace")
    connection.close()
    return answer


def test_https_only_with_cookies_of_this_host(deployed):
    page = ask(deployed, "/signout/")
    assert page.getheader("Strict-Transport-Security") == "max-age=31536000"
    for cookie in page.headers.get_all("Set-Cookie") or [ask(deployed, "/signin/").getheader("Set-Cookie")]:
        name, *attributes = cookie.split("; ")
        assert name.startswith("__Host-console-"), cookie
        assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(attributes), cookie
        assert not any(one.lower().startswith("domain") for one in attributes)
    plain = ask(deployed, "/signout/", scheme="http")
    assert (plain.status, plain.getheader("Location")) == (301, "https://console.example.org/signout/")
    for path in ("/healthz", "/metrics"):
        assert ask(deployed, path, scheme="http").status in (200, 401), "machines are not sent on quietly"


def test_another_host_gets_nothing(deployed):
    assert ask(deployed, "/signout/", host="evil.example").status == 400


def test_metrics_need_the_token(deployed):
    assert ask(deployed, "/metrics").status in (401, 403)
    assert ask(deployed, "/metrics", Authorization=f"Bearer {'m' * 40}").status == 200


def test_no_other_files_are_served(deployed):
    for path in (
        "/.git/config",
        "/.env",
        "/static/",
        "/static/css/",
        "/static/..%2fmanage.py",
        "/admin/",
        "/accounts/login/",
    ):
        assert ask(deployed, path).status in (400, 404), path
    for path in ("/signout/", "/healthz"):
        assert ask(deployed, path, method="TRACE").status in (403, 405), path
    page = ask(deployed, "/no/such/page")
    for word in ("Traceback", "Django", "gunicorn/", "Python"):
        assert word not in page.text + str(page.headers), word


KINDS = {
    "/orgs/acme/accounts/": "text/html; charset=utf-8",
    "/orgs/acme/accounts/export.csv": "text/csv; charset=utf-8",
    "/orgs/acme/changes/export.csv": "text/csv; charset=utf-8",
    "/orgs/acme/changes/export.jsonl": "application/jsonl",
    "/static/css/base.css": 'text/css; charset="utf-8"',
}


def test_every_answer_says_what_it_is_and_to_whom(sqlite_console, sign_in, directory):
    ada = sign_in(sqlite_console, "ada")
    for path, kind in KINDS.items():
        page = ada.get(path, Origin="https://evil.example")
        assert page.headers["Content-Type"] == kind, path
        assert page.headers["X-Content-Type-Options"] == "nosniff", path
        assert "Access-Control-Allow-Origin" not in page.headers, path
        assert ("attachment; filename=" in page.headers.get("Content-Disposition", "")) is ("export" in path), path
        assert page.headers["Cross-Origin-Resource-Policy"] == "same-origin", path
    for path in ("types/", "changes/", "accounts/", "accounts/assign/"):
        ada.get(f"/orgs/acme/{path}")
        assert ada.soup.select_one('form[action="/signout/"] button'), path


def test_private_data_of_the_directory_is_dropped(sqlite_console, sign_in, directory):
    ada = sign_in(sqlite_console, "ada")
    subject = directory.person("worker")
    for path in ("accounts/?per_page=500", f"users/{subject}/", "accounts/export.csv", "accounts/assign/"):
        page = ada.get(f"/orgs/acme/{path}")
        assert page.status_code == 200
        for word in ("1990-01-01", "birthdate", "gender", "pictures.example"):
            assert word not in page.text, (path, word)


def test_signing_out_clears_the_browsers_data(sqlite_console, sign_in):
    ada = sign_in(sqlite_console, "ada")
    page = ada.post("/signout/", ada.form("/orgs/acme/types/", "/signout/"), follow=False)
    assert page.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "Signed out: person-ada" in sqlite_console.log()


def test_an_operator_ends_sessions(start_console, sign_in, directory):
    console = start_console("sqlite")
    first, second, otto = sign_in(console, "ada"), sign_in(console, "ada"), sign_in(console, "otto")
    assert console.manage("endsessions", "--subject", "person-ada").stdout == "Ended 2 sessions.\n"
    for gone in (first, second):
        assert gone.get("/orgs/acme/types/", follow=False).status_code == 302
    assert otto.get("/orgs/acme/types/", follow=False).status_code == 200
    assert console.manage("endsessions", "--all").stdout == "Ended 1 session.\n"
    assert otto.get("/orgs/acme/types/", follow=False).status_code == 302
    assert console.manage("endsessions").returncode != 0


def test_denied_access_is_logged_with_the_person(sqlite_console, sign_in, directory):
    sign_in(sqlite_console, "nora").get("/orgs/acme/types/")
    sign_in(sqlite_console, "otto").get("/orgs/acme/accounts/assign/")
    log = sqlite_console.log()
    assert "Access denied: person-nora has no role in the organization 'acme'" in log
    assert "Access denied: person-otto is not an admin of the organization 'acme'" in log
    assert "Signed in: person-otto" in log


@pytest.mark.parametrize("name", ["list.xlsx", "list.csv.exe", "list"])
def test_a_file_of_another_kind_is_refused(sqlite_console, sign_in, directory, name):
    ada = sign_in(sqlite_console, "ada")
    sent = {**ada.form("/orgs/acme/accounts/bulk/"), "action": "assign", "status": "", "list": ""}
    file = {"file": (name, b"subject_id,code\nsomebody,worker\n")}
    page = ada.session.post(f"{ada.url}/orgs/acme/accounts/bulk/", data=sent, files=file, timeout=60)
    assert page.status_code == 400
    assert "has to end in .csv, .tsv or .txt" in text_of(page)


def self_signed(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    kind, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path = folder / "server.pem"
    path.write_bytes(key.private_bytes(kind, form, plain) + certificate.public_bytes(kind))
    return path


def test_a_directory_with_an_untrusted_certificate_gets_no_token(start_console, sign_in, directory, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    listener = socket.create_server(("127.0.0.1", 0))
    heard = []

    def serve():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(peer, server_side=True) as secured:
                    heard.append(secured.recv(100))
            except OSError:
                peer.close()

    threading.Thread(target=serve, daemon=True).start()
    console = start_console("sqlite", DIRECTORY_API_URL=f"https://127.0.0.1:{listener.getsockname()[1]}")
    page = sign_in(console, "ada").get("/orgs/acme/accounts/")
    listener.close()
    assert page.status_code == 502
    assert "TLS" in text_of(page)
    assert heard == []
    assert "A call to the directory failed: GET: NotSent: No trusted TLS connection" in console.log()
