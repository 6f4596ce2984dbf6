"""What the directory may answer: any JSON in any place, any bytes, any headers. Never a 500, never alive in a page."""

import base64
import json
import uuid
from urllib.parse import quote, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.hostile.checks import check_answer, check_text_log
from tests.hostile.examples import Tally, hostile
from tests.hostile.texts import encodable, nasty
from tests.hostile.wire import Wire

pytestmark = pytest.mark.long

FAILED_PEER = (502, 503, 504)
SUBJECT = "subject-of-answers"

text = nasty.map(encodable)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([10**30, -(2**63), 1e308, 2**64]),
    text,
)
keys = st.one_of(
    st.sampled_from(["items", "keys", "identity", "code", "status", "name", "acls", "__class__", "0", "first"]), text
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=8,
)


def nested(depth):
    value = "deep"
    for _ in range(depth):
        value = [value]
    return value


odd = st.one_of(text, text, text, anything, st.sampled_from([nested(100), nested(400), nested(900)]))
ids = st.one_of(
    st.just(SUBJECT), st.sampled_from(["a/b", "..", ".", "a\\b", "a%2fb", "?x", "#", " ", "a\nb", "assign"]), text
)
moments = st.one_of(
    odd, st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2025-01-01", "20250101T00Z"])
)


def row(known, more):
    return st.builds(
        lambda one, extra: {**extra, **one},
        st.fixed_dictionaries({}, optional=known),
        st.dictionaries(keys, odd, max_size=2) if more else st.just({}),
    )


people = row(
    {
        "identity": st.one_of(
            st.fixed_dictionaries(
                {"id": st.one_of(ids, odd)},
                optional={
                    "traits": st.one_of(
                        odd,
                        st.fixed_dictionaries(
                            {},
                            optional={
                                "name": st.one_of(odd, st.fixed_dictionaries({"given_name": odd, "family_name": odd})),
                                "email": odd,
                                "username": odd,
                            },
                        ),
                    )
                },
            ),
            odd,
        ),
        "acls": odd,
        "status": odd,
        "creation_date": moments,
    },
    True,
)
accounts = row(
    {
        "subject_id": st.one_of(ids, odd),
        "account_code": st.one_of(ids, odd),
        "status": odd,
        "creation_date": moments,
        "expiration_date": moments,
    },
    True,
)
types = row(
    {
        "code": st.one_of(ids, odd),
        "name": odd,
        "description": odd,
        "status": odd,
        "requirements": odd,
        "permissions": odd,
        "creation_date": moments,
    },
    True,
)
rows = st.lists(st.one_of(people, accounts, types, anything), max_size=6)

header_text = text.map(lambda value: " ".join(value.split("\n")).replace("\r", " ")[:2000])
one_header = st.lists(
    st.one_of(
        st.tuples(st.just("Content-Type"), header_text),
        st.tuples(
            st.just("Retry-After"),
            st.one_of(
                header_text,
                st.sampled_from(["9" * 5000, "\xb2", "-1", "Wed, 21 Oct 99999 07:28:00 +9999999999999", "0"]),
            ),
        ),
        st.tuples(
            st.just("Location"), st.one_of(header_text, st.sampled_from(["\xff\xfe", "http://[", "//", "http://x:y/"]))
        ),
        st.tuples(st.just("Set-Cookie"), header_text),
        st.tuples(st.just("Content-Encoding"), st.sampled_from(["gzip", "br", "identity", "zstd", "gzip, gzip"])),
        st.tuples(st.just("Content-Length"), st.sampled_from(["0", "1", "\xb2", "9" * 5000, "-5", "1, 2", "x"])),
        st.tuples(st.just("Transfer-Encoding"), st.sampled_from(["chunked", "gzip, chunked"])),
    ),
    max_size=1,
)
headers = st.one_of(st.just([]), st.just([]), one_header)


def dumped(document) -> bytes:
    return json.dumps(document).encode()


raw_bodies = st.one_of(
    rows.map(dumped),
    rows.map(dumped),
    rows.map(dumped),
    rows.map(dumped),
    anything.map(dumped),
    st.binary(max_size=50),
    st.builds(lambda a, b: a + b, rows.map(dumped), st.binary(max_size=5)),
    st.sampled_from(
        [
            b'[{"subject_id": "x", "code": "y", "status": "\\ud800"}]',
            b'[{"code": "a", "code": "b", "name": NaN}]',
            b"[" + b"9" * 5000 + b"]",
            b"[1e999]",
            b"\xef\xbb\xbf[]",
            b'["\xff"]',
            b"[" * 5000,
        ]
    ),
)
statuses = st.one_of(
    *[st.just(200)] * 12,
    st.sampled_from([201, 204, 301, 302, 304, 400, 401, 403, 404, 409, 418, 429, 500, 503, 504, 599, 999]),
)


def fault(on, status, headers, body, times=-1):
    return {
        "name": "raw",
        "on": on,
        "times": times,
        "status": status,
        "headers": headers,
        "body": base64.b64encode(body).decode(),
    }


@pytest.fixture(scope="module")
def wire(start_console, directory_server):
    wire = Wire(start_console("postgresql", LOG_FORMAT="text", DIRECTORY_TIMEOUT="1"))
    yield wire
    wire.close()


@pytest.fixture
def ready(directory_server, wire):
    directory_server.control("reset", shape="mixed", people=3)
    directory_server.control("add", org="acme", subject_id=SUBJECT, name="Anna Answer", code="worker")
    yield directory_server
    directory_server.control("faults", faults=[])


@pytest.fixture
def log(wire):
    """Afterwards no line of the text log began with, or was broken by, what came from outside."""
    start, sent = len(wire.console.log()), wire.sent
    yield
    assert check_text_log(wire.console.log()[start:]) == wire.sent - sent


