"""Sign-in at real products of the Python Package Index, each in a virtual environment of its own.

The npm package oidc-provider is in ``test_peer.py``.
"""

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import pytest

from console.sandbox.processes import CLIENT_ID, free_port
from tests import markup
from tests.conftest import unavailable
from tests.faults.fleet import wait_until
from tests.servers import Browser, Console, form_of, text_of
from tests.signin.ended_sessions import expire_token, key_hash, rows
from tests.signin.providers_page import rules_of, settings_of

pytestmark = pytest.mark.long

PEER = Path(__file__).parent / "peer"
PASSWORD = "correct horse battery staple"
SECRET = "aB+c/d=%41e~f ü:&-0123"  # RFC 6749, section 2.3.1: form-encoded before it is sent with HTTP Basic


@dataclass(frozen=True)
class Product:
    """A product, how the console is set up for it, and what its claims give.

    Attributes:
        name: of its server and requirements in ``peer``.
        path: of the issuer.
        person: what to type into fields and press on its pages.
        settings: those of the console that differ from the defaults.
        rules: of ``CONSOLE_ORGANIZATIONS``.
        signed_out: what the page says after signing out.
        shown: the person's name on pages.
        answers: buttons to press on the provider's pages, with their values.

    """

    name: str
    path: str
    person: dict[str, str]
    settings: dict[str, str]
    rules: str
    signed_out: str
    shown: str
    answers: dict[str, str] = field(default_factory=dict)


CANAILLE = Product(
    "canaille",
    "",
    {"login": "carol", "password": PASSWORD},
    settings_of("Canaille"),
    rules_of("Canaille"),
    "your tokens were revoked",
    "Carol Canaille",
    {"answer": "accept"},
)
OAUTH_TOOLKIT = Product(
    "oauth_toolkit",
    "/o",
    {"username": "dora", "password": PASSWORD},
    {"OIDC_SCOPES": "openid,profile,email"},
    '{"acme": {"admins": {"realm_access.roles": ["acme-admins"]}}}',
    "cannot revoke tokens",
    "Dora Toolkit",
    {"allow": "Authorize"},
)


def environment_of(product: Product) -> Path:
    """The Python of the product's environment. It is made once, and kept between runs in the temporary folder."""
    requirements = PEER / f"{product.name}.txt"
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    home = Path(tempfile.gettempdir()) / "org-accounts-console-peers"
    home.mkdir(mode=0o700, exist_ok=True)
    folder = home / f"{product.name}-{digest}"
    with (home / f"{product.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several workers of pytest
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)
            command = [folder / "bin" / "pip", "install", "--quiet", "--requirement", requirements]
            done = subprocess.run(command, capture_output=True, text=True, timeout=400)
            if done.returncode:
                unavailable(f"{product.name} from the Python Package Index ({done.stderr[-500:]})")
            (folder / "complete").touch()
    return folder / "bin" / "python"


@contextmanager
def serving(product: Product, console_port: int, folder: Path) -> Iterator[str]:
    """The product's server. Its issuer."""
    port = free_port()
    server = PEER / f"{product.name}_server.py"
    command = [
        environment_of(product),
        server,
        folder,
        str(port),
        f"http://127.0.0.1:{console_port}",
        CLIENT_ID,
        SECRET,
    ]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=folder)
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == b"ready", (folder / "server.log").read_text()[-3000:]
            yield f"http://127.0.0.1:{port}{product.path}"
        finally:
            process.terminate()
            process.wait(10)
            process.stdout.close()


@pytest.fixture(scope="module", params=[CANAILLE, OAUTH_TOOLKIT], ids=lambda product: product.name)
def at_product(request, start_console, directory_server, tmp_path_factory):
    product, port = request.param, free_port()
    with serving(product, port, tmp_path_factory.mktemp(product.name)) as issuer:
        yield (
            product,
            start_console(
                "sqlite",
                port=port,
                OIDC_CLIENT_SECRET=SECRET,
                OIDC_PROMPT="",
                CONSOLE_ORGANIZATIONS=product.rules,
                **{**product.settings, "OIDC_ISSUER": issuer},
            ),
        )


def sign_in(product: Product, console: Console) -> Browser:
    """Sign in and consent on the product's own pages."""
    browser = Browser(console.url)
    page = browser.get("/signin/")
    for _ in range(6):
        if page.url.startswith(console.url):
            break
        page = answer_form(browser, page, {**product.person, **product.answers})
    assert product.shown in text_of(page), (page.url, text_of(page)[:1000])
    return browser


def answer_form(browser, page, answers):
    """Send the page's form, with what a person types and presses."""
    forms = [form for form in markup.parse(page.text).select("form") if form.get("method", "").lower() == "post"]
    assert forms, (page.url, text_of(page)[:1000])
    form = next((form for form in forms if any(form.select(f"[name={name}]") for name in answers)), forms[0])
    fields = {}
    for one in form.select("input, button"):
        name, kind = one.get("name"), one.get("type", "text")
        if name and (kind not in ("submit", "checkbox") or name in answers) and name not in fields:
            fields[name] = answers.get(name, one.get("value", ""))
    target = urljoin(page.url, form.get("action") or "")
    return browser.session.post(target, data=fields, headers={"Referer": page.url}, timeout=30)


def test_sign_in_rules_refresh_and_sign_out(at_product):
    product, console = at_product
    browser = sign_in(product, console)
    page = browser.get("/orgs/acme/changes/")
    assert page.status_code == 200, text_of(page)
    # Canaille takes a token for a revoked one if it replaces one of the same second: they are the same then.
    signed_in_at = time.time()
    wait_until(lambda: time.time() > signed_in_at + 1, "the next second begins")
    key = key_hash(console, browser)
    expire_token(console, browser, "-1 minutes")
    rows(console, "UPDATE signin_session SET claims_read_at = datetime('now', '-11 minutes') WHERE key_hash = ?", key)
    assert browser.get("/orgs/acme/changes/", follow=False).status_code == 200, console.log()[-4000:]
    assert key == key_hash(console, browser), "refreshing kept the session"
    [(expires,)] = rows(
        console, "SELECT token_expires_at > datetime('now') FROM signin_session WHERE key_hash = ?", key
    )
    assert expires, "the token was refreshed"
    sent = form_of(browser.get("/orgs/acme/changes/"), "/signout/")
    page = browser.post("/signout/", sent, Sec_Fetch_Mode="navigate")
    assert product.signed_out in text_of(page)
    assert page.headers["Refresh"].startswith("0; url=http://127.0.0.1:")
    assert browser.get("/orgs/acme/changes/", follow=False).status_code == 302


def findings_of(console, **env):
    done = console.manage("doctor", "--json", "--url", console.url, env=env)
    found = {}
    for finding in json.loads(done.stdout)["findings"]:
        found.setdefault(finding["check"], []).append((finding["level"], finding["message"]))
    return found


def test_doctor_accuses_nobody_wrongly(at_product):
    found = findings_of(at_product[1])
    for check in ("provider", "keys", "client", "redirect URI", "sign-out", "refresh token", "time"):
        assert "error" not in {level for level, _ in found[check]}, found[check]


def test_a_wrong_secret_is_named_as_such(at_product):
    [(level, message)] = findings_of(at_product[1], OIDC_CLIENT_SECRET="another-secret-0123456789")["client"]
    assert level == "error"
    assert "rejects OIDC_CLIENT_ID with OIDC_CLIENT_SECRET (invalid_client)" in message
