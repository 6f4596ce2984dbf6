"""Every address, field, parameter and header of the console, with whatever can be sent: on PostgreSQL, which refuses most."""

import json
import re
import uuid
from urllib.parse import parse_qsl, unquote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile.checks import check_answer, check_json_log
from tests.hostile.examples import Tally, hostile, test_two_thousand_in_all
from tests.hostile.texts import NASTY, in_address, is_valid_id, is_valid_message, nasty
from tests.hostile.wire import Wire

pytestmark = pytest.mark.long

__all__ = ["test_two_thousand_in_all"]

FIELDS = [
    "q",
    "status",
    "type",
    "sort",
    "page",
    "per_page",
    "subject_id",
    "code",
    "message",
    "operation_id",
    "confirm_unknown",
    "expected_status",
    "actor",
    "action",
    "outcome",
    "since",
    "until",
    "next",
    "result",
    "decision",
    "csrfmiddlewaretoken",
    "state",
    "iss",
    "error",
    "session_state",
    "items",
    "__proto__",
]
HEADERS = [
    "X-Request-ID",
    "HX-Request",
    "HX-Current-URL",
    "HX-Boosted",
    "HX-Target",
    "HX-Trigger",
    "HX-Trigger-Name",
    "HX-Prompt",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "traceparent",
    "tracestate",
    "baggage",
    "Cookie",
    "Accept",
    "Accept-Language",
    "Accept-Encoding",
    "Content-Type",
    "Host",
    "Origin",
    "Referer",
    "User-Agent",
    "Authorization",
    "If-None-Match",
    "If-Modified-Since",
    "Range",
    "X-Console-Poll",
    "X-HTTP-Method-Override",
    "X-CSRFToken",
    "Forwarded",
    "Expect",
    "Upgrade",
    "Sec-Fetch-Site",
]
SUBJECT = "subject-of-hostility"


@pytest.fixture(scope="module")
def wire(start_console, directory_server):
    directory_server.control("reset", shape="mixed", people=3)
    wire = Wire(start_console("postgresql", LOG_FORMAT="json"))
    yield wire
    wire.close()


@pytest.fixture(scope="module")
def routes(wire):
    """The addresses that the site has, as it tells them itself."""
    script = "from console.signin.access.gate import all_routes; print('\\n'.join(path for path, _ in all_routes()))"
    found = wire.console.manage("shell", "--no-imports", "-v", "0", "-c", script).stdout.split("\n")[:-1]
    assert len(found) >= 19
    return found


@pytest.fixture
def ready(directory_server, wire):
    directory_server.control("reset", shape="mixed", people=3)
    directory_server.control("add", org="acme", subject_id=SUBJECT, name="Hilda Hostile", code="worker")
    wire.sign_in("ada")
    return directory_server


@pytest.fixture
def log(wire):
    """Afterwards each line that was logged is JSON, and each request left one."""
    start, sent = len(wire.console.log()), wire.sent
    yield
    logged = check_json_log(wire.console.log()[start:])
    print(f"{wire.sent - sent} requests, {logged} lines of the access log")


def filled(route: str, values: list[str]) -> str:
    left = list(values)
    return "/" + re.sub(r"<[^>]+>", lambda _: left.pop(0) if left else "acme", route)


def no_write(directory) -> None:
    taken = directory.control("journal", clear=True)
    assert all(one["operation"] in ("list", "types") for one in taken), taken
    assert {one["path"] for one in taken} <= {
        f"/directory/orgs/{o}/accounts/{w}" for o in ("acme", "globex") for w in ("users", "types")
    }


pairs = st.lists(st.tuples(st.one_of(st.sampled_from(FIELDS), in_address), in_address), max_size=5)


