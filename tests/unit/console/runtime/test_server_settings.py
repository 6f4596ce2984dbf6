"""Variables of the server process: a bad one is named, with an example."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from console.runtime.server_settings import check_server_settings


@pytest.mark.parametrize(
    "bind", ["127.0.0.1:8000", "[::1]:8000", ":8000", "0.0.0.0:1,[::]:1", "unix:/run/console.sock"]
)
def test_addresses(bind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_BIND", bind)
    check_server_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONSOLE_BIND", "abc"),
        ("CONSOLE_BIND", "[::1]:99999"),
        ("CONSOLE_BIND", "http://127.0.0.1:8000"),
        ("DIRECTORY_TIMEOUT", "abc"),
        ("REQUEST_HEAD_SECONDS", "soon"),
        ("REQUEST_SECONDS", "-1"),
        ("CONNECTIONS_PER_SOURCE", "1.5"),
        ("CONSOLE_TLS_CERTIFICATE", "/etc/hostname"),
        ("PROMETHEUS_MULTIPROC_DIR", "/etc/hostname/metrics"),
    ],
)
def test_a_bad_value_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=f"{name}.*for example: {name}="):
        check_server_settings()


def test_files_that_are_no_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_TLS_KEY", str(tmp_path / "none.key"))
    for certificate in (tmp_path / "none.crt", tmp_path):
        monkeypatch.setenv("CONSOLE_TLS_CERTIFICATE", str(certificate))
        with pytest.raises(ImproperlyConfigured, match="cannot be used"):
            check_server_settings()
