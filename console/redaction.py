"""Takes secrets out of text that comes from outside, before it is shown, logged or recorded.

A directory or provider may repeat in an error what it was sent: the access token or the client secret, in any encoding.
Two nets: the secrets that this request has in its hands, in every usual encoding and in encodings of encodings; and
whatever looks like a secret. Only free text and errors are searched, never lists of people.
"""

import base64
import html
import re
from collections.abc import Iterator
from contextvars import ContextVar
from functools import lru_cache
from typing import Final, NamedTuple

from django.conf import settings

MARK: Final = "[redacted]"
MIN_SECRET_LENGTH: Final = 16  # characters; what is shorter could be a word of an ordinary sentence

_BEGINNING: Final = 48  # characters of a secret that suffice to recognize it, even if it was cut off behind them
_MAX_NESTING: Final = 2  # encodings within each other, such as base64 of base64; escapes between them count as none
_MAX_UNESCAPING: Final = 8  # rounds; a round undoes percent signs and backslashes of any depth

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

_REST: Final = re.compile(r"[\w.~+/=%&#;:@!$*\\-]*")  # of a long secret, behind its beginning

_ESCAPE: Final = re.compile(
    r"(?P<percent>%(?:25)*[0-7][0-9a-f]|%(?:25)*[c-f][0-9a-f](?:%(?:25)*[89ab][0-9a-f]){1,3})"  # one character's UTF-8
    r"|\\+(?:u(?P<unicode>[0-9a-f]{4})|x(?P<byte>[0-9a-f]{2})|(?P<plain>.))"  # as JSON, Python and shells write it
    r"|(?P<entity>&(?:\#\d{1,7}|\#x[0-9a-f]{1,6}|[a-z]+);)",
    re.IGNORECASE | re.DOTALL,
)

_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")  # RFC 4648, both alphabets
_BASE32: Final = re.compile(r"[A-Za-z2-7]{24,}={0,6}")
_HEXADECIMAL: Final = re.compile(r"[0-9A-Fa-f]{32,}")
_TEXT: Final = re.compile(r"[^\x00-\x1f\x7f\ufffd]{16}")  # what random bytes hardly ever decode to
_ALPHABET_OF_URLS: Final = str.maketrans("-_", "+/")


class _Needle(NamedTuple):
    """What a secret is recognized by: it, or the beginning of a long one."""

    text: str
    is_beginning: bool


def note_secrets(*secrets: str) -> None:
    """Remember secrets of the current request or task; ``redact`` removes them from then on."""
    _in_use.set(tuple(dict.fromkeys([*_in_use.get(), *filter(None, secrets)]))[-20:])


def forget_secrets() -> None:
    """Forget them. A thread serves one request after the other, so each begins with this."""
    _in_use.set(())


def redact(text: str) -> str:
    """Replace by ``MARK`` each known secret, in any encoding, and everything that looks like a token or a secret."""
    client_secret = str(getattr(settings, "OIDC_CLIENT_SECRET", "")) if settings.configured else ""
    needles = [needle for secret in (*_in_use.get(), client_secret) for needle in _needles(secret)]
    for start, end in reversed(_merged(_spans(text, needles, _MAX_NESTING))):
        text = text[:start] + MARK + text[end:]
    for pattern in _LOOK_LIKE_SECRETS:
        text = pattern.sub(rf"\g<keep>{MARK}", text)
    return text


@lru_cache(maxsize=256)
def _needles(secret: str) -> tuple[_Needle, ...]:
    """Return what to search for: the secret and the long parts of a token with dots, also without their own escapes."""
    parts = [part for part in (secret, *secret.split(".")) if len(part) >= MIN_SECRET_LENGTH]
    spellings = [spelling for part in parts for spelling in (part, part.replace(" ", "+"), _unescaped(part).text)]
    return tuple(
        _Needle(spelling[:_BEGINNING], len(spelling) > _BEGINNING)
        for spelling in dict.fromkeys(spellings)
        if len(spelling) >= MIN_SECRET_LENGTH
    )


