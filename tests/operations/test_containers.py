"""The container file and the examples for Kubernetes and Prometheus, as far as they can be tried without an engine."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from console.runtime import graceful_stop
from console.sandbox.processes import ROOT, free_port
from tests.faults.fleet import wait_until
from tests.operations.test_deploying import example
from tests.operations.test_proxy_headers import raw
from tests.servers import Console

FOLDER = ROOT / "console" / "deploy"
FILE = (FOLDER / "Containerfile").read_text()
GUIDE = (ROOT / "console" / "docs" / "deploying.md").read_text()
SETTINGS = set(re.findall(r"`([A-Z][A-Z_]+)`", (ROOT / "console" / "docs" / "settings.md").read_text()))
LINES = [line for line in re.sub(r"\\\n\s*", "", FILE).splitlines() if line and not line.startswith("#")]


def instruction(name):
    """Return what follows an instruction, in the last stage."""
    last = max(number for number, line in enumerate(LINES) if line.startswith("FROM "))
    return [line.removeprefix(f"{name} ") for line in LINES[last:] if line.startswith(f"{name} ")]


def image_environment():
    return dict(pair.split("=", 1) for pair in shlex.split(" ".join(instruction("ENV"))) if "$" not in pair)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A folder with exactly the files that the image gets."""
    folder = tmp_path_factory.mktemp("image")
    for line in instruction("COPY"):
        if line.startswith("--from"):
            continue
        *sources, target = line.split()
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, folder / source)
    return folder


def run(image, command, env):
    return subprocess.run(command, cwd=image, env=env, capture_output=True, text=True, timeout=120)


def test_its_files_are_enough_to_collect_static_files(image):
    [line] = [line for line in instruction("RUN") if "collectstatic" in line]
    command = line.replace("python manage.py", f"{sys.executable} manage.py")
    result = run(image, ["sh", "-c", command], {"PATH": os.environ["PATH"]})
    assert result.returncode == 0, result.stderr
    assert (image / ".staticfiles" / "staticfiles.json").exists()


def test_its_server_and_its_health_check(image, sqlite_console, tmp_path):
    """The command of the image, with its own files and environment; probes ask by address, which is no allowed host."""
    port = free_port()
    env = {
        **sqlite_console.server.env,
        **image_environment(),
        "PYTHONPATH": "",
        "ALLOWED_HOSTS": "console.example.org",
        "CONSOLE_BIND": f"0.0.0.0:{port}",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics"),
        "CONSOLE_DRAIN_FILE": str(tmp_path / "draining"),
    }
    [command], [check] = instruction("CMD"), instruction("HEALTHCHECK")
    check = json.loads(check.partition("CMD ")[2])
    assert run(image, [sys.executable, *check[1:]], env).returncode == 1, "nothing serves yet"
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *json.loads(command)],
            cwd=image,
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until(lambda: run(image, [sys.executable, *check[1:]], env).returncode == 0, "the health check passes")
        answer = raw_at(port, "GET /readyz HTTP/1.1\r\nHost: 10.0.0.7:8000\r\nConnection: close\r\n\r\n")
        assert b" 200 OK" in answer
        (tmp_path / "draining").touch()
        answer = raw_at(port, "GET /readyz HTTP/1.1\r\nHost: 10.0.0.7:8000\r\nConnection: close\r\n\r\n")
        assert b" 503 " in answer
    finally:
        process.terminate()
        process.wait(30)
    assert "Traceback" not in (tmp_path / "log").read_text()


def raw_at(port, request):
    class Address:
        url = f"http://127.0.0.1:{port}"

    return raw(Address, request)


def commands():
    """Return the documented commands of Podman, as words."""
    block = GUIDE[GUIDE.index("## Containers") : GUIDE.index("## Kubernetes")]
    joined = re.sub(r"\\\n\s*", "", block)
    return [shlex.split(line) for line in joined.splitlines() if line.startswith("podman ")]


def test_the_documented_commands(image, sqlite_console):
    """They name files, settings and management commands that exist; the engine itself is not tested."""
    found = commands()
    assert [words[1] for words in found] == ["build", "run", "run", "run", "exec"]
    build = found[0]
    assert (ROOT / build[build.index("--file") + 1]).exists()
    assert build[build.index("--format") + 1] == "docker", "the other format drops the health check"
    installed = set(re.findall(r"/etc/console(?:/[\w.]+)?", GUIDE))
    for words in found[1:4]:
        assert words[words.index("--env-file") + 1] in installed
        assert words[words.index("--volume") + 1] == "/etc/console:/etc/console:ro"
        for place, word in enumerate(words):
            if word == "--env":
                assert words[place + 1].partition("=")[0] in SETTINGS
        if "manage.py" in words:
            name = words[words.index("manage.py") + 1]
            result = run(
                image, [sys.executable, "manage.py", name, "--help"], {**sqlite_console.server.env, "PYTHONPATH": ""}
            )
            assert result.returncode == 0, result.stderr
    migrate = found[1]
    assert "DATABASE_URL=$OWNER_URL" in migrate, "the role that owns the tables migrates"
    serve = found[2]
    for path in (image_environment()["CONSOLE_DRAIN_FILE"], example_paths()["PROMETHEUS_MULTIPROC_DIR"]):
        assert any(word == "/run/console:mode=1777" for word in serve), path
        assert path.startswith("/run/console/")


