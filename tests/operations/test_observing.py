"""Traces, log lines, metrics, dashboard and alerts of a console with two workers."""

import json
import re
import secrets
import subprocess
import sys
import uuid

import pytest
import requests
import yaml

from console.sandbox.processes import ROOT
from tests.operations.collector import Collector
from tests.servers import Browser

TOKEN = "m" * 40
SCRAPER = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "10.1.2.3"}


@pytest.fixture(scope="module")
def collector():
    found = Collector()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def observed(start_console, collector, tmp_path_factory):
    return start_console(
        "sqlite",
        workers=2,
        LOG_FORMAT="json",
        METRICS_TOKEN=TOKEN,
        METRICS_NETWORKS="10.0.0.0/8, 2001:db8::/32",
        TRUSTED_PROXY_COUNT="1",
        CHANGES_SYSLOG="udp://127.0.0.1:9",
        PROMETHEUS_MULTIPROC_DIR=str(tmp_path_factory.mktemp("metrics")),
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="100",
    )


@pytest.fixture(scope="module")
def ada(observed):
    browser = Browser(observed.url)
    assert browser.sign_in("ada").url.startswith(observed.url)
    return browser


def scrape(console, **headers):
    return requests.get(f"{console.url}/metrics", headers={**SCRAPER, **headers}, timeout=20)


def value_of(page, name, **labels):
    """Return the value of the samples that have these labels, among others; 0 if there is none."""
    found = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", page.text, re.MULTILINE)
    wanted = {f'{key}="{value}"' for key, value in labels.items()}
    return sum(float(value) for told, value in found if wanted <= set(re.findall(r'\w+="[^"]*"', told)))


def trace():
    return secrets.token_hex(16), secrets.token_hex(8)


def test_a_trace_and_a_request_id_go_through(observed, ada, directory):
    (trace_id, span_id), request_id = trace(), f"from-proxy-{uuid.uuid4()}"
    sent = {
        "traceparent": f"00-{trace_id}-{span_id}-01",
        "tracestate": "vendor=1,other=a b",
        "X-Request-ID": request_id,
    }
    page = ada.session.get(f"{ada.url}/orgs/acme/accounts/assign/", headers=sent, timeout=60)
    assert page.headers["X-Request-ID"] == request_id
    calls = [one for one in directory.journal() if one["request_id"] == request_id]
    parents = [re.fullmatch(rf"00-{trace_id}-([0-9a-f]{{16}})-01", one["traceparent"]).group(1) for one in calls]
    assert {one["operation"] for one in calls} == {"list", "types"}
    assert len({*parents, span_id}) == len(parents) + 1, "each call is a span of its own"
    assert {one["tracestate"] for one in calls} == {"vendor=1,other=a b"}
    lines = [json.loads(line) for line in observed.log().splitlines() if request_id in line]
    access = next(line for line in lines if line["logger"] == "console.access")
    assert (access["request_id"], access["trace_id"], access["status"]) == (request_id, trace_id, 200)
    assert access["route"] == "orgs/<str:org>/accounts/assign/"


WRONG = {
    "the version that is none": "ff-{trace}-{span}-01",
    "more than version 00 has": "00-{trace}-{span}-01-more",
    "capital letters": "00-{TRACE}-{span}-01",
    "no trace": "00-" + "0" * 32 + "-{span}-01",
    "no span": "00-{trace}-" + "0" * 16 + "-01",
    "too short": "00-{trace}-{span}",
    "two of them": "00-{trace}-{span}-01,00-{trace}-{span}-01",
    "another language": "b3={trace}",
}


def test_an_invalid_trace_is_not_continued(ada, directory):
    for name, form in WRONG.items():
        (trace_id, span_id), request_id = trace(), str(uuid.uuid4())
        trace_id = "a" + trace_id[1:]
        given = form.format(trace=trace_id, TRACE=trace_id.upper(), span=span_id)
        sent = {"traceparent": given, "tracestate": "vendor=1", "X-Request-ID": request_id}
        ada.session.get(f"{ada.url}/orgs/acme/types/", headers=sent, timeout=60)
        calls = [one for one in directory.journal() if one["request_id"] == request_id]
        for one in calls:
            # the flags: sampled, and the trace id is random (Trace Context Level 2)
            assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]", one["traceparent"]), name
            assert trace_id not in one["traceparent"].lower(), name
            assert one["tracestate"] == "", name
        assert calls, name


def test_an_unknown_request_id_is_not_passed_on(ada):
    page = ada.session.get(f"{ada.url}/", headers={"X-Request-ID": "a b\tc"}, timeout=60)
    assert str(uuid.UUID(page.headers["X-Request-ID"])) == page.headers["X-Request-ID"]


def test_spans_reach_the_collector_without_anything_personal(ada, directory, collector):
    (trace_id, span_id), subject = trace(), directory.person("worker", name="Bo Berg")
    path = f"/orgs/acme/users/{subject}/"
    ada.session.get(f"{ada.url}{path}?q=needle", headers={"traceparent": f"00-{trace_id}-{span_id}-01"}, timeout=60)
    directory.fault("status-403", on="list")
    ada.session.get(f"{ada.url}{path}", headers={"traceparent": f"00-{trace_id}-{span_id}-01"}, timeout=60)
    spans = collector.of_trace(trace_id, 4)
    served = [span for span in spans if span.name == "GET orgs/<str:org>/users/<str:subject_id>/"]
    asked = [span for span in spans if span.name == "directory list"]
    assert [span.parent_span_id.hex() for span in served] == [span_id] * 2
    assert {span.parent_span_id for span in asked} == {span.span_id for span in served}
    told = [{one.key: one.value.string_value or one.value.int_value for one in span.attributes} for span in asked]
    assert {"http.request.method": "GET", "error.type": "forbidden", "http.response.status_code": 403} in told
    everything = b"".join(collector.bodies)
    cookie = ada.session.cookies["console-session"]
    for word in (subject, "Bo Berg", "needle", "Ada", "ada@acme", "person-ada", "Bearer", cookie, "127.0.0.1"):
        assert word.encode() not in everything, word