def _spans(text: str, needles: list[_Needle], nesting: int) -> Iterator[tuple[int, int]]:
    """Find where the text has a secret, plain or encoded: start and end."""
    yield from _plain_spans(text, needles)
    plain = _unescaped(text)
    if plain.text != text:
        yield from (plain.original(span) for span in _plain_spans(plain.text, needles))
    if nesting:
        yield from (plain.original(span) for span in _encoded_spans(plain.text, needles, nesting))


def _plain_spans(text: str, needles: list[_Needle]) -> Iterator[tuple[int, int]]:
    for needle in needles:
        start = text.find(needle.text)
        while start >= 0:
            end = start + len(needle.text)
            rest = _REST.match(text, end) if needle.is_beginning else None
            yield start, (rest.end() if rest else end)
            start = text.find(needle.text, end)


def _encoded_spans(text: str, needles: list[_Needle], nesting: int) -> Iterator[tuple[int, int]]:
    """Find the runs of base64, base32 or hexadecimal that hold a secret."""
    for pattern, decodings in _ENCODINGS:
        for run in pattern.finditer(text):
            texts = (decoded for decoded in decodings(run.group()) if _TEXT.search(decoded))
            if any(any(_spans(decoded, needles, nesting - 1)) for decoded in texts):
                yield run.span()


def _merged(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans in order, those that overlap as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


class _Unescaped(NamedTuple):
    """Text without escapes, and where each of its characters stands in the original; none if nothing was escaped."""

    text: str
    places: list[tuple[int, int]] | None

    def original(self, span: tuple[int, int]) -> tuple[int, int]:
        """Return the place in the original of a span of this text."""
        if self.places is None:
            return span
        return self.places[span[0]][0], self.places[span[1] - 1][1]


def _unescaped(text: str) -> _Unescaped:
    """Undo percent-encoding, backslashes and HTML entities, also those of each other."""
    result = _Unescaped(text, None)
    for _ in range(_MAX_UNESCAPING):
        simpler = _unescaped_once(result.text)
        if simpler.text == result.text:
            break
        result = _Unescaped(simpler.text, [result.original(place) for place in simpler.places or ()])
    return result


def _unescaped_once(text: str) -> _Unescaped:
    if not _ESCAPE.search(text):
        return _Unescaped(text, None)
    characters: list[str] = []
    places: list[tuple[int, int]] = []
    position = 0
    for escape in _ESCAPE.finditer(text):
        start, end = escape.span()
        characters += text[position:start]
        places += ((place, place + 1) for place in range(position, start))
        plain = _meaning(escape)
        characters += plain
        places += [(start, end)] * len(plain)
        position = end
    characters += text[position:]
    places += ((place, place + 1) for place in range(position, len(text)))
    return _Unescaped("".join(characters), places)


def _meaning(escape: re.Match[str]) -> str:
    """Return the character that an escape stands for; an unknown entity stays."""
    if percent := escape["percent"]:
        return bytes(int(byte[-2:], 16) for byte in re.findall(r"%(?:25)*[0-9a-fA-F]{2}", percent)).decode(
            errors="replace"
        )
    if number := escape["unicode"] or escape["byte"]:
        return chr(int(number, 16))
    return escape["plain"] or html.unescape(escape["entity"])


def _from_base64(run: str) -> Iterator[str]:
    """Decode the run at each of the four places where a group of characters can begin."""
    run = run.rstrip("=").translate(_ALPHABET_OF_URLS)
    for shift in range(4):
        group = run[shift:]
        group = group[: len(group) - (len(group) % 4 == 1)]  # one character alone has six bits, which is no byte
        yield base64.b64decode(group + "=" * (-len(group) % 4)).decode(errors="replace")


def _from_base32(run: str) -> Iterator[str]:
    run = run.rstrip("=").upper()
    for shift in range(8):
        group = run[shift:]
        group = group[: len(group) - (len(group) % 8 in (1, 3, 6))]  # lengths that no bytes have
        yield base64.b32decode(group + "=" * (-len(group) % 8)).decode(errors="replace")


def _from_hexadecimal(run: str) -> Iterator[str]:
    for shift in range(2):
        digits = run[shift:]
        yield bytes.fromhex(digits[: len(digits) // 2 * 2]).decode(errors="replace")


_ENCODINGS: Final = ((_BASE64, _from_base64), (_BASE32, _from_base32), (_HEXADECIMAL, _from_hexadecimal))
