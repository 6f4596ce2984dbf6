"""A directory that repeats the admin's access token or the client secret, in whatever spelling, is not repeated."""

import base64
import contextlib
import json
import sqlite3
import uuid
from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet, MultiFernet

from console.redaction import MARK
from tests.servers import form_of, text_of

SPELLINGS = {
    "plain": str,
    "quoted": lambda secret: json.dumps(secret),
    "percent": lambda secret: quote(secret, safe=""),
    "each byte": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    "hexadecimal": lambda secret: secret.encode().hex(),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "credentials": lambda secret: base64.b64encode(f"client:{secret}".encode()).decode(),
}
ENVELOPES = {
    "reason": lambda text: {"status": 409, "error": {"reason": text}},
    "message": lambda text: {"message": text},
    "spring": lambda text: {"error": text, "message": "", "path": "/"},
}


def access_token(console):
    """The newest session's token, decrypted as only this test can."""
    cipher = MultiFernet([Fernet(key) for key in console.server.env["TOKEN_ENCRYPTION_KEYS"].split(",")])
    path = console.server.env["DATABASE_URL"].removeprefix("sqlite:///")
    with contextlib.closing(sqlite3.connect(path, timeout=20)) as connection:
        rows = connection.execute("SELECT secret FROM signin_session WHERE secret <> '' ORDER BY rowid").fetchall()
    return json.loads(cipher.decrypt(rows[-1][0].encode()))["access_token"]


def answer(directory, on, document, status=409):
    body = base64.b64encode(json.dumps(document).encode()).decode()
    headers = [["Content-Type", "application/json"]]
    directory.fault("raw", on=on, status=status, body=body, headers=headers)


@pytest.fixture
def echo(own_consoles, sign_in, directory):
    console = own_consoles("sqlite")
    ada = sign_in(console, "ada")
    secrets = {"access token": access_token(console), "client secret": console.server.env["OIDC_CLIENT_SECRET"]}
    return console, ada, secrets


@pytest.mark.parametrize("which", ["access token", "client secret"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_neither_page_nor_record_nor_log_repeats_it(echo, directory, which, spelling):
    console, ada, secrets = echo
    written = SPELLINGS[spelling](secrets[which])
    for name, envelope in ENVELOPES.items():
        subject = directory.person("visitor", status="active", name=f"Echo {uuid.uuid4()}")
        form = form_of(ada.get(f"/orgs/acme/accounts/{subject}/visitor/status/"), "/status/")
        answer(directory, "change_status", envelope(f"The token {written} may not do this."))
        page = ada.post(f"/orgs/acme/accounts/{subject}/visitor/status/", {**form, "status": "disabled"})
        assert MARK in text_of(page), (name, text_of(page)[:500])
        assert "may not do this" in text_of(page)
        answer(directory, "list", envelope(f"The token {written} may not do this."), status=403)
        seen = page.text + ada.get("/orgs/acme/accounts/").text + ada.get("/orgs/acme/changes/").text
        record = ada.get("/orgs/acme/changes/export.jsonl").text + ada.get("/orgs/acme/changes/export.csv").text
        for where, text in {"page": seen, "record": record, "log": console.log()}.items():
            assert written not in text, where
            assert secrets[which] not in text, where
