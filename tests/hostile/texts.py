"""What an attacker writes, where a text is wanted: known-nasty pieces, mixed with whatever Hypothesis thinks of."""

import re
import unicodedata
from urllib.parse import quote

from hypothesis import strategies as st

TAG, ATTRIBUTE = "x-evil", "evil"
"""An element and an attribute that no page has: either of them live in a page is an injection."""

NASTY = (
    f'"><{TAG} {ATTRIBUTE}=1>',
    f"'><{TAG} {ATTRIBUTE}=1>",
    f'" {ATTRIBUTE}="1',
    f"' {ATTRIBUTE}='1",
    f" {ATTRIBUTE}=1 ",
    f"--><{TAG}>",
    f"]]><{TAG}>",
    f"</title></textarea></select><{TAG}>",
    f"</script><script {ATTRIBUTE}=1>evil()</script>",
    f"<svg><{TAG}/onload=evil()>",
    f"&lt;{TAG}&gt;",
    f"&#60;{TAG}&#62;",
    f"\\u003c{TAG}\\u003e",
    f"%3C{TAG}%3E",
    f"+ADw-{TAG}+AD4-",
    "{{ 7|add:191 }}",
    "{% debug %}",
    "{{ settings.SECRET_KEY }}",
    "${7*7}",
    "%(asctime)s %s %d",
    "{0.__class__}",
    "javascript:evil()",
    "//evil.example/",
    "/\\evil.example",
    "http://[",
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " \u00a0=1",
    "\ufeff=1",
    "\u200b=1",
    "\uff1d1",
    "\x00=1",
    'x","=1',
    "\r\nSet-Cookie: evil=1",
    "\r\n\r\n<evil>",
    '\n{"level": "INFO", "message": "forged"}',
    "\n2026-01-01 00:00:00,000 INFO    forged [x] line",
    "access_token\nAAAAAAAA",
    '?code=abc\\"',
    "bearer \\AAAAAAAAAAAA",
    "\x00",
    "\x1b[31m",
    "\x7f\x80\x9f",
    "\u2028\u2029",
    "\u202e\u2066\u200f",
    "\ud800",
    "\udfff\ud800",
    "\ufffd\ufffe\uffff",
    "\U0001f600\u200d\U0010ffff",
    "e\u0301" * 20,
    "%00",
    "%0d%0aevil:1",
    "%2e%2e%2f",
    "%252e",
    "%",
    "%zz",
    "..",
    ".",
    "../../globex",
    "a/b",
    "a\\b",
    "'; DROP TABLE changes_event; --",
    "' OR 1=1 --",
    "\\",
    "%_%_",
    "a" * 256,
    "q" * 5000,
    "0",
    "-0",
    "1e9",
    "9" * 5000,
    "\u0663",
    "NaN",
    "null",
    "[]",
    "{}",
    "true",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-02-31",
    "\ud83d",
    "{11111111-1111-1111-1111-111111111111}",
    "11111111-1111-1111-1111-111111111111",
    "urn:uuid:11111111-1111-1111-1111-111111111111",
)


def encodable(text: str) -> str:
    """Without half surrogate pairs, as JSON in UTF-8 has to be."""
    return text.encode("utf-8", "replace").decode()


any_text = st.text(st.characters(exclude_categories=()), max_size=30)
nasty = st.one_of(
    st.sampled_from(NASTY),
    any_text,
    st.builds(lambda a, b, c: a + b + c, any_text, st.sampled_from(NASTY), any_text),
    st.builds(lambda a, b: a + b, st.sampled_from(NASTY), st.sampled_from(NASTY)),
)

_ENCODINGS = (
    lambda text: quote(text.encode("utf-8", "surrogatepass"), safe=""),
    lambda text: quote(text.encode("utf-8", "surrogatepass"), safe="/%"),
    lambda text: quote(text.encode("utf-16-be", "surrogatepass"), safe=""),
    lambda text: quote(text.encode("latin-1", "replace"), safe=""),
    lambda text: "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass")),
)
in_address = st.builds(lambda text, encode: encode(text), nasty, st.sampled_from(_ENCODINGS))


def is_valid_id(text: str) -> bool:
    """The contract's words: 1 to 255 characters; no slash, control characters, nor the segments ``.`` and ``..``."""
    return (
        1 <= len(text) <= 255
        and text not in (".", "..")
        and not set(text) & set("/\\%")
        and all(unicodedata.category(c)[0] != "C" and unicodedata.category(c) not in ("Zl", "Zp") for c in text)
    )


def is_valid_message(text: str) -> bool:
    """Text of at most 1000 characters, without controls; an override of the direction is closed in its line."""
    text = re.sub("\r\n|[\r\v\f\x85\u2028\u2029]", "\n", text).strip().translate({0xAD: None, 0xFEFF: None}).strip()
    has_open_override = any(re.search("[\u202d\u202e][^\u202c\u2069]*$", line) for line in text.split("\n"))
    has_controls = any(c not in "\n\t" and unicodedata.category(c) == "Cc" for c in text)
    return len(text) <= 1000 and not has_controls and not has_open_override
