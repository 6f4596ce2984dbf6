"""``CA_BUNDLE``: one file of authorities for every service that is called, beside the system's store."""

import json
from urllib.parse import urlsplit

import pytest

from console.sandbox import processes
from tests.authority import Authority, HttpsServer, run_postgresql, run_redis
from tests.faults.wires import Front
from tests.operations.test_doctor import doctor
from tests.operations.test_site import start
from tests.servers import REDIS, outcome_of, text_of
from tests.signin.hostile_provider import Attempt, HostileProvider


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("company"))


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    """An authority that the system trusts: ``SSL_CERT_FILE`` says where OpenSSL finds the system's store."""
    return Authority(tmp_path_factory.mktemp("public"), "Public CA")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("stranger"), "Nobody's CA")


def test_every_service_is_trusted_by_the_bundle(start_console, sqlite_console, sign_in, directory, authority):
    front, target = Front(directory.url, authority.context()), HttpsServer(authority.context())
    with run_postgresql(authority) as database, run_redis(authority) as cache:
        settings = {
            "CA_BUNDLE": str(authority.bundle),
            "DATABASE_URL": f"{database}?sslmode=verify-full",
            "CACHE_URL": cache,
            "DIRECTORY_API_URL": f"https://localhost:{front.port}",
            "AUDIT_CHECKPOINT_TARGET": f"https://127.0.0.1:{target.port}/checkpoints",
        }
        processes.migrate({**sqlite_console.server.env, **settings})
        console = start_console("postgresql", **settings)
        ada = sign_in(console, "ada")
        path = f"/orgs/acme/accounts/{directory.person('worker')}/worker/status/"
        page = ada.post(path, {**ada.form(path), "status": "disabled"})
        assert outcome_of(page) == "applied", text_of(page)
        assert console.manage("checkpoint", "--emit").returncode == 0
        assert target.bodies[-1].startswith(b"sandbox.example/orgs/acme\n2\n"), "the checkpoint"
        assert ada.get("/readyz").json()["parts"] == {"database": "up", "cache": "up", "provider": "up"}
        _, findings = doctor(console)
        assert [level for level, _, _ in findings["certificates"]] == ["ok"] * 4
        for name in ("DATABASE_URL", "CACHE_URL", "DIRECTORY_API_URL", "AUDIT_CHECKPOINT_TARGET"):
            assert any(f"({name}) is trusted, and valid until" in text for _, text, _ in findings["certificates"]), name
        console.server.stop()
    front.shut()
    target.stop()


def test_the_bundle_stands_beside_the_systems_store(start_console, directory, authority, public):
    """The provider's certificate is a public one, the directory's and the database's are the company's."""
    provider, front = HostileProvider(public.context("localhost")), Front(directory.url, authority.context())
    console = start_console(
        "sqlite",
        OIDC_ISSUER=provider.issuer,
        CA_BUNDLE=str(authority.bundle),
        SSL_CERT_FILE=str(public.bundle),
        DIRECTORY_API_URL=f"https://localhost:{front.port}",
    )
    attempt = Attempt(console, provider)
    assert attempt.run().status_code == 302
    assert attempt.is_signed_in()
    with run_postgresql(public) as first, run_postgresql(authority) as second:
        for database in (first, second):
            result = console.manage("migrate", "--plan", env={"DATABASE_URL": f"{database}?sslmode=verify-full"})
            assert result.returncode == 0, result.stderr
        without = {"DATABASE_URL": f"{first}?sslmode=verify-full", "CA_BUNDLE": ""}
        assert console.manage("migrate", "--plan", env=without).returncode == 0, "the system's store is enough"
        alone = {"DATABASE_URL": f"{second}?sslmode=verify-full", "CA_BUNDLE": ""}
        assert "certificate verify failed" in console.manage("migrate", "--plan", env=alone).stderr
    findings = doctor(console)[1]["certificates"]
    assert [level for level, _, _ in findings] == ["ok", "ok"]
    stop(provider)
    front.shut()


def stop(provider):
    provider.server.shutdown()
    provider.server.server_close()


FAULTS = {
    "unknown authority": ("stranger", {}, "is from an unknown authority", "CA_BUNDLE"),
    "expired": ("authority", {"days": -1}, "has expired", "Renew the certificate of localhost"),
    "misnamed": ("authority", {"names": ["login.example.org"]}, "is for another name", "Correct the host in"),
}