def test_metrics_are_those_of_all_workers(observed, ada, directory):
    before = value_of(scrape(observed), "http_requests_total", route="healthz", status="200")
    for _ in range(20):
        requests.get(f"{observed.url}/healthz", timeout=20)  # each on a connection of its own: either worker
    counted = {value_of(scrape(observed), "http_requests_total", route="healthz", status="200") for _ in range(6)}
    assert counted == {before + 20}


def test_metrics_cover_the_directory_and_the_log(observed, ada, directory):
    subject = directory.person("worker")
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    sent = {**ada.form(path), "status": "disabled"}
    before = scrape(observed)
    directory.fault("hang-before", on="change_status")  # it may still be at work: nobody knows yet
    ada.post(path, sent)
    directory.fault("status-403", on="list")
    ada.get("/orgs/globex/accounts/")
    after = scrape(observed)

    def more(name, **labels):
        return value_of(after, name, **labels) - value_of(before, name, **labels)

    assert more("console_directory_calls_total", operation="change_status", outcome="no_answer_in_time") == 1
    assert more("console_directory_calls_total", operation="list", outcome="forbidden") == 1
    assert more("console_directory_calls_total", operation="list", outcome="done") >= 1
    assert more("console_directory_call_duration_seconds_count", operation="change_status") == 1
    assert more("console_changes_unresolved", outcome="unknown") == 1
    assert value_of(after, "console_changes_oldest_unresolved_timestamp_seconds") > 0
    assert more("console_change_log_sequence") == 2
    assert value_of(after, "console_change_log_readable") == 1
    assert value_of(after, "console_directory_list_read_timestamp_seconds") > 1_700_000_000
    assert value_of(after, "console_directory_list_rows_count") > 0


def test_metrics_count_failed_sign_ins_by_reason(observed, ada):
    assert requests.get(f"{observed.url}/signin/callback/?state=x&code=y", timeout=20).status_code == 400
    page = scrape(observed)
    assert value_of(page, "console_signin_failures_total", reason="invalid_state") >= 1
    assert value_of(page, "console_signins_total") >= 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"X-Forwarded-For": "2001:db8::7"}, 200),
        ({"X-Forwarded-For": "192.0.2.7"}, 403),
        ({"X-Forwarded-For": "10.1.2.3, 192.0.2.7"}, 403),
        ({"Authorization": f"Bearer {'n' * 40}"}, 401),
        ({"Authorization": ""}, 401),
    ],
)
def test_metrics_are_restricted(observed, headers, status):
    page = requests.get(f"{observed.url}/metrics", headers={**SCRAPER, **headers}, timeout=20)
    assert page.status_code == status


def named_in(expression):
    """Return the names of metrics in a PromQL expression. All of them begin with one of three prefixes."""
    return set(re.findall(r"\b(?:console|http|audit)_[a-z_]+\b", expression)) - {"http_status"}


def exported(console):
    families = re.findall(r"^# TYPE (\S+) (\S+)$", scrape(console).text, re.MULTILINE)
    endings = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("",), "gauge": ("",)}
    return {name + ending for name, kind in families for ending in endings[kind]}


def test_the_dashboard_and_the_alerts_name_what_is_exported(observed, ada):
    folder = ROOT / "console" / "deploy"
    dashboard = json.loads((folder / "dashboard.json").read_text())
    shown = {name for panel in dashboard["panels"] for target in panel["targets"] for name in named_in(target["expr"])}
    rules = [
        rule for group in yaml.safe_load((folder / "alerts.yaml").read_text())["groups"] for rule in group["rules"]
    ]
    watched = {name for rule in rules for name in named_in(rule["expr"])}
    assert len(shown) > 12
    assert len(watched) > 8
    assert shown | watched <= exported(observed)
    reasons = set(re.findall(r'reason!?="(\w+)"', (folder / "alerts.yaml").read_text()))
    classes = re.findall(r"^class (\w+)", (ROOT / "console" / "signin" / "errors.py").read_text(), re.MULTILINE)
    known = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in classes}
    assert reasons, "read from the file"
    assert reasons <= known, "an alert that names a reason which no sign-in is refused for watches nothing"
    for rule in rules:
        assert re.fullmatch(r"Console[A-Za-z]+", rule["alert"])
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert set(rule["annotations"]) == {"summary", "description"}
    spots = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard["panels"]]
    assert len(set(spots)) == len(spots)


def test_an_empty_folder_of_metrics_is_none(tmp_path, sqlite_console):
    env = {**sqlite_console.server.env, "PROMETHEUS_MULTIPROC_DIR": ""}
    subprocess.run([sys.executable, "-c", "import console.wsgi"], cwd=tmp_path, env=env, check=True)
    assert list(tmp_path.iterdir()) == [], "set and empty, it would be the folder that the process runs in"