PAGES = (
    "accounts/?per_page=500",
    "accounts/?sort=-created",
    "accounts/?q=e&sort=status",
    "accounts/export.csv",
    "types/",
    "types/?sort=created",
    f"users/{SUBJECT}/",
    "accounts/assign/",
    f"accounts/{SUBJECT}/worker/status/",
    f"accounts/{SUBJECT}/worker/delete/",
)
# Each of these made a 500 once.
ITEMS = dumped([{"code": "x", "name": "y", "items": 5, "requirements": {"items": 5}}, {"acls": [], "items": ["a"]}])
SLASH = dumped([{"subject_id": "a/b", "account_code": "c/d", "status": "active"}, {"identity": {"id": "a/b"}}])
TIMES = dumped([{"subject_id": SUBJECT, "account_code": "x", "creation_date": "0001-01-01T00:00:00+14:00"}])
DEEP = dumped([{"acls": [], "more": nested(900), "status": nested(900)}])


def test_lists(wire, ready, log):
    """Whatever the list or the catalogue holds, on every page."""
    tally = Tally("lists")

    @hostile("lists")
    @given(
        page=st.sampled_from(PAGES),
        on=st.sampled_from(["list", "types", "any"]),
        status=statuses,
        headers=headers,
        body=raw_bodies,
        htmx=st.booleans(),
    )
    @example(page=PAGES[0], on="any", status=200, headers=[], body=ITEMS, htmx=False)
    @example(page="types/", on="any", status=200, headers=[], body=ITEMS, htmx=False)
    @example(page=PAGES[0], on="any", status=200, headers=[], body=SLASH, htmx=False)
    @example(page=PAGES[1], on="any", status=200, headers=[], body=TIMES, htmx=False)
    @example(page=PAGES[0], on="any", status=200, headers=[], body=DEEP, htmx=False)
    @example(page=PAGES[0], on="any", status=302, headers=[("Location", "\xff\xfe")], body=b"", htmx=False)
    @example(page=PAGES[0], on="any", status=200, headers=[("Content-Length", "\xb2")], body=b"[]", htmx=False)
    @example(
        page=PAGES[0],
        on="any",
        status=429,
        headers=[("Retry-After", "Wed, 21 Oct 2015 07:28:00 +99999999999999")],
        body=b"",
        htmx=False,
    )
    def run(page, on, status, headers, body, htmx):
        tally.one()
        ready.control("faults", faults=[fault(on, status, headers, body)])
        answer = wire.send("GET", f"/orgs/acme/{page}", headers=[("HX-Request", "true")] if htmx else [])
        check_answer(answer, may_fail=FAILED_PEER)

    run()
    tally.done()


def test_every_row_leads_somewhere(wire, ready, log):
    """An id that no address can hold is shown, and is no link; the others' links work."""
    people = [{"identity": {"id": one}, "acls": []} for one in ("a/b", "..", "a%2fb", "plain", "with space", "é")]
    ready.control("faults", faults=[fault("list", 200, [], dumped(people))])
    page = wire.send("GET", "/orgs/acme/accounts/").body.decode()
    check_answer(wire.send("GET", "/orgs/acme/accounts/"))
    for one in ("plain", "with space", "é"):
        assert f'href="/orgs/acme/users/{quote(one)}/"' in page
        assert wire.send("GET", f"/orgs/acme/users/{quote(one)}/").status == 200
    assert page.count('href="/orgs/acme/users/') == 3
    assert "a/b" in page


def test_writes(wire, ready, log):
    """Whatever the answer to a write is: the outcome is told and recorded, and all of it shown and exported."""
    tally = Tally("writes")
    reasons = st.one_of(
        anything.map(dumped),
        odd.map(lambda one: dumped({"error": {"reason": one}})),
        odd.map(lambda one: dumped({"message": one})),
        odd.map(lambda one: dumped({"missing_permissions": [one]})),
        odd.map(lambda one: dumped({"subject_id": SUBJECT, "account_code": "x", "status": one})),
        st.binary(max_size=50),
    )

    @hostile("writes")
    @given(
        status=st.one_of(statuses, st.sampled_from([400, 401, 403, 404, 409])),
        headers=headers,
        body=reasons,
        htmx=st.booleans(),
    )
    @example(status=200, headers=[], body=dumped({"subject_id": "x", "code": "y", "status": "\0"}), htmx=False)
    def run(status, headers, body, htmx):
        tally.one()
        operation, subject = str(uuid.uuid4()), f"subject-{uuid.uuid4()}"
        ready.control("faults", faults=[fault("assign", status, headers, body)])
        fields = {"subject_id": subject, "code": "visitor", "message": "m", "confirm_unknown": "yes"}
        sent = urlencode({**fields, "operation_id": operation, "csrfmiddlewaretoken": wire.csrf}).encode()
        kind = [("Content-Type", "application/x-www-form-urlencoded")] + ([("HX-Request", "true")] if htmx else [])
        answer = wire.send("POST", "/orgs/acme/accounts/assign/", headers=kind, body=sent)
        check_answer(answer, may_fail=FAILED_PEER)
        detail = wire.send("GET", f"/orgs/acme/changes/{operation}/")
        check_answer(detail)
        assert detail.status == 200
        assert b'data-outcome="pending"' not in detail.body, "the outcome could not be recorded"
        if status < 300:
            assert b'data-outcome="applied"' in detail.body or headers, "2xx is applied, whatever its body"

    run()
    ready.control("faults", faults=[])
    for page in (
        "changes/",
        "changes/export.csv",
        "changes/export.jsonl",
        "accounts/",
        "accounts/export.csv",
        "types/",
    ):
        check_answer(wire.send("GET", f"/orgs/acme/{page}"))
    tally.done()
