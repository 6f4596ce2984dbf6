"""Whoever reads the database takes no session, redeems no code, and reads nothing that people typed."""

import base64
import binascii
import hashlib
import re
import zlib
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from console.sandbox import processes
from tests.servers import Browser
from tests.signin.ended_sessions import age, key_of, rows, task
from tests.signin.test_frame_signin import Frame, Window

COOKIE = "console-session"


@pytest.fixture
def sqlite_console(own_consoles, directory):
    return own_consoles("sqlite")


def values(console) -> list[str]:
    """Every value of every table, also as Django's signed data would be read without its key."""
    tables = [name for (name,) in rows(console, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    texts = {
        value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        for table in tables
        for row in rows(console, f'SELECT * FROM "{table}"')
        for value in row
        if value not in (None, "")
    }
    return [*texts, *(reading for text in texts for reading in unsigned(text))]


def unsigned(text: str) -> list[str]:
    """What ``django.core.signing`` and plain base64 hide from nobody."""
    readings = []
    for part in [text, *text.split(":")]:
        body = part.removeprefix(".")
        try:
            data = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
            readings.append((zlib.decompress(data) if part.startswith(".") else data).decode())
        except (ValueError, binascii.Error, zlib.error):
            continue
    return readings


def s256_challenge(verifier: str) -> str:
    """The challenge of a verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def is_signed_in(console, session_key: str) -> bool:
    cookies = {COOKIE: session_key}
    page = requests.get(f"{console.url}/sessions/", cookies=cookies, allow_redirects=False, timeout=30)
    return page.status_code == 200


def test_no_value_of_the_database_is_a_session(start_console, sign_in):
    console = start_console("sqlite")  # with few values: each is tried
    ada = sign_in(console, "ada")
    assert is_signed_in(console, key_of(ada))
    keys = {value for value in values(console) if re.fullmatch("[a-zA-Z0-9]{8,128}", value)}
    assert keys, "the hash of the key at least"
    assert [key for key in keys if is_signed_in(console, key)] == []


def test_what_was_typed_too_late_cannot_be_read(sqlite_console, sign_in, directory):
    ada, form = sign_in(sqlite_console, "ada"), task("assign", directory)
    fields = {**ada.form(form.page, form.action), **form.typed}
    age(sqlite_console, ada, "last_seen", 31)
    location = ada.post(form.action, fields, follow=False).headers["Location"]
    assert "returned" in location, "the form is saved"
    stored = "\n".join(values(sqlite_console))
    for typed in (form.typed["message"], form.subject, fields["operation_id"]):
        assert typed not in stored


def test_verifiers_nonces_and_states_cannot_be_read(sqlite_console):
    browser = Browser(sqlite_console.url)
    address = browser.get("/signin/", follow=False).headers["Location"]
    parameters = parse_qs(urlsplit(address).query)
    stored = "\n".join(values(sqlite_console))
    for name in ("state", "nonce"):
        assert parameters[name][0] not in stored
    assert not re.search(r"verifier|nonce", stored)


def test_no_value_of_the_database_collects_a_frame_signin(start_console, directory):
    framed_console = start_console("sqlite", **processes.portal_settings(9, mode="same-site"))
    frame, window = Frame(framed_console.url).ask(), Window(framed_console.url)
    window.sign_in_for(frame)
    stored = values(framed_console)
    challenges = {s256_challenge(value) for value in stored if value.isascii()}
    assert frame.challenge not in challenges, "a frame's verifier"
    code = window.code.replace("-", "")
    guessable = hashlib.sha256(code.encode()).hexdigest()  # a code has 50 bits: a plain hash can be inverted
    assert not any(code in value or guessable in value for value in stored)
    assert frame.receive(window.code).status_code == 303