@pytest.fixture(scope="module", params=FAULTS)
def faulty(request, authority, stranger, directory_server):
    """Every service with a certificate of this fault: its settings, what the doctor says and what helps."""
    who, issue, text, fix = FAULTS[request.param]
    issuer, names = {"authority": authority, "stranger": stranger}[who], issue.get("names", [])
    days = issue.get("days", 30)
    provider = HostileProvider(issuer.context(*(names or ["localhost"]), days=days))
    servers = [HttpsServer(issuer.context(*names, days=days)) for _ in range(2)]
    with run_postgresql(issuer, names=names, days=days) as database, run_redis(issuer, names=names, days=days) as cache:
        settings = {
            "OIDC_ISSUER": provider.issuer,
            "DIRECTORY_API_URL": f"https://localhost:{servers[0].port}",
            "AUDIT_CHECKPOINT_TARGET": f"https://localhost:{servers[1].port}/",
            "DATABASE_URL": f"{database}?sslmode=verify-full",
            "CACHE_URL": cache,
        }
        yield {**settings, "CA_BUNDLE": str(authority.bundle)}, text, fix
    stop(provider)
    for server in servers:
        server.stop()


def test_the_doctor_names_host_and_setting(sqlite_console, faulty):
    settings, text, fix = faulty
    code, found = doctor(sqlite_console, **settings)
    assert code == 1
    assert len(found["certificates"]) == 5, "each server once"
    for setting in ("OIDC_ISSUER", "DIRECTORY_API_URL", "AUDIT_CHECKPOINT_TARGET", "DATABASE_URL", "CACHE_URL"):
        [(level, message, hint)] = [one for one in found["certificates"] if f"localhost ({setting})" in one[1]]
        assert (level, text in message) == ("error", True), message
        assert fix in hint
    assert [levels for part in ("provider", "database", "cache", "directory") for levels, _, _ in found[part]] == [
        "error"
    ] * 4
    assert f"localhost:{settings['DIRECTORY_API_URL'].rsplit(':', 1)[1]}: " in json.dumps(found["directory"])


def test_a_certificate_that_ends_soon_and_a_server_without_tls(sqlite_console, authority):
    soon = HttpsServer(authority.context(days=5))
    port = urlsplit(REDIS).port
    settings = {"DIRECTORY_API_URL": f"https://localhost:{soon.port}", "CACHE_URL": f"rediss://:x@127.0.0.1:{port}"}
    _, found = doctor(sqlite_console, CA_BUNDLE=str(authority.bundle), **settings)
    levels = {message.split("(")[1].split(")")[0]: (level, message) for level, message, _ in found["certificates"]}
    assert levels["DIRECTORY_API_URL"][0] == "warning"
    assert "expires on" in levels["DIRECTORY_API_URL"][1]
    assert levels["CACHE_URL"][0] == "error"
    assert "does not speak TLS" in levels["CACHE_URL"][1]
    soon.stop()


def test_a_bundle_that_cannot_be_used_stops_the_start(tmp_path, authority):
    (tmp_path / "empty.pem").write_text("")
    (tmp_path / "text.pem").write_text("no certificate")
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (tmp_path / "binary.pem").write_bytes(b"\x30\x82\x01\x0a\xff\xfe")
    (tmp_path / "key.pem").write_text(authority.issue()[1].read_text())
    wrong = {
        str(tmp_path / "missing.pem"): "cannot be read: No such file or directory",
        str(tmp_path): "cannot be read: Is a directory",
        "company-ca.pem": "not an absolute path",
        **{str(tmp_path / f"{name}.pem"): "has no certificate" for name in ("empty", "text", "binary", "key")},
        str(tmp_path / "broken.pem"): "cannot be read",
    }
    for path, reason in wrong.items():
        result = start(CA_BUNDLE=path)
        assert result.returncode != 0, path
        assert "CA_BUNDLE: " in result.stderr
        assert reason in result.stderr, (path, result.stderr)
        assert "for example: CA_BUNDLE=/" in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.parametrize("option", ["ssl_ca_certs=/etc/ssl/ca.pem", "ssl_cert_reqs=none", "db=3"])
def test_options_in_the_cache_url_are_refused_not_dropped(option):
    result = start(CACHE_URL=f"rediss://:secret-word@cache.example.org:6379/0?{option}")
    assert result.returncode != 0
    assert f"CACHE_URL: the URL must not have options ({option.split('=')[0]})" in result.stderr
    assert "CA_BUNDLE" in result.stderr
    assert "secret-word" not in result.stderr
