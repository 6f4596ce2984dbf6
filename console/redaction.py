"""Takes secrets out of text that comes from outside, before it is shown, logged or recorded.

A directory or provider may repeat in an error what it was sent: the access token or the client secret, in any encoding.
Two nets: the secrets that this request has in its hands, in every usual encoding; and whatever looks like a secret.
Only free text and errors are searched, never lists of people.
"""

import base64
import html
import re
from collections.abc import Iterator
from contextvars import ContextVar
from functools import lru_cache
from typing import Final

from django.conf import settings

MARK: Final = "[redacted]"
MIN_SECRET_LENGTH: Final = 16  # characters; what is shorter could be a word of an ordinary sentence

_SPELLED_OUT: Final = 48
"""Characters of a secret whose encodings the pattern lists. Each takes 0.2 ms, and a token can have 100 kB."""

_REST: Final = r"[\w.~+/=%&#;:@!$*\\-]*"  # of a longer secret, in whatever encoding

_in_use: ContextVar[tuple[str, ...]] = ContextVar("secrets_in_use", default=())

_LOOK_LIKE_SECRETS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<keep>\bbearer\s+)[\w.~+/=-]{8,}",
        r"(?P<keep>\bauthorization\W{1,6}basic\s+)[\w+/=-]+",
        r"(?P<keep>\b(?:access_token|refresh_token|id_token|id_token_hint|client_secret|code_verifier)\W{1,6})"
        r"[\w.~+/%-]{4,}",
        r"(?P<keep>[?&](?:code|state)=)[^&\s\"']+",
        r"(?P<keep>\b)eyJ[\w-]{8,}\.[\w-]+\.[\w-]*",  # RFC 7519: a JSON Web Token, signed or not
    )
)


def note_secrets(*secrets: str) -> None:
    """Remember secrets of the current request or task; ``redact`` removes them from then on."""
    _in_use.set(tuple(dict.fromkeys([*_in_use.get(), *filter(None, secrets)]))[-20:])


def forget_secrets() -> None:
    """Forget them. A thread serves one request after the other, so each begins with this."""
    _in_use.set(())


def redact(text: str) -> str:
    """Replace by ``MARK`` each known secret, in any encoding, and everything that looks like a token or a secret."""
    for secret in (*_in_use.get(), _client_secret()):
        if len(secret) >= MIN_SECRET_LENGTH:
            text = _pattern(secret).sub(MARK, text)
    for pattern in _LOOK_LIKE_SECRETS:
        text = pattern.sub(rf"\g<keep>{MARK}", text)
    return text


def _client_secret() -> str:
    """Return the secret; empty while the settings load, and in the sandbox's provider."""
    return str(getattr(settings, "OIDC_CLIENT_SECRET", "")) if settings.configured else ""


@lru_cache(maxsize=256)
def _pattern(secret: str) -> re.Pattern[str]:
    """Match the secret, or the long parts of a token with dots, however they are written."""
    parts = [part for part in secret.split(".") if len(part) >= MIN_SECRET_LENGTH]
    forms = [form for part in dict.fromkeys([secret, *parts]) for form in _forms(part)]
    return re.compile("|".join(sorted(forms, key=len, reverse=True)))


def _forms(text: str) -> Iterator[str]:
    """Match the text in each encoding. Of a long text only the beginning is spelled out: compiling it takes time."""
    beginning = text[:_SPELLED_OUT]
    rest = "" if beginning == text else _REST
    for form in (_letter_by_letter(beginning), *_as_base64(beginning)):
        yield form + rest


def _letter_by_letter(text: str) -> str:
    """Match each character as itself, percent-encoded, or escaped as JSON, Python, HTML or a backslash do."""
    return "".join(_letter(character) for character in text)


def _letter(character: str) -> str:
    number = ord(character)
    percent = "".join(f"%(?:25)*(?i:{byte:02x})" for byte in character.encode())
    plain = re.escape(character)
    escaped = (
        rf"\\+(?:u(?i:{number:04x})|x(?i:{number:02x})|{plain})"
        rf"|&\#(?:0*{number}|(?i:x0*{number:x}));"
        rf"|{percent}"
    )
    entity = html.escape(character)
    named = f"|{re.escape(entity)}" if entity != character else ""
    return f"(?:{plain}|{escaped}{named})"


def _as_base64(text: str) -> Iterator[str]:
    """Match the base64 of the text (RFC 4648, both alphabets), at each of the three places it can have in a group."""
    data = text.encode()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + data).decode().rstrip("=")
        start = (0, 2, 3)[shift]  # characters that also depend on what stands before
        end = len(encoded) - (0 if (len(data) + shift) % 3 == 0 else 1)  # and the last one on what stands behind
        middle = encoded[start:end]
        if len(middle) >= MIN_SECRET_LENGTH:
            yield "".join({"+": "[+-]", "/": "[/_]"}.get(character, character) for character in middle)
