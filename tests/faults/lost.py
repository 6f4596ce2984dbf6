"""Operations whose answer is lost, so that their outcome is unknown."""

import json
import time
import uuid
from dataclasses import dataclass

from tests.servers import TIMEOUT, Browser, DirectoryDouble, outcome_of, text_of

PATIENCE = 2 * TIMEOUT
CODE = "worker"


@dataclass
class Lost:
    """One operation on a person of its own that ended as unknown."""

    browser: Browser
    subject: str
    change: str
    at: float
    org: str = "acme"

    @property
    def page(self) -> str:
        return f"/orgs/{self.org}/changes/{self.change}/"

    def wait(self, more: float = 0.3) -> "Lost":
        """Until the directory cannot be acting any more."""
        time.sleep(max(0, self.at + PATIENCE + more - time.monotonic()))
        return self

    def events(self, browser: Browser | None = None) -> list[dict]:
        page = (browser or self.browser).get(f"/orgs/{self.org}/changes/export.jsonl?subject_id={self.subject}")
        return [json.loads(line) for line in page.text.splitlines()]


def lose(
    browser: Browser,
    directory: DirectoryDouble,
    action: str,
    *,
    fault: str = "status-504",
    org: str = "acme",
    subject: str = "",
    **more,
) -> Lost:
    """Ask for ``action`` on ``subject`` or a new person; the answer is lost as ``fault`` says."""
    new = not subject
    # Another account, so that the list tells which types they hold.
    subject = subject or directory.person("visitor", org=org)
    if new and action != "assign":
        directory.server.control("add", org=org, subject_id=subject, code=CODE, status="active")
    rest = {"assign": "assign", "change_status": f"{subject}/{CODE}/status", "delete": f"{subject}/{CODE}/delete"}
    path = f"/orgs/{org}/accounts/{rest[action]}/"
    fields = browser.form(path) | {"operation_id": str(uuid.uuid4())}
    fields |= {"assign": {"subject_id": subject, "code": CODE}, "change_status": {"status": "expired"}}.get(action, {})
    directory.fault(fault, on=action, **more)
    page = browser.post(path, fields)
    at = time.monotonic()  # it was requested before, however slow this machine is
    assert outcome_of(page) == "unknown", text_of(page)
    return Lost(browser, subject, fields["operation_id"], at, org)