def test_addresses(wire, routes, ready, log):
    tally = Tally("addresses")
    places = st.one_of(st.just("acme"), st.just("globex"), st.just(SUBJECT), st.just("worker"), in_address)

    @hostile("addresses")
    @given(
        route=st.sampled_from(routes),
        values=st.lists(places, min_size=3, max_size=3),
        in_acme=st.booleans(),
        query=pairs,
        htmx=st.booleans(),
        signed_in=st.sampled_from([True, True, True, False]),
        method=st.sampled_from(
            ["GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "EVIL"]
        ),
    )
    def run(route, values, in_acme, query, htmx, signed_in, method):
        tally.one()
        values = ["acme", *values[1:]] if in_acme else values
        target = filled(route, values) + ("?" + "&".join(f"{name}={value}" for name, value in query) if query else "")
        headers = [("HX-Request", "true")] if htmx else []
        answer = wire.send(method, target, headers=headers, signed_in=signed_in)
        check_answer(answer, may_fail=(503,) if route == "readyz" else ())

    run()
    no_write(ready)
    tally.done()


ASSIGN = "/orgs/acme/accounts/assign/"
FORMS = {
    ASSIGN: {"subject_id": SUBJECT, "code": "visitor", "message": "for the day", "confirm_unknown": ""},
    f"/orgs/acme/accounts/{SUBJECT}/worker/status/": {"status": "disabled", "expected_status": "active", "message": ""},
    f"/orgs/acme/accounts/{SUBJECT}/worker/delete/": {"expected_status": "active", "message": "left"},
}


def test_forms(wire, ready, log):
    """A write goes out only where each field is right, to exactly the account that the form names."""
    tally, written = Tally("forms"), [0]

    @hostile("forms")
    @given(
        path=st.sampled_from(list(FORMS)),
        changed=st.dictionaries(
            st.sampled_from(
                [
                    "subject_id",
                    "code",
                    "status",
                    "expected_status",
                    "message",
                    "operation_id",
                    "confirm_unknown",
                    "csrfmiddlewaretoken",
                    "odd",
                ]
            ),
            nasty,
            max_size=2,
        ),
        yes=st.sampled_from(["", "yes", "yes"]),
        twice=st.sampled_from([""] * 9 + ["message", "code", "status", "operation_id"]),
        htmx=st.booleans(),
    )
    def run(path, changed, yes, twice, htmx):
        tally.one()
        ready.control("status", org="acme", subject_id=SUBJECT, code="worker", status="active")
        fields = {**FORMS[path], "operation_id": str(uuid.uuid4()), "csrfmiddlewaretoken": wire.csrf}
        if path == ASSIGN:
            fields["confirm_unknown"] = yes
        fields |= changed
        sent = [*fields.items(), *([(twice, "again")] if twice else [])]
        body = urlencode(sent, errors="surrogatepass").encode()
        headers = [("Content-Type", "application/x-www-form-urlencoded")] + ([("HX-Request", "true")] if htmx else [])
        answer = wire.send("POST", path, headers=headers, body=body)
        taken = ready.control("journal", clear=True)
        check_answer(answer)
        writes = [one for one in taken if one["operation"] not in ("list", "types")]
        written[0] += len(writes)
        for one in writes:
            right_form(path, dict(parse_qsl(body.decode(), keep_blank_values=True)), twice, one)
        assert len(writes) <= 1

    def right_form(path, fields, twice, write):
        subject, code = (
            (fields["subject_id"].strip(), fields["code"].strip()) if path == ASSIGN else path.split("/")[4:6]
        )
        assert not (twice and twice in (*FORMS[path], "operation_id")), "a field came twice"
        assert is_valid_id(subject), subject
        assert is_valid_id(code), code
        raw = write["path"].split("/")
        assert [unquote(one) for one in raw[-2:]] == [subject, code]
        assert raw[:-2] == ["", "directory", "orgs", "acme", "accounts", "users"]
        assert str(uuid.UUID(fields["operation_id"])) == fields["operation_id"].lower()
        assert is_valid_message(fields["message"])
        assert fields["csrfmiddlewaretoken"] == wire.csrf
        if path == ASSIGN:
            assert write["body"] == ""
        else:
            assert fields["expected_status"] == "active"
            assert json.loads(write["body"]) is not None
        if "status/" in path:
            assert json.loads(write["body"]) == {"status": fields["status"]}
            assert fields["status"] in ("active", "disabled", "expired", "pending", "deleted")

    run()
    print(f"forms: {written[0]} writes went out")
    assert written[0] > 5, "the forms that are right have to be among them"
    tally.done()
    for path in ("changes/", "changes/export.csv", "changes/export.jsonl", "accounts/", "accounts/export.csv"):
        check_answer(wire.send("GET", f"/orgs/acme/{path}"))


def one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ").strip()


header_values = st.one_of(
    nasty.map(one_line),
    st.sampled_from(
        [
            'console-session="\\000aaaaaaaaaaaaaaa"',
            'console-session="\\377aaaaaaaaaaaaaaa"; console-csrf="\\000"',
            "console-session=" + "a" * 4000,
            "console-session=\x80\xff; =; ;;;=,",
            "true",
            "http://[",
            "http://[::1/?next=//evil",
            "//evil.example/x",
            "127.0.0.1, ::1%25eth0, unknown, ",
            "text/html; charset=utf-16",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "application/json; charset=nonsense",
            "en;q=9,*;q=\u0663,x-" + "y" * 300,
            "bytes=0-,-1",
            "Bearer \u00e9",
            "00-" + "f" * 32 + "-" + "0" * 16 + "-ff",
        ]
    ),
)


def test_headers(wire, ready, log):
    tally = Tally("headers")
    paths = (
        "/",
        "/signin/",
        "/orgs/acme/accounts/",
        "/orgs/acme/types/",
        "/static/console.css",
        "/metrics",
        "/healthz",
        "/orgs/x/",
    )

    @hostile("headers")
    @given(
        path=st.sampled_from(paths),
        headers=st.lists(st.tuples(st.sampled_from(HEADERS), header_values), min_size=1, max_size=4),
        also=st.sampled_from([[], [("HX-Request", "true")]]),
        signed_in=st.booleans(),
    )
    def run(path, headers, also, signed_in):
        tally.one()
        answer = wire.send("GET", path, headers=[*headers, *also], signed_in=signed_in)
        check_answer(answer)
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", answer.header("X-Request-ID") or "refused-before")

    run()
    no_write(ready)
    tally.done()


BOUNDARY = "xxBOUNDARYxx"


def multipart(fields) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n{value}\r\n'
        for name, extra, value in fields
    ]
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode("utf-8", "surrogatepass")


