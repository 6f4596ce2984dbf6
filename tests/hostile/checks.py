"""What has to hold of every answer and of every line of the log, whatever was sent."""

import csv
import io
import json
import re
from html.parser import HTMLParser

from console.sandbox.processes import ROOT
from tests.hostile.texts import ATTRIBUTE, TAG
from tests.hostile.wire import Answered

_PYTHON = [
    *ROOT.glob("accounts_ui/text/*.py"),
    ROOT / "console/forms.py",
    ROOT / "console/jinja_environment.py",
]
_TEMPLATES = "".join(
    [path.read_text() for path in (ROOT / "templates").rglob("*.html")]
    + [markup for path in _PYTHON for markup in re.findall(r"""'([^'\n]*(?:<|="{}")[^'\n]*)'""", path.read_text())]
)
# What stands in tags and expressions comes into no page as markup.
_TEMPLATES = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", _TEMPLATES, flags=re.DOTALL)
TAGS = frozenset(re.findall(r"<([a-z][a-z0-9]*)", _TEMPLATES)) | {"center", "hr"}  # the latter: gunicorn's own pages
ATTRIBUTES = frozenset(re.findall(r"[ \n](data-[a-z-]+|[a-z][a-z0-9-]*(?==))", _TEMPLATES.lower())) | frozenset(
    [
        "datetime",
        "defer",
        "hidden",
        "required",
        "checked",
        "selected",
        "disabled",
        "open",
        "autofocus",
        "multiple",
        "novalidate",
        "inert",
    ]
)
"""What the templates write; nothing else may come into a page."""
assert not {one for one in ATTRIBUTES if one.startswith(("on", "hx-on", "style", "srcdoc"))}

FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
TEXT_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR|CRITICAL) +[\w.]+ \[[\w.-]*\] ")


class _Page(HTMLParser):
    """Refuses elements and attributes that no template writes."""

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS, f"<{tag}> came into the page"
        names = [name for name, _ in attrs]
        assert set(names) <= ATTRIBUTES, f"<{tag}> got {set(names) - ATTRIBUTES}"
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        values = dict(attrs)
        if tag == "script":
            assert (values.get("src") or "").startswith("/static/"), "an inline script"
        for name in ("href", "src", "action", "hx-get", "hx-post"):
            address = values.get(name)
            assert not address or re.match(r"[/?#](?![/\\])|\?$|#", address), f"<{tag} {name}={address!r}>"
        for name in ("hx-target", "hx-select", "hx-swap", "hx-trigger", "id"):
            assert ATTRIBUTE not in (values.get(name) or "")

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data[:80]!r}")


def check_answer(answer: Answered, *, may_fail: tuple[int, ...] = ()) -> None:
    """Never a 500, and nothing that was sent is alive in it."""
    assert answer.status < 500 or answer.status in may_fail, f"{answer.status}: {answer.body[:2000]!r}"
    for name, value in answer.headers:
        assert ATTRIBUTE not in name.lower()
        assert not (name.lower() == "set-cookie" and value.startswith("evil"))
        assert not (name.lower() == "location" and re.match(r"(//|/\\|\w+:(?!//127\.0\.0\.1:))", value)), value
    kind = answer.header("Content-Type") if answer.body else ""
    if kind.startswith("text/html"):
        # gunicorn's own pages, for what is no HTTP, name no charset
        check_html(answer.body.decode("utf-8" if "charset=utf-8" in kind else "latin-1"))
    elif kind.startswith("text/csv"):
        check_csv(answer.body.decode("utf-8-sig"))
    elif kind.startswith("application/jsonl"):
        check_json_lines(answer.body.decode())
    elif kind.startswith("application/json"):
        json.loads(answer.body)


def check_html(text: str) -> None:
    assert f"<{TAG}" not in text.lower()
    page = _Page()
    page.feed(text)
    page.close()


def check_csv(text: str) -> None:
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert len({len(row) for row in rows}) <= 1, "a cell broke out of its row"
    for row in rows[1:]:
        for cell in row:
            seen = "".join(c for c in cell if c.isprintable()).lstrip()
            assert not cell or cell[0] not in FORMULA, repr(cell)
            assert not seen or seen[0] not in FORMULA, repr(cell)


def check_json_lines(text: str) -> None:
    assert all(isinstance(json.loads(line), dict) for line in text.splitlines())


def check_json_log(text: str) -> int:
    """Every line is one JSON object: the number of requests that they tell of."""
    requests = 0
    for line in text.splitlines():
        record = json.loads(line)
        assert "message" in record or "sequence" in record, line
        requests += record.get("logger") == "console.access"
    return requests


def check_text_log(text: str) -> int:
    """No line begins with what somebody sent, and nothing steers the terminal."""
    requests = 0
    for line in text.split("\n")[:-1]:
        assert line.isprintable(), repr(line)
        assert TEXT_LINE.match(line) or line.startswith(("    ", "{")), repr(line)
        if line.startswith("{"):
            assert "sequence" in json.loads(line)
        requests += " console.access " in line[:60]
    return requests