def example_paths():
    lines = (FOLDER / "console.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


# --- Kubernetes ---------------------------------------------------------------------------------------------------

OBJECTS = list(yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text()))


def pods():
    """Yield the name and the pod's specification of each workload."""
    for item in OBJECTS:
        spec = item.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        if template:
            yield item["metadata"]["name"], template["spec"]


def test_kubernetes_names_what_exists():
    config = {item["metadata"]["name"]: item["data"] for item in OBJECTS if item["kind"] == "ConfigMap"}
    secrets = set(re.findall(r"create secret generic ([\w-]+)", GUIDE))
    assert set(config["console-settings"]) <= SETTINGS
    organizations = json.loads(config["console-organizations"]["organizations.json"])
    assert organizations == json.loads((FOLDER / "organizations.json").read_text())
    names = {name for name, _ in pods()}
    assert names == {"console-migrate", "console", "console-tasks", "console-daily"}
    services = {item["metadata"]["name"] for item in OBJECTS if item["kind"] == "Service"}
    [ingress] = [item for item in OBJECTS if item["kind"] == "Ingress"]
    backends = {path["backend"]["service"]["name"] for path in ingress["spec"]["rules"][0]["http"]["paths"]}
    assert backends == services
    for _, pod in pods():
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in pod["containers"]:
            for source in container["envFrom"]:
                assert source.get("configMapRef", {}).get("name") in {None, *config}
                assert source.get("secretRef", {}).get("name") in {None, *secrets}
            assert {variable["name"] for variable in container.get("env", [])} <= SETTINGS
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
            assert container["image"] == "registry.example.org/org-accounts-console:0.1.0"


def test_kubernetes_runs_as_the_image_does(sqlite_console):
    known = sqlite_console.manage("help", "--commands").stdout.split()
    [user] = re.findall(r"--uid (\d+)", FILE)
    assert instruction("USER") == [user]
    daily = []
    for name, pod in pods():
        assert pod["securityContext"]["runAsUser"] == int(user)
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            words = container.get("command")
            assert words is None or words[:2] == ["python", "manage.py"]
            assert words is None or words[2] in known
            daily += [" ".join(words[1:])] if name == "console-daily" else []
    assert daily == re.findall(r"^\| `(manage\.py [^`]+)` \|", GUIDE, re.MULTILINE), "the nightly tasks of the guide"


def test_kubernetes_probes_and_stops():
    [pod] = [pod for name, pod in pods() if name == "console"]
    [container] = pod["containers"]
    [port] = container["ports"]
    assert image_environment()["CONSOLE_BIND"].endswith(f":{port['containerPort']}")
    probes = {name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {probe["port"] for probe in probes.values()} == {port["name"]}
    assert [probe["path"] for probe in probes.values()] == ["/healthz", "/healthz", "/readyz"]
    ready, stop = container["readinessProbe"], container["lifecycle"]["preStop"]["exec"]["command"][-1]
    drain, pause = re.fullmatch(r"touch (\S+) && sleep (\d+)", stop).groups()
    assert drain == image_environment()["CONSOLE_DRAIN_FILE"]
    assert int(pause) > ready["periodSeconds"] * ready["failureThreshold"], "no new requests come by then"
    longest = graceful_stop.longest_request_seconds(10)
    assert int(pause) + longest < pod["terminationGracePeriodSeconds"] == graceful_stop.STOP_SECONDS


# --- Prometheus ---------------------------------------------------------------------------------------------------


def test_prometheus_can_scrape_as_its_file_says(start_console):
    document = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())
    assert document["rule_files"] == ["/etc/prometheus/rules/console.yaml"]
    token = "m" * 40
    console: Console = start_console("sqlite", METRICS_TOKEN=token, ALLOWED_HOSTS="console.example.org")
    port = console.url.rsplit(":", 1)[1]
    for job in document["scrape_configs"]:
        assert set(job["authorization"]) == {"credentials_file"}
        request = f"GET {job['metrics_path']} HTTP/1.1\r\nHost: 192.0.2.11:{port}\r\nConnection: close\r\n"
        assert b" 401 " in raw(console, f"{request}\r\n").split(b"\r\n")[0]
        answer = raw(console, f"{request}Authorization: Bearer {token}\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")
    kubernetes = document["scrape_configs"][1]["relabel_configs"][0]
    [pod] = [item for item in OBJECTS if item["kind"] == "Deployment" and item["metadata"]["name"] == "console"]
    label = pod["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"]
    name = pod["spec"]["template"]["spec"]["containers"][0]["ports"][0]["name"]
    assert kubernetes["regex"] == f"{label};{name}"
    body = answer.partition(b"\r\n\r\n")[2].decode()
    families = {family.name: family for family in text_string_to_metric_families(body)}
    [sample] = families["console_build_info"].samples
    assert sample.value == 1
    assert sample.labels["version"] == re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.M)[1]
    counters = [family for family in families.values() if family.type == "counter"]
    assert len(counters) > 10
    empty = {family.name for family in counters if not family.samples} - {"http_requests"}
    assert empty == set(), "a counter exists from the start, so that its first increase is seen"
    outcomes = {sample.labels["outcome"] for sample in families["console_directory_calls"].samples}
    assert {"done", "failed", "not_sent", "no_answer", "no_answer_in_time", "unreadable"} <= outcomes


def test_the_example_environment_is_complete():
    assert "AUDIT_LOG_ORIGIN" in example()