part = st.tuples(
    st.one_of(st.sampled_from(FIELDS), nasty),
    st.sampled_from(
        ["", '; filename="a.csv"', "; filename*=utf-8''%ff%00", '; filename="../../x"', '; filename="\x00"']
    ),
    nasty,
)
bodies = st.one_of(
    st.lists(part, max_size=4).map(multipart),
    st.binary(max_size=200),
    nasty.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [
            b"&" * 5000,
            b"a=1&" * 300,
            b"message=" + b"%FF" * 100,
            b"message=" + b"x" * (1024 * 1024 + 100),
            b"{" * 2000,
            b"\xff\xfe" + "status=1".encode("utf-16-le"),
        ]
    ),
)


def test_bodies(wire, ready, log):
    """Bodies that are no form: malformed, multipart, huge, not UTF-8."""
    tally = Tally("bodies")

    @hostile("bodies")
    @given(
        path=st.sampled_from([*FORMS, "/signout/", "/session/stay/", f"/orgs/acme/changes/{uuid.uuid4()}/decide/"]),
        body=bodies,
        kind=st.sampled_from(
            [
                f"multipart/form-data; boundary={BOUNDARY}",
                "multipart/form-data; boundary=x",
                "application/x-www-form-urlencoded",
                "application/x-www-form-urlencoded; charset=utf-16",
                "application/json",
                "text/plain",
                "",
            ]
        ),
        trusted=st.booleans(),
        extra=st.sampled_from([[], [("Content-Encoding", "gzip")], [("Content-Transfer-Encoding", "base64")]]),
    )
    def run(path, body, kind, trusted, extra):
        tally.one()
        headers = [("Content-Type", kind), *extra] + ([("X-CSRFToken", wire.csrf)] if trusted else [])
        check_answer(wire.send("POST", path, headers=headers, body=body))
        if path == "/signout/" and wire.send("GET", "/").status != 200:
            wire.sign_in("ada")

    run()
    no_write(ready)
    tally.done()


def test_each_nasty_piece_as_an_address(wire, ready, log):
    for text in NASTY:
        encoded = "".join(f"%{byte:02x}" for byte in text[:300].encode("utf-8", "surrogatepass"))
        for path in (f"/orgs/acme/users/{encoded}/", f"/{encoded}?{encoded}={encoded}"):
            check_answer(wire.send("GET", path))
