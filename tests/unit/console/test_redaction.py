"""No spelling of a secret gets through."""

import base64
import html
import json
import secrets
import time
from urllib.parse import quote, quote_plus

import pytest

from console.redaction import MARK, forget_secrets, note_secrets, redact

OPAQUE = 'ory_at_9aB+c/d=%41e~f"x\\y&z-0123456789'
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEiLCJleHAiOjB9.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
UMLAUTS = "geheim-äöü-€-0123456789"


@pytest.fixture(autouse=True)
def secrets_of_a_request():
    forget_secrets()
    note_secrets(OPAQUE, JWT, UMLAUTS, "short")
    yield
    forget_secrets()


def every_byte(text):
    return "".join(f"%{byte:02x}" for byte in text.encode())


ENCODINGS = {
    "plain": str,
    "percent": lambda text: quote(text, safe=""),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "form": quote_plus,
    "each byte": every_byte,
    "upper case percent": lambda text: every_byte(text).upper(),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON of JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON, every letter": lambda text: "".join(f"\\u{ord(letter):04X}" for letter in text),
    "Python": lambda text: repr(text)[1:-1],
    "HTML": html.escape,
    "HTML, decimal": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "HTML, hexadecimal": lambda text: "".join(f"&#x{ord(letter):X};" for letter in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 behind one byte": lambda text: base64.b64encode(b"x" + text.encode() + b"y").decode(),
    "base64 behind two bytes": lambda text: base64.b64encode(b"xy" + text.encode() + b"yz").decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "upper case hexadecimal": lambda text: text.encode().hex().upper(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "base32 in lower case, behind three bytes": lambda text: base64.b32encode(b"xyz" + text.encode()).decode().lower(),
    "base64 of percent": lambda text: base64.b64encode(quote(text, safe="").encode()).decode(),
    "percent of base64": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "base64 of base64": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "hexadecimal of base64": lambda text: base64.b64encode(text.encode()).hex(),
    "percent of JSON": lambda text: quote(json.dumps(text)),
    "HTML of percent": lambda text: html.escape(quote(f"&{text}")),
    "in quotes": lambda text: f'"{text}"',
}


@pytest.mark.parametrize("secret", [OPAQUE, JWT, UMLAUTS])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_known_secret_is_removed(secret, encoding):
    written = ENCODINGS[encoding](secret)
    text = redact(f"The token {written} is not valid.")
    assert MARK in text
    assert text.startswith("The token ")
    assert text.endswith(" is not valid.")
    left = text.removeprefix("The token ").removesuffix(" is not valid.").replace(MARK, "")
    assert len(left) < 12, left


def test_a_part_of_a_token_is_removed():
    assert redact(f"payload {JWT.split('.')[1]}") == f"payload {MARK}"


@pytest.mark.parametrize(
    "text", ["", "short", "Account type is not found in organization.", "a=b&c", "100 %", "eyJ is how tokens begin"]
)
def test_ordinary_text_stays(text):
    assert redact(text) == text


def test_what_looks_like_a_secret_is_removed_too():
    forget_secrets()
    assert OPAQUE in redact(OPAQUE), "it is not known any more"
    assert redact("Authorization: Bearer abcdefgh12345") == f"Authorization: Bearer {MARK}"


@pytest.mark.parametrize("encode", [str, quote_plus, json.dumps, lambda text: base64.b64encode(text.encode()).decode()])
def test_a_long_token_is_removed_whole_and_fast(encode):
    token = secrets.token_urlsafe(75_000)
    note_secrets(token)
    started = time.process_time()
    assert redact(f"It said {encode(token)} to us.").replace('"', "") == f"It said {MARK} to us."
    assert time.process_time() - started < 5
